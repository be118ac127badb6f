//! The receivers' end: several hooks on one port, and their ledger of every request that ever came.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use domain::Secret;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

use crate::{
    arrival::Request,
    child::POLL,
    form::Dice,
    wire::{Message, Wire},
};

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// What the inbox sends itself.
const KNOCK: &[u8] = b"KNOCK / HTTP/1.1\r\n\r\n";
/// So often a hook in trouble refuses the same delivery at most, so that none waits long.
const REFUSALS: usize = 2;
/// And so many requests in a row, so that it is never held.
const ROW: usize = 5;

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
    /// Whether the hooks of [`is_weak`] answer one of ten requests badly.
    trouble: AtomicBool,
    /// Whether it judges signatures by the sender's clock instead of its own.
    believing: AtomicBool,
    dice: Dice,
}

/// What came.
#[derive(Default)]
struct Ledger {
    requests: Vec<Request>,
    distinct: HashSet<(usize, String)>,
    /// How often each delivery was refused, and how many requests each hook has refused in a row.
    refused: HashMap<(usize, String), usize>,
    rows: HashMap<usize, usize>,
    /// What was no request of ours at all.
    faults: Vec<String>,
}

/// Whether a hook answers badly now and then: the first two of each four.
pub fn is_weak(hook: usize) -> bool {
    hook % 4 < 2
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
            trouble: AtomicBool::new(false),
            believing: AtomicBool::new(false),
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

    /// Whether the weak hooks answer badly from now on, now and then.
    pub fn trouble(&self, trouble: bool) {
        self.shared.trouble.store(trouble, SeqCst);
    }

    /// Believes what requests say of their time, from now on.
    pub fn believe(&self) {
        self.shared.believing.store(true, SeqCst);
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

    /// All that came, in order; fails if something was no request at all.
    pub fn requests(&self) -> Vec<Request> {
        let ledger = self.shared.ledger();
        assert!(ledger.faults.is_empty(), "{:#?}", &ledger.faults[..ledger.faults.len().min(10)]);
        ledger.requests.clone()
    }

    /// The different deliveries that came; fails if a receiver would not have trusted one, or if its bytes changed.
    pub fn deliveries(&self) -> HashSet<(usize, String)> {
        let mut bodies = HashMap::new();
        for request in self.requests() {
            assert_eq!(request.signature, Ok(()), "{}", request.id);
            let key = (request.hook, request.id);
            let first = bodies.entry(key.clone()).or_insert(request.body);
            assert_eq!(*first, request.body, "{key:?} came again with other bytes");
        }
        bodies.into_keys().collect()
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
    fn enter(&self, request: &Message) -> Option<usize> {
        let read = Request::read(request, &self.secret, self.believing.load(SeqCst), self.ends().len());
        let mut ledger = self.ledger();
        match read {
            Ok(read) => {
                ledger.distinct.insert((read.hook, read.id.clone()));
                ledger.requests.push(read);
            }
            Err(fault) => {
                ledger.faults.push(format!("{fault}: {}", String::from_utf8_lossy(&request.body)));
                return None;
            }
        }
        let (place, distinct) = (ledger.requests.len() - 1, ledger.distinct.len());
        drop(ledger);
        self.distinct.send_if_modified(|count| std::mem::replace(count, distinct) != distinct);
        Some(place)
    }

    /// Decides how to answer a request, and enters that.
    fn decide(&self, place: usize) -> u16 {
        let trouble = self.trouble.load(SeqCst) && self.dice.below(10) == 0;
        let bad = [503, 0, 500][self.dice.below(10).min(2) as usize];
        let mut ledger = self.ledger();
        let Request { hook, id, .. } = &ledger.requests[place];
        let key = (*hook, id.clone());
        let patient = ledger.refused.get(&key).is_none_or(|refused| *refused < REFUSALS)
            && ledger.rows.get(&key.0).is_none_or(|row| *row < ROW);
        let status = if trouble && is_weak(key.0) && patient { bad } else { 204 };
        let row = ledger.rows.entry(key.0).or_default();
        *row = if status == 204 { 0 } else { *row + 1 };
        if status != 204 {
            *ledger.refused.entry(key).or_default() += 1;
        }
        let request = &mut ledger.requests[place];
        (request.status, request.answered) = (Some(status), Some(Instant::now()));
        status
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
        let place = shared.enter(&request);
        sleep(shared.pause()).await;
        shared.open.fetch_sub(1, SeqCst);
        match place.map_or(204, |place| shared.decide(place)) {
            204 => wire.write(ANSWER).await?,
            0 => return wire.reset(),
            status => {
                let answer = format!("HTTP/1.1 {status} Not Now\r\ncontent-length: 0\r\n\r\n");
                wire.write(answer.as_bytes()).await?;
            }
        }
    }
    Ok(())
}
