//! The keeper: a second process that tidies up after this one, however it ends.
//!
//! A program that was killed cannot clean up after itself. So the private PostgreSQL is not started by
//! the command that needs it but by a keeper: the same executable, in a process group of its own, where
//! Ctrl-C and a killed terminal do not reach it. It looks 20 times a second whether its parent is
//! still there. When the parent is gone (finished, panicked, interrupted, killed), the keeper ends the
//! process groups that the parent had running, stops PostgreSQL, deletes its folder, and ends itself.
//! Should the keeper be killed, the kernel stops PostgreSQL (`postgres.rs`: parent death signal), and
//! only the folder is left.
//!
//! The parent writes orders to the keeper's standard input, a line each: `group ID` and `forget ID` around
//! every child that it runs, `postgres` (answered by `ready PORT`, or by silence and the end), and `stop`.
//! The end of the input alone means nothing: [`Keeper::become_command`] replaces the parent by another
//! program, and the keeper goes on looking after that one.
//!
//! This file is the parent's side; the other one is `watch.rs`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::groups;
use crate::tally::Tally;

/// The hidden command under which the executable is a keeper.
pub const COMMAND: &str = "keep";

/// The parent's hold on its keeper; dropping it stops the keeper and waits until all is tidy.
pub struct Keeper {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    /// Starts the keeper of this process.
    pub fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([COMMAND, &std::process::id().to_string()])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the keeper process")?;
        let orders = process.stdin.take().context("the keeper has no standard input")?;
        let answers = process.stdout.take().context("the keeper has no standard output")?;
        Ok(Self { process, orders, answers: BufReader::new(answers) })
    }

    /// Starts a private PostgreSQL that lives as long as this process; answers its TCP port.
    pub fn start_postgres(&mut self) -> Result<u16> {
        self.order("postgres")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim_end().strip_prefix("ready ") {
            Some(port) => Ok(port.parse()?),
            None => bail!("PostgreSQL did not start (the keeper says why, above)"),
        }
    }

    /// Runs a command to its end, with our output as its own and without any input.
    pub fn run(&mut self, command: &mut Command) -> Result<ExitStatus> {
        let mut child = self.spawn(command)?;
        let status = child.wait();
        self.leave(&child)?;
        Ok(status?)
    }

    /// Like [`Keeper::run`], and counts the test results that go by.
    pub fn run_counted(&mut self, command: &mut Command, tally: &mut Tally) -> Result<ExitStatus> {
        let mut child = self.spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let stderr = child.stderr.take().context("no standard error")?;
        let (sender, lines) = mpsc::channel();
        let other_sender = sender.clone();
        thread::spawn(move || pass_on(stdout, io::stdout(), &sender));
        thread::spawn(move || pass_on(stderr, io::stderr(), &other_sender));
        let status = child.wait();
        self.leave(&child)?;
        loop {
            match lines.recv_timeout(Duration::from_secs(10)) {
                Ok(line) => tally.read_line(&line),
                Err(RecvTimeoutError::Disconnected) => return Ok(status?),
                // A daemon in a group of its own: it cannot be known, and must not be waited for.
                Err(RecvTimeoutError::Timeout) => bail!("a process left behind holds the output open"),
            }
        }
    }

    /// Replaces this process by another program, which the keeper looks after from then on.
    /// The program gets our terminal, process group and exit status; returns only if that fails.
    pub fn become_command(self, command: &mut Command) -> anyhow::Error {
        let program = command.get_program().to_owned();
        anyhow::Error::new(command.exec()).context(format!("cannot run {}", program.display()))
    }

    fn spawn(&mut self, command: &mut Command) -> Result<Child> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        self.order(&format!("group {}", child.id()))?;
        Ok(child)
    }

    fn leave(&mut self, child: &Child) -> Result<()> {
        if groups::end(child.id(), Duration::from_millis(500)) {
            eprintln!("note: the command left processes behind; they were ended");
        }
        self.order(&format!("forget {}", child.id()))
    }

    fn order(&mut self, order: &str) -> Result<()> {
        writeln!(self.orders, "{order}").context("the keeper process has gone")
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // A keeper that does not take the order has ended already.
        let _ = self.order("stop");
        let _ = self.process.wait();
    }
}

/// Copies at once what was read, not line by line, so that a test that hangs is seen by name.
fn pass_on(mut from: impl Read, mut to: impl Write, lines: &Sender<String>) {
    let mut line = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        // Nobody may be reading any more; the results are counted all the same.
        let _ = to.write_all(&buffer[..length]).and_then(|()| to.flush());
        for &byte in &buffer[..length] {
            if byte == b'\n' {
                // Nobody listens once the command is done with.
                let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
                line.clear();
            } else {
                line.push(byte);
            }
        }
    }
}
