//! A webhook receiver that checks signatures as a careful receiver should, and reports what it got.
//!
//! `listen` puts it on a port of its own, `demo` runs it beside the server. It knows nothing of how the
//! requests are shown.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{Clock, Secret, Timestamp, signature};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::mpsc::UnboundedSender;

/// Longer bodies than any that Leadpost sends are not read.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// So many ids are remembered to recognise repeats; then it begins anew.
const MAX_IDS: usize = 100_000;

/// How a receiver is to behave.
pub struct Behaviour {
    /// The webhook's secrets; a signature by any of them is good.
    pub secrets: Vec<Secret>,
    /// What a good request is answered.
    pub answer: StatusCode,
    /// How long each answer is held back.
    pub delay: Duration,
    /// So many good requests are answered 503 before the first proper answer.
    pub fail_first: u64,
}

/// One request, as it was received.
pub struct Received {
    /// Counts from 1.
    pub number: u64,
    /// When its last byte was read.
    pub at: Timestamp,
    /// The same on the monotonic clock.
    pub instant: Instant,
    /// As sent.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// As sent.
    pub headers: HeaderMap,
    /// As sent; empty if it was too long.
    pub body: Bytes,
    /// Whether it can be believed, and why not.
    pub verdict: Result<(), String>,
    /// Whether a good request with the same `webhook-id` came before.
    pub repeat: bool,
    /// What it was answered.
    pub answered: StatusCode,
}

impl Received {
    /// A header's text; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }
}

/// What answers requests on all connections.
#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

struct Inner {
    behaviour: Behaviour,
    clock: Arc<dyn Clock>,
    requests: AtomicU64,
    good: AtomicU64,
    seen: Mutex<HashSet<String>>,
    reports: UnboundedSender<Received>,
}

impl Receiver {
    /// A receiver that sends what it gets to `reports`.
    pub fn new(behaviour: Behaviour, clock: Arc<dyn Clock>, reports: UnboundedSender<Received>) -> Self {
        let (requests, good) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { behaviour, clock, requests, good, seen: Mutex::default(), reports }))
    }

    /// Answers one request.
    pub async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let body = Limited::new(body, MAX_BODY).collect().await.map(Collected::to_bytes);
        let (at, instant) = (self.0.clock.now(), Instant::now());
        let verdict = match &body {
            Ok(body) => self.0.check(&head.headers, body, at),
            Err(error) => Err(format!("the body could not be read: {error}")),
        };
        let repeat = verdict.is_ok() && self.0.is_repeat(text(&head.headers, "webhook-id"));
        let answered = self.0.choose_answer(&head.method, verdict.is_ok());
        let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let received = Received {
            number,
            at,
            instant,
            method: head.method,
            target,
            headers: head.headers,
            body: body.unwrap_or_default(),
            verdict,
            repeat,
            answered,
        };
        // Nobody listens any more when the program is about to end.
        let _ = self.0.reports.send(received);
        tokio::time::sleep(self.0.behaviour.delay).await;
        let mut response = Response::new(Full::default());
        *response.status_mut() = answered;
        if answered == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Ok(response)
    }
}

impl Inner {
    fn check(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), String> {
        let mut verdict = Err("no secret to check with".to_owned());
        for secret in &self.behaviour.secrets {
            verdict = signature::verify(
                secret,
                text(headers, "webhook-id"),
                text(headers, "webhook-timestamp"),
                text(headers, "webhook-signature"),
                body,
                now,
            )
            .map_err(|untrusted| untrusted.to_string());
            if verdict.is_ok() {
                break;
            }
        }
        verdict
    }

    fn is_repeat(&self, id: &str) -> bool {
        let mut seen = self.seen.lock().expect("nothing panics while it holds this lock");
        if seen.len() >= MAX_IDS {
            seen.clear();
        }
        !seen.insert(id.to_owned())
    }

    fn choose_answer(&self, method: &Method, good: bool) -> StatusCode {
        if method != Method::POST {
            StatusCode::METHOD_NOT_ALLOWED
        } else if !good {
            StatusCode::UNAUTHORIZED
        } else if self.good.fetch_add(1, Ordering::Relaxed) < self.behaviour.fail_first {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            self.behaviour.answer
        }
    }
}

/// The value of a header that is there once; empty otherwise, which no check accepts.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    }
}
