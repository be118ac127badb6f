//! What goes over the wire, to the byte: the two example events in the three forms, and nothing beside them.

use courier::CourierSettings;
use domain::{Secret, signature};
use serde_json::{Value, json};
use suite::{Receiver, TestApp, receiver::Received, stores, tls_fixture::Authority};

use crate::tls::{HOST, trusting};

/// The event of a captured contact, and that of a closed chat.
const CONTACT: &str = r#"{"name":"John Carter","email":"john.carter@outlook.com","phone":"+919811123456"}"#;
const TRANSCRIPT: &str = r#"{"chat_transcript":"Chat Transcript"}"#;

/// Every header line that a delivery has, in alphabetical order.
const HEADERS: [&str; 8] = [
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "webhook-event-type",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

async fn post(app: &TestApp, event_type: &str, data: &str) -> String {
    let body = format!(
        r#"{{"type":"{event_type}","data":{data},"conversation_id":"c \"1\" Zoë","occurred_at":"2026-03-04T10:15:30Z"}}"#
    );
    let accepted = app.send("POST", "/events", body).await.expect(202);
    accepted["id"].as_str().expect("an id").to_owned()
}

/// The body that a receiver of this form must get.
fn body(form: &str, id: &str, event_type: &str, data: &str) -> String {
    let open = data.trim_end_matches('}');
    match form {
        "documented" => format!(r#"{{"type":"{event_type}","event_type":"{event_type}","data":{data}}}"#),
        "exact" => format!(r#"{{"type":"{event_type}","data":{data}}}"#),
        _ => format!(
            r#"{{"id":"{id}","type":"{event_type}","event_type":"{event_type}","timestamp":"2026-03-04T10:15:30Z","data":{open},"conversation_id":"c \"1\" Zoë"}}}}"#
        ),
    }
}

/// That a request is a delivery like any other, apart from its body.
fn assert_plain_post(app: &TestApp, webhook: &Value, request: &Received, id: &str, event_type: &str) {
    assert_eq!(request.method, "POST");
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, HEADERS, "each header once, and no others");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("content-length"), request.body.len().to_string());
    assert!(request.header("user-agent").starts_with("Leadpost/"));
    assert_eq!(request.header("webhook-event-type"), event_type);
    assert_eq!(request.header("webhook-id"), id);
    let now = app.db.ambient().clock.now();
    assert_eq!(request.header("webhook-timestamp"), now.seconds().to_string());
    let tokens: Vec<&str> = request.header("webhook-signature").split(' ').collect();
    assert!(matches!(tokens[..], [token] if token.starts_with("v1,") && token.len() == 47), "{tokens:?}");
    let secret = Secret::parse(webhook["secret"].as_str().expect("a secret")).expect("a good secret");
    let (at, signed) = (request.header("webhook-timestamp"), request.header("webhook-signature"));
    assert_eq!(signature::verify(&secret, id, at, signed, &request.body, now), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_events_arrive_exact_to_the_byte_in_each_form_over_http_and_tls() {
    for store in stores().await {
        let authority = Authority::new();
        let app = TestApp::start_with(store, trusting(authority.file()), CourierSettings::default()).await;
        let plain = Receiver::start().await;
        let secure = Receiver::start_tls(authority.valid_for(&[HOST])).await;
        let mut webhooks = Vec::new();
        for form in ["documented", "exact", "extended"] {
            let path = format!("/{form}?from=leadpost");
            for (receiver, url) in [(&plain, plain.url(&path)), (&secure, secure.url_at(HOST, &path))] {
                webhooks.push((app.webhook(&url, json!({"body": form})).await, form, receiver));
            }
        }
        for (event_type, data) in [("Contact Information", CONTACT), ("Chat Transcript", TRANSCRIPT)] {
            let id = post(&app, event_type, data).await;
            app.settle().await;
            for (webhook, form, receiver) in &webhooks {
                let path = format!("/{form}?from=leadpost");
                let mut received = receiver.received();
                received.retain(|it| it.path == path && it.all("webhook-id") == [&id]);
                let [request] = &received[..] else { panic!("{}, {form}: {received:?}", app.engine) };
                assert_eq!(str::from_utf8(&request.body), Ok(&*body(form, &id, event_type, data)));
                assert_plain_post(&app, webhook, request, &id, event_type);
                let host = url_host(webhook["url"].as_str().unwrap());
                assert_eq!(request.header("host"), host);
            }
        }
        assert_eq!((plain.received().len(), secure.received().len()), (6, 6), "{}", app.engine);
        app.finish().await;
    }
}

/// Host and port of a URL.
fn url_host(url: &str) -> &str {
    url.split('/').nth(2).expect("an absolute URL")
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_sent_as_it_was_said() {
    // White space, order, spelling of numbers and of characters, a member twice: a parser would lose them all.
    let data = "{ \"phone\" : null,\n\t\"name\":\"\\u005a\\u00f6\\ud83d\\ude00 \u{1f469}\u{200d}\u{1f4bb} \\/\",\
        \"n\":[1e400,-0,1.0E+2,123456789012345678901234567890],\"email\":\"a@b\" ,\"x\":1,\"x\":2,\"null\":\"\\u0000\"}";
    let compact = "{\"phone\":null,\"name\":\"\\u005a\\u00f6\\ud83d\\ude00 \u{1f469}\u{200d}\u{1f4bb} \\/\",\
        \"n\":[1e400,-0,1.0E+2,123456789012345678901234567890],\"email\":\"a@b\",\"x\":1,\"x\":2,\"null\":\"\\u0000\"}";
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        for form in ["documented", "exact", "extended"] {
            app.webhook(&receiver.url(&format!("/{form}")), json!({"body": form})).await;
        }
        let id = post(&app, "Contact Information", data).await;
        app.settle().await;
        let received = receiver.received();
        assert_eq!(received.len(), 3);
        for request in &received {
            let form = request.path.trim_start_matches('/');
            let said = if form == "extended" { compact } else { data };
            let expected = body(form, &id, "Contact Information", said);
            assert_eq!(str::from_utf8(&request.body), Ok(&*expected), "{}, {form}", app.engine);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_of_a_delivery_has_the_form_that_it_was_planned_with() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(suite::Behaviour::FailFirst(1));
        let webhook = app.webhook(&receiver.url("/in"), json!({"body": "extended"})).await;
        let id = post(&app, "Chat Transcript", TRANSCRIPT).await;
        app.settle().await;
        let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
        app.send("PATCH", &path, r#"{"body":"exact"}"#).await.expect(200);
        app.after(std::time::Duration::from_secs(6)).await;
        let later = post(&app, "Chat Transcript", TRANSCRIPT).await;
        app.settle().await;
        let received = receiver.received();
        let bodies: Vec<_> = received.iter().map(|it| str::from_utf8(&it.body).unwrap()).collect();
        let extended = body("extended", &id, "Chat Transcript", TRANSCRIPT);
        assert_eq!(bodies, [&*extended, &*extended, &*body("exact", &later, "Chat Transcript", TRANSCRIPT)]);
        app.finish().await;
    }
}
