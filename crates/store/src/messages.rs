//! What was said in conversations.

use domain::{Account, Conversation, Id, Message};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, Value, args},
};

sql! {
    INSERT = "insert into message (account_id, conversation_id, number, author, name, text, ask, client_id, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LIST = "select number, author, name, text, ask, client_id, at from message
        where account_id = $1 and conversation_id = $2 and number > $3 order by number limit $4";
    KNOWN = "select conversation_id from message where account_id = $1 and client_id = $2";
    DELETE = "delete from message where account_id = $1 and conversation_id = $2";
}

/// Adds messages to a conversation.
pub fn insert(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: Id<Conversation>,
    messages: &[Message],
) -> Result<(), StoreError> {
    let row = |it: &Message| -> Vec<Value> {
        args![
            account,
            conversation,
            it.number,
            it.author.as_str(),
            it.name.as_deref(),
            &it.text,
            it.ask.as_deref(),
            it.client_id.as_deref(),
            it.at,
        ]
        .to_vec()
    };
    let rows: Vec<_> = messages.iter().map(row).collect();
    tx.execute_many(&INSERT, &rows).map(drop)
}

/// Up to `limit` messages of a conversation with a number beyond `after`, in their order.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: Id<Conversation>,
    after: u32,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let read = |mut row: Row| {
        Ok(Message {
            number: row.take()?,
            author: row.parse(|text| text.parse().ok())?,
            name: row.take()?,
            text: row.take()?,
            ask: row.take()?,
            client_id: row.take()?,
            at: row.take()?,
        })
    };
    tx.query(&LIST, args![account, conversation, after, limit])?.into_iter().map(read).collect()
}

/// The conversation of the account that has a message with that name of its sender's.
pub fn find_conversation(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    client_id: &str,
) -> Result<Option<Id<Conversation>>, StoreError> {
    tx.query_one(&KNOWN, args![account, client_id])?.map(|mut row| row.take()).transpose()
}

/// Deletes everything that was said in a conversation.
pub fn delete(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: Id<Conversation>,
) -> Result<u64, StoreError> {
    tx.execute(&DELETE, args![account, conversation])
}
