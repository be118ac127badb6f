//! Which web pages have called a chatbot lately. There are few: whoever adds one forgets another.

use domain::{Account, Chatbot, Id, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    PUT = "insert into chatbot_sighting (account_id, chatbot_id, origin, admitted, seen_at)
        values ($1, $2, $3, $4, $5)
        on conflict (account_id, chatbot_id, origin) do update set admitted = excluded.admitted,
            seen_at = excluded.seen_at";
    LIST = "select origin, admitted, seen_at from chatbot_sighting
        where account_id = $1 and chatbot_id = $2 order by seen_at desc, origin";
    FORGET = "delete from chatbot_sighting where account_id = $1 and chatbot_id = $2 and origin = $3";
}

/// A page that called a chatbot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The page's origin, as its browser says. Anybody can claim any.
    pub origin: String,
    /// Whether it was let in.
    pub admitted: bool,
    /// When it last called, to within an hour.
    pub seen_at: Timestamp,
}

/// A page called.
pub fn put(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
    seen: &Sighting,
) -> Result<(), StoreError> {
    tx.execute(&PUT, args![account, chatbot, &seen.origin, seen.admitted, seen.seen_at]).map(drop)
}

/// All pages that called and are not forgotten, the latest first.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
) -> Result<Vec<Sighting>, StoreError> {
    let read =
        |mut row: Row| Ok(Sighting { origin: row.take()?, admitted: row.take()?, seen_at: row.take()? });
    tx.query(&LIST, args![account, chatbot])?.into_iter().map(read).collect()
}

/// A page is not listed any more. False if it was not.
pub fn forget(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
    origin: &str,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&FORGET, args![account, chatbot, origin])? == 1)
}
