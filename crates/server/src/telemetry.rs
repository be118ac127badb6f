//! Logs: lines on standard error, for people or for machines.
//!
//! Results never go here: they belong on standard output, where scripts read them. A thread of its own writes the lines,
//! because standard error may be a pipe that nobody reads, and nothing may wait for that: what does not fit is dropped
//! and counted.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};

/// So many lines may wait to be written.
const WAITING: usize = 8_192;
/// So long the end of the program waits for them.
const PATIENCE: Duration = Duration::from_millis(500);

static LINES: OnceLock<Option<SyncSender<Line>>> = OnceLock::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

enum Line {
    Text(Vec<u8>),
    /// Everything before it was written.
    End(SyncSender<()>),
}

/// Starts logging as the settings say. To be called once, before anything is worth a line.
pub fn start(settings: &Log) {
    let lines = fmt::layer().with_writer(|| Unwaiting);
    let lines = match settings.format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            lines.with_ansi(io::stderr().is_terminal()).boxed()
        }
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
    };
    tracing_subscriber::registry().with(lines.with_filter(settings.level.clone())).init();
}

/// Says something that whoever started the program waits for, whatever the log level: plainly, or as a log
/// line where standard error is read by a machine.
pub fn announce(format: LogFormat, sentence: &str) {
    match format {
        LogFormat::Text => say(format!("{sentence}\n").into_bytes()),
        LogFormat::Json => tracing::info!("{sentence}"),
    }
}

/// How many lines were dropped because nobody read those before them.
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Waits, but not for ever, until everything is written that was said so far. To be called before the program ends.
pub fn finish() {
    if let Some(Some(lines)) = LINES.get() {
        let (written, heard) = sync_channel(1);
        // If not even this fits, nobody reads.
        if lines.try_send(Line::End(written)).is_ok() {
            let _ = heard.recv_timeout(PATIENCE);
        }
    }
}

/// Takes a whole line at each call, and never waits.
struct Unwaiting;

impl Write for Unwaiting {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        say(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn say(line: Vec<u8>) {
    let lines = LINES.get_or_init(|| {
        let (lines, waiting) = sync_channel(WAITING);
        thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&waiting)).ok().map(|_| lines)
    });
    if lines.as_ref().is_none_or(|lines| lines.try_send(Line::Text(line)).is_err()) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

fn write_all(lines: &Receiver<Line>) {
    let mut told = 0;
    for line in lines {
        match line {
            // Where standard error is closed, there is nobody to tell.
            Line::Text(line) => drop(io::stderr().write_all(&line)),
            Line::End(written) => drop(written.send(())),
        }
        let dropped = dropped();
        if dropped > told {
            let words = format!("{} lines of the log were dropped, because nobody read it\n", dropped - told);
            drop(io::stderr().write_all(words.as_bytes()));
            told = dropped;
        }
    }
}
