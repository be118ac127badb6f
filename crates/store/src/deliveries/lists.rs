//! Lists of deliveries, by everything that they can be asked for, and those of a list of events.

use std::collections::HashMap;

use domain::{Account, Delivery, DeliveryState, Event, EventType, Id, Outcome, Tally, Timestamp, Webhook};
use uuid::Uuid;

use super::{read, read_attempt};
use crate::{
    StoreError, Tx,
    sql::{Sql, sql},
    value::{Row, Value, args},
};

macro_rules! list {
    ($index:literal, $where:literal) => {
        concat!(
            "select ",
            columns!(""),
            " from delivery ",
            $index,
            " where account_id = $1 and id < $2 and id >= $6 and not test ",
            "and (state = $3 or $3 is null) and (event_type = $4 or $4 is null) ",
            $where,
            " order by id desc limit $5"
        )
    };
}

/// What is pending, picked from the index of what is due, which holds all that is asked, and put in order there.
macro_rules! list_pending {
    ($webhooks:literal) => {
        concat!(
            "select ",
            columns!(""),
            " from delivery where account_id = $1 and id in (
                select d.id from delivery d /*sqlite: indexed by delivery_due */
                where d.webhook_id ",
            $webhooks,
            " and d.state = 'pending' and d.id < $2 and d.id >= $5 and not d.test
                  and (d.event_type = $3 or $3 is null)
                order by d.id desc limit $4)
            order by id desc"
        )
    };
}

/// So many events are asked about at once, as [`about`] does: a list has no type that both engines know.
macro_rules! some_events {
    () => {
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, \
         $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, \
         $48, $49, $50, $51)"
    };
}
pub(crate) use some_events;
const SOME: usize = 50;

sql! {
    LIST = list!("", "");
    LIST_OF_WEBHOOK = list!("/*sqlite: indexed by delivery_webhook */", "and webhook_id = $7");
    // The types are compared in the index, and only rows of the right one are read.
    LIST_OF_TYPE = concat!("select ", columns!("r."), " from delivery i /*sqlite: indexed by delivery_webhook */
        cross join delivery r
        where i.account_id = $1 and i.webhook_id = $7 and i.id < $2 and i.id >= $6 and i.event_type = $4
          and r.account_id = i.account_id and r.id = i.id and not r.test and (r.state = $3 or $3 is null)
        order by i.id desc limit $5");
    LIST_PENDING = list_pending!("in (select w.id from webhook w where w.account_id = $1)");
    LIST_PENDING_OF_WEBHOOK = list_pending!("= $6");
    MANY_PENDING = "select 1 from delivery d /*sqlite: indexed by delivery_due */
        where d.webhook_id in (select w.id from webhook w where w.account_id = $1 and (w.id = $2 or $2 is null))
          and d.state = 'pending'
        limit 1 offset 50000";
    // Few among many, so they have indexes of their own. Either engine takes one only for its very condition, and SQLite
    // has no figures by which to prefer it.
    LIST_EXHAUSTED = list!("/*sqlite: indexed by delivery_exhausted */", "and state = 'exhausted'");
    LIST_SKIPPED = list!("/*sqlite: indexed by delivery_skipped */", "and state = 'skipped'");
    LIST_EXHAUSTED_OF_WEBHOOK = list!("/*sqlite: indexed by delivery_exhausted_webhook */", "and webhook_id = $7 and state = 'exhausted'");
    LIST_SKIPPED_OF_WEBHOOK = list!("/*sqlite: indexed by delivery_skipped_webhook */", "and webhook_id = $7 and state = 'skipped'");
    LIST_OF_EVENT = list!("/*sqlite: indexed by sqlite_autoindex_delivery_2 */", "and event_id = $7 and (webhook_id = $8 or $8 is null)");
    TALLY = concat!("select event_id, state, count(*) from delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */
        where account_id = $1 and event_id in ", some_events!(), "
        group by event_id, state");
    // SQLite would look through all deliveries of the account, so it is told the index of the unique key.
    OF_EVENTS = concat!("select ", columns!(""), " from delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */
        where account_id = $1 and event_id in ", some_events!(), " order by id");
    // Without what the receiver said, which may be long.
    LAST_ATTEMPTS = concat!("select a.delivery_id, a.number, a.kind, a.at, a.address, a.status, a.error, a.error_detail, a.dns_us,
            a.connect_us, a.tls_us, a.first_byte_us, a.total_us, '[]', '', false
        from delivery d /*sqlite: indexed by sqlite_autoindex_delivery_2 */
        join attempt a on a.account_id = d.account_id and a.delivery_id = d.id and a.number = d.attempts
        where d.account_id = $1 and d.event_id in ", some_events!());
}

/// Which deliveries to list; None means any.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this webhook.
    pub webhook_id: Option<Id<Webhook>>,
    /// Of this event.
    pub event_id: Option<Id<Event>>,
    /// In the state of this name.
    pub state: Option<String>,
    /// Of events of this type.
    pub event_type: Option<EventType>,
    /// Planned at that instant or later, by the millisecond.
    pub since: Option<Timestamp>,
    /// Planned before that instant, by the millisecond.
    pub until: Option<Timestamp>,
}

/// Deliveries older than `before`, newest first, without those of tests.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    filter: &DeliveryFilter,
    before: Id<Delivery>,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let before = filter.until.map_or(before, |until| before.min(Id::first_at(until)));
    let from: Id<Delivery> = filter.since.map_or(Id::from_uuid(Uuid::nil()), Id::first_at);
    let (state, event_type) = (filter.state.as_deref(), filter.event_type.map(EventType::as_str));
    if state == Some("pending") && filter.event_id.is_none() && !has_many_pending(tx, account, filter)? {
        let mut args = args![account, before, event_type, limit, from].to_vec();
        args.extend(filter.webhook_id.map(Value::from));
        let statement = filter.webhook_id.map_or(&LIST_PENDING, |_| &LIST_PENDING_OF_WEBHOOK);
        return tx.query(statement, &args)?.into_iter().map(|mut row| read(&mut row)).collect();
    }
    let mut args = args![account, before, state, event_type, limit, from].to_vec();
    let rows = match (filter.event_id, filter.webhook_id) {
        (Some(event), webhook) => {
            args.extend([event.into(), webhook.into()]);
            tx.query(&LIST_OF_EVENT, &args)?
        }
        (None, Some(webhook)) => {
            args.push(webhook.into());
            let statement = match state {
                Some("exhausted") => &LIST_EXHAUSTED_OF_WEBHOOK,
                Some("skipped") => &LIST_SKIPPED_OF_WEBHOOK,
                _ if event_type.is_some() => &LIST_OF_TYPE,
                _ => &LIST_OF_WEBHOOK,
            };
            tx.query(statement, &args)?
        }
        (None, None) => match state {
            Some("exhausted") => tx.query(&LIST_EXHAUSTED, &args)?,
            Some("skipped") => tx.query(&LIST_SKIPPED, &args)?,
            _ => tx.query(&LIST, &args)?,
        },
    };
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}

/// Whether so much is pending that putting it in order takes longer than meeting some of it from the newest on.
fn has_many_pending(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    filter: &DeliveryFilter,
) -> Result<bool, StoreError> {
    Ok(tx.query_one(&MANY_PENDING, args![account, filter.webhook_id])?.is_some())
}

/// Asks a statement about these events: `$1` is the account, [`some_events`] the events, and `more` comes behind.
pub(crate) fn about(
    tx: &mut Tx<'_>,
    statement: &'static Sql,
    account: Id<Account>,
    events: &[Id<Event>],
    more: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for some in events.chunks(SOME) {
        // No event has the id nil.
        let filled = some.iter().copied().chain(std::iter::repeat(Id::from_uuid(Uuid::nil())));
        let mut args = vec![account.into()];
        args.extend(filled.take(SOME).map(Value::from));
        args.extend_from_slice(more);
        rows.extend(tx.query(statement, &args)?);
    }
    Ok(rows)
}

/// What became of the deliveries of each of these events, in their order.
pub fn tally(tx: &mut Tx<'_>, account: Id<Account>, events: &[Id<Event>]) -> Result<Vec<Tally>, StoreError> {
    let mut found: HashMap<Id<Event>, Tally> = HashMap::new();
    for mut row in about(tx, &TALLY, account, events, &[])? {
        let tally = found.entry(row.take()?).or_default();
        let (state, count): (String, u64) = (row.take()?, row.take()?);
        tally.add(DeliveryState::ALL.into_iter().find(|it| it.as_str() == state), count);
    }
    Ok(events.iter().map(|id| found.get(id).copied().unwrap_or_default()).collect())
}

/// All deliveries of these events; those of each in the order they were planned.
pub fn of_events(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    events: &[Id<Event>],
) -> Result<Vec<Delivery>, StoreError> {
    about(tx, &OF_EVENTS, account, events, &[])?.iter_mut().map(read).collect()
}

/// How the last attempt of each delivery of these events went, without headers and body of the answer.
pub fn last_outcomes(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    events: &[Id<Event>],
) -> Result<Vec<(Id<Delivery>, Outcome)>, StoreError> {
    let read = |mut row: Row| Ok((row.take()?, read_attempt(row)?.outcome));
    about(tx, &LAST_ATTEMPTS, account, events, &[])?.into_iter().map(read).collect()
}
