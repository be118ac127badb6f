//! Finding events.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{TestApp, stores};

use super::transcript;
use crate::webhooks::id;

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.get(&format!("/events{query}")).await;
    let items: &Vec<Value> = page["items"].as_array().expect("a list");
    items.iter().map(|item| id(item).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_type_and_conversation() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let a = transcript(&app, "c-1").await;
        let later = || app.clock.advance(Duration::from_micros(1));
        later();
        let b = transcript(&app, "C-1").await;
        later();
        let c = app.contact().await;
        later();
        let odd = "ž % _ ' \" \\ + & = # 👩";
        let d = transcript(&app, odd).await;
        later();
        let contact = json!({"name": "A", "email": null, "phone": null});
        let e = json!({"type": "Contact Information", "data": contact, "conversation_id": "c-1"});
        let e = id(&app.post("/events", e, 202).await).to_owned();

        assert_eq!(found(&app, "").await, [&e, &d, &c, &b, &a].map(String::as_str));
        assert_eq!(found(&app, "?type=Contact+Information").await, [&e, &c].map(String::as_str));
        assert_eq!(found(&app, "?type=Chat%20Transcript").await, [&d, &b, &a].map(String::as_str));
        assert_eq!(found(&app, "?type=Webhook+Notice").await, [""; 0]);
        assert_eq!(found(&app, "?conversation_id=c-1").await, [&e, &a].map(String::as_str));
        assert_eq!(found(&app, "?conversation_id=C-1").await, [b.as_str()]);
        assert_eq!(found(&app, "?conversation_id=c-1&type=Chat+Transcript").await, [a.as_str()]);
        assert_eq!(found(&app, "?conversation_id=c-").await, [""; 0]);
        assert_eq!(found(&app, "?conversation_id=%25").await, [""; 0]);
        let escaped: String = odd.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(found(&app, &format!("?conversation_id={escaped}")).await, [d.as_str()]);
        assert_eq!(found(&app, &format!("?conversation_id=c-1&after={e}")).await, [a.as_str()]);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_lists_the_types_in_their_order_with_true_samples() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let types = app.get("/event-types").await;
        let items = types["items"].as_array().expect("a list");
        let names: Vec<_> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
        assert_eq!(names, ["Contact Information", "Chat Transcript", "Webhook Notice", "Marker Completed"]);
        for item in items {
            let name = &item["type"];
            let sample = &item["sample_data"];
            assert_eq!(item["samples"]["exact"], json!({"type": name, "data": sample}));
            let documented = json!({"type": name, "event_type": name, "data": sample});
            assert_eq!(item["samples"]["documented"], documented);
            let posted = app.send("POST", "/events", json!({"type": name, "data": sample}).to_string()).await;
            let (status, code) = match item["can_be_posted"].as_bool() {
                Some(true) => (202, ""),
                _ => (422, "unknown_event_type"),
            };
            assert_eq!((posted.status.as_u16(), posted.code().as_str()), (status, code), "{name}");
        }
        app.finish().await;
    }
}
