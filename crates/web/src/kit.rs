//! For this crate's tests: a whole router on a store of its own, and requests to it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

use app::{AppError, BoxFuture, Db, OpenOptions, Outbound, StoreUrl, Synchronous, TestPlan, accounts};
use axum::{Router, body::Body};
use domain::{
    Actor, Ambient, Clock, EgressPolicy, Outcome, Phases, Random, Refusal, Response, Role, Scope, Timestamp,
    samples,
};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{Metrics, Readiness, Web, WebSettings, router};

/// A router that answers, its clock and its store.
pub(crate) struct Kit {
    pub(crate) router: Router,
    pub(crate) readiness: Readiness,
    /// What readiness asks about the dispatcher.
    pub(crate) dispatcher: Arc<AtomicBool>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) db: Db,
    _folder: tempfile::TempDir,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// Status, code and pointers of a problem.
    pub(crate) fn problem(&self) -> (u16, String, Vec<String>) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let json = self.json();
        let errors = json["errors"].as_array().unwrap();
        let pointers = errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
        assert_eq!(json["status"], self.status.as_u16());
        (self.status.as_u16(), json["code"].as_str().unwrap().to_owned(), pointers)
    }
}

impl Kit {
    pub(crate) async fn start() -> Self {
        Self::start_with(WebSettings::default()).await
    }

    pub(crate) async fn start_with(settings: WebSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock(AtomicI64::new(samples::start().micros())));
        let ambient = Ambient { clock: clock.clone(), random: Arc::new(Counting(AtomicU64::new(0))) };
        let options = OpenOptions {
            ambient,
            key_file: None,
            exclusive: false,
            migrate: true,
            connections: 1,
            synchronous: Synchronous::Full,
        };
        let db = Db::open(&StoreUrl::Sqlite(folder.path().join("test.db")), options).await.unwrap();
        let dispatcher = Arc::<AtomicBool>::default();
        let up = Arc::clone(&dispatcher);
        let readiness = Readiness::new(move || up.load(Ordering::Relaxed));
        let metrics = Metrics::new(prometheus_client::registry::Registry::default());
        let outbound = Arc::new(Receiver(EgressPolicy::default()));
        let web = Web::new(db.clone(), outbound, settings, readiness.clone(), metrics);
        Self { router: router(web), readiness, dispatcher, clock, db, _folder: folder }
    }

    /// A new key of the only account.
    pub(crate) async fn key(&self, scope: Scope) -> String {
        let make = move |tx: &mut app::Tx<'_>| {
            let account = accounts::resolve(tx, None, true)?.id;
            accounts::create_key(tx, &Actor::Console { account }, "test", scope, None)
        };
        let made: Result<_, AppError> = self.db.write(make).await;
        made.unwrap().1.reveal().to_owned()
    }

    /// The cookie of a new member with that role, who is signed in.
    pub(crate) async fn member(&self, role: Role) -> String {
        let make = move |tx: &mut app::Tx<'_>| {
            let account = accounts::resolve(tx, None, true)?.id;
            app::members::sample(tx, account, role)
        };
        let made: Result<_, AppError> = self.db.write(make).await;
        format!("leadpost={}", made.unwrap().1.reveal())
    }

    /// What a browser with that cookie gets for an address.
    pub(crate) async fn page(&self, cookie: &str, path: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.call(request.body(Body::empty()).unwrap()).await
    }

    /// What it gets for a form that one of our own pages sends.
    pub(crate) async fn submit(&self, cookie: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.call(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends JSON, or nothing if `body` is empty.
    pub(crate) async fn send(&self, key: &str, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let body: Vec<u8> = body.into();
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.call(request.body(Body::from(body)).unwrap()).await
    }

    /// The answer as it is, not read yet.
    pub(crate) async fn answer(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.answer(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.into()).unwrap(),
        }
    }
}

/// A clock that stands until it is moved.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis * 1_000, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that differ from call to call, and not from run to run.
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            chunk.copy_from_slice(&count[..chunk.len()]);
        }
    }
}

/// Takes every test, and knows one name that does not resolve.
struct Receiver(EgressPolicy);

impl Outbound for Receiver {
    fn policy(&self) -> &EgressPolicy {
        &self.0
    }

    fn verdict<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<String>, Refusal>> {
        let warning = url.contains("nowhere").then(|| "the name does not resolve right now".to_owned());
        let verdict = domain::WebhookUrl::parse(url, &self.0).map(|_| warning.into_iter().collect());
        Box::pin(std::future::ready(verdict))
    }

    fn send_test<'a>(&'a self, plan: &'a TestPlan) -> BoxFuture<'a, Outcome> {
        let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        let result = Ok(Response { status: 200, headers, body: b"thanks".to_vec() });
        let address = Some("192.0.2.1:443".to_owned());
        let outcome = Outcome { at: plan.event.created_at, address, phases: Phases::default(), result };
        Box::pin(std::future::ready(outcome))
    }
}
