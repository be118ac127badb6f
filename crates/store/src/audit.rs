//! What was done, by whom. Entries are added here, and there is no function that changes one; that addresses are
//! forgotten after a time is the business of `retention`.

use domain::{Account, AuditEntry, Contact, Id};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    INSERT = "insert into audit (account_id, id, at, actor, actor_id, actor_name, action, subject, detail, address)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    LIST = "select account_id, id, at, actor, actor_id, actor_name, action, subject, detail, address from audit
        where account_id = $1 and id < $2 order by id desc limit $3";
    LIST_OF = "select account_id, id, at, actor, actor_id, actor_name, action, subject, detail, address from audit
        where account_id = $1 and action = $2 and id < $3 order by id desc limit $4";
    // SQLite cannot tell that the smaller index is the better one, so it is told.
    ERASURE = "select account_id, id, at, actor, actor_id, actor_name, action, subject, detail, address
        from audit /*sqlite: indexed by audit_erased */
        where account_id = $1 and subject = $2 and action = 'contact.erased'";
}

/// Adds an entry.
pub fn insert(tx: &mut Tx<'_>, entry: &AuditEntry) -> Result<(), StoreError> {
    let args = args![
        entry.account,
        entry.id,
        entry.at,
        entry.actor,
        entry.actor_id,
        &entry.actor_name,
        &entry.action,
        entry.subject.as_deref(),
        entry.detail.as_deref(),
        entry.address.as_deref(),
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The account's entries older than `before`, newest first; of one action only, if it is given.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    action: Option<&str>,
    before: Id<AuditEntry>,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = match action {
        Some(action) => tx.query(&LIST_OF, args![account, action, before, limit]),
        None => tx.query(&LIST, args![account, before, limit]),
    };
    rows?.into_iter().map(read).collect()
}

/// What was written down when that contact was erased.
pub fn erasure(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    contact: Id<Contact>,
) -> Result<Option<AuditEntry>, StoreError> {
    tx.query_one(&ERASURE, args![account, contact.to_string()])?.map(read).transpose()
}

fn read(mut row: Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        account: row.take()?,
        id: row.take()?,
        at: row.take()?,
        actor: row.parse(domain::audit::actor_kind)?,
        actor_id: row.take()?,
        actor_name: row.take()?,
        action: row.take()?,
        subject: row.take()?,
        detail: row.take()?,
        address: row.take()?,
    })
}
