//! What each end of an attempt and each change of a webhook must lead to, and the comparison with what the store has.

use std::time::Duration;

use app::deliveries::{self, DeliveryFilter};
use domain::{AttemptKind, Delivery, Id, Timestamp, Webhook};

use super::{
    law,
    world::{Flight, How, World},
};

impl World {
    /// Follows the end of an attempt; whether it decides about its delivery.
    pub(super) fn expect_end(&mut self, flight: &Flight, how: How) -> bool {
        let (id, snapshot) = (flight.due.delivery.id, &flight.due.delivery);
        let shard = usize::from(Webhook::shard(snapshot.webhook_id));
        let current = flight.lease.node == self.node && self.leases.epochs[shard] == Some(flight.lease.epoch);
        let taken = matches!(how, How::Answered(200));
        let it = self.deliveries.get_mut(&id).expect("it was planned");
        let believed =
            it.state == "pending" && it.attempts == snapshot.attempts && it.failures == snapshot.failures;
        it.attempts += 1;
        if !(current && believed) {
            if taken && it.state != "delivered" {
                it.state = "delivered";
                self.move_line_on(id);
            }
            return false;
        }
        if taken {
            it.state = "delivered";
        } else if matches!(how, How::CalledOff) {
            it.state = "exhausted";
        } else if matches!(how, How::Answered(410)) {
            it.state = "skipped";
        } else if flight.kind == AttemptKind::Scheduled {
            self.expect_failure(id, flight, how);
        }
        // A probe that fails leaves the schedule as it is, also where somebody resumed meanwhile and moved it.
        if flight.kind == AttemptKind::Scheduled {
            let it = self.deliveries.get_mut(&id).expect("it was planned");
            it.first = Some(snapshot.started_at.unwrap_or(flight.began));
            it.failures = snapshot.failures + u32::from(!taken);
        }
        self.move_line_on(id);
        self.expect_of_hook(flight, how);
        true
    }

    fn expect_failure(&mut self, id: Id<Delivery>, flight: &Flight, how: How) {
        let snapshot = &flight.due.delivery;
        let patience = match how {
            How::AsksForPatience(seconds) => u64::from(seconds),
            _ => 0,
        };
        let first = snapshot.started_at.unwrap_or(flight.began);
        let next = law::after_failure(snapshot.failures + 1, first, self.now(), patience);
        // Between the two the jitter decides, and the store tells how.
        let given_up = next.may_end && (!next.may_go_on || self.stored(id).state.as_str() == "exhausted");
        let it = self.deliveries.get_mut(&id).expect("it was planned");
        it.due = Some((next.earliest, next.latest));
        if given_up {
            it.state = "exhausted";
        }
    }

    fn expect_of_hook(&mut self, flight: &Flight, how: How) {
        let (now, place) = (self.now(), self.deliveries[&flight.due.delivery.id].hook);
        if matches!(how, How::Answered(410)) {
            return self.expect_disabled(place);
        }
        let taken = matches!(how, How::Answered(200));
        let hook = &mut self.hooks[place];
        if flight.kind == AttemptKind::Probe {
            if hook.state != "held" {
                return;
            }
            // Who calls an event off is there.
            if taken || matches!(how, How::CalledOff) {
                return self.let_go(place);
            }
            hook.probes += 1;
            hook.probe_at = now + law::probe_wait(hook.probes);
            return;
        }
        if hook.state != "active" || matches!(how, How::CalledOff | How::OurFault) {
            return;
        }
        if taken {
            // A success that began before the row of failures says nothing of it.
            if flight.troubled {
                (hook.failures, hook.counted_at) = (0, None);
            }
        } else if hook.counted_at.is_none_or(|counted| counted < flight.began) {
            (hook.failures, hook.counted_at) = (hook.failures + 1, Some(now));
            if hook.failures == 10 {
                self.set_state(place, "held", now);
                self.hooks[place].probe_at = now + law::probe_wait(0);
            }
        }
    }

    pub(super) fn set_state(&mut self, hook: usize, state: &'static str, since: Timestamp) {
        let hook = &mut self.hooks[hook];
        (hook.state, hook.since, hook.failures, hook.counted_at, hook.probes) = (state, since, 0, None, 0);
    }

    /// Active again: what stood still goes on where it was.
    pub(super) fn let_go(&mut self, hook: usize) {
        let now = self.now();
        let stood = match self.hooks[hook].state {
            "active" => return,
            "held" | "paused" => now.since(self.hooks[hook].since),
            _ => Duration::ZERO,
        };
        for it in self.deliveries.values_mut().filter(|it| it.hook == hook && it.state == "pending") {
            if let (Some(first), Some((earliest, latest))) = (it.first, it.due) {
                it.first = Some(first + stood);
                it.due = Some((earliest + stood, latest + stood));
            }
        }
        self.set_state(hook, "active", now);
    }

    pub(super) fn expect_disabled(&mut self, hook: usize) {
        if self.hooks[hook].state != "disabled" {
            self.set_state(hook, "disabled", self.now());
        }
        for it in self.deliveries.values_mut().filter(|it| it.hook == hook && it.state == "pending") {
            it.state = "skipped";
        }
    }

    /// The next of its line is due once a delivery is done.
    fn move_line_on(&mut self, done: Id<Delivery>) {
        let (now, it) = (self.now(), self.deliveries[&done].clone());
        if it.line.is_none() || it.state == "pending" {
            return;
        }
        let same = |other: &&mut super::world::Expected| {
            other.hook == it.hook && other.line == it.line && other.state == "pending"
        };
        let mut line: Vec<_> = self.deliveries.values_mut().filter(same).collect();
        if line.iter().all(|other| other.due.is_none())
            && let Some(first) = line.iter_mut().min_by_key(|other| other.joined)
        {
            first.due = Some((now, now));
        }
    }

    fn stored(&self, id: Id<Delivery>) -> Delivery {
        let actor = self.actor();
        self.write(move |tx| deliveries::get(tx, &actor, id)).expect("it is stored").0.delivery
    }

    /// Compares everything that is expected with what is stored.
    pub(super) fn check(&self) {
        let actor = self.actor();
        let (ledger, hooks, stored) = self
            .write(move |tx| {
                let ledger = app::ledger::read(tx, &actor)?;
                let all = app::PageRequest { after: None, limit: 500 };
                let hooks =
                    app::webhooks::list(tx, &actor, app::PageRequest { after: None, limit: 9 })?.items;
                Ok((ledger, hooks, deliveries::list(tx, &actor, &DeliveryFilter::default(), all)?.items))
            })
            .expect("the store answers");
        assert!(ledger.balanced() && ledger.events == self.events, "{ledger:?} of {} events", self.events);
        assert_eq!(stored.len(), self.deliveries.len());
        for delivery in &stored {
            let it = &self.deliveries[&delivery.id];
            let facts = (delivery.state.as_str(), delivery.attempts, delivery.failures);
            assert_eq!(facts, (it.state, it.attempts, it.failures), "{delivery:?}\n{it:?}");
            if it.state != "pending" {
                continue;
            }
            assert_eq!(delivery.started_at, it.first, "{delivery:?}\n{it:?}");
            assert_eq!(delivery.waits_in_line(), it.due.is_none(), "{delivery:?}\n{it:?}");
            let in_time = |(earliest, latest)| (earliest..=latest).contains(&delivery.due_at);
            assert!(it.due.is_none_or(in_time), "{delivery:?}\n{it:?}");
        }
        for hook in &self.hooks {
            let webhook = hooks.iter().find(|it| it.id == hook.id).expect("it is stored");
            let (state, health) = (webhook.state.as_str(), webhook.health);
            assert_eq!((state, health.failures), (hook.state, hook.failures), "{webhook:?}");
            let probe_at = (state == "held").then_some(hook.probe_at);
            assert_eq!((health.probe_at, webhook.state_since), (probe_at, hook.since), "{webhook:?}");
        }
    }
}
