//! Where members are signed in.

use domain::{Account, Id, Member, Session, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    INSERT = "insert into session (account_id, id, member_id, token_hash, agent, address, created_at, seen_at, confirmed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = "select s.account_id, s.id, s.member_id, s.agent, s.address, s.created_at, s.seen_at, s.confirmed_at
        from session s join member m on m.account_id = s.account_id and m.id = s.member_id
        where s.token_hash = $1 and m.disabled_at is null";
    LIST = "select account_id, id, member_id, agent, address, created_at, seen_at, confirmed_at from session
        where account_id = $1 and member_id = $2 order by id desc";
    TOUCH = "update session set seen_at = $3, address = $4 where account_id = $1 and id = $2 and seen_at < $3";
    CONFIRM = "update session set confirmed_at = $3, token_hash = $4 where account_id = $1 and id = $2";
    END = "delete from session where account_id = $1 and member_id = $2 and id = $3";
    END_ALL = "delete from session where account_id = $1 and member_id = $2 and id <> $3";
    FORGET = "delete from session where created_at < $1 or seen_at < $2";
}

/// Begins a session, of whose token only the hash is known here.
pub fn insert(tx: &mut Tx<'_>, session: &Session, token_hash: &str) -> Result<(), StoreError> {
    let args = args![
        session.account,
        session.id,
        session.member,
        token_hash,
        &session.agent,
        &session.address,
        session.created_at,
        session.seen_at,
        session.confirmed_at,
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The session with that token, unless its member is shut out.
pub fn find(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Session>, StoreError> {
    tx.query_one(&FIND, args![token_hash])?.map(|mut row| read(&mut row)).transpose()
}

/// A member's sessions, newest first.
pub fn list(tx: &mut Tx<'_>, account: Id<Account>, member: Id<Member>) -> Result<Vec<Session>, StoreError> {
    tx.query(&LIST, args![account, member])?.iter_mut().map(read).collect()
}

/// Notes that a session was used, and from where.
pub fn touch(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Session>,
    now: Timestamp,
    address: &str,
) -> Result<(), StoreError> {
    tx.execute(&TOUCH, args![account, id, now, address]).map(drop)
}

/// Notes that the password was given in a session, which gets another token for it. False if it has ended.
pub fn confirm(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Session>,
    now: Timestamp,
    token_hash: &str,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&CONFIRM, args![account, id, now, token_hash])? == 1)
}

/// Ends a member's session. False if there is none of that id.
pub fn end(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    member: Id<Member>,
    id: Id<Session>,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&END, args![account, member, id])? == 1)
}

/// Ends all sessions of a member, except one if that is given. How many there were.
pub fn end_all(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    member: Id<Member>,
    except: Option<Id<Session>>,
) -> Result<u64, StoreError> {
    let except = except.unwrap_or(Id::from_uuid(domain::id::Uuid::nil()));
    tx.execute(&END_ALL, args![account, member, except])
}

/// Removes sessions that nothing opens any more.
pub fn forget(tx: &mut Tx<'_>, begun_before: Timestamp, seen_before: Timestamp) -> Result<u64, StoreError> {
    tx.execute(&FORGET, args![begun_before, seen_before])
}

fn read(row: &mut Row) -> Result<Session, StoreError> {
    Ok(Session {
        account: row.take()?,
        id: row.take()?,
        member: row.take()?,
        agent: row.take()?,
        address: row.take()?,
        created_at: row.take()?,
        seen_at: row.take()?,
        confirmed_at: row.take()?,
    })
}
