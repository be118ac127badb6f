//! What comes between a recovery and its end: people, restarts, a webhook that stops, payloads that are gone.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::{arrivals, asked, begin, change, contacts, exhausted, pass, progress, second, show};
use crate::{
    deliveries::only,
    webhooks::{id, path},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_one_waits_and_goes_on_where_it_was() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let events = exhausted(&app, &receiver, 6).await;
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 2})).await;
        second(&app).await;
        assert_eq!(change(&app, &recovery, "running").await.expect(200), show(&app, &recovery).await);
        for _ in 0..2 {
            let paused = change(&app, &recovery, "paused").await.expect(200);
            assert_eq!(progress(&paused), ("paused", 2, 0));
        }
        for _ in 0..3 {
            second(&app).await;
        }
        assert_eq!(progress(&show(&app, &recovery).await), ("paused", 2, 0), "{}", app.engine);
        assert_eq!(arrivals(&receiver, &events), [2, 2, 1, 1, 1, 1]);
        let resumed = change(&app, &recovery, "running").await.expect(200);
        assert_eq!((progress(&resumed), &resumed["ended_at"]), (("running", 2, 0), &Value::Null));
        pass(&app, Duration::ZERO).await;
        assert_eq!(progress(&show(&app, &recovery).await).1, 2, "the rest is not made up for");
        for state in ["running", "done"] {
            second(&app).await;
            assert_eq!(show(&app, &recovery).await["state"], state);
        }
        assert_eq!(arrivals(&receiver, &events), [2; 6]);
        let ended = change(&app, &recovery, "paused").await;
        assert_eq!((ended.status.as_u16(), ended.code().as_str()), (409, "recovery_ended"));
        let ended = app.send("DELETE", &format!("/recoveries/{}", id(&recovery)), "").await;
        assert_eq!((ended.status.as_u16(), ended.code().as_str()), (409, "recovery_ended"));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_one_stays_visible_and_does_no_more() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let events = exhausted(&app, &receiver, 4).await;
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 3})).await;
        second(&app).await;
        for _ in 0..2 {
            let answer = app.send("DELETE", &format!("/recoveries/{}", id(&recovery)), "").await;
            assert_eq!(answer.status, 204, "{}", answer.body);
        }
        let ended_at = super::now(&app).to_string();
        second(&app).await;
        let cancelled = show(&app, &recovery).await;
        assert_eq!(progress(&cancelled), ("cancelled", 3, 0), "{}", app.engine);
        assert_eq!(cancelled["ended_at"], ended_at);
        assert_eq!(app.get("/recoveries").await["items"], json!([cancelled]));
        assert_eq!(arrivals(&receiver, &events), [2, 2, 2, 1]);
        let ended = change(&app, &recovery, "running").await;
        assert_eq!((ended.status.as_u16(), ended.code().as_str()), (409, "recovery_ended"));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_repeats_nothing_and_leaves_nothing_out() {
    for store in stores().await {
        let mut app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let events = exhausted(&app, &receiver, 11).await;
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 3})).await;
        for restarted in [3, 6, 9] {
            second(&app).await;
            assert_eq!(progress(&show(&app, &recovery).await), ("running", restarted, 0));
            app.replace_courier().await;
        }
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("done", 11, 0), "{}", app.engine);
        assert_eq!(arrivals(&receiver, &events), [2; 11]);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_calling_it_the_courier_takes_it_to_its_end() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        exhausted(&app, &receiver, 3).await;
        begin(&app, &webhook, json!({"rate_per_second": 100})).await;
        app.clock.advance(Duration::from_secs(1));
        receiver.wait_for(6).await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_its_webhook_is_held_or_paused_it_stands_still() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let events = exhausted(&app, &receiver, 5).await;
        receiver.behave(Behaviour::status(500));
        let mut waiting = Vec::new();
        for _ in 0..10 {
            waiting.extend(contacts(&app, 1).await);
            app.clock.advance(Duration::from_micros(1));
        }
        let state = || async { app.get(&path(&webhook, "")).await["state"].clone() };
        assert_eq!(state().await, "held");
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 2})).await;
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("running", 0, 0), "{}", app.engine);
        app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("running", 0, 0));
        assert_eq!(arrivals(&receiver, &events), [1; 5]);

        receiver.behave(Behaviour::status(200));
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        for expected in [("running", 2, 0), ("running", 4, 0), ("done", 5, 0)] {
            second(&app).await;
            assert_eq!(progress(&show(&app, &recovery).await), expected);
        }
        assert_eq!(arrivals(&receiver, &events), [2; 5]);
        app.after(Duration::from_secs(60)).await;
        assert!(arrivals(&receiver, &waiting).iter().all(|times| *times >= 2), "they were tried again, too");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_disabled_pauses_it_and_one_that_is_deleted_ends_it() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let events = exhausted(&app, &receiver, 4).await;
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 2})).await;
        second(&app).await;
        app.post(&path(&webhook, "/disable"), Value::Null, 200).await;
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("paused", 2, 0), "{}", app.engine);
        let refused = change(&app, &recovery, "running").await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "webhook_disabled"));
        let another = asked(&app, &webhook, json!({})).to_string();
        let refused = app.send("POST", "/recoveries", another).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "webhook_disabled"));
        assert!(refused.body.contains("resume it first"), "{}", refused.body);
        let counted = asked(&app, &webhook, json!({"dry_run": true}));
        assert_eq!(app.post("/recoveries", counted, 200).await["total"], 2, "counting is no trouble");

        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("paused", 2, 0), "somebody has to say so");
        change(&app, &recovery, "running").await.expect(200);
        pass(&app, Duration::from_millis(500)).await;
        assert_eq!(arrivals(&receiver, &events), [2, 2, 2, 1]);

        assert_eq!(app.send("DELETE", &path(&webhook, ""), "").await.status, 204);
        second(&app).await;
        assert_eq!(progress(&show(&app, &recovery).await), ("cancelled", 3, 0));
        let gone = app.send("POST", "/recoveries", asked(&app, &webhook, json!({})).to_string()).await;
        assert_eq!((gone.status.as_u16(), gone.code().as_str()), (404, "not_found"));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_one_whose_webhook_was_deleted_can_only_be_cancelled() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        exhausted(&app, &receiver, 1).await;
        let recovery = begin(&app, &webhook, json!({})).await;
        change(&app, &recovery, "paused").await.expect(200);
        assert_eq!(app.send("DELETE", &path(&webhook, ""), "").await.status, 204);
        let refused = change(&app, &recovery, "running").await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "webhook_deleted"));
        let answer = app.send("DELETE", &format!("/recoveries/{}", id(&recovery)), "").await;
        assert_eq!(answer.status, 204);
        assert_eq!(progress(&show(&app, &recovery).await).0, "cancelled");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_payload_or_is_on_its_way_by_then_is_passed_over() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let expired = exhausted(&app, &receiver, 1).await;
        app.clock.advance(Duration::from_secs(1));
        let events = exhausted(&app, &receiver, 4).await;
        let forget = "update event set data = null where created_at = (select min(created_at) from event)";
        app.sabotage(forget).await;
        let recovery = begin(&app, &webhook, json!({"rate_per_second": 1})).await;
        assert_eq!(recovery["total"], 5);
        // Somebody is quicker with two of them: one arrives, one is refused and waits.
        for (event, status) in [(&events[1], 200), (&events[2], 500)] {
            receiver.behave(Behaviour::status(status));
            let delivery = only(&app, event).await;
            app.post(&format!("/deliveries/{}/resend", id(&delivery)), Value::Null, 200).await;
            app.settle().await;
        }
        receiver.behave(Behaviour::status(200));
        for _ in 0..3 {
            second(&app).await;
        }
        assert_eq!(progress(&show(&app, &recovery).await), ("done", 2, 3), "{}", app.engine);
        assert_eq!(arrivals(&receiver, &expired), [1]);
        assert_eq!(arrivals(&receiver, &events), [2, 2, 2, 2]);
        app.after(Duration::from_secs(10)).await;
        assert_eq!(arrivals(&receiver, &events), [2, 2, 3, 2], "it kept its own schedule");
        app.finish().await;
    }
}
