//! The walk of one event, as ARCHITECTURE.md shows it: accepted, committed, sent, signed, recorded, visible.

use std::time::Duration;

use courier::CourierSettings;
use domain::{Secret, signature};
use serde_json::json;
use suite::{Behaviour, Receiver, TestApp, stores, test_app::local_egress};

/// The body that the documented form gives the sample contact.
const CONTACT: &str = r#"{"type":"Contact Information","event_type":"Contact Information","data":{"name":"John Carter","email":"john.carter@outlook.com","phone":"+919811123456"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_becomes_a_signed_post_and_a_record() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;

        let [request] = receiver.received().try_into().expect("one request");
        assert_eq!(request.method, "POST");
        assert_eq!(String::from_utf8_lossy(&request.body), CONTACT);
        assert_eq!(request.header("webhook-id"), event);
        assert_eq!(request.header("webhook-event-type"), "Contact Information");
        assert_eq!(request.header("content-type"), "application/json");
        let secret = Secret::parse(webhook["secret"].as_str().unwrap()).unwrap();
        let (timestamp, signed) = (request.header("webhook-timestamp"), request.header("webhook-signature"));
        let now = app.db.ambient().clock.now();
        assert_eq!(signature::verify(&secret, &event, timestamp, signed, &request.body, now), Ok(()));

        let found = app.get(&format!("/events/{event}")).await;
        assert_eq!(found["deliveries"][0]["state"], "delivered", "{found}");
        let delivery =
            app.get(&format!("/deliveries/{}", found["deliveries"][0]["id"].as_str().unwrap())).await;
        let attempt = &delivery["attempts"][0];
        assert_eq!(
            (attempt["number"].as_u64(), attempt["status"].as_u64()),
            (Some(1), Some(200)),
            "{delivery}"
        );
        assert_eq!(attempt["address"], format!("127.0.0.1:{}", receiver.port()));
        assert!(attempt["total_ms"].as_f64().unwrap() > 0.0);
        let ledger = app.get("/ledger").await;
        assert_eq!((&ledger["events"], &ledger["delivered"]), (&json!(1), &json!(1)));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_hint_lost_everything_arrives_on_the_tick() {
    for store in stores().await {
        let deaf =
            CourierSettings { use_hints: false, tick: Duration::from_millis(20), ..Default::default() };
        let app = TestApp::start_with(store, local_egress(), deaf).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        for _ in 0..300 {
            app.contact().await;
        }
        // Nobody asks the courier to look: it must do so by itself.
        receiver.wait_for(300).await;
        app.settle().await;
        assert_eq!(receiver.received().len(), 300, "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_tried_again_with_the_same_id_and_bytes() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::FailFirst(2));
        app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;
        assert_eq!(receiver.received().len(), 1);
        app.after(Duration::from_millis(3_900)).await;
        assert_eq!(receiver.received().len(), 1, "the first retry is due after 4 to 6 seconds");
        app.after(Duration::from_millis(2_100)).await;
        assert_eq!(receiver.received().len(), 2);
        app.after(Duration::from_secs(36)).await;

        let received = receiver.received();
        assert_eq!(received.len(), 3);
        assert!(received.iter().all(|it| it.header("webhook-id") == event && it.body == received[0].body));
        assert!(received[0].header("webhook-timestamp") < received[2].header("webhook-timestamp"));
        let found = app.get(&format!("/deliveries?event_id={event}")).await;
        assert_eq!(found["items"][0]["state"], "delivered");
        assert_eq!(found["items"][0]["attempt_count"], 3);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_says_what_it_holds_and_until_when() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let nodes = app.get("/nodes").await;
        assert_eq!(nodes["items"][0]["shards"], 256);
        let end = nodes["items"][0]["lease_expires_at"].as_str();
        // A store that only one process can serve has leases that do not end.
        assert_eq!(end.is_none(), app.engine == "sqlite", "{nodes}");
        assert!(end.is_none_or(|end| end.parse::<domain::Timestamp>().is_ok()), "{nodes}");
        app.finish().await;
    }
}
