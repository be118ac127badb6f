//! The record of what was done: written in the transaction of the deed, or neither happens.

use domain::{Actor, AuditEntry, Permission};
use store::Tx;

use crate::{AppError, Page, PageRequest, access::require};

/// Writes down that the actor did something. `subject` is the prefixed id of what it was done to; `detail` must not
/// hold a secret.
pub fn note(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: &str,
    subject: Option<String>,
    detail: Option<&str>,
) -> Result<(), AppError> {
    let account = actor.account();
    let (kind, id, name) = match *actor {
        Actor::Member { member, .. } => {
            let found = store::members::find(tx, account, member)?;
            ("member", Some(member.uuid()), found.map(|it| it.name).unwrap_or_default())
        }
        Actor::Key { key, .. } => {
            let found = store::accounts::get_key(tx, account, key)?;
            ("key", Some(key.uuid()), found.map(|it| it.name).unwrap_or_default())
        }
        Actor::Console { .. } => ("console", None, "command line".to_owned()),
    };
    let entry = AuditEntry {
        id: tx.new_id(),
        account,
        at: tx.now(),
        actor: kind,
        actor_id: id,
        actor_name: name,
        action: action.to_owned(),
        subject,
        detail: detail.map(str::to_owned),
        address: None,
    };
    Ok(store::audit::insert(tx, &entry)?)
}

/// The account's entries, newest first; of one action only, if it is given.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: Option<&str>,
    page: PageRequest<AuditEntry>,
) -> Result<Page<AuditEntry, AuditEntry>, AppError> {
    require(actor, Permission::Admin)?;
    let account = actor.account();
    page.fill(|before, limit| Ok(store::audit::list(tx, account, action, before, limit)?), |it| it.id)
}
