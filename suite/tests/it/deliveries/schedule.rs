//! When a failed delivery is tried again, and when no more.

use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::{only, state};
use crate::events;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

fn time(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("a time")
}

/// Posts an event whose every attempt fails, and moves the clock from attempt to attempt until it is given up; the
/// seconds between the attempts. In between the receiver takes other events, so that only this delivery is in trouble.
async fn waits(app: &TestApp, receiver: &Receiver) -> (Value, Vec<f64>) {
    receiver.behave(Behaviour::status(500));
    let event = app.contact().await;
    app.settle().await;
    loop {
        let delivery = only(app, &event).await;
        let Some(next) = delivery["next_attempt_at"].as_str() else {
            let attempts = delivery["attempts"].as_array().expect("a list");
            let at: Vec<_> = attempts.iter().map(|attempt| time(&attempt["at"])).collect();
            let waits = at.windows(2).map(|two| two[1].since(two[0]).as_secs_f64()).collect();
            return (delivery, waits);
        };
        receiver.behave(Behaviour::status(200));
        events::transcript(app, "another").await;
        app.settle().await;
        receiver.behave(Behaviour::status(500));
        app.clock.advance_to(next.parse().expect("a time"));
        app.settle().await;
    }
}

/// Checks that each wait is the one of the law, a fifth more or less, and that the next would have been too late.
fn check_law(waits: &[f64], law: &[u64], lifetime: u64, engine: &str) {
    let wanted = |index: usize| law[index.min(law.len() - 1)] as f64;
    for (index, wait) in waits.iter().enumerate() {
        let (wanted, wait) = (wanted(index), *wait);
        assert!(
            (wanted * 0.8..=wanted * 1.2).contains(&wait),
            "{engine}: wait {index} of {wanted} s was {wait} s"
        );
    }
    let (all, lifetime) = (waits.iter().sum::<f64>(), lifetime as f64);
    assert!(all <= lifetime, "{engine}: the last attempt came after {all} s");
    assert!(all + wanted(waits.len()) * 1.2 > lifetime, "{engine}: given up too early, after {all} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_never_taken_is_given_up_after_three_days() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        let (delivery, waits) = waits(&app, &receiver).await;
        assert_eq!(state(&delivery), ("exhausted", Some("schedule_ended")));
        let law = [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 12 * HOUR];
        check_law(&waits, &law, 72 * HOUR, app.engine);
        // Thirteen where all waits have their middle length; their spread can make it one more or less.
        let attempts = waits.len() + 1;
        assert!((12..=14).contains(&attempts), "{}: {attempts} attempts", app.engine);
        assert_eq!(delivery["attempt_count"], attempts);
        let before = receiver.received().len();
        app.after(Duration::from_secs(100 * HOUR)).await;
        assert_eq!(receiver.received().len(), before);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preset_for_real_time_use_ends_after_ten_minutes() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({"retry": "10min"})).await;
        let (delivery, waits) = waits(&app, &receiver).await;
        assert_eq!(state(&delivery), ("exhausted", Some("schedule_ended")));
        check_law(&waits, &[1, 5, 15, 30, 60], 10 * MINUTE, app.engine);
        app.finish().await;
    }
}

fn with_header(status: u16, name: &str, value: &str) -> Behaviour {
    Behaviour::Status(status, vec![(name.to_owned(), value.to_owned())], Vec::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_can_ask_for_patience_but_not_for_haste_nor_for_ever() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        let now = app.db.ambient().clock.now();
        assert_eq!(now.to_string(), "2026-03-04T10:15:30Z", "the dates below are relative to this");
        for (status, hint, wanted) in [
            (503, "3600", 3_600..=3_600),
            (429, "60", 60..=60),
            (404, "7200", 7_200..=7_200),
            (302, "90", 90..=90),
            (503, "Wed, 04 Mar 2026 11:15:30 GMT", 3_600..=3_600),
            (503, "99999999999999999999", 86_400..=86_400),
            (503, "Thu, 04 Mar 2027 11:15:30 GMT", 86_400..=86_400),
            (503, "1", 4..=6),
            (503, "0", 4..=6),
            (503, "Wed, 04 Mar 2026 10:00:00 GMT", 4..=6),
            (503, "-3600", 4..=6),
            (503, "soon", 4..=6),
            (503, "", 4..=6),
        ] {
            receiver.behave(with_header(status, "Retry-After", hint));
            let event = app.contact().await;
            app.settle().await;
            let delivery = only(&app, &event).await;
            let wait = time(&delivery["next_attempt_at"]).since(now).as_secs();
            assert!(wanted.contains(&wait), "{}: {hint:?} made it wait {wait} s", app.engine);
            // The webhook is fine, only this answer was not.
            receiver.behave(Behaviour::status(200));
            events::transcript(&app, "another").await;
            app.settle().await;
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_comes_when_the_receiver_asked_for_it() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver
            .behave(Behaviour::InTurn(vec![with_header(503, "retry-after", "3600"), Behaviour::status(200)]));
        app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;
        app.after(Duration::from_secs(3_599)).await;
        assert_eq!(receiver.received().len(), 1);
        app.after(Duration::from_secs(1)).await;
        assert_eq!(receiver.received().len(), 2);
        assert_eq!(state(&only(&app, &event).await), ("delivered", None));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_can_call_an_event_off() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        for status in [400, 500, 302, 429] {
            receiver.behave(with_header(status, "Webhook-Delivery", "abort-message"));
            let event = app.contact().await;
            app.settle().await;
            let delivery = only(&app, &event).await;
            assert_eq!(state(&delivery), ("exhausted", Some("aborted_by_receiver")), "{status}");
            assert_eq!(delivery["attempt_count"], 1);
        }
        for (status, value, wanted) in [(200, "abort-message", "delivered"), (500, "abort", "pending")] {
            receiver.behave(with_header(status, "webhook-delivery", value));
            let event = app.contact().await;
            app.settle().await;
            assert_eq!(only(&app, &event).await["state"], wanted);
        }
        receiver.behave(Behaviour::status(200));
        app.after(Duration::from_secs(80 * HOUR)).await;
        assert_eq!(receiver.received().len(), 7, "only the last one was tried again");
        app.finish().await;
    }
}
