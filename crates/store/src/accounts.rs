//! Accounts and their API keys.

use domain::{Account, ApiKey, Id, Scope, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    INSERT = "insert into account (id, name, time_zone, created_at) values ($1, $2, $3, $4)";
    LIST = "select id, name, time_zone, created_at from account order by id";
    FIND = "select id, name, time_zone, created_at from account where id = $1";
    UPDATE = "update account set name = $2, time_zone = $3 where id = $1";
    // SQLite needs no lock, having one writer. On PostgreSQL this waits for others who write accounts; reading goes on.
    LOCK = "/*sqlite: select 1 */ /*pg: lock table account in share row exclusive mode */";
    INSERT_KEY = "insert into api_key (account_id, id, name, scope, hash, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    LIST_KEYS = "select account_id, id, name, scope, created_at, expires_at, used_at, revoked_at
        from api_key where account_id = $1 order by id";
    FIND_KEY = "select account_id, id, name, scope, created_at, expires_at, used_at, revoked_at from api_key where hash = $1";
    GET_KEY = "select account_id, id, name, scope, created_at, expires_at, used_at, revoked_at from api_key
        where account_id = $1 and id = $2";
    REVOKE_KEY = "update api_key set revoked_at = $3 where account_id = $1 and id = $2 and revoked_at is null";
    USE_KEY = "update api_key set used_at = $3 where account_id = $1 and id = $2 and (used_at < $4 or used_at is null)";
}

/// Adds an account.
pub fn insert(tx: &mut Tx<'_>, account: &Account) -> Result<(), StoreError> {
    tx.execute(&INSERT, args![account.id, &account.name, &account.time_zone, account.created_at]).map(drop)
}

/// All accounts, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Account>, StoreError> {
    tx.query(&LIST, args![])?.into_iter().map(read).collect()
}

/// The account itself.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Option<Account>, StoreError> {
    tx.query_one(&FIND, args![account])?.map(read).transpose()
}

/// Changes name and time zone. False if there is no such account.
pub fn update(tx: &mut Tx<'_>, account: &Account) -> Result<bool, StoreError> {
    Ok(tx.execute(&UPDATE, args![account.id, &account.name, &account.time_zone])? == 1)
}

fn read(mut row: Row) -> Result<Account, StoreError> {
    Ok(Account { id: row.take()?, name: row.take()?, time_zone: row.take()?, created_at: row.take()? })
}

/// Lets nobody else add an account until the end of this transaction.
pub fn lock(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.query(&LOCK, args![]).map(drop)
}

/// Adds a key, of whose text only the hash is known here.
pub fn insert_key(tx: &mut Tx<'_>, key: &ApiKey, hash: &str) -> Result<(), StoreError> {
    let args =
        args![key.account, key.id, &key.name, key.scope.as_str(), hash, key.created_at, key.expires_at];
    tx.execute(&INSERT_KEY, args).map(drop)
}

/// The account's keys, oldest first, revoked ones too.
pub fn list_keys(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Vec<ApiKey>, StoreError> {
    tx.query(&LIST_KEYS, args![account])?.into_iter().map(read_key).collect()
}

/// The key whose text has this hash, whichever account it opens.
pub fn find_key(tx: &mut Tx<'_>, hash: &str) -> Result<Option<ApiKey>, StoreError> {
    tx.query_one(&FIND_KEY, args![hash])?.map(read_key).transpose()
}

/// The account's key of that id, revoked or not.
pub fn get_key(tx: &mut Tx<'_>, account: Id<Account>, id: Id<ApiKey>) -> Result<Option<ApiKey>, StoreError> {
    tx.query_one(&GET_KEY, args![account, id])?.map(read_key).transpose()
}

/// Makes a key open nothing from now on. False if there is no such key that was still good.
pub fn revoke_key(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<ApiKey>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&REVOKE_KEY, args![account, id, now])? == 1)
}

/// Notes that a key was used, unless that is known since `known`.
pub fn use_key(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<ApiKey>,
    now: Timestamp,
    known: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(&USE_KEY, args![account, id, now, known]).map(drop)
}

fn read_key(mut row: Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        account: row.take()?,
        id: row.take()?,
        name: row.take()?,
        scope: row.parse(|text| text.parse::<Scope>().ok())?,
        created_at: row.take()?,
        expires_at: row.take()?,
        used_at: row.take()?,
        revoked_at: row.take()?,
    })
}
