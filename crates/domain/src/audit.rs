//! The record of what people and programs did to an account.

use uuid::Uuid;

use crate::{Account, Id, Noun, Timestamp};

/// One thing that was done. Entries are never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// `aud_…`
    pub id: Id<AuditEntry>,
    /// Whose.
    pub account: Id<Account>,
    /// When.
    pub at: Timestamp,
    /// `member`, `key` or `console`.
    pub actor: &'static str,
    /// The id of the member or key.
    pub actor_id: Option<Uuid>,
    /// What the actor was called then.
    pub actor_name: String,
    /// What was done, as noun and verb: `webhook.created`.
    pub action: String,
    /// The id of what it was done to.
    pub subject: Option<String>,
    /// What else is worth knowing, in words. Never a secret.
    pub detail: Option<String>,
    /// The address that the request came from.
    pub address: Option<String>,
}

impl Noun for AuditEntry {
    const PREFIX: &'static str = "aud";
}

/// The kinds of actors that there are entries of.
pub fn actor_kind(text: &str) -> Option<&'static str> {
    ["member", "key", "console"].into_iter().find(|kind| *kind == text)
}
