//! What is deleted when: one table of rules, carried out in slices so that no transaction is long.

use std::time::Duration;

use store::Tx;

use crate::AppError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long answers are kept for a repeated `Idempotency-Key`.
pub const IDEMPOTENCY: Duration = Duration::from_secs(3 * DAY.as_secs());

/// At most so many rows go in one transaction.
const SLICE: u32 = 1_000;

/// Chore: deletes one slice of each kind that is past its time. Whether more is left.
pub fn clean(tx: &mut Tx<'_>) -> Result<bool, AppError> {
    let end = tx.now().before(IDEMPOTENCY);
    let deleted = store::idempotency::delete_old(tx, end, SLICE)?;
    Ok(deleted == u64::from(SLICE))
}
