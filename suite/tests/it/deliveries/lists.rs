//! Finding deliveries.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use crate::{
    events,
    webhooks::{id, path},
};

async fn found(app: &TestApp, query: &str) -> Vec<(String, String)> {
    let page = app.get(&format!("/deliveries{query}")).await;
    let word = |item: &Value, name: &str| item[name].as_str().expect("a word").to_owned();
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|item| (word(item, "event_id"), word(item, "webhook_id"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_found_by_webhook_event_state_and_type() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave_at("/bad", Behaviour::status(500));
        // Ids of one instant have no order among each other.
        let later = || app.clock.advance(Duration::from_micros(1));
        let good = app.webhook(&receiver.url("/good"), json!({})).await;
        later();
        let bad = app.webhook(&receiver.url("/bad"), json!({"event_types": ["Chat Transcript"]})).await;
        later();
        let off = app.webhook(&receiver.url("/off"), json!({"event_types": ["Contact Information"]})).await;
        app.post(&path(&off, "/disable"), Value::Null, 200).await;
        let contact = app.contact().await;
        later();
        let chat = events::transcript(&app, "c").await;
        app.settle().await;

        let [good, bad, off] = [&good, &bad, &off].map(|webhook| id(webhook).to_owned());
        let pair = |event: &String, webhook: &String| (event.clone(), webhook.clone());
        let all = [pair(&chat, &bad), pair(&chat, &good), pair(&contact, &off), pair(&contact, &good)];
        let check = async |query: String, wanted: &[usize]| {
            let wanted: Vec<_> = wanted.iter().map(|index| all[*index].clone()).collect();
            assert_eq!(found(&app, &query).await, wanted, "{}: {query}", app.engine);
        };
        check(String::new(), &[0, 1, 2, 3]).await;
        check(format!("?webhook_id={good}"), &[1, 3]).await;
        check(format!("?event_id={chat}"), &[0, 1]).await;
        check(format!("?event_id={chat}&webhook_id={bad}"), &[0]).await;
        check(format!("?event_id={chat}&webhook_id={off}"), &[]).await;
        check("?state=delivered".into(), &[1, 3]).await;
        check("?state=pending".into(), &[0]).await;
        check("?state=skipped".into(), &[2]).await;
        check("?state=exhausted".into(), &[]).await;
        check("?event_type=Contact+Information".into(), &[2, 3]).await;
        check(format!("?webhook_id={good}&state=delivered&event_type=Chat+Transcript"), &[1]).await;
        check(format!("?webhook_id={bad}&state=delivered"), &[]).await;
        check("?event_type=Marker+Completed".into(), &[]).await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_an_events_deliveries_to_one_webhook_is_no_shorter_for_the_others() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let first = app.webhook(&receiver.url("/in"), json!({})).await;
        app.clock.advance(Duration::from_micros(1));
        for _ in 0..3 {
            app.webhook(&receiver.url("/in"), json!({})).await;
        }
        let event = app.contact().await;
        app.settle().await;
        // The wanted one is the oldest, so a page of one that is cut before it is picked would be empty.
        let query = format!("/deliveries?event_id={event}&webhook_id={}&limit=1", id(&first));
        let page = app.get(&query).await;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{}: {page}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_in_a_list_has_its_number_of_attempts_and_the_time_of_the_next() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::FailFirst(1));
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;
        let listed = app.get("/deliveries").await["items"][0].clone();
        let next = listed["next_attempt_at"].as_str().expect("a time").parse().expect("a time");
        let created = app.db.ambient().clock.now().to_string();
        let wanted = json!({
            "id": listed["id"], "event_id": event, "webhook_id": id(&webhook), "event_type": "Contact Information",
            "state": "pending", "reason": null, "attempts": 1, "attempt_count": 1,
            "next_attempt_at": listed["next_attempt_at"], "created_at": created,
        });
        assert_eq!(listed, wanted);
        app.clock.advance_to(next);
        app.settle().await;
        let listed = app.get("/deliveries").await["items"][0].clone();
        assert_eq!((&listed["state"], &listed["attempts"]), (&json!("delivered"), &json!(2)));
        assert_eq!(listed["next_attempt_at"], Value::Null);
        app.finish().await;
    }
}
