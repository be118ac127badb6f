//! Webhooks over the API, from creation to deletion, and what each step means for their deliveries.

mod changes;
mod chatbots;
pub mod holds;
mod notices;
mod pace;
mod secrets;
mod settings;
mod states;
mod trials;
mod troubles;

use serde_json::Value;

/// The id of whatever the API shows.
pub fn id(shown: &Value) -> &str {
    shown["id"].as_str().expect("an id")
}

/// The path of a webhook, with what follows it, such as `/pause`.
pub fn path(webhook: &Value, rest: &str) -> String {
    format!("/webhooks/{}{rest}", id(webhook))
}
