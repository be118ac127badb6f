//! The API's document (OpenAPI 3.1): what the routes say of themselves, and what is the same for all of them.
//!
//! Must not describe a single route: that stands beside its handler.

use std::collections::BTreeMap;

use axum::{extract::State, response::IntoResponse};
use http::{StatusCode, header};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Content, Info, License, OpenApi, OpenApiVersion, PathItem, Ref, RefOr, Response, Schema,
        Tag,
        path::{Operation, ParameterIn},
        schema::ArrayItems,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    Shared,
    problem::{Place, ProblemBody},
};

mod outgoing;

const ABOUT: &str = "Leadpost sends what happens in your chats to your own URLs, signed and never lost.\n\n\
    Every request needs an API key in the header `Authorization: Bearer KEY`; the key's scope must be the one \
    named with the operation, `admin`, or, for `read`, also `manage`. Times are RFC 3339 in UTC. Unknown fields \
    of a body and unknown parameters of a list are refused. Errors are `application/problem+json` with a stable \
    `code`; their `errors` point at every wrong place, `/name` in a body and in a query alike.";

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation", operation_id = "openapi", security(()),
    responses((status = OK, description = "OpenAPI 3.1.", body = Object))
)]
pub(crate) async fn show(State(web): State<Shared>) -> impl IntoResponse {
    let document = web.document.get().cloned().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], document)
}

/// The document of these routes, complete, as text.
pub(crate) fn finish(routes: OpenApi) -> String {
    complete(routes).to_pretty_json().unwrap_or_default()
}

fn complete(mut document: OpenApi) -> OpenApi {
    document.openapi = OpenApiVersion::Version31;
    document.info = Info::new("Leadpost", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(ABOUT.to_owned());
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    document.info.license = Some(license);
    document.tags = Some(vec![
        tag("events", "What happened, and what can happen."),
        tag("webhooks", "Your URLs that get events."),
        tag("deliveries", "Events on their way to webhooks."),
        tag("recoveries", "Many deliveries sent again, at a pace."),
        tag("chatbots", "Bots, their flows, and what of them is published."),
        tag("departments", "Whom chats can be handed to, and who is there."),
        tag("conversations", "What was said, and the operator's side of it."),
        tag("inbound", "Conversations of other chat tools, pushed by them."),
        tag("contacts", "Who visitors turned out to be."),
        tag("reports", "What happened in a period, counted."),
        tag("operation", "Ledger, nodes, health and figures."),
    ]);
    let components = document.components.get_or_insert_default();
    add_problems(components);
    name_items(components);
    let key =
        Http::builder().scheme(HttpAuthScheme::Bearer).description(Some("An API key, `lpk_…`.")).build();
    components.security_schemes.insert("key".to_owned(), SecurityScheme::Http(key).into());
    for (path, item) in &mut document.paths.paths {
        for operation in operations_mut(item) {
            add_errors(path, operation);
        }
    }
    document.webhooks = Some(outgoing::all());
    document
}

fn tag(name: &str, description: &str) -> Tag {
    let mut tag = Tag::new(name);
    tag.description = Some(description.to_owned());
    tag
}

/// The operations of a path, for changing.
fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Lets the schema of a list name that of its items. The derived one repeats it.
fn name_items(components: &mut Components) {
    for (name, schema) in &mut components.schemas {
        if let (Some(item), RefOr::T(Schema::Object(list))) = (name.strip_prefix("List_"), schema)
            && let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items")
        {
            items.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
        }
    }
}

/// The errors that are the same wherever they occur: name in the document, status, when.
const PROBLEMS: [(&str, StatusCode, &str); 12] = [
    ("NotReadable", StatusCode::BAD_REQUEST, "The body is not JSON or not UTF-8: `not_json`, `not_utf8`."),
    ("Unauthorized", StatusCode::UNAUTHORIZED, "No valid API key: `unauthorized`."),
    ("Forbidden", StatusCode::FORBIDDEN, "The key lacks the scope: `scope_missing`."),
    ("NotFound", StatusCode::NOT_FOUND, "Nothing of that name, or another account's: `not_found`."),
    ("Timeout", StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time: `request_timeout`."),
    (
        "Conflict",
        StatusCode::CONFLICT,
        "Not in its present state: `payload_expired`, `still_pending`, `webhook_disabled` and others.",
    ),
    ("TooLarge", StatusCode::PAYLOAD_TOO_LARGE, "The body or its `data` is too long: `payload_too_large`."),
    ("NotJson", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Not announced as JSON: `unsupported_media_type`."),
    (
        "Invalid",
        StatusCode::UNPROCESSABLE_ENTITY,
        "Breaks a rule: `invalid`, `unknown_event_type`, `refused_url`, `idempotency_key_reused`.",
    ),
    (
        "TooMany",
        StatusCode::TOO_MANY_REQUESTS,
        "Faster than this instance lets a key be: `too_many_requests`.",
    ),
    ("Internal", StatusCode::INTERNAL_SERVER_ERROR, "A fault on our side: `internal`."),
    (
        "Unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        "Not now; `Retry-After` says when: `busy`, `not_ready`.",
    ),
];

fn add_problems(components: &mut Components) {
    components.schemas.insert("Problem".to_owned(), ProblemBody::schema());
    components.schemas.insert(Place::name().into_owned(), Place::schema());
    for (name, _, when) in PROBLEMS {
        let mut response = Response::new(when);
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        response.content.insert("application/problem+json".to_owned(), content.into());
        components.responses.insert(name.to_owned(), response.into());
    }
}

/// The operations that move something from one state to another, which its present state may forbid.
const MOVING: [&str; 19] = [
    "pause_webhook",
    "resume_webhook",
    "disable_webhook",
    "resend_delivery",
    "create_recovery",
    "update_recovery",
    "cancel_recovery",
    "create_department",
    "update_department",
    "delete_department",
    "accept_conversation",
    "reply_to_conversation",
    "hand_conversation_back",
    "transfer_conversation",
    "close_conversation",
    "post_message",
    "post_contact",
    "post_marker",
    "merge_contacts",
];

/// The operations without a body that check what is stored.
const CHECKING: [&str; 1] = ["publish_chatbot"];

/// The operations whose body names something of the account.
const NAMING: [&str; 1] = ["create_recovery"];

/// Adds the errors that an operation can have, by what it takes.
fn add_errors(path: &str, operation: &mut Operation) {
    let takes = |place: ParameterIn| {
        operation.parameters.iter().flatten().any(|known| match known {
            RefOr::T(parameter) => parameter.parameter_in == place,
            RefOr::Ref(_) => false,
        })
    };
    let body = operation.request_body.is_some();
    let open = operation.security.as_deref() == Some(&[Default::default()]);
    let is_among = |ids: &[&str]| operation.operation_id.as_deref().is_some_and(|id| ids.contains(&id));
    let (moves, names, checks) = (is_among(&MOVING), is_among(&NAMING), is_among(&CHECKING));
    let possible = |status: StatusCode| match status {
        StatusCode::BAD_REQUEST
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE => body,
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::INTERNAL_SERVER_ERROR => !open,
        StatusCode::NOT_FOUND => takes(ParameterIn::Path) || names,
        StatusCode::CONFLICT => moves,
        StatusCode::UNPROCESSABLE_ENTITY => body || checks || takes(ParameterIn::Query),
        StatusCode::SERVICE_UNAVAILABLE => !open || path == "/readyz",
        _ => false,
    };
    let errors: BTreeMap<_, _> = PROBLEMS
        .into_iter()
        .filter(|(_, status, _)| possible(*status))
        .map(|(name, status, _)| (status.as_u16().to_string(), Ref::from_response_name(name).into()))
        .collect();
    operation.responses.responses.extend(errors);
}

#[cfg(test)]
mod tests;
