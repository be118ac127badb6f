//! How long somebody waits who keeps giving wrong passwords.
//!
//! Never for ever: whoever could be locked out by a stranger's guesses would be at the stranger's mercy. It must not
//! know who is counted, nor where counts are kept.

use std::time::Duration;

use crate::Timestamp;

/// Tries that failed, or have not succeeded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    /// The longest wait. As often, one failure is forgiven.
    pub const LONGEST: Duration = Duration::from_secs(15 * 60);
    const FIRST: Duration = Duration::from_secs(1);

    /// None so far.
    pub const fn none(now: Timestamp) -> Self {
        Self { count: 0, last: now }
    }

    /// How long to wait for the next try: nothing for the first `free` ones, then a second, two, four, up to
    /// [`Self::LONGEST`].
    pub fn wait(self, free: u32, now: Timestamp) -> Duration {
        let Some(doublings) = self.count(now).checked_sub(free) else { return Duration::ZERO };
        let delay = Self::FIRST.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
        // A clock that was set back keeps nobody waiting for longer than the delay.
        let last = self.last.min(now);
        delay.min(Self::LONGEST).saturating_sub(now.since(last))
    }

    /// With one more.
    pub fn and_one(self, now: Timestamp) -> Self {
        Self { count: self.count(now).saturating_add(1), last: now }
    }

    /// How many there are that are not forgiven yet.
    pub fn count(self, now: Timestamp) -> u32 {
        let forgiven = now.since(self.last).as_secs() / Self::LONGEST.as_secs();
        self.count.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }

    /// When the last one was.
    pub fn last(self) -> Timestamp {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(0) + Duration::from_millis(millis)
    }

    /// How many of these tries, at so many milliseconds after each other, are let through.
    fn admitted(free: u32, gaps: &[u64]) -> u32 {
        let (mut failures, mut now, mut admitted) = (Failures::none(at(0)), 0, 0);
        for gap in gaps {
            now += gap;
            if failures.wait(free, at(now)).is_zero() {
                failures = failures.and_one(at(now));
                admitted += 1;
            }
        }
        admitted
    }

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let mut failures = Failures::none(at(0));
        let mut waits = Vec::new();
        for _ in 0..18 {
            waits.push(failures.wait(5, at(0)).as_secs());
            failures = failures.and_one(at(0));
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn failures_are_forgiven_one_by_one() {
        let failures = (0..10).fold(Failures::none(at(0)), |it, _| it.and_one(at(0)));
        assert_eq!(failures.wait(5, at(0)).as_secs(), 32);
        assert!(failures.wait(5, at(32_000)).is_zero());
        let later = at(5 * 900_000);
        assert_eq!(failures.and_one(later).wait(5, later).as_secs(), 2);
        assert_eq!((failures.count(at(9 * 900_000)), failures.count(at(10 * 900_000))), (1, 0));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_longer() {
        let failures = (0..40).fold(Failures::none(at(0)), |it, _| it.and_one(at(1 << 50)));
        assert_eq!(failures.wait(5, at(0)), Failures::LONGEST);
    }

    proptest! {
        #[test]
        fn a_thousand_guesses_within_an_hour_get_twenty_tries(
            gaps in prop::collection::vec(0_u64..3_600, 1_000),
        ) {
            prop_assert!(admitted(5, &gaps) <= 20);
        }

        #[test]
        fn nobody_waits_longer_than_the_longest_wait(
            gaps in prop::collection::vec(0_u64..10_000_000, 1..200),
        ) {
            let (mut failures, mut now) = (Failures::none(at(0)), 0);
            for gap in gaps {
                now += gap;
                failures = failures.and_one(at(now));
                let wait = failures.wait(5, at(now));
                prop_assert!(wait <= Failures::LONGEST);
                let later = at(now) + wait;
                prop_assert!(failures.wait(5, later).is_zero(), "whoever has waited may try");
            }
        }
    }
}
