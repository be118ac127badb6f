//! Events, as they were accepted.

use domain::{Account, Context, Event, EventType, Id};

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

sql! {
    INSERT = concat!("insert into event (", columns!(""), ", test)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    GET = concat!("select ", columns!(""), " from event where account_id = $1 and id = $2");
    LIST = concat!("select ", columns!(""), " from event
        where account_id = $1 and id < $2 and not test and (type = $3 or $3 is null)
        order by id desc limit $4");
    LIST_OF_CONVERSATION = concat!("select ", columns!(""), " from event
        where account_id = $1 and conversation_id = $5 and id < $2 and not test and (type = $3 or $3 is null)
        order by id desc limit $4");
}

/// Adds an event. Whether it belongs to a test is in its id.
pub fn insert(tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
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
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The account's event of that id.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Event>) -> Result<Option<Event>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(|mut row| read(&mut row)).transpose()
}

/// Events older than `before`, newest first, without those of tests.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    event_type: Option<EventType>,
    conversation_id: Option<&str>,
    before: Id<Event>,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let event_type = event_type.map(EventType::as_str);
    let rows = match conversation_id {
        None => tx.query(&LIST, args![account, before, event_type, limit])?,
        Some(id) => tx.query(&LIST_OF_CONVERSATION, args![account, before, event_type, limit, id])?,
    };
    rows.into_iter().map(|mut row| read(&mut row)).collect()
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
