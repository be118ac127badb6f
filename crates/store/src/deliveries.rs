//! Deliveries and their attempts.

use std::{sync::Arc, time::Duration};

use crate::{
    StoreError, Tx, events,
    nodes::Node,
    sql::sql,
    value::{Row, Value, args},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    Account, Attempt, AttemptError, AttemptKind, Delivery, DeliveryState, Event, Id, Outcome, Phases,
    Response, SkipReason, Timestamp, Webhook, delivery::ErrorClass,
};

macro_rules! columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "account_id, ",
            $prefix,
            "id, ",
            $prefix,
            "event_id, ",
            $prefix,
            "webhook_id, ",
            $prefix,
            "event_type, ",
            $prefix,
            "body, ",
            $prefix,
            "state, ",
            $prefix,
            "reason, ",
            $prefix,
            "attempts, ",
            $prefix,
            "failures, ",
            $prefix,
            "due_at, ",
            $prefix,
            "started_at, ",
            $prefix,
            "created_at, ",
            $prefix,
            "line"
        )
    };
}

pub(crate) use columns;

pub(crate) mod lists;
pub use lists::{DeliveryFilter, last_outcomes, list, of_events, tally};

/// Deliveries with their events.
macro_rules! with_event {
    ($where:literal) => {
        concat!(
            "select ",
            columns!("d."),
            ", ",
            events::columns!("e."),
            " from delivery d join event e on e.account_id = d.account_id and e.id = d.event_id ",
            $where
        )
    };
}
pub(crate) use with_event;

sql! {
    INSERT = concat!("insert into delivery (", columns!(""), ", test)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
    GET = concat!("select ", columns!(""), " from delivery where account_id = $1 and id = $2");
    // Where a webhook that sends has a delivery pending: the instant at which its first is due. A held one has its probe.
    WAITING = "select w.account_id, w.id, w.probe_at,
            (select min(d.due_at) from delivery d where d.webhook_id = w.id and d.state = 'pending')
        from webhook w join shard_lease l on l.shard = w.shard and l.owner = $1
        where w.state in ('active', 'held') and w.deleted_at is null";
    DUE = with_event!("where d.webhook_id = $1 and d.state = 'pending' and d.due_at <= $2 and (d.due_at, d.id) > ($3, $4)
        order by d.due_at, d.id limit $5");
    FIRST_DUE = with_event!("where d.webhook_id = $1 and d.state = 'pending' and d.due_at < $2
        order by d.due_at, d.id limit 1 offset $3");
    OLDEST_BEGUN = with_event!("where d.webhook_id = $1 and d.state = 'pending' and d.due_at < $2 and d.started_at is not null
        order by d.id limit 1");
    FIRST_UNTRIED = with_event!("where d.webhook_id = $1 and d.state = 'pending' and d.due_at < $2 and d.started_at is null
        order by d.due_at, d.id limit 1");
    // The decision was made on what the owner of the shard knew; it counts only if that still holds. The failures tell
    // the schedule that it was made for from the one that a resend began.
    ADVANCE = "update delivery
        set state = $3, reason = $4, attempts = $5, failures = $6, due_at = $7, started_at = $8
        where account_id = $1 and id = $2 and state = 'pending' and attempts = $5 - 1 and failures = $12
          and exists (select 1 from shard_lease l where l.shard = $9 and l.owner = $10 and l.epoch = $11)";
    // Somebody else has moved the delivery on: the attempt is only counted.
    COUNT_ATTEMPT = "update delivery set attempts = attempts + 1 where account_id = $1 and id = $2
        returning attempts, state";
    SET_DELIVERED = "update delivery set state = 'delivered', reason = null where account_id = $1 and id = $2";
    RESTART = "update delivery set state = 'pending', reason = null, failures = 0, due_at = $3, started_at = null
        where account_id = $1 and id = $2 and state <> 'pending'";
    // SQLite's update has no limit, so the rows are named by a sub-select on both. The outer condition is what PostgreSQL
    // looks at again after waiting for a row: what was just delivered is not skipped.
    SKIP = "update delivery set state = 'skipped', reason = $3 where account_id = $1 and state = 'pending'
          and id in (select id from delivery
                where webhook_id = $2 and state = 'pending' order by due_at, id limit $4)";
    SHIFT = "update delivery /*sqlite: indexed by delivery_begun */ set due_at = due_at + $3, started_at = started_at + $3
        where account_id = $1 and webhook_id = $2 and state = 'pending' and started_at is not null";
    // Each webhook's pending deliveries are in the order in which they are due, so only those beyond are looked at.
    ADVANCE_BEYOND = "update delivery set due_at = $1 where state = 'pending' and due_at > $2 and due_at < $3
          and webhook_id in (select id from webhook where state = 'active' and deleted_at is null)";
    INSERT_ATTEMPT = "insert into attempt (account_id, delivery_id, number, kind, at, address, status, error,
            error_detail, dns_us, connect_us, tls_us, first_byte_us, total_us, response_headers, response_body,
            response_body_base64)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    ATTEMPTS = "select number, kind, at, address, status, error, error_detail, dns_us, connect_us, tls_us,
            first_byte_us, total_us, response_headers, response_body, response_body_base64
        from attempt where account_id = $1 and delivery_id = $2 order by number";
}

/// Adds deliveries. Whether one belongs to a test is in its event's id.
pub fn insert(tx: &mut Tx<'_>, deliveries: &[Delivery]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = deliveries.iter().map(insert_args).collect();
    tx.execute_many(&INSERT, &rows).map(drop)
}

fn insert_args(delivery: &Delivery) -> Vec<Value> {
    args![
        delivery.account,
        delivery.id,
        delivery.event_id,
        delivery.webhook_id,
        delivery.event_type.as_str(),
        delivery.body.as_str(),
        delivery.state.as_str(),
        delivery.state.reason(),
        delivery.attempts,
        delivery.failures,
        delivery.due_at,
        delivery.started_at,
        delivery.created_at,
        delivery.line.as_deref(),
        delivery.event_id.is_test(),
    ]
    .to_vec()
}

/// The account's delivery of that id.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Delivery>) -> Result<Option<Delivery>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(|mut row| read(&mut row)).transpose()
}

/// A webhook that sends and has something pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose.
    pub account: Id<Account>,
    /// Which.
    pub webhook: Id<Webhook>,
    /// When its first delivery is due, or its next probe; those in flight are counted too.
    pub due_at: Timestamp,
}

/// The sending and held webhooks on shards of `node` that have something pending.
pub fn waiting(tx: &mut Tx<'_>, node: Id<Node>) -> Result<Vec<Waiting>, StoreError> {
    let read = |mut row: Row| {
        let (account, webhook, probe_at) = (row.take()?, row.take()?, row.take::<Option<Timestamp>>()?);
        let first = row.take::<Option<Timestamp>>()?;
        Ok(first.map(|first| Waiting { account, webhook, due_at: probe_at.unwrap_or(first) }))
    };
    tx.query(&WAITING, args![node])?.into_iter().map(read).filter_map(Result::transpose).collect()
}

/// A delivery that is due, with its event.
#[derive(Clone, Debug)]
pub struct Due {
    /// The delivery.
    pub delivery: Delivery,
    /// What it delivers.
    pub event: Arc<Event>,
}

/// Up to `limit` deliveries of `webhook` that are due at `now` and come after the place `(due_at, id)`.
pub fn due(
    tx: &mut Tx<'_>,
    webhook: Id<Webhook>,
    now: Timestamp,
    after: (Timestamp, Id<Delivery>),
    limit: u32,
) -> Result<Vec<Due>, StoreError> {
    tx.query(&DUE, args![webhook, now, after.0, after.1, limit])?.into_iter().map(read_due).collect()
}

/// The pending delivery of `webhook` that is due first, or the one so many places behind it; none that waits in line.
pub fn first_due(tx: &mut Tx<'_>, webhook: Id<Webhook>, place: u32) -> Result<Option<Due>, StoreError> {
    tx.query_one(&FIRST_DUE, args![webhook, Delivery::IN_LINE, place])?.map(read_due).transpose()
}

/// The oldest pending delivery of `webhook`; none that waits in line.
pub fn oldest(tx: &mut Tx<'_>, webhook: Id<Webhook>) -> Result<Option<Due>, StoreError> {
    let begun = tx.query_one(&OLDEST_BEGUN, args![webhook, Delivery::IN_LINE])?.map(read_due).transpose()?;
    let untried =
        tx.query_one(&FIRST_UNTRIED, args![webhook, Delivery::IN_LINE])?.map(read_due).transpose()?;
    Ok(begun.into_iter().chain(untried).min_by_key(|due| due.delivery.id))
}

pub(crate) fn read_due(mut row: Row) -> Result<Due, StoreError> {
    Ok(Due { delivery: read(&mut row)?, event: Arc::new(events::read(&mut row)?) })
}

/// The right to decide about the deliveries of a shard: which node, in which of its epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub node: Id<Node>,
    /// Grows with every change of owner.
    pub epoch: i64,
}

/// Stores `delivery` as it is after one more attempt, before which it had so many failures. False if it is not what `lease`'s holder believed: no longer
/// pending, attempted by somebody else, or on a shard that now belongs to another node.
pub fn advance(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    failures_before: u32,
    lease: Lease,
) -> Result<bool, StoreError> {
    let args = args![
        delivery.account,
        delivery.id,
        delivery.state.as_str(),
        delivery.state.reason(),
        delivery.attempts,
        delivery.failures,
        delivery.due_at,
        delivery.started_at,
        i64::from(Webhook::shard(delivery.webhook_id)),
        lease.node,
        lease.epoch,
        failures_before,
    ];
    Ok(tx.execute(&ADVANCE, args)? == 1)
}

/// Counts an attempt whose result came too late to decide: its number, and the state's name. None if the delivery
/// is gone.
pub fn count_attempt(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Delivery>,
) -> Result<Option<(u32, String)>, StoreError> {
    let read = |mut row: Row| Ok((row.take()?, row.take()?));
    tx.query_changing(&COUNT_ATTEMPT, args![account, id])?.into_iter().next().map(read).transpose()
}

/// Marks a delivery as delivered, whatever it was.
pub fn set_delivered(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Delivery>) -> Result<(), StoreError> {
    tx.execute(&SET_DELIVERED, args![account, id]).map(drop)
}

/// Gives a finished delivery a fresh schedule whose first attempt is due at `due_at`. False if it is pending, or gone.
pub fn restart(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Delivery>,
    due_at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&RESTART, args![account, id, due_at])? == 1)
}

/// Skips up to `limit` pending deliveries of a webhook; how many.
pub fn skip(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
    reason: SkipReason,
    limit: u32,
) -> Result<u64, StoreError> {
    tx.execute(&SKIP, args![account, webhook, DeliveryState::Skipped(reason).reason(), limit])
}

/// Moves the schedules of a webhook's pending deliveries by the time that they stood still.
pub fn shift(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
    by: Duration,
) -> Result<(), StoreError> {
    tx.execute(&SHIFT, args![account, webhook, micros(by)]).map(drop)
}

/// Makes pending deliveries of active webhooks due at `now` that are due only after `beyond`; how many.
pub fn advance_beyond(tx: &mut Tx<'_>, now: Timestamp, beyond: Timestamp) -> Result<u64, StoreError> {
    tx.execute(&ADVANCE_BEYOND, args![now, beyond, Delivery::IN_LINE])
}

/// Records an attempt.
pub fn insert_attempt(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    delivery: Id<Delivery>,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let Outcome { at, address, phases, result } = &attempt.outcome;
    let (response, error) = (result.as_ref().ok(), result.as_ref().err());
    let (body, base64) = response.map(|it| write_body(&it.body)).unzip();
    let args = args![
        account,
        delivery,
        attempt.number,
        attempt.kind.as_str(),
        *at,
        address.as_deref(),
        response.map(|it| it.status),
        error.map(|it| it.class.as_str()),
        error.map(|it| it.detail.replace('\0', "\u{fffd}")),
        phases.dns.map(micros),
        phases.connect.map(micros),
        phases.tls.map(micros),
        phases.first_byte.map(micros),
        micros(phases.total),
        response.map(|it| serde_json::to_string(&it.headers).expect("texts can be written as JSON")),
        body,
        base64.unwrap_or(false),
    ];
    tx.execute(&INSERT_ATTEMPT, args).map(drop)
}

/// A delivery's attempts, oldest first.
pub fn attempts(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    delivery: Id<Delivery>,
) -> Result<Vec<Attempt>, StoreError> {
    tx.query(&ATTEMPTS, args![account, delivery])?.into_iter().map(read_attempt).collect()
}

/// An answer's body as text: PostgreSQL takes neither NUL nor what is not UTF-8.
fn write_body(body: &[u8]) -> (String, bool) {
    match std::str::from_utf8(body) {
        Ok(text) if !text.contains('\0') => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(crate) fn read(row: &mut Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        account: row.take()?,
        id: row.take()?,
        event_id: row.take()?,
        webhook_id: row.take()?,
        event_type: row.parse(|text| text.parse().ok())?,
        body: row.parse(|text| text.parse().ok())?,
        state: {
            let (state, reason): (String, Option<String>) = (row.take()?, row.take()?);
            DeliveryState::parse(&state, reason.as_deref()).ok_or_else(|| row.corrupt())?
        },
        attempts: row.take()?,
        failures: row.take()?,
        due_at: row.take()?,
        started_at: row.take()?,
        created_at: row.take()?,
        line: row.take()?,
    })
}

pub(crate) fn read_attempt(mut row: Row) -> Result<Attempt, StoreError> {
    fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Option<T> {
        all.iter().copied().find(|known| name(*known) == text)
    }
    let number = row.take()?;
    let kind = row.parse(|text| named(&AttemptKind::ALL, AttemptKind::as_str, text))?;
    let (at, address, status) = (row.take()?, row.take()?, row.take::<Option<u16>>()?);
    let class =
        row.take::<Option<String>>()?.and_then(|text| named(&ErrorClass::ALL, ErrorClass::as_str, &text));
    let detail: Option<String> = row.take()?;
    let phases = Phases {
        dns: take_micros(&mut row)?,
        connect: take_micros(&mut row)?,
        tls: take_micros(&mut row)?,
        first_byte: take_micros(&mut row)?,
        total: take_micros(&mut row)?.unwrap_or_default(),
    };
    let headers: Option<String> = row.take()?;
    let (body, base64): (Option<String>, bool) = (row.take()?, row.take()?);
    let result = match (status, class) {
        (Some(status), _) => {
            let headers =
                serde_json::from_str(headers.as_deref().unwrap_or("[]")).map_err(|_| row.corrupt())?;
            let body = body.unwrap_or_default();
            let body = if base64 { STANDARD.decode(body).unwrap_or_default() } else { body.into_bytes() };
            Ok(Response { status, headers, body })
        }
        (None, Some(class)) => Err(AttemptError { class, detail: detail.unwrap_or_default() }),
        (None, None) => return Err(row.corrupt()),
    };
    Ok(Attempt { number, kind, outcome: Outcome { at, address, phases, result } })
}

fn take_micros(row: &mut Row) -> Result<Option<Duration>, StoreError> {
    Ok(row.take::<Option<u64>>()?.map(Duration::from_micros))
}
