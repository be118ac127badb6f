//! The dispatcher: one task that owns all lanes of a node and decides what is sent when.
//!
//! It is woken by hints (a commit planned deliveries, a webhook changed), by the ends of attempts, and by a tick that
//! asks the store what is due. Hints make it quick; the tick makes it complete: with every hint lost, everything is
//! still sent. Reading, sending and storing happen in tasks of their own that report back by a [`Note`].

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use app::{
    AppError, Changed, Db, Noticed, Planned, Signal, Subscription,
    deliveries::{self, Due, Finished, Lease, Load, Waiting},
    nodes::{self, Leases, Node},
};
use domain::{Account, Delivery, DeliveryState, Id, Timestamp, Webhook};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender},
        oneshot,
    },
    time::Instant,
};

use crate::{
    CourierSettings,
    carrier::Carrier,
    lane::{Answered, LEAST, Lane, Reading, Room, Step},
    slots::Slots,
    status::Counters,
};

/// What tasks and handles tell the dispatcher.
pub(crate) enum Note {
    /// An answer was read, or none came.
    Answered(Id<Webhook>, Answered),
    /// The result of an attempt is stored; what became of it, if this node decided.
    Ended(Id<Webhook>, Id<Delivery>, Option<Finished>),
    /// A lane's webhook and at most so many due deliveries were read, or could not be.
    Loaded(Id<Webhook>, usize, Result<Load, AppError>),
    /// What the tick found.
    Found(Result<Vec<Waiting>, AppError>),
    /// The leases were renewed by a request that began then, or could not be.
    Renewed(Instant, Result<Leases, AppError>),
    /// Tests: say when nothing is due any more.
    Settle(oneshot::Sender<()>),
    /// Start nothing more; end when nothing is under way.
    Stop,
}

pub(crate) struct Dispatcher {
    pub(crate) db: Db,
    pub(crate) node: Id<Node>,
    pub(crate) settings: CourierSettings,
    pub(crate) carrier: Arc<Carrier>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) notes: UnboundedReceiver<Note>,
    pub(crate) own: UnboundedSender<Note>,
    pub(crate) lanes: HashMap<Id<Webhook>, Lane>,
    pub(crate) slots: Slots,
    pub(crate) leases: Leases,
    /// Until when the leases are surely ours, by the clock that nobody sets.
    pub(crate) leased_until: Option<Instant>,
    /// When the rate of which lanes lets them start something.
    pub(crate) paced: BTreeSet<(Instant, Id<Webhook>)>,
    pub(crate) next_tick: Instant,
    pub(crate) last_tick: Instant,
    pub(crate) while_began: Instant,
    /// Whether the tick's question is with the store.
    pub(crate) asking: bool,
    pub(crate) next_renewal: Instant,
    /// Who waits for everything to be done, and whether the store was asked since.
    pub(crate) settling: Vec<(oneshot::Sender<()>, bool)>,
    pub(crate) stopping: bool,
}

/// A lane that had nothing to do for so long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(60);
/// Ticks look at every webhook that has something pending, so they do not come one after the other.
const SOONEST: Duration = Duration::from_millis(20);
/// Longer than a hint takes from its commit to here.
const A_WHILE: Duration = Duration::from_secs(1);
/// So many deliveries all lanes together keep in memory, and so many bytes of data; but each a few.
const QUEUED: usize = 32_768;
const QUEUED_BYTES: usize = 64 * 1024 * 1024;
/// And no lane more bytes than this.
const LANE_BYTES: usize = 1024 * 1024;

impl Dispatcher {
    /// Runs until told to stop and nothing is under way.
    pub(crate) async fn run(mut self) {
        let mut signals = self.settings.use_hints.then(|| self.db.subscribe());
        while !(self.stopping && self.lanes.values().all(Lane::is_idle)) {
            let paced = self.paced.first().map_or(self.next_tick, |(until, _)| *until);
            let timer = self.next_tick.min(self.next_renewal).min(paced);
            tokio::select! {
                Some(note) = self.notes.recv() => self.note(note),
                heard = next(&mut signals) => self.hear_all(&heard),
                () = tokio::time::sleep_until(timer) => self.tick(),
            }
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Answered(webhook, answered) => self.answered(webhook, answered),
            Note::Ended(webhook, delivery, finished) => self.ended(webhook, delivery, finished.as_ref()),
            Note::Loaded(webhook, limit, Ok(load)) => {
                self.with_lane(webhook, |lane| lane.loaded(load, limit));
                self.settle();
            }
            Note::Loaded(webhook, _, Err(error)) => {
                tracing::warn!(webhook.id = %webhook, %error, "due deliveries could not be read; trying again");
                // Without an immediate step: the next tick reminds the lane.
                if let Some(lane) = self.lanes.get_mut(&webhook) {
                    lane.not_loaded();
                }
            }
            Note::Found(found) => self.found(found),
            Note::Renewed(began, renewed) => self.renewed(began, renewed),
            Note::Settle(reply) => {
                self.settling.push((reply, false));
                self.ask();
            }
            Note::Stop => self.stopping = true,
        }
    }

    fn hear_all(&mut self, signals: &[Signal]) {
        if signals.is_empty() {
            // Some were lost: any webhook may have changed, and anything may be due.
            self.lanes.values_mut().for_each(Lane::lost_hints);
            self.tick_soon();
        }
        signals.iter().for_each(|signal| self.hear(signal));
    }

    fn hear(&mut self, signal: &Signal) {
        match signal {
            Signal::DeliveriesDue(planned) => self.planned(planned),
            Signal::Changed(_, Changed::Webhook(id)) => {
                self.with_lane(*id, Lane::outdated);
                // It may have come back to life with deliveries waiting.
                self.tick_soon();
            }
            Signal::Changed(_, Changed::Deliveries(_)) => self.tick_soon(),
            Signal::Changed(..) => {}
            Signal::Noticed(notice) => {
                self.counters.notices.inc();
                let Noticed { webhook, name, state, reason, since, .. } = &**notice;
                tracing::warn!(webhook.id = %webhook, webhook.name = name, state, reason, %since, "a webhook needs its owner");
            }
        }
    }

    fn planned(&mut self, planned: &Planned) {
        for delivery in &planned.deliveries {
            let due = Due { delivery: delivery.clone(), event: Arc::clone(&planned.event) };
            if self.lease(delivery.webhook_id).is_some() {
                self.open_lane(delivery.account, delivery.webhook_id).offer(due);
                self.advance(delivery.webhook_id);
            }
        }
    }

    fn answered(&mut self, webhook: Id<Webhook>, answered: Answered) {
        self.counters.in_flight.dec();
        self.with_lane(webhook, |lane| lane.answered(answered));
        let account = self.lanes.get(&webhook).map(|lane| lane.account);
        if let Some(account) = account.filter(|_| answered.shared) {
            self.slots.give(account);
            while let Some(next) = self.slots.next() {
                self.start(next, 1);
            }
        }
    }

    fn ended(&mut self, webhook: Id<Webhook>, delivery: Id<Delivery>, finished: Option<&Finished>) {
        self.counters.attempts.inc();
        match finished.map(|finished| &finished.delivery) {
            Some(next) if next.state == DeliveryState::Delivered => self.counters.delivered.inc(),
            Some(next) if next.state == DeliveryState::Pending => self.wake_at(next.due_at),
            _ => {}
        }
        let effect = finished.map(|finished| finished.effect).unwrap_or_default();
        self.with_lane(webhook, |lane| lane.ended(delivery, effect));
        self.settle();
    }

    /// Makes sure that a tick happens when something becomes due.
    fn wake_at(&mut self, due_at: Timestamp) {
        let wait = due_at.since(self.db.ambient().clock.now());
        let at = (Instant::now() + wait).max(self.last_tick + SOONEST);
        self.next_tick = self.next_tick.min(at);
    }

    /// Asks the store soon, although nothing is known to be due.
    fn tick_soon(&mut self) {
        self.next_tick = self.next_tick.min(self.last_tick + SOONEST);
    }

    fn tick(&mut self) {
        let now = Instant::now();
        while let Some((until, id)) = self.paced.first().copied()
            && until <= now
        {
            self.paced.pop_first();
            self.advance(id);
        }
        if now >= self.next_renewal {
            self.renew(now);
        }
        if now < self.next_tick {
            return;
        }
        (self.last_tick, self.next_tick) = (now, now + self.settings.tick);
        let sharing = !self.db.is_exclusive();
        let lanes: Vec<Id<Webhook>> = self.lanes.keys().copied().collect();
        self.lanes.retain(|_, lane| !(lane.is_idle() && now.duration_since(lane.used) > FORGET_AFTER));
        let room = self.room();
        let a_while_passed = now.duration_since(self.while_began) >= A_WHILE;
        if a_while_passed {
            self.while_began = now;
        }
        for id in lanes {
            if let Some(lane) = self.lanes.get_mut(&id) {
                lane.set_room(room);
                if a_while_passed {
                    lane.a_while_passed();
                }
                // Hints of other nodes do not get here, so settings are read again.
                if sharing {
                    lane.refresh();
                }
            }
            self.advance(id);
        }
        self.ask();
    }

    /// Asks the store which webhooks have something due.
    fn ask(&mut self) {
        if !self.asking && !self.stopping {
            self.asking = true;
            self.settling.iter_mut().for_each(|(_, asked)| *asked = true);
            let (db, node, own) = (self.db.clone(), self.node, self.own.clone());
            tokio::spawn(async move {
                let found = db.read(move |tx| deliveries::waiting(tx, node)).await;
                let _ = own.send(Note::Found(found));
            });
        }
    }

    fn found(&mut self, found: Result<Vec<Waiting>, AppError>) {
        self.asking = false;
        let now = self.db.ambient().clock.now();
        let mut all_done = false;
        match found {
            Ok(found) => {
                let (due, later): (Vec<Waiting>, Vec<Waiting>) =
                    found.into_iter().partition(|it| it.due_at <= now);
                all_done = due.is_empty();
                later.iter().map(|it| it.due_at).min().into_iter().for_each(|first| self.wake_at(first));
                for waiting in due {
                    self.open_lane(waiting.account, waiting.webhook).remind(Instant::now());
                    self.advance(waiting.webhook);
                }
            }
            Err(error) => tracing::warn!(%error, "what is due could not be read; trying again"),
        }
        if all_done && self.is_idle() {
            for (reply, _) in self.settling.extract_if(.., |(_, asked)| *asked) {
                // Whoever asked may have gone.
                let _ = reply.send(());
            }
        }
        self.settle();
    }

    /// While somebody waits for everything to be done, the store is asked again whenever nothing is under way.
    fn settle(&mut self) {
        if !self.settling.is_empty() && self.is_idle() {
            self.ask();
        }
    }

    fn is_idle(&self) -> bool {
        self.lanes.values().all(Lane::is_idle)
    }

    /// Changes a lane, if there is one, and goes on with it.
    fn with_lane(&mut self, webhook: Id<Webhook>, change: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.lanes.get_mut(&webhook) {
            change(lane);
            self.advance(webhook);
        }
    }

    fn open_lane(&mut self, account: Id<Account>, webhook: Id<Webhook>) -> &mut Lane {
        let room = self.room();
        self.lanes.entry(webhook).or_insert_with(|| Lane::new(account, room, Instant::now()))
    }

    /// What each lane may keep in memory: the more lanes, the less.
    fn room(&self) -> Room {
        let lanes = self.lanes.len().max(1);
        Room {
            deliveries: (QUEUED / lanes).clamp(LEAST, self.settings.lane_size.max(LEAST)),
            bytes: (QUEUED_BYTES / lanes).clamp(64 * 1024, LANE_BYTES),
        }
    }

    /// Starts what a lane can start, and reads what it needs.
    fn advance(&mut self, id: Id<Webhook>) {
        self.start(id, usize::MAX);
    }

    /// The same, with at most so many of the shared slots.
    fn start(&mut self, id: Id<Webhook>, mut allowance: usize) {
        let lease = self.lease(id);
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        let Some(lease) = lease else { return lane.lose() };
        if self.stopping {
            return lane.lose();
        }
        let now = Instant::now();
        let account = lane.account;
        loop {
            match lane.step(now, allowance > 0 && self.slots.are_free(account)) {
                Step::Send(start) => {
                    if start.shared {
                        self.slots.take(account);
                        allowance -= 1;
                    }
                    self.counters.in_flight.inc();
                    let (carrier, pool) = (Arc::clone(&self.carrier), Arc::clone(&lane.pool));
                    tokio::spawn(carrier.carry(start, pool, lease));
                }
                Step::Slot => {
                    self.slots.wait(account, id);
                    break;
                }
                Step::Wait(until) => {
                    self.paced.insert((until, id));
                    break;
                }
                Step::Rest => break,
            }
        }
        self.counters.lanes.set(self.lanes.len());
        self.read(id);
    }

    fn read(&mut self, id: Id<Webhook>) {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        let Some(Reading { after, limit }) = lane.wants_reading() else {
            return;
        };
        let account = lane.account;
        let most = u32::try_from(limit).unwrap_or(u32::MAX);
        let (db, own) = (self.db.clone(), self.own.clone());
        tokio::spawn(async move {
            let load = db.read(move |tx| deliveries::load(tx, account, id, after, most)).await;
            let _ = own.send(Note::Loaded(id, limit, load));
        });
    }

    /// The right to send for a webhook, if this node has it now.
    fn lease(&self, webhook: Id<Webhook>) -> Option<Lease> {
        let held = self.leased_until.is_none_or(|until| Instant::now() < until);
        let epoch = self.leases.epochs[usize::from(Webhook::shard(webhook))]?;
        held.then_some(Lease { node: self.node, epoch })
    }

    fn renew(&mut self, now: Instant) {
        // Until the answer comes, which sets the next time.
        self.next_renewal = now + self.settings.lease_ttl;
        let (db, node, own, ttl) = (self.db.clone(), self.node, self.own.clone(), self.settings.lease_ttl);
        tokio::spawn(async move {
            let renewed = db.write(move |tx| nodes::renew(tx, node, ttl)).await;
            let _ = own.send(Note::Renewed(now, renewed));
        });
    }

    fn renewed(&mut self, began: Instant, renewed: Result<Leases, AppError>) {
        let ttl = self.settings.lease_ttl;
        self.next_renewal = began + ttl / 5;
        match renewed {
            Ok(leases) => {
                // A margin for clocks that do not run alike, and for a request already being written.
                self.leased_until = Some(began + ttl - ttl / 5);
                if leases.epochs != self.leases.epochs {
                    self.tick_soon();
                }
                self.leases = leases;
            }
            Err(error) => {
                tracing::warn!(%error, "the node's leases could not be renewed; trying again");
            }
        }
    }
}

async fn next(signals: &mut Option<Subscription>) -> Arc<[Signal]> {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}
