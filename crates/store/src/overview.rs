//! What the first page of an account shows of its webhooks and deliveries.
//!
//! It is looked at often, so nothing here counts further than to a bound: an account may have millions of deliveries.

use domain::{Account, Delivery, Id, Tally, Timestamp, Webhook, WebhookState};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    // SQLite has no figures by which to prefer the index of those few.
    WEBHOOKS = "select w.id, w.name, w.state, w.state_reason, w.state_since, w.failures,
            (select count(*) from (select 1 from delivery d
                where d.webhook_id = w.id and d.state = 'pending' limit $3) p),
            (select count(*) from (select 1 from delivery d /*sqlite: indexed by delivery_exhausted_webhook */
                where d.account_id = $1 and d.webhook_id = w.id and d.state = 'exhausted' and d.id >= $2
                    and not d.test limit $3) e)
        from webhook w where w.account_id = $1 and w.deleted_at is null order by w.id desc limit $4";
    RECENT = "select count(*) filter (where state = 'delivered'), count(*) filter (where state = 'pending'),
            count(*) filter (where state = 'exhausted'), count(*) filter (where state = 'skipped')
        from (select state from delivery where account_id = $1 and id >= $2 and not test
            order by id desc limit $3) d";
    TIMES = "select d.created_at, a.at, a.total_us
        from (select id, state, attempts, created_at from delivery
            where account_id = $1 and id >= $2 and not test order by id desc limit $3) d
        join attempt a on a.account_id = $1 and a.delivery_id = d.id and a.number = d.attempts
        where d.state = 'delivered' and a.status >= 200 and a.status < 300";
    STEPS = "select
            case when exists (select 1 from chatbot
                where account_id = $1 and deleted_at is null) then 1 else 0 end,
            case when exists (select 1 from chatbot
                where account_id = $1 and deleted_at is null and version is not null) then 1 else 0 end,
            case when exists (select 1 from conversation
                where account_id = $1 and not preview and chatbot_id is not null) then 1 else 0 end,
            case when exists (select 1 from webhook
                where account_id = $1 and deleted_at is null) then 1 else 0 end,
            case when exists (select 1 from (select state from delivery
                where account_id = $1 order by id desc limit $2) d where d.state = 'delivered') then 1 else 0 end";
}

/// A webhook, and what it has before it and behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookGlance {
    /// Which webhook.
    pub id: Id<Webhook>,
    /// What people call it.
    pub name: String,
    /// Whether it sends.
    pub state: WebhookState,
    /// Since when it has been in that state.
    pub state_since: Timestamp,
    /// How many attempts have failed in a row.
    pub failures: u32,
    /// Its pending deliveries, as far as they were counted.
    pub pending: u64,
    /// Those planned since the instant asked for and given up, as far as they were counted.
    pub exhausted: u64,
}

/// The account's newest `limit` webhooks. Deliveries are counted up to `most` each; given up ones since `since`.
pub fn webhooks(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    since: Timestamp,
    most: u32,
    limit: u32,
) -> Result<Vec<WebhookGlance>, StoreError> {
    let from = Id::<Delivery>::first_at(since);
    tx.query(&WEBHOOKS, args![account, from, most, limit])?.into_iter().map(glance).collect()
}

fn glance(mut row: Row) -> Result<WebhookGlance, StoreError> {
    let (id, name) = (row.take()?, row.take()?);
    let (state, reason): (String, Option<String>) = (row.take()?, row.take()?);
    let state = WebhookState::parse(&state, reason.as_deref()).ok_or_else(|| row.corrupt())?;
    Ok(WebhookGlance {
        id,
        name,
        state,
        state_since: row.take()?,
        failures: row.take()?,
        pending: row.take()?,
        exhausted: row.take()?,
    })
}

/// What became of the newest `most` deliveries that were planned since then, without those of tests.
pub fn recent(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    since: Timestamp,
    most: u32,
) -> Result<Tally, StoreError> {
    let from = Id::<Delivery>::first_at(since);
    let mut row = tx.query_one(&RECENT, args![account, from, most])?.expect("a count answers one row");
    Ok(Tally { delivered: row.take()?, pending: row.take()?, exhausted: row.take()?, skipped: row.take()? })
}

/// How long those of the newest `most` deliveries since then took that arrived: from the acceptance of the event to the
/// end of the answer, in microseconds.
pub fn times(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    since: Timestamp,
    most: u32,
) -> Result<Vec<u64>, StoreError> {
    let from = Id::<Delivery>::first_at(since);
    let length = |mut row: Row| {
        let (planned, begun): (Timestamp, Timestamp) = (row.take()?, row.take()?);
        let took: u64 = row.take()?;
        Ok(u64::try_from(begun.since(planned).as_micros()).unwrap_or(u64::MAX).saturating_add(took))
    };
    tx.query(&TIMES, args![account, from, most])?.into_iter().map(length).collect()
}

/// What an account has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// It has a chatbot.
    pub chatbot: bool,
    /// It has published one.
    pub published: bool,
    /// Somebody has chatted with one, and not in a preview.
    pub installed: bool,
    /// It has a webhook.
    pub webhook: bool,
    /// Something arrived at one, a test or an event, among the newest deliveries.
    pub arrived: bool,
}

/// So many of the newest deliveries are looked at for one that arrived.
const LOOKED_AT: u32 = 1_000;

/// What the account has done so far.
pub fn steps(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Steps, StoreError> {
    let mut row = tx.query_one(&STEPS, args![account, LOOKED_AT])?.expect("it has no from");
    Ok(Steps {
        chatbot: row.take()?,
        published: row.take()?,
        installed: row.take()?,
        webhook: row.take()?,
        arrived: row.take()?,
    })
}
