//! An HTTP/1.1 connection (RFC 9112) that is driven by whoever uses it.
//!
//! There is no task behind it: the protocol advances only while a caller waits for something from it. So a
//! request costs no wake-up of another task, and dropping the caller's future closes the socket with it. A
//! kept connection notices that its peer has closed it when it is looked at, see [`Connection::is_ready`].

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::client::TlsStream;

/// A status line with all headers must fit into this, and there may be so many headers.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;

/// What bytes travel on.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection to a vetted peer.
pub(crate) struct Connection {
    /// None once the connection has ended.
    protocol: Option<http1::Connection<TokioIo<Counted>, Full<Bytes>>>,
    sender: http1::SendRequest<Full<Bytes>>,
    /// How many bytes have come from the peer.
    heard: Arc<AtomicU64>,
    pub(crate) peer: SocketAddr,
    pub(crate) opened: Instant,
}

impl Connection {
    pub(crate) async fn new(wire: Wire, peer: SocketAddr) -> hyper::Result<Self> {
        let heard = Arc::new(AtomicU64::new(0));
        let io = TokioIo::new(Counted { wire, heard: Arc::clone(&heard) });
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
        let (sender, protocol) = builder.handshake(io).await?;
        Ok(Self { protocol: Some(protocol), sender, heard, peer, opened: Instant::now() })
    }

    /// Whether a request may be sent: the last exchange is over, and the peer has neither closed the
    /// connection nor said something unasked.
    pub(crate) async fn is_ready(&mut self) -> bool {
        poll_fn(|context| {
            self.advance(context);
            Poll::Ready(self.protocol.is_some() && self.sender.is_ready())
        })
        .await
    }

    /// Sends a request and waits for status and headers of its answer; interim answers (RFC 9110, section
    /// 15.2) are skipped. `first_byte` is set when something comes, so it tells whether anything
    /// had after an error, and also when the caller waits no longer.
    pub(crate) async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
        first_byte: &mut Option<Duration>,
    ) -> hyper::Result<Response<Incoming>> {
        let begun = Instant::now();
        let before = self.heard.load(Ordering::Relaxed);
        let mut answer = pin!(self.sender.send_request(request));
        poll_fn(|context| {
            self.advance(context);
            if first_byte.is_none() && self.heard.load(Ordering::Relaxed) != before {
                *first_byte = Some(begun.elapsed());
            }
            answer.as_mut().poll(context)
        })
        .await
    }

    /// Reads a body to its end or until `into` holds `limit` bytes; true if the end was reached, so that the
    /// connection can serve again.
    pub(crate) async fn read(&mut self, body: Incoming, into: &mut Vec<u8>, limit: usize) -> bool {
        let mut body = pin!(body);
        while !body.is_end_stream() {
            let frame = poll_fn(|context| {
                self.advance(context);
                body.as_mut().poll_frame(context)
            })
            .await;
            match frame.map(|frame| frame.map(frame_data)) {
                Some(Ok(Some(data))) => {
                    let room = limit - into.len();
                    into.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        return false;
                    }
                }
                Some(Ok(None)) => {}
                Some(Err(_)) => return false,
                None => break,
            }
        }
        true
    }

    /// Lets the protocol read and write what it can.
    fn advance(&mut self, context: &mut Context<'_>) {
        if let Some(protocol) = &mut self.protocol
            && Pin::new(protocol).poll(context).is_ready()
        {
            // What went wrong reaches the waiting exchange through its own future.
            self.protocol = None;
        }
    }
}

/// The data of a frame; trailers have none.
fn frame_data(frame: hyper::body::Frame<Bytes>) -> Option<Bytes> {
    frame.into_data().ok()
}

/// A wire that counts what comes in.
struct Counted {
    wire: Wire,
    heard: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        })?;
        let new = buffer.filled().len() - before;
        self.heard.fetch_add(new as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(context, data),
            Wire::Tls(stream) => Pin::new(stream).poll_write(context, data),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write_vectored(context, data),
            Wire::Tls(stream) => Pin::new(stream).poll_write_vectored(context, data),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(context),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
