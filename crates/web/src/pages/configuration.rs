//! Analytics › Settings › Conversation Configuration: how chats end, who answers them, what the widget says, and what
//! is kept. Webhooks, which belong there too, are a noun of their own.

mod closing;
mod departments;
mod privacy;
mod texts;

use app::{AppError, PageRequest, Tx, chatbots};
use axum::{Router, routing::get};
use domain::{Actor, Chatbot, Id};

use super::{
    failure::Failure,
    form::{Errors, Form},
    shell::Place,
};
use crate::{Shared, problem::Problem};

pub(super) fn routes() -> Router<Shared> {
    let department = |rest: &str| format!("{}{rest}", Place::Departments.path());
    Router::new()
        .route(Place::Closing.path(), get(closing::show).post(closing::save))
        .route(Place::Texts.path(), get(texts::show).post(texts::save))
        .route(Place::Privacy.path(), get(privacy::show).post(privacy::save))
        .route(Place::Departments.path(), get(departments::list))
        .route(&department("/new"), get(departments::new).post(departments::create))
        .route(&department("/{id}"), get(departments::edit).post(departments::update))
        .route(&department("/{id}/delete"), get(departments::ask_delete).post(departments::delete))
}

/// The chatbot whose settings are shown, among all that there are to choose from.
struct Chosen {
    bots: Vec<(String, String)>,
    bot: Chatbot,
}

impl Chosen {
    /// The one that `bot` names, or the newest; None if there is none at all.
    fn read(tx: &mut Tx<'_>, actor: &Actor, asked: Option<Id<Chatbot>>) -> Result<Option<Self>, AppError> {
        let page = PageRequest { after: None, limit: PageRequest::<Chatbot>::MAX };
        let all = chatbots::list(tx, actor, page)?.items;
        let bots = all.iter().map(|bot| (bot.id.to_string(), bot.name.clone())).collect();
        let bot = match asked {
            Some(id) => Some(chatbots::get(tx, actor, id)?),
            None => all.into_iter().next(),
        };
        Ok(bot.map(|bot| Self { bots, bot }))
    }
}

/// The chatbot that a form or a query names.
fn asked(form: &Form) -> Result<Option<Id<Chatbot>>, Failure> {
    form.filled("bot").map(|text| text.parse().map_err(|_| Problem::not_found().into())).transpose()
}

/// The same of a form, which names one.
fn named(form: &Form) -> Result<Id<Chatbot>, Failure> {
    asked(form)?.ok_or_else(|| Problem::not_found().into())
}

/// Where one goes after saving.
fn saved(place: Place, bot: Id<Chatbot>) -> String {
    format!("{}?bot={bot}", place.path())
}

const SAVED: &[(&str, &str)] = &[("saved", "Saved. It counts at once.")];

/// A form that was wrong, with what was wrong about it.
type Given<'a> = Option<(&'a Form, Errors)>;

#[cfg(test)]
mod tests;
