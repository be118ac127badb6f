//! Pausing, disabling, resuming and deleting, and what becomes of deliveries that wait.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, stores};

use super::{id, path};
use crate::{deliveries, events};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn start(store: TestStore) -> (TestApp, Receiver, Value) {
    let app = TestApp::start(store).await;
    let receiver = Receiver::start().await;
    let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
    (app, receiver, webhook)
}

/// Pauses, resumes or disables; the webhook's state and its reason afterwards.
async fn switch(app: &TestApp, webhook: &Value, to: &str) -> (String, Option<String>) {
    let now = app.post(&path(webhook, to), Value::Null, 200).await;
    assert_eq!(app.get(&path(webhook, "")).await, now);
    let word = |name: &str| now[name].as_str().map(str::to_owned);
    (word("state").expect("a state"), word("state_reason"))
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_and_deadline_stand_still_over_a_pause_longer_than_both() {
    for store in stores().await {
        let (app, receiver, webhook) = start(store).await;
        receiver.behave(Behaviour::status(500));
        let event = app.contact().await;
        app.settle().await;
        let due = |delivery: &Value| {
            delivery["next_attempt_at"].as_str().unwrap().parse::<domain::Timestamp>().unwrap()
        };
        let due_before = due(&deliveries::only(&app, &event).await);
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(switch(&app, &webhook, "/pause").await, ("paused".into(), None));

        app.after(100 * HOUR).await;
        let waiting = deliveries::only(&app, &event).await;
        assert_eq!((deliveries::state(&waiting), &waiting["attempt_count"]), (("pending", None), &json!(1)));
        assert_eq!(receiver.received().len(), 1);

        assert_eq!(switch(&app, &webhook, "/resume").await, ("active".into(), None));
        app.settle().await;
        assert_eq!(receiver.received().len(), 1, "the rest of the wait is still to come");
        assert_eq!(due(&deliveries::only(&app, &event).await), due_before + 100 * HOUR);
        app.after(Duration::from_secs(5)).await;
        assert_eq!(receiver.received().len(), 2);
        let failed = deliveries::only(&app, &event).await;
        assert_eq!(deliveries::state(&failed), ("pending", None), "the 72 h did not run meanwhile: {failed}");
        receiver.behave(Behaviour::status(200));
        app.after(Duration::from_secs(36)).await;
        assert_eq!(deliveries::state(&deliveries::only(&app, &event).await), ("delivered", None));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planned_during_a_pause_waits_untried_and_goes_out_on_resume() {
    for store in stores().await {
        let (app, receiver, webhook) = start(store).await;
        switch(&app, &webhook, "/pause").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(app.contact().await);
            app.after(80 * HOUR).await;
        }
        for event in &ids {
            let delivery = deliveries::only(&app, event).await;
            assert_eq!(
                (deliveries::state(&delivery), &delivery["attempts"]),
                (("pending", None), &json!([]))
            );
        }
        assert_eq!((receiver.connections(), app.get("/ledger").await["pending"].as_u64()), (0, Some(3)));
        assert_eq!(switch(&app, &webhook, "/pause").await.0, "paused", "pausing twice changes nothing");
        switch(&app, &webhook, "/resume").await;
        app.settle().await;
        let received = receiver.received();
        let mut sent: Vec<_> = received.iter().map(|request| request.header("webhook-id")).collect();
        sent.sort_unstable();
        assert_eq!(sent, ids);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_webhook_skips_what_waits_and_what_comes_until_it_is_resumed() {
    for store in stores().await {
        let (app, receiver, webhook) = start(store).await;
        receiver.behave(Behaviour::status(500));
        let waiting = app.contact().await;
        app.settle().await;
        assert_eq!(switch(&app, &webhook, "/disable").await, ("disabled".into(), Some("by_hand".into())));
        let later = app.contact().await;
        let planned = app
            .post("/events", json!({"type": "Chat Transcript", "data": {"chat_transcript": ""}}), 202)
            .await;
        assert_eq!(planned["deliveries"], 1, "planned all the same");
        app.after(80 * HOUR).await;
        for event in [&waiting, &later] {
            let delivery = deliveries::only(&app, event).await;
            assert_eq!(deliveries::state(&delivery), ("skipped", Some("webhook_disabled")));
            assert_eq!(delivery["next_attempt_at"], Value::Null);
        }
        assert_eq!(receiver.received().len(), 1);
        assert_eq!(switch(&app, &webhook, "/disable").await.1.as_deref(), Some("by_hand"));
        let pause = app.send("POST", &path(&webhook, "/pause"), "").await;
        assert_eq!((pause.status.as_u16(), pause.code().as_str()), (409, "webhook_disabled"));

        assert_eq!(switch(&app, &webhook, "/resume").await, ("active".into(), None));
        receiver.behave(Behaviour::status(200));
        let new = app.contact().await;
        app.settle().await;
        assert_eq!(deliveries::state(&deliveries::only(&app, &new).await), ("delivered", None));
        assert_eq!(
            deliveries::state(&deliveries::only(&app, &waiting).await).0,
            "skipped",
            "it is not brought back"
        );
        assert_eq!(receiver.received().len(), 2);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhook_is_gone_and_its_deliveries_are_not() {
    for store in stores().await {
        let (app, receiver, webhook) = start(store).await;
        let done = app.contact().await;
        app.settle().await;
        receiver.behave(Behaviour::status(500));
        let tried = app.contact().await;
        app.settle().await;
        switch(&app, &webhook, "/pause").await;
        let untried = app.contact().await;
        let deleted = app.send("DELETE", &path(&webhook, ""), "").await;
        assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));

        for (method, rest, body) in [
            ("GET", "", ""),
            ("PATCH", "", r#"{"name":"x"}"#),
            ("DELETE", "", ""),
            ("POST", "/test", ""),
            ("POST", "/pause", ""),
            ("POST", "/resume", ""),
            ("POST", "/disable", ""),
            ("POST", "/rotate-secret", ""),
        ] {
            let answer = app.send(method, &path(&webhook, rest), body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (404, "not_found"),
                "{method} {rest}"
            );
        }
        assert_eq!(app.get("/webhooks").await["items"], json!([]));
        let unmatched = events::transcript(&app, "c").await;
        assert_eq!(app.get(&format!("/events/{unmatched}")).await["unmatched"], true);
        app.after(80 * HOUR).await;

        let listed = app.get(&format!("/deliveries?webhook_id={}", id(&webhook))).await;
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(3));
        let skipped = ("skipped", Some("webhook_deleted"));
        for (event, wanted, attempts) in
            [(&done, ("delivered", None), 1), (&tried, skipped, 1), (&untried, skipped, 0)]
        {
            let delivery = deliveries::only(&app, event).await;
            assert_eq!(deliveries::state(&delivery), wanted);
            assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(attempts));
        }
        let resend = format!("/deliveries/{}/resend", id(&deliveries::only(&app, &tried).await));
        let resend = app.send("POST", &resend, "").await;
        assert_eq!((resend.status.as_u16(), resend.code().as_str()), (409, "webhook_deleted"));
        assert_eq!(receiver.received().len(), 2);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_asked_once_and_no_more() {
    for store in stores().await {
        let (app, receiver, webhook) = start(store).await;
        receiver.behave(Behaviour::InTurn(vec![Behaviour::status(500), Behaviour::status(410)]));
        let waiting = app.contact().await;
        app.settle().await;
        let told = app.contact().await;
        app.settle().await;
        let shown = app.get(&path(&webhook, "")).await;
        assert_eq!((&shown["state"], &shown["state_reason"]), (&json!("disabled"), &json!("gone")));
        let later = app.contact().await;
        app.after(80 * HOUR).await;
        assert_eq!(receiver.received().len(), 2, "{}: one 410 and nothing after it", app.engine);
        for (event, attempts) in [(&waiting, 1), (&told, 1), (&later, 0)] {
            let delivery = deliveries::only(&app, event).await;
            assert_eq!(deliveries::state(&delivery), ("skipped", Some("webhook_disabled")));
            assert_eq!(delivery["attempt_count"], attempts, "{delivery}");
        }
        assert_eq!(deliveries::only(&app, &told).await["attempts"][0]["status"], 410);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_waits_behind_a_410_is_sent() {
    for store in stores().await {
        let (app, receiver, webhook) = start(store).await;
        receiver.behave(Behaviour::status(410));
        app.send("PATCH", &path(&webhook, ""), r#"{"max_in_flight":1}"#).await.expect(200);
        switch(&app, &webhook, "/pause").await;
        for _ in 0..20 {
            app.contact().await;
        }
        switch(&app, &webhook, "/resume").await;
        app.settle().await;
        assert_eq!(receiver.received().len(), 1, "{}", app.engine);
        assert_eq!(app.get("/ledger").await["skipped"], 20);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_any_length_is_skipped_with_its_webhook() {
    for store in stores().await {
        let (app, receiver, webhook) = start(store).await;
        switch(&app, &webhook, "/pause").await;
        let event = json!({"type": "Chat Transcript", "data": {"chat_transcript": "Hello"}});
        for _ in 0..3 {
            app.post("/events/batch", json!({"events": vec![event.clone(); 700]}), 202).await;
        }
        assert_eq!(app.send("DELETE", &path(&webhook, ""), "").await.status, 204);
        // Slice after slice; nobody can wait for the last but by looking.
        let all = async { while app.get("/ledger").await["skipped"] != 2_100 {} };
        let done = tokio::time::timeout(Duration::from_secs(20), all).await;
        assert!(done.is_ok(), "{}: {}", app.engine, app.get("/ledger").await);
        assert_eq!(receiver.connections(), 0);
        app.finish().await;
    }
}
