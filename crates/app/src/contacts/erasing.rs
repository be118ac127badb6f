//! Erasing a person, what that would remove, and the receipt that stays.

use std::collections::BTreeSet;

use domain::{Actor, AuditEntry, CloseReason, Contact, Id, Permission, Phase, search};
use store::{Changed, Signal, Tx, erasure::Which};

use crate::{
    AppError,
    access::require,
    audit::{self, Action, Deed},
};

/// What erasing a person removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Conversations, also those that the same browsers held before it was known who sits there.
    pub conversations: u32,
    /// Messages of theirs.
    pub messages: u64,
    /// Events whose data is gone.
    pub events: u64,
    /// Deliveries that were not made yet, and will not be.
    pub skipped: u32,
}

impl Receipt {
    /// As the audit log keeps it: numbers, and nothing about the person.
    fn to_text(self) -> String {
        let Self { conversations, messages, events, skipped } = self;
        let one_or_more =
            |number: u64, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
        [
            one_or_more(conversations.into(), "conversation", "conversations"),
            one_or_more(messages, "message", "messages"),
            one_or_more(events, "event", "events"),
            one_or_more(skipped.into(), "delivery not made", "deliveries not made"),
        ]
        .join(", ")
    }
}

/// The receipt of an erased contact: who erased it, when, and how much that was.
pub fn receipt(tx: &mut Tx<'_>, actor: &Actor, id: Id<Contact>) -> Result<AuditEntry, AppError> {
    require(actor, Permission::Admin)?;
    store::audit::erasure(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// What erasing would remove now.
pub fn would_erase(tx: &mut Tx<'_>, actor: &Actor, id: Id<Contact>) -> Result<Receipt, AppError> {
    require(actor, Permission::Admin)?;
    let account = actor.account();
    let contact = store::contacts::find(tx, account, id)?.ok_or(AppError::NotFound)?;
    let (mut receipt, mut told) = (Receipt::default(), BTreeSet::new());
    for trace in store::erasure::traces_to_show(tx, account, id)? {
        let found = store::conversations::find(tx, account, trace.conversation)?;
        receipt.conversations += 1;
        receipt.messages += found.map_or(0, |it| u64::from(it.messages));
        told.insert(Which::Conversation(trace.conversation.to_string()));
    }
    add_naming(tx, &contact, &mut told)?;
    for told in &told {
        let (events, pending) = store::erasure::count(tx, account, told)?;
        receipt.events += events;
        receipt.skipped += pending;
    }
    Ok(receipt)
}

/// Erases a person: the contact, what was said, and what webhooks were or would have been told of it. Conversations
/// stay as numbers, and those that are open end without a word.
pub fn erase(tx: &mut Tx<'_>, actor: &Actor, id: Id<Contact>) -> Result<Receipt, AppError> {
    require(actor, Permission::Admin)?;
    let account = actor.account();
    let contact = store::contacts::find_to_change(tx, account, id)?.ok_or(AppError::NotFound)?;
    let (mut receipt, mut told) = (Receipt::default(), BTreeSet::new());
    for trace in store::erasure::traces(tx, account, id)? {
        let conversation = trace.conversation;
        if !trace.closed {
            end_silently(tx, actor, conversation)?;
        }
        told.insert(Which::Conversation(conversation.to_string()));
        receipt.messages += store::messages::delete(tx, account, conversation)?;
        receipt.conversations += 1;
        store::erasure::forget_conversation(tx, account, conversation)?;
        if let Some(visitor) = trace.visitor {
            store::erasure::delete_visitor(tx, account, visitor)?;
        }
        tx.emit(Signal::Changed(account, Changed::Conversation(conversation, trace.visitor)));
    }
    add_naming(tx, &contact, &mut told)?;
    for told in &told {
        for webhook in store::erasure::skip_deliveries(tx, account, told)? {
            receipt.skipped += 1;
            tx.emit(Signal::Changed(account, Changed::Deliveries(webhook)));
        }
        receipt.events += store::erasure::forget_events(tx, account, told)?;
    }
    store::contacts::delete(tx, account, id)?;
    audit::note(tx, actor, Deed::new(Action::ContactErased).to(id).detail(receipt.to_text()))?;
    Ok(receipt)
}

/// What programs have posted of a person: all that names their address or number.
fn add_naming(tx: &mut Tx<'_>, contact: &Contact, told: &mut BTreeSet<Which>) -> Result<(), AppError> {
    let (email, phone) =
        (contact.fields.email_key(), contact.fields.phone.as_deref().and_then(search::phone_key));
    Ok(store::erasure::add_naming(tx, contact.account, email.as_deref(), phone.as_deref(), told)?)
}

fn end_silently(tx: &mut Tx<'_>, actor: &Actor, id: Id<domain::Conversation>) -> Result<(), AppError> {
    let found = store::conversations::find_to_change(tx, actor.account(), id)?;
    let mut conversation = found.ok_or(AppError::NotFound)?;
    conversation.phase = Phase::Closed;
    conversation.closed = Some((tx.now(), CloseReason::AdminClosed));
    conversation.due_at = None;
    store::conversations::update(tx, &conversation)?;
    Ok(())
}
