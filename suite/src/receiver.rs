//! A receiver of webhooks that behaves as a test tells it, well or badly, and remembers what it got.
//!
//! It speaks HTTP/1.1 by hand on a socket of this machine, because no server library would send half an
//! answer. It knows nothing of Leadpost: whether a request is right is for the test to say.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

/// How a receiver answers a request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// With this status, these headers and this body.
    Status(u16, Vec<(String, String)>, Vec<u8>),
    /// 302 to there.
    Redirect(String),
    /// 200 after that time.
    Delay(Duration),
    /// 503 to so many requests, 200 from then on.
    FailFirst(usize),
    /// One after the other, the last for ever.
    InTurn(Vec<Behaviour>),
    /// Not at all, while the connection stays open.
    Hang,
    /// With a TCP reset.
    Reset,
    /// 200 with a body that a TCP reset cuts off.
    ResetInBody,
    /// By closing the connection.
    CloseWithoutAnswer,
    /// 200 to the first request of each connection; a second one closes it unanswered.
    CloseReused,
    /// With headers that come byte by byte, one in that time, and never end.
    SlowHeaders(Duration),
    /// 200 with all headers, and a body byte by byte that never ends.
    SlowBody(Duration),
    /// 200 with a body that comes as fast as it is read and never ends.
    EndlessBody,
    /// 200 with a header of so many bytes.
    HugeHeader(usize),
    /// With these bytes, and then it closes the connection.
    Raw(Vec<u8>),
}

impl Behaviour {
    /// That status, without headers of its own or a body.
    pub fn status(status: u16) -> Self {
        Behaviour::Status(status, Vec::new(), Vec::new())
    }

    /// What is not HTTP at all.
    pub fn garbage() -> Self {
        Behaviour::Raw(b"\x16\x03\x01 this is no answer\r\n\r\n".to_vec())
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Which connection it came on; they count from 1.
    pub connection: usize,
    /// Such as `POST`.
    pub method: String,
    /// The request target, with its query.
    pub path: String,
    /// Name and value of each header line, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// The values of all lines with that name, which is given in lower case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of the one line with that name; panics if there is none or more than one.
    pub fn header(&self, name: &str) -> &str {
        match self.all(name)[..] {
            [value] => value,
            ref lines => panic!("expected one {name} header, got {lines:?}"),
        }
    }
}

/// A receiver on a port of its own. Dropping it closes the port and all connections.
pub struct Receiver {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    /// How many requests have come.
    count: watch::Sender<usize>,
    connections: AtomicUsize,
    tls: Option<TlsAcceptor>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// By path; that for all other paths has the empty one.
    scripts: HashMap<String, Script>,
    /// What came and was no request.
    faults: Vec<String>,
}

struct Script {
    behaviour: Behaviour,
    used: usize,
}

impl Receiver {
    /// A receiver over plain HTTP that answers everything with 200.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// The same over TLS, with the certificate in `config`.
    pub async fn start_tls(config: Arc<ServerConfig>) -> Self {
        Self::listen(Some(TlsAcceptor::from(config))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (count, connections) = (watch::Sender::new(0), AtomicUsize::new(0));
        let shared = Arc::new(Shared { state: Mutex::default(), count, connections, tls });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, scheme, shared, accepting }
    }

    /// The URL of that path, by address.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The URL of that path, by a name which the test's resolver must know.
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.address.port())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on, answers this way wherever no path has its own.
    pub fn behave(&self, behaviour: Behaviour) {
        self.behave_at("", behaviour);
    }

    /// From now on, answers that path this way.
    pub fn behave_at(&self, path: &str, behaviour: Behaviour) {
        self.shared.state().scripts.insert(path.to_owned(), Script { behaviour, used: 0 });
    }

    /// All requests so far, in the order in which they were complete.
    pub fn received(&self) -> Vec<Received> {
        let state = self.shared.state();
        assert!(state.faults.is_empty(), "the receiver got what is no request: {:?}", state.faults);
        state.received.clone()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until there are `n` requests and answers all there are; panics when none has come for ten seconds. All of
    /// them may take longer: how long says more of the machine than of the product, whose stalls are told by silence.
    pub async fn wait_for(&self, n: usize) -> Vec<Received> {
        let mut count = self.shared.count.subscribe();
        while *count.borrow_and_update() < n {
            if timeout(Duration::from_secs(10), count.changed()).await.is_err() {
                let received = self.received();
                panic!(
                    "expected {n} requests, got {} and no more for ten seconds: {received:?}",
                    received.len()
                );
            }
        }
        self.received()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request and tells how to answer it.
    fn take(&self, request: Received) -> Behaviour {
        let mut state = self.state();
        let path = request.path.split('?').next().unwrap_or_default().to_owned();
        state.received.push(request);
        let count = state.received.len();
        let own = state.scripts.contains_key(&path);
        let behaviour = match state.scripts.get_mut(if own { path.as_str() } else { "" }) {
            Some(script) => {
                script.used += 1;
                script.behaviour.at(script.used)
            }
            None => Behaviour::status(200),
        };
        drop(state);
        self.count.send_replace(count);
        behaviour
    }
}

impl Behaviour {
    /// What to do with the `n`th request, counted from 1.
    fn at(&self, n: usize) -> Behaviour {
        match self {
            Behaviour::FailFirst(failures) => Behaviour::status(if n <= *failures { 503 } else { 200 }),
            Behaviour::InTurn(turns) => turns[(n - 1).min(turns.len() - 1)].clone(),
            other => other.clone(),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let served = match shared.tls.clone() {
                None => serve(stream, number, &shared).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, number, &shared).await,
                    // A sender that does not trust the certificate ends here.
                    Err(_) => Ok(()),
                },
            };
            if let Err(error) = served
                && error.kind() == io::ErrorKind::InvalidData
            {
                shared.state().faults.push(error.to_string());
            }
        });
    }
}

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn serve(mut socket: impl Socket, number: usize, shared: &Shared) -> io::Result<()> {
    socket.tcp().set_nodelay(true)?;
    let mut buffer = Vec::new();
    let mut first = true;
    while let Some(mut request) = read_request(&mut socket, &mut buffer).await? {
        request.connection = number;
        let behaviour = shared.take(request);
        if !answer(&mut socket, behaviour, first).await? {
            break;
        }
        first = false;
    }
    Ok(())
}

/// Answers; true if the connection goes on.
async fn answer(socket: &mut impl Socket, behaviour: Behaviour, first: bool) -> io::Result<bool> {
    const OPEN_END: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000000\r\n\r\n";
    match behaviour {
        Behaviour::Status(status, headers, body) => write_answer(socket, status, &headers, &body).await?,
        Behaviour::Redirect(to) => write_answer(socket, 302, &[("location".to_owned(), to)], b"").await?,
        Behaviour::Delay(time) => {
            sleep(time).await;
            write_answer(socket, 200, &[], b"").await?;
        }
        Behaviour::CloseReused if first => write_answer(socket, 200, &[], b"").await?,
        Behaviour::CloseReused | Behaviour::CloseWithoutAnswer => return Ok(false),
        Behaviour::FailFirst(_) | Behaviour::InTurn(_) => unreachable!("resolved when the request was noted"),
        Behaviour::Hang => drop(socket.read(&mut [0; 1]).await),
        Behaviour::Reset => return socket.tcp().set_zero_linger().map(|()| false),
        Behaviour::ResetInBody => {
            socket.write_all(&[OPEN_END, b"so far"].concat()).await?;
            // The reset would overtake what is still on its way.
            sleep(Duration::from_millis(50)).await;
            return socket.tcp().set_zero_linger().map(|()| false);
        }
        Behaviour::SlowHeaders(pause) => {
            socket.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ").await?;
            drip(socket, pause).await?;
        }
        Behaviour::SlowBody(pause) => {
            socket.write_all(OPEN_END).await?;
            drip(socket, pause).await?;
        }
        Behaviour::EndlessBody => {
            socket.write_all(OPEN_END).await?;
            loop {
                socket.write_all(&[b'x'; 16 * 1024]).await?;
            }
        }
        Behaviour::HugeHeader(size) => {
            write_answer(socket, 200, &[("x-huge".to_owned(), "x".repeat(size))], b"").await?;
        }
        Behaviour::Raw(bytes) => {
            socket.write_all(&bytes).await?;
            socket.shutdown().await?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes a byte after each pause until the peer has gone.
async fn drip(socket: &mut impl Socket, pause: Duration) -> io::Result<()> {
    loop {
        sleep(pause).await;
        socket.write_all(b"x").await?;
    }
}

async fn write_answer(
    socket: &mut impl Socket,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<()> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    // These statuses have no body (RFC 9112, section 6.3), so what a script gives them is not sent.
    let (length, body) = match status {
        100..=199 | 204 | 304 => (String::new(), &b""[..]),
        _ => (format!("content-length: {}\r\n", body.len()), body),
    };
    let head = format!("HTTP/1.1 {status} Scripted\r\n{lines}{length}\r\n");
    socket.write_all(&[head.as_bytes(), body].concat()).await
}

/// Reads a request; None if the peer has closed the connection instead.
async fn read_request(socket: &mut impl Socket, buffer: &mut Vec<u8>) -> io::Result<Option<Received>> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut request = parse_head(&head).ok_or_else(|| invalid(&head))?;
    let length = match request.all("content-length")[..] {
        [length] => length.parse::<usize>().map_err(|_| invalid(&head))?,
        _ => return Err(invalid(&head)),
    };
    while buffer.len() < head_end + length {
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    request.body = buffer[head_end..head_end + length].to_vec();
    buffer.drain(..head_end + length);
    Ok(Some(request))
}

fn parse_head(head: &str) -> Option<Received> {
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let mut request_line = lines.next()?.split(' ');
    let (method, path) = (request_line.next()?.to_owned(), request_line.next()?.to_owned());
    if request_line.next()? != "HTTP/1.1" || request_line.next().is_some() {
        return None;
    }
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<_>>()?;
    Some(Received { connection: 0, method, path, headers, body: Vec::new() })
}

fn invalid(head: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, head.to_owned())
}
