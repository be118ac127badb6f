//! What operators do in a conversation: accept, reply, hand back, transfer, close.

use app::{AppError, Tx, conversations, conversations::operators};
use axum::extract::State;
use domain::{Actor, CloseReason, Conversation, Department, Id, Invalid};
use http::StatusCode;
use utoipa::ToSchema;

use super::{Answer, body::ConversationView};
use crate::{
    Shared,
    auth::{Caller, Converse, IngestOrConverse},
    extract::{IdempotencyHeader, IdempotencyKey, Json, PathId},
    problem::Problem,
    read::{FromObject, Object},
    words::CloseReasonWord,
};

/// Something that an operator says.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Hello, how can I help?", "client_id": "m-1"}))]
pub(crate) struct Reply {
    /// 1 to 4,000 characters.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// Your own name of the message: the same again says nothing twice.
    #[schema(min_length = 1, max_length = 128)]
    client_id: Option<String>,
}

impl FromObject for Reply {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let text = object.required("text");
        let client_id = object.optional("client_id");
        let client_id = client_id.map(|it| object.accept(check_client_id(it)));
        Some(Self { text: text?, client_id: client_id.flatten() })
    }
}

fn check_client_id(client_id: String) -> Result<String, Invalid> {
    let fits = (1..=128).contains(&client_id.chars().count());
    if fits && !client_id.chars().any(char::is_control) {
        return Ok(client_id);
    }
    Err(Invalid::field("/client_id", "must have 1 to 128 characters and no control characters"))
}

/// Where a chat is to go.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"department_id": "dep_0198c4de5f00700080a1b2c3d4e5f607"}))]
pub(crate) struct Transfer {
    /// One that is not disabled.
    #[schema(value_type = String)]
    department_id: Id<Department>,
}

impl FromObject for Transfer {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        object.required("department_id").map(|department_id| Self { department_id })
    }
}

/// Why a conversation is over.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "visitor_ended"}))]
pub(crate) struct Close {
    /// Only for a conversation that another chat tool pushes; `operator_closed` if absent. Of our own ones Leadpost
    /// knows why they end.
    #[schema(value_type = Option<CloseReasonWord>)]
    reason: Option<CloseReason>,
}

impl FromObject for Close {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self { reason: object.optional("reason") })
    }
}

type Verb = fn(&mut Tx<'_>, &Actor, Id<Conversation>) -> Result<Conversation, AppError>;

async fn act(web: &Shared, actor: Actor, id: Id<Conversation>, verb: Verb) -> Answer<ConversationView> {
    let conversation = web.db.write(move |tx| verb(tx, &actor, id)).await?;
    Ok(axum::Json(conversation.into()))
}

/// Accept a chat
///
/// From the queue, or from the bot. Of two who accept at once one gets it, the other 409 with the code
/// `accepted_by_another`; one's own again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/accept", tag = "conversations",
    operation_id = "accept_conversation", security(("key" = ["manage"])),
    params(("id" = String, Path, description = "`conv_…`")),
    responses((status = OK, description = "Yours.", body = ConversationView))
)]
pub(crate) async fn accept(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
    PathId(id): PathId<Conversation>,
) -> Answer<ConversationView> {
    act(&web, actor, id, operators::accept).await
}

/// Reply to a visitor
///
/// In a chat that one has accepted.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/reply", tag = "conversations",
    operation_id = "reply_to_conversation", security(("key" = ["manage"])),
    params(("id" = String, Path, description = "`conv_…`")), request_body = Reply,
    responses((status = OK, description = "Said.", body = ConversationView))
)]
pub(crate) async fn reply(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
    PathId(id): PathId<Conversation>,
    Json { value, .. }: Json<Reply>,
) -> Answer<ConversationView> {
    let Reply { text, client_id } = value;
    let say = move |tx: &mut Tx<'_>| operators::reply(tx, &actor, id, &text, client_id.as_deref());
    Ok(axum::Json(web.db.write(say).await?.into()))
}

/// Hand a chat back to the bot
///
/// Which goes on behind the handover. Answers 409 with the code `no_bot` if there is none.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/hand-back", tag = "conversations",
    operation_id = "hand_conversation_back", security(("key" = ["manage"])),
    params(("id" = String, Path, description = "`conv_…`")),
    responses((status = OK, description = "The bot's.", body = ConversationView))
)]
pub(crate) async fn hand_back(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
    PathId(id): PathId<Conversation>,
) -> Answer<ConversationView> {
    act(&web, actor, id, operators::hand_back).await
}

/// Transfer a chat to a department
///
/// It waits there until somebody accepts.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/transfer", tag = "conversations",
    operation_id = "transfer_conversation", security(("key" = ["manage"])),
    params(("id" = String, Path, description = "`conv_…`")), request_body = Transfer,
    responses((status = OK, description = "In the queue there.", body = ConversationView))
)]
pub(crate) async fn transfer(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
    PathId(id): PathId<Conversation>,
    Json { value: Transfer { department_id }, .. }: Json<Transfer>,
) -> Answer<ConversationView> {
    let transfer = move |tx: &mut Tx<'_>| operators::transfer(tx, &actor, id, department_id);
    Ok(axum::Json(web.db.write(transfer).await?.into()))
}

/// Close a conversation
///
/// A key with the scope `ingest` closes what another chat tool pushes, one with `manage` any. Whoever can be reached and
/// was not told of yet is told of now, then the transcript is. Answers 409 with the code `conversation_closed` if it is
/// over already.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/close", tag = "conversations",
    operation_id = "close_conversation", security(("key" = ["ingest"]), ("key" = ["manage"])),
    params(("id" = String, Path, description = "`conv_…`"), IdempotencyHeader),
    request_body = Option<Close>,
    responses((status = NO_CONTENT, description = "Over, and final."))
)]
pub(crate) async fn close(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<IngestOrConverse>,
    key: IdempotencyKey,
    PathId(id): PathId<Conversation>,
    body: Option<Json<Close>>,
) -> Result<StatusCode, Problem> {
    let bytes = body.as_ref().map(|body| body.bytes.clone()).unwrap_or_default();
    let idempotency = key.over(&format!("POST /api/v1/conversations/{id}/close"), &bytes)?;
    let reason = body.and_then(|body| body.value.reason);
    let close = move |tx: &mut Tx<'_>| conversations::close(tx, &actor, id, reason, idempotency.as_ref());
    web.db.write(close).await?;
    Ok(StatusCode::NO_CONTENT)
}
