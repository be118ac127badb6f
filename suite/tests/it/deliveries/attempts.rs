//! What an attempt leaves behind: every try, and what was answered.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::{only, state};

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Behaviour {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Behaviour::Status(status, headers.collect(), body.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_try_is_recorded_with_its_answer_or_why_there_is_none() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let headers = [("X-Reason", "tired"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")];
        receiver.behave(Behaviour::InTurn(vec![
            Behaviour::CloseWithoutAnswer,
            Behaviour::garbage(),
            answer(500, &headers, "later"),
            Behaviour::Redirect("https://hooks.example.com/".into()),
            answer(201, &[], "{\"ok\":true}"),
        ]));
        app.webhook(&receiver.url("/in"), json!({})).await;
        let (event, mut times) = (app.contact().await, Vec::new());
        app.settle().await;
        for _ in 0..5 {
            times.push(json!(app.db.ambient().clock.now().to_string()));
            app.after(Duration::from_secs(60 * 60)).await;
        }

        let delivery = only(&app, &event).await;
        assert_eq!(state(&delivery), ("delivered", None));
        let attempts = delivery["attempts"].as_array().expect("a list");
        let outcomes: Vec<_> =
            attempts.iter().map(|it| (it["status"].as_u64(), it["error"].as_str())).collect();
        let (closed, garbage) = ((None, Some("connection_closed")), (None, Some("protocol_error")));
        let wanted = [closed, garbage, (Some(500), None), (Some(302), None), (Some(201), None)];
        assert_eq!(outcomes, wanted, "{}: {delivery}", app.engine);
        for (index, attempt) in attempts.iter().enumerate() {
            assert_eq!((&attempt["number"], &attempt["at"]), (&json!(index + 1), &times[index]));
            check_facts(attempt, &receiver);
        }
        let shown = json!({"x-reason": "tired", "set-cookie": "a=1, b=2", "content-length": "5"});
        assert_eq!(attempts[2]["response_headers"], shown);
        assert_eq!(attempts[2]["response_body"], "later");
        assert_eq!(attempts[4]["response_body"], "{\"ok\":true}");
        app.finish().await;
    }
}

/// What must be there of every attempt, and what only where there was an answer.
fn check_facts(attempt: &Value, receiver: &Receiver) {
    assert_eq!((&attempt["kind"], &attempt["tls_ms"]), (&json!("scheduled"), &Value::Null));
    assert_eq!(attempt["address"], receiver.address().to_string(), "{attempt}");
    assert_eq!(attempt["dns_ms"], Value::Null, "an address needs no look-up");
    let (total, answered) = (attempt["total_ms"].as_f64(), attempt["status"].is_u64());
    assert!(total.is_some_and(|total| total > 0.0), "{attempt}");
    assert_eq!(
        attempt["first_byte_ms"].is_f64(),
        answered || attempt["error"] == "protocol_error",
        "{attempt}"
    );
    assert_eq!(attempt["response_headers"].is_object(), answered);
    assert_eq!(attempt["response_body"].is_string(), answered);
    assert_eq!(attempt["error_detail"].is_string(), !answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_was_closed_meanwhile_costs_no_attempt() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::CloseReused);
        app.webhook(&receiver.url("/in"), json!({})).await;
        for _ in 0..3 {
            let event = app.contact().await;
            app.settle().await;
            let delivery = only(&app, &event).await;
            assert_eq!((state(&delivery), &delivery["attempt_count"]), (("delivered", None), &json!(1)));
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_64_kib_of_an_answer_are_kept_whatever_they_are() {
    const KEPT: usize = 64 * 1024;
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        let cases = [
            (Vec::new(), String::new(), false),
            (b"x".repeat(KEPT), "x".repeat(KEPT), false),
            (b"x".repeat(KEPT + 1), "x".repeat(KEPT), false),
            (b"x".repeat(3 * KEPT), "x".repeat(KEPT), false),
            // The limit cuts an é in two.
            ([b"x".repeat(KEPT - 1), "é".into()].concat(), "x".repeat(KEPT - 1), false),
            (b"M\xfcller\xff\x00".to_vec(), "TfxsbGVy/wA=".into(), true),
            (b"a\x00b \x01".to_vec(), "a\u{0}b \u{1}".into(), false),
            ("</script> 👩 \u{2028}".into(), "</script> 👩 \u{2028}".into(), false),
        ];
        for (sent, shown, base64) in cases {
            receiver.behave(answer(200, &[], sent));
            let event = app.contact().await;
            app.settle().await;
            let delivery = only(&app, &event).await;
            let attempt = &delivery["attempts"][0];
            assert_eq!(state(&delivery), ("delivered", None));
            assert!(attempt["response_body"] == shown, "{}: {shown:.80}", app.engine);
            assert_eq!(attempt["response_body_base64"], base64, "{}: {shown:.80}", app.engine);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_answer_from_200_to_299_delivers() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        for status in [
            200, 201, 202, 204, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 409, 429,
            500, 503, 599,
        ] {
            receiver.behave(answer(status, &[("location", "/in")], ""));
            let before = receiver.received().len();
            let event = app.contact().await;
            app.settle().await;
            let delivery = only(&app, &event).await;
            let wanted = if status < 300 { "delivered" } else { "pending" };
            assert_eq!(state(&delivery), (wanted, None), "{status}");
            assert_eq!(delivery["attempts"][0]["status"], status);
            assert_eq!(receiver.received().len(), before + 1, "{status}");
        }
        app.finish().await;
    }
}
