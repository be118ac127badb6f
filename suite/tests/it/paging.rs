//! Lists in pages: whole, in order, and only of one's own account.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Receiver, TestApp, stores};

use crate::webhooks::id;

const LISTS: [&str; 6] =
    ["/webhooks", "/events", "/deliveries", "/recoveries", "/chatbots", "/conversations"];

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|item| id(item).to_owned()).collect()
}

/// The ids on all pages of `limit` items, and how many pages there were.
async fn walk(app: &TestApp, list: &str, limit: usize) -> (Vec<String>, usize) {
    let (mut all, mut pages, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = app.get(&format!("{list}?limit={limit}{after}")).await;
        all.extend(ids(&page));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return (all, pages),
        }
    }
}

async fn recovery(app: &TestApp, webhook: &Value) {
    let body = json!({"webhook_id": id(webhook), "since": "2026-01-01T00:00:00Z"});
    app.post("/recoveries", body, 202).await;
}

/// A webhook that gets seven events, and six more that get nothing.
async fn seven_of_each(app: &TestApp, receiver: &Receiver) {
    for _ in 0..6 {
        app.webhook(&receiver.url("/none"), json!({"event_types": ["Marker Completed"]})).await;
    }
    let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
    for _ in 0..7 {
        app.contact().await;
        recovery(app, &webhook).await;
        app.post("/chatbots", json!({"name": "Bot"}), 201).await;
        app.post("/conversations", json!({}), 201).await;
    }
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_hold_every_item_once_and_newest_first() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        seven_of_each(&app, &receiver).await;
        for list in LISTS {
            let (whole, _) = walk(&app, list, 500).await;
            assert_eq!(whole.len(), 7, "{list}");
            assert!(whole.is_sorted_by(|newer, older| newer > older), "{list}: {whole:?}");
            for (limit, pages) in [(1, 7), (3, 3), (6, 2), (7, 1), (8, 1)] {
                assert_eq!(walk(&app, list, limit).await, (whole.clone(), pages), "{list} by {limit}");
            }
        }
        let types = app.get("/event-types?limit=3").await;
        assert_eq!(types["next"], "Webhook Notice");
        let rest = app.get("/event-types?after=Webhook+Notice").await;
        assert_eq!((&rest["items"][0]["type"], &rest["next"]), (&json!("Marker Completed"), &Value::Null));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_limit_has_fifty_items() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let event = json!({"type": "Chat Transcript", "data": {"chat_transcript": "Hello"}});
        app.post("/events/batch", json!({"events": vec![event; 51]}), 202).await;
        let page = app.get("/events").await;
        assert_eq!(ids(&page).len(), 50);
        assert_eq!(page["next"].as_str(), ids(&page).last().map(String::as_str));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_or_goes_while_somebody_pages_shifts_nothing() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        seven_of_each(&app, &receiver).await;
        for list in LISTS {
            let (before, _) = walk(&app, list, 500).await;
            let first = app.get(&format!("{list}?limit=3")).await;
            let cursor = first["next"].as_str().expect("a second page");
            app.clock.advance(Duration::from_micros(1));
            recovery(&app, &app.webhook(&receiver.url("/new"), json!({})).await).await;
            app.contact().await;
            app.post("/chatbots", json!({"name": "New"}), 201).await;
            app.post("/conversations", json!({}), 201).await;
            if list == "/webhooks" {
                // The cursor's own item goes, too.
                let gone = app.send("DELETE", &format!("/webhooks/{cursor}"), "").await;
                assert_eq!(gone.status, 204);
            }
            let rest = app.get(&format!("{list}?after={cursor}")).await;
            assert_eq!([ids(&first), ids(&rest)].concat(), before, "{list}");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_shows_what_belongs_to_another_account() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        recovery(&app, &webhook).await;
        app.settle().await;
        let delivery = ids(&app.get("/deliveries").await).remove(0);
        app.post("/chatbots", json!({"name": "Bot"}), 201).await;
        let conversation = app.post("/conversations", json!({}), 201).await;
        let contact = json!({"email": "own@example.com", "phone": "+919811123456"}).to_string();
        let path = format!("/conversations/{}/contact", id(&conversation));
        assert_eq!(app.send("POST", &path, contact).await.status, 204);
        let contact = ids(&app.get("/contacts").await).remove(0);
        let queries = [
            "/webhooks".to_owned(),
            "/chatbots".to_owned(),
            "/conversations".to_owned(),
            "/conversations?state=bot".to_owned(),
            format!("/conversations?contact_id={contact}"),
            "/contacts".to_owned(),
            "/contacts?email=OWN@example.com".to_owned(),
            "/contacts?phone=%2B919811123456".to_owned(),
            format!("/events?conversation_id={}", id(&conversation)),
            "/recoveries".to_owned(),
            format!("/recoveries?webhook_id={}", id(&webhook)),
            format!("/deliveries?event_id={event}"),
        ];
        let both = [
            "/events".to_owned(),
            "/events?type=Contact+Information".to_owned(),
            "/deliveries".to_owned(),
            "/deliveries?state=delivered".to_owned(),
            format!("/deliveries?webhook_id={}", id(&webhook)),
            format!("/deliveries?after={}", delivery.replace("dlv_0", "dlv_f")),
        ];
        app.settle().await;
        for (query, shown) in queries.into_iter().map(|it| (it, 1)).chain(both.map(|it| (it, 2))) {
            assert_eq!(ids(&app.get(&query).await).len(), shown, "{query}");
            let other = app.send_as(&app.globex.1, "GET", &query, "").await.expect(200);
            assert_eq!(other, json!({"items": [], "next": null}), "{query}");
        }
        let ledger = app.send_as(&app.globex.1, "GET", "/ledger", "").await.expect(200);
        assert_eq!((&ledger["events"], &ledger["planned"]), (&json!(0), &json!(0)));
        app.finish().await;
    }
}
