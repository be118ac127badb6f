//! The system's clock and random generator: the only place where either is asked.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Ambient, Clock, Random, Timestamp};

/// What the program hands to every floor below.
pub fn system() -> Ambient {
    Ambient { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is passed to everybody else")]
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
        };
        Timestamp::from_micros(micros)
    }
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes)
            .expect("the operating system gives random bytes, or nothing here can be kept secret");
    }
}
