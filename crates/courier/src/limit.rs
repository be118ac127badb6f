//! How many requests a webhook may have in flight: as many as its receiver shows that it can take.
//!
//! It starts at ten and rises by one with every round of successes; answers that speak of too much work halve it, and so
//! do timeouts and lost connections. Requests that were in flight together halve it once. After a hold it begins at one
//! and doubles with every round, until something goes wrong.

use domain::hold::Sign;

/// Where it begins.
const START: u32 = 10;

/// A webhook's present limit; never above the one that its owner set.
#[derive(Debug)]
pub(crate) struct Limit {
    now: u32,
    /// Successes since it last moved.
    successes: u32,
    doubling: bool,
    /// The last request that had started when it was last halved.
    halved_at: u64,
}

impl Limit {
    pub(crate) fn new() -> Self {
        Self { now: START, successes: 0, doubling: false, halved_at: 0 }
    }

    /// Begins at one: the receiver was away, and much may wait for it.
    pub(crate) fn ramp(&mut self) {
        (self.now, self.successes, self.doubling) = (1, 0, true);
    }

    /// What it is, if the owner allows `most`.
    pub(crate) fn get(&self, most: u32) -> u32 {
        self.now.min(most)
    }

    /// The request of that number ended with that sign, when `started` requests had been started.
    pub(crate) fn heard(&mut self, sign: Sign, number: u64, started: u64, most: u32) {
        match sign {
            Sign::Well => {
                self.successes += 1;
                if self.successes >= self.get(most) {
                    let more = if self.doubling { self.now } else { 1 };
                    (self.now, self.successes) = ((self.now + more).min(most), 0);
                }
            }
            Sign::Strained if number > self.halved_at => {
                *self = Self {
                    now: (self.get(most) / 2).max(1),
                    successes: 0,
                    doubling: false,
                    halved_at: started,
                };
            }
            Sign::Strained | Sign::Failing | Sign::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round: as many requests as may be in flight, all of them ending like this.
    fn round(limit: &mut Limit, started: &mut u64, sign: Sign, most: u32) {
        let first = *started + 1;
        *started += u64::from(limit.get(most));
        for number in first..=*started {
            limit.heard(sign, number, *started, most);
        }
    }

    fn rounds(limit: &mut Limit, signs: &[Sign], most: u32) -> Vec<u32> {
        let mut started = 0;
        let mut step = |sign: &Sign| {
            round(limit, &mut started, *sign, most);
            limit.get(most)
        };
        signs.iter().map(&mut step).collect()
    }

    #[test]
    fn it_rises_by_one_with_every_round_up_to_what_the_owner_set() {
        assert_eq!(rounds(&mut Limit::new(), &[Sign::Well; 4], 64), [11, 12, 13, 14]);
        assert_eq!(rounds(&mut Limit::new(), &[Sign::Well; 4], 12), [11, 12, 12, 12]);
        assert_eq!(Limit::new().get(3), 3);
    }

    #[test]
    fn what_was_in_flight_together_halves_it_once() {
        let signs = [Sign::Strained, Sign::Strained, Sign::Well, Sign::Strained, Sign::Strained];
        assert_eq!(rounds(&mut Limit::new(), &signs, 64), [5, 2, 3, 1, 1]);
    }

    #[test]
    fn failures_that_fewer_requests_would_not_help_leave_it_as_it_is() {
        assert_eq!(rounds(&mut Limit::new(), &[Sign::Failing, Sign::Nothing], 64), [10, 10]);
    }

    #[test]
    fn after_a_hold_it_doubles_from_one() {
        let mut limit = Limit::new();
        limit.ramp();
        let signs = [Sign::Well, Sign::Well, Sign::Well, Sign::Well, Sign::Strained, Sign::Well];
        assert_eq!(rounds(&mut limit, &signs, 12), [2, 4, 8, 12, 6, 7]);
    }
}
