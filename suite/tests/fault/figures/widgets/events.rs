//! Server-sent events as a client reads them (the HTML standard, section 9.2), out of an answer in chunks (RFC 9112,
//! section 7.1).

use std::io;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
};

/// An answer that goes on.
pub struct Events {
    answer: BufReader<TcpStream>,
    /// What came of the next event.
    text: Vec<u8>,
}

/// One event.
#[derive(Debug, Default)]
pub struct Event {
    /// Its name; empty if it is a comment.
    pub name: String,
    /// What it says.
    pub data: String,
}

impl Events {
    /// Reads the head of the answer, which must be a stream of events.
    pub async fn open(stream: TcpStream) -> io::Result<Self> {
        let mut answer = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if answer.read_line(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("text/event-stream"), "{head}");
        Ok(Self { answer, text: Vec::new() })
    }

    /// The next event; None once the server has ended the stream. Cut off, it is an error.
    pub async fn next(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let event = read(&String::from_utf8_lossy(&self.text[..end]));
                self.text.drain(..end + 2);
                return Ok(Some(event));
            }
            if !self.chunk().await? {
                return Ok(None);
            }
        }
    }

    /// Takes in one chunk; false if that was the last.
    async fn chunk(&mut self) -> io::Result<bool> {
        let mut size = String::new();
        self.answer.read_line(&mut size).await?;
        let size = usize::from_str_radix(size.trim_end(), 16).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let begin = self.text.len();
        self.text.resize(begin + size + 2, 0);
        self.answer.read_exact(&mut self.text[begin..]).await?;
        self.text.truncate(begin + size);
        Ok(size > 0)
    }
}

fn read(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", name)) => name.clone_into(&mut event.name),
            Some(("data", data)) => event.data += data,
            _ => {}
        }
    }
    event
}
