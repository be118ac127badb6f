//! Standard output, where results go. A reader that closes it has seen enough: the command then ends, and quietly.

use std::fmt;
use std::io::{self, ErrorKind, Write};

use anyhow::Context;

/// Nobody reads standard output any more.
#[derive(Debug)]
pub struct Closed;

impl Closed {
    /// The exit status of a program that such a pipe has ended: 128 and the number of SIGPIPE.
    pub const STATUS: u8 = 141;
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output is closed")
    }
}

impl std::error::Error for Closed {}

/// Writes a line; `say!` calls it.
pub fn line(text: fmt::Arguments<'_>) -> anyhow::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        written => written.context("cannot write to standard output"),
    }
}

/// Like `println!`, which panics where this answers an error.
macro_rules! say {
    () => { $crate::out::line(format_args!("")) };
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}
pub(crate) use say;
