//! What most scenarios share: a store, a server on it that can be ended and started again, hooks that get everything of
//! their account, and clients that go on posting.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use domain::Secret;
use serde_json::{Value, json};
use suite::TestStore;
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

use crate::{
    child::{POLL, Place, Server, make_account, make_key, serve, with_open_files},
    inbox::Inbox,
    judge::{self, Case, Figures, judge},
    load::Load,
    wire::Client,
};

/// How many webhooks of an account get every event of it. The first of them keeps the order of conversations.
pub const HOOKS: usize = 4;
/// How many requests each of them may have open: fewer than any webhook starts with.
const MAX_IN_FLIGHT: usize = 8;
/// And all of two accounts together.
pub const IN_FLIGHT: usize = 2 * HOOKS * MAX_IN_FLIGHT;
/// Longer than any backlog that the load leaves takes to drain, and what was refused twice to be tried again.
const DRAIN: Duration = Duration::from_secs(120);

/// Makes a server's command into another that runs it.
pub type Wrap = Box<dyn Fn(Command) -> Command>;

/// How a scene is set.
#[derive(Clone)]
pub struct Plan {
    /// Settings of the server.
    pub settings: Vec<(&'static str, String)>,
    /// After how many milliseconds the hooks answer.
    pub slowness: (u64, u64),
    /// How many accounts there are: one or two.
    pub accounts: usize,
    /// Whether half of the hooks answer badly now and then.
    pub trouble: bool,
    /// By how many seconds a later request may say an earlier time.
    pub skew: i64,
    /// How many files it may have open, if not as many as the system allows.
    pub open_files: Option<&'static str>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            settings: Vec::new(),
            slowness: (0, 20),
            accounts: 2,
            trouble: false,
            skew: 0,
            open_files: None,
        }
    }
}

/// A server under load, and both ends of it.
pub struct Scene {
    /// The store that it serves.
    pub store: TestStore,
    /// Where that is.
    pub place: Place,
    /// An admin key of the first account.
    pub key: String,
    /// The receivers.
    pub inbox: Inbox,
    /// The clients.
    pub load: Load,
    /// From when to when a server stood still.
    pub pauses: Vec<(Instant, Instant)>,
    plan: Plan,
    wrap: Option<Wrap>,
    suspended: Option<Instant>,
    keys: Vec<String>,
    /// The webhooks in the order of their hooks, with their account's place and whether they keep order.
    hooks: Vec<(String, usize, bool)>,
    server: Option<Server>,
    address: SocketAddr,
    /// When the present server was ready.
    calm: Instant,
}

impl Scene {
    /// The server that is to be started.
    fn command(place: &Place, plan: &Plan) -> Command {
        let settings: Vec<_> = plan.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match plan.open_files {
            Some(most) => with_open_files(&serve(place, &settings), most),
            None => serve(place, &settings),
        }
    }

    /// Starts a server, and the load on it.
    pub async fn start(store: TestStore, plan: Plan) -> Self {
        judge::begin();
        let place = Place::of(&store);
        let mut keys = Vec::new();
        for account in 0..plan.accounts {
            keys.push(match plan.accounts {
                1 => make_key(&place, "admin").await,
                _ => make_account(&place, ["Acme", "Globex"][account]).await,
            });
        }
        let secret = Secret::from_bytes(&[7; 32]);
        let inbox = Inbox::start(&secret, plan.slowness).await;
        inbox.trouble(plan.trouble);
        let (server, address) = Server::start(Self::command(&place, &plan)).await;
        let mut hooks = Vec::new();
        for (account, key) in keys.iter().enumerate() {
            let mut client = Client::new(address, key);
            for hook in 0..HOOKS {
                let ordering = ["conversation", "none"][hook.min(1)];
                let more = json!({"max_in_flight": MAX_IN_FLIGHT, "retry": "10min", "ordering": ordering});
                let url = inbox.url(hooks.len());
                let id = make_webhook(&mut client, &url, &secret, more).await;
                hooks.push((id, account, hook == 0));
            }
        }
        let load = Load::start(&keys, HOOKS, inbox.distinct());
        load.direct(Some(address));
        let (key, server, calm) = (keys[0].clone(), Some(server), Instant::now());
        let pauses = Vec::new();
        let (wrap, suspended) = (None, None);
        Self {
            store,
            place,
            key,
            inbox,
            load,
            pauses,
            plan,
            wrap,
            suspended,
            keys,
            hooks,
            server,
            address,
            calm,
        }
    }

    /// A caller of the present server.
    pub fn client(&self) -> Client {
        Client::new(self.address, &self.key)
    }

    /// Where the present server is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The last fault is over.
    pub fn calm(&mut self) {
        self.calm = Instant::now();
    }

    /// The present server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a server runs")
    }

    /// Starts a server, without waiting for it and without telling anybody.
    pub fn spawn(&mut self) {
        let command = Self::command(&self.place, &self.plan);
        let command = match &self.wrap {
            Some(wrap) => wrap(command),
            None => command,
        };
        self.server = Some(Server::spawn(command));
    }

    /// Starts servers from now on in that way.
    pub fn wrap(&mut self, wrap: Option<Wrap>) {
        self.wrap = wrap;
    }

    /// Lets the clients at a server that was started, once it is ready. False if it has refused to start.
    pub async fn restarted(&mut self) -> bool {
        let Some(address) = self.server.as_mut().expect("it was started").ready_or_refused().await else {
            return false;
        };
        self.address = address;
        self.load.direct(Some(address));
        self.calm = Instant::now();
        true
    }

    /// Waits until the server is ready.
    pub async fn ready(&mut self) {
        self.address = self.server.as_mut().expect("it was started").ready().await;
    }

    /// The last of what the server has said.
    pub fn last_words(&self) -> String {
        let log = self.server.as_ref().map(Server::log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Stops the server in whatever it is doing, with SIGSTOP.
    pub async fn suspend(&mut self) {
        self.suspended = Some(Instant::now());
        self.server.as_ref().expect("a server runs").suspend().await;
    }

    /// Starts another server on the same store and goes on with that one; the one before, and where it is.
    pub async fn add_node(&mut self) -> (Server, SocketAddr) {
        let before = (self.server.take().expect("a server runs"), self.address);
        self.restart().await;
        before
    }

    /// Goes on with the other server; the one before, and where it is.
    pub fn exchange(&mut self, other: (Server, SocketAddr)) -> (Server, SocketAddr) {
        let before = (self.server.replace(other.0).expect("a server runs"), self.address);
        self.address = other.1;
        self.load.direct(Some(self.address));
        self.calm = Instant::now();
        before
    }

    /// Starts a server, waits until it is ready, checks its ledger, and lets the clients at it. How long it took until
    /// it was ready.
    pub async fn restart(&mut self) -> Duration {
        let began = Instant::now();
        self.spawn();
        self.ready().await;
        let time = began.elapsed();
        self.ledgers().await;
        self.load.direct(Some(self.address));
        self.calm = Instant::now();
        time
    }

    /// What is pending by the server's ledgers, which must balance.
    pub async fn ledgers(&self) -> u64 {
        let mut pending = 0;
        for key in &self.keys {
            let ledger: Value = Client::new(self.address, key).get("/ledger").await;
            assert_eq!(ledger["balanced"], true, "{ledger}");
            pending += ledger["pending"].as_u64().expect("a number");
        }
        pending
    }

    /// Ends the server with SIGKILL.
    pub async fn kill(&mut self) {
        // One that was suspended has done nothing since.
        let end = self.suspended.take().unwrap_or_else(Instant::now);
        let server = self.server.take().expect("a server runs");
        server.kill().await;
        self.load.direct(None);
        self.inbox.turn(end).await;
    }

    /// Ends the server with SIGTERM, which must succeed; after what time it had ended.
    pub async fn stop(&mut self) -> Duration {
        let (server, end) = (self.server.take().expect("a server runs"), Instant::now());
        let (status, time) = server.stop().await;
        self.load.direct(None);
        assert!(status.success(), "{status}");
        self.inbox.turn(end).await;
        time
    }

    /// Makes it as if the time of a dead node's leases had passed.
    pub async fn let_leases_end(&self) {
        if self.store.engine == "postgres" {
            self.store.sabotage("", "update shard_lease set expires_at = 0").await;
        }
    }

    /// Ends the load, waits until nothing is pending, and has all ledgers judged. `nodes` may have sent at once.
    pub async fn finish(mut self, nodes: usize) -> Figures {
        self.load.finish().await;
        let began = Instant::now();
        loop {
            let pending = self.ledgers().await;
            if pending == 0 {
                break;
            }
            assert!(began.elapsed() < DRAIN, "not drained after {DRAIN:?}: {pending} are pending");
            sleep(POLL * 20).await;
        }
        let drained = Instant::now();
        let (peak, in_flight) = (self.inbox.peak(), IN_FLIGHT * nodes);
        assert!(peak <= in_flight, "{peak} requests were in flight, {in_flight} are allowed");
        let clients = self.keys.iter().map(|key| Client::new(self.address, key)).collect();
        let (inbox, pauses, hooks) = (&self.inbox, &self.pauses[..], self.hooks.clone());
        let book = self.load.take();
        let put_off = book.put_off;
        assert!(put_off == 0 || !pauses.is_empty(), "the server was too busy {put_off} times");
        let drain = (self.calm.max(began), drained, DRAIN);
        let skew = self.plan.skew;
        let case = Case { book: &book, inbox, clients, hooks, pauses, in_flight, skew, drain };
        let figures = judge(self.store.folder(), case).await;
        // A schedule of ten minutes is counted by the wall clock, so only a jump of that can end it.
        let ended = figures.number("given");
        assert!(ended == 0 || skew > 600, "every receiver would have taken it in the end: {figures}");
        self.server.take().expect("a server runs").kill().await;
        figures
    }
}

/// Waits until so many more events were accepted.
pub async fn wait_for_acked(scene: &Scene, more: usize) {
    let acked = || scene.load.look(super::load::Book::acked);
    let enough = acked() + more;
    let accepted = async {
        while acked() < enough {
            sleep(POLL).await;
        }
    };
    let done = timeout(DRAIN, accepted).await;
    done.unwrap_or_else(|_| panic!("nothing is accepted any more:\n{}", scene.last_words()));
}

/// Makes a webhook for contacts; `more` adds to its settings.
pub async fn make_webhook(client: &mut Client, url: &str, secret: &Secret, more: Value) -> String {
    let mut body = json!({
        "name": "Hook", "url": url, "event_types": ["Contact Information"], "secret": secret.to_text().reveal(),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let webhook = client.post("/webhooks", &body.to_string(), 201).await;
    webhook["id"].as_str().expect("a webhook has an id").to_owned()
}
