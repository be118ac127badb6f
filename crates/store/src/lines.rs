//! Lines: the pending deliveries of one conversation to a webhook that keeps its order.
//!
//! Only the first of a line is ever due; the others have [`Delivery::IN_LINE`] as their instant, so that a lane which
//! reads what is due does not even see them, and a long line behind a failing receiver costs nothing. When the first is
//! done the next is released. Whoever adds to a line or takes from it holds the lock of its webhook
//! ([`crate::webhooks::lock`]): else a delivery could be added behind one that was just done, and wait for ever.

use domain::{Account, Delivery, Id, Timestamp, Webhook};

use crate::{
    StoreError, Tx,
    deliveries::{Due, columns, read_due, with_event},
    events,
    sql::sql,
    value::args,
};

sql! {
    TAKEN = "select 1 from delivery where webhook_id = $1 and line = $2 and state = 'pending' limit 1";
    HEAD = "select id from delivery
        where account_id = $1 and webhook_id = $2 and line = $3 and state = 'pending' and due_at < $4
        order by id limit 1";
    RELEASE_NEXT = "update delivery set due_at = $4
        where account_id = $1 and state = 'pending' and due_at = $5
          and id = (select id from delivery where webhook_id = $2 and line = $3 and state = 'pending' order by id limit 1)
        returning id";
    RELEASED = with_event!("where d.account_id = $1 and d.id = $2");
    // Those that wait for nobody: the first of their line, of which nothing is due.
    RELEASE_STUCK = "update delivery set due_at = $3
        where account_id = $1 and webhook_id = $2 and state = 'pending' and due_at = $4
          and not exists (select 1 from delivery p
                where p.webhook_id = delivery.webhook_id and p.line = delivery.line and p.state = 'pending'
                  and (p.due_at < $4 or p.id < delivery.id))";
    RELEASE_ALL = "update delivery set due_at = $3
        where account_id = $1 and webhook_id = $2 and state = 'pending' and due_at = $4";
}

/// Whether anything of the line is pending, so that what is added has to wait. The caller holds the webhook's lock.
pub fn is_taken(tx: &mut Tx<'_>, webhook: Id<Webhook>, line: &str) -> Result<bool, StoreError> {
    Ok(tx.query_one(&TAKEN, args![webhook, line])?.is_some())
}

/// The one of the line that the others wait for; None while the line is between two.
pub fn head(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
    line: &str,
) -> Result<Option<Id<Delivery>>, StoreError> {
    let head = tx.query_one(&HEAD, args![account, webhook, line, Delivery::IN_LINE])?;
    head.map(|mut row| row.take()).transpose()
}

/// Makes the first of the line due at `now`, if it still waits; that one. The caller holds the webhook's lock.
pub fn release_next(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
    line: &str,
    now: Timestamp,
) -> Result<Option<Due>, StoreError> {
    let released = tx.query_changing(&RELEASE_NEXT, args![account, webhook, line, now, Delivery::IN_LINE])?;
    let Some(mut row) = released.into_iter().next() else {
        return Ok(None);
    };
    let id: Id<Delivery> = row.take()?;
    tx.query_one(&RELEASED, args![account, id])?.map(read_due).transpose()
}

/// Makes those due that wait although nothing is before them; how many. The caller holds the webhook's lock.
pub fn release_stuck(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.execute(&RELEASE_STUCK, args![account, webhook, now, Delivery::IN_LINE])
}

/// Makes all that wait in lines due: the webhook keeps no order any more. The caller holds the webhook's lock.
pub fn release_all(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.execute(&RELEASE_ALL, args![account, webhook, now, Delivery::IN_LINE])
}
