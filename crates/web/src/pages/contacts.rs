//! Contacts: the list with its search, one contact, its export. What changes one stands in [`change`], merging in
//! [`merge`], erasing in [`erase`].

mod change;
mod erase;
mod merge;

use app::{
    AppError, PageRequest,
    contacts::{self, Filter},
    conversations::desk,
    standings::Told,
};
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use domain::{Contact, Conversation, Id, Permission, search::Needle};
use http::StatusCode;

use super::{
    conversations::show::state_words,
    failure::Failure,
    form::{Errors, Form, Query, Reading},
    member::ByMember,
    parts,
    shell::{Place, Shell, render},
    when::filters,
};
use crate::{
    Shared,
    auth::People,
    extract::PathId,
    problem::Problem,
    search::{self, Searched},
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/contacts", get(list))
        .route("/contacts/export", get(export))
        .route("/contacts/erased/{id}", get(erase::receipt))
        .route("/contacts/{id}", get(show))
        .route("/contacts/{id}/edit", get(change::edit).post(change::save))
        .route("/contacts/{id}/merge", get(merge::choose).post(merge::merge))
        .route("/contacts/{id}/erase", get(erase::ask).post(erase::erase))
}

/// What an address of a contact is taken apart to.
type ContactId = Result<PathId<Contact>, Problem>;

fn path(id: Id<Contact>) -> String {
    format!("/contacts/{id}")
}

/// What a contact is called in a heading.
fn called(contact: &Contact) -> String {
    let fields = &contact.fields;
    let known = [&fields.name, &fields.email, &fields.phone].into_iter().flatten().find(|it| !it.is_empty());
    known.cloned().unwrap_or_else(|| contact.id.to_string())
}

/// A page of a list or a search.
#[derive(Default)]
struct Found {
    items: Vec<Contact>,
    next: Option<Id<Contact>>,
    /// How many a search has looked at.
    looked_at: u64,
    /// Whether a search has not ended.
    unfinished: bool,
    /// What is wrong with what is looked for.
    errors: Errors,
}

/// The contacts that are listed or found.
async fn find<N>(web: &Shared, by: &ByMember<N>, query: &Form, limit: u32) -> Result<Found, Failure> {
    let (actor, mut reading) = (by.actor, Reading::new());
    let page = PageRequest { after: reading.or(query.after(), None), limit };
    let text = query.filled("q").map(Needle::new).transpose();
    let text = reading.or(text.map_err(|invalid| invalid.under("/q")), None);
    let errors = Errors::from(reading);
    if !errors.is_empty() {
        return Ok(Found { errors, ..Found::default() });
    }
    let searched = match text {
        Some(text) => crate::contacts::search(web, actor, text, page, search::AT_A_GLANCE).await?,
        None => {
            let read = move |tx: &mut app::Tx<'_>| contacts::list(tx, &actor, &Filter::default(), page);
            Searched::by_index(web.db.read(read).await?)
        }
    };
    let unfinished = searched.is_unfinished(limit);
    let Searched { page, looked_at, .. } = searched;
    Ok(Found { items: page.items, next: page.next, looked_at: looked_at.into(), unfinished, errors })
}

#[derive(Template)]
#[template(path = "contacts/index.html")]
struct ListPage {
    shell: Shell,
    q: String,
    found: Found,
    /// Whether this is a later page.
    later: bool,
}

async fn list(State(web): State<Shared>, query: Query, by: ByMember<People>) -> Result<Response, Failure> {
    let done = [("erased", "The contact is erased."), ("merged", "The two contacts are one.")];
    let shell = Shell::new(&web, &by, Place::Contacts).saying(&query.0, &done);
    let found = find(&web, &by, &query.0, 50).await?;
    let status = if found.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let q = query.0.get("q").trim().to_owned();
    let later = query.0.filled("after").is_some();
    render(status, &ListPage { shell, q, found, later })
}

#[derive(Template)]
#[template(path = "contacts/show.html")]
struct ShowPage {
    shell: Shell,
    contact: Contact,
    title: String,
    /// Another contact that may be the same person.
    like: Option<Contact>,
    /// The newest, each with where it is.
    chats: Vec<(Conversation, String)>,
    /// Whether there are older ones.
    more: bool,
    /// What became of the events of the newest.
    events: Vec<Told>,
}

/// So many conversations are listed with a contact, and of so many it is shown what became of their events.
const CHATS: usize = 20;
const TOLD: usize = 5;

async fn show(
    State(web): State<Shared>,
    id: ContactId,
    query: Query,
    by: ByMember<People>,
) -> Result<Response, Failure> {
    let done = [("changed", "The contact is changed."), ("merged", "The two contacts are one.")];
    let shell = Shell::new(&web, &by, Place::Contacts).saying(&query.0, &done);
    let (actor, id) = (by.actor, id?.0);
    let read = move |tx: &mut app::Tx<'_>| {
        let contact = contacts::get(tx, &actor, id)?;
        let like = match contact.duplicate_of {
            Some(like) => contacts::get(tx, &actor, like).ok(),
            None => None,
        };
        let chats = desk::of_contact(tx, &actor, id, CHATS as u32 + 1)?;
        let told: Vec<_> = chats.iter().take(TOLD).map(|chat| chat.id).collect();
        let events = desk::events_of(tx, &actor, &told, TOLD as u32)?;
        Ok::<_, AppError>((contact, like, chats, events))
    };
    let (contact, like, mut chats, events) = web.db.read(read).await?;
    let more = chats.len() > CHATS;
    chats.truncate(CHATS);
    let chats = chats.into_iter().map(|chat| (state_words(&chat), chat)).map(|(words, chat)| (chat, words));
    let (title, chats) = (called(&contact), chats.collect());
    let shell = shell.below(&title, &path(id));
    render(StatusCode::OK, &ShowPage { shell, contact, title, like, chats, more, events })
}

#[derive(Template)]
#[template(path = "contacts/export.html")]
struct ExportPage {
    shell: Shell,
    q: String,
    /// How many there are in all; more are said with a `+`.
    count: u64,
    more: bool,
}

/// More contacts than these are not counted for a page.
const COUNTED: u32 = 100_000;

async fn export(State(web): State<Shared>, query: Query, by: ByMember<People>) -> Result<Response, Failure> {
    let actor = by.actor;
    let count = web.db.read(move |tx| contacts::count(tx, &actor, COUNTED + 1)).await?;
    let shell = Shell::new(&web, &by, Place::Contacts).below("Export", "/contacts/export");
    let q = query.0.get("q").trim().to_owned();
    render(StatusCode::OK, &ExportPage { shell, q, count: count.min(COUNTED).into(), more: count > COUNTED })
}

#[cfg(test)]
mod tests;
