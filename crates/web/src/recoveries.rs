//! Recoveries over HTTP: count what one would send again, begin, list, show, pause, resume, cancel.

mod body;

use app::recoveries;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Id, Recovery, Webhook};
use http::{StatusCode, header};
use utoipa::IntoParams;

use self::body::{CreateRecovery, RecoveryPreview, RecoveryView, UpdateRecovery};
use crate::{
    Shared,
    auth::{Caller, Manage, Read},
    extract::{Json, PathId},
    list::{List, Paging},
    problem::Problem,
    query::{FromQuery, Params, Query},
};

type Answer<T> = Result<axum::Json<T>, Problem>;

/// Begin a recovery
///
/// Sends again what was planned for a webhook in a window of time and was given up or skipped: each with the same
/// `webhook-id`, the same bytes and a fresh schedule, oldest first, so many in a second. With `dry_run` nothing
/// happens, and the answer says how many it would be. Answers 409 with the code `webhook_disabled` while the webhook
/// is disabled, and 404 if there is no such webhook.
#[utoipa::path(
    post, path = "/api/v1/recoveries", tag = "recoveries", operation_id = "create_recovery",
    security(("key" = ["manage"])), request_body = CreateRecovery,
    responses(
        (status = OK, description = "A dry run: what it would be.", body = RecoveryPreview),
        (status = ACCEPTED, description = "Begun.", body = RecoveryView,
            headers(("location" = String, description = "The path of the recovery."))))
)]
pub(crate) async fn create(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    Json { value, .. }: Json<CreateRecovery>,
) -> Result<Response, Problem> {
    let (new, dry_run) = value.into_parts();
    // Counting may take a while, and only reads.
    let preview = web.db.read(move |tx| recoveries::preview(tx, &actor, &new)).await?;
    if dry_run {
        return Ok(axum::Json(RecoveryPreview::from(&preview)).into_response());
    }
    let made = web.db.write(move |tx| recoveries::create(tx, &actor, &preview)).await?;
    let location = [(header::LOCATION, format!("/api/v1/recoveries/{}", made.id))];
    Ok((StatusCode::ACCEPTED, location, axum::Json(RecoveryView::from(made))).into_response())
}

/// Which recoveries are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecoveryParams {
    /// Only those of this webhook.
    #[param(value_type = Option<String>)]
    webhook_id: Option<Id<Webhook>>,
}

impl FromQuery for RecoveryParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        Some(Self { webhook_id: params.optional("webhook_id") })
    }
}

/// List the recoveries
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/recoveries", tag = "recoveries", operation_id = "list_recoveries",
    security(("key" = ["read"])), params(Paging, RecoveryParams),
    responses((status = OK, description = "A page of them.", body = List<RecoveryView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query((paging, params)): Query<(Paging, RecoveryParams)>,
) -> Answer<List<RecoveryView>> {
    let page = paging.request()?;
    let page = web.db.read(move |tx| recoveries::list(tx, &actor, params.webhook_id, page)).await?;
    Ok(axum::Json(List::of(page, RecoveryView::from)))
}

/// Show a recovery
#[utoipa::path(
    get, path = "/api/v1/recoveries/{id}", tag = "recoveries", operation_id = "get_recovery",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`rec_…`")),
    responses((status = OK, description = "The recovery.", body = RecoveryView))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    PathId(id): PathId<Recovery>,
) -> Answer<RecoveryView> {
    let recovery = web.db.read(move |tx| recoveries::get(tx, &actor, id)).await?;
    Ok(axum::Json(recovery.into()))
}

/// Pause or resume a recovery
///
/// What was sent again stays so. Resumed, it goes on where it was. Answers 409 with the code `recovery_ended` once it
/// is done or cancelled, and `webhook_disabled` when it is to go on while its webhook is disabled.
#[utoipa::path(
    patch, path = "/api/v1/recoveries/{id}", tag = "recoveries", operation_id = "update_recovery",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`rec_…`")),
    request_body = UpdateRecovery,
    responses((status = OK, description = "The recovery.", body = RecoveryView))
)]
pub(crate) async fn update(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Recovery>,
    Json { value, .. }: Json<UpdateRecovery>,
) -> Answer<RecoveryView> {
    let change = if value.pauses() { recoveries::pause } else { recoveries::resume };
    let recovery = web.db.write(move |tx| change(tx, &actor, id)).await?;
    Ok(axum::Json(recovery.into()))
}

/// Cancel a recovery
///
/// What was sent again stays so, and the recovery stays visible as `cancelled`. Answers 409 with the code
/// `recovery_ended` if it is done already.
#[utoipa::path(
    delete, path = "/api/v1/recoveries/{id}", tag = "recoveries", operation_id = "cancel_recovery",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`rec_…`")),
    responses((status = NO_CONTENT, description = "Cancelled."))
)]
pub(crate) async fn cancel(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Recovery>,
) -> Result<StatusCode, Problem> {
    web.db.write(move |tx| recoveries::cancel(tx, &actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
