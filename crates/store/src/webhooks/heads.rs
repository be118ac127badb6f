//! Webhooks as those see them who ask about something else: name and state, without their secrets, which take time to
//! unseal.

use domain::{Account, Event, Id, Timestamp, Webhook, WebhookState, webhook::Conduct};

use super::read_state;
use crate::{
    StoreError, Tx,
    deliveries::lists::{about, some_events},
    sql::sql,
    value::{Row, args},
};

sql! {
    LIST_DELETED = "select id, name, url, deleted_at from webhook
        where account_id = $1 and id < $2 and deleted_at is not null order by id desc limit $3";
    FIND_DELETED = "select id, name, url, deleted_at from webhook
        where account_id = $1 and id = $2 and deleted_at is not null";
    // SQLite would look through all deliveries of the account, so it is told the index of the unique key.
    OF_EVENTS = concat!("select id, name, state, state_reason, state_since, probe_at, rate_per_second from webhook
        where account_id = $1 and deleted_at is null and id in (
            select d.webhook_id from delivery d /*sqlite: indexed by sqlite_autoindex_delivery_2 */
            where d.account_id = $1 and d.event_id in ", some_events!(), ")");
    // An account has few webhooks, and these are read with each page.
    TROUBLED = "select id, name, state, state_reason from webhook
        where account_id = $1 and deleted_at is null
          and (state = 'held' or (state = 'disabled' and state_reason <> 'by_hand'))
        order by state_since desc, id desc limit $2";
}

/// What is left of a webhook that was deleted, for the log of its deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Which.
    pub id: Id<Webhook>,
    /// What its owner called it.
    pub name: String,
    /// Where it sent to.
    pub url: String,
    /// Since when it is gone.
    pub deleted_at: Timestamp,
}

/// Deleted webhooks older than `before`, newest first.
pub fn list_deleted(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    before: Id<Webhook>,
    limit: u32,
) -> Result<Vec<Deleted>, StoreError> {
    tx.query(&LIST_DELETED, args![account, before, limit])?.into_iter().map(read_deleted).collect()
}

/// The account's deleted webhook of that id.
pub fn find_deleted(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
) -> Result<Option<Deleted>, StoreError> {
    tx.query_one(&FIND_DELETED, args![account, id])?.map(read_deleted).transpose()
}

fn read_deleted(mut row: Row) -> Result<Deleted, StoreError> {
    Ok(Deleted { id: row.take()?, name: row.take()?, url: row.take()?, deleted_at: row.take()? })
}

/// A webhook that sends nothing though nobody said so: it is held, or was disabled by what its receiver did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Troubled {
    /// Which.
    pub id: Id<Webhook>,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: WebhookState,
}

/// Up to `limit` of the account's webhooks that somebody has to look after, the latest trouble first.
pub fn troubled(tx: &mut Tx<'_>, account: Id<Account>, limit: u32) -> Result<Vec<Troubled>, StoreError> {
    let read =
        |mut row: Row| Ok(Troubled { id: row.take()?, name: row.take()?, state: read_state(&mut row)? });
    tx.query(&TROUBLED, args![account, limit])?.into_iter().map(read).collect()
}

/// A webhook as those see it who ask about its deliveries: without its secrets, which take time to unseal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// Which.
    pub id: Id<Webhook>,
    /// Its name.
    pub name: String,
    /// How it sends.
    pub conduct: Conduct,
}

/// The account's webhooks that have a delivery of one of these events, in no order, and one perhaps several times.
pub fn of_events(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    events: &[Id<Event>],
) -> Result<Vec<Addressee>, StoreError> {
    let read = |mut row: Row| {
        let (id, name, state) = (row.take()?, row.take()?, read_state(&mut row)?);
        let (state_since, probe_at, rate_per_second) = (row.take()?, row.take()?, row.take()?);
        Ok(Addressee { id, name, conduct: Conduct { state, state_since, probe_at, rate_per_second } })
    };
    about(tx, &OF_EVENTS, account, events, &[])?.into_iter().map(read).collect()
}
