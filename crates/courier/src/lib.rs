//! The courier: HTTP out. It carries deliveries to their webhooks.
//!
//! # The cast
//!
//! - The **dispatcher** owns a **lane** for each webhook that has something to send, and the node's leases.
//! - A **carrier** makes one attempt through the **egress** and stores its result.
//! - The **egress** is the only way out: guard, connection, TLS, one POST, a bounded answer.
//! - The **janitor** does the chores, and the **recoverer** sends many again.
//!
//! # The life of a delivery
//!
//! A commit plans it; the hint brings it, with its event, into its lane without a read. The lane starts it when the
//! webhook's limit in flight and its rate allow. Nothing is written when an attempt starts: holding the lease of the
//! webhook's shard is the claim. When the answer is read the slot is free; the result rides in the next commit, and
//! only then does the delivery leave the lane. A retry is a row in the store with a later `due_at`, found by a tick.
//!
//! # When things fail
//!
//! - The process dies: what was under way is still pending and is sent again, with the same id and bytes.
//! - A hint is lost, or comes from another node: the tick finds the delivery.
//! - The store is away: results wait for it, no new slots become free, and nothing is forgotten.
//! - The lease is lost: the former owner's results match nothing, and it starts no more.

mod attempt;
mod carrier;
mod connection;
mod dispatcher;
pub mod egress;
mod guard;
mod janitor;
mod lane;
mod limit;
pub mod pool;
mod recoverer;
pub mod resolver;
pub mod sender;
mod slots;
mod status;
mod target;
mod tls;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use app::{AppError, BoxFuture, Db, Outbound, TestPlan, nodes, retention::Retention};
use bytes::Bytes;
use domain::{EgressPolicy, Id, Outcome, Refusal};
pub use egress::{Egress, EgressError, EgressSettings, Limits};
pub use pool::Pool;
pub use sender::Post;
pub use status::CourierStatus;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    carrier::Carrier,
    dispatcher::{Dispatcher, Note},
    slots::Slots,
    status::Counters,
};

/// How a node carries deliveries.
#[derive(Clone, Copy, Debug)]
pub struct CourierSettings {
    /// How often the store is asked what is due, hints aside.
    pub tick: Duration,
    /// How long a node's leases hold without renewal, where several nodes share a store.
    pub lease_ttl: Duration,
    /// How many requests all webhooks share, beyond one that each may always have in flight.
    pub max_in_flight: usize,
    /// At most so many deliveries a lane keeps in memory.
    pub lane_size: usize,
    /// Whether to listen to hints. Without them everything waits for the tick; for tests.
    pub use_hints: bool,
    /// How long what is done is kept.
    pub retention: Retention,
}

impl Default for CourierSettings {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(500),
            lease_ttl: Duration::from_secs(15),
            max_in_flight: 1_024,
            lane_size: 128,
            use_hints: true,
            retention: Retention::default(),
        }
    }
}

/// So many results may wait for their commit.
const RESULTS: usize = 1_024;

/// The running courier of a node.
pub struct Courier {
    db: Db,
    node: Id<nodes::Node>,
    egress: Egress,
    counters: Arc<Counters>,
    notes: mpsc::UnboundedSender<Note>,
    dispatcher: JoinHandle<()>,
    stop_chores: CancellationToken,
    give_up: CancellationToken,
}

impl Courier {
    /// Takes the node's leases and starts carrying what is due. Ready when this returns.
    pub async fn start(db: Db, egress: Egress, settings: CourierSettings) -> Result<Courier, AppError> {
        let ttl = settings.lease_ttl;
        let now = Instant::now();
        let exclusive = db.is_exclusive();
        let (node, leases) = db
            .write(move |tx| {
                let node = tx.new_id();
                let leases = if exclusive { nodes::take_all(tx, node) } else { nodes::renew(tx, node, ttl) };
                leases.map(|leases| (node, leases))
            })
            .await?;
        let (notes, received) = mpsc::unbounded_channel();
        let (stop_chores, give_up) = (CancellationToken::new(), CancellationToken::new());
        let counters = Arc::<Counters>::default();
        let carrier = Carrier {
            db: db.clone(),
            egress: egress.clone(),
            notes: notes.clone(),
            results: Semaphore::new(RESULTS),
            give_up: give_up.clone(),
        };
        let never = now + Duration::from_secs(60 * 60 * 24 * 365 * 30);
        let dispatcher = Dispatcher {
            db: db.clone(),
            node,
            settings,
            carrier: Arc::new(carrier),
            counters: Arc::clone(&counters),
            notes: received,
            own: notes.clone(),
            lanes: HashMap::new(),
            slots: Slots::new(settings.max_in_flight),
            leases,
            leased_until: (!exclusive).then_some(now + ttl - ttl / 5),
            paced: BTreeSet::new(),
            next_tick: now,
            last_tick: now,
            while_began: now,
            asking: false,
            next_renewal: if exclusive { never } else { now + ttl / 5 },
            settling: Vec::new(),
            stopping: false,
        };
        let dispatcher = tokio::spawn(dispatcher.run());
        tokio::spawn(janitor::run(db.clone(), settings.retention, stop_chores.clone()));
        tokio::spawn(janitor::watch_conversations(db.clone(), stop_chores.clone()));
        tokio::spawn(recoverer::run(db.clone(), node, stop_chores.clone()));
        Ok(Courier { db, node, egress, counters, notes, dispatcher, stop_chores, give_up })
    }

    /// The way out for what is no delivery: tests, and checks of URLs.
    pub fn outbound(&self) -> Arc<dyn Outbound> {
        Arc::new(Door(self.egress.clone()))
    }

    /// A cheap way to ask for the status again and again.
    pub fn watch(&self) -> impl Fn() -> CourierStatus + Send + Sync + 'static {
        let (counters, notes, stop) =
            (Arc::clone(&self.counters), self.notes.clone(), self.stop_chores.clone());
        move || CourierStatus {
            ready: !notes.is_closed() && !stop.is_cancelled(),
            lanes: counters.lanes.get(),
            in_flight: counters.in_flight.get(),
            attempts: counters.attempts.get(),
            delivered: counters.delivered.get(),
            notices: counters.notices.get(),
        }
    }

    /// Stops softly: nothing more is started, and what is under way has `patience` to end and be stored. Then the
    /// leases are given up, so that another node need not wait.
    pub async fn stop(mut self, patience: Duration) {
        self.stop_chores.cancel();
        let _ = self.notes.send(Note::Stop);
        if timeout(patience, &mut self.dispatcher).await.is_err() {
            tracing::warn!(
                "attempts were still under way at the end of the stop's patience; they will be made again"
            );
            self.dispatcher.abort();
        }
        self.give_up.cancel();
        let node = self.node;
        if let Err(error) = self.db.write(move |tx| nodes::release(tx, node)).await {
            tracing::warn!(%error, "the node's leases were not given up; they end by themselves");
        }
    }

    /// Waits until nothing is due at the store's present instant and nothing is under way.
    pub async fn settle(&self) {
        let (reply, settled) = oneshot::channel();
        let _ = self.notes.send(Note::Settle(reply));
        // An error says that the dispatcher is gone, and with it everything under way.
        let _ = settled.await;
    }
}

/// What use cases get of the egress.
struct Door(Egress);

impl Outbound for Door {
    fn policy(&self) -> &EgressPolicy {
        self.0.policy()
    }

    fn verdict<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<String>, Refusal>> {
        Box::pin(self.0.verdict(url))
    }

    fn send_test<'a>(&'a self, plan: &'a TestPlan) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let TestPlan { webhook, event } = plan;
            let body = Bytes::from(event.body(webhook.body).unwrap_or_default());
            self.0.send(&Pool::default(), &Post { webhook, event, body, test: true }).await
        })
    }
}
