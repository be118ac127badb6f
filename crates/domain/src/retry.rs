//! When a failed delivery is tried again, and when it is not: the retry law.

use std::{str::FromStr, time::Duration};

use crate::{Invalid, Timestamp};

/// A schedule of retries, chosen per webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RetryPolicy {
    /// Over three days: 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h, 10 h, then every 12 h.
    #[default]
    ThreeDays,
    /// For real-time use: 1 s, 5 s, 15 s, 30 s, then every minute for ten minutes.
    TenMinutes,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

impl RetryPolicy {
    /// Each delay is moved by up to this share of itself, either way, so that failures spread.
    pub const JITTER: f64 = 0.2;
    /// A receiver can ask for at most this much patience.
    pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * HOUR);

    /// The name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            RetryPolicy::ThreeDays => "3d",
            RetryPolicy::TenMinutes => "10min",
        }
    }

    /// Delays in seconds after the first, second, … failure; the last one repeats.
    const fn delays(self) -> &'static [u64] {
        match self {
            RetryPolicy::ThreeDays => {
                &[5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 12 * HOUR]
            }
            RetryPolicy::TenMinutes => &[1, 5, 15, 30, 60],
        }
    }

    /// No attempt starts later than this after the first.
    pub const fn lifetime(self) -> Duration {
        match self {
            RetryPolicy::ThreeDays => Duration::from_secs(72 * HOUR),
            RetryPolicy::TenMinutes => Duration::from_secs(10 * MINUTE),
        }
    }

    /// The delay after `failures` failed attempts (at least 1). `jitter` in −1…1 picks a place in its range.
    pub fn delay(self, failures: u32, jitter: f64) -> Duration {
        let delays = self.delays();
        let index = (failures.max(1) - 1) as usize;
        let base = delays[index.min(delays.len() - 1)] as f64;
        Duration::from_secs_f64(base * (1.0 + Self::JITTER * jitter.clamp(-1.0, 1.0)))
    }
}

impl FromStr for RetryPolicy {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        [RetryPolicy::ThreeDays, RetryPolicy::TenMinutes]
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| Invalid::field("/retry", "must be one of 3d, 10min"))
    }
}

/// How long a `Retry-After` header (RFC 9110 10.2.3: seconds or an HTTP date) asks to wait at `now`.
///
/// Whatever is neither is ignored; more than [`RetryPolicy::MAX_RETRY_AFTER`] counts as that much.
pub fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    let wait = if !header.is_empty() && header.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are a long time, not an error.
        Duration::from_secs(header.parse().unwrap_or(u64::MAX))
    } else {
        // An HTTP date (RFC 9110 5.6.7) is the date of RFC 2822 with the zone written GMT.
        let date = jiff::fmt::rfc2822::parse(header).ok()?;
        Timestamp::from_micros(date.timestamp().as_microsecond()).since(now)
    };
    Some(wait.min(RetryPolicy::MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attempts(policy: RetryPolicy, jitter: f64) -> u32 {
        let (mut elapsed, mut attempts) = (Duration::ZERO, 1);
        loop {
            elapsed += policy.delay(attempts, jitter);
            if elapsed > policy.lifetime() {
                return attempts;
            }
            attempts += 1;
        }
    }

    #[test]
    fn three_days_are_thirteen_attempts() {
        assert_eq!(attempts(RetryPolicy::ThreeDays, 0.0), 13);
    }

    #[test]
    fn ten_minutes_end_within_ten_minutes() {
        // 0, 1, 6, 21, 51, then each minute up to 591 s.
        assert_eq!(attempts(RetryPolicy::TenMinutes, 0.0), 14);
    }

    #[test]
    fn retry_after_takes_seconds_and_dates_and_nothing_else() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let wait = |header| retry_after(header, now).map(|d| d.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sun, 22 Nov 2026 08:00:30 GMT"), Some(30));
        assert_eq!(wait("Sun, 22 Nov 2026 07:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999999999999999999999"), Some(86_400));
        for nonsense in ["", "-5", "1.5", "inf", "1e300", "soon", "NaN", "+7"] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }

    /// Texts that look like what servers send, and like what breaks parsers: SplitMix64 picks their parts.
    fn hints() -> impl Iterator<Item = String> {
        const PARTS: [&str; 40] = [
            "0",
            "1",
            "9",
            "120",
            "3600",
            "86400",
            "99999999999999999999",
            "-",
            "+",
            ".",
            "e",
            "e308",
            "inf",
            "NaN",
            " ",
            "\t",
            ",",
            ";",
            ":",
            "Sun",
            "Mon",
            "22",
            "Nov",
            "Feb",
            "2026",
            "0000",
            "9999",
            "99999",
            "08:49:37",
            "24:00:60",
            "GMT",
            "UTC",
            "+2400",
            "-9999",
            ", 06 Nov 1994 08:49:37 GMT",
            "\u{e9}",
            "\u{202e}",
            "\0",
            "Sunday, 06-Nov-94",
            "0x1f",
        ];
        let mut state = 42u64;
        let mut below = move |end: usize| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed >> 33) as usize % end
        };
        std::iter::repeat_with(move || {
            let parts = below(7);
            (0..parts).map(|_| PARTS[below(PARTS.len())]).collect()
        })
    }

    #[test]
    fn a_million_hints_break_nothing_and_ask_for_a_day_at_most() {
        let instants = ["1970-01-01T00:00:00Z", "2026-11-22T08:00:00Z", "9000-12-31T23:59:59Z"];
        let instants = instants.map(|text| text.parse::<Timestamp>().unwrap());
        let mut understood = 0;
        for (hint, now) in hints().take(1_000_000).zip(instants.iter().cycle()) {
            let wait = retry_after(&hint, *now);
            assert!(wait.is_none_or(|wait| wait <= RetryPolicy::MAX_RETRY_AFTER), "{hint:?}");
            understood += usize::from(wait.is_some());
        }
        assert!(understood > 10_000, "only {understood} made sense: these are not the texts to try");
    }

    /// Whatever fails at the same instant comes back spread over its range: no second sees more than three times what
    /// the mean one sees.
    #[test]
    fn ten_thousand_failures_at_once_do_not_come_back_at_once() {
        const FAILURES: u32 = 10_000;
        let spread = |n: u32| 2.0 * f64::from(n.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX) - 1.0;
        for policy in [RetryPolicy::ThreeDays, RetryPolicy::TenMinutes] {
            for failures in 1..=13 {
                let mut seconds = std::collections::BTreeMap::<u64, u32>::new();
                for n in 0..FAILURES {
                    *seconds.entry(policy.delay(failures, spread(n)).as_secs()).or_default() += 1;
                }
                let (first, last) = (seconds.keys().next().unwrap(), seconds.keys().last().unwrap());
                let mean = f64::from(FAILURES) / (last - first + 1) as f64;
                let most = f64::from(*seconds.values().max().unwrap());
                assert!(
                    most <= 3.0 * mean,
                    "{policy:?} after {failures}: {most} in a second, {mean} on average"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_law(header in ".{0,40}", now in 0i64..4_000_000_000_000_000) {
            let wait = retry_after(&header, Timestamp::from_micros(now));
            prop_assert!(wait.is_none_or(|w| w <= RetryPolicy::MAX_RETRY_AFTER));
        }

        #[test]
        fn every_delay_stays_within_its_jitter(failures in 0u32..100, jitter in -2.0f64..2.0) {
            let exact = RetryPolicy::ThreeDays.delay(failures, 0.0).as_secs_f64();
            let moved = RetryPolicy::ThreeDays.delay(failures, jitter).as_secs_f64();
            prop_assert!((exact * 0.8 - 1e-6..=exact * 1.2 + 1e-6).contains(&moved));
        }
    }
}
