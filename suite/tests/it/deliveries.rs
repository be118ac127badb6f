//! Deliveries over the API: lists, attempts, schedules, and sending again.

mod attempts;
mod lists;
mod resend;
mod schedule;

use serde_json::Value;
use suite::TestApp;

use crate::webhooks::id;

/// An event's deliveries with their attempts, in the order in which they were planned.
pub async fn of(app: &TestApp, event: &str) -> Vec<Value> {
    let event = app.get(&format!("/events/{event}")).await;
    let mut deliveries = Vec::new();
    for delivery in event["deliveries"].as_array().expect("a list") {
        deliveries.push(app.get(&format!("/deliveries/{}", id(delivery))).await);
    }
    deliveries
}

/// The delivery of an event that has one.
pub async fn only(app: &TestApp, event: &str) -> Value {
    let [delivery] = of(app, event).await.try_into().expect("one delivery");
    delivery
}

/// State and reason of a delivery.
pub fn state(delivery: &Value) -> (&str, Option<&str>) {
    let state = delivery["state"].as_str().expect("a state");
    (state, delivery["reason"].as_str())
}
