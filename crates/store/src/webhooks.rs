//! Webhooks, their secrets, and which of them ask for an event type.

pub(crate) mod heads;

use domain::{
    Account, BodyForm, Chatbot, EventType, Health, Id, Ordering, RetryPolicy, Secret, SigningKey, Timestamp,
    Webhook, WebhookState,
};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, Value, args},
};

pub use self::heads::{Addressee, Deleted, Troubled, find_deleted, list_deleted, of_events, troubled};

macro_rules! columns {
    () => {
        "account_id, id, name, url, event_types, chatbot_ids, body, headers, ordering, max_in_flight, \
         rate_per_second, retry, state, state_reason, state_since, failures, probes, probe_at, notices, created_at, \
         updated_at"
    };
}

sql! {
    INSERT = concat!("insert into webhook (", columns!(), ", shard)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)");
    GET = concat!("select ", columns!(), " from webhook where account_id = $1 and id = $2 and deleted_at is null");
    // Held until the transaction ends: what a change is made from must still be so when it is written.
    GET_TO_CHANGE = concat!("select ", columns!(), " from webhook
        where account_id = $1 and id = $2 and deleted_at is null /*pg: for no key update */");
    LIST = concat!("select ", columns!(), " from webhook
        where account_id = $1 and id < $2 and deleted_at is null order by id desc limit $3");
    LIST_IN_STATE = concat!("select ", columns!(), " from webhook
        where account_id = $1 and id < $2 and deleted_at is null and state = $4 order by id desc limit $3");
    UPDATE = "update webhook set name = $3, url = $4, event_types = $5, chatbot_ids = $6, body = $7, headers = $8,
            ordering = $9, max_in_flight = $10, rate_per_second = $11, retry = $12, updated_at = $13
        where account_id = $1 and id = $2 and deleted_at is null";
    // Nothing is read: this only makes whoever else changes the webhook, or its lines, wait.
    LOCK = "select id from webhook where account_id = $1 and id = $2 /*pg: for no key update */";
    SET_STATE = "update webhook set state = $3, state_reason = $4, state_since = $5, probe_at = $7,
            failures = 0, failed_at = null, probes = 0, notices = 0
        where account_id = $1 and id = $2 and state = $6 and deleted_at is null";
    DELETE = "update webhook set deleted_at = $3, headers = '' where account_id = $1 and id = $2 and deleted_at is null";
    SECRETS = "select version, secret, expires_at from webhook_secret
        where account_id = $1 and webhook_id = $2 order by version desc";
    INSERT_SECRET = "insert into webhook_secret (account_id, webhook_id, version, secret) values ($1, $2, $3, $4)";
    EXPIRE_SECRETS = "update webhook_secret set expires_at = $3
        where account_id = $1 and webhook_id = $2 and expires_at is null";
    DELETE_REPLACED_SECRETS = "delete from webhook_secret
        where account_id = $1 and webhook_id = $2 and expires_at is not null";
    DELETE_ALL_SECRETS = "delete from webhook_secret where account_id = $1 and webhook_id = $2";
    INSERT_SUBSCRIPTION = "insert into subscription (account_id, event_type, webhook_id) values ($1, $2, $3)";
    DELETE_SUBSCRIPTIONS = "delete from subscription where account_id = $1 and webhook_id = $2";
    // A webhook disabled at this very moment may get one more pending delivery; the chore that reads CLOSED skips it.
    SUBSCRIBED = "select w.id, w.body, w.state, w.state_reason, w.chatbot_ids, w.ordering
        from subscription s join webhook w on w.account_id = s.account_id and w.id = s.webhook_id
        where s.account_id = $1 and s.event_type = $2 order by w.id";
    // What the rest of an account's deliveries of webhooks that send nothing any more must become.
    CLOSED = "select w.account_id, w.id, w.deleted_at from webhook w
        where (w.state = 'disabled' or w.deleted_at is not null)
          and exists (select 1 from delivery d where d.webhook_id = w.id and d.state = 'pending')";
    // An attempt that began before the last counted failure was known was in flight together with it. A failure counted
    // in what is now the future comes from a clock that was set back.
    COUNT_FAILURE = "update webhook set failures = failures + 1, failed_at = $4
        where account_id = $1 and id = $2 and state = 'active' and deleted_at is null
          and (failed_at is null or failed_at < $3 or failed_at > $4)
        returning failures";
    CLEAR_FAILURES = "update webhook set failures = 0, failed_at = null
        where account_id = $1 and id = $2 and state = 'active' and failures > 0";
    SET_PROBES = "update webhook set probes = $3, probe_at = $4 where account_id = $1 and id = $2 and state = 'held'";
    HELD = "select account_id, id from webhook where state = 'held' and deleted_at is null and state_since <= $1";
    PROBE_BEYOND = "update webhook set probe_at = $1 where state = 'held' and probe_at > $2";
    SET_NOTICES = "update webhook set notices = $4
        where account_id = $1 and id = $2 and state = 'held' and notices = $3";
}

/// Adds a webhook with its secrets and what it asks for.
pub fn insert(tx: &mut Tx<'_>, webhook: &Webhook) -> Result<(), StoreError> {
    let headers = seal_headers(tx, webhook);
    let shard = i64::from(Webhook::shard(webhook.id));
    let args = args![
        webhook.account,
        webhook.id,
        &webhook.name,
        &webhook.url,
        join_types(&webhook.event_types),
        join_chatbots(&webhook.chatbot_ids),
        webhook.body.as_str(),
        headers,
        webhook.ordering.as_str(),
        webhook.max_in_flight,
        webhook.rate_per_second,
        webhook.retry.as_str(),
        webhook.state.as_str(),
        webhook.state.reason(),
        webhook.state_since,
        webhook.health.failures,
        webhook.health.probes,
        webhook.health.probe_at,
        webhook.health.notices,
        webhook.created_at,
        webhook.updated_at,
        shard,
    ];
    tx.execute(&INSERT, args)?;
    for key in &webhook.keys {
        insert_secret(tx, webhook, key)?;
    }
    subscribe(tx, webhook)
}

/// The account's webhook of that id; None if there is none or it was deleted.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Webhook>) -> Result<Option<Webhook>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(|row| read(tx, row)).transpose()
}

/// The same, to change it: nobody else does until this transaction ends.
pub fn find_to_change(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
) -> Result<Option<Webhook>, StoreError> {
    let row = tx.query_one(&GET_TO_CHANGE, args![account, id])?;
    row.map(|row| read(tx, row)).transpose()
}

/// Webhooks older than `before`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    before: Id<Webhook>,
    limit: u32,
) -> Result<Vec<Webhook>, StoreError> {
    let rows = tx.query(&LIST, args![account, before, limit])?;
    rows.into_iter().map(|row| read(tx, row)).collect()
}

/// The same, only those in the state of this name.
pub fn list_in_state(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    state: &str,
    before: Id<Webhook>,
    limit: u32,
) -> Result<Vec<Webhook>, StoreError> {
    let rows = tx.query(&LIST_IN_STATE, args![account, before, limit, state])?;
    rows.into_iter().map(|row| read(tx, row)).collect()
}

/// Stores a webhook's settings; state and secrets stay. False if it was deleted meanwhile.
pub fn update(tx: &mut Tx<'_>, webhook: &Webhook) -> Result<bool, StoreError> {
    let headers = seal_headers(tx, webhook);
    let args = args![
        webhook.account,
        webhook.id,
        &webhook.name,
        &webhook.url,
        join_types(&webhook.event_types),
        join_chatbots(&webhook.chatbot_ids),
        webhook.body.as_str(),
        headers,
        webhook.ordering.as_str(),
        webhook.max_in_flight,
        webhook.rate_per_second,
        webhook.retry.as_str(),
        webhook.updated_at,
    ];
    if tx.execute(&UPDATE, args)? == 0 {
        return Ok(false);
    }
    tx.execute(&DELETE_SUBSCRIPTIONS, args![webhook.account, webhook.id])?;
    subscribe(tx, webhook)?;
    Ok(true)
}

/// Makes everybody else who changes the webhook, or the order of its lines, wait until this transaction ends.
pub fn lock(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Webhook>) -> Result<(), StoreError> {
    tx.query_changing(&LOCK, args![account, id]).map(drop)
}

/// Changes the state of a webhook that is still in state `from`, and begins its health anew. False if it no longer is.
pub fn set_state(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
    from: WebhookState,
    to: WebhookState,
    since: Timestamp,
    probe_at: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let args = args![account, id, to.as_str(), to.reason(), since, from.as_str(), probe_at];
    Ok(tx.execute(&SET_STATE, args)? == 1)
}

/// Counts a failed attempt that began at `began` and is stored at `now`; how many there were in a row. None if it was in
/// flight together with one that was counted, or if the webhook is not active.
pub fn count_failure(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
    began: Timestamp,
    now: Timestamp,
) -> Result<Option<u32>, StoreError> {
    let rows = tx.query_changing(&COUNT_FAILURE, args![account, id, began, now])?;
    rows.into_iter().next().map(|mut row| row.take()).transpose()
}

/// Ends a row of failures. False if there was none.
pub fn clear_failures(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Webhook>) -> Result<bool, StoreError> {
    Ok(tx.execute(&CLEAR_FAILURES, args![account, id])? == 1)
}

/// Notes how many probes a held webhook has seen and when the next is due. False if it is not held.
pub fn set_probes(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
    probes: u32,
    probe_at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&SET_PROBES, args![account, id, probes, probe_at])? == 1)
}

/// Makes probes due at `now` that are due only after `beyond`; how many.
pub fn probe_beyond(tx: &mut Tx<'_>, now: Timestamp, beyond: Timestamp) -> Result<u64, StoreError> {
    tx.execute(&PROBE_BEYOND, args![now, beyond])
}

/// Notes how many notices were given of a hold of which `before` had been given. False if it is not so any more.
pub fn set_notices(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
    before: u32,
    given: u32,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&SET_NOTICES, args![account, id, before, given])? == 1)
}

/// Whose webhook, and which.
pub type Owned = (Id<Account>, Id<Webhook>);

/// The webhooks of all accounts that have been held since `since` or longer.
pub fn held(tx: &mut Tx<'_>, since: Timestamp) -> Result<Vec<Owned>, StoreError> {
    tx.query(&HELD, args![since])?.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// Deletes a webhook: nobody finds it any more, it asks for nothing and its secrets are gone. Its deliveries stay.
pub fn delete(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if tx.execute(&DELETE, args![account, id, now])? == 0 {
        return Ok(false);
    }
    tx.execute(&DELETE_SUBSCRIPTIONS, args![account, id])?;
    tx.execute(&DELETE_ALL_SECRETS, args![account, id])?;
    Ok(true)
}

/// Adds a newest secret. The one before it ends at `old_expires_at`; those that it had replaced end now.
pub fn rotate(
    tx: &mut Tx<'_>,
    webhook: &Webhook,
    key: &SigningKey,
    old_expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(&DELETE_REPLACED_SECRETS, args![webhook.account, webhook.id])?;
    tx.execute(&EXPIRE_SECRETS, args![webhook.account, webhook.id, old_expires_at])?;
    insert_secret(tx, webhook, key)
}

/// What planning needs to know of a webhook that asks for an event type.
#[derive(Debug)]
pub struct Subscriber {
    /// Which webhook.
    pub webhook_id: Id<Webhook>,
    /// In which form it wants the body.
    pub body: BodyForm,
    /// Its state.
    pub state: WebhookState,
    /// The chatbots whose events it wants; empty means all.
    pub chatbot_ids: Vec<Id<Chatbot>>,
    /// Whether it keeps the order of conversations.
    pub ordering: Ordering,
}

/// The account's webhooks that ask for events of this type, in whatever state.
pub fn subscribed(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    event_type: EventType,
) -> Result<Vec<Subscriber>, StoreError> {
    let read = |mut row: Row| {
        Ok(Subscriber {
            webhook_id: row.take()?,
            body: row.parse(|text| text.parse().ok())?,
            state: read_state(&mut row)?,
            chatbot_ids: row.parse(split_chatbots)?,
            ordering: row.parse(|text| text.parse().ok())?,
        })
    };
    tx.query(&SUBSCRIBED, args![account, event_type.as_str()])?.into_iter().map(read).collect()
}

/// A webhook that sends nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Whose.
    pub account: Id<Account>,
    /// Which.
    pub webhook: Id<Webhook>,
    /// Whether it was deleted, rather than disabled.
    pub deleted: bool,
}

/// Webhooks of all accounts that are disabled or deleted and still have pending deliveries.
pub fn closed(tx: &mut Tx<'_>) -> Result<Vec<Closed>, StoreError> {
    let read = |mut row: Row| {
        let (account, webhook) = (row.take()?, row.take()?);
        Ok(Closed { account, webhook, deleted: row.take::<Option<Timestamp>>()?.is_some() })
    };
    tx.query(&CLOSED, args![])?.into_iter().map(read).collect()
}

fn subscribe(tx: &mut Tx<'_>, webhook: &Webhook) -> Result<(), StoreError> {
    let row = |event_type: &EventType| args![webhook.account, event_type.as_str(), webhook.id].to_vec();
    let rows: Vec<Vec<Value>> = webhook.event_types.iter().map(row).collect();
    tx.execute_many(&INSERT_SUBSCRIPTION, &rows).map(drop)
}

fn insert_secret(tx: &mut Tx<'_>, webhook: &Webhook, key: &SigningKey) -> Result<(), StoreError> {
    let sealed =
        tx.seal(&secret_place(webhook.account, webhook.id, key.version), key.secret.to_text().reveal());
    tx.execute(&INSERT_SECRET, args![webhook.account, webhook.id, key.version, sealed]).map(drop)
}

fn secret_place(account: Id<Account>, webhook: Id<Webhook>, version: u32) -> String {
    format!("{account}/{webhook}/secret/{version}")
}

fn headers_place(account: Id<Account>, webhook: Id<Webhook>) -> String {
    format!("{account}/{webhook}/headers")
}

fn seal_headers(tx: &Tx<'_>, webhook: &Webhook) -> String {
    let headers: Vec<[&str; 2]> = webhook.headers.iter().map(|(name, value)| [&**name, &**value]).collect();
    let text = serde_json::to_string(&headers).expect("texts can be written as JSON");
    tx.seal(&headers_place(webhook.account, webhook.id), &text)
}

fn join_types(types: &[EventType]) -> String {
    types.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(",")
}

fn join_chatbots(ids: &[Id<Chatbot>]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn split_chatbots(text: &str) -> Option<Vec<Id<Chatbot>>> {
    text.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().ok()).collect()
}

fn read_state(row: &mut Row) -> Result<WebhookState, StoreError> {
    let (state, reason): (String, Option<String>) = (row.take()?, row.take()?);
    WebhookState::parse(&state, reason.as_deref()).ok_or_else(|| row.corrupt())
}

fn read(tx: &mut Tx<'_>, mut row: Row) -> Result<Webhook, StoreError> {
    let (account, id) = (row.take()?, row.take()?);
    Ok(Webhook {
        account,
        id,
        name: row.take()?,
        url: row.take()?,
        event_types: row.parse(|text| text.split(',').map(|name| name.parse().ok()).collect())?,
        chatbot_ids: row.parse(split_chatbots)?,
        body: row.parse(|text| text.parse().ok())?,
        headers: {
            let text = tx.unseal(&headers_place(account, id), &row.take::<String>()?)?;
            serde_json::from_str(&text).map_err(|_| row.corrupt())?
        },
        ordering: row.parse(|text| text.parse::<Ordering>().ok())?,
        max_in_flight: row.take()?,
        rate_per_second: row.take()?,
        retry: row.parse(|text| text.parse::<RetryPolicy>().ok())?,
        state: read_state(&mut row)?,
        state_since: row.take()?,
        health: Health {
            failures: row.take()?,
            probes: row.take()?,
            probe_at: row.take()?,
            notices: row.take()?,
        },
        created_at: row.take()?,
        updated_at: row.take()?,
        keys: read_keys(tx, account, id)?,
    })
}

fn read_keys(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
) -> Result<Vec<SigningKey>, StoreError> {
    let rows = tx.query(&SECRETS, args![account, webhook])?;
    let read = |mut row: Row| {
        let (version, sealed, expires_at): (u32, String, _) = (row.take()?, row.take()?, row.take()?);
        let text = tx.unseal(&secret_place(account, webhook, version), &sealed)?;
        let secret = Secret::parse(&text).map_err(|_| row.corrupt())?;
        Ok(SigningKey { version, secret, expires_at })
    };
    rows.into_iter().map(read).collect()
}
