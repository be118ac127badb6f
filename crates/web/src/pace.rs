//! How fast a key may be used, on an instance that limits it.
//!
//! Must not cost anything where no limit is set, which is the default.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{Actor, ApiKey, Id, Timestamp};

use crate::problem::Problem;

/// Lets each key make so many requests per second, in one burst or spread.
///
/// For each key it keeps the instant at which its allowance would be whole again (GCRA); that may lie at most one
/// second ahead.
pub(crate) struct Pace {
    per_second: Option<u32>,
    whole_at: Mutex<HashMap<Id<ApiKey>, Timestamp>>,
}

impl Pace {
    const BURST: Duration = Duration::from_secs(1);
    /// From so many keys on, those with a whole allowance are forgotten.
    const CAPACITY: usize = 4_096;

    pub(crate) fn new(per_second: Option<u32>) -> Self {
        Self { per_second: per_second.filter(|limit| *limit > 0), whole_at: Mutex::default() }
    }

    /// Counts a request, or refuses it.
    pub(crate) fn admit(&self, actor: &Actor, now: Timestamp) -> Result<(), Problem> {
        let (Some(per_second), Actor::Key { key, .. }) = (self.per_second, actor) else {
            return Ok(());
        };
        let mut keys = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= Self::CAPACITY && !keys.contains_key(key) {
            keys.retain(|_, whole_at| *whole_at > now);
        }
        let whole_at = keys.entry(*key).or_insert(now);
        // A clock that was set back must not lock a key out for longer than its burst.
        let start = (*whole_at).clamp(now, now + Self::BURST);
        let next = start + Self::BURST / per_second;
        if next.since(now) > Self::BURST {
            return Err(Problem::too_many_requests(per_second));
        }
        *whole_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::Scope;

    use super::*;

    fn key(n: u8) -> Actor {
        Actor::Key {
            account: Id::from_parts(1, &[1; 10]),
            key: Id::from_parts(1, &[n; 10]),
            scope: Scope::Read,
        }
    }

    #[test]
    fn a_key_gets_its_number_in_each_second() {
        let (pace, start) = (Pace::new(Some(10)), Timestamp::from_micros(0));
        let admitted = |key: &Actor, at| (0..20).filter(|_| pace.admit(key, at).is_ok()).count();
        assert_eq!(admitted(&key(1), start), 10);
        assert_eq!(admitted(&key(2), start), 10);
        assert_eq!(admitted(&key(1), start + Duration::from_millis(300)), 3);
        assert_eq!(admitted(&key(1), start + Duration::from_secs(60)), 10);
        assert_eq!(admitted(&key(1), start), 0);
    }

    #[test]
    fn no_limit_admits_everything() {
        let pace = Pace::new(None);
        assert!((0..10_000).all(|_| pace.admit(&key(1), Timestamp::from_micros(0)).is_ok()));
    }
}
