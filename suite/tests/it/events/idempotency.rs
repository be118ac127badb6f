//! The header `Idempotency-Key`: a repeat is harmless, and anything else under the same key is refused.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde_json::json;
use suite::{Answer, Receiver, TestApp, stores};

const HOUR: Duration = Duration::from_secs(60 * 60);
const HELLO: &str = r#"{"type":"Chat Transcript","data":{"chat_transcript":"Hello"}}"#;
const GOODBYE: &str = r#"{"type":"Chat Transcript","data":{"chat_transcript":"Goodbye"}}"#;

async fn post_as(app: &TestApp, key: &str, path: &str, idempotency: &str, body: &str) -> Answer {
    let request = Request::post(format!("/api/v1{path}"))
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", idempotency);
    app.call(request.body(Body::from(body.to_owned())).expect("a good request")).await
}

async fn post(app: &TestApp, idempotency: &str, body: &str) -> Answer {
    post_as(app, &app.acme.1, "/events", idempotency, body).await
}

async fn events(app: &TestApp) -> u64 {
    app.get("/ledger").await["events"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_same_answer_and_makes_nothing() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        let first = post(&app, "k", HELLO).await;
        assert_eq!(first.expect(202)["deliveries"], 1);
        // The answer is the first one's, even if another would be given now.
        app.webhook(&receiver.url("/in"), json!({})).await;
        for _ in 0..3 {
            let repeat = post(&app, "k", HELLO).await;
            assert_eq!((repeat.status, &repeat.body), (first.status, &first.body));
        }
        for other in [GOODBYE, &format!("{HELLO} ")] {
            let refused = post(&app, "k", other).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "idempotency_key_reused"));
        }
        assert_eq!(post(&app, "other", HELLO).await.expect(202)["deliveries"], 2);
        assert_eq!(events(&app).await, 2);
        app.settle().await;
        assert_eq!(receiver.received().len(), 3);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_repeated_as_a_whole() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let batch = format!(r#"{{"events":[{HELLO},{GOODBYE}]}}"#);
        let post = async |body: &str| post_as(&app, &app.acme.1, "/events/batch", "k", body).await;
        let first = post(&batch).await;
        assert_eq!(first.expect(202)["items"].as_array().map(Vec::len), Some(2));
        assert_eq!(post(&batch).await.body, first.body);
        assert_eq!(post(&format!(r#"{{"events":[{HELLO}]}}"#)).await.code(), "idempotency_key_reused");
        assert_eq!(events(&app).await, 2);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_repeats_at_once_make_one_event() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for round in 0..5 {
            let post = || post(&app, "k", HELLO);
            let (a, b, c, d, e, f, g, h) =
                tokio::join!(post(), post(), post(), post(), post(), post(), post(), post());
            for answer in [b, c, d, e, f, g, h] {
                assert_eq!((answer.status.as_u16(), &answer.body), (202, &a.body), "{}", app.engine);
            }
            assert_eq!(events(&app).await, round + 1, "{}", app.engine);
            // From the second round on, the key is one whose time is over.
            app.after(73 * HOUR).await;
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_for_72_hours_and_then_free() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let first = post(&app, "k", HELLO).await;
        app.after(72 * HOUR - Duration::from_secs(1)).await;
        assert_eq!(post(&app, "k", HELLO).await.body, first.body);
        assert_eq!(post(&app, "k", GOODBYE).await.code(), "idempotency_key_reused");
        app.after(Duration::from_secs(2)).await;
        let second = post(&app, "k", GOODBYE).await;
        second.expect(202);
        assert_ne!(second.body, first.body);
        assert_eq!(post(&app, "k", GOODBYE).await.body, second.body, "it is kept anew");
        assert_eq!(post(&app, "k", HELLO).await.code(), "idempotency_key_reused");
        assert_eq!(events(&app).await, 2);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_uses_up_no_key_and_accounts_do_not_share_them() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let refused = post(&app, "k", r#"{"type":"Chat Transcript","data":{}}"#).await;
        assert_eq!(refused.status, 422);
        let ours = post(&app, "k", HELLO).await;
        ours.expect(202);
        let theirs = post_as(&app, &app.globex.1, "/events", "k", GOODBYE).await;
        theirs.expect(202);
        assert_ne!(ours.body, theirs.body);
        assert_eq!(events(&app).await, 1);
        app.finish().await;
    }
}
