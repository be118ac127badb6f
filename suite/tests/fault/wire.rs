//! Just enough HTTP/1.1 for both ends: messages with a length on a kept connection, and what a client knows when one
//! is cut off.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// No answer takes longer, whatever else this machine does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection and what was read beyond the last message.
pub struct Wire<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

/// A request or an answer.
pub struct Message {
    /// Its first line.
    pub start: String,
    headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Message {
    /// The value of the one header with that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }
}

impl Wire {
    /// Takes over a connection.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// Closes it with a TCP reset.
    pub fn reset(self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }

    /// Whether the peer has not closed it, as far as is known here.
    fn is_open(&self) -> bool {
        matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Takes over whatever carries bytes.
    pub fn over(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Writes all of it.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next message; None if the peer has closed the connection instead.
    pub async fn read(&mut self) -> io::Result<Option<Message>> {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(cut()) };
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let mut lines = head.trim_end().split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.filter_map(header).collect();
        let mut message = Message { start, headers, body: Vec::new() };
        let length = message.header("content-length").and_then(|it| it.parse::<usize>().ok()).unwrap_or(0);
        while self.buffer.len() < end + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(cut());
            }
        }
        message.body = self.buffer[end..end + length].to_vec();
        self.buffer.drain(..end + length);
        Ok(Some(message))
    }
}

fn cut() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

/// Why a call has no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// No connection, so nothing can have happened.
    Unsent,
    /// The connection ended after the request was begun: it may have been carried out or not.
    Unknown,
}

/// An answer of the API.
pub struct Answer {
    /// The status code.
    pub status: u16,
    message: Message,
}

impl Answer {
    /// The value of the one header with that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.message.header(name)
    }

    /// Its JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.message.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// Its JSON, if it has that status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// Its body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.message.body).into_owned()
    }
}

/// A caller of the API, on one connection that it opens again when it must.
pub struct Client {
    server: SocketAddr,
    /// The header that says who calls.
    caller: String,
    wire: Option<Wire>,
}

impl Client {
    /// Calls that server with that key.
    pub fn new(server: SocketAddr, key: &str) -> Self {
        Self { server, caller: format!("authorization: Bearer {key}"), wire: None }
    }

    /// Calls that server as a web page of that origin does.
    pub fn of_page(server: SocketAddr, origin: &str) -> Self {
        Self { server, caller: format!("origin: {origin}"), wire: None }
    }

    /// Calls that server as the browser of whoever is signed in with that cookie.
    pub fn of_member(server: SocketAddr, cookie: &str) -> Self {
        Self { server, caller: format!("cookie: {cookie}"), wire: None }
    }

    /// Calls another server from now on.
    pub fn turn_to(&mut self, server: SocketAddr) {
        (self.server, self.wire) = (server, None);
    }

    /// Reads what must be there.
    pub async fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, None, "").await.expect("the server answers").expect(200)
    }

    /// Posts what must be taken with that status.
    pub async fn post(&mut self, path: &str, body: &str, status: u16) -> Value {
        self.call("POST", path, None, body).await.expect("the server answers").expect(status)
    }

    /// Calls `path` below `/api/v1`; a path that begins with `//` stands for itself without the first slash.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        idempotency: Option<&str>,
        body: &str,
    ) -> Result<Answer, Unanswered> {
        let repeat = idempotency.map_or(String::new(), |key| format!("idempotency-key: {key}\r\n"));
        let request = self.request(method, path, &repeat, body);
        let mut wire = match self.wire.take().filter(Wire::is_open) {
            Some(wire) => wire,
            None => connect(self.server).await.map_err(|_| Unanswered::Unsent)?,
        };
        let exchange = async {
            wire.write(request.as_bytes()).await?;
            wire.read().await?.ok_or_else(cut)
        };
        let answered = timeout(PATIENCE, exchange).await.expect("the server answers, or is gone");
        let message = answered.map_err(|_| Unanswered::Unknown)?;
        if message.header("connection") != Some("close") {
            self.wire = Some(wire);
        }
        let status = message.start.split(' ').nth(1).and_then(|it| it.parse().ok());
        Ok(Answer { status: status.expect("an answer has a status"), message })
    }

    /// Calls the same on a connection of its own, on which the answer is still to be read, and may never end.
    pub async fn follow(&self, method: &str, path: &str, body: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.server).await?;
        stream.write_all(self.request(method, path, "", body).as_bytes()).await?;
        Ok(stream)
    }

    fn request(&self, method: &str, path: &str, more: &str, body: &str) -> String {
        let path = path
            .strip_prefix('/')
            .filter(|it| it.starts_with('/'))
            .map_or_else(|| format!("/api/v1{path}"), str::to_owned);
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{}\r\n{more}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.server,
            self.caller,
            body.len()
        )
    }
}

async fn connect(server: SocketAddr) -> io::Result<Wire> {
    Wire::new(TcpStream::connect(server).await?)
}
