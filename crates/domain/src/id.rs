//! Identifiers: 128 bits, sortable by creation, with a prefix that tells what they name.

use std::{fmt, hash, marker::PhantomData, str::FromStr};

pub use uuid::Uuid;
use uuid::Version;

use crate::Timestamp;

/// What an [`Id`] can name. The prefix stands before the digits wherever an id is written as text.
pub trait Noun {
    /// `evt`, `wh`, …: short, stable, without the underscore.
    const PREFIX: &'static str;
}

/// The identifier of a `T`, e.g. `Id<Event>`, written `evt_0198c4…` (prefix and 32 hexadecimal digits).
///
/// The value is a UUID: version 7 (RFC 9562, time-ordered) for everything that is kept and counted,
/// version 8 for events of a *test*, which are written `evt_test_…`.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// The id with this UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// A time-ordered id from an instant in Unix milliseconds and ten random bytes.
    pub fn from_parts(unix_millis: u64, random: &[u8; 10]) -> Self {
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(unix_millis, random).into_uuid())
    }

    /// The smallest time-ordered id that can have been made at `instant`.
    pub fn first_at(instant: Timestamp) -> Self {
        Self::from_parts(u64::try_from(instant.micros() / 1_000).unwrap_or(0), &[0; 10])
    }

    /// Like [`Id::from_parts`], for the event of a test: sorts among the others, but is told apart by its version.
    pub fn test_from_parts(unix_millis: u64, random: &[u8; 10]) -> Self {
        let mut builder = uuid::Builder::from_unix_timestamp_millis(unix_millis, random);
        builder.set_version(Version::Custom);
        Self::from_uuid(builder.into_uuid())
    }

    /// The bare UUID, as it is stored.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Whether this names something made by *Send test*.
    pub fn is_test(self) -> bool {
        self.0.get_version() == Some(Version::Custom)
    }
}

impl<T: Noun> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let test = if self.is_test() { "_test" } else { "" };
        write!(f, "{}{test}_{}", T::PREFIX, self.0.simple())
    }
}

impl<T: Noun> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id of this kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id of the form {0}_ followed by 32 hexadecimal digits")]
pub struct NotAnId(&'static str);

impl<T: Noun> FromStr for Id<T> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let parse = || {
            let digits = text.strip_prefix(T::PREFIX)?.strip_prefix('_')?;
            let (test, digits) = digits.strip_prefix("test_").map_or((false, digits), |rest| (true, rest));
            let id = Uuid::try_parse(digits).ok().map(Self::from_uuid)?;
            // One spelling only: lower-case digits without hyphens, marked as test when it is one.
            (id.is_test() == test && id.to_string() == text).then_some(id)
        };
        parse().ok_or(NotAnId(T::PREFIX))
    }
}

// Derives would ask the same of T, which is only a label.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> hash::Hash for Id<T> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Event;
    impl Noun for Event {
        const PREFIX: &'static str = "evt";
    }

    #[test]
    fn text_round_trips_and_fits_the_webhook_id_header() {
        let id = Id::<Event>::from_parts(1_767_225_600_000, &[7; 10]);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert!(text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    }

    #[test]
    fn a_test_id_says_so_and_is_not_confused_with_a_real_one() {
        let test = Id::<Event>::test_from_parts(1_767_225_600_000, &[7; 10]);
        assert!(test.to_string().starts_with("evt_test_"));
        assert_eq!(test.to_string().parse(), Ok(test));
        assert!(test.to_string().replace("evt_test_", "evt_").parse::<Id<Event>>().is_err());
    }

    #[test]
    fn ids_sort_by_time() {
        let older = Id::<Event>::from_parts(1_000, &[255; 10]);
        let newer = Id::<Event>::from_parts(1_001, &[0; 10]);
        assert!(older < newer && older.to_string() < newer.to_string());
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = Id::<Event>::from_parts(1_767_225_600_000, &[0xab; 10]).to_string();
        for wrong in
            [text.to_uppercase(), text.replace("evt", "dlv"), text[..20].to_owned(), format!("{text}0")]
        {
            assert!(wrong.parse::<Id<Event>>().is_err(), "{wrong}");
        }
    }
}
