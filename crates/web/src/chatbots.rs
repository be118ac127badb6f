//! Chatbots over HTTP: make, list, show, change, publish, look at what was published, delete; and flows to begin with.
//!
//! Must not touch a flow: it goes in and out byte for byte. What is wrong with one is for `domain` to say.

pub(crate) mod body;
pub(crate) mod settings;
mod templates;

use app::{
    AppError, Tx,
    chatbots::{self, NewChatbot},
};
use axum::extract::State;
use domain::{Actor, Chatbot, Id};
use http::{StatusCode, header};

use self::body::{ChatbotVersion, ChatbotView, CreateChatbot, FlowVersion, UpdateChatbot};
use crate::{
    Shared,
    auth::{Caller, Manage, Read},
    extract::{Json, PathId, PathIdAnd},
    list::{List, Paging},
    problem::Problem,
    query::Query,
};

pub(crate) use templates::{__path_templates, templates};

type Answer<T> = Result<axum::Json<T>, Problem>;

fn show(web: &Shared, chatbot: Chatbot) -> axum::Json<ChatbotView> {
    axum::Json(ChatbotView::new(chatbot, &web.settings.own_origins))
}

/// Make a chatbot
///
/// With a flow of your own, or with that of a template (`travel-desk` if neither is named). It answers nobody before it
/// is published, and no page may embed it before its `allowed_origins` name one.
#[utoipa::path(
    post, path = "/api/v1/chatbots", tag = "chatbots", operation_id = "create_chatbot",
    security(("key" = ["manage"])), request_body = CreateChatbot,
    responses((status = CREATED, description = "Made, and not published.", body = ChatbotView,
        headers(("location" = String, description = "The path of the chatbot."))))
)]
pub(crate) async fn create(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    Json { value, .. }: Json<CreateChatbot>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], axum::Json<ChatbotView>), Problem> {
    let new = NewChatbot::from(value);
    let made = web.db.write(move |tx| chatbots::create(tx, &actor, &new)).await?;
    let location = [(header::LOCATION, format!("/api/v1/chatbots/{}", made.id))];
    Ok((StatusCode::CREATED, location, show(&web, made)))
}

/// List the chatbots
#[utoipa::path(
    get, path = "/api/v1/chatbots", tag = "chatbots", operation_id = "list_chatbots",
    security(("key" = ["read"])), params(Paging),
    responses((status = OK, description = "A page of them.", body = List<ChatbotView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query(paging): Query<Paging>,
) -> Answer<List<ChatbotView>> {
    let page = paging.request()?;
    let page = web.db.read(move |tx| chatbots::list(tx, &actor, page)).await?;
    Ok(axum::Json(List::of(page, |it| ChatbotView::new(it, &web.settings.own_origins))))
}

/// Show a chatbot
#[utoipa::path(
    get, path = "/api/v1/chatbots/{id}", tag = "chatbots", operation_id = "get_chatbot",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`bot_…`")),
    responses((status = OK, description = "The chatbot.", body = ChatbotView))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    PathId(id): PathId<Chatbot>,
) -> Answer<ChatbotView> {
    let chatbot = web.db.read(move |tx| chatbots::get(tx, &actor, id)).await?;
    Ok(show(&web, chatbot))
}

/// Change a chatbot
///
/// What is absent stays. A changed flow is a draft: what is published stays as it is until the next one is.
#[utoipa::path(
    patch, path = "/api/v1/chatbots/{id}", tag = "chatbots", operation_id = "update_chatbot",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`bot_…`")),
    request_body = UpdateChatbot,
    responses((status = OK, description = "Changed.", body = ChatbotView))
)]
pub(crate) async fn update(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Chatbot>,
    Json { value, .. }: Json<UpdateChatbot>,
) -> Answer<ChatbotView> {
    let change = move |tx: &mut Tx<'_>| {
        let present = chatbots::get(tx, &actor, id)?;
        chatbots::update(tx, &actor, id, &value.onto(present))
    };
    Ok(show(&web, web.db.write(change).await?))
}

/// Delete a chatbot
///
/// Its conversations stay, and those that are open go on to their end.
#[utoipa::path(
    delete, path = "/api/v1/chatbots/{id}", tag = "chatbots", operation_id = "delete_chatbot",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`bot_…`")),
    responses((status = NO_CONTENT, description = "Deleted."))
)]
pub(crate) async fn delete(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Chatbot>,
) -> Result<StatusCode, Problem> {
    web.db.write(move |tx| chatbots::delete(tx, &actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publish a chatbot
///
/// Makes its flow the version that new conversations begin with. A flow that makes no sense is refused (422), with a
/// pointer below `/flow` at everything that is wrong with it.
#[utoipa::path(
    post, path = "/api/v1/chatbots/{id}/publish", tag = "chatbots", operation_id = "publish_chatbot",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`bot_…`")),
    responses((status = OK, description = "The chatbot, with its new version.", body = ChatbotView))
)]
pub(crate) async fn publish(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Chatbot>,
) -> Answer<ChatbotView> {
    let published = web.db.write(move |tx| chatbots::publish(tx, &actor, id)).await;
    Ok(show(&web, published.map_err(in_flow)?))
}

/// What is wrong with a flow, seen from its chatbot.
fn in_flow(error: AppError) -> AppError {
    match error {
        AppError::Invalid(invalid) => AppError::Invalid(invalid.under("/flow")),
        other => other,
    }
}

/// List the versions of a chatbot
///
/// The newest 100 that were published.
#[utoipa::path(
    get, path = "/api/v1/chatbots/{id}/versions", tag = "chatbots", operation_id = "list_chatbot_versions",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`bot_…`"), Paging),
    responses((status = OK, description = "A page of them.", body = List<ChatbotVersion>))
)]
pub(crate) async fn versions(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    PathId(id): PathId<Chatbot>,
    Query(paging): Query<Paging>,
) -> Answer<List<ChatbotVersion>> {
    let versions = web.db.read(move |tx| chatbots::versions(tx, &actor, id)).await?;
    let all = versions.into_iter().map(ChatbotVersion::from).collect();
    Ok(axum::Json(paging.cut(all, ChatbotVersion::name)?))
}

/// Show a version of a chatbot
#[utoipa::path(
    get, path = "/api/v1/chatbots/{id}/versions/{version}", tag = "chatbots",
    operation_id = "get_chatbot_version", security(("key" = ["read"])),
    params(
        ("id" = String, Path, description = "`bot_…`"),
        ("version" = u32, Path, description = "The number of a version, from 1."),
    ),
    responses((status = OK, description = "Its flow, as it was published.", body = FlowVersion))
)]
pub(crate) async fn version(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    PathIdAnd(id, version): PathIdAnd<Chatbot>,
) -> Answer<FlowVersion> {
    let read = move |tx: &mut Tx<'_>| show_version(tx, &actor, id, version);
    Ok(axum::Json(web.db.read(read).await?))
}

fn show_version(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Chatbot>,
    version: u32,
) -> Result<FlowVersion, AppError> {
    chatbots::version(tx, actor, id, version).map(|flow| FlowVersion::new(version, flow))
}
