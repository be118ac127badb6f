//! The ledger: two independent countings that must agree.

/// What an account's events and deliveries add up to.
///
/// `planned` is the sum of a number written on each event when it was accepted; the states are counted from
/// delivery rows. What retention or erasure removed is in both by way of an archive row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Accepted events.
    pub events: u64,
    /// Those that matched no webhook.
    pub unmatched: u64,
    /// Deliveries that the events say were planned.
    pub planned: u64,
    /// Deliveries answered with 2xx.
    pub delivered: u64,
    /// Deliveries still to be made.
    pub pending: u64,
    /// Deliveries given up after their schedule.
    pub exhausted: u64,
    /// Deliveries not made for a reason.
    pub skipped: u64,
}

impl Ledger {
    /// Whether nothing was lost: every planned delivery is in exactly one state.
    pub const fn balanced(&self) -> bool {
        self.planned == self.delivered + self.pending + self.exhausted + self.skipped
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, other: &Ledger) -> Ledger {
        Ledger {
            events: self.events + other.events,
            unmatched: self.unmatched + other.unmatched,
            planned: self.planned + other.planned,
            delivered: self.delivered + other.delivered,
            pending: self.pending + other.pending,
            exhausted: self.exhausted + other.exhausted,
            skipped: self.skipped + other.skipped,
        }
    }
}
