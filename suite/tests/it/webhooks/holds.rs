//! A dead receiver is held, not burned: probed until it is back, and nothing is lost or used up meanwhile.

use std::{collections::BTreeMap, time::Duration};

use app::AppError;
use domain::Timestamp;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, stores};

use super::{id, path};
use crate::{deliveries, events};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn state(app: &TestApp, webhook: &Value) -> String {
    app.get(&path(webhook, "")).await["state"].as_str().expect("a state").to_owned()
}

/// Sends events, one after the other, until their failures hold the webhook; those events. Each belongs to a
/// conversation of its own, c0 to c9.
pub async fn fail(app: &TestApp, receiver: &Receiver, webhook: &Value) -> Vec<String> {
    receiver.behave(Behaviour::status(500));
    let mut sent = Vec::new();
    for number in 0..10 {
        assert_eq!(state(app, webhook).await, "active", "after {number} failures");
        sent.push(events::transcript(app, &format!("c{number}")).await);
        app.settle().await;
        // Before the first retry, which may come after 800 ms.
        app.clock.advance(10 * MILLISECOND);
    }
    assert_eq!(state(app, webhook).await, "held");
    sent
}

/// A webhook with these settings that was just held; with the events that failed.
async fn held(store: TestStore, settings: Value) -> (TestApp, Receiver, Value, Vec<String>) {
    let app = TestApp::start(store).await;
    let receiver = Receiver::start().await;
    let webhook = app.webhook(&receiver.url("/in"), settings).await;
    let failed = fail(&app, &receiver, &webhook).await;
    assert_eq!(receiver.received().len(), 10);
    (app, receiver, webhook, failed)
}

/// Runs the chore that tells of long holds and ends them.
pub async fn watch(app: &TestApp) {
    let watch = async || -> Result<bool, AppError> { app.db.write(app::holds::watch).await };
    while watch().await.expect("the chore runs") {}
}

/// How many attempts of each kind these events have seen.
async fn kinds(app: &TestApp, events: &[String]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for event in events {
        for attempt in deliveries::only(app, event).await["attempts"].as_array().expect("a list") {
            *kinds.entry(attempt["kind"].as_str().expect("a kind").to_owned()).or_default() += 1;
        }
    }
    kinds
}

fn counts(scheduled: usize, probes: usize) -> BTreeMap<String, usize> {
    [("scheduled".to_owned(), scheduled), ("probe".to_owned(), probes)].into()
}

async fn ledger(app: &TestApp, state: &str) -> u64 {
    let ledger = app.get("/ledger").await;
    assert_eq!(ledger["balanced"], true, "{ledger}");
    ledger[state].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_failures_in_a_row_hold_a_webhook_and_from_then_on_only_probes_are_sent() {
    for store in stores().await {
        let (app, receiver, webhook, mut sent) = held(store, json!({})).await;
        let mut probe_at = app.db.ambient().clock.now() + 4_990 * MILLISECOND;
        for (probes, wait) in [30, 120, 300, 300, 300].into_iter().enumerate() {
            let shown = app.get(&path(&webhook, "")).await;
            assert_eq!(shown["failures_in_row"], 10 + probes, "{shown}");
            assert_eq!(shown["next_probe_at"], probe_at.to_string(), "{}: probe {probes}", app.engine);
            assert_eq!(shown["state_reason"], Value::Null);
            sent.push(app.contact().await);
            app.clock.advance_to(Timestamp::from_micros(probe_at.micros() - 1));
            app.settle().await;
            assert_eq!(receiver.received().len(), 10 + probes, "{}: too early", app.engine);
            app.clock.advance_to(probe_at);
            app.settle().await;
            assert_eq!(receiver.received().len(), 11 + probes, "{}: a probe alone", app.engine);
            probe_at = probe_at + wait * SECOND;
        }
        assert_eq!(kinds(&app, &sent).await, counts(10, 5));
        assert_eq!(ledger(&app, "pending").await, 15);
        let untried = deliveries::only(&app, &sent[14]).await;
        assert_eq!((&untried["attempts"], &untried["next_attempt_at"]), (&json!([]), &Value::Null));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_comes_back_is_found_by_the_next_probe_and_gets_everything_in_order() {
    for store in stores().await {
        let settings = json!({"ordering": "conversation"});
        let (app, receiver, webhook, mut sent) = held(store, settings).await;
        for number in (0..10).chain(0..12) {
            app.clock.advance(Duration::from_micros(1));
            sent.push(events::transcript(&app, &format!("c{number}")).await);
        }
        for _ in 0..4 {
            app.after(5 * 60 * SECOND).await;
        }
        assert_eq!((receiver.received().len(), ledger(&app, "pending").await), (14, 32));

        receiver.behave(Behaviour::status(200));
        app.settle().await;
        assert_eq!(receiver.received().len(), 14, "it is not asked before the next probe");
        app.after(5 * 60 * SECOND).await;
        let shown = app.get(&path(&webhook, "")).await;
        assert_eq!((&shown["state"], &shown["failures_in_row"]), (&json!("active"), &json!(0)), "{shown}");
        assert_eq!(shown["next_probe_at"], Value::Null);
        // What had failed waits for the rest of its five seconds.
        app.after(6 * SECOND).await;
        assert_eq!(ledger(&app, "delivered").await, 32, "{}", app.engine);

        let taken: Vec<_> = receiver.received().split_off(14);
        let place = |event: &String| taken.iter().position(|it| it.header("webhook-id") == event).unwrap();
        let [first, second, third] = [0, 10, 20].map(|from| &sent[from..from + 10]);
        for number in 0..10 {
            let order = [&first[number], &second[number], &third[number]].map(place);
            assert!(order.is_sorted(), "{}: c{number} came in the order {order:?}", app.engine);
        }
        assert_eq!(taken.len(), 32, "each once");
        assert_eq!(kinds(&app, &sent).await, counts(10 + 31, 5), "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_up_in_a_hold_that_is_longer_than_every_schedule() {
    for store in stores().await {
        let (app, receiver, _, mut sent) = held(store, json!({"retry": "10min"})).await;
        sent.push(app.contact().await);
        for _ in 0..9 {
            app.after(DAY / 2).await;
            sent.push(app.contact().await);
        }
        assert_eq!((ledger(&app, "pending").await, ledger(&app, "exhausted").await), (20, 0));
        receiver.behave(Behaviour::status(200));
        app.after(DAY / 4).await;
        app.after(2 * SECOND).await;
        assert_eq!((ledger(&app, "delivered").await, ledger(&app, "planned").await), (20, 20));
        assert_eq!(kinds(&app, &sent).await, counts(10 + 19, 10), "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_webhook_can_be_resumed_by_hand() {
    for store in stores().await {
        let (app, receiver, webhook, mut sent) = held(store, json!({})).await;
        sent.push(app.contact().await);
        receiver.behave(Behaviour::status(200));
        let shown = app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        assert_eq!((&shown["state"], &shown["failures_in_row"]), (&json!("active"), &json!(0)));
        app.settle().await;
        assert_eq!(receiver.received().len(), 11, "what was never tried goes at once");
        app.after(6 * SECOND).await;
        assert_eq!(ledger(&app, "delivered").await, 11);
        assert_eq!(kinds(&app, &sent).await, [("scheduled".to_owned(), 21)].into());
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_webhook_that_is_paused_is_not_probed() {
    for store in stores().await {
        let (app, receiver, webhook, sent) = held(store, json!({})).await;
        let shown = app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        assert_eq!((&shown["state"], &shown["next_probe_at"]), (&json!("paused"), &Value::Null), "{shown}");
        receiver.behave(Behaviour::status(200));
        for _ in 0..3 {
            app.after(6 * DAY).await;
        }
        watch(&app).await;
        assert_eq!((receiver.received().len(), &*state(&app, &webhook).await), (10, "paused"));
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        app.after(6 * SECOND).await;
        assert_eq!(ledger(&app, "delivered").await, 10);
        assert_eq!(kinds(&app, &sent).await, [("scheduled".to_owned(), 20)].into());
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_url_is_probed_at_once_and_gets_everything_if_it_works() {
    for store in stores().await {
        let (app, receiver, webhook, sent) = held(store, json!({})).await;
        app.after(40 * SECOND).await;
        let other = Receiver::start().await;
        other.behave(Behaviour::status(503));
        let to = async |url: String| {
            let changed = json!({ "url": url }).to_string();
            app.send("PATCH", &path(&webhook, ""), changed).await.expect(200)
        };
        to(other.url("/bad")).await;
        app.settle().await;
        assert_eq!((other.received().len(), receiver.received().len()), (1, 11), "{}", app.engine);
        let shown = app.get(&path(&webhook, "")).await;
        let next = app.db.ambient().clock.now() + 30 * SECOND;
        assert_eq!(shown["next_probe_at"], next.to_string(), "the probes begin anew: {shown}");

        other.behave(Behaviour::status(200));
        to(other.url("/good")).await;
        app.settle().await;
        assert_eq!(state(&app, &webhook).await, "active");
        app.after(6 * SECOND).await;
        assert_eq!(ledger(&app, "delivered").await, 10);
        assert_eq!((receiver.received().len(), other.received().len()), (11, 11));
        assert_eq!(kinds(&app, &sent).await, counts(10 + 9, 3), "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_of_five_days_disables_and_skips() {
    for store in stores().await {
        let (app, receiver, webhook, sent) = held(store, json!({})).await;
        app.after(5 * DAY - HOUR).await;
        watch(&app).await;
        assert_eq!((&*state(&app, &webhook).await, ledger(&app, "pending").await), ("held", 10));
        app.after(HOUR).await;
        watch(&app).await;
        let shown = app.get(&path(&webhook, "")).await;
        assert_eq!((&shown["state"], &shown["state_reason"]), (&json!("disabled"), &json!("held_too_long")));
        let later = app.contact().await;
        let requests = receiver.received().len();
        app.after(DAY).await;
        for event in sent.iter().chain([&later]) {
            let delivery = deliveries::only(&app, event).await;
            assert_eq!(deliveries::state(&delivery), ("skipped", Some("webhook_disabled")));
        }
        assert_eq!((receiver.received().len(), ledger(&app, "skipped").await), (requests, 11));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_is_answered_410_disables_at_once() {
    for store in stores().await {
        let (app, receiver, webhook, sent) = held(store, json!({})).await;
        receiver.behave(Behaviour::InTurn(vec![Behaviour::status(410), Behaviour::status(200)]));
        app.after(5 * SECOND).await;
        let shown = app.get(&path(&webhook, "")).await;
        assert_eq!((&shown["state"], &shown["state_reason"]), (&json!("disabled"), &json!("gone")));
        app.after(DAY).await;
        assert_eq!((receiver.received().len(), ledger(&app, "skipped").await), (11, 10), "{}", app.engine);
        assert_eq!(kinds(&app, &sent).await, counts(10, 1));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_together_counts_once_and_what_gets_through_ends_the_row() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({"retry": "10min"})).await;
        let row = async || app.get(&path(&webhook, "")).await["failures_in_row"].as_u64();
        receiver.behave(Behaviour::status(500));
        app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        for _ in 0..12 {
            app.contact().await;
        }
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        app.settle().await;
        assert_eq!((receiver.received().len(), row().await), (12, Some(1)), "{}", app.engine);
        receiver.behave(Behaviour::status(200));
        app.after(2 * SECOND).await;
        assert_eq!((ledger(&app, "delivered").await, row().await), (12, Some(0)));

        receiver.behave(Behaviour::status(500));
        for number in 0..9 {
            app.contact().await;
            app.settle().await;
            app.clock.advance(MILLISECOND);
            assert_eq!(row().await, Some(number + 1));
        }
        // A test is no evidence, neither against a webhook nor for it.
        app.post(&path(&webhook, "/test"), json!({}), 200).await;
        assert_eq!((state(&app, &webhook).await, row().await), ("active".into(), Some(9)));
        app.contact().await;
        app.settle().await;
        assert_eq!(state(&app, &webhook).await, "held");
        receiver.behave(Behaviour::status(200));
        app.post(&path(&webhook, "/test"), json!({}), 200).await;
        app.settle().await;
        assert_eq!((&*state(&app, &webhook).await, row().await), ("held", Some(10)));
        let held = app.get(&format!("/deliveries?webhook_id={}&state=pending", id(&webhook))).await;
        assert_eq!(held["items"].as_array().map(Vec::len), Some(10));
        app.finish().await;
    }
}
