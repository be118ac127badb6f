//! What a webhook is asked to be, and what of it is shown.

use std::time::Duration;

use domain::{Secret, signature};
use http::header;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, receiver::Received, stores};

use super::{id, path};
use crate::{deliveries, events};

/// Whether the request is signed with that secret, by the clock of the test.
pub fn signed_with(app: &TestApp, secret: &Value, request: &Received) -> bool {
    let secret = Secret::parse(secret.as_str().expect("a secret")).expect("a good secret");
    let header = |name| request.header(name);
    let (id, at, signature) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    signature::verify(&secret, id, at, signature, &request.body, app.db.ambient().clock.now()).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_the_values_of_headers_never() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let body = json!({"name": "CRM", "url": receiver.url("/in"), "event_types": ["Contact Information"],
            "headers": {"Authorization": "Bearer of-mine", "X-Shop": "of-mine"}});
        let made = app.send("POST", "/webhooks", body.to_string()).await;
        let webhook = made.expect(201);
        assert_eq!(made.headers[header::LOCATION], format!("/api/v1{}", path(&webhook, "")));
        let secret = webhook["secret"].as_str().expect("a secret").to_owned();
        assert!(secret.starts_with("whsec_") && secret.len() == "whsec_".len() + 44, "32 bytes: {secret}");
        assert_eq!(webhook["headers"], json!({"Authorization": "***", "X-Shop": "***"}));

        app.contact().await;
        app.settle().await;
        let delivery = app.get("/deliveries").await["items"][0].clone();
        let mut seen =
            vec![app.send("GET", "/webhooks", "").await.body, app.send("GET", "/events", "").await.body];
        seen.push(app.send("GET", &format!("/deliveries/{}", id(&delivery)), "").await.body);
        seen.push(
            app.send("PATCH", &path(&webhook, ""), r#"{"name":"New","headers":{"x-shop":"***"}}"#).await.body,
        );
        for rest in ["/pause", "/resume", "/disable", "/resume", "/test", "/rotate-secret"] {
            seen.push(app.send("POST", &path(&webhook, rest), "").await.body);
        }
        seen.push(app.send("GET", &path(&webhook, ""), "").await.body);
        for answer in seen {
            assert!(!answer.contains("of-mine") && !answer.contains(&secret), "{}: {answer}", app.engine);
        }
        // The masked one was kept, the other was left out; the test shows what is sent.
        let sent = receiver.received();
        assert_eq!(
            (sent[0].header("authorization"), sent[0].header("x-shop")),
            ("Bearer of-mine", "of-mine")
        );
        assert_eq!((sent[1].all("authorization").len(), sent[1].header("x-shop")), (0, "of-mine"));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_the_receiver_already_has_is_used() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
        let webhook = app.webhook(&receiver.url("/in"), json!({"secret": secret})).await;
        assert_eq!(webhook["secret"], secret);
        app.contact().await;
        app.settle().await;
        assert!(signed_with(&app, &json!(secret), &receiver.received()[0]));
        app.finish().await;
    }
}

/// Each setting with a new value, and how that is shown.
fn changes() -> Vec<(&'static str, Value, Value)> {
    let bots = json!(["bot_0198c4de5f00700080a1b2c3d4e5f607"]);
    vec![
        ("name", json!("Second, \"renamed\" 👩"), json!("Second, \"renamed\" 👩")),
        ("url", json!("http://LOCALHOST:8081/ä?x=1"), json!("http://localhost:8081/%C3%A4?x=1")),
        (
            "event_types",
            json!(["Marker Completed", "Chat Transcript", "Marker Completed"]),
            json!(["Chat Transcript", "Marker Completed"]),
        ),
        ("chatbot_ids", bots.clone(), bots),
        ("chatbot_ids", json!([]), json!([])),
        ("body", json!("exact"), json!("exact")),
        ("body", json!("extended"), json!("extended")),
        ("headers", json!({"X-B": "2", "X-A": "1"}), json!({"X-A": "***", "X-B": "***"})),
        ("headers", json!({}), json!({})),
        ("ordering", json!("conversation"), json!("conversation")),
        ("max_in_flight", json!(1), json!(1)),
        ("rate_per_second", json!(7), json!(7)),
        ("rate_per_second", json!(null), json!(null)),
        ("retry", json!("10min"), json!("10min")),
        ("name", json!("Third"), json!("Third")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_changes_alone() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let webhook = app.webhook("http://127.0.0.1:8081/", json!({})).await;
        let mut wanted = app.get(&path(&webhook, "")).await;
        for (name, value) in [
            ("body", json!("documented")),
            ("chatbot_ids", json!([])),
            ("headers", json!({})),
            ("max_in_flight", json!(64)),
            ("ordering", json!("none")),
            ("rate_per_second", json!(null)),
            ("retry", json!("3d")),
            ("state", json!("active")),
            ("state_reason", json!(null)),
        ] {
            assert_eq!(wanted[name], value, "the default of {name}");
        }
        for (name, value, shown) in changes() {
            app.clock.advance(Duration::from_secs(1));
            let answer =
                app.send("PATCH", &path(&webhook, ""), json!({ name: value }).to_string()).await.expect(200);
            (wanted[name], wanted["updated_at"]) = (shown, json!(app.db.ambient().clock.now().to_string()));
            assert_eq!(app.get(&path(&webhook, "")).await, wanted, "{}: {name}", app.engine);
            assert_eq!((&answer[name], &answer["warnings"]), (&wanted[name], &json!([])));
        }
        let unchanged = app.send("PATCH", &path(&webhook, ""), "{}").await.expect(200);
        assert_eq!(unchanged["name"], "Third");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_urls_may_repeat_and_each_webhook_has_its_own_secret() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let first = app.webhook(&receiver.url("/in"), json!({})).await;
        let second = app.webhook(&receiver.url("/in"), json!({})).await;
        let event = app.contact().await;
        app.settle().await;
        let received = receiver.received();
        assert_eq!(received.len(), 2);
        for request in &received {
            assert_eq!(request.header("webhook-id"), event);
            let by = [&first, &second].map(|webhook| signed_with(&app, &webhook["secret"], request));
            assert!(by[0] != by[1], "signed with the secret of one of them");
        }
        assert_ne!(received[0].header("webhook-signature"), received[1].header("webhook-signature"));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_url_and_new_headers_hold_for_retries_that_wait_but_a_new_form_does_not() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (old, new) = (Receiver::start().await, Receiver::start().await);
        old.behave(Behaviour::status(500));
        let webhook =
            app.webhook(&old.url("/old"), json!({"headers": {"X-Shop": "old", "X-Old": "1"}})).await;
        let event = app.contact().await;
        app.settle().await;
        let change = json!({"url": new.url("/new"), "headers": {"X-Shop": "new"}, "body": "exact"});
        app.send("PATCH", &path(&webhook, ""), change.to_string()).await.expect(200);
        app.after(Duration::from_secs(6)).await;

        let ([first], [second]) = (old.received().try_into().unwrap(), new.received().try_into().unwrap());
        let (first, second): (Received, Received) = (first, second);
        assert_eq!((first.header("x-shop"), second.header("x-shop")), ("old", "new"));
        assert_eq!((second.path.as_str(), second.all("x-old").len()), ("/new", 0));
        assert_eq!(first.body, second.body, "a repeat has the same bytes");
        assert_eq!(
            (first.header("webhook-id"), second.header("webhook-id")),
            (event.as_str(), event.as_str())
        );
        assert!(signed_with(&app, &webhook["secret"], &second));
        // The next event is planned in the new form.
        events::transcript(&app, "c").await;
        app.settle().await;
        assert!(new.received()[1].body.starts_with(br#"{"type":"Chat Transcript","data":"#));
        assert_eq!(deliveries::state(&deliveries::only(&app, &event).await), ("delivered", None));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_the_types_it_asks_for_from_then_on() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({"event_types": ["Chat Transcript"]})).await;
        app.contact().await;
        let chat = events::transcript(&app, "c").await;
        app.send("PATCH", &path(&webhook, ""), r#"{"event_types":["Contact Information"]}"#)
            .await
            .expect(200);
        app.clock.advance(Duration::from_secs(1));
        let contact = app.contact().await;
        events::transcript(&app, "c").await;
        app.settle().await;
        let mut ids: Vec<_> =
            receiver.received().iter().map(|it| it.header("webhook-id").to_owned()).collect();
        ids.sort();
        assert_eq!(ids, [chat, contact]);
        app.finish().await;
    }
}
