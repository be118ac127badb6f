//! Account › API keys: for programs.

use std::time::Duration;

use app::accounts;
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use domain::{ApiKey, Scope, Timestamp};
use http::StatusCode;

use super::{confirmed, errors};
use crate::{
    Shared,
    auth::Admin,
    extract::PathId,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    problem::Problem,
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(Place::Keys.path(), get(list).post(create))
        .route(NEW, get(ask))
        .route("/account/keys/{id}/revoke", get(ask_revoke).post(revoke))
}

const NEW: &str = "/account/keys/new";

#[derive(Template)]
#[template(path = "account/keys.html")]
struct KeysPage {
    shell: Shell,
    keys: Vec<ApiKey>,
    now: Timestamp,
}

impl KeysPage {
    fn is_open(&self, key: &ApiKey) -> bool {
        key.is_open(self.now)
    }
}

async fn list(
    State(web): State<Shared>,
    Query(query): Query,
    by: ByMember<Admin>,
) -> Result<Response, Failure> {
    let said = [("revoked", "The key opens nothing any more.")];
    let shell = Shell::new(&web, &by, Place::Keys).saying(&query, &said);
    let actor = by.actor;
    let mut keys = web.db.read(move |tx| accounts::keys(tx, &actor)).await?;
    keys.reverse();
    let now = crate::pages::entry::now(&web);
    render(StatusCode::OK, &KeysPage { shell, keys, now })
}

#[derive(Template)]
#[template(path = "account/key_new.html")]
struct NewKeyPage {
    shell: Shell,
    name: String,
    scope: String,
    days: String,
    errors: Errors,
}

impl NewKeyPage {
    fn words(scope: &Scope) -> &'static str {
        match scope {
            Scope::Ingest => "posts events and pushes chats; reads nothing",
            Scope::Read => "reads everything",
            Scope::Manage => "reads everything, changes webhooks, chatbots and contacts, answers chats",
            Scope::Admin => "everything; also erases",
        }
    }
}

async fn ask(State(web): State<Shared>, by: ByMember<Admin>) -> Result<Response, Failure> {
    confirmed(&web, &by, NEW)?;
    let page = NewKeyPage {
        shell: Shell::new(&web, &by, Place::Keys).below("New key", NEW),
        name: String::new(),
        scope: Scope::Ingest.as_str().to_owned(),
        days: String::new(),
        errors: Errors::default(),
    };
    render(StatusCode::OK, &page)
}

/// A key, shown once.
#[derive(Template)]
#[template(path = "account/key_made.html")]
struct MadeKeyPage {
    shell: Shell,
    key: ApiKey,
    text: String,
}

async fn create(State(web): State<Shared>, by: ByMember<Admin>, form: Form) -> Result<Response, Failure> {
    confirmed(&web, &by, NEW)?;
    let shell = Shell::new(&web, &by, Place::Keys).below("New key", NEW);
    let (name, scope) = (form.get("name").trim().to_owned(), form.get("scope").to_owned());
    let (actor, called, mut reading) = (by.actor, name.clone(), Reading::new());
    let (opens, lasts) = (reading.or(scope.parse(), Scope::Ingest), reading.or(days(&form), None));
    let made =
        web.db.write(move |tx| reading.settle(accounts::create_key(tx, &actor, &called, opens, lasts)));
    match made.await {
        Ok((key, text)) => {
            let text = text.reveal().to_owned();
            render(StatusCode::OK, &MadeKeyPage { shell, key, text })
        }
        Err(error) => {
            let (days, errors) = (form.get("days").to_owned(), errors(error, "/name")?);
            render(StatusCode::UNPROCESSABLE_ENTITY, &NewKeyPage { shell, name, scope, days, errors })
        }
    }
}

/// How long the key is to open anything; None: until it is revoked.
fn days(form: &Form) -> Result<Option<Duration>, domain::Invalid> {
    match form.number::<u32>("days")? {
        None => Ok(None),
        Some(days @ 1..=3_650) => Ok(Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60))),
        Some(_) => Err(domain::Invalid::field("/days", "must be 1 to 3650 days, or empty")),
    }
}

#[derive(Template)]
#[template(path = "account/key_revoke.html")]
struct RevokePage {
    shell: Shell,
    key: ApiKey,
}

async fn ask_revoke(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<ApiKey>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    let shell = Shell::new(&web, &by, Place::Keys).below("Revoke", &format!("/account/keys/{id}/revoke"));
    let actor = by.actor;
    let keys = web.db.read(move |tx| accounts::keys(tx, &actor)).await?;
    let found = keys.into_iter().find(|key| key.id == id && key.revoked_at.is_none());
    let key = found.ok_or_else(Problem::not_found)?;
    render(StatusCode::OK, &RevokePage { shell, key })
}

async fn revoke(
    State(web): State<Shared>,
    by: ByMember<Admin>,
    id: Result<PathId<ApiKey>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    web.db.write(move |tx| accounts::revoke_key(tx, &by.actor, id)).await?;
    Ok(go(Place::Keys.path(), "revoked"))
}
