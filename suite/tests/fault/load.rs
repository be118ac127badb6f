//! The clients' end: several that post events one after the other on kept connections, and their ledger of what they
//! were told.

use std::{
    collections::{BTreeMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::wire::{Answer, Client, Unanswered};

/// How many clients there are.
const CLIENTS: usize = 16;
/// They stop posting while so many accepted deliveries have not arrived, so that the backlog stays drainable.
const WINDOW: usize = 600;

/// What clients were told, by the number in the data.
#[derive(Default)]
pub struct Book {
    /// Each event that was ever sent.
    pub entries: BTreeMap<u64, Entry>,
    /// How many answers came only when the request was repeated under its key, after a first one without an answer.
    pub repeated: usize,
    /// How often the answer was to try again, although nothing was wrong with the store.
    pub put_off: usize,
    /// How many requests were refused because the store did not take them.
    pub refused: usize,
    /// The longest that one of them took.
    pub slowest_refusal: Duration,
    /// Answers that should not have been.
    pub faults: Vec<String>,
}

/// One event, as its client knows it.
pub struct Entry {
    /// The place of its account.
    pub account: usize,
    /// Its conversation.
    pub conversation: String,
    /// When it was first sent.
    pub began: Instant,
    /// When its client knew, or turned to another.
    pub ended: Instant,
    /// Its id, if it was acknowledged. Else whether it was accepted is not known.
    pub id: Option<String>,
}

impl Book {
    /// How many events were acknowledged.
    pub fn acked(&self) -> usize {
        self.entries.values().filter(|entry| entry.id.is_some()).count()
    }

    /// Their ids.
    pub fn ids(&self) -> HashSet<String> {
        self.entries.values().filter_map(|entry| entry.id.clone()).collect()
    }
}

/// The clients. Dropping it leaves them without a server.
pub struct Load {
    shared: Arc<Shared>,
    server: watch::Sender<Option<SocketAddr>>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    /// One of each account.
    keys: Vec<String>,
    /// How many webhooks each event goes to.
    hooks: usize,
    server: watch::Receiver<Option<SocketAddr>>,
    arrived: watch::Receiver<usize>,
    book: Mutex<Book>,
    acked: AtomicUsize,
    next: AtomicU64,
    stop: AtomicBool,
    /// How many accepted deliveries may be on their way.
    window: AtomicUsize,
    /// Whether the store may refuse.
    bears_refusals: AtomicBool,
}

impl Load {
    /// Starts clients that use these API keys in turn and wait for a server. Each event must be planned for `hooks` webhooks;
    /// `arrived` says how many deliveries have come.
    pub fn start(keys: &[String], hooks: usize, arrived: watch::Receiver<usize>) -> Self {
        let (sender, server) = watch::channel(None);
        let shared = Arc::new(Shared {
            keys: keys.to_vec(),
            hooks,
            server,
            arrived,
            book: Mutex::default(),
            acked: AtomicUsize::new(0),
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            window: AtomicUsize::new(WINDOW),
            bears_refusals: AtomicBool::new(false),
        });
        let clients = (0..CLIENTS).map(|place| tokio::spawn(post_all(Arc::clone(&shared), place))).collect();
        Self { shared, server: sender, clients }
    }

    /// As many deliveries more may be on their way as there may be from the start. For a webhook that is paused: what waits
    /// for it counts, and in the end nobody posts any more.
    pub fn widen(&self) {
        self.shared.window.fetch_add(WINDOW, SeqCst);
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

    /// The ledger itself, once it is complete.
    pub fn take(&self) -> Book {
        std::mem::take(&mut self.shared.book())
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
            let room = self.acked.load(SeqCst) * self.hooks
                < *arrived.borrow_and_update() + self.window.load(SeqCst);
            if room {
                return true;
            }
            // The limit is for the word to stop, which nothing here announces.
            let _ = timeout(Duration::from_millis(50), arrived.changed()).await;
        }
        false
    }
}

/// Posts conversations of three to five events, one event after the other.
async fn post_all(shared: Arc<Shared>, place: usize) {
    let (mut server, mut arrived) = (shared.server.clone(), shared.arrived.clone());
    let Ok(first) = server.wait_for(Option::is_some).await.map(|it| *it) else { return };
    let account = place % shared.keys.len();
    let mut client = Client::new(first.expect("just waited for"), &shared.keys[account]);
    for turn in 0.. {
        let conversation = format!("conversation {turn} of client {place}");
        for _ in 0..3 + (turn + place) % 3 {
            if !shared.wait_for_room(&mut arrived).await {
                return;
            }
            if server.has_changed().unwrap_or(false)
                && let Some(other) = *server.borrow_and_update()
            {
                client.turn_to(other);
            }
            let number = shared.next.fetch_add(1, SeqCst);
            let began = Instant::now();
            let entry = Entry { account, conversation: conversation.clone(), began, ended: began, id: None };
            let (goes_on, entry) = post(&shared, &mut client, &mut server, number, entry).await;
            shared
                .book()
                .entries
                .extend(entry.map(|entry| (number, Entry { ended: Instant::now(), ..entry })));
            if !goes_on {
                return;
            }
        }
    }
}

/// Posts one event; whether there will be a server any more, and the event unless it surely was never sent.
///
/// Without an answer, two of three clients repeat the request under its key until they get one, and the third gives up.
async fn post(
    shared: &Shared,
    client: &mut Client,
    server: &mut watch::Receiver<Option<SocketAddr>>,
    number: u64,
    mut entry: Entry,
) -> (bool, Option<Entry>) {
    let body = format!(
        r#"{{"type":"Contact Information","data":{{"name":"Visitor","email":null,"phone":null,"number":{number}}},"conversation_id":"{}"}}"#,
        entry.conversation
    );
    let mut unknown = false;
    loop {
        let began = Instant::now();
        match client.call("POST", "/events", Some(&format!("load-{number}")), &body).await {
            Ok(answer) if answer.status == 503 && shared.bears_refusals.load(SeqCst) => {
                unknown |= refuse(&mut shared.book(), &answer, number, began.elapsed());
            }
            Ok(answer) if answer.status == 503 => {
                unknown = true;
                shared.book().put_off += 1;
                sleep(Duration::from_millis(100)).await;
                continue;
            }
            Ok(answer) => {
                let id = shared.note(&answer, number, unknown);
                let known = id.is_some() || unknown;
                entry.id = id;
                return (true, known.then_some(entry));
            }
            Err(Unanswered::Unsent) => {}
            Err(Unanswered::Unknown) => unknown = true,
        }
        if unknown && number.is_multiple_of(3) {
            return (true, Some(entry));
        }
        // Another server, or the same one again in a moment.
        let _ = timeout(Duration::from_millis(100), server.changed()).await;
        let Ok(next) = server.wait_for(Option::is_some).await.map(|it| *it) else {
            return (false, unknown.then_some(entry));
        };
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
    code != "busy"
}

impl Shared {
    /// Notes an answer; the event's id if it is as it must be.
    fn note(&self, answer: &Answer, number: u64, repeated: bool) -> Option<String> {
        let accepted = (answer.status == 202).then(|| answer.json());
        let planned = |it: &serde_json::Value| it["deliveries"].as_u64() == u64::try_from(self.hooks).ok();
        let id = accepted.filter(planned).and_then(|it| it["id"].as_str().map(str::to_owned));
        let mut book = self.book();
        match id {
            Some(_) => {
                book.repeated += usize::from(repeated);
                self.acked.fetch_add(1, SeqCst);
            }
            None => book.faults.push(format!("event {number}: {} {}", answer.status, answer.text())),
        }
        id
    }
}
