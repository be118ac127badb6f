//! Events over the API: what is taken, what is kept, and what reaches a receiver.

mod batches;
mod bodies;
mod idempotency;
mod lists;
mod search;
mod why;

use serde_json::json;
use suite::TestApp;

use crate::webhooks::id;

/// Posts a transcript of one line; the event's id.
pub async fn transcript(app: &TestApp, conversation: &str) -> String {
    let data = json!({"chat_transcript": "[2026-03-04T10:15:30Z] Maya: Hello"});
    let event = json!({"type": "Chat Transcript", "data": data, "conversation_id": conversation});
    id(&app.post("/events", event, 202).await).to_owned()
}
