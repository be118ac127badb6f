//! Conversations over HTTP: list, show, transcript. What operators and other chat tools do in them stands beneath.

mod body;
pub(crate) mod inbound;
pub(crate) mod operators;
pub(crate) mod transcript;

use app::conversations::{self, Filter};
use axum::extract::State;
use domain::{Contact, Conversation, Id, Invalid, Phase};
use utoipa::IntoParams;

use self::body::{ConversationDetailView, ConversationView};
use crate::{
    Shared,
    auth::{Caller, People},
    extract::PathId,
    list::{List, Paging},
    problem::Problem,
    query::{FromQuery, Params, Query},
    words::PhaseWord,
};

type Answer<T> = Result<axum::Json<T>, Problem>;

/// Which conversations are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationParams {
    /// Only those in this state. Not together with `contact_id`.
    #[param(value_type = Option<PhaseWord>)]
    state: Option<Phase>,
    /// Only those with this contact.
    #[param(value_type = Option<String>)]
    contact_id: Option<Id<Contact>>,
}

impl FromQuery for ConversationParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        Some(Self { state: params.optional("state"), contact_id: params.optional("contact_id") })
    }
}

impl ConversationParams {
    fn filter(self) -> Result<Filter, Invalid> {
        match self {
            Self { state: Some(_), contact_id: Some(_) } => {
                Err(Invalid::field("/state", "cannot be given together with contact_id"))
            }
            Self { state, contact_id } => Ok(Filter { phase: state, contact: contact_id }),
        }
    }
}

/// List the conversations
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/conversations", tag = "conversations", operation_id = "list_conversations",
    security(("key" = ["read"])), params(Paging, ConversationParams),
    responses((status = OK, description = "A page of them.", body = List<ConversationView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    Query((paging, params)): Query<(Paging, ConversationParams)>,
) -> Answer<List<ConversationView>> {
    let (page, filter) = (paging.request()?, params.filter()?);
    let page = web.db.read(move |tx| conversations::list(tx, &actor, filter, page)).await?;
    Ok(axum::Json(List::of(page, ConversationView::from)))
}

/// Which messages are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageParams {
    /// Only messages with a higher number.
    #[param(required = false, default = 0)]
    after_number: u32,
}

impl FromQuery for MessageParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        let number =
            |text: &str| text.parse().map_err(|_| Invalid::field("", "must be the number of a message"));
        Some(Self { after_number: params.parsed("after_number", number).unwrap_or(0) })
    }
}

/// Show a conversation
///
/// With the markers that were passed, and up to 1,000 messages; `after_number` gets those behind.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}", tag = "conversations", operation_id = "get_conversation",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`conv_…`"), MessageParams),
    responses((status = OK, description = "The conversation.", body = ConversationDetailView))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    PathId(id): PathId<Conversation>,
    Query(params): Query<MessageParams>,
) -> Answer<ConversationDetailView> {
    let read = move |tx: &mut app::Tx<'_>| conversations::get(tx, &actor, id, params.after_number);
    Ok(axum::Json(web.db.read(read).await?.into()))
}
