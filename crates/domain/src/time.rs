//! Instants, and the two things of the outside world that every floor gets passed in: clock and randomness.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

/// An instant in microseconds since 1970-01-01T00:00:00Z; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant so many microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch, as stored.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, as in the `webhook-timestamp` header.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// This instant moved into the past; stops at the representable minimum.
    pub fn before(self, by: Duration) -> Timestamp {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => fmt::Display::fmt(&instant, f),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

/// The text is not an instant in RFC 3339 form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a time in RFC 3339 form, such as 2026-03-04T10:15:30Z")]
pub struct NotATime;

impl FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        text.parse::<jiff::Timestamp>().map(|instant| Self(instant.as_microsecond())).map_err(|_| NotATime)
    }
}

/// Tells the time. The program passes the system's, tests one that they move.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes. The program passes the system's generator, tests a seeded one.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random data fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// What a process takes from its surroundings besides sockets and files.
#[derive(Clone)]
pub struct Ambient {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_round_trips() {
        let instant: Timestamp = "2026-03-04T10:15:30.25Z".parse().unwrap();
        assert_eq!(instant.to_string(), "2026-03-04T10:15:30.25Z");
        assert_eq!(instant.seconds(), 1_772_619_330);
        assert_eq!("2026-03-04T11:15:30.25+01:00".parse(), Ok(instant));
        assert_eq!("yesterday".parse::<Timestamp>(), Err(NotATime));
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Timestamp::from_micros(0).since(end), Duration::ZERO);
    }
}
