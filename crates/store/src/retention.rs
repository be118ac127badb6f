//! Removing what is past its time.

use domain::{Account, AuditEntry, Event, Id, Ledger};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

// SQLite would look for an event's deliveries among all of the account, so it is told the index of the unique key.
sql! {
    // Neither engine limits an update, so the rows are named by a sub-select on both.
    FORGET_DATA = "update event set data = null, context = null, email_key = null, phone = null where account_id = $1 and id in
        (select e.id from event e
         where e.account_id = $1 and e.id < $2 and e.data is not null
           and not exists (select 1 from delivery d /*sqlite: indexed by sqlite_autoindex_delivery_2 */
                where d.account_id = e.account_id and d.event_id = e.id and d.state = 'pending')
         order by e.id limit $3)";
    EXPIRED = "select e.id from event e
        where e.account_id = $1 and e.id < $2
          and not exists (select 1 from delivery d /*sqlite: indexed by sqlite_autoindex_delivery_2 */
                where d.account_id = e.account_id and d.event_id = e.id and d.state = 'pending')
        order by e.id limit $3";
    DELETE_ATTEMPTS = "delete from attempt where account_id = $1 and delivery_id in
        (select id from delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */
         where account_id = $1 and event_id = $2 and state <> 'pending')";
    DELETE_DELIVERIES = "delete from delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */ where account_id = $1 and event_id = $2 and state <> 'pending'
        returning state, test";
    // A delivery that was resent at this very moment keeps its event.
    DELETE_EVENT = "delete from event where account_id = $1 and id = $2
          and not exists (select 1 from delivery d /*sqlite: indexed by sqlite_autoindex_delivery_2 */
                where d.account_id = $1 and d.event_id = $2)
        returning planned, test";
    // The only statement that touches an entry of the audit log. SQLite would walk all old entries, so it is told.
    FORGET_ADDRESSES = "update audit set address = null, detail = case action when 'member.invited' then null else detail end
        where account_id = $1 and id in
        (select id from audit /*sqlite: indexed by audit_person */
         where account_id = $1 and id < $2 and (address is not null or (action = 'member.invited' and detail is not null))
         order by id limit $3)";
}

/// Removes the data of up to `limit` of the account's events older than `before`; how many. The payload of a pending
/// delivery stays.
pub fn forget_data(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    before: Id<Event>,
    limit: u32,
) -> Result<u64, StoreError> {
    tx.execute(&FORGET_DATA, args![account, before, limit])
}

/// Up to `limit` of the account's events older than `before` that have nothing pending, oldest first.
pub fn expired(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    before: Id<Event>,
    limit: u32,
) -> Result<Vec<Id<Event>>, StoreError> {
    tx.query(&EXPIRED, args![account, before, limit])?.into_iter().map(|mut row| row.take()).collect()
}

/// Deletes an event with its finished deliveries and their attempts; what that takes from the ledger.
pub fn delete(tx: &mut Tx<'_>, account: Id<Account>, event: Id<Event>) -> Result<Ledger, StoreError> {
    let mut removed = Ledger::default();
    tx.execute(&DELETE_ATTEMPTS, args![account, event])?;
    for row in tx.query_changing(&DELETE_DELIVERIES, args![account, event])? {
        count_delivery(&mut removed, row)?;
    }
    for mut row in tx.query_changing(&DELETE_EVENT, args![account, event])? {
        let (planned, test): (u64, bool) = (row.take()?, row.take()?);
        if !test {
            removed.events += 1;
            removed.unmatched += u64::from(planned == 0);
            removed.planned += planned;
        }
    }
    Ok(removed)
}

/// Removes where requests came from, and which e-mail addresses were invited, from up to `limit` of the account's entries
/// in the audit log older than `before`; how many. All else stays.
pub fn forget_addresses(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    before: Id<AuditEntry>,
    limit: u32,
) -> Result<u64, StoreError> {
    tx.execute(&FORGET_ADDRESSES, args![account, before, limit])
}

fn count_delivery(removed: &mut Ledger, mut row: Row) -> Result<(), StoreError> {
    let (state, test): (String, bool) = (row.take()?, row.take()?);
    let counter = match state.as_str() {
        _ if test => return Ok(()),
        "delivered" => &mut removed.delivered,
        "exhausted" => &mut removed.exhausted,
        "skipped" => &mut removed.skipped,
        _ => return Err(row.corrupt()),
    };
    *counter += 1;
    Ok(())
}
