//! A receiver that only notes when which number came, for more traffic than the inbox's ledger is made for.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::wire::Wire;

/// As long as anything may take to arrive: a million deliveries take a minute or two.
const PATIENCE: Duration = Duration::from_secs(600);

/// Of so many it is kept how many were open with them.
const BEGUN: usize = 64;

/// Answers 204 to whatever comes, or 503 while it is down. Dropping it closes it.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    /// When each number came first.
    arrivals: Mutex<HashMap<u64, Instant>>,
    /// How many requests were open, with each of the first that came.
    begun: Mutex<Vec<u64>>,
    count: watch::Sender<usize>,
    /// How many milliseconds each answer takes.
    delay: AtomicU64,
    /// Whether it answers 503 and notes nothing.
    down: AtomicBool,
    /// How many requests are open, and the most that were.
    open: AtomicU64,
    peak: AtomicU64,
}

impl Sink {
    /// Answers after that time.
    pub async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            arrivals: Mutex::default(),
            begun: Mutex::default(),
            count: watch::Sender::new(0),
            delay: AtomicU64::new(delay.as_millis() as u64),
            down: AtomicBool::new(false),
            open: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// Where to send.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on answers 503 to everything, or no longer.
    pub fn be_down(&self, down: bool) {
        self.shared.down.store(down, SeqCst);
    }

    /// When each number came first.
    pub fn arrivals(&self) -> HashMap<u64, Instant> {
        self.shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many different numbers have come, as it changes.
    pub fn count(&self) -> watch::Receiver<usize> {
        self.shared.count.subscribe()
    }

    /// Waits until so many different numbers have come.
    pub async fn wait_for(&self, number: usize) {
        let mut count = self.count();
        let came = timeout(PATIENCE, count.wait_for(|count| *count >= number)).await;
        assert!(came.is_ok(), "only {} of {number} came", *self.shared.count.borrow());
    }

    /// How many requests were open, itself included, with each of the first that came while it was not down.
    pub fn begun(&self) -> Vec<u64> {
        self.shared.begun.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most requests that were open at once since this was asked last.
    pub fn take_peak(&self) -> u64 {
        self.shared.peak.swap(0, SeqCst)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        // A connection that breaks is the sender's business.
        tokio::spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut wire = Wire::new(stream)?;
    while let Some(request) = wire.read().await? {
        let open = shared.open.fetch_add(1, SeqCst) + 1;
        shared.peak.fetch_max(open, SeqCst);
        let down = shared.down.load(SeqCst);
        if !down {
            let mut begun = shared.begun.lock().unwrap_or_else(PoisonError::into_inner);
            if begun.len() < BEGUN {
                begun.push(open);
            }
        }
        if let Some(number) = number(&request.body).filter(|_| !down) {
            let mut arrivals = shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
            arrivals.entry(number).or_insert_with(Instant::now);
            let count = arrivals.len();
            drop(arrivals);
            shared.count.send_replace(count);
        }
        let delay = shared.delay.load(SeqCst);
        if delay > 0 {
            sleep(Duration::from_millis(delay)).await;
        }
        shared.open.fetch_sub(1, SeqCst);
        let answer: &[u8] = match down {
            true => b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
            false => b"HTTP/1.1 204 No Content\r\n\r\n",
        };
        wire.write(answer).await?;
    }
    Ok(())
}

/// The number that the load had put into the data.
fn number(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(r#""number":"#)?;
    rest.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}
