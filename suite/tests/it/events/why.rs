//! Why an event reached a webhook, or has not yet, or never will: one answer for each webhook.

use std::time::Duration;

use domain::{Chatbot, Id};
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::transcript;
use crate::{
    deliveries,
    webhooks::{id, path},
};

/// What an event's page says of the webhook of that name.
fn said<'a>(event: &'a Value, name: &str) -> &'a Value {
    let webhooks = event["webhooks"].as_array().expect("a list");
    webhooks.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name} is not in {event}"))
}

/// The same of one who is alone: code and words.
async fn only(app: &TestApp, event: &str) -> (String, String) {
    let event = app.get(&format!("/events/{event}")).await;
    let said = said(&event, "CRM");
    let delivery = &event["deliveries"][0];
    assert_eq!((&said["explanation"], &said["delivery_id"]), (&delivery["explanation"], &delivery["id"]));
    let detail = app.get(&format!("/deliveries/{}", id(delivery))).await;
    assert_eq!(
        (&detail["explanation"], &detail["next_attempt_at"]),
        (&delivery["explanation"], &delivery["next_attempt_at"])
    );
    let text = |name: &str| said[name].as_str().expect("a text").to_owned();
    (text("code"), text("explanation"))
}

/// A webhook called as its path.
async fn hook(app: &TestApp, receiver: &Receiver, name: &str, mut settings: Value) -> Value {
    settings["name"] = json!(name);
    app.webhook(&receiver.url(&format!("/{name}")), settings).await
}

/// A contact and webhooks to which it went in every way, or not at all; the event as it is shown then, and a webhook to
/// which it was delivered and that was deleted after.
async fn scene(app: &TestApp, receiver: &Receiver) -> (Value, Value) {
    let abort = vec![("webhook-delivery".to_owned(), "abort-message".to_owned())];
    receiver.behave_at("/failing", Behaviour::status(404));
    receiver.behave_at("/aborting", Behaviour::Status(400, abort, Vec::new()));
    receiver.behave_at("/gone", Behaviour::status(410));
    for name in ["delivered", "failing", "aborting", "gone"] {
        hook(app, receiver, name, json!({})).await;
    }
    let paused = hook(app, receiver, "paused", json!({})).await;
    app.post(&path(&paused, "/pause"), Value::Null, 200).await;
    let disabled = hook(app, receiver, "disabled", json!({})).await;
    app.post(&path(&disabled, "/disable"), Value::Null, 200).await;
    let bot: Id<Chatbot> = Id::from_parts(1, &[1; 10]);
    hook(app, receiver, "of-a-bot", json!({"chatbot_ids": [bot.to_string()]})).await;
    let transcripts = json!({"event_types": ["Chat Transcript"]});
    hook(app, receiver, "of-transcripts", transcripts.clone()).await;
    let changed = hook(app, receiver, "changed", transcripts).await;
    let deleted = hook(app, receiver, "deleted", json!({})).await;

    let event = app.contact().await;
    app.settle().await;
    app.clock.advance(Duration::from_secs(1));
    hook(app, receiver, "later", json!({})).await;
    let types = r#"{"event_types":["Contact Information"]}"#;
    app.send("PATCH", &path(&changed, ""), types).await.expect(200);
    assert_eq!(app.send("DELETE", &path(&deleted, ""), "").await.status, 204);
    (app.get(&format!("/events/{event}")).await, deleted)
}

const DELIVERED: &str = "Delivered with attempt 1 at 2026-03-04T10:15:30Z: status 200.";

/// Name, code and words of those that have a delivery, but for the one that is tried again.
const PLANNED: [(&str, &str, &str); 5] = [
    ("delivered", "delivered", DELIVERED),
    (
        "aborting",
        "aborted_by_receiver",
        "Given up after 1 attempt: the receiver asked never to be sent this event again (webhook-delivery: abort-message).",
    ),
    ("gone", "webhook_disabled", "Skipped: the webhook was disabled, as its receiver answered 410 Gone."),
    (
        "paused",
        "webhook_paused",
        "The webhook is paused. Its deliveries have waited since 2026-03-04T10:15:30Z, and their schedules stand still, until it is resumed.",
    ),
    ("disabled", "webhook_disabled", "Skipped: the webhook was disabled by hand."),
];

/// The same of those that have none.
const UNPLANNED: [(&str, &str, &str); 4] = [
    ("of-a-bot", "other_chatbots", "The webhook asks only for events of other chatbots."),
    ("of-transcripts", "other_type", "The webhook does not ask for Contact Information events."),
    (
        "changed",
        "changed_later",
        "The webhook did not ask for such events when this one was accepted; its settings were changed since.",
    ),
    ("later", "created_later", "The webhook was created after this event."),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_webhook_of_the_account_has_a_code_and_a_sentence() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let (shown, deleted) = scene(&app, &receiver).await;
        let all = shown["deliveries"].as_array().expect("a list");
        let delivery_to =
            |webhook: &Value| all.iter().find(|it| it["webhook_id"] == *webhook).expect("it has a delivery");
        for (name, code, words) in PLANNED {
            let said = said(&shown, name);
            assert_eq!(
                (&said["code"], &said["explanation"]),
                (&json!(code), &json!(words)),
                "{}",
                app.engine
            );
            let delivery = delivery_to(&said["webhook_id"]);
            assert_eq!(
                (&said["delivery_id"], &said["explanation"]),
                (&delivery["id"], &delivery["explanation"])
            );
        }
        for (name, code, words) in UNPLANNED {
            let said = said(&shown, name);
            assert_eq!(
                (&said["code"], &said["explanation"]),
                (&json!(code), &json!(words)),
                "{}",
                app.engine
            );
            assert_eq!(said["delivery_id"], Value::Null);
        }
        let failing = said(&shown, "failing");
        let next = &delivery_to(&failing["webhook_id"])["next_attempt_at"];
        let words = format!(
            "The next attempt is at {}, after 1 attempt so far. Last attempt: Nothing is found at this URL (status 404): check its path.",
            next.as_str().expect("it will be tried again")
        );
        assert_eq!((&failing["code"], &failing["explanation"]), (&json!("retry_scheduled"), &json!(words)));
        // A deleted webhook is none of the account's any more; what it got still says so.
        assert_eq!(delivery_to(&deleted["id"])["explanation"], DELIVERED);
        assert_eq!((shown["webhooks"].as_array().unwrap().len(), all.len()), (10, 7));
        assert_eq!(shown["more_webhooks"], false);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_being_sent_or_waits_for_its_turn() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::InTurn(vec![
            Behaviour::Delay(Duration::from_secs(2)),
            Behaviour::status(200),
        ]));
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        receiver.wait_for(1).await;
        let now = app.get(&format!("/events/{event}")).await;
        let wanted = ("being_sent".to_owned(), "Due, never tried before; it is being sent.".to_owned());
        assert_eq!(only(&app, &event).await, wanted);
        assert_eq!(now["deliveries"][0]["next_attempt_at"], now["created_at"], "{now}");
        app.settle().await;

        app.send("PATCH", &path(&webhook, ""), r#"{"rate_per_second":1}"#).await.expect(200);
        let mut last = String::new();
        for _ in 0..3 {
            last = app.contact().await;
        }
        let words =
            "Due, never tried before; it waits for its turn, as the webhook sends at most 1 a second.";
        assert_eq!(only(&app, &last).await, ("rate_limited".to_owned(), words.to_owned()), "{}", app.engine);
        app.send("PATCH", &path(&webhook, ""), r#"{"rate_per_second":null}"#).await.expect(200);
        app.settle().await;
        assert_eq!(only(&app, &last).await.0, "delivered");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_line_names_the_delivery_before_it_and_no_instant() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::FailFirst(1));
        let webhook = app.webhook(&receiver.url("/in"), json!({"ordering": "conversation"})).await;
        let first = transcript(&app, "c").await;
        app.settle().await;
        let later = || app.clock.advance(Duration::from_micros(1));
        later();
        let second = transcript(&app, "c").await;
        later();
        let third = transcript(&app, "c").await;
        app.settle().await;
        let head = deliveries::only(&app, &first).await;
        let words = format!(
            "Waits in line behind delivery {} of the same conversation, whose order the webhook keeps.",
            id(&head)
        );
        for event in [&second, &third] {
            assert_eq!(only(&app, event).await, ("waits_in_line".to_owned(), words.clone()));
            assert_eq!(deliveries::only(&app, event).await["next_attempt_at"], Value::Null);
        }
        let listed = app.get(&format!("/deliveries?webhook_id={}", id(&webhook))).await;
        let next: Vec<_> =
            listed["items"].as_array().unwrap().iter().map(|it| &it["next_attempt_at"]).collect();
        assert_eq!(next, [&Value::Null, &Value::Null, &head["next_attempt_at"]], "{}", app.engine);
        assert!(head["next_attempt_at"].is_string(), "{head}");

        app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        assert_eq!(only(&app, &third).await.0, "webhook_paused", "the pause comes first");
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        app.after(Duration::from_secs(6)).await;
        assert_eq!(only(&app, &third).await.0, "delivered");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_held_or_paused_webhook_has_pending_says_until_when_it_waits() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let failed = crate::webhooks::holds::fail(&app, &receiver, &webhook).await;
        let untried = app.contact().await;
        let held = app.get(&path(&webhook, "")).await;
        let (since, probe) = (held["state_since"].as_str().unwrap(), held["next_probe_at"].as_str().unwrap());
        let words = format!(
            "The webhook is held since {since}, as its receiver failed 10 times in a row: the delivery waits, and its schedule stands still, until a probe gets through; the next probe is at {probe}."
        );
        assert_eq!(only(&app, &untried).await, ("webhook_held".to_owned(), words.clone()), "{}", app.engine);
        let with_failure = format!("{words} Last attempt: The receiver failed (status 500).");
        assert_eq!(only(&app, &failed[0]).await, ("webhook_held".to_owned(), with_failure));
        for event in [&failed[0], &untried] {
            assert_eq!(deliveries::only(&app, event).await["next_attempt_at"], Value::Null);
            let listed = app.get(&format!("/deliveries?event_id={event}")).await;
            assert!(listed["items"][0]["next_attempt_at"].is_string(), "a list knows nothing of the webhook");
        }
        receiver.behave(Behaviour::status(200));
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        app.after(Duration::from_secs(6)).await;
        assert_eq!(only(&app, &untried).await.0, "delivered");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_webhooks_the_newest_hundred_are_told_of_and_every_delivery_is_explained() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::status(503));
        app.webhook(&receiver.url("/in"), json!({"name": "oldest"})).await;
        for number in 0..100 {
            app.clock.advance(Duration::from_millis(1));
            let more = json!({"name": number.to_string(), "event_types": ["Chat Transcript"]});
            app.webhook(&receiver.url("/in"), more).await;
        }
        let event = app.contact().await;
        app.settle().await;
        let shown = app.get(&format!("/events/{event}")).await;
        let webhooks = shown["webhooks"].as_array().unwrap();
        let names: Vec<_> = webhooks.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(names, (0..100).rev().map(|number| number.to_string()).collect::<Vec<_>>());
        assert!(webhooks.iter().all(|it| it["code"] == "other_type" && it["delivery_id"].is_null()));
        assert_eq!(shown["more_webhooks"], true);
        let explanation = shown["deliveries"][0]["explanation"].as_str().unwrap();
        assert!(explanation.ends_with("Last attempt: The receiver failed (status 503)."), "{explanation}");
        assert!(explanation.starts_with("The next attempt is at "), "{explanation}");
        receiver.behave(Behaviour::status(200));
        app.after(Duration::from_secs(6)).await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_explained_as_a_test() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::status(500));
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        app.webhook(&receiver.url("/in"), json!({"name": "other"})).await;
        let sent = app.post(&path(&webhook, "/test"), json!({}), 200).await;
        let event = sent["event_id"].as_str().unwrap();
        let words = "The test failed, and is not repeated. Last attempt: The receiver failed (status 500).";
        assert_eq!(only(&app, event).await, ("test_failed".to_owned(), words.to_owned()), "{}", app.engine);
        let shown = app.get(&format!("/events/{event}")).await;
        let other = said(&shown, "other");
        assert_eq!((&other["code"], &other["delivery_id"]), (&json!("test_of_another"), &Value::Null));
        app.finish().await;
    }
}
