//! *Send test*: a real request that says it is a test, explained in words, and counted nowhere.

use std::time::Duration;

use domain::EventType;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::{id, path, settings::signed_with};
use crate::deliveries;

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_a_real_signed_request_of_the_chosen_type() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let more = json!({"event_types": ["Chat Transcript"], "body": "exact", "headers": {"X-Shop": "7"}});
        let webhook = app.webhook(&receiver.url("/in?x=1"), more).await;
        let mut bodies = vec![("".to_owned(), EventType::ChatTranscript)];
        for event_type in EventType::ALL {
            bodies.push((json!({"event_type": event_type.as_str()}).to_string(), event_type));
        }
        for (number, (body, event_type)) in bodies.into_iter().enumerate() {
            let sent = app.send("POST", &path(&webhook, "/test"), body).await.expect(200);
            let request = receiver.received().swap_remove(number);
            let wanted =
                format!(r#"{{"type":"{}","data":{}}}"#, event_type.as_str(), event_type.sample_data());
            assert_eq!(String::from_utf8_lossy(&request.body), wanted);
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/in?x=1"));
            assert_eq!((request.header("webhook-test"), request.header("x-shop")), ("true", "7"));
            assert_eq!(request.header("webhook-event-type"), event_type.as_str());
            assert_eq!(request.header("webhook-id"), sent["event_id"]);
            assert!(request.header("webhook-id").starts_with("evt_test_"));
            assert!(signed_with(&app, &webhook["secret"], &request));
            let attempt = &sent["attempt"];
            assert_eq!((&attempt["kind"], &attempt["number"]), (&json!("test"), &json!(1)));
            assert_eq!((&attempt["status"], &attempt["error"]), (&json!(200), &Value::Null));
            assert!(sent["explanation"].as_str().unwrap().contains("took the event"), "{sent}");
        }
        // A delivery has no such header.
        app.post("/events", json!({"type": "Chat Transcript", "data": {"chat_transcript": ""}}), 202).await;
        app.settle().await;
        assert!(receiver.received().pop().unwrap().all("webhook-test").is_empty());
        app.finish().await;
    }
}

/// What a receiver does, and words that the explanation has.
fn answers() -> Vec<(Behaviour, &'static str)> {
    vec![
        (Behaviour::status(405), "does not accept POST"),
        (Behaviour::status(404), "404"),
        (Behaviour::status(401), "401"),
        (Behaviour::status(415), "JSON"),
        (Behaviour::status(410), "gone for good"),
        (Behaviour::status(429), "fewer requests"),
        (Behaviour::status(500), "500"),
        (Behaviour::Redirect("https://hooks.example.com/".into()), "never followed"),
        (Behaviour::CloseWithoutAnswer, "closed the connection"),
        (Behaviour::garbage(), "HTTP"),
        (Behaviour::status(204), "took the event"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_explains_in_words_and_changes_nothing_whatever_comes_of_it() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;
        assert_eq!(deliveries::state(&deliveries::only(&app, &event).await), ("delivered", None));
        let before = everything(&app, &webhook).await;
        let answers = answers();
        for (count, (behaviour, words)) in answers.iter().enumerate() {
            receiver.behave(behaviour.clone());
            let sent = app.post(&path(&webhook, "/test"), json!({}), 200).await;
            let explanation = sent["explanation"].as_str().unwrap();
            assert!(explanation.contains(words), "{behaviour:?}: {explanation}");
            app.settle().await;
            assert_eq!(receiver.received().len(), 1 + count + 1);
        }
        // Far more failures in a row than a webhook may have, and no retry of any.
        app.after(Duration::from_secs(80 * 60 * 60)).await;
        assert_eq!(receiver.received().len(), 1 + answers.len());
        assert_eq!(everything(&app, &webhook).await, before, "{}", app.engine);
        app.finish().await;
    }
}

/// What a test must not change.
async fn everything(app: &TestApp, webhook: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [&path(webhook, ""), "/events", "/deliveries", "/ledger", "/webhooks"] {
        all.push(app.get(path).await);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_can_be_looked_at_but_is_in_no_list() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::Status(405, vec![("allow".into(), "GET".into())], b"only GET".to_vec()));
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let sent = app.post(&path(&webhook, "/test"), json!({}), 200).await;
        let test = sent["event_id"].as_str().unwrap();
        for query in [
            "/events".to_owned(),
            "/events?type=Contact+Information".to_owned(),
            "/deliveries".to_owned(),
            format!("/deliveries?webhook_id={}", id(&webhook)),
            format!("/deliveries?event_id={test}"),
            "/deliveries?state=exhausted".to_owned(),
        ] {
            assert_eq!(app.get(&query).await["items"], json!([]), "{query}");
        }
        let event = app.get(&format!("/events/{test}")).await;
        assert_eq!((id(&event), &event["type"]), (test, &json!("Contact Information")));
        assert_eq!((&event["unmatched"], &event["reason"]), (&json!(false), &Value::Null), "{event}");
        let delivery = app.get(&format!("/deliveries/{}", id(&event["deliveries"][0]))).await;
        assert_eq!(delivery["attempts"], json!([sent["attempt"]]));
        assert_eq!(delivery["attempts"][0]["response_body"], "only GET");
        assert_eq!(delivery["attempts"][0]["response_headers"]["allow"], "GET");
        let resend = app.send("POST", &format!("/deliveries/{}/resend", id(&delivery)), "").await;
        assert_eq!((resend.status.as_u16(), resend.code().as_str()), (409, "is_test"));
        let other = app.send_as(&app.globex.1, "GET", &format!("/events/{test}"), "").await;
        assert_eq!(other.status, 404);
        assert_eq!(app.get("/ledger").await["events"], 0);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_sent_whatever_state_the_webhook_is_in() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        for (number, state) in ["/pause", "/disable"].into_iter().enumerate() {
            let switched = app.post(&path(&webhook, state), Value::Null, 200).await;
            let sent = app.post(&path(&webhook, "/test"), json!({}), 200).await;
            assert_eq!(sent["attempt"]["status"], 200, "{sent}");
            assert_eq!(receiver.received().len(), number + 1);
            assert_eq!(app.get(&path(&webhook, "")).await, switched);
        }
        app.finish().await;
    }
}
