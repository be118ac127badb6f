//! Four doors to the network: making a webhook, changing one, *Send test*, and a delivery. All keep the same rules.

use std::sync::Arc;

use courier::{CourierSettings, EgressSettings};
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, stores};

use crate::{
    bad_input::Nowhere,
    deliveries,
    webhooks::{id, path},
};

/// URL, verdict (`A` or `R`), host, and the rule that refuses.
const FIXTURE: &str = include_str!("../../fixtures/urls.tsv");
const HARMLESS: &str = "https://hooks.example.com/in";

struct Row {
    url: String,
    accepted: bool,
    host: &'static str,
    rule: &'static str,
}

fn rows() -> Vec<Row> {
    let rows: Vec<Row> = FIXTURE.lines().filter(|line| !line.is_empty()).map(row).collect();
    assert!(rows.len() > 60, "the fixture has only {} rows", rows.len());
    rows
}

fn row(line: &'static str) -> Row {
    let [url, verdict, host, reason] = line.split('\t').collect::<Vec<_>>().try_into().expect("four columns");
    let rule = reason.split(" (").next().expect("a rule");
    let url = url.replace("\\t", "\t").replace("\\r", "\r").replace("\\n", "\n");
    Row { url, accepted: verdict == "A", host, rule }
}

/// The rows to be refused, and those of this machine once more with the port of a receiver that would be reached.
fn refused(receiver: &Receiver) -> Vec<Row> {
    let refused: Vec<Row> = rows().into_iter().filter(|row| !row.accepted).collect();
    let here = ["127.0.0.1", "0.0.0.0", "[::ffff:7f00:1]"];
    let reachable = refused.iter().filter(|row| here.contains(&row.host) && row.rule.starts_with("ip"));
    let with_port = |row: &Row| {
        let url = row.url.strip_suffix('/').map(|url| format!("{url}:{}/in", receiver.port()));
        Row { url: url.expect("a URL without a path"), ..*row }
    };
    let reachable: Vec<Row> = reachable.map(with_port).collect();
    assert!(reachable.len() >= 10, "only {} spellings of this machine", reachable.len());
    refused.into_iter().chain(reachable).collect()
}

/// The product as it comes, but without a DNS.
async fn start(store: TestStore) -> TestApp {
    let egress = EgressSettings { resolver: Some(Arc::new(Nowhere)), ..EgressSettings::default() };
    TestApp::start_with(store, egress, CourierSettings::default()).await
}

fn new(url: &str) -> String {
    json!({"name": "CRM", "url": url, "event_types": ["Contact Information"]}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn making_and_changing_a_webhook_refuse_what_must_not_be_called_and_name_the_rule() {
    for store in stores().await {
        let app = start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(HARMLESS, json!({})).await;
        let before = app.get("/webhooks").await;
        let refused = refused(&receiver);
        for row in &refused {
            let change = json!({"url": row.url}).to_string();
            let (create, update) = (
                app.send("POST", "/webhooks", new(&row.url)).await,
                app.send("PATCH", &path(&webhook, ""), change).await,
            );
            for answer in [create, update] {
                let problem = answer.expect(422);
                assert_eq!(
                    (&problem["code"], &problem["errors"][0]["pointer"]),
                    (&json!("refused_url"), &json!("/url"))
                );
                let message = problem["errors"][0]["message"].as_str().unwrap();
                assert!(message.contains(&format!("(rule {})", row.rule)), "{}: {message}", row.url);
            }
        }
        assert_eq!(app.get("/webhooks").await, before, "{}", app.engine);
        assert_eq!(receiver.connections(), 0);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_called_is_taken_with_a_warning_if_its_name_does_not_resolve() {
    for store in stores().await {
        let app = start(store).await;
        let webhook = app.webhook(HARMLESS, json!({})).await;
        app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
        let accepted: Vec<Row> = rows().into_iter().filter(|row| row.accepted).collect();
        assert!(accepted.len() >= 5);
        for row in &accepted {
            let made = app.send("POST", "/webhooks", new(&row.url)).await.expect(201);
            let changed =
                app.send("PATCH", &path(&webhook, ""), json!({"url": row.url}).to_string()).await.expect(200);
            assert_eq!(made["url"], changed["url"]);
            assert!(made["url"].as_str().unwrap().contains(row.host), "{made}");
            let literal = row.host.parse::<std::net::IpAddr>().is_ok();
            for saved in [made, changed] {
                let warnings = saved["warnings"].as_array().expect("a list");
                assert_eq!(warnings.len(), usize::from(!literal), "{}: {warnings:?}", row.url);
                assert!(warnings.iter().all(|it| it.as_str().unwrap().contains("could not be resolved")));
            }
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_and_a_delivery_to_a_stored_url_that_must_not_be_called_open_no_connection() {
    for store in stores().await {
        let app = start(store).await;
        let receiver = Receiver::start().await;
        let refused = refused(&receiver);
        let mut webhooks = Vec::new();
        for number in 0..refused.len() {
            let webhook = app.webhook(HARMLESS, json!({"name": format!("row {number}")})).await;
            app.post(&path(&webhook, "/pause"), Value::Null, 200).await;
            webhooks.push(webhook);
        }
        let update = |(number, row): (usize, &Row)| {
            format!("update webhook set url = '{}' where name = 'row {number}';", row.url.replace('\'', "''"))
        };
        app.sabotage(&refused.iter().enumerate().map(update).collect::<String>()).await;

        for (webhook, row) in webhooks.iter().zip(&refused) {
            assert_eq!(app.get(&path(webhook, "")).await["url"], row.url, "the URL is in the store");
            let sent = app.post(&path(webhook, "/test"), json!({}), 200).await;
            check_blocked(&sent["attempt"], row, "test");
            assert!(sent["explanation"].as_str().unwrap().contains("may not call this URL"), "{sent}");
        }
        let event = app.contact().await;
        for webhook in &webhooks {
            app.post(&path(webhook, "/resume"), Value::Null, 200).await;
        }
        app.settle().await;
        let deliveries = deliveries::of(&app, &event).await;
        assert_eq!(deliveries.len(), refused.len());
        for delivery in &deliveries {
            let of = |webhook: &Value| delivery["webhook_id"] == id(webhook);
            let row = &refused[webhooks.iter().position(of).expect("a webhook of this test")];
            let [attempt] = &delivery["attempts"].as_array().unwrap()[..] else {
                panic!("{}: expected one attempt: {delivery}", row.url)
            };
            check_blocked(attempt, row, "scheduled");
            assert_eq!(deliveries::state(delivery), ("pending", None), "it may be allowed tomorrow");
        }
        assert_eq!(receiver.connections(), 0, "{}", app.engine);
        app.finish().await;
    }
}

fn check_blocked(attempt: &Value, row: &Row, kind: &str) {
    let url = &row.url;
    assert_eq!(
        (&attempt["error"], &attempt["kind"]),
        (&json!("blocked_address"), &json!(kind)),
        "{url}: {attempt}"
    );
    for name in ["address", "status", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "response_body"] {
        assert_eq!(attempt[name], Value::Null, "{url}: {name}");
    }
    let detail = attempt["error_detail"].as_str().expect("words");
    assert!(detail.contains(&format!("(rule {})", row.rule)), "{url}: {detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_failure_and_leads_nowhere() {
    for store in stores().await {
        // Even where this machine may be called.
        let app = TestApp::start(store).await;
        let (receiver, inside) = (Receiver::start().await, Receiver::start().await);
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        for to in [inside.url("/"), inside.url("/").replace("127.0.0.1", "localhost"), receiver.url("/other")]
        {
            receiver.behave(Behaviour::Redirect(to.clone()));
            let before = receiver.received().len();
            let event = app.contact().await;
            app.settle().await;
            let delivery = deliveries::only(&app, &event).await;
            let attempt = &delivery["attempts"][0];
            assert_eq!((&delivery["attempt_count"], &attempt["status"]), (&json!(1), &json!(302)));
            assert_eq!(
                (&attempt["response_headers"]["location"], &attempt["error"]),
                (&json!(to), &Value::Null)
            );
            assert_eq!(deliveries::state(&delivery), ("pending", None));
            let sent = app.post(&path(&webhook, "/test"), json!({}), 200).await;
            assert_eq!(sent["attempt"]["status"], 302);
            assert_eq!(receiver.received().len(), before + 2);
            assert!(receiver.received().iter().all(|request| request.path == "/in"));
        }
        assert_eq!(inside.connections(), 0, "{}", app.engine);
        app.finish().await;
    }
}
