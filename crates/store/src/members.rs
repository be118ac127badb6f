//! Members, and the browsers that are known to be theirs.

use domain::{Account, Id, Member, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    INSERT = "insert into member (account_id, id, email, email_key, name, role, password, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    LIST = "select account_id, id, email, name, role, created_at, disabled_at from member
        where account_id = $1 order by id";
    FIND = "select account_id, id, email, name, role, created_at, disabled_at from member
        where account_id = $1 and id = $2";
    FIND_BY_EMAIL = "select account_id, id, email, name, role, created_at, disabled_at, password from member
        where email_key = $1";
    PASSWORD = "select password from member where account_id = $1 and id = $2";
    UPDATE = "update member set name = $3, role = $4, disabled_at = $5 where account_id = $1 and id = $2";
    SET_PASSWORD = "update member set password = $3 where account_id = $1 and id = $2";
    COUNT = "select count(*) from member";
    // SQLite needs no lock, having one writer. In the order of ids, so that no two wait for each other.
    LOCK = "select id from member where account_id = $1 order by id /*pg: for update */";
    KNOW_DEVICE = "insert into device (account_id, member_id, token_hash, seen_at) values ($1, $2, $3, $4)
        on conflict (account_id, member_id, token_hash) do update set seen_at = excluded.seen_at";
    KNOWS_DEVICE = "select 1 from device where account_id = $1 and member_id = $2 and token_hash = $3";
    FORGET_OLD_DEVICES = "delete from device where seen_at < $1";
    FORGET_DEVICES = "delete from device where account_id = $1 and member_id = $2";
}

/// Adds a member with a hashed password. Answers [`StoreError::Conflict`] if the address is somebody's already.
pub fn insert(tx: &mut Tx<'_>, member: &Member, email_key: &str, password: &str) -> Result<(), StoreError> {
    let args = args![
        member.account,
        member.id,
        &member.email,
        email_key,
        &member.name,
        member.role.as_str(),
        password,
        member.created_at,
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The account's members, oldest first, those shut out too.
pub fn list(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Vec<Member>, StoreError> {
    tx.query(&LIST, args![account])?.iter_mut().map(read).collect()
}

/// The account's member of that id.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Member>) -> Result<Option<Member>, StoreError> {
    tx.query_one(&FIND, args![account, id])?.map(|mut row| read(&mut row)).transpose()
}

/// The member with that address, in whatever account, and the hashed password.
pub fn find_by_email(tx: &mut Tx<'_>, email_key: &str) -> Result<Option<(Member, String)>, StoreError> {
    let row = tx.query_one(&FIND_BY_EMAIL, args![email_key])?;
    row.map(|mut row| Ok((read(&mut row)?, row.take()?))).transpose()
}

/// A member's hashed password.
pub fn password(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Member>) -> Result<Option<String>, StoreError> {
    tx.query_one(&PASSWORD, args![account, id])?.map(|mut row| row.take()).transpose()
}

/// Changes name, role, and whether the member is shut out. False if there is no such member.
pub fn update(tx: &mut Tx<'_>, member: &Member) -> Result<bool, StoreError> {
    let args = args![member.account, member.id, &member.name, member.role.as_str(), member.disabled_at];
    Ok(tx.execute(&UPDATE, args)? == 1)
}

/// Gives a member another hashed password. False if there is no such member.
pub fn set_password(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Member>,
    password: &str,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&SET_PASSWORD, args![account, id, password])? == 1)
}

/// How many members there are in all accounts.
pub fn count(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.query_one(&COUNT, args![])?.map_or(Ok(0), |mut row| row.take())
}

/// Lets nobody else change the account's members until the end of this transaction.
pub fn lock(tx: &mut Tx<'_>, account: Id<Account>) -> Result<(), StoreError> {
    tx.query(&LOCK, args![account]).map(drop)
}

/// Remembers a browser as one from which the member signs in.
pub fn know_device(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    member: Id<Member>,
    token_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(&KNOW_DEVICE, args![account, member, token_hash, now]).map(drop)
}

/// Whether the member has signed in from that browser before.
pub fn knows_device(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    member: Id<Member>,
    token_hash: &str,
) -> Result<bool, StoreError> {
    Ok(tx.query_one(&KNOWS_DEVICE, args![account, member, token_hash])?.is_some())
}

/// Forgets browsers that were not seen since then.
pub fn forget_old_devices(tx: &mut Tx<'_>, seen_before: Timestamp) -> Result<u64, StoreError> {
    tx.execute(&FORGET_OLD_DEVICES, args![seen_before])
}

/// Forgets all browsers of a member.
pub fn forget_devices(tx: &mut Tx<'_>, account: Id<Account>, member: Id<Member>) -> Result<(), StoreError> {
    tx.execute(&FORGET_DEVICES, args![account, member]).map(drop)
}

fn read(row: &mut Row) -> Result<Member, StoreError> {
    Ok(Member {
        account: row.take()?,
        id: row.take()?,
        email: row.take()?,
        name: row.take()?,
        role: row.parse(|text| text.parse().ok())?,
        created_at: row.take()?,
        disabled_at: row.take()?,
    })
}
