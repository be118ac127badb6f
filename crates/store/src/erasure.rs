//! Removing what was said and told of a person. Numbers stay, so that ledger and reports are still true.

use domain::{Account, Contact, Conversation, Id, Visitor, Webhook};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

/// All that the same browsers held, also before it was known who sits there.
macro_rules! traces {
    () => {
        "with own (id) as (
                select id from conversation where account_id = $1 and contact_id = $2
                union select conversation_id from capture where account_id = $1 and contact_id = $2),
            same (id) as (
                select id from own
                union select o.id from own cross join conversation v cross join conversation o
                where v.account_id = $1 and v.id = own.id and o.account_id = $1 and o.visitor_id = v.visitor_id)
            select c.id, c.visitor_id, c.state from conversation c
            where c.account_id = $1 and c.id in (select id from same) order by c.id"
    };
}

sql! {
    CONVERSATIONS = concat!(traces!(), " /*pg: for no key update of c */");
    CONVERSATIONS_TO_SHOW = traces!();
    // SQLite takes the index of the unique key, as below.
    COUNT = "select (select count(*) from event where account_id = $1 and conversation_id = $2 and data is not null),
            (select count(*) from delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */
             where account_id = $1 and state = 'pending'
                and event_id in (select id from event where account_id = $1 and conversation_id = $2))";
    // SQLite would look among all deliveries of the account, so it is told the index of the unique key.
    SKIP = "update delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */ set state = 'skipped', reason = 'erased' where account_id = $1 and state = 'pending'
        and event_id in (select id from event where account_id = $1 and conversation_id = $2)
        returning webhook_id";
    FORGET_ANSWERS = "update attempt set response_headers = null, response_body = null
        where account_id = $1 and delivery_id in
            (select id from delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */
             where account_id = $1 and event_id in
                (select id from event where account_id = $1 and conversation_id = $2))";
    FORGET_EVENTS = "update event set data = null, context = null, email_key = null, phone = null
        where account_id = $1 and conversation_id = $2 and data is not null";
    FORGET_CONVERSATION = "update conversation set flow_state = null, consent = null, told = null, contact_id = null,
            page_url = null, external_id = null, visitor_id = null
        where account_id = $1 and id = $2";
    DELETE_VISITOR = "delete from visitor where account_id = $1 and id = $2";
}

/// A conversation of a person who is to be erased.
pub struct Trace {
    /// Which.
    pub conversation: Id<Conversation>,
    /// The browser that it was held with.
    pub visitor: Option<Id<Visitor>>,
    /// Whether it is over.
    pub closed: bool,
}

/// The conversations of a person, and all others of the same browsers.
pub fn traces(tx: &mut Tx<'_>, account: Id<Account>, contact: Id<Contact>) -> Result<Vec<Trace>, StoreError> {
    tx.query(&CONVERSATIONS, args![account, contact])?.into_iter().map(read_trace).collect()
}

/// The same, to look at: nothing is held.
pub fn traces_to_show(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    contact: Id<Contact>,
) -> Result<Vec<Trace>, StoreError> {
    tx.query(&CONVERSATIONS_TO_SHOW, args![account, contact])?.into_iter().map(read_trace).collect()
}

fn read_trace(mut row: Row) -> Result<Trace, StoreError> {
    Ok(Trace {
        conversation: row.take()?,
        visitor: row.take()?,
        closed: row.parse(|state| Some(state == "closed"))?,
    })
}

/// How many events of a conversation still have their data, and how many of its deliveries are still to be made.
pub fn count(tx: &mut Tx<'_>, account: Id<Account>, conversation: &str) -> Result<(u64, u32), StoreError> {
    let row = tx.query_one(&COUNT, args![account, conversation])?;
    row.map_or(Ok((0, 0)), |mut row| Ok((row.take()?, row.take()?)))
}

/// Skips what is still to be delivered of a conversation's events; the webhooks of it.
pub fn skip_deliveries(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: &str,
) -> Result<Vec<Id<Webhook>>, StoreError> {
    tx.query_changing(&SKIP, args![account, conversation])?.into_iter().map(|mut row| row.take()).collect()
}

/// Removes the data of a conversation's events and what receivers answered to it; how many events.
pub fn forget_events(tx: &mut Tx<'_>, account: Id<Account>, conversation: &str) -> Result<u64, StoreError> {
    tx.execute(&FORGET_ANSWERS, args![account, conversation])?;
    tx.execute(&FORGET_EVENTS, args![account, conversation])
}

/// Removes from a conversation everything that says who it was held with.
pub fn forget_conversation(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: Id<Conversation>,
) -> Result<(), StoreError> {
    tx.execute(&FORGET_CONVERSATION, args![account, conversation]).map(drop)
}

/// Forgets a browser: its token opens nothing any more.
pub fn delete_visitor(tx: &mut Tx<'_>, account: Id<Account>, visitor: Id<Visitor>) -> Result<(), StoreError> {
    tx.execute(&DELETE_VISITOR, args![account, visitor]).map(drop)
}
