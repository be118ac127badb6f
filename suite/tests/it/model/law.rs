//! The delivery law once more, in the words of the documentation and with nothing of the product's code.

use std::time::Duration;

use domain::Timestamp;

/// Seconds after the first, second, … failure.
const DELAYS: [u64; 9] = [5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 43_200];
/// No attempt starts later than this after the first.
const LIFETIME: Duration = Duration::from_secs(72 * 3_600);

/// When the attempt after that failure is due, at the earliest and at the latest; None where it may be, or must be, given
/// up: `may_go_on` and `may_end` say which.
pub struct Next {
    pub earliest: Timestamp,
    pub latest: Timestamp,
    pub may_go_on: bool,
    pub may_end: bool,
}

/// What follows a failure, the so-manieth of the schedule that began at `first`, if the receiver asked for `patience`.
pub fn after_failure(failures: u32, first: Timestamp, now: Timestamp, patience: u64) -> Next {
    let delay = DELAYS[(failures as usize - 1).min(DELAYS.len() - 1)] as f64;
    let patience = patience.min(24 * 3_600) as f64;
    let at = |share: f64| now + Duration::from_secs_f64((delay * share).max(patience));
    let (earliest, latest) = (at(0.799_999), at(1.200_001));
    Next {
        earliest,
        latest,
        may_go_on: earliest.since(first) <= LIFETIME,
        may_end: latest.since(first) > LIFETIME,
    }
}

/// How long until the next probe after so many.
pub fn probe_wait(probes: u32) -> Duration {
    Duration::from_secs([5, 30, 120, 300][(probes as usize).min(3)])
}
