//! Just enough HTTP/1.1 to keep the tool out of its own figures: whole messages with a content-length, one
//! after the other on a kept connection.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_HEADERS: usize = 32;
const FIRST_READ: usize = 8 * 1024;

/// A connection and what was read of it beyond the last message.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer's beginning belongs to messages already taken.
    taken: usize,
}

/// A message's first line and where its body is in the buffer.
struct Head {
    /// Of a response; 0 for a request.
    status: u16,
    length: usize,
    body: usize,
}

impl Wire {
    /// Takes over a connection.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(FIRST_READ), taken: 0 })
    }

    /// Writes all of it.
    pub async fn write(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(message).await
    }

    /// The next request's body; None when the peer has closed.
    pub async fn request(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(self.message(parse_request).await?.map(|(_, body)| body))
    }

    /// The next response's status.
    pub async fn response(&mut self) -> io::Result<u16> {
        let message = self.message(parse_response).await?;
        message.map(|(status, _)| status).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    async fn message(
        &mut self,
        parse: fn(&[u8]) -> io::Result<Option<Head>>,
    ) -> io::Result<Option<(u16, &[u8])>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        loop {
            if let Some(head) = parse(&self.buffer)? {
                let end = head.body + head.length;
                while self.buffer.len() < end {
                    if self.stream.read_buf(&mut self.buffer).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                self.taken = end;
                return Ok(Some((head.status, &self.buffer[head.body..end])));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }
}

fn parse_request(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(body) = parsed else {
        return Ok(None);
    };
    Ok(Some(Head { status: 0, length: content_length(request.headers)?, body }))
}

fn parse_response(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(body) = parsed else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    let length = if status == 204 { 0 } else { content_length(response.headers)? };
    Ok(Some(Head { status, length, body }))
}

fn content_length(headers: &[httparse::Header<'_>]) -> io::Result<usize> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = header.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    length.ok_or_else(|| io::Error::other("a message without content-length, which this tool cannot read"))
}

/// Where `part` first begins in `whole`.
pub fn find(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}
