//! Markers that were passed.

use domain::{Account, Chatbot, Conversation, Id, MarkerRun, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    LIST = "select number, name, started_at, ended_at from marker_run
        where account_id = $1 and conversation_id = $2 order by number";
    // Of a preview it never counts, whatever reads it.
    INSERT = "insert into marker_run
            (account_id, conversation_id, number, name, chatbot_id, started_at, department_id, preview)
        select account_id, id, $3, $4, $5, $6, department_id, preview
        from conversation where account_id = $1 and id = $2";
    END = "update marker_run set ended_at = $4
        where account_id = $1 and conversation_id = $2 and number = $3 and ended_at is null";
}

/// All runs of a conversation, in their order.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: Id<Conversation>,
) -> Result<Vec<MarkerRun>, StoreError> {
    let read = |mut row: Row| {
        Ok(MarkerRun {
            number: row.take()?,
            name: row.take()?,
            started_at: row.take()?,
            ended_at: row.take()?,
        })
    };
    tx.query(&LIST, args![account, conversation])?.into_iter().map(read).collect()
}

/// A run begins.
pub fn insert(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: Id<Conversation>,
    chatbot: Option<Id<Chatbot>>,
    run: &MarkerRun,
) -> Result<(), StoreError> {
    let args = args![account, conversation, run.number, &run.name, chatbot, run.started_at];
    tx.execute(&INSERT, args).map(drop)
}

/// A run comes to its end. False if it had before.
pub fn end(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    conversation: Id<Conversation>,
    number: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&END, args![account, conversation, number, now])? == 1)
}
