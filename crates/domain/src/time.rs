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
        // The parser reads other forms of ISO 8601, too.
        if !has_shape_of_rfc_3339(text) {
            return Err(NotATime);
        }
        text.parse::<jiff::Timestamp>().map(|instant| Self(instant.as_microsecond())).map_err(|_| NotATime)
    }
}

/// Whether `text` is built like a `date-time` (RFC 3339, section 5.6), whatever its numbers are.
fn has_shape_of_rfc_3339(text: &str) -> bool {
    let built_like = |text: &str, shape: &str| {
        let fits = |(byte, wanted): (u8, u8)| match wanted {
            b'0' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' '),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte == other,
        };
        text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
    };
    let shape = "0000-00-00T00:00:00";
    let Some((date_and_time, rest)) = text.split_at_checked(shape.len()) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            fraction.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        Some(_) => return false,
    };
    built_like(date_and_time, shape) && (zone.eq_ignore_ascii_case("z") || built_like(zone, "+00:00"))
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
        assert_eq!("2026-03-04 10:15:30.25z".parse(), Ok(instant));
        assert_eq!("yesterday".parse::<Timestamp>(), Err(NotATime));
    }

    #[test]
    fn other_forms_of_iso_8601_are_refused() {
        for text in [
            "20260304T101530Z",
            "2026-03-04T10:15Z",
            "2026-03-04T10:15:30",
            "2026-03-04T10:15:30,5Z",
            "2026-03-04T10:15:30.Z",
            "2026-03-04T10:15:30+01",
            "2026-03-04T10:15:30Z[UTC]",
            "+002026-03-04T10:15:30Z",
            "2026-03-04T10:15:3\u{e9}Z",
            "2026-02-30T10:15:30Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Timestamp::from_micros(0).since(end), Duration::ZERO);
    }
}
