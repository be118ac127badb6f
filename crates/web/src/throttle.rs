//! How often passwords may be tried, by address and by network.
//!
//! Counted in the memory of this process: a start forgets, and of several nodes each counts for itself. A try counts
//! from the moment it is admitted, so that many at once are not all let through; a right password takes it back.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{Failures, Timestamp};

/// For what a password is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Try {
    /// Signing in under an e-mail address, by its key, from an address. Both count.
    SignIn(String, IpAddr),
    /// The same from a browser that the member has used before: guesses made elsewhere do not count here.
    FromDevice(String),
    /// Giving the password once more in this session.
    Confirm(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Email(String),
    Network(IpAddr),
    Site(Ipv6Addr),
    Device(String),
    Session(String),
}

impl Key {
    /// So many wrong passwords cost no time. Many people may share a network, and many networks a site.
    const fn free(&self) -> u32 {
        match self {
            Key::Site(_) => 100,
            Key::Network(_) => 10,
            Key::Email(_) | Key::Device(_) | Key::Session(_) => 5,
        }
    }
}

impl Try {
    fn keys(&self) -> Vec<Key> {
        match self {
            Try::SignIn(email, address) => {
                let site = site(*address).map(Key::Site);
                [Key::Email(email.clone()), Key::Network(network(*address))].into_iter().chain(site).collect()
            }
            Try::FromDevice(token_hash) => vec![Key::Device(token_hash.clone())],
            Try::Confirm(session) => vec![Key::Session(session.clone())],
        }
    }
}

/// Whom an address stands for: those beside it in an office or at a provider, who cannot be told from it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => IpAddr::V4(Ipv4Addr::from_bits(it.to_bits() & (u32::MAX << 8))),
        IpAddr::V6(it) => IpAddr::V6(Ipv6Addr::from_bits(it.to_bits() & (u128::MAX << 64))),
    }
}

/// To whom all networks of an IPv6 address may belong: one customer may have a /48, 65,536 networks (RFC 6177).
fn site(address: IpAddr) -> Option<Ipv6Addr> {
    match address.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(it) => Some(Ipv6Addr::from_bits(it.to_bits() & (u128::MAX << 80))),
    }
}

/// Who has tried how often.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// From so many on, the one with the fewest failures is forgotten, of several the one that has been quiet for longest:
    /// were it the quietest of all, a flood of new names would wash away the count of a name that is guessed at.
    const CAPACITY: usize = 16_384;

    /// Counts a try, or says how long to wait.
    pub(crate) fn admit(&self, attempt: &Try, now: Timestamp) -> Result<(), Duration> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = attempt.keys();
        let wait = |key: &Key| counts.get(key).map_or(Duration::ZERO, |it| it.wait(key.free(), now));
        match keys.iter().map(wait).max() {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                make_room(&mut counts, &keys, now);
                for key in keys {
                    let failures = counts.entry(key).or_insert(Failures::none(now));
                    *failures = failures.and_one(now);
                }
                Ok(())
            }
        }
    }

    /// The password was right. What counts against a network stays: whoever has one password may guess others.
    pub(crate) fn succeeded(&self, attempt: &Try) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in attempt.keys() {
            if !matches!(key, Key::Network(_) | Key::Site(_)) {
                counts.remove(&key);
            }
        }
    }
}

/// Makes room for all keys of a try; none of them has to go for another of them.
fn make_room(counts: &mut HashMap<Key, Failures>, keys: &[Key], now: Timestamp) {
    let new = keys.iter().filter(|key| !counts.contains_key(key)).count();
    if counts.len() + new <= Throttle::CAPACITY {
        return;
    }
    counts.retain(|key, failures| keys.contains(key) || failures.count(now) > 0);
    while counts.len() + new > Throttle::CAPACITY {
        let others = counts.iter().filter(|(key, _)| !keys.contains(key));
        let least = others.min_by_key(|(_, failures)| (failures.count(now), failures.last()));
        let Some(least) = least.map(|(key, _)| key.clone()) else { return };
        counts.remove(&least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0) + Duration::from_secs(seconds)
    }

    fn sign_in(email: &str, address: &str) -> Try {
        Try::SignIn(email.into(), address.parse().unwrap())
    }

    fn admitted(throttle: &Throttle, tries: impl Iterator<Item = Try>) -> usize {
        tries.filter(|it| throttle.admit(it, at(0)).is_ok()).count()
    }

    #[test]
    fn a_thousand_guesses_for_one_address_from_everywhere_get_five_tries_at_once() {
        let throttle = Throttle::default();
        let from_everywhere = (0..1_000).map(|n| sign_in("maya@x", &format!("10.{}.{}.9", n / 250, n % 250)));
        assert_eq!(admitted(&throttle, from_everywhere), 5);
        assert_eq!(admitted(&throttle, [sign_in("omar@x", "192.0.2.1")].into_iter()), 1);
    }

    #[test]
    fn a_thousand_guesses_from_one_network_for_everybody_get_ten() {
        let throttle = Throttle::default();
        let for_everybody = (0..1_000).map(|n| sign_in(&format!("m{n}@x"), &format!("192.0.2.{}", n % 250)));
        assert_eq!(admitted(&throttle, for_everybody), 10);
        let six = (0..1_000).map(|n| sign_in(&format!("n{n}@x"), &format!("2001:db8:1:2::{n:x}")));
        assert_eq!(admitted(&throttle, six), 10);
    }

    #[test]
    fn a_known_browser_is_not_kept_by_guesses_made_elsewhere() {
        let throttle = Throttle::default();
        assert_eq!(admitted(&throttle, (0..1_000).map(|_| sign_in("maya@x", "192.0.2.1"))), 5);
        assert_eq!(admitted(&throttle, (0..1_000).map(|_| Try::FromDevice("hash".into()))), 5);
    }

    #[test]
    fn a_right_password_clears_the_address_but_not_the_network() {
        let throttle = Throttle::default();
        let own = || sign_in("maya@x", "192.0.2.1");
        for _ in 0..10 {
            assert_eq!(throttle.admit(&own(), at(0)), Ok(()));
            throttle.succeeded(&own());
        }
        assert_eq!(throttle.admit(&own(), at(0)), Err(Duration::from_secs(1)));
        assert_eq!(throttle.admit(&sign_in("maya@x", "198.51.100.7"), at(0)), Ok(()));
    }

    #[test]
    fn a_flood_of_addresses_fills_no_more_than_its_room() {
        let throttle = Throttle::default();
        for n in 0..Throttle::CAPACITY as u64 + 500 {
            let address = Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) + (u128::from(n) << 64));
            let _ = throttle.admit(&Try::SignIn(format!("m{n}@x"), address.into()), at(n));
        }
        assert!(throttle.0.lock().unwrap().len() <= Throttle::CAPACITY);
    }

    #[test]
    fn guesses_from_all_networks_of_one_site_get_a_hundred() {
        let throttle = Throttle::default();
        let site = (0..1_000).map(|n| sign_in(&format!("m{n}@x"), &format!("2001:db8:1:{n:x}::1")));
        assert_eq!(admitted(&throttle, site), 100);
        assert_eq!(admitted(&throttle, [sign_in("omar@x", "2001:db8:2::1")].into_iter()), 1);
    }

    #[test]
    fn a_flood_of_addresses_does_not_wash_away_who_has_guessed_most() {
        let throttle = Throttle::default();
        let guesses = (0..3_600).filter(|n| throttle.admit(&sign_in("maya@x", "192.0.2.1"), at(*n)).is_ok());
        assert!(guesses.count() > 5);
        for n in 0..Throttle::CAPACITY as u64 / 3 + 500 {
            let address = Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) + (u128::from(n) << 80));
            let _ = throttle.admit(&Try::SignIn(format!("m{n}@x"), address.into()), at(3_600));
        }
        assert!(throttle.admit(&sign_in("maya@x", "198.51.100.7"), at(3_600)).is_err());
    }
}
