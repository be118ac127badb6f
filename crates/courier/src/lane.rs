//! A lane: one webhook's deliveries on their way out of this node.
//!
//! It holds a bounded queue of what is due next, in order; what does not fit stays in the store and is read when the
//! lane is half empty. A slow receiver fills its own lane and nothing else. The lane is a plain state machine without
//! I/O: the dispatcher tells it what happened and starts what it says.

use std::{
    collections::{HashSet, VecDeque},
    mem,
    sync::Arc,
    time::Duration,
};

use app::{
    deliveries::{Due, Load},
    holds::Effect,
};
use domain::{Account, AttemptKind, Delivery, Id, Timestamp, Webhook, WebhookState, hold::Sign};
use tokio::time::Instant;

use crate::{limit::Limit, pool::Pool};

/// One webhook's queue and what of it is under way.
pub(crate) struct Lane {
    pub(crate) account: Id<Account>,
    /// None until it is read, and again after it changed: nothing is sent with old settings.
    webhook: Option<Arc<Webhook>>,
    /// Whether to read it again although it may still be right.
    stale: bool,
    /// Whether a reading found that it was deleted. Nothing brings it back, so there is nothing left to read.
    gone: bool,
    /// Whether it was held when it was last read.
    held: bool,
    /// Whether its receiver is known to have failed since it last succeeded.
    troubled: bool,
    pub(crate) pool: Arc<Pool>,
    queue: VecDeque<Due>,
    /// How many bytes of data are queued.
    bytes: usize,
    room: Room,
    /// Everything queued or under way, so that nothing is sent twice at once.
    present: HashSet<Id<Delivery>>,
    /// Planned a moment ago and read from the store, in this and in the last while: their hints may still come, even
    /// when they are done.
    ahead: [HashSet<Id<Delivery>>; 2],
    limit: Limit,
    /// The limit in flight that its owner set.
    most: u32,
    /// How many requests are on the wire.
    in_flight: u32,
    /// How many were ever started.
    started: u64,
    /// Whether the store may hold due deliveries that are not here. Then new ones wait there too, behind them.
    behind: bool,
    /// Whether a new one was left in the store since the last reading began, which may not have seen it.
    missed: bool,
    /// Where the last reading of the store ended; at its start unless the lane is behind.
    place: (Timestamp, Id<Delivery>),
    /// Whether a reading is under way, and what ended since it began: the reading may still show that as pending.
    reading: Option<HashSet<Id<Delivery>>>,
    /// Whether the settings changed since that reading began: then it may bring the old ones.
    overtaken: bool,
    /// The delivery whose result decides whether the webhook is disabled, or whether it is still held.
    deciding: Option<Id<Delivery>>,
    /// When the next attempt may start, if the webhook has a rate.
    next_start: Instant,
    /// When there was last something to do.
    pub(crate) used: Instant,
    /// When the lane was last reminded and took it to heart.
    reminded: Instant,
}

/// A lane that is never at rest looks this often for what no hint brings, such as retries.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How much a lane may keep in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) deliveries: usize,
    /// Bytes of data; one delivery fits always.
    pub(crate) bytes: usize,
}

/// What a lane wants to be read besides its webhook's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Deliveries that come after this place.
    pub(crate) after: (Timestamp, Id<Delivery>),
    /// At most so many; none if there is no room for them.
    pub(crate) limit: usize,
}

/// What a lane wants its dispatcher to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this now.
    Send(Start),
    /// Ask again when a shared slot is free.
    Slot,
    /// Ask again then: the rate allows no more before.
    Wait(Instant),
    /// Nothing for now.
    Rest,
}

/// An attempt to be started.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) webhook: Arc<Webhook>,
    pub(crate) due: Box<Due>,
    pub(crate) kind: AttemptKind,
    /// Counts the lane's attempts.
    pub(crate) number: u64,
    /// Whether it needs a slot; a lane's only request needs none.
    pub(crate) shared: bool,
    pub(crate) troubled: bool,
}

/// What is known of an attempt whose answer was read, or to which none came, before its result is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) number: u64,
    pub(crate) shared: bool,
    pub(crate) sign: Sign,
    /// The delivery, if its result decides whether the webhook is disabled.
    pub(crate) deciding: Option<Id<Delivery>>,
}

impl Lane {
    pub(crate) fn new(account: Id<Account>, room: Room, now: Instant) -> Self {
        Self {
            account,
            webhook: None,
            stale: false,
            gone: false,
            held: false,
            troubled: false,
            pool: Arc::default(),
            queue: VecDeque::new(),
            bytes: 0,
            room,
            present: HashSet::new(),
            ahead: Default::default(),
            limit: Limit::new(),
            most: Webhook::DEFAULT_MAX_IN_FLIGHT,
            in_flight: 0,
            started: 0,
            behind: false,
            missed: false,
            place: start(),
            reading: None,
            overtaken: false,
            deciding: None,
            next_start: now,
            used: now,
            reminded: now,
        }
    }

    /// How much it may keep from now on.
    pub(crate) fn set_room(&mut self, room: Room) {
        self.room = room;
    }

    /// How many deliveries to queue: what may be in flight twice over, so that a receiver that takes little keeps little
    /// in memory.
    fn capacity(&self) -> usize {
        (self.limit.get(self.most) as usize * 2).max(LEAST).min(self.room.deliveries)
    }

    fn is_full(&self) -> bool {
        self.queue.len() >= self.capacity() || self.bytes >= self.room.bytes
    }

    fn push(&mut self, due: Due) {
        if self.present.insert(due.delivery.id) {
            self.bytes += size(&due);
            self.queue.push_back(due);
        }
    }

    /// Takes a delivery that was just planned, if it may come next; otherwise it waits in the store.
    pub(crate) fn offer(&mut self, due: Due) {
        if self.gone || self.webhook.as_ref().is_some_and(|webhook| webhook.state != WebhookState::Active) {
            return;
        }
        if self.ahead.iter_mut().any(|ahead| ahead.remove(&due.delivery.id)) {
            return;
        }
        // Until it is known what was there before, nothing goes before it.
        if self.webhook.is_none() || self.behind || self.is_full() {
            (self.behind, self.missed) = (true, true);
        } else {
            self.push(due);
        }
    }

    /// Whether the store should be read now; if so, from where and how many deliveries besides the settings. The caller
    /// then reads, and calls [`Lane::loaded`].
    pub(crate) fn wants_reading(&mut self) -> Option<Reading> {
        let capacity = self.capacity();
        let room = self.queue.len() * 2 <= capacity && self.bytes * 2 <= self.room.bytes;
        let unknown = self.webhook.is_none();
        let wanted = unknown || self.stale || (self.behind && room);
        if self.gone || !wanted || self.reading.is_some() {
            return None;
        }
        self.reading = Some(HashSet::new());
        let deliveries = room && (unknown || self.behind);
        self.missed &= !deliveries;
        Some(Reading { after: self.place, limit: if deliveries { capacity } else { 0 } })
    }

    /// Takes what a reading found; `limit` is what it asked for.
    pub(crate) fn loaded(&mut self, load: Load, limit: usize) {
        let ended = self.reading.take().unwrap_or_default();
        if mem::take(&mut self.overtaken) {
            // The next reading brings it all again.
            return;
        }
        let state = load.webhook.as_ref().map(|webhook| webhook.state);
        self.gone = load.webhook.is_none();
        self.webhook = load.webhook.map(Arc::new);
        self.most = self.webhook.as_ref().map_or(self.most, |webhook| webhook.max_in_flight);
        self.stale = false;
        let was_held = mem::replace(&mut self.held, state == Some(WebhookState::Held));
        if state != Some(WebhookState::Active) {
            // What waits is in the store; what is on the wire ends as it ends.
            self.forget_queue();
            let probe = load.due.into_iter().next().filter(|due| !ended.contains(&due.delivery.id));
            if let Some(probe) = probe.filter(|_| self.held && self.deciding.is_none()) {
                self.push(probe);
            }
            return;
        }
        if was_held {
            self.limit.ramp();
        }
        self.troubled |= self.webhook.as_ref().is_some_and(|webhook| webhook.health.failures > 0);
        if limit > 0 {
            self.take(load.due, limit, &ended, load.at);
        }
    }

    fn take(&mut self, due: Vec<Due>, limit: usize, ended: &HashSet<Id<Delivery>>, at: Timestamp) {
        let mut more = due.len() >= limit;
        let mut last = None;
        for due in due {
            if self.is_full() {
                more = true;
                break;
            }
            last = Some((due.delivery.due_at, due.delivery.id));
            let new = due.delivery.attempts == 0 && at.since(due.delivery.created_at) < HINTS_COME_WITHIN;
            if !ended.contains(&due.delivery.id) && !self.present.contains(&due.delivery.id) {
                if new {
                    self.ahead[0].insert(due.delivery.id);
                }
                self.push(due);
            }
        }
        self.behind = more || self.missed;
        self.place = last.filter(|_| more).unwrap_or_else(start);
    }

    /// A while has passed: hints of what was read before the last one have come, or will not.
    pub(crate) fn a_while_passed(&mut self) {
        self.ahead.rotate_right(1);
        self.ahead[0].clear();
    }

    /// The reading failed; a later one tries again.
    pub(crate) fn not_loaded(&mut self) {
        (self.reading, self.overtaken) = (None, false);
    }

    /// The webhook's settings may have changed without a hint: reads them again, and goes on meanwhile.
    pub(crate) fn refresh(&mut self) {
        self.stale = true;
    }

    /// Hints were lost: the settings may have changed, and anything may be due.
    pub(crate) fn lost_hints(&mut self) {
        self.outdated();
        (self.behind, self.missed) = (true, true);
    }

    /// The webhook's settings are no longer what they were.
    pub(crate) fn outdated(&mut self) {
        self.webhook = None;
        self.overtaken = self.reading.is_some();
    }

    /// The store has deliveries due that the lane may not know of. While it has enough to do they are most likely those
    /// that it has.
    pub(crate) fn remind(&mut self, now: Instant) {
        let probing = self.held && self.deciding.is_some();
        let at_rest = self.queue.is_empty() && self.in_flight < self.limit.get(self.most);
        let overdue = now.saturating_duration_since(self.reminded) >= LOOK_AGAIN;
        if (at_rest || overdue) && !probing {
            (self.behind, self.reminded) = (true, now);
        }
    }

    /// What to do next; `slots` says whether a shared slot is free.
    pub(crate) fn step(&mut self, now: Instant, slots: bool) -> Step {
        let Some(webhook) = self.webhook.clone() else {
            return Step::Rest;
        };
        let kind = match webhook.state {
            WebhookState::Active => AttemptKind::Scheduled,
            WebhookState::Held => AttemptKind::Probe,
            WebhookState::Paused | WebhookState::Disabled(_) => return Step::Rest,
        };
        let full = kind == AttemptKind::Scheduled && self.in_flight >= self.limit.get(self.most);
        if self.deciding.is_some() || full || self.queue.is_empty() {
            return Step::Rest;
        }
        let shared = self.in_flight > 0;
        if shared && !slots {
            return Step::Slot;
        }
        if let Some(rate) = webhook.rate_per_second {
            if now < self.next_start {
                return Step::Wait(self.next_start);
            }
            // Starts are spaced evenly, and what was not used before is not made up for.
            self.next_start = self.next_start.max(now) + Duration::from_secs(1) / rate;
        }
        let Some(due) = self.queue.pop_front() else {
            return Step::Rest;
        };
        self.bytes -= size(&due);
        if kind == AttemptKind::Probe {
            self.deciding = Some(due.delivery.id);
        }
        (self.in_flight, self.started, self.used) = (self.in_flight + 1, self.started + 1, now);
        let (number, troubled) = (self.started, self.troubled);
        Step::Send(Start { webhook, due: Box::new(due), kind, number, shared, troubled })
    }

    /// An answer was read, or none came: its place is free. The result is not stored yet. If it may disable the webhook,
    /// nothing more is started until it is.
    pub(crate) fn answered(&mut self, answered: Answered) {
        self.deciding = answered.deciding.or(self.deciding);
        self.in_flight = self.in_flight.saturating_sub(1);
        self.limit.heard(answered.sign, answered.number, self.started, self.most);
    }

    /// The result of an attempt is stored, with this effect if it decided.
    pub(crate) fn ended(&mut self, id: Id<Delivery>, effect: Effect) {
        self.troubled = effect.troubled.unwrap_or(self.troubled);
        if self.deciding == Some(id) {
            self.deciding = None;
            self.outdated();
        }
        if effect.changed {
            self.outdated();
        }
        self.present.remove(&id);
        if let Some(ended) = &mut self.reading {
            ended.insert(id);
        }
    }

    /// The node no longer holds the webhook's shard: nothing more is sent from here.
    pub(crate) fn lose(&mut self) {
        self.forget_queue();
        self.webhook = None;
    }

    fn forget_queue(&mut self) {
        for due in self.queue.drain(..) {
            self.present.remove(&due.delivery.id);
        }
        (self.bytes, self.behind, self.place) = (0, false, start());
    }

    /// Whether nothing is queued, under way or being read.
    pub(crate) fn is_idle(&self) -> bool {
        self.present.is_empty() && self.reading.is_none()
    }
}

/// A lane's queue has at least so many places.
pub(crate) const LEAST: usize = 16;
/// A hint follows its commit at once; only a machine that is short of everything makes it wait.
const HINTS_COME_WITHIN: Duration = Duration::from_secs(10);

/// What of a delivery takes up memory beyond the ordinary.
fn size(due: &Due) -> usize {
    due.event.data.as_ref().map_or(0, String::len)
}

/// Before everything.
fn start() -> (Timestamp, Id<Delivery>) {
    (Timestamp::from_micros(i64::MIN), Id::from_uuid(domain::id::Uuid::nil()))
}

#[cfg(test)]
mod tests;
