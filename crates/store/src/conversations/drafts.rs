//! Drafts that previews go by: each as it was when its preview began, until that is over.
//!
//! Must not know what a flow is.

use domain::{Account, Conversation, Id};

use crate::{StoreError, Tx, sql::sql, value::args};

sql! {
    INSERT = "insert into conversation_draft (account_id, conversation_id, flow) values ($1, $2, $3)";
    GET = "select flow from conversation_draft where account_id = $1 and conversation_id = $2";
    DELETE = "delete from conversation_draft where account_id = $1 and conversation_id = $2";
}

/// Keeps the draft that a conversation begins with.
pub fn insert_draft(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Conversation>,
    flow: &str,
) -> Result<(), StoreError> {
    tx.execute(&INSERT, args![account, id, flow]).map(drop)
}

/// The draft that a conversation goes by.
pub fn find_draft(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Conversation>,
) -> Result<Option<String>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(|mut row| row.take()).transpose()
}

/// Forgets it; that there was none is no error.
pub fn delete_draft(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Conversation>) -> Result<(), StoreError> {
    tx.execute(&DELETE, args![account, id]).map(drop)
}
