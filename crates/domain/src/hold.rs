//! Holding a webhook whose receiver fails: when it begins, when the receiver is probed, and what its owner is told.
//!
//! A dead receiver is held, not burned: its deliveries wait untried, and their schedules stand still, until one of
//! them gets through.

use std::time::Duration;

use crate::{ErrorClass, Outcome, Response, Timestamp};

/// So many failures in a row hold a webhook.
pub const HELD_AFTER: u32 = 10;
/// After so long a hold its owner is told again.
pub const STILL_HELD_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// And so long after its beginning that the end is near.
pub const ABOUT_TO_BE_DISABLED_AFTER: Duration = Duration::from_secs(4 * 24 * 60 * 60);
/// A hold does not last longer: then the webhook is disabled.
pub const DISABLED_AFTER: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How a webhook has been doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Failed attempts in a row; those that were in flight together count as one.
    pub failures: u32,
    /// How many probes the present hold has seen.
    pub probes: u32,
    /// When the next probe is due; None unless held.
    pub probe_at: Option<Timestamp>,
    /// How many notices were given of the present hold.
    pub notices: u32,
}

/// How long to wait for the next probe after so many.
pub fn probe_delay(probes: u32) -> Duration {
    Duration::from_secs(match probes {
        0 => 5,
        1 => 30,
        2 => 2 * 60,
        _ => 5 * 60,
    })
}

/// Which delivery the next probe takes, after so many probes: 0 is the oldest; but later on every other probe takes the one
/// at that place among those that are due first, so that an event which the receiver cannot digest keeps none of the others.
pub fn probed_place(probes: u32) -> u32 {
    const IN_TURN: u32 = 8;
    match probes {
        0..=2 => 0,
        later if later % 2 == 0 => 0,
        later => (later / 2) % IN_TURN,
    }
}

/// What an attempt says of its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It works.
    Well,
    /// It does not work, but not for want of strength: an answer such as 400 or 500, a name that does not resolve.
    Failing,
    /// It does not work, and fewer requests at once may help.
    Strained,
    /// Nothing: the receiver decided about this one event, or the fault was ours.
    Nothing,
}

impl Sign {
    /// What `outcome` says.
    pub fn of(outcome: &Outcome) -> Self {
        match &outcome.result {
            Ok(response) if response.accepted() => Sign::Well,
            Ok(response) if response.aborts() || response.status == Response::GONE => Sign::Nothing,
            Ok(response) if matches!(response.status, 429 | 502 | 503 | 504) => Sign::Strained,
            Ok(_) => Sign::Failing,
            Err(error) => match error.class {
                ErrorClass::InternalError => Sign::Nothing,
                ErrorClass::Timeout | ErrorClass::ConnectError | ErrorClass::ConnectionClosed => {
                    Sign::Strained
                }
                ErrorClass::BlockedAddress
                | ErrorClass::DnsError
                | ErrorClass::TlsError
                | ErrorClass::ProtocolError => Sign::Failing,
            },
        }
    }

    /// Whether it counts among the failures that hold a webhook.
    pub const fn is_failure(self) -> bool {
        matches!(self, Sign::Failing | Sign::Strained)
    }
}

/// What the owner of a webhook is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It is held.
    Held,
    /// It still is, after a day.
    StillHeld,
    /// It will be disabled in a day.
    AboutToBeDisabled,
    /// It is disabled, for whatever reason.
    Disabled,
}

impl Notice {
    /// The notice that is due in a hold of that length of which `given` notices were given. One that was missed is left
    /// out where a later one is due.
    pub fn due(held_for: Duration, given: u32) -> Option<Self> {
        let (notice, place) = match held_for {
            it if it >= DISABLED_AFTER => return Some(Notice::Disabled),
            it if it >= ABOUT_TO_BE_DISABLED_AFTER => (Notice::AboutToBeDisabled, 3),
            it if it >= STILL_HELD_AFTER => (Notice::StillHeld, 2),
            _ => (Notice::Held, 1),
        };
        (given < place).then_some(notice)
    }

    /// How many notices were given of a hold once this one was.
    pub const fn place(self) -> u32 {
        match self {
            Notice::Held => 1,
            Notice::StillHeld => 2,
            Notice::AboutToBeDisabled => 3,
            Notice::Disabled => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttemptError, Phases};

    fn answered(status: u16, headers: &[(&str, &str)]) -> Outcome {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let result = Ok(Response { status, headers, body: Vec::new() });
        Outcome { at: Timestamp::default(), address: None, phases: Phases::default(), result }
    }

    fn failed(class: ErrorClass) -> Outcome {
        Outcome { result: Err(AttemptError { class, detail: String::new() }), ..answered(0, &[]) }
    }

    #[test]
    fn signs_follow_from_what_was_answered() {
        let of = |status| Sign::of(&answered(status, &[]));
        assert_eq!([200, 204, 299].map(of), [Sign::Well; 3]);
        assert_eq!([429, 502, 503, 504].map(of), [Sign::Strained; 4]);
        assert_eq!([301, 400, 404, 500, 501].map(of), [Sign::Failing; 5]);
        assert_eq!(of(410), Sign::Nothing);
        assert_eq!(Sign::of(&answered(500, &[("webhook-delivery", "abort-message")])), Sign::Nothing);
        for class in ErrorClass::ALL {
            let strained = [ErrorClass::Timeout, ErrorClass::ConnectError, ErrorClass::ConnectionClosed]
                .contains(&class);
            assert_eq!(Sign::of(&failed(class)) == Sign::Strained, strained, "{class:?}");
        }
        assert!(!Sign::of(&failed(ErrorClass::InternalError)).is_failure());
    }

    #[test]
    fn probes_come_after_5_s_30_s_2_min_and_then_every_5_min() {
        let delays: Vec<u64> = (0..6).map(|probes| probe_delay(probes).as_secs()).collect();
        assert_eq!(delays, [5, 30, 120, 300, 300, 300]);
    }

    #[test]
    fn every_other_late_probe_takes_another_delivery() {
        let places: Vec<u32> = (0..20).map(probed_place).collect();
        assert_eq!(places, [0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0, 0, 1]);
    }

    #[test]
    fn each_notice_is_given_once_in_its_time() {
        let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
        assert_eq!(Notice::due(hour, 0), Some(Notice::Held));
        assert_eq!(Notice::due(hour, 1), None);
        assert_eq!(Notice::due(day, 1), Some(Notice::StillHeld));
        assert_eq!(Notice::due(2 * day, 2), None);
        assert_eq!(Notice::due(4 * day, 1), Some(Notice::AboutToBeDisabled));
        assert_eq!(Notice::due(4 * day, 3), None);
        assert_eq!(Notice::due(5 * day, 3), Some(Notice::Disabled));
    }
}
