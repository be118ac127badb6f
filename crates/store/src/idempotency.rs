//! Answers kept for the case that the same request comes again.

use domain::{Account, Id, NewEvent, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    // A row that another transaction is about to commit is waited for: on PostgreSQL by the unique key, on SQLite
    // because there is one writer. A row that is past its time is taken over, wherever the chore that deletes it is.
    CLAIM = "insert into idempotency (account_id, key, fingerprint, answer, created_at)
        values ($1, $2, $3, '', $4) on conflict (account_id, key) do update
        set fingerprint = excluded.fingerprint, answer = '', created_at = excluded.created_at
        where idempotency.created_at < $5";
    GET = "select fingerprint, answer from idempotency where account_id = $1 and key = $2";
    SET_ANSWER = "update idempotency set answer = $3 where account_id = $1 and key = $2";
    DELETE_OLD = "delete from idempotency where (account_id, key) in
        (select account_id, key from idempotency where created_at < $1 order by created_at limit $2)";
}

/// An earlier request with the same key.
pub struct Earlier {
    /// What its body hashed to.
    pub fingerprint: String,
    /// What it was answered.
    pub answer: String,
}

/// Takes `key` for this request; or tells of the earlier one that has it still.
pub fn claim(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    key: &str,
    fingerprint: &str,
) -> Result<Option<Earlier>, StoreError> {
    let now = tx.now();
    let end = now.before(NewEvent::REPEATABLE);
    if tx.execute(&CLAIM, args![account, key, fingerprint, now, end])? == 1 {
        return Ok(None);
    }
    let read = |mut row: Row| Ok(Earlier { fingerprint: row.take()?, answer: row.take()? });
    tx.query_one(&GET, args![account, key])?.map(read).transpose()
}

/// Keeps what the request that claimed `key` is answered.
pub fn set_answer(tx: &mut Tx<'_>, account: Id<Account>, key: &str, answer: &str) -> Result<(), StoreError> {
    tx.execute(&SET_ANSWER, args![account, key, answer]).map(drop)
}

/// Forgets up to `limit` answers of all accounts from before `end`; how many.
pub fn delete_old(tx: &mut Tx<'_>, end: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(&DELETE_OLD, args![end, limit])
}
