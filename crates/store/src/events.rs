//! Events, as they were accepted.

use domain::{Account, Context, Event, EventType, Id, search::Keys};

use uuid::Uuid;

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

macro_rules! columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "account_id, ",
            $prefix,
            "id, ",
            $prefix,
            "type, ",
            $prefix,
            "data, ",
            $prefix,
            "conversation_id, ",
            $prefix,
            "context, ",
            $prefix,
            "chatbot_id, ",
            $prefix,
            "occurred_at, ",
            $prefix,
            "created_at, ",
            $prefix,
            "planned"
        )
    };
}
pub(crate) use columns;

/// Each names the one of its keys that its index begins with; few events have the same, so the others are compared.
/// SQLite has no figures by which to prefer that index, and goes along the one of the order: among 250,000 events that
/// took 200 ms.
macro_rules! list {
    ($index:literal, $where:literal) => {
        concat!(
            "select ",
            columns!(""),
            " from event ",
            $index,
            " where account_id = $1 and id >= $2 and id < $3 and not test ",
            "and (type = $4 or $4 is null) ",
            $where,
            " order by id desc limit $5"
        )
    };
}

sql! {
    INSERT = concat!("insert into event (", columns!(""), ", test, email_key, phone)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    GET = concat!("select ", columns!(""), " from event where account_id = $1 and id = $2");
    LIST = list!("", "");
    LIST_OF_TYPE = list!("/*sqlite: indexed by event_of_type */", "and type = $4");
    LIST_OF_CONVERSATION = list!("/*sqlite: indexed by event_conversation */", "and conversation_id = $6 and (email_key = $7 or $7 is null) and (phone = $8 or $8 is null)");
    LIST_OF_EMAIL = list!("/*sqlite: indexed by event_email */", "and email_key = $6 and (phone = $7 or $7 is null)");
    LIST_OF_PHONE = list!("/*sqlite: indexed by event_phone */", "and phone = $6");
}

/// Adds an event. Whether it belongs to a test is in its id.
pub fn insert(tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
    let keys = Keys::of(event);
    let args = args![
        event.account,
        event.id,
        event.event_type.as_str(),
        event.data.as_deref(),
        event.context.conversation_id.as_deref(),
        event.context.more.as_deref(),
        event.context.chatbot_id,
        event.occurred_at,
        event.created_at,
        event.planned,
        event.id.is_test(),
        keys.email,
        keys.phone,
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The account's event of that id.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Event>) -> Result<Option<Event>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(|mut row| read(&mut row)).transpose()
}

/// Which events to list; None means any.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this type.
    pub event_type: Option<EventType>,
    /// Of this conversation.
    pub conversation_id: Option<String>,
    /// Whose data has the e-mail address of this key.
    pub email_key: Option<String>,
    /// Whose data has the phone number of this key.
    pub phone: Option<String>,
    /// Not older than this.
    pub from: Option<Id<Event>>,
}

/// Events older than `before`, newest first, without those of tests.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    filter: &EventFilter,
    before: Id<Event>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let from = filter.from.unwrap_or(Id::from_uuid(Uuid::nil()));
    let event_type = filter.event_type.map(EventType::as_str);
    let mut args = args![account, from, before, event_type, limit].to_vec();
    let (email, phone) = (filter.email_key.as_deref(), filter.phone.as_deref());
    let statement = match (filter.conversation_id.as_deref(), email, phone) {
        (Some(id), email, phone) => {
            args.extend([id.into(), email.into(), phone.into()]);
            &LIST_OF_CONVERSATION
        }
        (None, Some(email), phone) => {
            args.extend([email.into(), phone.into()]);
            &LIST_OF_EMAIL
        }
        (None, None, Some(phone)) => {
            args.push(phone.into());
            &LIST_OF_PHONE
        }
        (None, None, None) if event_type.is_some() => &LIST_OF_TYPE,
        (None, None, None) => &LIST,
    };
    tx.query(statement, &args)?.into_iter().map(|mut row| read(&mut row)).collect()
}

pub(crate) fn read(row: &mut Row) -> Result<Event, StoreError> {
    Ok(Event {
        account: row.take()?,
        id: row.take()?,
        event_type: row.parse(|text| text.parse().ok())?,
        data: row.take()?,
        context: Context { conversation_id: row.take()?, more: row.take()?, chatbot_id: row.take()? },
        occurred_at: row.take()?,
        created_at: row.take()?,
        planned: row.take()?,
    })
}
