//! What people look at: the dashboard, and the pages that anybody may see.
//!
//! Each is a template in `templates/` with a struct made for it, works as a plain GET or POST, and loads nothing from
//! elsewhere. A handler takes a request apart, calls use cases, and fills in the struct; it must not decide who may do
//! what. All addresses are on this page ([`routes`]).

mod account;
mod analytics;
mod chatbots;
mod compression;
mod configuration;
mod contacts;
mod conversations;
pub(crate) mod entry;
mod failure;
mod files;
mod form;
mod live;
#[cfg(test)]
mod looks;
pub(crate) mod member;
pub(crate) mod origin;
mod parts;
mod preview;
mod shell;
mod webhooks;
mod when;

use axum::{
    Router,
    extract::State,
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::{HeaderMap, header};

use self::failure::Failure;
use crate::{Shared, problem::Problem};

/// The pages and what they load.
pub(crate) fn routes(web: &Shared) -> Router<Shared> {
    dashboard()
        .route_layer(middleware::from_fn_with_state(Shared::clone(web), origin::guard))
        .route("/preview/{key}", get(preview::preview))
        .route("/demo", get(async |State(web): State<Shared>| preview::demo(web.settings.demo.as_deref())))
        .route("/favicon.ico", get(async || Redirect::permanent(files::ICON)))
        .route("/pages/{name}", get(files::file))
        .route_layer(middleware::from_fn_with_state(Shared::clone(web), failure::around))
        .route_layer(middleware::from_fn(compression::around))
}

/// What there is not: a page for browsers, a problem for programs.
pub(crate) async fn missing(State(web): State<Shared>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accept.contains("text/html") {
        return Problem::not_found().into_response();
    }
    let failure = Failure::from(Problem::not_found()).into_response();
    failure::framed(&web, member::token(&web, &headers), failure).await
}

/// The pages of members. Each handler asks for its member with [`member::ByMember`].
fn dashboard() -> Router<Shared> {
    Router::new()
        .route("/", get(async || Redirect::to("/analytics")))
        .route("/live", get(live::stream))
        .merge(chatbots::routes())
        .merge(configuration::routes())
        .merge(account::routes())
        .merge(contacts::routes())
        .merge(conversations::routes())
        .merge(entry::routes())
        .merge(analytics::routes())
        .merge(webhooks::routes())
}
