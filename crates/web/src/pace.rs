//! How fast a key may be used, on an instance that limits it.
//!
//! Must not cost anything where no limit is set, which is the default.

use std::time::Duration;

use domain::{Actor, ApiKey, Id, Timestamp};

use crate::{allowance::Allowance, problem::Problem};

/// Lets each key make so many requests per second, in one burst or spread.
pub(crate) struct Pace(Option<(u32, Allowance<Id<ApiKey>>)>);

impl Pace {
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let limited = |limit| (limit, Allowance::new(limit, Duration::from_secs(1), limit));
        Self(per_second.filter(|limit| *limit > 0).map(limited))
    }

    /// Counts a request, or refuses it.
    pub(crate) fn admit(&self, actor: &Actor, now: Timestamp) -> Result<(), Problem> {
        let (Some((per_second, allowance)), Actor::Key { key, .. }) = (&self.0, actor) else {
            return Ok(());
        };
        allowance.admit(*key, now).map_err(|wait| {
            let detail = format!("this instance lets a key make {per_second} requests per second");
            Problem::too_many_requests(detail, wait)
        })
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
