//! The record of what was done: written in the transaction of the deed, or neither happens.

pub use domain::audit::Action;
use domain::{Actor, AuditEntry, Permission};
use store::Tx;

use crate::{AppError, Page, PageRequest, access::require};

/// Something that was done, and to what.
#[derive(Clone, Debug)]
pub struct Deed<'a> {
    action: Action,
    subject: Option<String>,
    detail: Option<String>,
    address: Option<&'a str>,
}

impl<'a> Deed<'a> {
    /// Only that it was done.
    pub fn new(action: Action) -> Self {
        Self { action, subject: None, detail: None, address: None }
    }

    /// To what, by its prefixed id.
    pub fn to(self, subject: impl ToString) -> Self {
        Self { subject: Some(subject.to_string()), ..self }
    }

    /// What else is worth knowing. No secret, and nothing of a visitor or contact.
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Where the request came from.
    pub fn from(self, address: &'a str) -> Self {
        Self { address: Some(address), ..self }
    }
}

/// Writes down that the actor did something.
pub fn note(tx: &mut Tx<'_>, actor: &Actor, deed: Deed<'_>) -> Result<(), AppError> {
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
        action: deed.action.as_str().to_owned(),
        subject: deed.subject,
        detail: deed.detail,
        address: deed.address.map(str::to_owned),
    };
    Ok(store::audit::insert(tx, &entry)?)
}

/// The account's entries, newest first; of one action only, if it is given.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: Option<Action>,
    page: PageRequest<AuditEntry>,
) -> Result<Page<AuditEntry, AuditEntry>, AppError> {
    require(actor, Permission::Admin)?;
    let (account, action) = (actor.account(), action.map(Action::as_str));
    page.fill(|before, limit| Ok(store::audit::list(tx, account, action, before, limit)?), |it| it.id)
}
