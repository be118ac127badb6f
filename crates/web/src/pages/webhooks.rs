//! Analytics › Settings › Conversation Configuration › Webhooks.

use app::{PageRequest, webhooks};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{Redirect, Response},
    routing::get,
};
use domain::Webhook;
use http::StatusCode;

use super::{
    failure::Failure,
    form::Query,
    member::ByMember,
    shell::{Place, Shell, render},
    when::filters,
};
use crate::{Shared, auth::Read};

pub(super) fn routes() -> Router<Shared> {
    let here = async || Redirect::to(Place::Webhooks.path());
    Router::new()
        .route(Place::Webhooks.path(), get(list))
        .route("/analytics/settings", get(here))
        .route("/analytics/settings/conversation-configuration", get(here))
}

#[derive(Template)]
#[template(path = "webhooks/index.html")]
struct IndexPage {
    shell: Shell,
    webhooks: Vec<Webhook>,
}

async fn list(State(web): State<Shared>, query: Query, by: ByMember<Read>) -> Result<Response, Failure> {
    let shell =
        Shell::new(&web, &by, Place::Webhooks).saying(&query.0, &[("created", "The webhook is made.")]);
    let page = PageRequest { after: None, limit: PageRequest::<Webhook>::DEFAULT };
    let actor = by.actor;
    let found = web.db.read(move |tx| webhooks::list(tx, &actor, page)).await?;
    render(StatusCode::OK, &IndexPage { shell, webhooks: found.items })
}

#[cfg(test)]
mod tests {
    use domain::Role;
    use http::header;

    use super::*;
    use crate::kit::Kit;

    #[tokio::test]
    async fn the_list_is_where_the_path_says_and_asks_for_a_member() {
        let kit = Kit::start().await;
        let path = Place::Webhooks.path();
        let answer = kit.page("", path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.headers[header::LOCATION], format!("/sign-in?next={}", path.replace('/', "%2F")));

        let viewer = kit.member(Role::Viewer).await;
        let answer = kit.page(&viewer, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert!(answer.body.contains(
            "<title>Webhooks · Conversation Configuration · Settings · Analytics · Leadpost</title>"
        ));
        assert!(answer.body.contains("No webhook yet") && !answer.body.contains("NEW WEBHOOK"));
        let admin = kit.member(Role::Admin).await;
        assert!(kit.page(&admin, path).await.body.contains("NEW WEBHOOK"));
    }
}
