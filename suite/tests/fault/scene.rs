//! What most scenarios share: a store, a server on it that can be ended and started again, hooks that get everything,
//! and clients that go on posting.

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
    child::{POLL, Place, Server, make_key, serve},
    inbox::Inbox,
    load::Load,
    oracle::{self, Figures},
    wire::Client,
};

/// How many webhooks get every event.
pub const HOOKS: usize = 4;
/// How many requests each of them may have open.
const MAX_IN_FLIGHT: usize = 16;
/// And all together.
pub const IN_FLIGHT: usize = HOOKS * MAX_IN_FLIGHT;
/// Longer than any backlog that the load leaves takes to drain.
const DRAIN: Duration = Duration::from_secs(120);

/// Makes a server's command into another that runs it.
pub type Wrap = Box<dyn Fn(Command) -> Command>;

/// A server under load, and both ends of it.
pub struct Scene {
    /// The store that it serves.
    pub store: TestStore,
    /// Where that is.
    pub place: Place,
    /// An admin key.
    pub key: String,
    /// The receivers.
    pub inbox: Inbox,
    /// The clients.
    pub load: Load,
    settings: Vec<(&'static str, &'static str)>,
    wrap: Option<Wrap>,
    server: Option<Server>,
    suspended: Option<Instant>,
    address: SocketAddr,
}

impl Scene {
    /// Starts a server with these settings, and the load on it. The hooks answer after `slowness` milliseconds.
    pub async fn start(
        store: TestStore,
        settings: &[(&'static str, &'static str)],
        slowness: (u64, u64),
    ) -> Self {
        let place = Place::of(&store);
        let key = make_key(&place, "admin").await;
        let secret = Secret::from_bytes(&[7; 32]);
        let inbox = Inbox::start(&secret, slowness).await;
        let (server, address) = Server::start(serve(&place, settings)).await;
        let mut client = Client::new(address, &key);
        for hook in 0..HOOKS {
            make_webhook(&mut client, &inbox.url(hook), &secret, json!({"max_in_flight": MAX_IN_FLIGHT}))
                .await;
        }
        let load = Load::start(&key, HOOKS, inbox.distinct());
        load.direct(Some(address));
        let settings = settings.to_vec();
        Self {
            store,
            place,
            key,
            inbox,
            load,
            settings,
            wrap: None,
            server: Some(server),
            suspended: None,
            address,
        }
    }

    /// A caller of the present server.
    pub fn client(&self) -> Client {
        Client::new(self.address, &self.key)
    }

    /// Starts a server, without waiting for it and without telling anybody.
    pub fn spawn(&mut self) {
        let command = serve(&self.place, &self.settings);
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
        true
    }

    /// Waits until the server is ready.
    pub async fn ready(&mut self) {
        self.address = self.server.as_mut().expect("it was started").ready().await;
    }

    /// Starts a server, waits until it is ready, checks its ledger, and lets the clients at it. How long it took until
    /// it was ready.
    pub async fn restart(&mut self) -> Duration {
        let began = Instant::now();
        self.spawn();
        self.ready().await;
        let time = began.elapsed();
        self.ledger().await;
        self.load.direct(Some(self.address));
        time
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

    /// The server's ledger, which must balance.
    pub async fn ledger(&self) -> Value {
        let ledger = self.client().get("/ledger").await;
        assert_eq!(ledger["balanced"], true, "{ledger}");
        ledger
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

    /// Ends the load, waits until nothing is pending, and compares all ledgers.
    pub async fn finish(mut self) -> Figures {
        let mut client = self.client();
        self.load.finish().await;
        let began = Instant::now();
        let mut ledger = client.get("/ledger").await;
        while ledger["pending"] != 0 {
            assert!(began.elapsed() < DRAIN, "not drained after {DRAIN:?}: {ledger}");
            sleep(POLL * 20).await;
            ledger = client.get("/ledger").await;
        }
        let compare = |book: &_| oracle::compare(book, &self.inbox, HOOKS, IN_FLIGHT);
        let figures = self.load.look(compare);
        oracle::compare_stored(&mut client, &figures).await;
        assert_eq!((&ledger["balanced"], &ledger["delivered"]), (&json!(true), &json!(figures.delivered)));
        let (known, events) = (figures.acked + figures.indeterminate.1, &ledger["events"]);
        assert_eq!(events, &json!(known), "events stored, and known to somebody");
        self.server.take().expect("a server runs").kill().await;
        figures
    }
}

/// Waits until so many more events were accepted.
pub async fn wait_for_acked(scene: &Scene, more: usize) {
    let acked = || scene.load.look(|book| book.acked.len());
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
