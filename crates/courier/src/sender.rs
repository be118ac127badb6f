//! One POST on an open connection: what is written, and what of the answer is kept.
//!
//! The signed bytes and the sent bytes are the same buffer. Header and signature rules are those of Standard
//! Webhooks 1.0.0; the message is HTTP/1.1 (RFC 9112). Nothing of the answer is inflated, and no more than
//! [`Response::MAX_BODY`] bytes of its body are read.

use bytes::Bytes;
use domain::{AttemptError, ErrorClass, Event, Response, Timestamp, Webhook, signature};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{
        CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, Entry, HOST, TE, TRAILER, TRANSFER_ENCODING,
        UPGRADE, USER_AGENT,
    },
};
use http_body_util::Full;

use crate::{
    attempt::{Stage, Trace, failed},
    connection::Connection,
    target::Target,
    tls,
};

/// What is to be sent.
pub struct Post<'a> {
    /// Where to, with which keys and headers.
    pub webhook: &'a Webhook,
    /// What happened; its id and type go into the headers.
    pub event: &'a Event,
    /// The event's body in the delivery's form, byte for byte the same for every attempt.
    pub body: Bytes,
    /// Whether this is *Send test*.
    pub test: bool,
}

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const WEBHOOK_EVENT_TYPE: HeaderName = HeaderName::from_static("webhook-event-type");
const WEBHOOK_TEST: HeaderName = HeaderName::from_static("webhook-test");
const PRODUCT: HeaderValue = HeaderValue::from_static(concat!("Leadpost/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The request of an attempt that starts at `now`, signed with the keys that the webhook has now.
pub(crate) fn request(
    target: &Target,
    post: &Post<'_>,
    now: Timestamp,
) -> Result<Request<Full<Bytes>>, AttemptError> {
    let (id, seconds) = (post.event.id.to_string(), now.seconds());
    let signature = signature::header(post.webhook.active_secrets(now), &id, seconds, &post.body);
    if signature.is_empty() {
        return Err(failed(ErrorClass::InternalError, "the webhook has no key to sign with"));
    }
    let mut headers = HeaderMap::with_capacity(9 + post.webhook.headers.len());
    headers.insert(HOST, target.host.clone());
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(post.body.len()));
    headers.insert(WEBHOOK_ID, text(id)?);
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(seconds));
    headers.insert(WEBHOOK_SIGNATURE, text(signature)?);
    headers.insert(WEBHOOK_EVENT_TYPE, HeaderValue::from_static(post.event.event_type.as_str()));
    if post.test {
        headers.insert(WEBHOOK_TEST, HeaderValue::from_static("true"));
    }
    add_own(&mut headers, &post.webhook.headers)?;
    headers.entry(USER_AGENT).or_insert(PRODUCT);
    let mut request = Request::new(Full::new(post.body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.uri.clone();
    *request.headers_mut() = headers;
    Ok(request)
}

/// Adds the owner's headers where they change none of ours nor the connection. They were checked when they
/// were set; this holds for whatever is stored.
fn add_own(headers: &mut HeaderMap, own: &[(String, String)]) -> Result<(), AttemptError> {
    for (name, value) in own {
        let unsendable = || failed(ErrorClass::InternalError, format!("the header {name} cannot be sent"));
        let name = HeaderName::try_from(name).map_err(|_| unsendable())?;
        let reserved = [CONNECTION, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(&name)
            || name.as_str().starts_with("webhook-")
            || name.as_str().starts_with("proxy-");
        if let (false, Entry::Vacant(entry)) = (reserved, headers.entry(name.clone())) {
            let mut value = HeaderValue::try_from(value).map_err(|_| unsendable())?;
            value.set_sensitive(true);
            entry.insert(value);
        }
    }
    Ok(())
}

fn text(value: String) -> Result<HeaderValue, AttemptError> {
    HeaderValue::try_from(value)
        .map_err(|_| failed(ErrorClass::InternalError, "a header of the request cannot be written"))
}

/// How an exchange failed.
pub(crate) struct Broken {
    pub(crate) error: AttemptError,
    /// Not a byte of an answer had come: the peer may have closed the connection before it saw the request.
    pub(crate) unheard: bool,
}

/// Sends `request` and keeps the answer in `trace`. True if the connection can serve again.
pub(crate) async fn exchange(
    connection: &mut Connection,
    target: &Target,
    request: Request<Full<Bytes>>,
    trace: &mut Trace,
) -> Result<bool, Broken> {
    trace.enter(Stage::Answer);
    trace.peer = Some(connection.peer);
    trace.phases.first_byte = None;
    let answer = connection.ask(request, &mut trace.phases.first_byte).await.map_err(|error| {
        let unheard = trace.phases.first_byte.is_none();
        Broken { error: explain(&error, unheard, target), unheard }
    })?;
    let (head, body) = answer.into_parts();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), readable(value))).collect();
    let response = Response { status: head.status.as_u16(), headers, body: Vec::new() };
    // From here on the answer stands, whatever becomes of its body.
    let kept = &mut trace.response.insert(response).body;
    Ok(connection.read(body, kept, Response::MAX_BODY).await)
}

fn readable(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Why there is no answer, in words.
fn explain(error: &hyper::Error, unheard: bool, target: &Target) -> AttemptError {
    if let Some(error) = tls::source_of(error) {
        return failed(ErrorClass::TlsError, tls::words(error, target.url.host_text()));
    }
    if error.is_parse() {
        let detail = format!("the receiver's answer is not valid HTTP/1.1: {error}");
        return failed(ErrorClass::ProtocolError, detail);
    }
    let detail = if unheard {
        "the receiver closed the connection without an answer"
    } else {
        "the receiver closed the connection before its answer's headers were complete"
    };
    failed(ErrorClass::ConnectionClosed, detail)
}
