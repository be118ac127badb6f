//! What is deleted when: one table of rules, carried out in slices so that no transaction is long.

use std::time::Duration;

use domain::{Id, Ledger, NewEvent};
use store::Tx;

use crate::AppError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long answers are kept for a repeated `Idempotency-Key`.
pub const IDEMPOTENCY: Duration = NewEvent::REPEATABLE;

/// How long things are kept. What is pending is kept longer, until it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The data of events.
    pub payloads: Duration,
    /// Events, deliveries and attempts without it; the ledger keeps counting them.
    pub records: Duration,
    /// In the audit log, where requests came from, and the e-mail addresses that were invited. The entries stay.
    pub addresses: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { payloads: 30 * DAY, records: 90 * DAY, addresses: 90 * DAY }
    }
}

/// At most so many rows of a kind go in one transaction.
const SLICE: u32 = 500;

/// Chore: deletes one slice of each kind that is past its time. Whether more is left.
pub fn clean(tx: &mut Tx<'_>, retention: Retention) -> Result<bool, AppError> {
    let now = tx.now();
    let mut more = store::idempotency::delete_old(tx, now.before(IDEMPOTENCY), SLICE)? == u64::from(SLICE);
    let (payloads, records) =
        (Id::first_at(now.before(retention.payloads)), Id::first_at(now.before(retention.records)));
    let addresses = Id::first_at(now.before(retention.addresses));
    for account in store::accounts::list(tx)? {
        more |= store::retention::forget_data(tx, account.id, payloads, SLICE)? == u64::from(SLICE);
        let forgotten = store::retention::forget_addresses(tx, account.id, addresses, SLICE)?;
        more |= forgotten == u64::from(SLICE);
        let expired = store::retention::expired(tx, account.id, records, SLICE)?;
        more |= expired.len() == SLICE as usize;
        let mut removed = Ledger::default();
        for event in &expired {
            removed = removed.plus(&store::retention::delete(tx, account.id, *event)?);
        }
        if removed != Ledger::default() {
            store::ledger::archive(tx, account.id, &removed)?;
        }
    }
    Ok(more)
}
