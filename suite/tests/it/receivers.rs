//! Receivers that behave badly, met by the whole product: each try leaves exactly one attempt that says what was
//! wrong, the next delivery of the same webhook goes on, and no other webhook waits.

mod connections;
mod statuses;

use std::time::Duration;

use courier::{CourierSettings, EgressSettings, Limits};
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, stores, test_app::local_egress};

/// Limits that a test can wait for, and yet long enough for a good answer on a busy machine.
const SHORT: Limits = Limits {
    dns: Duration::from_millis(500),
    connect: Duration::from_millis(500),
    total: Duration::from_millis(1_500),
    idle: Duration::from_secs(4),
};

async fn start(store: TestStore) -> TestApp {
    let egress = EgressSettings { limits: SHORT, ..local_egress() };
    TestApp::start_with(store, egress, CourierSettings::default()).await
}

/// A webhook that has one request in flight at a time.
async fn narrow(app: &TestApp, url: &str) -> Value {
    app.webhook(url, json!({"max_in_flight": 1})).await
}

/// The deliveries of a webhook with their attempts, oldest first.
pub(crate) async fn deliveries(app: &TestApp, webhook: &Value) -> Vec<Value> {
    let list = app.get(&format!("/deliveries?webhook_id={}", webhook["id"].as_str().expect("an id"))).await;
    let mut found = Vec::new();
    for item in list["items"].as_array().expect("a list").iter().rev() {
        found.push(app.get(&format!("/deliveries/{}", item["id"].as_str().expect("an id"))).await);
    }
    found
}

/// The attempts of a delivery, which are numbered from 1 and counted.
fn attempts(delivery: &Value) -> &[Value] {
    let attempts = delivery["attempts"].as_array().expect("a list");
    assert_eq!(delivery["attempt_count"], attempts.len(), "{delivery}");
    for (index, attempt) in attempts.iter().enumerate() {
        assert_eq!(
            (&attempt["number"], &attempt["kind"]),
            (&json!(index + 1), &json!("scheduled")),
            "{delivery}"
        );
    }
    attempts
}

/// What an attempt must say.
#[derive(Clone, Copy, Debug)]
enum Said {
    /// No answer: this error, with these words.
    Error(&'static str, &'static str),
    /// An answer with this status; it succeeds if that is 2xx.
    Status(u16),
}
use Said::{Error, Status};

impl Said {
    fn succeeds(self) -> bool {
        matches!(self, Status(200..=299))
    }

    fn check(self, attempt: &Value) {
        match self {
            Status(status) => {
                assert_eq!(
                    (&attempt["status"], &attempt["error"]),
                    (&json!(status), &Value::Null),
                    "{attempt}"
                );
                assert!(
                    attempt["first_byte_ms"].is_number() && attempt["response_headers"].is_object(),
                    "{attempt}"
                );
            }
            Error(class, words) => {
                assert_eq!(
                    (&attempt["error"], &attempt["status"]),
                    (&json!(class), &Value::Null),
                    "{attempt}"
                );
                assert!(
                    attempt["error_detail"].as_str().expect("words").contains(words),
                    "{words}: {attempt}"
                );
                assert_eq!(
                    (&attempt["response_headers"], &attempt["response_body"]),
                    (&Value::Null, &Value::Null)
                );
            }
        }
    }
}

/// Sends two events to a receiver for each case that behaves so towards the first and well from then on, until all
/// have arrived. The attempt that met the bad behaviour, for each case.
async fn face(store: TestStore, cases: Vec<(Behaviour, Said)>) -> Vec<Value> {
    let app = start(store).await;
    let good = Receiver::start().await;
    let neighbour = app.webhook(&good.url("/in"), json!({})).await;
    let mut met = Vec::new();
    for (behaviour, said) in cases {
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::InTurn(vec![behaviour, Behaviour::status(200)]));
        let webhook = narrow(&app, &receiver.url("/in")).await;
        met.push((receiver, webhook, said));
    }
    let first = app.contact().await;
    app.clock.advance(Duration::from_millis(1));
    let second = app.contact().await;
    app.settle().await;
    let mut bad = Vec::new();
    for (receiver, webhook, said) in &met {
        assert_eq!(ids(receiver), [&*first, &*second], "{said:?}: each once, and the second without waiting");
        let [one, two] = &deliveries(&app, webhook).await[..] else { panic!("two deliveries") };
        let [attempt] = attempts(one) else { panic!("one attempt, {said:?}: {one}") };
        said.check(attempt);
        assert_eq!(attempt["address"], receiver.address().to_string());
        assert_eq!(one["state"], if said.succeeds() { "delivered" } else { "pending" }, "{said:?}");
        assert_eq!((&two["state"], attempts(two).len()), (&json!("delivered"), 1), "{said:?}");
        Status(200).check(&two["attempts"][0]);
        bad.push(attempt.clone());
    }

    app.after(Duration::from_secs(6)).await;
    for (receiver, webhook, said) in met.iter().filter(|(.., said)| !said.succeeds()) {
        assert_eq!(ids(receiver), [&*first, &*second, &*first], "{said:?}");
        let [one, _] = &deliveries(&app, webhook).await[..] else { panic!("two deliveries") };
        let [_, retried] = attempts(one) else { panic!("two attempts, {said:?}: {one}") };
        Status(200).check(retried);
        assert_eq!(one["state"], "delivered", "{said:?}");
    }
    assert_eq!(good.received().len(), 2);
    assert!(deliveries(&app, &neighbour).await.iter().all(|it| attempts(it).len() == 1));
    app.finish().await;
    bad
}

/// The `webhook-id` of each request that came.
fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.received().iter().map(|request| request.header("webhook-id").to_owned()).collect()
}

fn raw(answer: impl AsRef<[u8]>) -> Behaviour {
    Behaviour::Raw(answer.as_ref().to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_answer_in_time_is_a_timeout() {
    let said = Error("timeout", "no complete answer came within 1.5 s");
    let cases = vec![(Behaviour::Hang, said), (Behaviour::SlowHeaders(Duration::from_millis(10)), said)];
    let met = face(TestStore::sqlite(), cases).await;
    for attempt in &met {
        assert!((1_500.0..10_000.0).contains(&attempt["total_ms"].as_f64().unwrap()), "{attempt}");
    }
    assert_eq!(met[0]["first_byte_ms"], Value::Null);
    assert!(met[1]["first_byte_ms"].as_f64().unwrap() < 1_500.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_before_an_answer_is_a_failure() {
    let (nothing, a_part) = ("without an answer", "before its answer's headers were complete");
    let cases = vec![
        (Behaviour::Reset, Error("connection_closed", nothing)),
        (Behaviour::CloseWithoutAnswer, Error("connection_closed", nothing)),
        (raw("HTTP/1.1 200 OK\r\nx-a: b"), Error("connection_closed", a_part)),
    ];
    face(TestStore::sqlite(), cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_a_protocol_error() {
    let head = |lines: &str| raw(format!("HTTP/1.1 200 OK\r\n{lines}\r\n"));
    let many: String = (0..10_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let cases = [
        Behaviour::garbage(),
        Behaviour::HugeHeader(1 << 20),
        raw("<html>as HTTP/0.9 did it</html>\r\n\r\n"),
        raw("HTTP/1.1 000 Nothing\r\ncontent-length: 0\r\n\r\n"),
        raw("HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n"),
        head(&many),
        head("x-folded: a\r\n b\r\n"),
        head("x-nul: a\0b\r\n"),
        head("content-length: 1\r\ncontent-length: 2\r\n"),
        head("content-length: -1\r\n"),
    ];
    let said = Error("protocol_error", "is not valid HTTP/1.1");
    face(TestStore::sqlite(), cases.map(|behaviour| (behaviour, said)).to_vec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_stays_one_whatever_its_body_does() {
    const LIMIT: usize = 64 * 1024;
    let answer = |lines: &str| raw(format!("HTTP/1.1 200 OK\r\n{lines}"));
    let own = |status, body: &str| Behaviour::Status(status, Vec::new(), body.into());
    let unasked = "content-length: 2\r\n\r\nokHTTP/1.1 500 Unasked\r\ncontent-length: 0\r\n\r\n";
    let cases = [
        (Behaviour::SlowBody(Duration::from_millis(10)), 200),
        (Behaviour::EndlessBody, 200),
        (Behaviour::ResetInBody, 200),
        (answer("transfer-encoding: chunked\r\n\r\nzz\r\nno chunk\r\n"), 200),
        (answer("content-length: 100\r\n\r\nshort"), 200),
        (answer(unasked), 200),
        (answer("connection: close\r\n\r\nuntil the end"), 200),
        (own(200, "error: not what it looks like"), 200),
        (own(204, ""), 204),
        (own(205, ""), 205),
        (own(206, "a part"), 206),
    ];
    let cases = cases.map(|(behaviour, status)| (behaviour, Status(status))).to_vec();
    let met = face(TestStore::sqlite(), cases).await;
    let body = |index: usize| met[index]["response_body"].as_str().unwrap();
    assert!(!body(0).is_empty() && body(0).bytes().all(|byte| byte == b'x') && body(0).len() < 1_500);
    assert!(body(1).bytes().all(|byte| byte == b'x') && body(1).len() == LIMIT);
    let rest: Vec<&str> = (2..met.len()).map(body).collect();
    let expected =
        ["so far", "", "short", "ok", "until the end", "error: not what it looks like", "", "", "a part"];
    assert_eq!(rest, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interim_answer_is_not_the_answer_and_another_protocol_is_a_failure() {
    let flood = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(1_000);
    let answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
    let cases = vec![
        (raw(format!("HTTP/1.1 100 Continue\r\n\r\n{flood}{answer}")), Status(202)),
        (raw("HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), Status(101)),
        (raw("HTTP/1.1 100 Continue\r\n\r\n"), Error("connection_closed", "headers were complete")),
    ];
    face(TestStore::sqlite(), cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_any_bytes_is_kept_and_nothing_is_inflated() {
    for store in stores().await {
        let zipped = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03 a bomb \xff\0";
        let head = format!(
            "content-encoding: gzip\r\nx-odd: a\u{fffd}b\r\ncontent-length: {}\r\n\r\n",
            zipped.len()
        );
        let head: Vec<u8> =
            head.replace('\u{fffd}', "?").bytes().map(|b| if b == b'?' { 0xff } else { b }).collect();
        let answer = [b"HTTP/1.1 200 OK\r\n".as_slice(), &head, zipped].concat();
        let nul =
            Behaviour::Status(503, vec![("x-text".to_owned(), "Zoë \u{202e}".to_owned())], b"a\0b".to_vec());
        let [zip, text] = &face(store, vec![(raw(answer), Status(200)), (nul, Status(503))]).await[..] else {
            panic!("two attempts")
        };
        let pair =
            |attempt: &Value| (attempt["response_body"].clone(), attempt["response_body_base64"].clone());
        assert_eq!(pair(zip), (json!("H4sIAAAAAAACAyBhIGJvbWIg/wA="), json!(true)));
        assert_eq!(zip["response_headers"]["content-encoding"], "gzip");
        assert_eq!(zip["response_headers"]["x-odd"], "a\u{fffd}b");
        assert_eq!(pair(text), (json!("a\0b"), json!(false)));
        assert_eq!(text["response_headers"]["x-text"], "Zoë \u{202e}");
    }
}
