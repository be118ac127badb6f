//! *Send test*: a real, signed sample to a webhook's receiver, at once, with its outcome in words.
//!
//! Must not hold a transaction while the receiver takes its time: one before, one after.

use std::sync::Arc;

use app::webhooks;
use axum::extract::State;
use domain::{EventType, Webhook, why};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Shared,
    attempts::AttemptView,
    auth::{Caller, Manage},
    extract::{Json, PathId},
    problem::Problem,
    read::{FromObject, Object},
    words::EventTypeWord,
};

/// What to send as a test.
#[derive(Default, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event_type": "Chat Transcript"}))]
pub(crate) struct SendTest {
    /// Which type's sample; the webhook's first type if absent.
    #[schema(value_type = Option<EventTypeWord>)]
    event_type: Option<EventType>,
}

impl FromObject for SendTest {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self { event_type: object.optional("event_type") })
    }
}

/// How a test went.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestResult {
    /// The `webhook-id` of the request.
    #[schema(example = "evt_test_0198c4de5f00800080a1b2c3d4e5f607")]
    event_id: String,
    attempt: AttemptView,
    /// What the answer means, in words.
    #[schema(example = "The receiver took the event (status 200).")]
    explanation: String,
}

/// Send a test
///
/// A real attempt, with the header `webhook-test: true`, through the same guard, signer and time limits as a
/// delivery. It is not repeated, and changes neither the webhook nor the ledger.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks", operation_id = "test_webhook",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`wh_…`")),
    request_body = Option<SendTest>,
    responses((status = OK, description = "Sent, or refused by the guard; the attempt says.", body = TestResult))
)]
pub(crate) async fn send(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Webhook>,
    body: Option<Json<SendTest>>,
) -> Result<axum::Json<TestResult>, Problem> {
    let event_type = body.and_then(|body| body.value.event_type);
    let plan = Arc::new(web.db.read(move |tx| webhooks::prepare_test(tx, &actor, id, event_type)).await?);
    let outcome = web.outbound.send_test(&plan).await;
    let (explanation, event_id) = (why::explain(&outcome), plan.event.id.to_string());
    let (_, attempt) = web.db.write(move |tx| webhooks::record_test(tx, &actor, &plan, &outcome)).await?;
    Ok(axum::Json(TestResult { event_id, attempt: attempt.into(), explanation }))
}
