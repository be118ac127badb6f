//! The requests that all webhooks of a node share.
//!
//! Each webhook may always have one request in flight, so that nothing that others do keeps it waiting. Beyond that they
//! share a number of slots. One account gets at most three quarters of them; when none is free, the next one goes to the
//! account that has the fewest, and there to the webhook that has waited longest.

use std::collections::{BTreeSet, HashMap, VecDeque};

use domain::{Account, Id, Webhook};

/// Who has and who waits for slots.
pub(crate) struct Slots {
    most: usize,
    taken: usize,
    shares: HashMap<Id<Account>, Share>,
    /// Accounts in which somebody waits: fewest slots first, then longest waiting.
    waiting: BTreeSet<(usize, u64, Id<Account>)>,
    turns: u64,
}

#[derive(Default)]
struct Share {
    taken: usize,
    /// Since when somebody waits, as a turn.
    since: u64,
    waiting: VecDeque<Id<Webhook>>,
}

impl Slots {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, taken: 0, shares: HashMap::new(), waiting: BTreeSet::new(), turns: 0 }
    }

    /// Whether the account may take a slot now.
    pub(crate) fn are_free(&self, account: Id<Account>) -> bool {
        let has = self.shares.get(&account).map_or(0, |share| share.taken);
        self.taken < self.most && has < (self.most * 3 / 4).max(1)
    }

    /// Takes a slot.
    pub(crate) fn take(&mut self, account: Id<Account>) {
        self.taken += 1;
        self.change(account, |share| share.taken += 1);
    }

    /// Gives a slot back.
    pub(crate) fn give(&mut self, account: Id<Account>) {
        self.taken -= 1;
        self.change(account, |share| share.taken -= 1);
    }

    /// Puts a webhook into the queue for a slot, once.
    pub(crate) fn wait(&mut self, account: Id<Account>, webhook: Id<Webhook>) {
        self.turns += 1;
        let turn = self.turns;
        self.change(account, |share| {
            if share.waiting.is_empty() {
                share.since = turn;
            }
            if !share.waiting.contains(&webhook) {
                share.waiting.push_back(webhook);
            }
        });
    }

    /// The webhook that may take the slot that is free, if there is one. It waits no longer.
    pub(crate) fn next(&mut self) -> Option<Id<Webhook>> {
        let account = self.waiting.iter().map(|(_, _, account)| *account).find(|it| self.are_free(*it))?;
        self.turns += 1;
        let turn = self.turns;
        let mut next = None;
        self.change(account, |share| {
            next = share.waiting.pop_front();
            share.since = turn;
        });
        next
    }

    fn change(&mut self, account: Id<Account>, change: impl FnOnce(&mut Share)) {
        let share = self.shares.entry(account).or_default();
        self.waiting.remove(&(share.taken, share.since, account));
        change(share);
        if !share.waiting.is_empty() {
            self.waiting.insert((share.taken, share.since, account));
        } else if share.taken == 0 {
            self.shares.remove(&account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<T>(number: u8) -> Id<T> {
        Id::from_parts(1, &[number; 10])
    }

    #[test]
    fn one_account_leaves_a_quarter_to_the_others() {
        let mut slots = Slots::new(8);
        (0..6).for_each(|_| slots.take(id(1)));
        assert!(!slots.are_free(id(1)) && slots.are_free(id(2)));
        slots.take(id(2));
        slots.take(id(2));
        assert!(!slots.are_free(id(2)), "all are taken");
        slots.give(id(1));
        assert!(slots.are_free(id(1)) && slots.are_free(id(2)));
    }

    #[test]
    fn a_free_slot_goes_to_the_account_that_has_the_fewest() {
        let mut slots = Slots::new(4);
        (0..3).for_each(|_| slots.take(id(1)));
        slots.take(id(2));
        slots.wait(id(1), id(11));
        slots.wait(id(2), id(21));
        slots.wait(id(2), id(22));
        slots.wait(id(2), id(21));
        assert_eq!(slots.next(), None, "none is free");
        slots.give(id(1));
        assert_eq!(slots.next(), Some(id(21)));
        slots.take(id(2));
        slots.give(id(1));
        // Now they have one and two.
        assert_eq!(slots.next(), Some(id(11)));
        slots.take(id(1));
        slots.give(id(2));
        assert_eq!(slots.next(), Some(id(22)));
        slots.take(id(2));
        slots.give(id(2));
        assert_eq!(slots.next(), None, "nobody waits");
    }

    #[test]
    fn accounts_that_neither_have_nor_want_anything_are_forgotten() {
        let mut slots = Slots::new(4);
        slots.take(id(1));
        slots.wait(id(1), id(11));
        assert_eq!(slots.next(), Some(id(11)));
        slots.give(id(1));
        assert!(slots.shares.is_empty() && slots.waiting.is_empty());
    }
}
