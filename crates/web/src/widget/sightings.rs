//! Which pages called which chatbot, written down once an hour each.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use app::sightings;
use domain::Timestamp;

use crate::Shared;

/// How exactly it is known when a page last called.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// So many pages are held in mind; beyond that all are forgotten, which costs a few writes.
const MOST: usize = 4_096;

/// What was written down lately: public key, origin and whether it was let in.
#[derive(Default)]
pub(crate) struct Sightings(Mutex<HashMap<(String, String, bool), Timestamp>>);

impl Sightings {
    fn is_due(&self, public_key: &str, origin: &str, admitted: bool, now: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (public_key.to_owned(), origin.to_owned(), admitted);
        if known.get(&key).is_some_and(|at| now.since(*at) < EVERY) {
            return false;
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, now);
        true
    }
}

/// A page opened a chatbot, and was let in or not. That it cannot be written down is no reason not to answer.
pub(super) async fn note(web: &Shared, public_key: &str, origin: &str, admitted: bool) {
    let now = web.db.ambient().clock.now();
    if !web.sightings.is_due(public_key, origin, admitted, now) {
        return;
    }
    let (public_key, origin) = (public_key.to_owned(), origin.to_owned());
    let written = web.db.write_behind(move |tx| sightings::record(tx, &public_key, &origin)).await;
    if let Err(error) = written {
        tracing::debug!(%error, "a page that called is not written down");
    }
}
