//! Analytics › Settings › Conversation Configuration › Webhooks: all addresses below it, and the list.

mod deliveries;
mod delivery;
mod one;
mod pictures;
mod recoveries;
mod secret;
mod settings;
#[cfg(test)]
mod tests;
mod words;

use app::{
    AppError, Page, PageRequest,
    hours::{self, Lately},
    webhooks::{self, Deleted},
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{Redirect, Response},
    routing::{get, post},
};
use domain::{Id, Noun, Webhook, why};
use http::StatusCode;

use super::{
    failure::Failure,
    form::Query,
    member::ByMember,
    parts::{Badge, webhook_badge, webhook_path as path},
    shell::{Place, Shell, render},
    when::{When, filters},
};
use crate::{Shared, auth::Read, charts::Spark, problem::Problem};

/// Each is below the list's.
pub(super) fn routes() -> Router<Shared> {
    let here = async || Redirect::to(Place::Webhooks.path());
    let at = |below: &str| format!("{}{below}", Place::Webhooks.path());
    Router::new()
        .route(Place::Webhooks.path(), get(list))
        .route(&at("/new"), get(settings::new).post(settings::create))
        .route(&at("/new/verdict"), get(settings::verdict))
        .route(&at("/deliveries/{delivery}"), get(delivery::show))
        .route(&at("/deliveries/{delivery}/resend"), post(delivery::resend))
        .route(&at("/{id}"), get(one::show))
        .route(&at("/{id}/edit"), get(settings::edit).post(settings::update))
        .route(&at("/{id}/pause"), post(one::pause))
        .route(&at("/{id}/resume"), post(one::resume))
        .route(&at("/{id}/disable"), get(one::ask_disable).post(one::disable))
        .route(&at("/{id}/delete"), get(one::ask_delete).post(one::delete))
        .route(&at("/{id}/test"), get(one::ask_test).post(one::test))
        .route(&at("/{id}/deliveries"), get(deliveries::list))
        .route(&at("/{id}/secret"), get(secret::show).post(secret::reveal))
        .route(&at("/{id}/secret/rotate"), get(secret::ask_rotate).post(secret::rotate))
        .route(&at("/{id}/recover"), get(recoveries::ask).post(recoveries::begin))
        .route(&at("/{id}/recoveries/{recovery}"), get(recoveries::show))
        .route(&at("/{id}/recoveries/{recovery}/{to}"), post(recoveries::switch))
        .route("/analytics/settings", get(here))
        .route("/analytics/settings/conversation-configuration", get(here))
}

/// What a list can be narrowed to: the query's word, and the button's.
const STATES: [(&str, &str); 6] = [
    ("", "All"),
    ("active", "Active"),
    ("held", "Held"),
    ("paused", "Paused"),
    ("disabled", "Disabled"),
    ("deleted", "Deleted"),
];

struct Row {
    webhook: Webhook,
    path: String,
    badge: Badge,
    since: When,
    spark: Spark,
    last_failure: Option<(When, String)>,
}

struct DeletedRow {
    deleted: Deleted,
    path: String,
    at: When,
}

#[derive(Template)]
#[template(path = "webhooks/index.html")]
struct IndexPage {
    shell: Shell,
    state: String,
    rows: Vec<Row>,
    deleted: Vec<DeletedRow>,
    next: Option<Id<Webhook>>,
}

async fn list(State(web): State<Shared>, query: Query, by: ByMember<Read>) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::Webhooks).saying(
        &query.0,
        &[("deleted", "The webhook is deleted. Its log stays until retention removes it.")],
    );
    let state = STATES.iter().find(|(word, _)| *word == query.0.get("state")).map_or("", |(word, _)| word);
    let page =
        PageRequest { after: query.0.get("after").parse().ok(), limit: PageRequest::<Webhook>::DEFAULT };
    let actor = by.actor;
    if state == "deleted" {
        let Page { items, next } = web.db.read(move |tx| webhooks::list_deleted(tx, &actor, page)).await?;
        let row = |it: Deleted| DeletedRow { path: path(it.id), at: shell.when(&it.deleted_at), deleted: it };
        let deleted = items.into_iter().map(row).collect();
        let page = IndexPage { state: state.to_owned(), rows: Vec::new(), deleted, next, shell };
        return render(StatusCode::OK, &page);
    }
    let read = move |tx: &mut app::Tx<'_>| -> Result<_, AppError> {
        let found = match state {
            "" => webhooks::list(tx, &actor, page)?,
            state => webhooks::list_in_state(tx, &actor, state, page)?,
        };
        let ids: Vec<Id<Webhook>> = found.items.iter().map(|it| it.id).collect();
        Ok((hours::lately(tx, &actor, &ids)?, found))
    };
    let (lately, Page { items, next }) = web.db.read(read).await?;
    let rows = items.into_iter().zip(lately).map(|(webhook, lately)| row(&shell, webhook, lately)).collect();
    render(StatusCode::OK, &IndexPage { state: state.to_owned(), rows, deleted: Vec::new(), next, shell })
}

fn row(shell: &Shell, webhook: Webhook, lately: Lately) -> Row {
    let failed = |it: domain::Attempt| (shell.when(&it.outcome.at), why::explain(&it.outcome));
    Row {
        path: path(webhook.id),
        badge: webhook_badge(webhook.state),
        since: shell.when(&webhook.state_since).dated(),
        spark: pictures::spark(webhook.id, &lately),
        last_failure: lately.last_failure.map(failed),
        webhook,
    }
}

/// The id that a path names; what is none names nothing.
fn known<T: Noun>(text: &str) -> Result<Id<T>, Failure> {
    Ok(text.parse().map_err(|_| Problem::not_found())?)
}
