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
    /// What else is worth knowing, in words. Never a secret, and nothing of a visitor or contact: erasing a person
    /// does not reach here.
    pub detail: Option<String>,
    /// The address that the request came from.
    pub address: Option<String>,
}

impl Noun for AuditEntry {
    const PREFIX: &'static str = "aud";
}

/// Everything that entries are made of, noun by noun. What chats consist of, and events, are not among them: they have
/// logs of their own.
pub const ACTIONS: [&str; 45] = [
    "account.changed",
    "canned_text.changed",
    "canned_text.created",
    "canned_text.deleted",
    "chatbot.changed",
    "chatbot.created",
    "chatbot.deleted",
    "chatbot.published",
    "contact.changed",
    "contact.erased",
    "contact.exported",
    "contact.merged",
    "delivery.resent",
    "department.changed",
    "department.created",
    "department.deleted",
    "invitation.withdrawn",
    "key.created",
    "key.revoked",
    "member.changed",
    "member.disabled",
    "member.enabled",
    "member.invited",
    "member.joined",
    "member.set_up",
    "password.changed",
    "password.reset",
    "password.reset_link",
    "recovery.cancelled",
    "recovery.created",
    "recovery.paused",
    "recovery.resumed",
    "session.began",
    "session.ended",
    "session.refused",
    "session.revoked",
    "webhook.changed",
    "webhook.created",
    "webhook.deleted",
    "webhook.disabled",
    "webhook.paused",
    "webhook.resumed",
    "webhook.secret_revealed",
    "webhook.secret_rotated",
    "webhook.tested",
];

/// The kinds of actors that there are entries of.
pub fn actor_kind(text: &str) -> Option<&'static str> {
    ["member", "key", "console"].into_iter().find(|kind| *kind == text)
}
