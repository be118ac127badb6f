//! What a status means: only 2xx is success, nothing is followed, and 410 ends it all.

use serde_json::json;
use suite::{Behaviour, Receiver, TestStore};

use super::{Said, attempts, deliveries, start};

/// Samples of every class, with those that have a meaning of their own.
const STATUSES: [u16; 45] = [
    200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 250, 299, 300, 301, 302, 303, 304, 305, 307, 308, 399,
    400, 401, 402, 403, 404, 405, 408, 410, 413, 415, 422, 429, 451, 499, 500, 501, 502, 503, 504, 511, 599,
    600, 700, 999,
];

#[tokio::test(flavor = "multi_thread")]
async fn only_2xx_is_success_and_only_410_disables() {
    let app = start(TestStore::sqlite()).await;
    let receiver = Receiver::start().await;
    let mut webhooks = Vec::new();
    for status in STATUSES {
        let path = format!("/{status}");
        receiver.behave_at(&path, Behaviour::status(status));
        webhooks.push((status, app.webhook(&receiver.url(&path), json!({})).await));
    }
    app.contact().await;
    app.settle().await;
    for (status, webhook) in webhooks {
        let [delivery] = &deliveries(&app, &webhook).await[..] else { panic!("one delivery, {status}") };
        let [attempt] = attempts(delivery) else { panic!("one attempt, {status}: {delivery}") };
        Said::Status(status).check(attempt);
        let expected = match status {
            200..=299 => ("delivered", json!(null), "active"),
            410 => ("skipped", json!("webhook_disabled"), "disabled"),
            _ => ("pending", json!(null), "active"),
        };
        let now = app.get(&format!("/webhooks/{}", webhook["id"].as_str().unwrap())).await;
        let found =
            (delivery["state"].as_str().unwrap(), delivery["reason"].clone(), now["state"].as_str().unwrap());
        assert_eq!(found, expected, "{status}");
        assert_eq!(delivery["next_attempt_at"].is_string(), expected.0 == "pending", "{status}");
    }
    assert_eq!(receiver.received().len(), STATUSES.len());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_failure_wherever_it_leads() {
    let app = start(TestStore::sqlite()).await;
    let (receiver, target) = (Receiver::start().await, Receiver::start().await);
    let mut webhooks = Vec::new();
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for (place, location) in
            ["/there", &target.url("/there"), "file:///etc/passwd", ""].into_iter().enumerate()
        {
            let path = format!("/{status}/{place}");
            let headers = vec![("location".to_owned(), location.to_owned())];
            receiver.behave_at(&path, Behaviour::Status(status, headers, Vec::new()));
            let webhook = app.webhook(&receiver.url(&path), json!({})).await;
            webhooks.push((status, location.to_owned(), webhook));
        }
    }
    app.contact().await;
    app.settle().await;
    for (status, location, webhook) in &webhooks {
        let [delivery] = &deliveries(&app, webhook).await[..] else { panic!("one delivery") };
        let [attempt] = attempts(delivery) else { panic!("one attempt: {delivery}") };
        Said::Status(*status).check(attempt);
        assert_eq!(attempt["response_headers"]["location"], *location, "{status}");
        assert_eq!(delivery["state"], "pending", "{status} {location}");
    }
    assert_eq!((receiver.received().len(), target.connections()), (webhooks.len(), 0));
    app.finish().await;
}
