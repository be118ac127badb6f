//! The two countings of the ledger, always from raw rows.

use domain::{Account, Id, Ledger};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    EVENTS = "select count(*), count(*) filter (where planned = 0), cast(coalesce(sum(planned), 0) as bigint)
        from event where account_id = $1 and not test";
    DELIVERIES = "select
            count(*) filter (where state = 'delivered'), count(*) filter (where state = 'pending'),
            count(*) filter (where state = 'exhausted'), count(*) filter (where state = 'skipped')
        from delivery where account_id = $1 and not test";
    ARCHIVE = "select events, unmatched, planned, delivered, exhausted, skipped
        from ledger_archive where account_id = $1";
    ADD = "insert into ledger_archive (account_id, events, unmatched, planned, delivered, exhausted, skipped)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (account_id) do update set
            events = ledger_archive.events + excluded.events,
            unmatched = ledger_archive.unmatched + excluded.unmatched,
            planned = ledger_archive.planned + excluded.planned,
            delivered = ledger_archive.delivered + excluded.delivered,
            exhausted = ledger_archive.exhausted + excluded.exhausted,
            skipped = ledger_archive.skipped + excluded.skipped";
}

/// Counts the account's events and deliveries.
pub fn count(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Ledger, StoreError> {
    let mut events = one(tx.query_one(&EVENTS, args![account])?);
    let mut deliveries = one(tx.query_one(&DELIVERIES, args![account])?);
    let counted = Ledger {
        events: events.take()?,
        unmatched: events.take()?,
        planned: events.take()?,
        delivered: deliveries.take()?,
        pending: deliveries.take()?,
        exhausted: deliveries.take()?,
        skipped: deliveries.take()?,
    };
    let archived = tx.query_one(&ARCHIVE, args![account])?.map(read_archive).transpose()?;
    Ok(counted.plus(&archived.unwrap_or_default()))
}

/// Adds what is about to be removed. Pending deliveries are never removed, so none can be added.
pub fn archive(tx: &mut Tx<'_>, account: Id<Account>, removed: &Ledger) -> Result<(), StoreError> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let args = args![
        account,
        number(removed.events),
        number(removed.unmatched),
        number(removed.planned),
        number(removed.delivered),
        number(removed.exhausted),
        number(removed.skipped),
    ];
    tx.execute(&ADD, args).map(drop)
}

fn one(row: Option<Row>) -> Row {
    row.expect("a count without group answers one row")
}

fn read_archive(mut row: Row) -> Result<Ledger, StoreError> {
    Ok(Ledger {
        events: row.take()?,
        unmatched: row.take()?,
        planned: row.take()?,
        delivered: row.take()?,
        pending: 0,
        exhausted: row.take()?,
        skipped: row.take()?,
    })
}
