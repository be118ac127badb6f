//! Deliveries over HTTP: list, show with all attempts, resend.

use app::{
    deliveries::{self, DeliveryFilter},
    standings::Explained,
};
use axum::extract::State;
use domain::{Delivery, DeliveryState, Invalid};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    Shared,
    attempts::AttemptView,
    auth::{Caller, Manage, Read},
    extract::PathId,
    list::{List, Paging},
    problem::Problem,
    query::{FromQuery, Params, Query},
    words::{DeliveryReasonWord, DeliveryStateWord, EventTypeWord},
};

/// One event for one webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    #[schema(example = "dlv_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    event_id: String,
    webhook_id: String,
    #[schema(value_type = EventTypeWord)]
    event_type: &'static str,
    #[schema(value_type = DeliveryStateWord)]
    state: &'static str,
    /// Null while pending and when delivered.
    #[schema(required = true, value_type = Option<DeliveryReasonWord>)]
    reason: Option<&'static str>,
    /// How many attempts there were.
    attempts: u32,
    /// The same number, under the name that it has where `attempts` are the attempts themselves.
    attempt_count: u32,
    /// Null unless pending, and while it waits in line behind another of its conversation.
    #[schema(required = true, format = DateTime)]
    next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

/// A delivery, and why it is where it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainedDelivery {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// Where it stands and why, in words.
    #[schema(
        example = "The next attempt is at 2026-03-04T10:15:35Z, after 1 attempt so far. Last attempt: The receiver failed (status 500)."
    )]
    explanation: String,
}

impl From<Explained> for ExplainedDelivery {
    fn from(explained: Explained) -> Self {
        let Explained { delivery, next_attempt_at, why } = explained;
        let next_attempt_at = next_attempt_at.map(|at| at.to_string());
        let delivery = DeliveryView { next_attempt_at, ..DeliveryView::from(&delivery) };
        Self { delivery, explanation: why.words }
    }
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            event_id: delivery.event_id.to_string(),
            webhook_id: delivery.webhook_id.to_string(),
            event_type: delivery.event_type.as_str(),
            state: delivery.state.as_str(),
            reason: delivery.state.reason(),
            attempts: delivery.attempts,
            attempt_count: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at().map(|at| at.to_string()),
            created_at: delivery.created_at.to_string(),
        }
    }
}

/// A delivery with everything that was tried.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryDetail {
    #[schema(example = "dlv_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    event_id: String,
    webhook_id: String,
    #[schema(value_type = EventTypeWord)]
    event_type: &'static str,
    #[schema(value_type = DeliveryStateWord)]
    state: &'static str,
    /// Null while pending and when delivered.
    #[schema(required = true, value_type = Option<DeliveryReasonWord>)]
    reason: Option<&'static str>,
    /// In their order. Fewer than `attempt_count` once retention has removed some.
    attempts: Vec<AttemptView>,
    attempt_count: u32,
    /// Null unless pending, and while its webhook is held or paused or another of its conversation is before it.
    #[schema(required = true, format = DateTime)]
    next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Where it stands and why, in words.
    explanation: String,
}

impl DeliveryDetail {
    fn new(explained: Explained, attempts: Vec<domain::Attempt>) -> Self {
        let ExplainedDelivery { delivery: view, explanation } = explained.into();
        Self {
            id: view.id,
            event_id: view.event_id,
            webhook_id: view.webhook_id,
            event_type: view.event_type,
            state: view.state,
            reason: view.reason,
            attempts: attempts.into_iter().map(AttemptView::from).collect(),
            attempt_count: view.attempt_count,
            next_attempt_at: view.next_attempt_at,
            created_at: view.created_at,
            explanation,
        }
    }
}

/// Which deliveries are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryParams {
    /// Only those of this webhook.
    #[param(value_type = Option<String>)]
    webhook_id: Option<domain::Id<domain::Webhook>>,
    /// Only those of this event.
    #[param(value_type = Option<String>)]
    event_id: Option<domain::Id<domain::Event>>,
    /// Only those that stand there.
    #[param(value_type = Option<DeliveryStateWord>)]
    state: Option<String>,
    /// Only those of events of this type.
    #[param(value_type = Option<EventTypeWord>)]
    event_type: Option<domain::EventType>,
    /// Only those planned at that instant or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<domain::Timestamp>,
    /// Only those planned before that instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<domain::Timestamp>,
}

impl FromQuery for DeliveryParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        Some(Self {
            webhook_id: params.optional("webhook_id"),
            event_id: params.optional("event_id"),
            state: params.parsed("state", state),
            event_type: params.optional("event_type"),
            since: params.optional("since"),
            until: params.optional("until"),
        })
    }
}

fn state(text: &str) -> Result<String, Invalid> {
    let known = DeliveryState::ALL.iter().any(|state| state.as_str() == text);
    known
        .then(|| text.to_owned())
        .ok_or_else(|| Invalid::field("", "must be one of pending, delivered, exhausted, skipped"))
}

impl From<DeliveryParams> for DeliveryFilter {
    fn from(params: DeliveryParams) -> Self {
        DeliveryFilter {
            webhook_id: params.webhook_id,
            event_id: params.event_id,
            state: params.state,
            event_type: params.event_type,
            since: params.since,
            until: params.until,
        }
    }
}

/// List deliveries
///
/// Newest first. Tests are not among them.
#[utoipa::path(
    get, path = "/api/v1/deliveries", tag = "deliveries", operation_id = "list_deliveries",
    security(("key" = ["read"])), params(Paging, DeliveryParams),
    responses((status = OK, description = "A page of them.", body = List<DeliveryView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query((paging, params)): Query<(Paging, DeliveryParams)>,
) -> Result<axum::Json<List<DeliveryView>>, Problem> {
    let (page, filter) = (paging.request()?, DeliveryFilter::from(params));
    let page = web.db.read(move |tx| deliveries::list(tx, &actor, &filter, page)).await?;
    Ok(axum::Json(List::of(page, |delivery| DeliveryView::from(&delivery))))
}

/// Show a delivery
///
/// With all its attempts, and why it is where it is.
#[utoipa::path(
    get, path = "/api/v1/deliveries/{id}", tag = "deliveries", operation_id = "get_delivery",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`dlv_…`")),
    responses((status = OK, description = "The delivery.", body = DeliveryDetail))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    PathId(id): PathId<Delivery>,
) -> Result<axum::Json<DeliveryDetail>, Problem> {
    let (explained, attempts) = web.db.read(move |tx| deliveries::get(tx, &actor, id)).await?;
    Ok(axum::Json(DeliveryDetail::new(explained, attempts)))
}

/// Resend a delivery
///
/// It becomes pending with a fresh schedule, the same `webhook-id` and the same bytes. Answers 409 with the
/// code `payload_expired` once retention has removed the event's data, and `still_pending` while it waits anyway.
#[utoipa::path(
    post, path = "/api/v1/deliveries/{id}/resend", tag = "deliveries", operation_id = "resend_delivery",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`dlv_…`")),
    responses((status = OK, description = "The delivery, pending again.", body = DeliveryView))
)]
pub(crate) async fn resend(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Delivery>,
) -> Result<axum::Json<DeliveryView>, Problem> {
    let delivery = web.db.write(move |tx| deliveries::resend(tx, &actor, id)).await?;
    Ok(axum::Json(DeliveryView::from(&delivery)))
}
