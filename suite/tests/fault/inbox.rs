//! The receivers' end: four hooks on one port, and their ledger of every request that ever came.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64, atomic::AtomicUsize, atomic::Ordering::SeqCst,
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use domain::{Secret, Timestamp, signature};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

use crate::{
    child::POLL,
    form::Dice,
    wire::{Message, Wire},
};

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// What the inbox sends itself.
const KNOCK: &[u8] = b"KNOCK / HTTP/1.1\r\n\r\n";

/// A receiver of several webhooks, each at its path `/0`, `/1`, … Dropping it closes it.
pub struct Inbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    secret: Secret,
    ledger: Mutex<Ledger>,
    /// How many different deliveries have come.
    distinct: watch::Sender<usize>,
    connections: AtomicUsize,
    open: AtomicUsize,
    /// The most requests that were open at once.
    peak: AtomicUsize,
    /// The servers that are no more: the instant at which each was told to end.
    ends: Mutex<Vec<Instant>>,
    /// How long an answer takes, in milliseconds: between `from` and `to`.
    slowness: [AtomicU64; 2],
    dice: Dice,
}

/// What came.
#[derive(Default)]
struct Ledger {
    lines: HashMap<(usize, String), Line>,
    faults: Vec<String>,
}

/// All requests of one `webhook-id` at one hook.
#[derive(Clone)]
pub struct Line {
    /// The number that the load had put into the data.
    pub number: u64,
    body: Vec<u8>,
    /// In the order in which they came.
    pub arrivals: Vec<Arrival>,
}

/// One request.
#[derive(Clone, Copy)]
pub struct Arrival {
    /// How many servers had come to their end before the one that sent it.
    pub generation: usize,
    /// When its answer was written, if it was.
    pub answered: Option<Instant>,
    timestamp: i64,
}

impl Inbox {
    /// Waits for webhooks whose secret is `secret`; answers after `from` to `to` milliseconds.
    pub async fn start(secret: &Secret, slowness: (u64, u64)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            secret: secret.clone(),
            ledger: Mutex::default(),
            distinct: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            ends: Mutex::default(),
            slowness: [AtomicU64::new(slowness.0), AtomicU64::new(slowness.1)],
            dice: Dice::new(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// The URL of a hook.
    pub fn url(&self, hook: usize) -> String {
        format!("http://{}/{hook}", self.address)
    }

    /// Answers from now on after `from` to `to` milliseconds.
    pub fn slow(&self, from: u64, to: u64) {
        self.shared.slowness[0].store(from, SeqCst);
        self.shared.slowness[1].store(to, SeqCst);
    }

    /// To be called when a server is no more that was told to end at that instant: reads what it had still written, so
    /// that whatever comes afterwards is the next server's.
    pub async fn turn(&self, end: Instant) {
        // When the knock is answered, every connection that was made before it is known.
        let knock = async {
            let mut wire = Wire::new(TcpStream::connect(self.address).await?)?;
            wire.write(KNOCK).await?;
            wire.read().await.map(drop)
        };
        knock.await.expect("the inbox answers");
        while self.shared.connections.load(SeqCst) > 0 {
            sleep(POLL).await;
        }
        self.shared.ends().push(end);
    }

    /// When the servers were told to end.
    pub fn ends(&self) -> Vec<Instant> {
        self.shared.ends().clone()
    }

    /// How many requests are waiting for their answer.
    pub fn open(&self) -> usize {
        self.shared.open.load(SeqCst)
    }

    /// The most that ever were.
    pub fn peak(&self) -> usize {
        self.shared.peak.load(SeqCst)
    }

    /// Follows how many different deliveries have come.
    pub fn distinct(&self) -> watch::Receiver<usize> {
        self.shared.distinct.subscribe()
    }

    /// By hook and `webhook-id`, all that came; fails if something was wrong with any of it.
    pub fn lines(&self) -> HashMap<(usize, String), Line> {
        let ledger = self.shared.ledger();
        assert!(ledger.faults.is_empty(), "{:#?}", &ledger.faults[..ledger.faults.len().min(10)]);
        ledger.lines.clone()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a request; its place in the ledger.
    fn enter(&self, request: &Message) -> Option<(usize, String)> {
        let arrived = read(request, &self.secret);
        let generation = self.ends().len();
        let mut ledger = self.ledger();
        let (key, number, timestamp) = match arrived {
            Ok(arrived) => arrived,
            Err(fault) => {
                ledger.faults.push(format!("{fault}: {}", String::from_utf8_lossy(&request.body)));
                return None;
            }
        };
        let fresh = || Line { number, body: request.body.clone(), arrivals: Vec::new() };
        let line = ledger.lines.entry(key.clone()).or_insert_with(fresh);
        let same = line.body == request.body;
        let backwards = line.arrivals.last().is_some_and(|last| last.timestamp > timestamp);
        line.arrivals.push(Arrival { generation, answered: None, timestamp });
        if !same {
            ledger.faults.push(format!("{key:?} came again with other bytes"));
        }
        if backwards {
            ledger.faults.push(format!("{key:?} came again with an earlier webhook-timestamp"));
        }
        let distinct = ledger.lines.len();
        drop(ledger);
        self.distinct.send_if_modified(|count| std::mem::replace(count, distinct) != distinct);
        Some(key)
    }

    fn answered(&self, key: &(usize, String)) {
        let mut ledger = self.ledger();
        if let Some(last) = ledger.lines.get_mut(key).and_then(|line| line.arrivals.last_mut()) {
            last.answered = Some(Instant::now());
        }
    }

    fn pause(&self) -> Duration {
        let [from, to] = [0, 1].map(|end| self.slowness[end].load(SeqCst));
        self.dice.millis(from, to)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, SeqCst);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A connection that breaks is what a killed server leaves.
            let _ = receive(stream, &shared).await;
            shared.connections.fetch_sub(1, SeqCst);
        });
    }
}

async fn receive(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut wire = Wire::new(stream)?;
    while let Some(request) = wire.read().await? {
        if request.start.as_bytes() == KNOCK.trim_ascii_end() {
            wire.write(ANSWER).await?;
            continue;
        }
        let open = shared.open.fetch_add(1, SeqCst) + 1;
        shared.peak.fetch_max(open, SeqCst);
        let key = shared.enter(&request);
        sleep(shared.pause()).await;
        shared.open.fetch_sub(1, SeqCst);
        let written = wire.write(ANSWER).await;
        key.iter().filter(|_| written.is_ok()).for_each(|key| shared.answered(key));
        written?;
    }
    Ok(())
}

/// Hook, `webhook-id`, number and timestamp of a request, if a receiver would trust it.
fn read(request: &Message, secret: &Secret) -> Result<((usize, String), u64, i64), String> {
    let header = |name: &str| request.header(name).ok_or_else(|| format!("there is no one {name}"));
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    signature::verify(secret, id, timestamp, header("webhook-signature")?, &request.body, now())
        .map_err(|untrusted| format!("{id}: {untrusted}"))?;
    let path = request.start.split(' ').nth(1).and_then(|path| path.strip_prefix('/')?.parse().ok());
    let hook = path.ok_or_else(|| format!("{id}: came as {}", request.start))?;
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| format!("{id}: is not JSON"))?;
    let number = body["data"]["number"].as_u64().ok_or_else(|| format!("{id}: has no number"))?;
    Ok(((hook, id.to_owned()), number, timestamp.parse().unwrap_or_default()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a receiver judges signatures by its own clock, as strangers do"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("not that far in the future"))
}
