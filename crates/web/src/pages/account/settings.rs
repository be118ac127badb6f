//! Account › Settings: the account's name, and the time zone in which its days begin.

use app::accounts;
use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use http::StatusCode;

use super::errors;
use crate::{
    Shared,
    auth::Admin,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query},
        member::ByMember,
        shell::{Place, Shell, go, render},
    },
};

pub(super) fn routes() -> Router<Shared> {
    Router::new().route(Place::Settings.path(), get(show).post(change))
}

#[derive(Template)]
#[template(path = "account/settings.html")]
struct SettingsPage {
    shell: Shell,
    name: String,
    time_zone: String,
    errors: Errors,
}

impl SettingsPage {
    /// The names of all time zones there are.
    fn zones(&self) -> Vec<String> {
        jiff::tz::db().available().map(|it| it.to_string()).collect()
    }
}

async fn show(
    State(web): State<Shared>,
    Query(query): Query,
    by: ByMember<Admin>,
) -> Result<Response, Failure> {
    let said = [("changed", "The settings are changed.")];
    let shell = Shell::new(&web, &by, Place::Settings).saying(&query, &said);
    let account = by.signed.account;
    let (name, time_zone, errors) = (account.name, account.time_zone, Errors::default());
    render(StatusCode::OK, &SettingsPage { shell, name, time_zone, errors })
}

async fn change(State(web): State<Shared>, by: ByMember<Admin>, form: Form) -> Result<Response, Failure> {
    let (name, time_zone) = (form.get("name").to_owned(), form.get("time_zone").to_owned());
    let (actor, wanted) = (by.actor, (name.clone(), time_zone.clone()));
    match web.db.write(move |tx| accounts::update(tx, &actor, &wanted.0, &wanted.1)).await {
        Ok(_) => Ok(go(Place::Settings.path(), "changed")),
        Err(error) => {
            let shell = Shell::new(&web, &by, Place::Settings);
            let errors = errors(error, "/name")?;
            render(StatusCode::UNPROCESSABLE_ENTITY, &SettingsPage { shell, name, time_zone, errors })
        }
    }
}
