//! Logs: lines on standard error, for people or for machines.
//!
//! Results never go here: they belong on standard output, where scripts read them.

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};

/// Starts logging as the settings say. To be called once, before anything is worth a line.
pub fn start(settings: &Log) {
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            lines.with_ansi(std::io::stderr().is_terminal()).boxed()
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
        LogFormat::Text => eprintln!("{sentence}"),
        LogFormat::Json => tracing::info!("{sentence}"),
    }
}
