//! The user's receiver, as somebody would write it who has only read the documentation: it verifies what comes with a
//! library that others wrote, notes it and answers 200. It can be shut down and started again on the same port.
//!
//! Must not know Leadpost's own code.

use std::{
    sync::{Arc, Mutex, PoisonError},
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

/// What the webhook and its receiver both know.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw8gMDlmq5YRk=";

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
}

/// The receiver. Dropping it shuts it down.
pub struct Receiver {
    port: u16,
    state: Arc<Mutex<Ledger>>,
    serving: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Ledger {
    received: Vec<Received>,
    refused: Vec<String>,
}

impl Receiver {
    /// Starts it.
    pub async fn start() -> Self {
        let mut receiver = Self { port: server::port(), state: Arc::default(), serving: None };
        receiver.revive().await;
        receiver
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
        let ledger = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(ledger.refused.is_empty(), "what came was not signed as it should: {:?}", ledger.refused);
        let wanted = |it: &&Received| it.kind == kind && it.data.to_string().contains(text);
        ledger.received.iter().filter(wanted).cloned().collect()
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
    let status = match read(&headers, &body) {
        Ok(received) => {
            ledger.received.push(received);
            StatusCode::OK
        }
        Err(reason) => {
            ledger.refused.push(reason);
            StatusCode::UNAUTHORIZED
        }
    };
    (status, [("connection", "close")]).into_response()
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Received, String> {
    let webhook = Webhook::new(SECRET).map_err(|error| error.to_string())?;
    webhook.verify(body, headers).map_err(|error| error.to_string())?;
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).ok_or("there is no webhook-id")?;
    let kind = body["type"].as_str().ok_or("there is no type")?;
    Ok(Received { id: id.to_owned(), kind: kind.to_owned(), data: body["data"].clone() })
}
