//! Account › Sessions: where one is signed in.

use app::sessions;
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{Id, Session};
use http::StatusCode;

use super::agents;
use crate::{
    Shared,
    auth::Read,
    extract::PathId,
    pages::{
        failure::Failure,
        form::Query,
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    problem::Problem,
};

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(Place::Sessions.path(), get(list))
        .route("/account/sessions/others", post(end_others))
        .route("/account/sessions/{id}", post(end))
}

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct SessionsPage {
    shell: Shell,
    sessions: Vec<Session>,
    own: Id<Session>,
}

async fn list(
    State(web): State<Shared>,
    Query(query): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let said = [("ended", "The session is ended."), ("others", "Everywhere else you are signed out.")];
    let shell = Shell::new(&web, &by, Place::Sessions).saying(&query, &said);
    let own = by.signed.session.id;
    let sessions = web.db.read(move |tx| sessions::list(tx, &by.signed)).await?;
    render(StatusCode::OK, &SessionsPage { shell, sessions, own })
}

async fn end(
    State(web): State<Shared>,
    by: ByMember<Read>,
    id: Result<PathId<Session>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    if id == by.signed.session.id {
        // Ending this one is signing out, which also clears the cookie.
        return Ok(Redirect::to(Place::Sessions.path()).into_response());
    }
    web.db.write(move |tx| sessions::revoke(tx, &by.signed, id)).await?;
    Ok(go(Place::Sessions.path(), "ended"))
}

async fn end_others(State(web): State<Shared>, by: ByMember<Read>) -> Result<Response, Failure> {
    web.db.write(move |tx| sessions::revoke_others(tx, &by.signed)).await?;
    Ok(go(Place::Sessions.path(), "others"))
}
