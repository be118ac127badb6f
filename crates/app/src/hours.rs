//! How webhooks have been doing lately: figures for pictures, from a bounded look at the newest deliveries.
//!
//! They are told as such: what is beyond the bound is not looked at. The ledger is where everything is counted.

use std::time::Duration;

use domain::{Actor, Attempt, Id, Permission, Timestamp, Webhook};
pub use store::hours::{HOURS, Hour};
use store::{Tx, hours::Sampled};

use crate::{AppError, access::require};

/// So many deliveries are looked at for all rows of a list together; that takes some 20 ms where none is in memory.
const OF_LIST: u32 = 5_000;
/// And so many for each stretch of one webhook's page.
pub const OF_PAGE: u32 = 60;
/// A webhook's last failure that something arrived after is looked for among so many.
const OF_FAILURE: u32 = 20;

/// What a list says of one of its webhooks besides its settings.
#[derive(Clone, Debug)]
pub struct Lately {
    /// The last 24 hours, oldest first, the present one being the last.
    pub hours: [Hour; HOURS],
    /// Of each hour at most so many of the newest were looked at.
    pub of_each: u32,
    /// The last attempt that failed, without the answer's headers and body.
    pub last_failure: Option<Attempt>,
}

/// How these webhooks of the account have been doing, in their order. The more they are, the fewer deliveries of each
/// are looked at.
pub fn lately(tx: &mut Tx<'_>, actor: &Actor, webhooks: &[Id<Webhook>]) -> Result<Vec<Lately>, AppError> {
    require(actor, Permission::Read)?;
    let (account, end) = (actor.account(), end_of(tx.now(), Duration::from_secs(60 * 60)));
    let of_each = of_each(webhooks.len());
    let mut found = Vec::with_capacity(webhooks.len());
    for webhook in webhooks {
        found.push(Lately {
            hours: store::hours::day(tx, account, *webhook, end, of_each)?,
            of_each,
            last_failure: store::hours::last_failure(tx, account, *webhook, OF_FAILURE)?,
        });
    }
    Ok(found)
}

/// How many deliveries of each hour are looked at where there are so many rows.
fn of_each(rows: usize) -> u32 {
    let hours = u32::try_from(rows.max(1) * HOURS).unwrap_or(u32::MAX);
    (OF_LIST / hours).clamp(2, 50)
}

/// A stretch of time, and how a webhook did in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// How many were delivered.
    pub delivered: u64,
    /// How many were tried and not delivered (yet).
    pub failed: u64,
    /// Whether there were more than were looked at.
    pub more: bool,
    /// How long half of the answers took at most.
    pub p50: Option<Duration>,
    /// How long 95 of 100 took at most.
    pub p95: Option<Duration>,
}

/// The last `count` stretches of that length, oldest first, the present one being the last; by when deliveries were
/// planned.
pub fn stretches(
    tx: &mut Tx<'_>,
    actor: &Actor,
    webhook: Id<Webhook>,
    length: Duration,
    count: u32,
) -> Result<Vec<Stretch>, AppError> {
    require(actor, Permission::Read)?;
    let (account, end) = (actor.account(), end_of(tx.now(), length));
    let mut stretches = Vec::new();
    for ago in (0..count).rev() {
        let (from, to) = (end.before(length * (ago + 1)), end.before(length * ago));
        let sampled = store::hours::stretch(tx, account, webhook, (from, to), OF_PAGE)?;
        stretches.push(sum_up(from, to, &sampled));
    }
    Ok(stretches)
}

/// When the present stretch of that length ends: stretches begin on the hour (UTC), and the last one goes on.
fn end_of(now: Timestamp, length: Duration) -> Timestamp {
    let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_micros((now.micros().div_euclid(length) + 1).saturating_mul(length))
}

fn sum_up(from: Timestamp, to: Timestamp, sampled: &[Sampled]) -> Stretch {
    let count = |went_well| sampled.iter().filter(|it| it.went_well == Some(went_well)).count() as u64;
    let mut took: Vec<Duration> = sampled.iter().filter_map(|it| it.took).collect();
    took.sort_unstable();
    Stretch {
        from,
        to,
        delivered: count(true),
        failed: count(false),
        more: sampled.len() >= OF_PAGE as usize,
        p50: at_rank(&took, 50),
        p95: at_rank(&took, 95),
    }
}

/// The least of the sorted values that is not less than so many per cent of them (nearest rank).
fn at_rank(sorted: &[Duration], per_cent: usize) -> Option<Duration> {
    let rank = (sorted.len() * per_cent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_looks_at_fewer_of_each() {
        assert_eq!([0, 1, 5, 10, 50, 1_000].map(of_each), [50, 50, 41, 20, 4, 2]);
    }

    #[test]
    fn stretches_begin_on_the_hour() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let hours = |count: u64| Duration::from_secs(count * 60 * 60);
        assert_eq!(end_of(at("2026-03-04T10:15:30Z"), hours(1)), at("2026-03-04T11:00:00Z"));
        assert_eq!(end_of(at("2026-03-04T11:00:00Z"), hours(1)), at("2026-03-04T12:00:00Z"));
        assert_eq!(end_of(at("2026-03-04T10:15:30Z"), hours(6)), at("2026-03-04T12:00:00Z"));
    }

    #[test]
    fn ranks_are_values_that_were_measured() {
        let millis = |all: &[u64]| all.iter().copied().map(Duration::from_millis).collect::<Vec<_>>();
        assert_eq!(at_rank(&[], 50), None);
        let four = millis(&[1, 2, 3, 100]);
        assert_eq!(at_rank(&four, 50), Some(Duration::from_millis(2)));
        assert_eq!(at_rank(&four, 95), Some(Duration::from_millis(100)));
        assert_eq!(at_rank(&four[..1], 50), Some(Duration::from_millis(1)));
    }
}
