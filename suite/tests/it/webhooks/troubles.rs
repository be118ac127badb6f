//! What whoever looks after the instance is told of webhooks: of what stands still, waits for long, or was given up.

use std::time::Duration;

use app::{AppError, troubles, troubles::What};
use domain::{Actor, DisableReason, Response, Timestamp};
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::{holds, id, path};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is told of the account's webhooks: of which, with how many pending, and what.
async fn told(app: &TestApp) -> Vec<(String, u64, What)> {
    let [acme, globex] = [&app.acme, &app.globex].map(|(account, _)| Actor::Console { account: *account });
    let read = |actor: Actor| app.db.read(move |tx| troubles::read(tx, &actor));
    let foreign: Result<_, AppError> = read(globex).await;
    assert!(foreign.expect("the store answers").found.is_empty(), "another account's troubles are told");
    let own: Result<_, AppError> = read(acme).await;
    let found = own.expect("the store answers").found;
    found.into_iter().map(|it| (it.webhook.to_string(), it.pending, it.what)).collect()
}

/// The only trouble, which is with that webhook.
async fn only(app: &TestApp, webhook: &Value) -> (u64, What) {
    let [(of, pending, what)] = told(app).await.try_into().expect("one trouble");
    assert_eq!(of, id(webhook), "{}", app.engine);
    (pending, what)
}

fn now(app: &TestApp) -> Timestamp {
    app.db.ambient().clock.now()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_webhook_is_told_with_its_probe_and_its_last_failure() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        assert_eq!(told(&app).await, []);
        holds::fail(&app, &receiver, &webhook).await;
        let (pending, what) = only(&app, &webhook).await;
        let What::Held { probe_at, last } = what else { panic!("{what:?}") };
        let shown = app.get(&path(&webhook, "")).await;
        assert_eq!((pending, json!(probe_at.map(|at| at.to_string()))), (10, shown["next_probe_at"].clone()));
        let status = last.and_then(|it| it.result.ok()).map(|Response { status, .. }| status);
        assert_eq!(status, Some(500), "{}", app.engine);
        receiver.behave(Behaviour::status(200));
        app.after(MINUTE).await;
        assert_eq!(told(&app).await, []);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_its_receiver_disabled_is_told_and_one_that_was_disabled_by_hand_is_not() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        receiver.behave(Behaviour::status(410));
        app.contact().await;
        app.settle().await;
        assert_eq!(only(&app, &webhook).await, (0, What::Disabled(DisableReason::Gone)));
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        app.post(&path(&webhook, "/disable"), Value::Null, 200).await;
        assert_eq!(told(&app).await, [], "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_waited_for_an_hour_is_told_whether_it_fails_or_its_webhook_is_paused() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        receiver.behave(Behaviour::status(500));
        app.contact().await;
        app.settle().await;
        let begun = now(&app);
        for _ in 0..60 {
            app.after(MINUTE).await;
        }
        assert_eq!(told(&app).await, [], "an hour is not long");
        app.after(Duration::from_micros(1)).await;
        let (pending, what) = only(&app, &webhook).await;
        let What::Failing { since, last: Some(_) } = what else { panic!("{what:?}") };
        assert_eq!((pending, since), (1, begun), "{}", app.engine);
        app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        assert_eq!(only(&app, &webhook).await, (1, What::Paused(begun)));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_and_not_sent_for_a_minute_is_told() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({"rate_per_second": 1})).await;
        let due = now(&app);
        for _ in 0..4 {
            app.contact().await;
        }
        // Its pace goes by a clock that nobody sets.
        app.clock.advance(MINUTE + Duration::from_micros(1));
        let (pending, what) = only(&app, &webhook).await;
        assert!((2..=4).contains(&pending) && what == What::Late(due), "{}: {pending} {what:?}", app.engine);
        app.settle().await;
        assert_eq!(told(&app).await, []);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_told_for_a_week_unless_it_is_sent_again() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let abort = vec![("webhook-delivery".to_owned(), "abort-message".to_owned())];
        receiver.behave(Behaviour::Status(400, abort, Vec::new()));
        let mut events = Vec::new();
        for _ in 0..3 {
            events.push(app.contact().await);
            app.after(Duration::from_millis(1)).await;
        }
        assert_eq!(only(&app, &webhook).await, (0, What::GivenUp(3)));
        receiver.behave(Behaviour::status(200));
        let delivery = crate::deliveries::only(&app, &events[0]).await;
        app.post(&format!("/deliveries/{}/resend", id(&delivery)), Value::Null, 200).await;
        app.settle().await;
        assert_eq!(only(&app, &webhook).await, (0, What::GivenUp(2)), "{}", app.engine);
        app.after(7 * DAY + HOUR).await;
        assert_eq!(told(&app).await, []);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhook_is_nobodys_trouble() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        holds::fail(&app, &receiver, &webhook).await;
        let deleted = app.send("DELETE", &path(&webhook, ""), "").await;
        assert_eq!(deleted.status.as_u16(), 204);
        assert_eq!(told(&app).await, [], "{}", app.engine);
        app.finish().await;
    }
}
