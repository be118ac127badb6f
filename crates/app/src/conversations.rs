//! Conversations: what a visitor says is heard, the flow or an operator answers, and in the end there is one close,
//! one transcript and one event.
//!
//! The cast: a visitor's request comes to [`visits`], which knows who it is by a token and whether the page may embed
//! the chatbot; [`operators`] is the other side of a chat; [`inbound`] takes what other chat tools push; [`clock`]
//! does what is due because time has passed; [`desk`] shows it all to operators. All of them load a conversation into a [`session::Session`], which is the
//! only place that changes one: it hears, says, runs the flow (`turn`), tells contacts (`capture`) and closes
//! (`closing`), and is stored with everything that follows from it in one transaction.
//!
//! A conversation comes into being with the visitor's first action, keeps the version of the flow it began with, and
//! is final once closed: the next message opens a new one. Whoever wants to change one holds its row, so messages,
//! closes and timers take turns; each looks at what the one before left.

pub mod clock;
pub mod desk;
pub mod inbound;
pub mod operators;
pub mod visits;

mod capture;
mod closing;
mod session;
mod telling;
mod turn;

use domain::{Actor, CloseReason, Contact, Conversation, Id, Invalid, MarkerRun, Message, Permission, Phase};
use store::{Tx, conversations::ConversationFilter};

use crate::{
    AppError, Page, PageRequest,
    access::require,
    idempotency::{self, Idempotency},
};

/// The most messages that a conversation is shown with at once.
pub const MESSAGES: u32 = 1_000;

/// Which conversations to list; None means any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// In that phase.
    pub phase: Option<Phase>,
    /// With that contact. Goes before the phase.
    pub contact: Option<Id<Contact>>,
}

/// The account's conversations, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    filter: Filter,
    page: PageRequest<Conversation>,
) -> Result<Page<Conversation, Conversation>, AppError> {
    require(actor, Permission::People)?;
    let account = actor.account();
    let filter = match filter {
        Filter { contact: Some(contact), .. } => ConversationFilter::Contact(contact),
        Filter { phase: Some(phase), .. } => ConversationFilter::Phase(phase),
        Filter { .. } => ConversationFilter::All,
    };
    page.fill(|before, limit| Ok(store::conversations::list(tx, account, filter, before, limit)?), |it| it.id)
}

/// One conversation, without what was said.
pub fn find(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<Conversation, AppError> {
    require(actor, Permission::People)?;
    store::conversations::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// A conversation with what was said and passed in it.
pub struct ConversationDetail {
    /// The conversation.
    pub conversation: Conversation,
    /// Its messages after the asked for number, at most [`MESSAGES`].
    pub messages: Vec<Message>,
    /// The markers that were passed.
    pub markers: Vec<MarkerRun>,
}

/// One conversation, with its messages beyond the number `after`.
pub fn get(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    after: u32,
) -> Result<ConversationDetail, AppError> {
    let conversation = find(tx, actor, id)?;
    let account = actor.account();
    Ok(ConversationDetail {
        conversation,
        messages: store::messages::list(tx, account, id, after, MESSAGES)?,
        markers: store::markers::list(tx, account, id)?,
    })
}

/// Everything that was said in a conversation, however long.
pub fn messages(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<Vec<Message>, AppError> {
    let conversation = find(tx, actor, id)?;
    Ok(store::messages::list(tx, conversation.account, id, 0, u32::MAX)?)
}

/// Ends a conversation: the other chat tool says so, for a reason, if it pushes it; else an operator does.
pub fn close(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    reason: Option<CloseReason>,
    idempotency: Option<&Idempotency>,
) -> Result<(), AppError> {
    if !actor.may(Permission::Ingest) {
        require(actor, Permission::Converse)?;
    }
    let account = actor.account();
    let conversation = store::conversations::find(tx, account, id)?.ok_or(AppError::NotFound)?;
    if inbound::is_inbound(&conversation) && actor.may(Permission::Ingest) {
        let reason = reason.unwrap_or(CloseReason::OperatorClosed);
        return inbound::close(tx, actor, id, reason, idempotency);
    }
    require(actor, Permission::Converse)?;
    if reason.is_some() {
        let message =
            "can be given only by the chat tool that pushes the conversation, with the scope ingest";
        return Err(Invalid::field("/reason", message).into());
    }
    idempotency::once(tx, account, idempotency, |tx| operators::close(tx, actor, id).map(drop))
}
