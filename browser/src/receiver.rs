//! The user's receiver, as somebody would write it who has only read the documentation: it verifies what comes with a
//! library that others wrote, notes it and answers 200. It can be shut down and started again on the same port, told to
//! answer something else, and given the webhook's secret later.
//!
//! Must not know Leadpost's own code.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::server;

/// The longest that a retry is put off here, and some more.
const PATIENCE: Duration = Duration::from_secs(45);

/// A request that was signed as it should.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its `webhook-id`.
    pub id: String,
    /// `type` in its body.
    pub kind: String,
    /// `data` in its body.
    pub data: Value,
    /// Whether it is a test.
    pub test: bool,
}

/// What a receiver answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers beside those that HTTP itself wants.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// One of that status and nothing else.
    pub fn of(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }
}

/// The receiver. Dropping it shuts it down.
pub struct Receiver {
    port: u16,
    state: Arc<Mutex<Ledger>>,
    serving: Option<JoinHandle<()>>,
}

struct Ledger {
    /// One of these must have signed, if there is one.
    secrets: Vec<String>,
    answer: Answer,
    received: Vec<Received>,
    refused: Vec<String>,
}

impl Receiver {
    /// Starts it; it takes what is signed with one of these secrets. Who knows none takes everything.
    pub async fn start(secrets: &[&str]) -> Self {
        let secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
        let ledger = Ledger { secrets, answer: Answer::of(200), received: Vec::new(), refused: Vec::new() };
        let mut receiver = Self { port: server::port(), state: Arc::new(Mutex::new(ledger)), serving: None };
        receiver.revive().await;
        receiver
    }

    /// From now on it takes what is signed with one of these.
    pub fn know(&self, secrets: &[&str]) {
        self.ledger().secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
    }

    /// What it answers from now on to what is signed as it should be.
    pub fn answer(&self, answer: Answer) {
        self.ledger().answer = answer;
    }

    /// The address to give to a webhook.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address())
    }

    /// Where it is: `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it again.
    pub async fn revive(&mut self) {
        let listener = TcpListener::bind(self.address()).await.expect("the port is free");
        let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&self.state));
        self.serving =
            Some(tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") }));
    }

    /// Shuts it down: from now on, connections are refused. No connection outlives its one request.
    pub async fn kill(&mut self) {
        let serving = self.serving.take().expect("it runs");
        serving.abort();
        // The port is closed when the task is gone.
        let _ = serving.await;
    }

    /// All that came with that type and that text somewhere in its data.
    pub fn about(&self, kind: &str, text: &str) -> Vec<Received> {
        let ledger = self.ledger();
        assert!(ledger.refused.is_empty(), "what came was not signed as it should: {:?}", ledger.refused);
        let wanted = |it: &&Received| it.kind == kind && it.data.to_string().contains(text);
        ledger.received.iter().filter(wanted).cloned().collect()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for what [`Receiver::about`] finds.
    pub async fn expect(&self, kind: &str, text: &str) -> Received {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(first) = self.about(kind, text).first() {
                return first.clone();
            }
            assert!(Instant::now() < end, "no {kind} with {text} came");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

async fn take(State(state): State<Arc<Mutex<Ledger>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut ledger = state.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = match read(&ledger.secrets, &headers, &body) {
        Ok(received) => {
            ledger.received.push(received);
            ledger.answer.clone()
        }
        Err(reason) => {
            ledger.refused.push(reason);
            Answer::of(401)
        }
    };
    let mut response = Response::builder().status(answer.status).header("connection", "close");
    for (name, value) in &answer.headers {
        // Bytes, so that it can be any text.
        response = response.header(name, value.as_bytes());
    }
    response.body(answer.body.into()).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn read(secrets: &[String], headers: &HeaderMap, body: &[u8]) -> Result<Received, String> {
    let verify = |secret: &String| Webhook::new(secret).and_then(|webhook| webhook.verify(body, headers));
    let verdicts: Vec<_> = secrets.iter().map(verify).collect();
    if !secrets.is_empty() && !verdicts.iter().any(Result::is_ok) {
        return Err(format!("{verdicts:?}"));
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).ok_or("there is no webhook-id")?;
    let kind = body["type"].as_str().ok_or("there is no type")?;
    Ok(Received {
        id: id.to_owned(),
        kind: kind.to_owned(),
        data: body["data"].clone(),
        test: headers.contains_key("webhook-test"),
    })
}
