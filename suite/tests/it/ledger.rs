//! The ledger: every planned delivery is in one state, and a missing one shows.

use std::time::Duration;

use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use crate::webhooks::{id, path};

/// The ledger without its verdict: events, unmatched, planned, delivered, pending, exhausted, skipped.
async fn counts(app: &TestApp) -> [u64; 7] {
    let ledger = app.get("/ledger").await;
    assert_eq!(ledger["balanced"], true, "{}: {ledger}", app.engine);
    ["events", "unmatched", "planned", "delivered", "pending", "exhausted", "skipped"]
        .map(|name| ledger[name].as_u64().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_balances_through_every_state_of_a_delivery() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        assert_eq!(counts(&app).await, [0; 7]);
        app.contact().await;
        assert_eq!(counts(&app).await, [1, 1, 0, 0, 0, 0, 0], "no webhook: unmatched");

        let good = app.webhook(&receiver.url("/good"), json!({})).await;
        let bad = app.webhook(&receiver.url("/bad"), json!({"retry": "10min"})).await;
        receiver.behave_at("/bad", Behaviour::status(500));
        let paused = app.webhook(&receiver.url("/paused"), json!({})).await;
        app.post(&path(&paused, "/pause"), Value::Null, 200).await;
        app.contact().await;
        app.settle().await;
        assert_eq!(
            counts(&app).await,
            [2, 1, 3, 1, 2, 0, 0],
            "one delivered, one to be tried again, one waits"
        );

        let abort = vec![("webhook-delivery".to_owned(), "abort-message".to_owned())];
        receiver.behave_at("/bad", Behaviour::Status(400, abort, Vec::new()));
        app.after(Duration::from_secs(2)).await;
        assert_eq!(counts(&app).await, [2, 1, 3, 1, 1, 1, 0], "one was given up");

        app.post(&path(&paused, "/disable"), Value::Null, 200).await;
        assert_eq!(counts(&app).await, [2, 1, 3, 1, 0, 1, 1], "and one skipped");
        app.contact().await;
        app.settle().await;
        assert_eq!(counts(&app).await, [3, 1, 6, 2, 0, 2, 2], "a disabled webhook's are planned as skipped");

        let exhausted =
            app.get(&format!("/deliveries?webhook_id={}&state=exhausted&limit=1", id(&bad))).await;
        let resend = format!("/deliveries/{}/resend", id(&exhausted["items"][0]));
        app.post(&path(&bad, "/pause"), Value::Null, 200).await;
        app.post(&resend, Value::Null, 200).await;
        assert_eq!(counts(&app).await, [3, 1, 6, 2, 1, 1, 2], "a resend is pending again");
        app.post(&path(&good, "/test"), json!({}), 200).await;
        assert_eq!(counts(&app).await, [3, 1, 6, 2, 1, 1, 2], "a test counts nowhere");
        for webhook in [&good, &bad, &paused] {
            assert_eq!(app.send("DELETE", &path(webhook, ""), "").await.status, 204);
        }
        assert_eq!(
            counts(&app).await,
            [3, 1, 6, 2, 0, 1, 3],
            "with the webhooks deleted, what waited is skipped"
        );
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_vanishes_unbalances_its_own_accounts_ledger() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        for _ in 0..3 {
            app.contact().await;
        }
        app.settle().await;
        assert_eq!(counts(&app).await, [3, 0, 3, 3, 0, 0, 0]);

        app.sabotage("delete from delivery where id in (select id from delivery limit 1)").await;
        let ledger = app.get("/ledger").await;
        assert_eq!(
            (&ledger["planned"], &ledger["delivered"], &ledger["balanced"]),
            (&json!(3), &json!(2), &json!(false)),
            "{ledger}"
        );
        let other = app.send_as(&app.globex.1, "GET", "/ledger", "").await.expect(200);
        assert_eq!(other["balanced"], true);
        // Not `finish`, which would find what this test has broken.
        app.courier.stop(Duration::from_secs(20)).await;
    }
}
