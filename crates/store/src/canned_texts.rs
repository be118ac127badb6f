//! Canned texts.

use domain::{Account, CannedText, Id};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    INSERT = "insert into canned_text (account_id, id, title, body, created_at) values ($1, $2, $3, $4, $5)
        on conflict (account_id, title) do nothing";
    LIST = "select account_id, id, title, body, created_at from canned_text where account_id = $1 order by title limit $2";
    GET = "select account_id, id, title, body, created_at from canned_text where account_id = $1 and id = $2";
    UPDATE = "update canned_text set title = $3, body = $4 where account_id = $1 and id = $2";
    DELETE = "delete from canned_text where account_id = $1 and id = $2";
}

/// Adds a text; false if there is one of that title.
pub fn insert(tx: &mut Tx<'_>, text: &CannedText) -> Result<bool, StoreError> {
    let args = args![text.account, text.id, &text.title, &text.text, text.created_at];
    Ok(tx.execute(&INSERT, args)? == 1)
}

/// Up to `limit` texts of the account, by their titles.
pub fn list(tx: &mut Tx<'_>, account: Id<Account>, limit: u32) -> Result<Vec<CannedText>, StoreError> {
    tx.query(&LIST, args![account, limit])?.into_iter().map(read).collect()
}

/// The account's text of that id.
pub fn find(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<CannedText>,
) -> Result<Option<CannedText>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(read).transpose()
}

/// Stores title and text; false if there is none of that id. Fails as a conflict if another has the title.
pub fn update(tx: &mut Tx<'_>, text: &CannedText) -> Result<bool, StoreError> {
    Ok(tx.execute(&UPDATE, args![text.account, text.id, &text.title, &text.text])? == 1)
}

/// Deletes a text; false if there is none.
pub fn delete(tx: &mut Tx<'_>, account: Id<Account>, id: Id<CannedText>) -> Result<bool, StoreError> {
    Ok(tx.execute(&DELETE, args![account, id])? == 1)
}

fn read(mut row: Row) -> Result<CannedText, StoreError> {
    Ok(CannedText {
        account: row.take()?,
        id: row.take()?,
        title: row.take()?,
        text: row.take()?,
        created_at: row.take()?,
    })
}
