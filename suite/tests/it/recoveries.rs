//! Recoveries: many sent again, each once, at the pace that was asked for, whatever comes between.

mod run;
mod trouble;

use std::time::Duration;

use app::recoveries;
use domain::Timestamp;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp};

use crate::webhooks::id;

fn now(app: &TestApp) -> Timestamp {
    app.db.ambient().clock.now()
}

/// The body of a recovery of everything so far; `more` adds to it.
fn asked(app: &TestApp, webhook: &Value, more: Value) -> Value {
    let since = now(app).before(Duration::from_secs(60 * 60)).to_string();
    let mut body = json!({"webhook_id": id(webhook), "since": since});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

async fn begin(app: &TestApp, webhook: &Value, more: Value) -> Value {
    app.post("/recoveries", asked(app, webhook, more), 202).await
}

async fn show(app: &TestApp, recovery: &Value) -> Value {
    app.get(&format!("/recoveries/{}", id(recovery))).await
}

async fn change(app: &TestApp, recovery: &Value, state: &str) -> suite::Answer {
    let body = json!({"state": state}).to_string();
    app.send("PATCH", &format!("/recoveries/{}", id(recovery)), body).await
}

/// Moves the clock, does what recoveries have to do at that instant, and lets it be delivered.
async fn pass(app: &TestApp, time: Duration) {
    app.clock.advance(time);
    let node = app.get("/nodes").await["items"][0]["id"].as_str().expect("a node").parse().expect("its id");
    loop {
        let next = app.db.read(move |tx| recoveries::next(tx, node)).await.expect("the store answers");
        if next.due.is_empty() {
            break;
        }
        for running in next.due {
            app.db.write(move |tx| recoveries::proceed(tx, running)).await.expect("the store takes it");
        }
    }
    app.settle().await;
}

async fn second(app: &TestApp) {
    pass(app, Duration::from_secs(1)).await;
}

/// State, restarted and passed over.
fn progress(recovery: &Value) -> (&str, u64, u64) {
    let number = |name: &str| recovery[name].as_u64().expect("a number");
    (recovery["state"].as_str().expect("a state"), number("restarted"), number("passed_over"))
}

fn abort() -> Behaviour {
    Behaviour::Status(400, vec![("webhook-delivery".into(), "abort-message".into())], Vec::new())
}

/// Posts so many contacts; the ids of the events, in their order.
async fn contacts(app: &TestApp, number: usize) -> Vec<String> {
    let mut events = Vec::new();
    for _ in 0..number {
        // Of what is planned at one instant nobody knows which was first.
        app.clock.advance(Duration::from_micros(1));
        events.push(app.contact().await);
    }
    app.settle().await;
    events
}

/// The same while the receiver gives every delivery up; then it is well again.
async fn exhausted(app: &TestApp, receiver: &Receiver, number: usize) -> Vec<String> {
    receiver.behave(abort());
    let events = contacts(app, number).await;
    receiver.behave(Behaviour::status(200));
    events
}

/// How often each of these events came.
fn arrivals(receiver: &Receiver, events: &[String]) -> Vec<usize> {
    let received = receiver.received();
    events.iter().map(|event| received.iter().filter(|it| it.header("webhook-id") == event).count()).collect()
}
