//! The product's store with a network and a node that are the test's, and beside them what the test expects of each
//! delivery and each webhook.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use app::{
    AppError, Db, Tx,
    deliveries::{self, Due, Lease, Report},
    events, nodes,
};
use domain::{
    Account, Actor, AttemptError, AttemptKind, Delivery, EgressPolicy, ErrorClass, Event, Id, Ordering,
    Outcome, Phases, Response, Timestamp, Webhook,
};
use suite::{ManualClock, TestStore, store};
use tokio::runtime::Runtime;

use super::Step;

/// How an attempt ends.
#[derive(Clone, Copy, Debug)]
pub enum How {
    Answered(u16),
    /// 503 with `Retry-After`.
    AsksForPatience(u32),
    /// 400 with `webhook-delivery: abort-message`.
    CalledOff,
    Silent,
    OurFault,
}

impl How {
    fn outcome(self, at: Timestamp) -> Outcome {
        let failed = |class| Err(AttemptError { class, detail: "it failed".into() });
        let answered = |status, headers: &[(&str, String)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            Ok(Response { status, headers, body: Vec::new() })
        };
        let result = match self {
            How::Answered(status) => answered(status, &[]),
            How::AsksForPatience(seconds) => answered(503, &[("Retry-After", seconds.to_string())]),
            How::CalledOff => answered(400, &[("webhook-delivery", "abort-message".into())]),
            How::Silent => failed(ErrorClass::Timeout),
            How::OurFault => failed(ErrorClass::InternalError),
        };
        Outcome { at, address: None, phases: Phases::default(), result }
    }
}

/// An attempt that was started and has not ended.
pub(super) struct Flight {
    pub(super) due: Due,
    pub(super) kind: AttemptKind,
    pub(super) lease: Lease,
    pub(super) began: Timestamp,
    /// Whether its node knew of failures when it began.
    pub(super) troubled: bool,
}

/// What is expected of a delivery.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) hook: usize,
    pub(super) line: Option<u8>,
    pub(super) state: &'static str,
    pub(super) attempts: u32,
    pub(super) failures: u32,
    pub(super) first: Option<Timestamp>,
    /// Grows with each that joins a line.
    pub(super) joined: u64,
    /// When it is due, at the earliest and at the latest; None while another of its line is before it.
    pub(super) due: Option<(Timestamp, Timestamp)>,
}

/// What is expected of a webhook.
pub(super) struct Hook {
    pub(super) id: Id<Webhook>,
    pub(super) state: &'static str,
    pub(super) since: Timestamp,
    pub(super) failures: u32,
    pub(super) counted_at: Option<Timestamp>,
    pub(super) probes: u32,
    pub(super) probe_at: Timestamp,
}

pub struct World {
    db: Db,
    clock: Arc<ManualClock>,
    pub(super) account: Id<Account>,
    pub(super) node: Id<nodes::Node>,
    pub(super) leases: nodes::Leases,
    pub(super) hooks: [Hook; 2],
    pub(super) deliveries: BTreeMap<Id<Delivery>, Expected>,
    flights: Vec<Flight>,
    pub(super) events: u64,
    joins: u64,
}

/// One store for all histories of an engine; each has an account of its own.
struct Shared {
    db: Db,
    clock: Arc<ManualClock>,
    _store: TestStore,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime starts"))
}

fn shared(engine: &str) -> &'static Shared {
    static SHARED: [OnceLock<Shared>; 2] = [OnceLock::new(), OnceLock::new()];
    SHARED[usize::from(engine == "postgres")].get_or_init(|| {
        runtime().block_on(async {
            let store = match store::postgres_server() {
                Some(server) if engine == "postgres" => TestStore::postgres(server).await,
                _ => TestStore::sqlite(),
            };
            let (db, clock) = store.open().await;
            Shared { db, clock, _store: store }
        })
    })
}

/// Before every delivery.
fn beginning() -> (Timestamp, Id<Delivery>) {
    (Timestamp::from_micros(i64::MIN), Id::from_uuid(domain::id::Uuid::nil()))
}

impl World {
    /// An account with two webhooks, of which the second keeps the order of conversations.
    pub fn new(engine: &str) -> Self {
        let Shared { db, clock, .. } = shared(engine);
        let (db, clock) = (db.clone(), Arc::clone(clock));
        let make = |tx: &mut Tx<'_>| {
            let account = app::accounts::create(tx, "Model")?.id;
            let node = tx.new_id();
            let mut hooks = Vec::new();
            for ordering in [Ordering::None, Ordering::Conversation] {
                let new =
                    domain::NewWebhook { ordering, ..domain::samples::webhook("https://crm.example.com/in") };
                let policy = EgressPolicy::default();
                hooks.push(app::webhooks::create(tx, &Actor::Console { account }, &policy, &new)?.id);
            }
            Ok::<_, AppError>((account, node, nodes::take_all(tx, node)?, hooks))
        };
        let (account, node, leases, hooks) = runtime().block_on(db.write(make)).expect("a world can be made");
        let now = domain::Clock::now(&*clock);
        let hook = |place: usize| Hook {
            id: hooks[place],
            state: "active",
            since: now,
            failures: 0,
            counted_at: None,
            probes: 0,
            probe_at: now,
        };
        let hooks = [hook(0), hook(1)];
        let (deliveries, flights) = (BTreeMap::new(), Vec::new());
        Self { db, clock, account, node, leases, hooks, deliveries, flights, events: 0, joins: 0 }
    }

    pub(super) fn write<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        runtime().block_on(self.db.write(body))
    }

    pub(super) fn actor(&self) -> Actor {
        Actor::Console { account: self.account }
    }

    pub(super) fn now(&self) -> Timestamp {
        domain::Clock::now(&*self.clock)
    }

    pub fn step(&mut self, step: &Step) {
        // No two things happen at the same instant.
        self.clock.advance(Duration::from_millis(1));
        match *step {
            Step::Post(conversation) => self.post(conversation),
            Step::Start(hook) => self.start(usize::from(hook)),
            Step::End(which, how) => self.end(which, how),
            Step::Trouble(hook) => self.trouble(usize::from(hook)),
            Step::Die => self.die(),
            Step::Wait(seconds) => self.clock.advance(Duration::from_secs(seconds.into())),
            Step::Pause(hook) => self.pause(usize::from(hook)),
            Step::Resume(hook) => self.resume(usize::from(hook)),
            Step::Disable(hook) => self.disable(usize::from(hook)),
            Step::Resend(which) => self.resend(which),
            Step::Chores => self.chores(),
        }
    }

    fn post(&mut self, conversation: Option<u8>) {
        let (account, actor) = (self.account, self.actor());
        let posted = self.write(move |tx| {
            let mut event: Event = domain::samples::contact().check().map_err(AppError::from)?.to_event(
                tx.new_id(),
                account,
                tx.now(),
            );
            event.context.conversation_id = conversation.map(|it| format!("c{it}"));
            let id = events::record(tx, event)?.id;
            Ok(events::get(tx, &actor, id)?.deliveries)
        });
        self.events += 1;
        for (planned, _) in posted.expect("an event is accepted") {
            let delivery = planned.delivery;
            let hook = self.hooks.iter().position(|it| it.id == delivery.webhook_id).expect("one of them");
            let skipped = self.hooks[hook].state == "disabled";
            let line = conversation.filter(|_| hook == 1 && !skipped);
            let (now, free) = (self.now(), !self.is_taken(hook, line));
            let expected = Expected {
                hook,
                line,
                state: if skipped { "skipped" } else { "pending" },
                attempts: 0,
                failures: 0,
                first: None,
                joined: self.join(),
                due: free.then_some((now, now)),
            };
            self.deliveries.insert(delivery.id, expected);
        }
    }

    fn join(&mut self) -> u64 {
        self.joins += 1;
        self.joins
    }

    /// Whether something of that line is pending.
    fn is_taken(&self, hook: usize, line: Option<u8>) -> bool {
        let same = |it: &&Expected| it.hook == hook && it.line == line && it.state == "pending";
        line.is_some() && self.deliveries.values().any(|it| same(&it))
    }

    /// Reads what is due as a lane does, and starts the first that is not under way.
    fn start(&mut self, hook: usize) {
        let (account, id, now) = (self.account, self.hooks[hook].id, self.now());
        let load = self.write(move |tx| deliveries::load(tx, account, id, beginning(), 1_000));
        let due = load.expect("the store answers").due;
        let expected = &self.hooks[hook];
        let ripe = |it: &Expected| {
            it.hook == hook && it.state == "pending" && it.due.is_some_and(|(_, at)| at <= now)
        };
        let kind = match expected.state {
            "active" => AttemptKind::Scheduled,
            "held" => AttemptKind::Probe,
            _ => return assert!(due.is_empty(), "{} webhooks send nothing", expected.state),
        };
        if kind == AttemptKind::Scheduled {
            for (id, _) in self.deliveries.iter().filter(|(_, it)| ripe(it)) {
                assert!(due.iter().any(|due| due.delivery.id == *id), "{id} is due and is not found");
            }
        } else {
            let waits = |it: &Expected| it.hook == hook && it.state == "pending" && it.due.is_some();
            let wanted = expected.probe_at <= now && self.deliveries.values().any(waits);
            assert_eq!(due.len(), usize::from(wanted), "a probe comes in its time, alone");
        }
        for due in &due {
            let it = &self.deliveries[&due.delivery.id];
            let earliest = it.due.expect("what waits in line is not due").0;
            assert!(
                it.state == "pending" && (kind == AttemptKind::Probe || earliest <= now),
                "{it:?} is not due"
            );
        }
        let flying = |id: Id<Delivery>| self.flights.iter().any(|it| it.due.delivery.id == id);
        let Some(due) = due.into_iter().find(|due| !flying(due.delivery.id)) else { return };
        let epoch = self.leases.epochs[usize::from(Webhook::shard(id))].expect("this node has all shards");
        let lease = Lease { node: self.node, epoch };
        let troubled = self.hooks[hook].failures > 0;
        self.flights.push(Flight { due, kind, lease, began: now, troubled });
    }

    fn end(&mut self, which: u8, how: How) {
        if self.flights.is_empty() {
            return;
        }
        let flight = self.flights.swap_remove(usize::from(which) % self.flights.len());
        let delivery = flight.due.delivery.clone();
        let report = Report {
            delivery,
            policy: domain::RetryPolicy::ThreeDays,
            url: "https://crm.example.com/in".into(),
            kind: flight.kind,
            troubled: flight.troubled,
            outcome: how.outcome(flight.began),
            lease: flight.lease,
        };
        let finished = self.write(move |tx| deliveries::finish(tx, &report)).expect("a result is stored");
        let decided = self.expect_end(&flight, how);
        assert_eq!(finished.is_some(), decided, "whether the result of {how:?} decides");
    }

    fn trouble(&mut self, hook: usize) {
        for _ in 0..11 {
            self.clock.advance(Duration::from_millis(1));
            self.post(None);
            let before = self.flights.len();
            self.start(hook);
            self.clock.advance(Duration::from_millis(1));
            if self.flights.len() > before {
                self.end(before as u8, How::Answered(500));
            }
        }
    }

    fn die(&mut self) {
        let (node, leases) = self
            .write(|tx| {
                let node = tx.new_id();
                Ok((node, nodes::take_all(tx, node)?))
            })
            .expect("leases are taken");
        (self.node, self.leases) = (node, leases);
    }

    fn pause(&mut self, hook: usize) {
        let (actor, id, state) = (self.actor(), self.hooks[hook].id, self.hooks[hook].state);
        let paused = self.write(move |tx| app::webhooks::pause(tx, &actor, id));
        assert_eq!(paused.is_err(), state == "disabled", "{paused:?}");
        match state {
            "active" => self.set_state(hook, "paused", self.now()),
            "held" => self.set_state(hook, "paused", self.hooks[hook].since),
            _ => {}
        }
    }

    fn resume(&mut self, hook: usize) {
        let (actor, id) = (self.actor(), self.hooks[hook].id);
        self.write(move |tx| app::webhooks::resume(tx, &actor, id)).expect("any webhook can be resumed");
        self.let_go(hook);
    }

    fn disable(&mut self, hook: usize) {
        let (actor, id) = (self.actor(), self.hooks[hook].id);
        self.write(move |tx| app::webhooks::disable(tx, &actor, id)).expect("any webhook can be disabled");
        self.expect_disabled(hook);
    }

    fn resend(&mut self, which: u8) {
        if self.deliveries.is_empty() {
            return;
        }
        let place = usize::from(which) % self.deliveries.len();
        let id = *self.deliveries.keys().nth(place).expect("within");
        let expected = self.deliveries[&id].clone();
        let actor = self.actor();
        let sent = self.write(move |tx| deliveries::resend(tx, &actor, id));
        let possible = expected.state != "pending" && self.hooks[expected.hook].state != "disabled";
        assert_eq!(sent.is_ok(), possible, "{sent:?}");
        if possible {
            let (now, free) = (self.now(), !self.is_taken(expected.hook, expected.line));
            let due = free.then_some((now, now));
            let joined = self.join();
            let again = Expected { state: "pending", failures: 0, first: None, joined, due, ..expected };
            self.deliveries.insert(id, again);
        }
    }

    fn chores(&mut self) {
        while self.write(app::holds::watch).expect("the chore runs") {}
        for (account, webhook) in self.write(deliveries::waited_for).expect("the chore runs") {
            self.write(move |tx| deliveries::settle_line(tx, account, webhook)).expect("the chore runs");
        }
        while self.write(deliveries::settle_closed).expect("the chore runs") {}
        let now = self.now();
        for hook in 0..2 {
            let held = self.hooks[hook].state == "held";
            if held && now.since(self.hooks[hook].since) >= Duration::from_secs(5 * 24 * 3_600) {
                self.expect_disabled(hook);
            }
        }
    }
}
