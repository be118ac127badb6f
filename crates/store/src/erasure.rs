//! Removing what was said and told of a person. Numbers stay, so that ledger and reports are still true.

use std::collections::BTreeSet;

use domain::{Account, Contact, Conversation, Event, Id, Visitor, Webhook};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, Value, args},
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

/// The deliveries of the events that have that. SQLite would look among all of the account's, so it is told the index of
/// the unique key.
macro_rules! deliveries {
    ($column:literal) => {
        concat!(
            "delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */ ",
            "where account_id = $1 and event_id in (select id from event where account_id = $1 and ",
            $column,
            " = $2)"
        )
    };
}

macro_rules! count {
    ($column:literal) => {
        concat!(
            "select (select count(*) from event where account_id = $1 and ",
            $column,
            " = $2 and data is not null), (select count(*) from ",
            deliveries!($column),
            " and state = 'pending')"
        )
    };
}

macro_rules! skip {
    ($column:literal) => {
        concat!(
            "update delivery /*sqlite: indexed by sqlite_autoindex_delivery_2 */ ",
            "set state = 'skipped', reason = 'erased' where account_id = $1 and state = 'pending' ",
            "and event_id in (select id from event where account_id = $1 and ",
            $column,
            " = $2) returning webhook_id"
        )
    };
}

macro_rules! forget_answers {
    ($column:literal) => {
        concat!(
            "update attempt set response_headers = null, response_body = null ",
            "where account_id = $1 and delivery_id in (select id from ",
            deliveries!($column),
            ")"
        )
    };
}

macro_rules! forget_events {
    ($column:literal) => {
        concat!(
            "update event set data = null, context = null, email_key = null, phone = null where account_id = $1 and ",
            $column,
            " = $2 and data is not null"
        )
    };
}

sql! {
    CONVERSATIONS = concat!(traces!(), " /*pg: for no key update of c */");
    CONVERSATIONS_TO_SHOW = traces!();
    // What was posted of the person, by whomever. A number alone is shared at times: with another's address it is not theirs.
    // For a `union` SQLite would read all events in the order of their ids.
    NAMING = "select id, conversation_id from event /*sqlite: indexed by event_email */
        where account_id = $1 and email_key = $2
        union all select id, conversation_id from event /*sqlite: indexed by event_phone */
        where account_id = $1 and phone = $3 and (email_key is null or email_key = $2)";
    NAMES_OTHERS = "select 1 from event where account_id = $1 and conversation_id = $4
          and ((email_key is not null and email_key is distinct from $2)
            or (email_key is null and phone is not null and phone is distinct from $3)) limit 1";
    COUNT_OF_CONVERSATION = count!("conversation_id");
    COUNT_OF_EVENT = count!("id");
    SKIP_OF_CONVERSATION = skip!("conversation_id");
    SKIP_OF_EVENT = skip!("id");
    FORGET_ANSWERS_OF_CONVERSATION = forget_answers!("conversation_id");
    FORGET_ANSWERS_OF_EVENT = forget_answers!("id");
    FORGET_EVENTS = forget_events!("conversation_id");
    FORGET_EVENT = forget_events!("id");
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

/// Which events are meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// All events of the conversation that has this name, ours or another chat tool's.
    Conversation(String),
    /// An event of no conversation.
    Event(Id<Event>),
}

impl Which {
    /// One of two statements: that of a conversation, that of an event.
    fn choose<T>(&self, of: [T; 2]) -> (T, Value) {
        let [conversation, event] = of;
        match self {
            Self::Conversation(name) => (conversation, name.as_str().into()),
            Self::Event(id) => (event, (*id).into()),
        }
    }
}

/// Adds to `told` what names a person by the key of their e-mail address or of their phone number ([`domain::search`]):
/// whole conversations, but of those that name somebody else too only the events that name the person.
pub fn add_naming(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    email: Option<&str>,
    phone: Option<&str>,
    told: &mut BTreeSet<Which>,
) -> Result<(), StoreError> {
    let mut shared = BTreeSet::new();
    for mut row in tx.query(&NAMING, args![account, email, phone])? {
        let (event, conversation): (_, Option<String>) = (row.take()?, row.take()?);
        let Some(name) = conversation else {
            told.insert(Which::Event(event));
            continue;
        };
        let whole = Which::Conversation(name.clone());
        if told.contains(&whole) {
            continue;
        }
        let others = args![account, email, phone, &name];
        if shared.contains(&name) || tx.query_one(&NAMES_OTHERS, others)?.is_some() {
            shared.insert(name);
            told.insert(Which::Event(event));
        } else {
            told.insert(whole);
        }
    }
    Ok(())
}

/// How many of the events still have their data, and how many of their deliveries are still to be made.
pub fn count(tx: &mut Tx<'_>, account: Id<Account>, told: &Which) -> Result<(u64, u32), StoreError> {
    let (statement, which) = told.choose([&COUNT_OF_CONVERSATION, &COUNT_OF_EVENT]);
    let row = tx.query_one(statement, args![account, which])?;
    row.map_or(Ok((0, 0)), |mut row| Ok((row.take()?, row.take()?)))
}

/// Skips what is still to be delivered of the events; the webhooks of it.
pub fn skip_deliveries(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    told: &Which,
) -> Result<Vec<Id<Webhook>>, StoreError> {
    let (statement, which) = told.choose([&SKIP_OF_CONVERSATION, &SKIP_OF_EVENT]);
    tx.query_changing(statement, args![account, which])?.into_iter().map(|mut row| row.take()).collect()
}

/// Removes the data of the events and what receivers answered to it; how many events.
pub fn forget_events(tx: &mut Tx<'_>, account: Id<Account>, told: &Which) -> Result<u64, StoreError> {
    let (answers, which) = told.choose([&FORGET_ANSWERS_OF_CONVERSATION, &FORGET_ANSWERS_OF_EVENT]);
    tx.execute(answers, args![account, which])?;
    let (events, which) = told.choose([&FORGET_EVENTS, &FORGET_EVENT]);
    tx.execute(events, args![account, which])
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
