//! What a recovery sends again, how fast, and in which order.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Receiver, TestApp, stores};

use super::{arrivals, asked, begin, contacts, exhausted, pass, progress, second, show};
use crate::{
    deliveries::{only, state},
    webhooks::{id, path},
};

/// Two delivered, three exhausted and two skipped deliveries, and a test.
async fn outage(app: &TestApp, receiver: &Receiver) -> (Value, [Vec<String>; 3]) {
    let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
    let delivered = contacts(app, 2).await;
    let exhausted = exhausted(app, receiver, 3).await;
    app.post(&path(&webhook, "/test"), json!({}), 200).await;
    app.post(&path(&webhook, "/disable"), Value::Null, 200).await;
    let skipped = contacts(app, 2).await;
    (webhook, [delivered, exhausted, skipped])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_and_does_nothing_else() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let (webhook, _) = outage(&app, &receiver).await;
        let before = app.get("/deliveries").await;
        let counts = json!({"pending": 0, "delivered": 2, "exhausted": 3, "skipped": 2});
        for (more, states, rate, total) in [
            (json!({}), json!(["exhausted", "skipped"]), 10, 5),
            (json!({"states": ["skipped"], "rate_per_second": 7}), json!(["skipped"]), 7, 2),
            (json!({"states": ["delivered", "exhausted"]}), json!(["exhausted", "delivered"]), 10, 5),
        ] {
            let mut body = asked(&app, &webhook, more);
            body["dry_run"] = json!(true);
            let expected = json!({
                "dry_run": true, "webhook_id": id(&webhook), "since": body["since"],
                "until": super::now(&app).to_string(), "states": states, "rate_per_second": rate,
                "total": total, "counts": counts,
            });
            assert_eq!(app.post("/recoveries", body, 200).await, expected, "{}", app.engine);
        }
        pass(&app, Duration::from_secs(60)).await;
        assert_eq!(app.get("/recoveries").await, json!({"items": [], "next": null}));
        assert_eq!(app.get("/deliveries").await, before);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_or_skipped_arrives_once_with_the_same_id_and_bytes() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let (webhook, [delivered, exhausted, skipped]) = outage(&app, &receiver).await;
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        // The receiver is not quite well yet: the first is refused, and tried again by the schedule.
        receiver.behave(suite::Behaviour::FailFirst(1));
        let (before, begun_at) = (receiver.received().len(), super::now(&app).to_string());
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 100})).await;
        let expected = json!({
            "id": recovery["id"], "webhook_id": id(&webhook), "since": recovery["since"], "until": begun_at,
            "states": ["exhausted", "skipped"], "rate_per_second": 100, "state": "running", "total": 5,
            "restarted": 0, "passed_over": 0, "created_at": begun_at, "updated_at": begun_at, "ended_at": null,
        });
        assert_eq!(recovery, expected);
        assert_eq!(show(&app, &recovery).await, expected);
        // What comes now is none of its business.
        app.clock.advance(Duration::from_micros(1));
        let new = contacts(&app, 1).await;
        second(&app).await;
        let done = show(&app, &recovery).await;
        assert_eq!(progress(&done), ("done", 5, 0), "{}", app.engine);
        assert_eq!(done["ended_at"], super::now(&app).to_string());
        app.after(Duration::from_secs(10)).await;

        assert_eq!(arrivals(&receiver, &delivered), [1, 1]);
        let received = receiver.received();
        let (mut again, mut bodies) = (0, Vec::new());
        for event in exhausted.iter().chain(&skipped) {
            assert_eq!(state(&only(&app, event).await), ("delivered", None));
            let of: Vec<_> = received.iter().filter(|it| it.header("webhook-id") == event).collect();
            assert!(of.iter().all(|it| it.body == of[0].body), "the same bytes");
            again += received[before..].iter().filter(|it| it.header("webhook-id") == event).count();
            bodies.push(of[0].body.clone());
        }
        let refused = 1 - (arrivals(&receiver, &new)[0] - 1);
        assert_eq!(again, 5 + refused, "each once, but for the one that was refused");
        assert!(bodies.iter().all(|body| *body == bodies[0]), "all are the contact of the samples");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_is_sent_again_only_if_it_is_asked_for() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let (webhook, [delivered, exhausted, skipped]) = outage(&app, &receiver).await;
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        let recovery = begin(&app, &webhook, json!({"states": ["delivered"]})).await;
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("done", 2, 0), "{}", app.engine);
        assert_eq!(arrivals(&receiver, &delivered), [2, 2]);
        assert_eq!(arrivals(&receiver, &exhausted), [1, 1, 1]);
        assert_eq!(arrivals(&receiver, &skipped), [0, 0]);
        let tests = receiver.received().iter().filter(|it| !it.all("webhook-test").is_empty()).count();
        assert_eq!(tests, 1, "a test is never sent again");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_of_the_time_when_deliveries_were_planned() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let other = app.webhook(&receiver.url("/other"), json!({})).await;
        let (mut events, mut times) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            events.extend(exhausted(&app, &receiver, 1).await);
            times.push(super::now(&app).to_string());
            app.clock.advance(Duration::from_secs(60));
        }
        let before = receiver.received().len();
        let window = json!({"since": times[1], "until": times[2]});
        let recovery = begin(&app, &webhook, window).await;
        assert_eq!((&recovery["until"], &recovery["total"]), (&json!(times[2]), &json!(2)));
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("done", 2, 0), "{}", app.engine);
        let received = receiver.received();
        let mut again: Vec<_> =
            received[before..].iter().map(|it| (&*it.path, it.header("webhook-id"))).collect();
        again.sort_unstable();
        assert_eq!(again, [("/in", &*events[1]), ("/in", &*events[2])], "of one webhook");

        let list = |query: String| {
            let app = &app;
            async move { app.get(&format!("/recoveries{query}")).await["items"].clone() }
        };
        let second_one = begin(&app, &other, json!({"since": times[3]})).await;
        assert_eq!(list(String::new()).await[0]["id"], second_one["id"], "newest first");
        assert_eq!(list(String::new()).await.as_array().map(Vec::len), Some(2));
        let of_first = list(format!("?webhook_id={}", id(&webhook))).await;
        assert_eq!(of_first, json!([show(&app, &recovery).await]));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_every_second_there_are_as_many_as_the_rate_says() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let events = exhausted(&app, &receiver, 23).await;
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 4})).await;
        pass(&app, Duration::ZERO).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("running", 0, 0));
        for seconds in 1..=2 {
            second(&app).await;
            assert_eq!(progress(&show(&app, &recovery).await).1, seconds * 4, "{}", app.engine);
            assert_eq!(receiver.received().len() as u64, 23 + seconds * 4);
        }
        pass(&app, Duration::from_millis(249)).await;
        assert_eq!(progress(&show(&app, &recovery).await).1, 8);
        pass(&app, Duration::from_millis(1)).await;
        assert_eq!(progress(&show(&app, &recovery).await).1, 9);
        // A long rest, such as a server that was down, is not made up for at once.
        pass(&app, Duration::from_secs(60)).await;
        assert_eq!(progress(&show(&app, &recovery).await).1, 13);
        for restarted in [17, 21] {
            second(&app).await;
            assert_eq!(progress(&show(&app, &recovery).await), ("running", restarted, 0));
        }
        pass(&app, Duration::from_millis(500)).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("done", 23, 0));
        assert_eq!(arrivals(&receiver, &events), [2; 23]);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_keeps_order_gets_a_conversation_in_order() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({"ordering": "conversation"})).await;
        receiver.behave(super::abort());
        let mut events = Vec::new();
        for number in 0..6 {
            app.clock.advance(Duration::from_micros(1));
            let body = json!({"type": "Chat Transcript", "conversation_id": format!("c{}", number % 2),
                "data": {"chat_transcript": format!("Hello {number}")}});
            events.push(id(&app.post("/events", body, 202).await).to_owned());
            app.settle().await;
        }
        // Each is refused once, and the next of its conversation waits for that.
        receiver.behave(suite::Behaviour::FailFirst(3));
        let before = receiver.received().len();
        let recovery = begin(&app, &webhook, json!({})).await;
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("done", 6, 0));
        for _ in 0..8 {
            app.after(Duration::from_secs(60)).await;
        }
        let received = receiver.received();
        for conversation in [0, 1] {
            let line: Vec<_> = events.iter().skip(conversation).step_by(2).collect();
            let mut came: Vec<_> =
                received[before..].iter().map(|it| it.header("webhook-id").to_owned()).collect();
            came.retain(|event| line.contains(&event));
            came.dedup();
            assert_eq!(came.iter().collect::<Vec<_>>(), line, "{}", app.engine);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pending_when_it_began_is_not_sent_again_once_it_was_delivered() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let mut events = contacts(&app, 1).await;
        app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        events.extend(contacts(&app, 3).await);
        app.clock.advance(Duration::from_micros(1));
        let recovery = begin(&app, &webhook, json!({"states": ["delivered"], "rate_per_second": 1})).await;
        assert_eq!(recovery["total"], 1);
        app.clock.advance(Duration::from_micros(1));
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        app.settle().await;
        assert_eq!(arrivals(&receiver, &events), [1; 4]);
        for _ in 0..5 {
            second(&app).await;
        }
        assert_eq!(progress(&show(&app, &recovery).await), ("done", 1, 0), "{}", app.engine);
        assert_eq!(arrivals(&receiver, &events), [2, 1, 1, 1]);
        app.finish().await;
    }
}
