//! Links that work once, of whose tokens only hashes are known here.

use domain::{Account, Id, Link, Member, Purpose, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    INSERT = "insert into link (id, token_hash, purpose, account_id, email, role, member_id, made_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND = "select id, purpose, account_id, email, role, member_id, made_by, created_at, expires_at from link
        where token_hash = $1";
    TAKE = "delete from link where token_hash = $1
        returning id, purpose, account_id, email, role, member_id, made_by, created_at, expires_at";
    INVITATIONS = "select id, purpose, account_id, email, role, member_id, made_by, created_at, expires_at from link
        where account_id = $1 and purpose = 'invitation' order by id desc";
    MADE_BY = "select id, purpose, account_id, email, role, member_id, made_by, created_at, expires_at from link
        where account_id = $1 and made_by = $2 order by id";
    WITHDRAW = "delete from link where account_id = $1 and id = $2 and purpose = 'invitation'";
    END = "delete from link where account_id = $1 and id = $2";
    FORGET_RESETS = "delete from link where account_id = $1 and member_id = $2 and purpose = 'reset'";
    FORGET_SET_UP = "delete from link where purpose = 'set_up'";
    FORGET_EXPIRED = "delete from link where expires_at < $1";
}

/// Adds a link.
pub fn insert(tx: &mut Tx<'_>, link: &Link, token_hash: &str) -> Result<(), StoreError> {
    let (purpose, account, email, role, member) = match &link.purpose {
        Purpose::SetUp => ("set_up", None, None, None, None),
        Purpose::Invitation { account, email, role } => {
            ("invitation", Some(*account), Some(email.as_str()), Some(role.as_str()), None)
        }
        Purpose::Reset { account, member } => ("reset", Some(*account), None, None, Some(*member)),
    };
    let args = args![
        link.id,
        token_hash,
        purpose,
        account,
        email,
        role,
        member,
        link.made_by,
        link.created_at,
        link.expires_at,
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The link with that token, expired or not.
pub fn find(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Link>, StoreError> {
    tx.query_one(&FIND, args![token_hash])?.map(read).transpose()
}

/// Uses the link with that token up. Of several who do so at once, one gets it.
pub fn take(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Link>, StoreError> {
    tx.query_changing(&TAKE, args![token_hash])?.into_iter().next().map(read).transpose()
}

/// Who was invited to the account and has not come yet, newest first; expired invitations too.
pub fn invitations(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Vec<Link>, StoreError> {
    tx.query(&INVITATIONS, args![account])?.into_iter().map(read).collect()
}

/// The links that a member of the account made, oldest first; expired ones too.
pub fn made_by(tx: &mut Tx<'_>, account: Id<Account>, member: Id<Member>) -> Result<Vec<Link>, StoreError> {
    tx.query(&MADE_BY, args![account, member])?.into_iter().map(read).collect()
}

/// Takes an invitation back. False if there is none of that id.
pub fn withdraw(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Link>) -> Result<bool, StoreError> {
    Ok(tx.execute(&WITHDRAW, args![account, id])? == 1)
}

/// Makes a link of the account useless, whatever it is for. False if there is none of that id.
pub fn end(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Link>) -> Result<bool, StoreError> {
    Ok(tx.execute(&END, args![account, id])? == 1)
}

/// Makes all links to choose a new password for a member useless.
pub fn forget_resets(tx: &mut Tx<'_>, account: Id<Account>, member: Id<Member>) -> Result<(), StoreError> {
    tx.execute(&FORGET_RESETS, args![account, member]).map(drop)
}

/// Makes all links that set up the instance useless.
pub fn forget_set_up(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(&FORGET_SET_UP, args![]).map(drop)
}

/// Removes what expired before that instant.
pub fn forget_expired(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute(&FORGET_EXPIRED, args![before])
}

fn read(mut row: Row) -> Result<Link, StoreError> {
    let id = row.take()?;
    let purpose: String = row.take()?;
    let (account, email, role, member): (Option<_>, Option<String>, Option<String>, Option<_>) =
        (row.take()?, row.take()?, row.take()?, row.take()?);
    let role = role.and_then(|role| role.parse().ok());
    let purpose = match (purpose.as_str(), account, email, role, member) {
        ("set_up", ..) => Purpose::SetUp,
        ("invitation", Some(account), Some(email), Some(role), _) => {
            Purpose::Invitation { account, email, role }
        }
        ("reset", Some(account), _, _, Some(member)) => Purpose::Reset { account, member },
        _ => return Err(row.corrupt()),
    };
    Ok(Link { id, purpose, made_by: row.take()?, created_at: row.take()?, expires_at: row.take()? })
}
