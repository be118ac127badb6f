//! TLS through the whole product: whoever cannot prove who it is gets no request, and the delivery waits.

use std::{net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use courier::{
    CourierSettings, EgressSettings, Limits,
    resolver::{Lookup, LookupError, Resolve},
};
use serde_json::{Value, json};
use suite::{
    Receiver, TestApp, TestStore, stores,
    test_app::local_egress,
    tls_fixture::{Authority, self_signed_for},
};
use tokio::net::TcpListener;

use crate::receivers::deliveries;

/// The name under which this machine is known to [`Local`].
pub(crate) const HOST: &str = "hooks.example.com";

/// Knows one name, [`HOST`], and that it is here.
struct Local;

impl Resolve for Local {
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        let known = name == HOST;
        let answer = known.then(|| vec![Ipv4Addr::LOCALHOST.into()]).ok_or(LookupError::NoSuchName);
        Box::pin(std::future::ready(answer))
    }
}

/// Everything local may be called, by [`HOST`] too, and `authority` is trusted.
pub(crate) fn trusting(authority: &Path) -> EgressSettings {
    EgressSettings {
        extra_ca_file: Some(authority.to_owned()),
        resolver: Some(Arc::new(Local)),
        ..local_egress()
    }
}

/// The only delivery of a webhook, with its attempts.
async fn only_delivery(app: &TestApp, webhook: &Value) -> Value {
    let found = deliveries(app, webhook).await;
    let [delivery] = &found[..] else { panic!("expected one delivery: {found:?}") };
    delivery.clone()
}

/// What a delivery looks like that only failed for reasons of TLS, so many times.
fn assert_waits(delivery: &Value, attempts: usize, address: &str, words: &str) {
    assert_eq!(delivery["state"], "pending", "{words}: {delivery}");
    assert!(delivery["next_attempt_at"].is_string(), "{words}: {delivery}");
    let made = delivery["attempts"].as_array().expect("a list");
    assert_eq!(made.len(), attempts, "{words}: {delivery}");
    for (index, attempt) in made.iter().enumerate() {
        assert_eq!(attempt["number"], index + 1, "{words}");
        assert_eq!(attempt["error"], "tls_error", "{words}: {attempt}");
        assert!(attempt["error_detail"].as_str().expect("words").contains(words), "{words}: {attempt}");
        assert_eq!(attempt["address"], address, "{words}");
        assert!(attempt["connect_ms"].is_number() && attempt["tls_ms"].is_number(), "{words}: {attempt}");
        for absent in ["status", "first_byte_ms", "response_headers", "response_body"] {
            assert_eq!(attempt[absent], Value::Null, "{words}: {attempt}");
        }
    }
}

async fn untrusted_receivers_get_nothing(store: TestStore) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let app = TestApp::start_with(store, trusting(authority.file()), CourierSettings::default()).await;
    let cases = [
        (authority.expired_for(&[HOST]), HOST, "has expired: it was valid until 2020-02-29T00:00:00Z"),
        (authority.valid_for(&["other.example.com"]), HOST, "is for another name, not for hooks.example.com"),
        (authority.valid_for(&[HOST]), "127.0.0.1", "is for another name, not for 127.0.0.1"),
        (self_signed_for(&[HOST]), HOST, "has an unknown issuer: it is self-signed"),
        (
            stranger.valid_for(&[HOST]),
            HOST,
            "the operator can trust another authority with egress.extra_ca_file",
        ),
        (authority.demanding_for(&[HOST]), HOST, "demands a client certificate"),
    ];
    let mut bad = Vec::new();
    for (config, host, words) in cases {
        let receiver = Receiver::start_tls(config).await;
        let webhook = app.webhook(&receiver.url_at(host, "/in"), json!({})).await;
        bad.push((receiver, webhook, words));
    }
    let good = Receiver::start_tls(authority.valid_for(&[HOST])).await;
    app.webhook(&good.url_at(HOST, "/in"), json!({})).await;

    let event = app.contact().await;
    app.settle().await;
    app.after(Duration::from_secs(6)).await;
    for (receiver, webhook, words) in &bad {
        let delivery = only_delivery(&app, webhook).await;
        assert_waits(&delivery, 2, &receiver.address().to_string(), words);
        assert_eq!((receiver.connections(), receiver.received().len()), (2, 0), "{words}");
    }
    assert_eq!(good.received().len(), 1, "one that can be trusted is not kept waiting by the others");

    // The receivers get a certificate that is right, which is the same as moving to one that has it.
    for (_, webhook, _) in &bad {
        let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));
        app.send("PATCH", &path, json!({"url": good.url_at(HOST, "/in")}).to_string()).await.expect(200);
    }
    app.after(Duration::from_secs(36)).await;
    let received = good.received();
    assert_eq!(received.len(), 1 + bad.len());
    assert!(received.iter().all(|it| it.header("webhook-id") == event));
    for (_, webhook, words) in &bad {
        let delivery = only_delivery(&app, webhook).await;
        assert_eq!(
            (&delivery["state"], &delivery["attempt_count"]),
            (&json!("delivered"), &json!(3)),
            "{words}"
        );
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_cannot_be_trusted_sees_no_request_and_its_delivery_waits() {
    for store in stores().await {
        untrusted_receivers_get_nothing(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_stalls_ends_with_the_time_to_connect_and_not_with_the_whole() {
    let limits = Limits { connect: Duration::from_millis(300), ..Limits::default() };
    let authority = Authority::new();
    let egress = EgressSettings { limits, ..trusting(authority.file()) };
    let app = TestApp::start_with(TestStore::sqlite(), egress, CourierSettings::default()).await;
    // The machine accepts the connection, and nobody ever reads from it or writes to it.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let webhook = app.webhook(&format!("https://{HOST}:{}/in", address.port()), json!({})).await;
    app.contact().await;
    app.settle().await;
    let delivery = only_delivery(&app, &webhook).await;
    assert_waits(&delivery, 1, &address.to_string(), "the TLS handshake was not done within 0.3 s");
    let total = delivery["attempts"][0]["total_ms"].as_f64().unwrap();
    assert!((300.0..10_000.0).contains(&total), "{total} ms");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_speak_tls_is_told_so() {
    let authority = Authority::new();
    let app =
        TestApp::start_with(TestStore::sqlite(), trusting(authority.file()), CourierSettings::default())
            .await;
    let too_old: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
    let no_cipher: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";
    let plain: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let mut cases = Vec::new();
    for (answer, words) in [
        (too_old, "too old"),
        (no_cipher, "in common"),
        (plain, "does not speak TLS"),
        (b"".as_slice(), "closed the connection"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let webhook = app.webhook(&format!("https://{HOST}:{}/in", address.port()), json!({})).await;
        cases.push((webhook, address, words, tokio::spawn(answer_raw(listener, answer))));
    }
    app.contact().await;
    app.settle().await;
    for (webhook, address, words, heard) in cases {
        assert_waits(&only_delivery(&app, &webhook).await, 1, &address.to_string(), words);
        let heard = heard.await.unwrap();
        assert_eq!(heard.first(), Some(&0x16), "{words}: only a handshake was offered");
        assert!(!heard.windows(5).any(|window| window == b"POST "), "{words}");
    }
    app.finish().await;
}

/// Takes one connection, answers those bytes to whatever comes first, and tells what came.
async fn answer_raw(listener: TcpListener, answer: &'static [u8]) -> Vec<u8> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut heard = vec![0; 4_096];
    let length = stream.read(&mut heard).await.expect("something to read");
    heard.truncate(length);
    stream.write_all(answer).await.expect("an open connection");
    stream.shutdown().await.expect("an open connection");
    // To its end, since closing with something unread would be a reset.
    let _ = stream.read_to_end(&mut heard).await;
    heard
}
