//! How fast and how many at once. These two limits are held by real time, which no test can move.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::path;

/// Posts so many transcripts with one request.
async fn post(app: &TestApp, number: usize) {
    let event = json!({"type": "Chat Transcript", "data": {"chat_transcript": "Hello"}});
    app.post("/events/batch", json!({"events": vec![event; number]}), 202).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_attempts_start_in_a_second_than_the_webhook_allows() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({"rate_per_second": 20})).await;
        let begun = Instant::now();
        post(&app, 11).await;
        app.settle().await;
        let taken = begun.elapsed();
        assert_eq!(receiver.received().len(), 11);
        assert!(taken >= Duration::from_millis(500), "ten waits of 50 ms took {taken:?}");
        // Without the limit nothing waits for that long.
        app.send("PATCH", &path(&webhook, ""), r#"{"rate_per_second":null}"#).await.expect(200);
        let begun = Instant::now();
        post(&app, 400).await;
        app.settle().await;
        assert_eq!(receiver.received().len(), 411);
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}, not 20 s", begun.elapsed());
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_requests_are_under_way_than_the_webhook_allows() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for allowed in [1, 2, 5] {
            let receiver = Receiver::start().await;
            receiver.behave(Behaviour::Delay(Duration::from_millis(30)));
            let webhook = app.webhook(&receiver.url("/in"), json!({"max_in_flight": allowed})).await;
            let begun = Instant::now();
            post(&app, 10).await;
            app.settle().await;
            assert_eq!(receiver.received().len(), 10);
            // A connection carries one request at a time and is used again, so there were never more at once.
            assert!(receiver.connections() <= allowed, "{} for {allowed}", receiver.connections());
            let rounds = u32::try_from(10 / allowed).unwrap();
            assert!(begun.elapsed() >= Duration::from_millis(30) * rounds, "{:?}", begun.elapsed());
            app.post(&path(&webhook, "/disable"), Value::Null, 200).await;
        }
        app.finish().await;
    }
}
