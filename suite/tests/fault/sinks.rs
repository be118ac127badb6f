//! What answers at every address of the honeypot: listeners that count who comes, and serve them as a receiver would.
//!
//! They know nothing of which address may be called: whatever was connected to is counted under the very address, and
//! the scenario says what it expected. A connection that begins as TLS is served over TLS.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use crate::{child::POLL, wire::Wire};

/// Where they listen, at each address.
pub const PORTS: [u16; 16] =
    [22, 25, 80, 443, 1024, 2375, 3128, 3306, 5432, 6379, 8080, 8443, 9200, 10250, 11211, 27017];

/// Where the sinks call themselves.
const KNOCK: &str = "203.0.113.254";

/// How often each address was connected to.
pub type Accepts = BTreeMap<SocketAddr, usize>;

/// The bytes of an answer; with `connection: close` in it, the connection is closed after it.
type Answer = dyn Fn(&Request) -> String + Send + Sync;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The address that was called.
    pub address: SocketAddr,
    /// Which connection it came on.
    pub connection: usize,
    /// Its first line.
    pub start: String,
}

/// The listeners.
pub struct Sinks {
    shared: Arc<Shared>,
    knocks: AtomicUsize,
}

struct Shared {
    tls: TlsAcceptor,
    accepts: Mutex<Accepts>,
    requests: Mutex<Vec<Request>>,
    answer: Mutex<Arc<Answer>>,
    connections: AtomicUsize,
}

impl Sinks {
    /// Listens at every address, both families; over TLS with that certificate.
    pub async fn start(tls: Arc<ServerConfig>) -> Self {
        let answer: Arc<Answer> = Arc::new(|_| "HTTP/1.1 204 No Content\r\n\r\n".to_owned());
        let shared = Arc::new(Shared {
            tls: TlsAcceptor::from(tls),
            accepts: Mutex::default(),
            requests: Mutex::default(),
            answer: Mutex::new(answer),
            connections: AtomicUsize::new(0),
        });
        for port in PORTS {
            let listener = TcpListener::bind(("::", port)).await.expect("the honeypot has every port");
            tokio::spawn(accept(listener, Arc::clone(&shared)));
        }
        Self { shared, knocks: AtomicUsize::new(0) }
    }

    /// From now on, answers each request this way.
    pub fn answer(&self, answer: impl Fn(&Request) -> String + Send + Sync + 'static) {
        *lock(&self.shared.answer) = Arc::new(answer);
    }

    /// What was connected to since the last time. Whatever was connected before this is called is in it.
    pub async fn accepts(&self) -> Accepts {
        // Each listener accepts in order: when it has accepted this, it has accepted all before.
        let knock: IpAddr = KNOCK.parse().expect("an address");
        for port in PORTS {
            let address = SocketAddr::new(knock, port);
            let _knock = TcpStream::connect(address).await.expect("a sink listens");
            self.knocks.fetch_add(1, SeqCst);
            while !lock(&self.shared.accepts).contains_key(&address) {
                sleep(POLL / 5).await;
            }
        }
        let mut accepts = std::mem::take(&mut *lock(&self.shared.accepts));
        accepts.retain(|address, _| address.ip() != knock);
        accepts
    }

    /// The requests since the last time.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *lock(&self.shared.requests))
    }

    /// How many connections the sinks have made themselves.
    pub fn knocks(&self) -> usize {
        self.knocks.load(SeqCst)
    }
}

fn lock<T: ?Sized>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // A connection that was broken off before it was accepted has been made all the same, but only the kernel
        // knows to where; nothing here breaks one off.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let address = stream.local_addr().expect("a connection has an address");
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        *lock(&shared.accepts).entry(address).or_default() += 1;
        let shared = Arc::clone(&shared);
        // A connection that breaks is the caller's business.
        tokio::spawn(async move { drop(receive(stream, address, &shared).await) });
    }
}

async fn receive(stream: TcpStream, address: SocketAddr, shared: &Shared) -> io::Result<()> {
    let connection = shared.connections.fetch_add(1, SeqCst);
    stream.set_nodelay(true)?;
    let mut first = [0];
    stream.peek(&mut first).await?;
    // The first byte of a TLS handshake (RFC 8446, section 5.1).
    if first == [22] {
        serve(shared.tls.accept(stream).await?, address, connection, shared).await
    } else {
        serve(stream, address, connection, shared).await
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
    connection: usize,
    shared: &Shared,
) -> io::Result<()> {
    let mut wire = Wire::over(stream);
    while let Some(message) = wire.read().await? {
        let request = Request { address, connection, start: message.start };
        lock(&shared.requests).push(request.clone());
        let answer = Arc::clone(&lock(&shared.answer));
        let answer = answer(&request);
        wire.write(answer.as_bytes()).await?;
        if answer.contains("connection: close") {
            break;
        }
    }
    Ok(())
}
