//! Many events with one request: all of them or none.

use serde_json::{Value, json};
use suite::{Receiver, TestApp, stores};

use crate::webhooks::id;

fn transcript(number: usize) -> Value {
    let data = json!({"chat_transcript": format!("line {number}")});
    json!({"type": "Chat Transcript", "data": data, "conversation_id": format!("c-{}", number % 7)})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_in_its_order_and_every_event_arrives() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        app.webhook(&receiver.url("/in"), json!({"event_types": ["Contact Information"]})).await;
        let mut events: Vec<Value> = (0..1_000).map(transcript).collect();
        let contact = json!({"name": "A", "email": null, "phone": null});
        events[999] = json!({"type": "Contact Information", "data": contact});
        let answer = app.post("/events/batch", json!({"events": events}), 202).await;
        let items = answer["items"].as_array().expect("a list");
        assert_eq!(items.len(), 1_000);
        assert!(items.is_sorted_by(|first, second| id(first) < id(second)));
        assert_eq!((&items[0]["deliveries"], &items[999]["deliveries"]), (&json!(1), &json!(2)));
        app.settle().await;

        let received = receiver.received();
        assert_eq!(received.len(), 1_001);
        for (number, item) in items.iter().enumerate().take(999) {
            let body = format!(
                r#"{{"type":"Chat Transcript","event_type":"Chat Transcript","data":{{"chat_transcript":"line {number}"}}}}"#
            );
            let request = received.iter().find(|it| it.header("webhook-id") == id(item)).expect("a request");
            assert_eq!(String::from_utf8_lossy(&request.body), body);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_event_keeps_all_others_out() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        let mut events: Vec<Value> = (0..20).map(transcript).collect();
        events[17]["data"] = json!({"transcript": "x"});
        events[19]["conversation_id"] = json!(7);
        let refused = app.post("/events/batch", json!({"events": events}), 422).await;
        let places: Vec<_> =
            refused["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(places, ["/events/17/data/chat_transcript", "/events/19/conversation_id"]);
        app.settle().await;
        assert_eq!(app.get("/events").await["items"], json!([]));
        assert_eq!((app.get("/ledger").await["events"].as_u64(), receiver.connections()), (Some(0), 0));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_a_hundred_places_at_most() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let refused =
            app.post("/events/batch", json!({"events": vec![json!({"colour": "red"}); 1_000]}), 422).await;
        assert_eq!(refused["errors"].as_array().map(Vec::len), Some(100));
        app.finish().await;
    }
}
