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
    /// What was done, by its name: an [`Action`], or one that only a newer program knows.
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

macro_rules! actions {
    ($($action:ident = $name:literal,)*) => {
        /// Everything that entries are made of, noun by noun. What chats consist of, and events, are not among them: they
        /// have logs of their own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = concat!("`", $name, "`")] $action,)* }

        impl Action {
            /// All of them, in the order of their names.
            pub const ALL: &[Action] = &[$(Action::$action),*];

            /// The action's name, as stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self { $(Action::$action => $name,)* }
            }
        }
    };
}

actions! {
    AccountChanged = "account.changed",
    CannedTextChanged = "canned_text.changed",
    CannedTextCreated = "canned_text.created",
    CannedTextDeleted = "canned_text.deleted",
    ChatbotChanged = "chatbot.changed",
    ChatbotCreated = "chatbot.created",
    ChatbotDeleted = "chatbot.deleted",
    ChatbotPublished = "chatbot.published",
    ContactChanged = "contact.changed",
    ContactErased = "contact.erased",
    ContactExported = "contact.exported",
    ContactMerged = "contact.merged",
    DeliveryResent = "delivery.resent",
    DepartmentChanged = "department.changed",
    DepartmentCreated = "department.created",
    DepartmentDeleted = "department.deleted",
    InvitationWithdrawn = "invitation.withdrawn",
    KeyCreated = "key.created",
    KeyRevoked = "key.revoked",
    MemberChanged = "member.changed",
    MemberDisabled = "member.disabled",
    MemberEnabled = "member.enabled",
    MemberInvited = "member.invited",
    MemberJoined = "member.joined",
    MemberSetUp = "member.set_up",
    PasswordChanged = "password.changed",
    PasswordReset = "password.reset",
    PasswordResetLink = "password.reset_link",
    RecoveryCancelled = "recovery.cancelled",
    RecoveryCreated = "recovery.created",
    RecoveryPaused = "recovery.paused",
    RecoveryResumed = "recovery.resumed",
    SessionBegan = "session.began",
    SessionEnded = "session.ended",
    SessionRefused = "session.refused",
    SessionRevoked = "session.revoked",
    WebhookChanged = "webhook.changed",
    WebhookCreated = "webhook.created",
    WebhookDeleted = "webhook.deleted",
    WebhookDisabled = "webhook.disabled",
    WebhookPaused = "webhook.paused",
    WebhookResumed = "webhook.resumed",
    WebhookSecretRevealed = "webhook.secret_revealed",
    WebhookSecretRotated = "webhook.secret_rotated",
    WebhookTested = "webhook.tested",
}

/// The kinds of actors that there are entries of.
pub fn actor_kind(text: &str) -> Option<&'static str> {
    ["member", "key", "console"].into_iter().find(|kind| *kind == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_a_noun_and_a_verb_in_the_order_of_their_names() {
        let names: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert!(names.is_sorted() && names.iter().all(|name| name.split('.').count() == 2), "{names:?}");
    }
}
