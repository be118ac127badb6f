//! Which pages called which chatbot, written down once an hour each.
//!
//! Anybody can claim to be any page. What is written is therefore limited by address and by chatbot, and nobody waits
//! for it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use app::sightings;
use domain::Timestamp;

use super::limits::network;
use crate::{Shared, allowance::Allowance};

/// How exactly it is known when a page last called.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// So many pages are held in mind; beyond that all are forgotten, which costs a few writes.
const MOST: usize = 4_096;

/// So many pages are written down in a minute that an address says it shows.
const PER_ADDRESS: u32 = 10;
/// So many pages that may not embed a chatbot are written down in [`EVERY`] for each chatbot: no more are shown.
const REFUSED: u32 = 20;

/// A page that opened a chatbot, and whether it was let in.
pub(super) struct Seen<'a> {
    /// The chatbot, which exists.
    pub(super) public_key: &'a str,
    /// The page's origin, as it says.
    pub(super) origin: &'a str,
    /// Whether it may embed the chatbot.
    pub(super) admitted: bool,
}

/// What was written down lately: public key, origin and whether it was let in.
pub(crate) struct Sightings {
    known: Mutex<HashMap<(String, String, bool), Timestamp>>,
    by_address: Allowance<IpAddr>,
    refused: Allowance<String>,
}

impl Default for Sightings {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            by_address: Allowance::new(PER_ADDRESS, Duration::from_secs(60), PER_ADDRESS),
            refused: Allowance::new(REFUSED, EVERY, REFUSED),
        }
    }
}

impl Sightings {
    fn is_due(&self, seen: &Seen<'_>, peer: IpAddr, now: Timestamp) -> bool {
        // Before it is kept: a header may be much longer.
        if seen.origin.len() > sightings::MAX_ORIGIN {
            return false;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (seen.public_key.to_owned(), seen.origin.to_owned(), seen.admitted);
        if known.get(&key).is_some_and(|at| now.since(*at) < EVERY) {
            return false;
        }
        let admitted = self.by_address.admit(network(peer), now).is_ok();
        if !admitted || !seen.admitted && self.refused.admit(seen.public_key.to_owned(), now).is_err() {
            return false;
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, now);
        true
    }
}

/// Notes that a page opened a chatbot. That it cannot be written down is no reason not to answer.
pub(super) async fn note(web: &Shared, seen: &Seen<'_>, peer: IpAddr) {
    if !web.sightings.is_due(seen, peer, web.db.ambient().clock.now()) {
        return;
    }
    let (public_key, origin) = (seen.public_key.to_owned(), seen.origin.to_owned());
    let written = web.db.write_behind(move |tx| sightings::record(tx, &public_key, &origin)).await;
    if let Err(error) = written {
        tracing::debug!(%error, "a page that called is not written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000);

    fn is_due(sightings: &Sightings, origin: &str, admitted: bool, peer: &str) -> bool {
        let seen = Seen { public_key: "a", origin, admitted };
        sightings.is_due(&seen, peer.parse().unwrap(), START)
    }

    #[test]
    fn an_address_that_makes_pages_up_writes_little() {
        let sightings = Sightings::default();
        let due = (0..100).filter(|it| is_due(&sightings, &format!("https://{it}.test"), true, "192.0.2.1"));
        assert_eq!(due.count(), PER_ADDRESS as usize);
        assert!(is_due(&sightings, "https://own.test", true, "192.0.2.2"), "others are not kept out");
    }

    #[test]
    fn many_addresses_that_make_pages_up_write_little() {
        let sightings = Sightings::default();
        let made_up = |it| (format!("https://{it}.test"), format!("198.51.100.{it}"));
        let due = (0..100).map(made_up).filter(|(page, peer)| is_due(&sightings, page, false, peer));
        assert_eq!(due.count(), REFUSED as usize);
        assert!(
            is_due(&sightings, "https://own.test", true, "192.0.2.2"),
            "the owner's page is written down"
        );
    }

    #[test]
    fn a_page_is_written_down_once_an_hour_and_a_long_origin_never() {
        let sightings = Sightings::default();
        assert!(is_due(&sightings, "https://own.test", true, "192.0.2.1"));
        assert!(!is_due(&sightings, "https://own.test", true, "192.0.2.2"));
        let long = format!("https://{}.test", "a".repeat(300));
        assert!(!is_due(&sightings, &long, true, "192.0.2.1"));
        assert_eq!(sightings.known.lock().unwrap().len(), 1, "it is not kept either");
    }
}
