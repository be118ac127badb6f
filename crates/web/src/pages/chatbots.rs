//! Chatbots: the list, a new one, and what all pages of one have around them.

mod fields;
mod flow;
mod install;
mod kinds;
mod overview;
mod problems;
mod steps;
mod versions;

use app::{
    AppError, PageRequest, Tx,
    chatbots::{self, NewChatbot},
    sightings,
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use domain::{
    Actor, Chatbot, ChatbotSettings, Id, Timestamp,
    flow::{Template as Sample, templates},
};
use http::StatusCode;

use super::{
    failure::Failure,
    form::{Errors, Form, Query},
    member::ByMember,
    shell::{Place, Shell, go, render},
    when::filters,
};
use crate::{
    Shared,
    auth::{Manage, Read},
    problem::Problem,
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/chatbots", get(list))
        .route("/chatbots/new", get(new).post(create))
        .route("/chatbots/{id}", get(overview::show))
        .route("/chatbots/{id}/name", post(overview::rename))
        .route("/chatbots/{id}/delete", get(overview::ask_delete).post(overview::delete))
        .route("/chatbots/{id}/publish", get(versions::ask_publish).post(versions::publish))
        .route("/chatbots/{id}/versions", get(versions::list))
        .route("/chatbots/{id}/versions/{version}", get(versions::show))
        .route("/chatbots/{id}/versions/{version}/restore", post(versions::restore))
        .route("/chatbots/{id}/install", get(install::show).post(install::save))
        .route("/chatbots/{id}/install/allow", post(install::allow))
        .route("/chatbots/{id}/flow", get(flow::show).post(flow::save_start))
        .route("/chatbots/{id}/flow/json", get(flow::json).post(flow::save_json))
        .route("/chatbots/{id}/flow/export", get(flow::export))
        .route("/chatbots/{id}/flow/check", post(flow::check))
        .route("/chatbots/{id}/flow/new", get(steps::ask_kind).post(steps::add))
        .route("/chatbots/{id}/flow/step/{step}", get(steps::show).post(steps::save))
        .route("/chatbots/{id}/flow/step/{step}/move", post(steps::shift))
        .route("/chatbots/{id}/flow/step/{step}/duplicate", post(steps::duplicate))
        .route("/chatbots/{id}/flow/step/{step}/delete", get(steps::ask_delete).post(steps::delete))
}

/// The id in a page's address.
fn id_of(text: &str) -> Result<Id<Chatbot>, Failure> {
    text.parse().map_err(|_| Problem::not_found().into())
}

/// What was wrong with a form; everything else is no page of its own.
pub(super) fn wrong(error: AppError) -> Result<Errors, Failure> {
    match error {
        AppError::Invalid(invalid) => Ok(invalid.into()),
        AppError::Conflict { message, .. } => Ok(domain::Invalid::field("/name", message).into()),
        other => Err(other.into()),
    }
}

/// The shell of a page of that chatbot.
fn shell_of<N>(web: &Shared, by: &ByMember<N>, bot: &Chatbot) -> Shell {
    Shell::new(web, by, Place::Chatbots).below(&bot.name, &format!("/chatbots/{}", bot.id))
}

/// Takes flows apart where neither the store nor other requests wait for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal().into())
}

/// How a chatbot is doing.
struct Standing {
    bot: Chatbot,
    published: Option<String>,
    last_heard: Option<Timestamp>,
    /// When a page that may embed it last called.
    seen: Option<(String, Timestamp)>,
}

impl Standing {
    fn of(tx: &mut Tx<'_>, actor: &Actor, bot: Chatbot) -> Result<Self, AppError> {
        let seen = sightings::list(tx, actor, bot.id)?.into_iter().find(|it| it.admitted);
        Ok(Self {
            published: chatbots::published(tx, actor, &bot)?,
            last_heard: chatbots::last_heard(tx, actor, bot.id)?,
            seen: seen.map(|it| (it.origin, it.seen_at)),
            bot,
        })
    }

    /// Whether its draft is not what is published.
    fn is_ahead(&self) -> bool {
        chatbots::is_ahead(&self.bot.draft, self.published.as_deref())
    }
}

#[derive(Template)]
#[template(path = "chatbots/index.html")]
struct IndexPage {
    shell: Shell,
    /// Each with whether its draft is ahead.
    chatbots: Vec<(Standing, bool)>,
    older: Option<String>,
}

async fn list(State(web): State<Shared>, query: Query, by: ByMember<Read>) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::Chatbots)
        .saying(&query.0, &[("deleted", "The chatbot is deleted. Its conversations are kept.")]);
    let after = query.0.filled("after").map(str::parse).transpose().map_err(|_| Problem::not_found())?;
    let page = PageRequest { after, limit: PageRequest::<Chatbot>::DEFAULT };
    let actor = by.actor;
    let found = web.db.read(move |tx| {
        let found = chatbots::list(tx, &actor, page)?;
        let standings: Result<Vec<_>, AppError> =
            found.items.into_iter().map(|bot| Standing::of(tx, &actor, bot)).collect();
        Ok::<_, AppError>((standings?, found.next))
    });
    let (standings, next) = found.await?;
    let judge = |it: Standing| {
        let ahead = it.is_ahead();
        (it, ahead)
    };
    let chatbots = aside(move || standings.into_iter().map(judge).collect()).await?;
    render(StatusCode::OK, &IndexPage { shell, chatbots, older: next.map(|id| id.to_string()) })
}

#[derive(Template)]
#[template(path = "chatbots/new.html")]
struct NewPage {
    shell: Shell,
    name: String,
    template: String,
    samples: Vec<SampleView>,
    errors: Errors,
}

/// A flow to begin with.
struct SampleView {
    sample: &'static Sample,
    picture: String,
    steps: usize,
}

fn samples() -> Vec<SampleView> {
    let view = |sample: &'static Sample| {
        let draft = domain::flow::draft::Draft::read(sample.text).ok();
        let picture =
            draft.as_ref().map(|draft| flow::outline(draft, sample.key, &[]).to_string()).unwrap_or_default();
        SampleView { sample, picture, steps: draft.map_or(0, |draft| draft.steps().len()) }
    };
    templates().iter().map(view).collect()
}

impl NewPage {
    fn new<N>(web: &Shared, by: &ByMember<N>, form: &Form, errors: Errors) -> Self {
        let shell = Shell::new(web, by, Place::Chatbots).below("New chatbot", "/chatbots/new");
        let template = form.filled("template").unwrap_or(templates()[0].key).to_owned();
        Self { shell, name: form.get("name").to_owned(), template, samples: samples(), errors }
    }
}

async fn new(State(web): State<Shared>, query: Query, by: ByMember<Manage>) -> Result<Response, Failure> {
    render(StatusCode::OK, &NewPage::new(&web, &by, &query.0, Errors::default()))
}

async fn create(State(web): State<Shared>, by: ByMember<Manage>, form: Form) -> Result<Response, Failure> {
    let new = NewChatbot {
        name: form.get("name").to_owned(),
        template: form.filled("template").map(str::to_owned),
        // Where the account is, so are most who come; it greets them by that clock.
        settings: ChatbotSettings { time_zone: by.signed.account.time_zone.clone(), ..Default::default() },
        ..NewChatbot::default()
    };
    let actor = by.actor;
    match web.db.write(move |tx| chatbots::create(tx, &actor, &new)).await {
        Ok(made) => Ok(go(&format!("/chatbots/{}", made.id), "created")),
        Err(error) => {
            let page = NewPage::new(&web, &by, &form, wrong(error)?);
            render(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

#[cfg(test)]
mod tests;
