//! Webhooks over HTTP: make, list, show, change, pause, resume, disable, delete, rotate their secret.
//!
//! Must not call the receiver itself: what needs the outside goes through `Outbound`, and never inside a
//! transaction.

pub(crate) mod body;
pub(crate) mod trial;

use std::sync::Arc;

use app::{AppError, Tx, webhooks};
use axum::extract::State;
use domain::{Actor, Id, NewWebhook, Webhook, WebhookUpdate};
use http::{StatusCode, header};

use self::body::{CreateWebhook, SecretRotated, UpdateWebhook, WebhookCreated, WebhookSaved, WebhookView};
use crate::{
    Shared,
    auth::{Caller, Manage, Read},
    extract::{Json, PathId},
    list::{List, Paging},
    problem::Problem,
    query::Query,
};

type Answer<T> = Result<axum::Json<T>, Problem>;

/// Make a webhook
///
/// Never blocked by a receiver that fails, nor by a name that does not resolve right now (that is a warning).
/// A URL that must not be called is refused with the code `refused_url`, saying which rule and which setting.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "webhooks", operation_id = "create_webhook",
    security(("key" = ["manage"])), request_body = CreateWebhook,
    responses((status = CREATED, description = "Made. The secret is shown only here.", body = WebhookCreated,
        headers(("location" = String, description = "The path of the webhook."))))
)]
pub(crate) async fn create(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    Json { value, .. }: Json<CreateWebhook>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], axum::Json<WebhookCreated>), Problem> {
    let new = NewWebhook::from(value);
    let warnings = verdict(&web, Some(&new.url)).await?;
    let outbound = Arc::clone(&web.outbound);
    let made = web.db.write(move |tx| webhooks::create(tx, &actor, outbound.policy(), &new)).await?;
    let location = [(header::LOCATION, format!("/api/v1/webhooks/{}", made.id))];
    Ok((StatusCode::CREATED, location, axum::Json(WebhookCreated::new(made, warnings))))
}

/// List the webhooks
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    security(("key" = ["read"])), params(Paging),
    responses((status = OK, description = "A page of them.", body = List<WebhookView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query(paging): Query<Paging>,
) -> Answer<List<WebhookView>> {
    let page = paging.request()?;
    let page = web.db.read(move |tx| webhooks::list(tx, &actor, page)).await?;
    Ok(axum::Json(List::of(page, WebhookView::from)))
}

/// Show a webhook
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "get_webhook",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`wh_…`")),
    responses((status = OK, description = "The webhook.", body = WebhookView))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    PathId(id): PathId<Webhook>,
) -> Answer<WebhookView> {
    let webhook = web.db.read(move |tx| webhooks::get(tx, &actor, id)).await?;
    Ok(axum::Json(webhook.into()))
}

/// Change a webhook
///
/// What is absent stays. A new URL is checked as when a webhook is made.
#[utoipa::path(
    patch, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "update_webhook",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`wh_…`")),
    request_body = UpdateWebhook,
    responses((status = OK, description = "Changed.", body = WebhookSaved))
)]
pub(crate) async fn update(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Webhook>,
    Json { value, .. }: Json<UpdateWebhook>,
) -> Answer<WebhookSaved> {
    let update = WebhookUpdate::from(value);
    let warnings = verdict(&web, update.url.as_deref()).await?;
    let outbound = Arc::clone(&web.outbound);
    let change = move |tx: &mut Tx<'_>| {
        let update = body::unmasked(&update, &webhooks::get(tx, &actor, id)?)?;
        webhooks::update(tx, &actor, outbound.policy(), id, &update)
    };
    let webhook = web.db.write(change).await?;
    Ok(axum::Json(WebhookSaved::new(webhook, warnings)))
}

/// Delete a webhook
///
/// Its pending deliveries are skipped with the reason `webhook_deleted`.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "webhooks", operation_id = "delete_webhook",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`wh_…`")),
    responses((status = NO_CONTENT, description = "Deleted."))
)]
pub(crate) async fn delete(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Webhook>,
) -> Result<StatusCode, Problem> {
    web.db.write(move |tx| webhooks::delete(tx, &actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace the signing secret
///
/// The old one goes on signing beside the new one for 24 hours.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/rotate-secret", tag = "webhooks", operation_id = "rotate_secret",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`wh_…`")),
    responses((status = OK, description = "The new secret, shown only here.", body = SecretRotated))
)]
pub(crate) async fn rotate_secret(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Webhook>,
) -> Answer<SecretRotated> {
    let rotated = web.db.write(move |tx| webhooks::rotate_secret(tx, &actor, id)).await?;
    Ok(axum::Json(rotated.into()))
}

/// Pause a webhook
///
/// Its deliveries wait, untried, and their schedule stands still.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/pause", tag = "webhooks", operation_id = "pause_webhook",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`wh_…`")),
    responses((status = OK, description = "The webhook.", body = WebhookView))
)]
pub(crate) async fn pause(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Webhook>,
) -> Answer<WebhookView> {
    switch(&web, actor, id, webhooks::pause).await
}

/// Resume a webhook
///
/// From paused, held or disabled.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/resume", tag = "webhooks", operation_id = "resume_webhook",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`wh_…`")),
    responses((status = OK, description = "The webhook.", body = WebhookView))
)]
pub(crate) async fn resume(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Webhook>,
) -> Answer<WebhookView> {
    switch(&web, actor, id, webhooks::resume).await
}

/// Disable a webhook
///
/// Its pending deliveries are skipped with the reason `webhook_disabled`, and so are later ones.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/disable", tag = "webhooks", operation_id = "disable_webhook",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`wh_…`")),
    responses((status = OK, description = "The webhook.", body = WebhookView))
)]
pub(crate) async fn disable(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Webhook>,
) -> Answer<WebhookView> {
    switch(&web, actor, id, webhooks::disable).await
}

type Switch = fn(&mut Tx<'_>, &Actor, Id<Webhook>) -> Result<Webhook, AppError>;

async fn switch(web: &Shared, actor: Actor, id: Id<Webhook>, to: Switch) -> Answer<WebhookView> {
    let webhook = web.db.write(move |tx| to(tx, &actor, id)).await?;
    Ok(axum::Json(webhook.into()))
}

/// Asks whether a URL may be called, which may look up its name; answers warnings.
async fn verdict(web: &Shared, url: Option<&str>) -> Result<Vec<String>, Problem> {
    match url {
        None => Ok(Vec::new()),
        Some(url) => web.outbound.verdict(url).await.map_err(|refusal| Problem::refused_url(&refusal)),
    }
}
