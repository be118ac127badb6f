//! What the widget says by itself, where it is not to say the built-in words.

use std::collections::BTreeMap;

use app::chatbots;
use askama::Template;
use axum::{extract::State, response::Response};
use domain::ChatbotSettings;
use http::StatusCode;

use super::{Chosen, Given, SAVED, asked, named, saved};
use crate::{
    Shared,
    auth::{Manage, Read},
    pages::{
        chatbots::wrong,
        failure::Failure,
        form::{Form, Query},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    widget::TEXTS,
};

struct TextView {
    name: &'static str,
    built_in: &'static str,
    about: &'static str,
    value: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "configuration/texts.html")]
struct TextsPage {
    shell: Shell,
    place: &'static str,
    chosen: Option<Chosen>,
    texts: Vec<TextView>,
    /// Names that are set and that the widget does not know.
    unknown: Vec<String>,
}

async fn page<N>(
    web: &Shared,
    by: &ByMember<N>,
    query: &Form,
    given: Given<'_>,
) -> Result<Response, Failure> {
    let (id, actor) = (asked(given.as_ref().map_or(query, |it| it.0))?, by.actor);
    let chosen = web.db.read(move |tx| Chosen::read(tx, &actor, id)).await?;
    let stored = chosen.as_ref().map(|it| it.bot.settings.texts.clone()).unwrap_or_default();
    let status = if given.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let view = |&(name, built_in, about): &(&'static str, &'static str, &'static str)| TextView {
        name,
        built_in,
        about,
        value: match &given {
            Some((form, _)) => form.get(name).to_owned(),
            None => stored.get(name).cloned().unwrap_or_default(),
        },
        problem: given
            .as_ref()
            .and_then(|(_, errors)| errors.at(&format!("/settings/texts/{name}")).map(str::to_owned)),
    };
    let is_unknown = |name: &&String| !TEXTS.iter().any(|(known, ..)| known == name);
    let page = TextsPage {
        shell: Shell::new(web, by, Place::Texts).saying(query, SAVED),
        place: Place::Texts.path(),
        texts: TEXTS.iter().map(view).collect(),
        unknown: stored.keys().filter(is_unknown).cloned().collect(),
        chosen,
    };
    render(status, &page)
}

pub(super) async fn show(
    State(web): State<Shared>,
    query: Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    page(&web, &by, &query.0, None).await
}

/// What is filled in; names that the widget does not know stay as they are.
fn apply(settings: &mut ChatbotSettings, form: &Form) {
    for (name, built_in, _) in TEXTS {
        let value = form.get(name).trim();
        let texts: &mut BTreeMap<String, String> = &mut settings.texts;
        match value.is_empty() || value == *built_in {
            true => drop(texts.remove(*name)),
            false => drop(texts.insert((*name).to_owned(), value.to_owned())),
        }
    }
}

pub(super) async fn save(
    State(web): State<Shared>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (named(&form)?, by.actor);
    let filled = form.clone();
    let written =
        web.db.write(move |tx| chatbots::configure(tx, &actor, bot, |settings| apply(settings, &filled)));
    match written.await {
        Ok(_) => Ok(go(&saved(Place::Texts, bot), "saved")),
        Err(error) => page(&web, &by, &Form::default(), Some((&form, wrong(error)?))).await,
    }
}
