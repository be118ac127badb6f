//! The clients' end: several that post events one after the other on kept connections, and their ledger of what they
//! were told.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::wire::{Answer, Client, Unanswered};

/// How many clients there are.
const CLIENTS: usize = 16;
/// They stop posting while so many accepted deliveries have not arrived, so that the backlog stays drainable.
const WINDOW: usize = 600;

/// What clients were told.
#[derive(Default)]
pub struct Book {
    /// By the number in the data, the event's id in the 202.
    pub acked: HashMap<u64, String>,
    /// The numbers of those that were sent without ever an answer that says what became of them.
    pub indeterminate: HashSet<u64>,
    /// How many answers came only when the request was repeated under its key, after a first one without an answer.
    pub repeated: usize,
    /// How many requests were refused because the store did not take them.
    pub refused: usize,
    /// The longest that one of them took.
    pub slowest_refusal: Duration,
    /// Answers that should not have been.
    pub faults: Vec<String>,
}

/// The clients. Dropping it leaves them without a server.
pub struct Load {
    shared: Arc<Shared>,
    server: watch::Sender<Option<SocketAddr>>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    key: String,
    /// How many webhooks each event goes to.
    hooks: usize,
    server: watch::Receiver<Option<SocketAddr>>,
    arrived: watch::Receiver<usize>,
    book: Mutex<Book>,
    next: AtomicU64,
    stop: AtomicBool,
    /// Whether the store may refuse.
    bears_refusals: AtomicBool,
}

impl Load {
    /// Starts clients that use that API key and wait for a server. Each event must be planned for `hooks` webhooks;
    /// `arrived` says how many deliveries have come.
    pub fn start(key: &str, hooks: usize, arrived: watch::Receiver<usize>) -> Self {
        let (sender, server) = watch::channel(None);
        let shared = Arc::new(Shared {
            key: key.to_owned(),
            hooks,
            server,
            arrived,
            book: Mutex::default(),
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            bears_refusals: AtomicBool::new(false),
        });
        let clients = (0..CLIENTS).map(|_| tokio::spawn(post_all(Arc::clone(&shared)))).collect();
        Self { shared, server: sender, clients }
    }

    /// From now on the store may refuse what it cannot keep.
    pub fn bear_refusals(&self) {
        self.shared.bears_refusals.store(true, SeqCst);
    }

    /// There is a server now, at this address; or there is none.
    pub fn direct(&self, server: Option<SocketAddr>) {
        self.server.send_replace(server);
    }

    /// Looks at the ledger as it is now.
    pub fn look<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.shared.book())
    }

    /// Lets every client come to an answer for what it is posting, with the server that there is, and ends them. The
    /// ledger is complete then.
    pub async fn finish(&mut self) {
        self.shared.stop.store(true, SeqCst);
        for client in self.clients.drain(..) {
            client.await.expect("a client does not fail");
        }
        let faults = self.look(|book| book.faults.clone());
        assert!(faults.is_empty(), "{:#?}", &faults[..faults.len().min(10)]);
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stop.load(SeqCst)
    }

    /// Waits until there is room for more; false if none is wanted.
    async fn wait_for_room(&self, arrived: &mut watch::Receiver<usize>) -> bool {
        while !self.stopped() {
            let room = self.book().acked.len() * self.hooks < *arrived.borrow_and_update() + WINDOW;
            if room {
                return true;
            }
            // The limit is for the word to stop, which nothing here announces.
            let _ = timeout(Duration::from_millis(50), arrived.changed()).await;
        }
        false
    }
}

async fn post_all(shared: Arc<Shared>) {
    let (mut server, mut arrived) = (shared.server.clone(), shared.arrived.clone());
    let Ok(first) = server.wait_for(Option::is_some).await.map(|it| *it) else { return };
    let mut client = Client::new(first.expect("just waited for"), &shared.key);
    while shared.wait_for_room(&mut arrived).await {
        let number = shared.next.fetch_add(1, SeqCst);
        if !post(&shared, &mut client, &mut server, number).await {
            return;
        }
    }
}

/// Posts one event; false if there will be no server any more.
///
/// Without an answer, two of three clients repeat the request under its key until they get one, and the third gives up.
async fn post(
    shared: &Shared,
    client: &mut Client,
    server: &mut watch::Receiver<Option<SocketAddr>>,
    number: u64,
) -> bool {
    let body = format!(
        r#"{{"type":"Contact Information","data":{{"name":"Visitor","email":null,"phone":null,"number":{number}}}}}"#
    );
    let mut unknown = false;
    loop {
        let began = Instant::now();
        match client.call("POST", "/events", Some(&format!("load-{number}")), &body).await {
            Ok(answer) if answer.status == 503 && shared.bears_refusals.load(SeqCst) => {
                unknown |= refuse(&mut shared.book(), &answer, number, began.elapsed());
            }
            Ok(answer) => {
                note(&mut shared.book(), &answer, number, shared.hooks, unknown);
                return true;
            }
            Err(Unanswered::Unsent) => {}
            Err(Unanswered::Unknown) => {
                unknown = true;
                shared.book().indeterminate.insert(number);
            }
        }
        if unknown && number.is_multiple_of(3) {
            return true;
        }
        // Another server, or the same one again in a moment.
        let _ = timeout(Duration::from_millis(100), server.changed()).await;
        let Ok(next) = server.wait_for(Option::is_some).await.map(|it| *it) else { return false };
        client.turn_to(next.expect("just waited for"));
    }
}

/// Notes a refusal; whether it leaves open what became of the event. The store may have kept what it could not say
/// that it keeps; when it was too busy it has not begun.
fn refuse(book: &mut Book, answer: &Answer, number: u64, time: Duration) -> bool {
    let told = answer.header("content-type") == Some("application/problem+json")
        && answer.header("retry-after").is_some();
    let code = answer.json()["code"].as_str().map(str::to_owned).unwrap_or_default();
    if !told || !["unavailable", "busy"].contains(&&*code) {
        book.faults.push(format!("event {number}: refused with {}", answer.text()));
    }
    book.refused += 1;
    book.slowest_refusal = book.slowest_refusal.max(time);
    let open = code != "busy";
    if open {
        book.indeterminate.insert(number);
    }
    open
}

fn note(book: &mut Book, answer: &Answer, number: u64, hooks: usize, repeated: bool) {
    let accepted = (answer.status == 202).then(|| answer.json());
    let planned = |it: &serde_json::Value| it["deliveries"].as_u64() == u64::try_from(hooks).ok();
    match accepted.filter(planned).and_then(|it| it["id"].as_str().map(str::to_owned)) {
        Some(id) => {
            book.indeterminate.remove(&number);
            book.repeated += usize::from(repeated);
            book.acked.insert(number, id);
        }
        None => book.faults.push(format!("event {number}: {} {}", answer.status, answer.text())),
    }
}
