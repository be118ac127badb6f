//! Conversations: the operators' console. Its lists and one chat are pages; scripts (`assets/pages/console.js`) keep them
//! up to date and send what is done. What the forms do stands in [`acts`], the canned texts in [`texts`].

mod acts;
pub(super) mod show;
mod texts;

use app::{
    Page, PageRequest, canned_texts,
    conversations::desk::{self, Shelf},
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use domain::{CannedText, Conversation, Id};
use http::StatusCode;

use self::show::{ChatView, Item, Section};
use super::{
    failure::Failure,
    form::{Errors, Form, Query, Reading},
    member::ByMember,
    parts,
    shell::{Place, Shell, render},
    when::filters,
};
use crate::{Shared, auth::People, extract::PathId, problem::Problem};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/conversations", get(index))
        .route("/conversations/{id}", get(chat))
        .route("/conversations/{id}/accept", post(acts::accept))
        .route("/conversations/{id}/reply", post(acts::reply))
        .route("/conversations/{id}/hand-back", post(acts::hand_back))
        .route("/conversations/{id}/transfer", get(acts::ask_where).post(acts::transfer))
        .route("/conversations/{id}/close", get(acts::ask_to_close).post(acts::close))
        .merge(texts::routes())
}

/// What an address of a chat is taken apart to.
type ChatId = Result<PathId<Conversation>, Problem>;

#[derive(Template)]
#[template(path = "conversations/index.html")]
struct ConsolePage {
    shell: Shell,
    /// What tells the operator apart from others.
    me: String,
    /// What visitors see.
    name: String,
    sections: Vec<Section>,
    chat: Option<ChatView>,
    /// What stands in the reply box.
    draft: String,
    errors: Errors,
    texts: Vec<(CannedText, String)>,
}

impl ConsolePage {
    fn status(&self) -> StatusCode {
        if self.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }
}

/// What was just done, in words.
const DONE: &[(&str, &str)] = &[
    ("accepted", "The chat is yours."),
    ("sent", "Your reply is sent."),
    ("handed-back", "The chat is back with the bot."),
    ("transferred", "The chat waits in the department."),
    ("closed", "The chat is closed."),
];

async fn index(State(web): State<Shared>, query: Query, by: ByMember<People>) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::Conversations).saying(&query.0, DONE);
    let shown = console(&web, &by, shell, &query.0, None).await?;
    render(shown.status(), &shown)
}

async fn chat(
    State(web): State<Shared>,
    id: ChatId,
    query: Query,
    by: ByMember<People>,
) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::Conversations).saying(&query.0, DONE);
    let mut shown = console(&web, &by, shell, &query.0, Some(id?.0)).await?;
    let chosen = shown.texts.iter().find(|(text, _)| text.id.to_string() == query.0.get("text"));
    shown.draft = chosen.map(|(_, filled)| filled.clone()).unwrap_or_default();
    render(shown.status(), &shown)
}

/// The chat again, with what was wrong with a reply to it.
async fn again(
    web: &Shared,
    by: &ByMember<impl Sized>,
    id: Id<Conversation>,
    draft: String,
    errors: Errors,
) -> Result<Response, Failure> {
    let shell = Shell::new(web, by, Place::Conversations);
    let shown = console(web, by, shell, &Form::default(), Some(id)).await?;
    render(StatusCode::UNPROCESSABLE_ENTITY, &ConsolePage { draft, errors, ..shown })
}

/// Each list: its word in the address, its title, and what to say when it is empty.
const SHELVES: [(Shelf, &str, &str, &str); 5] = [
    (
        Shelf::Pending,
        "pending",
        "Pending",
        "Nobody is waiting. A chat appears here when a bot hands it over.",
    ),
    (Shelf::Mine, "mine", "Active: mine", "You have no chat. Accept one that is pending."),
    (Shelf::Others, "active", "Active: others", "No other operator has a chat."),
    (Shelf::Bot, "bot", "With the bot", "No visitor is talking with a bot."),
    (Shelf::Closed, "closed", "Closed", "No chat is over yet."),
];

/// Everything on the page, read at once. Of the lists, those that are short are always there; the long ones when they
/// are asked for.
async fn console(
    web: &Shared,
    by: &ByMember<impl Sized>,
    shell: Shell,
    query: &Form,
    id: Option<Id<Conversation>>,
) -> Result<ConsolePage, Failure> {
    let (actor, mut reading) = (by.actor, Reading::new());
    let known = |text: &str| SHELVES.iter().map(|it| it.1).find(|state| *state == text);
    let state = reading.or(query.chosen("state", known), None);
    let after = reading.or(query.after(), None);
    let wanted: Vec<(Shelf, bool)> = SHELVES.iter().map(|it| (it.0, Some(it.1) == state)).collect();
    let alone = state.is_some() && after.is_some();
    let (found, chat, texts) = web
        .db
        .read(move |tx| {
            let mut found = Vec::new();
            for (shelf, asked) in &wanted {
                let short = matches!(shelf, Shelf::Pending | Shelf::Mine | Shelf::Others);
                let limit = if short && !asked { PageRequest::<Conversation>::MAX } else { 50 };
                let page = PageRequest { after: after.filter(|_| *asked), limit };
                found.push(match *asked || (short && !alone) {
                    true => Some(desk::shelf(tx, &actor, *shelf, page)?),
                    false => None,
                });
            }
            let chat = id.map(|id| desk::chat(tx, &actor, id)).transpose()?;
            Ok::<_, app::AppError>((found, chat, canned_texts::list(tx, &actor)?))
        })
        .await?;
    let chat = chat.map(|chat| ChatView::new(&shell, chat));
    let sections = SHELVES.iter().zip(found).map(|(&(shelf, word, title, empty), page)| {
        let asked = Some(word) == state;
        Section {
            state: word,
            title,
            empty,
            asked,
            settled: asked && alone,
            wide: is_wide(shelf),
            page: page.map(|p| items(&shell, p, id)),
        }
    });
    let sections = sections.collect();
    let name = chat.as_ref().and_then(|chat| chat.contact.as_ref()).and_then(|it| it.fields.name.clone());
    let fill = |text: CannedText| {
        let filled = domain::canned::fill(&text.text, name.as_deref());
        (text, filled)
    };
    let texts = texts.into_iter().map(fill).collect();
    let shell = match &chat {
        Some(chat) => shell.below(&chat.who, &format!("/conversations/{}", chat.id)),
        None => shell,
    };
    let me = by.signed.member.id.uuid().simple().to_string();
    let name = by.signed.member.name.clone();
    Ok(ConsolePage { shell, me, name, sections, chat, draft: String::new(), errors: reading.into(), texts })
}

/// Whether a list may be long, and is shown only when asked for.
fn is_wide(shelf: Shelf) -> bool {
    matches!(shelf, Shelf::Bot | Shelf::Closed)
}

fn items(
    shell: &Shell,
    page: Page<desk::Line, Conversation>,
    open: Option<Id<Conversation>>,
) -> (Vec<Item>, Option<Id<Conversation>>) {
    let items = page.items.iter().map(|line| Item::new(shell, line, open == Some(line.id)));
    (items.collect(), page.next)
}

#[cfg(test)]
mod tests;
