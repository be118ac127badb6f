//! Sending again by hand.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Answer, Behaviour, Receiver, TestApp, stores};

use super::{only, state};
use crate::webhooks::{id, path};

async fn resend(app: &TestApp, delivery: &Value) -> Answer {
    app.send("POST", &format!("/deliveries/{}/resend", id(delivery)), "").await
}

fn abort() -> Behaviour {
    Behaviour::Status(400, vec![("webhook-delivery".into(), "abort-message".into())], Vec::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_has_ended_can_be_sent_again_with_the_same_id_and_bytes() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::InTurn(vec![Behaviour::status(200), abort(), Behaviour::status(200)]));
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let (delivered, exhausted) = (app.contact().await, app.contact().await);
        app.settle().await;
        app.post(&path(&webhook, "/disable"), Value::Null, 200).await;
        let skipped = app.contact().await;
        let refused = resend(&app, &only(&app, &skipped).await).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "webhook_disabled"));
        app.post(&path(&webhook, "/resume"), Value::Null, 200).await;

        let mut states = Vec::new();
        for (event, attempts) in [(&delivered, 2), (&exhausted, 2), (&skipped, 1)] {
            let before = only(&app, event).await;
            states.push(before["state"].as_str().unwrap().to_owned());
            let shown = resend(&app, &before).await.expect(200);
            assert_eq!((state(&shown), id(&shown)), (("pending", None), id(&before)));
            assert_eq!(shown["next_attempt_at"], app.db.ambient().clock.now().to_string(), "at once");
            app.settle().await;
            let after = only(&app, event).await;
            assert_eq!(state(&after), ("delivered", None));
            let numbers: Vec<_> =
                after["attempts"].as_array().unwrap().iter().map(|it| it["number"].as_u64()).collect();
            assert_eq!(numbers, (1..=attempts).map(Some).collect::<Vec<_>>(), "what was tried before stays");
        }
        states.sort();
        assert_eq!(states, ["delivered", "exhausted", "skipped"]);
        let received = receiver.received();
        for event in [&delivered, &exhausted] {
            let bodies: Vec<_> =
                received.iter().filter(|it| it.header("webhook-id") == event).map(|it| &it.body).collect();
            assert!(bodies.len() == 2 && bodies[0] == bodies[1]);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_has_a_fresh_schedule_and_deadline() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(abort());
        app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;
        app.clock.advance(Duration::from_secs(100 * 60 * 60));
        receiver.behave(Behaviour::status(500));
        resend(&app, &only(&app, &event).await).await.expect(200);
        app.settle().await;
        let failed = only(&app, &event).await;
        assert_eq!((state(&failed), &failed["attempt_count"]), (("pending", None), &json!(2)));
        app.after(Duration::from_secs(6)).await;
        assert_eq!(
            only(&app, &event).await["attempt_count"],
            3,
            "5 s after the first failure, as at the beginning"
        );
        app.after(Duration::from_secs(36)).await;
        assert_eq!(only(&app, &event).await["attempt_count"], 4);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_is_not_sent_again() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::status(500));
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;
        let before = only(&app, &event).await;
        for rest in ["/pause", "/resume"] {
            let refused = resend(&app, &before).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "still_pending"));
            app.post(&path(&webhook, rest), Value::Null, 200).await;
        }
        assert_eq!(only(&app, &event).await, before);
        app.settle().await;
        assert_eq!(receiver.received().len(), 1);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_payload_any_more_cannot_be_sent_again() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        let kept = app.contact().await;
        app.clock.advance(Duration::from_secs(1));
        let expired = app.contact().await;
        app.settle().await;
        let forget = "update event set data = null where created_at > (select min(created_at) from event)";
        app.sabotage(forget).await;
        let refused = resend(&app, &only(&app, &expired).await).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "payload_expired"));
        assert_eq!(app.get(&format!("/events/{expired}")).await["data"], Value::Null);
        assert_eq!(state(&only(&app, &expired).await), ("delivered", None));
        resend(&app, &only(&app, &kept).await).await.expect(200);
        app.settle().await;
        assert_eq!(receiver.received().len(), 3);
        app.finish().await;
    }
}
