//! Lines: the pending deliveries of one conversation to a webhook that keeps its order.
//!
//! Only the first of a line is ever due; the others have their place in it ([`Delivery::IN_LINE`] and beyond) instead of
//! an instant, so that a lane which reads what is due does not even see them, and a long line behind a failing receiver
//! costs nothing. When the first is done the next is released. Whoever adds to a line or takes from it holds the lock of
//! its webhook ([`crate::webhooks::lock`]): else a delivery could be added behind one that was just done, and wait for
//! ever. Places follow from that lock and not from ids, which clocks make.

use std::collections::HashMap;

use domain::{Account, Delivery, Event, Id, Timestamp, Webhook};

use crate::{
    StoreError, Tx,
    deliveries::{
        Due, columns,
        lists::{about, some_events},
        read_due, with_event,
    },
    events,
    sql::sql,
    value::args,
    webhooks::Owned,
};

sql! {
    LAST = "select max(due_at) from delivery where webhook_id = $1 and line = $2 and state = 'pending'";
    HEAD = "select id from delivery
        where account_id = $1 and webhook_id = $2 and line = $3 and state = 'pending' and due_at < $4
        order by id limit 1";
    // What is due of the line of each that waits: of several the oldest is the head, and comes last here.
    HEADS = concat!("select w.id, p.id from delivery w /*sqlite: indexed by sqlite_autoindex_delivery_2 */
        cross join delivery p /*sqlite: indexed by delivery_line */
        where w.account_id = $1 and w.event_id in ", some_events!(), " and w.state = 'pending' and w.due_at >= $52
          and p.account_id = w.account_id and p.webhook_id = w.webhook_id and p.line = w.line and p.state = 'pending'
          and p.due_at < $52
        order by p.id desc");
    // Nothing is released beside something of the line that is due: that would be the first of it.
    RELEASE_NEXT = "update delivery set due_at = $4
        where account_id = $1 and state = 'pending' and due_at >= $5
          and id = (select id from delivery where webhook_id = $2 and line = $3 and state = 'pending'
                order by due_at, id limit 1)
        returning id";
    RELEASED = with_event!("where d.account_id = $1 and d.id = $2");
    // Webhooks of which something waits, whatever they keep now.
    WAITED_FOR = "select w.account_id, w.id from webhook w
        where exists (select 1 from delivery d where d.webhook_id = w.id and d.state = 'pending' and d.due_at >= $1)
        order by w.id";
    // Those that wait for nobody: the first of their line, of which nothing is due. SQLite would look through all
    // deliveries of the account, so it is told the index.
    RELEASE_STUCK = "update delivery /*sqlite: indexed by delivery_due */ set due_at = $3
        where account_id = $1 and webhook_id = $2 and state = 'pending' and due_at >= $4
          and not exists (select 1 from delivery p
                where p.webhook_id = delivery.webhook_id and p.line = delivery.line and p.state = 'pending'
                  and (p.due_at, p.id) < (delivery.due_at, delivery.id))";
    RELEASE_ALL = "update delivery /*sqlite: indexed by delivery_due */ set due_at = $3
        where account_id = $1 and webhook_id = $2 and state = 'pending' and due_at >= $4";
}

/// The `due_at` of the last pending delivery of the line; None if there is none. The caller holds the webhook's lock.
pub fn last(tx: &mut Tx<'_>, webhook: Id<Webhook>, line: &str) -> Result<Option<Timestamp>, StoreError> {
    tx.query_one(&LAST, args![webhook, line])?.map_or(Ok(None), |mut row| row.take())
}

/// Whose webhooks something waits for in line, and which; also those that keep no order any more.
pub fn waited_for(tx: &mut Tx<'_>) -> Result<Vec<Owned>, StoreError> {
    let rows = tx.query(&WAITED_FOR, args![Delivery::IN_LINE])?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
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

/// Of each delivery of these events that waits in a line, the one that it waits for.
pub fn heads(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    events: &[Id<Event>],
) -> Result<HashMap<Id<Delivery>, Id<Delivery>>, StoreError> {
    let rows = about(tx, &HEADS, account, events, args![Delivery::IN_LINE])?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
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
