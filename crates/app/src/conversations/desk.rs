//! What operators see: the lists of chats, and one chat with who it is with and what became of its events.

use domain::{Actor, Contact, Conversation, Department, Id, Permission, Phase};
pub use store::conversations::Line;
use store::{Tx, conversations::ConversationFilter};

use super::{ConversationDetail, MESSAGES};
use crate::{
    AppError, Page, PageRequest,
    access::require,
    departments,
    events::{self, EventFilter},
    standings::Told,
};

/// A list of chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Wait for somebody to accept them.
    Pending,
    /// Accepted by whoever asks.
    Mine,
    /// Accepted by others.
    Others,
    /// With the bot.
    Bot,
    /// Over.
    Closed,
}

/// One of the lists, newest first, but those who wait longest first.
pub fn shelf(
    tx: &mut Tx<'_>,
    actor: &Actor,
    shelf: Shelf,
    page: PageRequest<Conversation>,
) -> Result<Page<Line, Conversation>, AppError> {
    require(actor, Permission::People)?;
    let (account, me) = (actor.account(), departments::operator(tx, actor)?.id);
    let stored = match shelf {
        Shelf::Pending => store::conversations::Shelf::Phase(Phase::Queued),
        Shelf::Mine => store::conversations::Shelf::With(me),
        Shelf::Others => store::conversations::Shelf::WithOthersThan(me),
        Shelf::Bot => store::conversations::Shelf::Phase(Phase::Bot),
        Shelf::Closed => store::conversations::Shelf::Phase(Phase::Closed),
    };
    let mut found: Page<Line, Conversation> = page.fill::<_, AppError>(
        |before, limit| Ok(store::conversations::shelf(tx, account, stored, before, limit)?),
        |it| it.id,
    )?;
    if shelf == Shelf::Pending {
        found.items.sort_by_key(|line| (line.queued_at, line.id));
    }
    Ok(found)
}

/// So many earlier conversations are named beside a chat, and so many of its events.
const BESIDE: u32 = 10;

/// A chat with all that stands beside it.
pub struct Chat {
    /// The conversation with its last [`MESSAGES`] messages.
    pub detail: ConversationDetail,
    /// Whether whoever asks has accepted it.
    pub mine: bool,
    /// The department that is to take or has taken it.
    pub department: Option<Department>,
    /// Who the visitor is.
    pub contact: Option<Contact>,
    /// Other conversations with them, the newest first.
    pub others: Vec<Conversation>,
    /// What was told of it and of them, the newest first.
    pub events: Vec<Told>,
}

/// One chat.
pub fn chat(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<Chat, AppError> {
    let conversation = super::find(tx, actor, id)?;
    let account = actor.account();
    let me = departments::operator(tx, actor)?.id;
    let detail = super::get(tx, actor, id, conversation.messages.saturating_sub(MESSAGES))?;
    let contact = match conversation.contact {
        Some(contact) => store::contacts::find(tx, account, contact)?,
        None => None,
    };
    let mut others = match &contact {
        Some(contact) => of_contact(tx, actor, contact.id, BESIDE + 1)?,
        None => Vec::new(),
    };
    others.retain(|other| other.id != id);
    others.truncate(BESIDE as usize);
    let department = match conversation.department {
        Some(department) => store::departments::find(tx, account, department)?,
        None => None,
    };
    let mine = conversation.operator.as_ref().is_some_and(|operator| operator.id == me);
    Ok(Chat { mine, department, contact, others, events: events_of(tx, actor, &[id], BESIDE)?, detail })
}

/// The newest conversations with a contact.
pub fn of_contact(
    tx: &mut Tx<'_>,
    actor: &Actor,
    contact: Id<Contact>,
    most: u32,
) -> Result<Vec<Conversation>, AppError> {
    require(actor, Permission::People)?;
    let newest = PageRequest::<Conversation> { after: None, limit: most };
    let filter = ConversationFilter::Contact(contact);
    Ok(store::conversations::list(tx, actor.account(), filter, newest.before(), most)?)
}

/// The newest events of these conversations, so many of each, with where they stand.
pub fn events_of(
    tx: &mut Tx<'_>,
    actor: &Actor,
    conversations: &[Id<Conversation>],
    most: u32,
) -> Result<Vec<Told>, AppError> {
    require(actor, Permission::People)?;
    let mut found = Vec::new();
    for id in conversations {
        let filter = EventFilter { conversation_id: Some(id.to_string()), ..EventFilter::default() };
        found.extend(events::list(tx, actor, &filter, PageRequest { after: None, limit: most })?.items);
    }
    events::told(tx, actor, found)
}
