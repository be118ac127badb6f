//! The public endpoints that the widget calls from web pages: `/w/{public key}/…`.
//!
//! Anybody can call these. What opens a conversation is the visitor's token, in the body, so that a browser sends
//! plain requests without asking beforehand; what lets a page in is its origin, which is checked on every call. Limits
//! are counted before the store is asked anything.

mod body;
mod limits;
mod sightings;
mod stream;
mod texts;

use std::net::IpAddr;

use app::{
    AppError,
    conversations::visits::{self, Visit},
};
use axum::{
    Router,
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{MethodRouter, post},
};
use domain::{SessionToken, Timestamp, VisitorToken};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;

pub(crate) use self::limits::Limits;
pub use self::limits::WidgetLimits;
use self::{
    body::{Call, Opened, UpdateView},
    sightings::Seen,
};
pub(crate) use self::{sightings::Sightings, texts::TEXTS};
use crate::{
    Shared,
    extract::{parse, receive},
    pages::member,
    peer,
    problem::Problem,
};

/// The routes, under `/w/{key}`.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/w/{key}/open", verb(post(open)))
        .route("/w/{key}/messages", verb(post(messages)))
        .route("/w/{key}/updates", verb(post(updates)))
        .route("/w/{key}/stream", verb(post(stream::open)))
        .route("/w/{key}/typing", verb(post(typing)))
        .route("/w/{key}/end", verb(post(end)))
        .layer(middleware::from_fn(across_origins))
}

/// A verb, and the question whether it may be called that a browser asks before an unusual request.
fn verb(handler: MethodRouter<Shared>) -> MethodRouter<Shared> {
    handler.options(async || StatusCode::NO_CONTENT)
}

/// Lets scripts of other origins read the answers (the Fetch standard, "CORS protocol"), errors too: they say what to
/// do, and nothing else. Whether a page may call at all is decided by the use case.
async fn across_origins(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        let allowed = HeaderValue::from_static("content-type, last-event-id");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }
    response
}

/// A widget's call, as far as it is checked before any use case.
pub(super) struct Caller {
    /// What it says.
    pub(super) call: Call,
    /// The browser's token, if it has one that can be one.
    pub(super) token: Option<VisitorToken>,
    /// The header `Last-Event-ID`.
    pub(super) last_event: Option<String>,
    /// The session in whose browser a draft is tried.
    draft: Option<SessionToken>,
    origin: String,
    public_key: String,
    peer: IpAddr,
}

impl FromRequest<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Shared) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let key = Path::<String>::from_request_parts(&mut parts, web).await.map(|Path(key)| key).ok();
        let public_key =
            key.filter(|key| domain::chatbot::is_public_key(key)).ok_or_else(Problem::not_found)?;
        let origin = text_header(&parts, header::ORIGIN).ok_or_else(Problem::no_origin)?;
        let last_event = text_header(&parts, "last-event-id");
        let session = member::token(web, &parts.headers);
        let peer = peer::origin(&parts, &web.settings.trusted_proxies);
        check_content_type(&parts)?;
        let request = Request::from_parts(parts, body);
        let bytes = receive(request, Call::LIMIT_IN_BYTES, web.settings.body_timeout).await?;
        let call = parse::<Call>(bytes).await?.value;
        let token = call.token.as_deref().and_then(VisitorToken::parse);
        // Nobody is told that there is a draft.
        let draft = if call.draft { Some(session.ok_or_else(Problem::not_found)?) } else { None };
        Ok(Self { call, token, last_event, draft, origin, public_key, peer })
    }
}

fn text_header(parts: &Parts, name: impl header::AsHeaderName) -> Option<String> {
    parts.headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// `text/plain` needs no question beforehand; both are read as JSON.
fn check_content_type(parts: &Parts) -> Result<(), Problem> {
    let given = text_header(parts, header::CONTENT_TYPE).unwrap_or_default();
    let media = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media.as_str() {
        "text/plain" | "application/json" => Ok(()),
        _ => {
            let detail = "the body must be JSON with the header Content-Type: text/plain or application/json";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
        }
    }
}

impl Caller {
    /// Who calls, with this token.
    fn visit(&self, web: &Shared, token: VisitorToken) -> Visit {
        Visit {
            public_key: self.public_key.clone(),
            origin: self.origin.clone(),
            own_origin: web.settings.own_origins.contains(&self.origin),
            preview: self.call.preview,
            draft: self.draft.clone(),
            token,
            page_url: self.call.page_url.clone(),
            variables: self.call.variables.clone(),
        }
    }

    /// Who calls, with the token that every call but the first must have.
    pub(super) fn known(&self, web: &Shared) -> Result<Visit, Problem> {
        let token = self.token.clone().ok_or_else(|| {
            let detail = "there is no token that an answer to open gave; open anew";
            Problem::new(StatusCode::UNAUTHORIZED, "visitor_unknown", detail)
        })?;
        Ok(self.visit(web, token))
    }
}

fn now(web: &Shared) -> Timestamp {
    web.db.ambient().clock.now()
}

/// The panel is opened for the first time, or a page with a conversation is loaded again.
async fn open(State(web): State<Shared>, caller: Caller) -> Result<axum::Json<Opened>, Problem> {
    match &caller.token {
        Some(token) => web.limits.admit_look(&token.hash(), now(&web)).await?,
        None => web.limits.admit_newcomer(caller.peer, now(&web)).await?,
    }
    let token = caller.token.clone().unwrap_or_else(|| {
        let mut bytes = [0; 32];
        web.db.ambient().random.fill(&mut bytes);
        VisitorToken::from_bytes(&bytes)
    });
    let (visit, cursor) = (caller.visit(&web, token.clone()), caller.call.cursor);
    let opened = web.db.read(move |tx| visits::open(tx, &visit, cursor)).await;
    let refused = matches!(opened, Err(AppError::Forbidden { .. }));
    if !caller.call.preview && caller.draft.is_none() && (opened.is_ok() || refused) {
        let seen = Seen { public_key: &caller.public_key, origin: &caller.origin, admitted: !refused };
        sightings::note(&web, &seen, caller.peer).await;
    }
    let (config, update) = opened?;
    Ok(axum::Json(Opened::new(&token, config, update)))
}

/// The visitor says something.
async fn messages(State(web): State<Shared>, caller: Caller) -> Result<axum::Json<UpdateView>, Problem> {
    let visit = caller.known(&web)?;
    let said = caller.call.said()?;
    let key = visit.token.hash();
    web.limits.admit_message(&key, now(&web)).await?;
    let cursor = caller.call.cursor;
    let known = visit.clone();
    if web.db.read(move |tx| visits::find(tx, &known)).await?.is_none() {
        // The first message makes a visitor. A token proves nothing: anybody can make one up.
        web.limits.admit_visitor(caller.peer, now(&web)).await?;
    }
    let update = web.db.write(move |tx| visits::hear(tx, &visit, &said, cursor)).await?;
    web.hub.wake(&key);
    Ok(axum::Json(update.into()))
}

/// What is new, for a widget whose stream does not work.
async fn updates(State(web): State<Shared>, caller: Caller) -> Result<axum::Json<UpdateView>, Problem> {
    let visit = caller.known(&web)?;
    web.limits.admit_look(&visit.token.hash(), now(&web)).await?;
    let cursor = caller.call.cursor;
    let update = web.db.read(move |tx| visits::look(tx, &visit, cursor)).await?;
    Ok(axum::Json(update.into()))
}

/// The visitor types.
async fn typing(State(web): State<Shared>, caller: Caller) -> Result<StatusCode, Problem> {
    let visit = caller.known(&web)?;
    web.limits.admit_look(&visit.token.hash(), now(&web)).await?;
    let conversation = web.db.read(move |tx| visits::look(tx, &visit, None)).await?.conversation;
    if let Some(conversation) = conversation {
        web.hub.visitor_types(conversation.account, conversation.id);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The visitor ends the conversation.
async fn end(State(web): State<Shared>, caller: Caller) -> Result<axum::Json<UpdateView>, Problem> {
    let visit = caller.known(&web)?;
    let key = visit.token.hash();
    web.limits.admit_message(&key, now(&web)).await?;
    let cursor = caller.call.cursor;
    let update = web.db.write(move |tx| visits::end(tx, &visit, cursor)).await?;
    web.hub.wake(&key);
    Ok(axum::Json(update.into()))
}

/// One line of a stream's data.
pub(super) fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("an answer can be written as JSON")
}
