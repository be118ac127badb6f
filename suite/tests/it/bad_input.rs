//! Everything wrong that can be sent: one table, every row refused with its status, code and place, nothing stored.

mod bodies;
mod conversations;
mod events;
mod limits;
mod recoveries;
mod requests;
mod webhooks;

use std::{collections::HashSet, pin::Pin, sync::Arc};

use axum::body::Body;
use courier::{
    CourierSettings, EgressSettings,
    resolver::{Lookup, LookupError, Resolve},
};
use domain::Scope;
use http::Request;
use serde_json::{Value, json};
use suite::{Answer, TestApp, TestStore, stores};

use crate::{
    access,
    webhooks::{id, path},
};

/// A request and how it must be refused.
struct Row {
    name: String,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// One of the places that the answer must name.
    pointer: Option<String>,
    /// Words that the answer must have.
    says: Vec<&'static str>,
}

impl Row {
    /// `to` is method and path, with `{webhook}`, `{event}`, `{chatbot}` and so on for those that there are.
    fn new(name: impl Into<String>, to: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let (method, path) = to.split_once(' ').expect("a method and a path");
        Self {
            name: name.into(),
            method,
            path: path.to_owned(),
            headers: vec![
                ("authorization", b"Bearer {admin}".to_vec()),
                ("content-type", b"application/json".to_vec()),
            ],
            body: body.into(),
            status: 422,
            code: "invalid",
            pointer: None,
            says: Vec::new(),
        }
    }

    fn refused(mut self, status: u16, code: &'static str) -> Self {
        (self.status, self.code) = (status, code);
        self
    }

    fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    fn saying(mut self, words: &[&'static str]) -> Self {
        self.says.extend(words);
        self
    }

    /// With these lines instead of that header.
    fn header(mut self, name: &'static str, values: &[&str]) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.extend(values.iter().map(|value| (name, value.as_bytes().to_vec())));
        self
    }

    /// Why the answer is not the one wanted; None if it is.
    fn complaint(&self, answer: &Answer) -> Option<String> {
        if answer.status.as_u16() != self.status || answer.code() != self.code {
            return Some(format!("{} {:.300}", answer.status, answer.body));
        }
        let problem = answer.json();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let pointed =
            self.pointer.as_deref().is_none_or(|it| errors.iter().any(|error| error["pointer"] == it));
        let formed = answer.headers["content-type"] == "application/problem+json"
            && problem["status"] == self.status
            && problem["type"] == "about:blank"
            && problem["title"].as_str().is_some_and(|title| !title.is_empty())
            && problem["detail"].as_str().is_some_and(|detail| !detail.is_empty())
            && errors.iter().all(|error| error["message"].as_str().is_some_and(|it| !it.is_empty()));
        let said = self.says.iter().all(|words| answer.body.contains(words));
        (!(pointed && formed && said)).then(|| format!("{:.600}", answer.body))
    }
}

/// The product, with something of everything in it, and names for that.
struct Stage {
    app: TestApp,
    names: Vec<(&'static str, String)>,
}

impl Stage {
    /// No name resolves, and everything that calls out is paused.
    async fn set(store: TestStore) -> Self {
        let egress = EgressSettings { resolver: Some(Arc::new(Nowhere)), ..EgressSettings::default() };
        let app = TestApp::start_with(store, egress, CourierSettings::default()).await;
        let webhook = app.webhook("https://hooks.example.com/in", json!({})).await;
        app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        let event = app.contact().await;
        let delivery = app.get("/deliveries").await["items"][0].clone();
        let body = json!({"webhook_id": id(&webhook), "since": "2026-01-01T00:00:00Z"});
        let recovery = app.post("/recoveries", body, 202).await;
        let chatbot = app.post("/chatbots", json!({"name": "Bot"}), 201).await;
        let department = app.post("/departments", json!({"name": "Claims"}), 201).await;
        let conversation = app.post("/conversations", json!({}), 201).await;
        let contact = json!({"email": "own@example.com"}).to_string();
        let to = format!("/conversations/{}/contact", id(&conversation));
        assert_eq!(app.send("POST", &to, contact).await.status, 204);
        let contact = app.get("/contacts").await["items"][0].clone();
        let (key, revoked) = access::key(&app, Scope::Admin).await;
        access::revoke(&app, key).await;
        let read = app.key(Scope::Read).await;
        let names = vec![
            ("{webhook}", id(&webhook).to_owned()),
            ("{event}", event),
            ("{delivery}", id(&delivery).to_owned()),
            ("{recovery}", id(&recovery).to_owned()),
            ("{chatbot}", id(&chatbot).to_owned()),
            ("{department}", id(&department).to_owned()),
            ("{conversation}", id(&conversation).to_owned()),
            ("{contact}", id(&contact).to_owned()),
            ("{admin}", app.acme.1.clone()),
            ("{globex}", app.globex.1.clone()),
            ("{read}", read),
            ("{revoked}", revoked),
        ];
        let stage = Self { app, names };
        let used = Row::new("", "POST /events", requests::TRANSCRIPT).header("idempotency-key", &["used"]);
        stage.send(&used).await.expect(202);
        stage
    }

    fn filled(&self, text: &str) -> String {
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        self.names.iter().fold(text.to_owned(), fill)
    }

    async fn send(&self, row: &Row) -> Answer {
        let uri = format!("/api/v1{}", self.filled(&row.path));
        let mut request = Request::builder().method(row.method).uri(uri);
        for (name, value) in &row.headers {
            // Only texts have names to fill in.
            let value =
                String::from_utf8(value.clone()).map_or_else(|_| value.clone(), |it| self.filled(&it).into());
            request = request.header(*name, value);
        }
        let body = match str::from_utf8(&row.body) {
            Ok(text) if text.len() < 1_000 => self.filled(text).into(),
            _ => row.body.clone(),
        };
        self.app.call(request.body(Body::from(body)).expect("a request")).await
    }

    /// All that both accounts can see.
    async fn everything(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for (_, key) in [&self.app.acme, &self.app.globex] {
            for path in [
                "/webhooks?limit=500",
                "/events?limit=500",
                "/deliveries?limit=500",
                "/recoveries?limit=500",
                "/ledger",
                "/chatbots?limit=500",
                "/departments?limit=500",
                "/operators?limit=500",
                "/conversations?limit=500",
                "/contacts?limit=500",
            ] {
                all.push(self.app.send_as(key, "GET", path, "").await.expect(200));
            }
        }
        all
    }
}

/// A resolver to which no name exists.
pub struct Nowhere;

impl Resolve for Nowhere {
    fn addresses<'a>(&'a self, _: &'a str) -> Lookup<'a> {
        let nothing: Pin<Box<_>> = Box::pin(std::future::ready(Err(LookupError::NoSuchName)));
        nothing
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_is_refused_with_its_reason_and_nothing_is_stored() {
    let rows = [
        bodies::rows(),
        events::rows(),
        webhooks::rows(),
        recoveries::rows(),
        requests::rows(),
        conversations::rows(),
    ];
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    let names: HashSet<_> = rows.iter().map(|row| &row.name).collect();
    assert_eq!(names.len(), rows.len(), "every row has a name of its own");
    for store in stores().await {
        let stage = Stage::set(store).await;
        let before = stage.everything().await;
        let mut wrong = Vec::new();
        for row in &rows {
            if let Some(complaint) = row.complaint(&stage.send(row).await) {
                let wanted = (row.status, row.code, &row.pointer);
                wrong.push(format!("{}: wanted {wanted:?}, got {complaint}", row.name));
            }
        }
        let (count, engine) = (wrong.len(), stage.app.engine);
        assert!(wrong.is_empty(), "{engine}: {count} of {} rows:\n{}", rows.len(), wrong.join("\n"));
        assert_eq!(stage.everything().await, before, "{engine}");
        stage.app.finish().await;
    }
}
