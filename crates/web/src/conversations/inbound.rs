//! What other chat tools push: conversations, messages, contacts, markers. Closing stands with operators.

pub(crate) mod body;

use app::{
    AppError, Tx,
    conversations::inbound::{self, NewContact, NewConversation},
    idempotency::Idempotency,
};
use axum::extract::State;
use domain::{Actor, Conversation, Id};
use http::{StatusCode, header};

use self::body::{ConversationBegun, PostContact, PostConversation, PostMarker, PostMessage};
use crate::{
    Shared,
    auth::{Caller, Ingest},
    extract::{IdempotencyHeader, IdempotencyKey, Json, PathId},
    problem::Problem,
};

/// Begin a conversation of another chat tool
///
/// If that tool's `external_id` names one that is not over yet, that one goes on.
#[utoipa::path(
    post, path = "/api/v1/conversations", tag = "inbound", operation_id = "post_conversation",
    security(("key" = ["ingest"])), params(IdempotencyHeader), request_body = PostConversation,
    responses((status = CREATED, description = "It is there.", body = ConversationBegun,
        headers(("location" = String, description = "The path of the conversation."))))
)]
pub(crate) async fn begin(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Ingest>,
    key: IdempotencyKey,
    Json { value, bytes }: Json<PostConversation>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], axum::Json<ConversationBegun>), Problem> {
    let idempotency = key.over("POST /api/v1/conversations", &bytes)?;
    let new = NewConversation::from(value);
    let begin = move |tx: &mut Tx<'_>| inbound::begin(tx, &actor, &new, idempotency.as_ref());
    let id = web.db.write(begin).await?;
    let location = [(header::LOCATION, format!("/api/v1/conversations/{id}"))];
    Ok((StatusCode::CREATED, location, axum::Json(id.into())))
}

/// A use case that takes a `T` within a conversation.
type Push<T> = fn(&mut Tx<'_>, &Actor, Id<Conversation>, &T, Option<&Idempotency>) -> Result<(), AppError>;

/// Does it, once for a key. `route` is what follows the conversation's path.
async fn push<T: From<B> + Send + Sync + 'static, B>(
    web: &Shared,
    (actor, id): (Actor, Id<Conversation>),
    (key, route): (IdempotencyKey, &str),
    Json { value, bytes }: Json<B>,
    push: Push<T>,
) -> Result<StatusCode, Problem> {
    let idempotency = key.over(&format!("POST /api/v1/conversations/{id}/{route}"), &bytes)?;
    let new = T::from(value);
    web.db.write(move |tx| push(tx, &actor, id, &new, idempotency.as_ref())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Push a message
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/messages", tag = "inbound", operation_id = "post_message",
    security(("key" = ["ingest"])),
    params(("id" = String, Path, description = "`conv_…`"), IdempotencyHeader), request_body = PostMessage,
    responses((status = NO_CONTENT, description = "It belongs to the transcript."))
)]
pub(crate) async fn message(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Ingest>,
    key: IdempotencyKey,
    PathId(id): PathId<Conversation>,
    body: Json<PostMessage>,
) -> Result<StatusCode, Problem> {
    push(&web, (actor, id), (key, "messages"), body, inbound::message).await
}

/// Push a contact
///
/// Needs an e-mail address or a phone number. It is stored once per person, and told as a Contact Information event
/// unless just that was told in this conversation before. What no question of a bot would take is refused (422).
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/contact", tag = "inbound", operation_id = "post_contact",
    security(("key" = ["ingest"])),
    params(("id" = String, Path, description = "`conv_…`"), IdempotencyHeader), request_body = PostContact,
    responses((status = NO_CONTENT, description = "Stored and told."))
)]
pub(crate) async fn contact(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Ingest>,
    key: IdempotencyKey,
    PathId(id): PathId<Conversation>,
    body: Json<PostContact>,
) -> Result<StatusCode, Problem> {
    push::<NewContact, _>(&web, (actor, id), (key, "contact"), body, inbound::contact).await
}

/// Push an edge of a marker
///
/// A start and an end of the same name in one conversation are one execution.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/markers", tag = "inbound", operation_id = "post_marker",
    security(("key" = ["ingest"])),
    params(("id" = String, Path, description = "`conv_…`"), IdempotencyHeader), request_body = PostMarker,
    responses((status = NO_CONTENT, description = "Passed."))
)]
pub(crate) async fn marker(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Ingest>,
    key: IdempotencyKey,
    PathId(id): PathId<Conversation>,
    body: Json<PostMarker>,
) -> Result<StatusCode, Problem> {
    push(&web, (actor, id), (key, "markers"), body, pass).await
}

fn pass(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    marker: &PostMarker,
    idempotency: Option<&Idempotency>,
) -> Result<(), AppError> {
    inbound::marker(tx, actor, id, marker.edge(), idempotency)
}
