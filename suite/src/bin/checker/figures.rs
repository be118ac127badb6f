//! What a run came to, in numbers.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use crate::ledgers::{Answer, Ledgers};

/// The figures of the last line.
#[derive(Debug, Default)]
pub struct Figures {
    acked: usize,
    unanswered: usize,
    /// How many of the unanswered ones had become events.
    stored: usize,
    requests: usize,
    delivered: usize,
    /// Exhausted and skipped.
    given_up: usize,
    /// Requests that came although an earlier one had been taken, and the most of them that one fault caused.
    duplicates: usize,
    most: usize,
    /// The longest time, in milliseconds, between an answer and the end that lost it.
    oldest: u64,
    refusals: usize,
}

impl Figures {
    /// Counts.
    pub fn of(ledgers: &Ledgers) -> Self {
        let count = |answer| ledgers.told.iter().filter(|told| told.answer == answer).count();
        let acked: HashSet<&str> = ledgers.told.iter().filter_map(|told| told.id.as_deref()).collect();
        let state = |wanted: &[&str]| {
            ledgers.deliveries.iter().filter(|it| wanted.contains(&it.state.as_str())).count()
        };
        let mut figures = Self {
            acked: count(Answer::Acked),
            unanswered: count(Answer::Indeterminate),
            stored: ledgers.events.keys().filter(|id| !acked.contains(id.as_str())).count(),
            requests: ledgers.requests.len(),
            delivered: state(&["delivered"]),
            given_up: state(&["exhausted", "skipped"]),
            refusals: ledgers.requests.iter().filter(|it| it.status.is_some() && !it.is_taken()).count(),
            ..Self::default()
        };
        let mut by_fault: BTreeMap<usize, usize> = BTreeMap::new();
        for requests in ledgers.by_delivery().values() {
            for pair in requests.windows(2).filter(|pair| pair[0].is_taken()) {
                figures.duplicates += 1;
                if let Some(fault) = ledgers.fault_between(pair[0], pair[1]) {
                    *by_fault.entry(fault).or_default() += 1;
                    let end = ledgers.ends.get(fault).copied().unwrap_or_default();
                    let lost = end.saturating_sub(pair[0].answered.unwrap_or(end)) / 1_000;
                    figures.oldest = figures.oldest.max(lost);
                }
            }
        }
        figures.most = by_fault.values().copied().max().unwrap_or(0);
        figures
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acked, {} unanswered ({} of them stored), {} requests ({} answered badly), {} delivered, \
             {} given up, {} duplicates ({} caused by one end, the oldest answered {} ms before it)",
            self.acked,
            self.unanswered,
            self.stored,
            self.requests,
            self.refusals,
            self.delivered,
            self.given_up,
            self.duplicates,
            self.most,
            self.oldest
        )
    }
}
