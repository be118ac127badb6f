//! Events over HTTP: post one, post many, list, show.
//!
//! Posting is the hot path: what can be checked is checked before the one transaction, and nothing is looked
//! up twice.

pub(crate) mod body;

use std::time::Duration;

use app::{
    AppError, PageRequest,
    events::{self, Accepted, EventFilter, Posting},
};
use axum::extract::State;
use domain::{Actor, Event, EventType, Invalid, NewEvent, Timestamp, search::Needle};
use http::StatusCode;
use utoipa::IntoParams;

use self::body::{BatchAccepted, EventAccepted, EventDetailView, EventView, PostBatch, PostEvent, Posted};
use crate::{
    Shared,
    auth::{Caller, Ingest, Read},
    extract::{IdempotencyHeader, IdempotencyKey, Json, PathId},
    list::Paging,
    problem::Problem,
    query::{FromQuery, Params, Query},
    search::{self, Searched, SearchedList, sought},
    words::EventTypeWord,
};

/// Post an event
///
/// 202 means: the event and all its deliveries are on disk. It makes no contact and no conversation.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events", operation_id = "post_event",
    security(("key" = ["ingest"])), params(IdempotencyHeader), request_body = PostEvent,
    responses((status = ACCEPTED, description = "On disk.", body = EventAccepted))
)]
pub(crate) async fn post(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Ingest>,
    key: IdempotencyKey,
    Json { value, bytes }: Json<Posted>,
) -> Result<(StatusCode, axum::Json<EventAccepted>), Problem> {
    let idempotency = key.over("POST /api/v1/events", &bytes)?;
    let accepted = accept(&web, actor, Posting { events: vec![value.0], idempotency }).await?;
    let one = accepted.first().ok_or_else(Problem::internal)?;
    Ok((StatusCode::ACCEPTED, axum::Json(one.into())))
}

/// Post events together
///
/// One transaction, all or nothing: 1 to 1,000 events and at most 8 MiB. Errors point at `/events/17/…`.
#[utoipa::path(
    post, path = "/api/v1/events/batch", tag = "events", operation_id = "post_events",
    security(("key" = ["ingest"])), params(IdempotencyHeader), request_body = PostBatch,
    responses((status = ACCEPTED, description = "All are on disk.", body = BatchAccepted))
)]
pub(crate) async fn post_batch(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Ingest>,
    key: IdempotencyKey,
    Json { value, bytes }: Json<PostBatch>,
) -> Result<(StatusCode, axum::Json<BatchAccepted>), Problem> {
    let idempotency = key.over("POST /api/v1/events/batch", &bytes)?;
    let accepted = accept(&web, actor, Posting { events: value.into_events(), idempotency }).await?;
    let items = accepted.iter().map(EventAccepted::from).collect();
    Ok((StatusCode::ACCEPTED, axum::Json(BatchAccepted { items })))
}

async fn accept(web: &Shared, actor: Actor, posting: Posting) -> Result<Vec<Accepted>, Problem> {
    let accepted = web.db.write(move |tx| events::post(tx, &actor, &posting)).await?;
    for event in &accepted {
        web.metrics.accepted(event.deliveries);
    }
    Ok(accepted)
}

/// Which events are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventParams {
    /// Only those of this type.
    #[param(rename = "type", value_type = Option<EventTypeWord>)]
    event_type: Option<EventType>,
    /// Only those of this conversation.
    #[param(min_length = 1, max_length = 128)]
    conversation_id: Option<String>,
    /// Only those whose data has this e-mail address, in whatever spelling.
    #[param(min_length = 1, max_length = 320)]
    email: Option<String>,
    /// Only those whose data has this phone number, however it is grouped; with the `+` if it has one there.
    #[param(min_length = 1, max_length = 320, example = "+919811123456")]
    phone: Option<String>,
    /// Only those accepted at that instant or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only those accepted before that instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only those with this text in a value of their data, in whatever case.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200, example = "carter")]
    q: Option<Needle>,
}

impl FromQuery for EventParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        let event_type = params.optional("type");
        let conversation_id = params.parsed("conversation_id", conversation_id);
        let (email, phone) = (params.parsed("email", sought), params.parsed("phone", sought));
        let (since, until) = (params.optional("since"), params.optional("until"));
        let q = params.parsed("q", Needle::new);
        Some(Self { event_type, conversation_id, email, phone, since, until, q })
    }
}

impl EventParams {
    /// What indexes find, and what is to be looked for in what they found.
    fn split(self) -> (EventFilter, Option<Needle>) {
        let Self { event_type, conversation_id, email, phone, since, until, q } = self;
        (EventFilter { event_type, conversation_id, email, phone, since, until, id: None }, q)
    }
}

/// Looks for a text in the payloads of the events that `filter` names, newest first.
pub(crate) async fn search(
    web: &Shared,
    actor: Actor,
    filter: EventFilter,
    text: Needle,
    page: PageRequest<Event>,
    patience: Duration,
) -> Result<Searched<Event>, AppError> {
    let slice = |page| {
        let filter = filter.clone();
        web.db.read(move |tx| events::slice(tx, &actor, &filter, page))
    };
    search::look(patience, page, slice, move |event: &Event| text.is_in_event(event)).await
}

fn conversation_id(text: &str) -> Result<String, Invalid> {
    let fits = (1..=NewEvent::MAX_CONVERSATION_ID).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Invalid::field("", "must have 1 to 128 characters and no control characters"))
}

/// List events
///
/// Newest first. Tests are not among them. With `q` one request looks at 50,000 events at most and says how far back it
/// has looked; `next` goes on from there, also where nothing was found.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", operation_id = "list_events",
    security(("key" = ["read"])), params(Paging, EventParams),
    responses((status = OK, description = "A page of them.", body = SearchedList<EventView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query((paging, params)): Query<(Paging, EventParams)>,
) -> Result<axum::Json<SearchedList<EventView>>, Problem> {
    let (page, (filter, text)) = (paging.request()?, params.split());
    if let Some(text) = text {
        let searched = search(&web, actor, filter, text, page, search::AT_LENGTH).await?;
        return Ok(axum::Json(SearchedList::searched(searched, EventView::from)));
    }
    let page = web.db.read(move |tx| events::list(tx, &actor, &filter, page)).await?;
    Ok(axum::Json(SearchedList::listed(page, EventView::from)))
}

/// Show an event
///
/// With its deliveries, or why there is none; and for the newest 100 webhooks, why it reached them or did not.
#[utoipa::path(
    get, path = "/api/v1/events/{id}", tag = "events", operation_id = "get_event",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`evt_…`")),
    responses((status = OK, description = "The event.", body = EventDetailView))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    PathId(id): PathId<Event>,
) -> Result<axum::Json<EventDetailView>, Problem> {
    let detail = web.db.read(move |tx| events::get(tx, &actor, id)).await?;
    Ok(axum::Json(detail.into()))
}
