//! Settings and secrets that change while deliveries wait: what is sent next is sent as the webhook is then.

use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, receiver::Received, stores};

use super::{path, settings::signed_with};
use crate::deliveries;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A webhook with a header, and an event whose first attempt has just failed.
async fn failed_once(store: TestStore, receiver: &Receiver) -> (TestApp, Value, String) {
    let app = TestApp::start(store).await;
    receiver.behave_at("/in", Behaviour::status(500));
    let headers = json!({"headers": {"X-Token": "old", "X-Gone": "1"}});
    let webhook = app.webhook(&receiver.url("/in"), headers).await;
    let event = app.contact().await;
    app.settle().await;
    assert_eq!(receiver.received().len(), 1);
    (app, webhook, event)
}

fn last(receiver: &Receiver) -> Received {
    receiver.received().pop().expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_retry_goes_to_the_new_url_with_the_new_headers() {
    for store in stores().await {
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        let (app, webhook, event) = failed_once(store, &receiver).await;
        let first = last(&receiver);
        assert_eq!((first.header("x-token"), first.header("x-gone")), ("old", "1"));
        let change = json!({"headers": {"X-Token": "new", "X-More": "2"}, "url": other.url("/moved")});
        app.send("PATCH", &path(&webhook, ""), change.to_string()).await.expect(200);
        app.after(Duration::from_secs(6)).await;
        assert_eq!(receiver.received().len(), 1, "{}: the old URL is asked no more", app.engine);
        let [retry] = other.received().try_into().expect("one request at the new one");
        assert_eq!((retry.path.as_str(), retry.header("x-token")), ("/moved", "new"));
        assert_eq!((retry.header("x-more"), retry.all("x-gone").len()), ("2", 0));
        assert_eq!((retry.header("webhook-id"), &retry.body), (&*event, &first.body));
        assert_eq!(deliveries::state(&deliveries::only(&app, &event).await), ("delivered", None));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_retry_has_the_body_it_was_planned_with() {
    for store in stores().await {
        let receiver = Receiver::start().await;
        let (app, webhook, _) = failed_once(store, &receiver).await;
        app.send("PATCH", &path(&webhook, ""), r#"{"body":"exact"}"#).await.expect(200);
        app.after(Duration::from_secs(6)).await;
        let received = receiver.received();
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].body, received[1].body, "{}: repeats have the same bytes", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_retries_are_signed_with_both_secrets_for_a_day_and_then_with_the_new_one() {
    for store in stores().await {
        let receiver = Receiver::start().await;
        let (app, webhook, event) = failed_once(store, &receiver).await;
        let rotated = app.post(&path(&webhook, "/rotate-secret"), Value::Null, 200).await;
        let (old, new) = (&webhook["secret"], &rotated["secret"]);
        let ends: Timestamp = rotated["old_expires_at"].as_str().unwrap().parse().unwrap();
        assert!(signed_with(&app, old, &last(&receiver)) && !signed_with(&app, new, &last(&receiver)));
        let mut seen = 1;
        loop {
            let delivery = deliveries::only(&app, &event).await;
            let next: Timestamp = delivery["next_attempt_at"].as_str().expect("pending").parse().unwrap();
            app.clock.advance_to(next);
            app.settle().await;
            seen += 1;
            let (request, now) = (last(&receiver), app.db.ambient().clock.now());
            assert_eq!(receiver.received().len(), seen);
            assert_eq!(signed_with(&app, old, &request), now < ends, "{}: attempt {seen}", app.engine);
            assert!(signed_with(&app, new, &request), "{}: attempt {seen}", app.engine);
            if now >= ends {
                break;
            }
        }
        assert!(app.db.ambient().clock.now() < ends + DAY && seen > 8, "{seen} attempts");
        app.post(&path(&webhook, "/disable"), Value::Null, 200).await;
        app.finish().await;
    }
}
