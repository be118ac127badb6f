//! How often somebody may do something: a number in a while, in one burst or spread.
//!
//! For each one it keeps the instant at which the allowance would be whole again (GCRA). Must not know who is counted.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;

/// Allowances of many, by their keys.
pub(crate) struct Allowance<K> {
    /// How long one use takes to be given back.
    every: Duration,
    /// How far ahead of now the whole instant may lie.
    burst: Duration,
    whole_at: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Eq + Hash> Allowance<K> {
    /// From so many keys on, those with a whole allowance are forgotten.
    const CAPACITY: usize = 16_384;

    /// `number` uses in `period`, of which `burst` may be at once.
    pub(crate) fn new(number: u32, period: Duration, burst: u32) -> Self {
        let every = period / number.max(1);
        Self { every, burst: every * burst.max(1), whole_at: Mutex::default() }
    }

    /// Counts a use, or says how long to wait.
    pub(crate) fn admit(&self, key: K, now: Timestamp) -> Result<(), Duration> {
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= Self::CAPACITY && !whole_at.contains_key(&key) {
            whole_at.retain(|_, whole_at| *whole_at > now);
        }
        let kept = whole_at.entry(key).or_insert(now);
        // A clock that was set back must not lock anybody out for longer than the burst.
        let next = (*kept).clamp(now, now + self.burst) + self.every;
        match next.since(now).checked_sub(self.burst) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *kept = next;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_given_back_one_by_one() {
        let allowance = Allowance::new(5, Duration::from_secs(1), 30);
        let start = Timestamp::from_micros(0);
        let admitted = |key, at| (0..50).filter(|_| allowance.admit(key, at).is_ok()).count();
        assert_eq!(admitted(1, start), 30);
        assert_eq!(allowance.admit(1, start), Err(Duration::from_millis(200)));
        assert_eq!(admitted(2, start), 30);
        assert_eq!(admitted(1, start + Duration::from_secs(1)), 5);
        assert_eq!(admitted(1, start + Duration::from_secs(60)), 30);
        assert_eq!(admitted(1, start), 0, "a clock set back gives nothing away");
    }
}
