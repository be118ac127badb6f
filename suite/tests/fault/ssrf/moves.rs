//! Names that lead elsewhere from one moment to the next (DNS rebinding).

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    child::POLL,
    dns::{Record, Reply},
    form::times,
    honeypot::{PUBLIC, within},
    ssrf::{Stage, check_arrived, check_blocked, public},
};

const NAME: &str = "hooks.example.com";
const NETWORKS: Option<&str> = Some("egress.allow_networks");
/// So many events are posted at once.
const BATCH: usize = 500;

/// What became of attempts.
#[derive(Default)]
struct Tally {
    delivered: usize,
    blocked: usize,
}

impl Tally {
    #[track_caller]
    fn add(&mut self, attempt: &Value) {
        if attempt["error"].is_null() {
            check_arrived(attempt, &public(80));
            self.delivered += 1;
        } else {
            check_blocked(attempt, "ip.loopback", NETWORKS);
            assert!(!attempt.to_string().contains("127.0.0.1"), "tells where {NAME} leads: {attempt}");
            self.blocked += 1;
        }
    }
}

#[test]
fn d7_a_name_that_flips_with_every_query_is_called_where_it_is_public_or_not_at_all() {
    within(async |pot| {
        let mut stage = Stage::open(pot, &[("LEADPOST_EGRESS__ALLOW_HTTP", "true")]).await;
        let webhook = stage.webhook(&format!("http://{NAME}/"), json!({"max_in_flight": 1})).await;
        // Without kept connections, each attempt looks the name up.
        stage.pot.sinks.answer(|_| "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned());
        stage.pot.dns.answer(NAME, |question, before| {
            let address = if before.is_multiple_of(2) { PUBLIC[0] } else { "127.0.0.1" };
            let record = Record::address(&question.name, address.parse().expect("an address"));
            Reply::Records(if question.is_v4() { vec![record] } else { Vec::new() })
        });
        let (began, events, tests) = (Instant::now(), times(500, 10_000), times(50, 1_000));
        let (mut sent, mut tested);
        tested = Tally::default();
        for batch in (0..events).step_by(BATCH) {
            post_many(&mut stage, BATCH.min(events - batch)).await;
            for _ in 0..tests * BATCH / events {
                tested.add(&stage.test(&webhook).await);
            }
        }
        try_all(&mut stage, &webhook, events).await;
        let (mut arrived, waited) = (Vec::new(), Instant::now());
        loop {
            sent = Tally::default();
            all_attempts(&mut stage).await.iter().for_each(|attempt| sent.add(attempt));
            arrived.extend(stage.pot.sinks.requests());
            // What was under way when it was stopped is still to be recorded.
            if arrived.len() == sent.delivered + tested.delivered {
                break;
            }
            let known = sent.delivered + tested.delivered;
            assert!(
                waited.elapsed() < Duration::from_secs(60),
                "{} arrived, {known} recorded",
                arrived.len()
            );
        }
        let queries = stage.pot.dns.asked();
        let queries = queries.iter().filter(|it| it.name == NAME && it.is_v4()).count();
        assert!(arrived.iter().all(|request| request.address.to_string() == public(80)));
        let accepts = stage.pot.sinks.accepts().await;
        println!(
            "flips: {events} deliveries in {} attempts ({} delivered, {} blocked), {} tests ({} delivered, {} \
             blocked), {queries} queries, connected to {accepts:?}; {:.1?}",
            sent.delivered + sent.blocked,
            sent.delivered,
            sent.blocked,
            tested.delivered + tested.blocked,
            tested.delivered,
            tested.blocked,
            began.elapsed()
        );
        let delivered = sent.delivered + tested.delivered;
        assert_eq!(accepts, [(public(80).parse().expect("an address"), delivered)].into());
        // Each verdict was met often; and it was not one verdict for all.
        assert!(sent.blocked > events / 10 && sent.delivered > events / 10);
        assert!(tested.blocked > tests / 10 && tested.delivered > tests / 10);
        stage.close().await;
    });
}

#[test]
fn d8_a_name_that_moves_after_its_webhook_was_made_is_refused_when_it_is_called() {
    within(async |pot| {
        pot.dns.point(NAME, &[PUBLIC[0]]);
        let mut stage = Stage::open(pot, &[]).await;
        let webhook = stage.create(&format!("https://{NAME}/")).await.expect(201);
        assert_eq!(webhook["warnings"], json!([]));
        stage.pot.dns.point(NAME, &["169.254.169.254"]);
        let (delivery, attempt) = stage.deliver().await;
        check_blocked(&attempt, "ip.link-local", NETWORKS);
        assert_eq!(delivery["state"], "pending", "{delivery}");
        assert_ne!(delivery["next_attempt_at"], Value::Null, "{delivery}");
        stage.check_connected(&[]).await;
        stage.close().await;
    });
}

#[test]
fn d8_a_name_that_moves_between_attempts_is_refused_until_it_comes_back() {
    within(async |pot| {
        // Asked for when the webhook is made, and for each of three attempts.
        pot.dns.answer(NAME, |question, before| {
            let address = [PUBLIC[0], PUBLIC[0], "127.0.0.1", PUBLIC[0]][before.min(3)];
            let record = Record::address(&question.name, address.parse().expect("an address"));
            Reply::Records(if question.is_v4() { vec![record] } else { Vec::new() })
        });
        let first = AtomicBool::new(true);
        pot.sinks.answer(move |_| {
            let status = if first.swap(false, SeqCst) { "503 Not Now" } else { "204 No Content" };
            format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        });
        let mut stage = Stage::open(pot, &[]).await;
        stage.webhook(&format!("https://{NAME}/"), json!({"retry": "10min"})).await;
        let event = stage.post().await;
        let [delivery] = stage.tried(&event, 3).await.try_into().expect("one delivery");
        let attempts = delivery["attempts"].as_array().expect("a list");
        assert_eq!(
            (&attempts[0]["status"], &delivery["state"]),
            (&json!(503), &json!("delivered")),
            "{delivery}"
        );
        check_blocked(&attempts[1], "ip.loopback", NETWORKS);
        check_arrived(&attempts[2], &public(443));
        stage.check_connected(&[(&public(443), 2)]).await;
        stage.close().await;
    });
}

#[test]
fn d9_a_kept_connection_serves_on_when_its_name_moves_and_no_new_one_is_made() {
    within(async |pot| {
        pot.dns.point(NAME, &[PUBLIC[0]]);
        let mut stage = Stage::open(pot, &[]).await;
        stage.webhook(&format!("https://{NAME}/"), json!({})).await;
        check_arrived(&stage.deliver().await.1, &public(443));
        stage.pot.dns.point(NAME, &["127.0.0.1"]);
        stage.pot.sinks.answer(|_| "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned());
        check_arrived(&stage.deliver().await.1, &public(443));
        check_blocked(&stage.deliver().await.1, "ip.loopback", NETWORKS);
        let connections: Vec<usize> = stage.pot.sinks.requests().iter().map(|it| it.connection).collect();
        assert_eq!(connections.len(), 2);
        assert_eq!(connections[0], connections[1], "the second came on the connection of the first");
        stage.check_connected(&[(&public(443), 1)]).await;
        stage.close().await;
    });
}

async fn post_many(stage: &mut Stage, count: usize) {
    let data = json!({"name": "Visitor", "email": null, "phone": null});
    let event = json!({"type": "Contact Information", "data": data});
    let body = json!({"events": vec![event; count]}).to_string();
    let answer = stage.client.call("POST", "/events/batch", None, &body).await.expect("the server answers");
    assert!(answer.status < 300, "{}", answer.text());
}

/// Waits until each of so many deliveries has been tried, and stops.
async fn try_all(stage: &mut Stage, webhook: &str, count: usize) {
    let began = Instant::now();
    loop {
        let deliveries = list(stage).await;
        assert_eq!(deliveries.len(), count);
        if deliveries.iter().all(|it| it["attempts"] != 0) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(600), "not all were tried");
        sleep(POLL * 20).await;
    }
    stage.pause(webhook).await;
}

/// All attempts at all deliveries.
async fn all_attempts(stage: &mut Stage) -> Vec<Value> {
    let mut attempts = Vec::new();
    for delivery in list(stage).await {
        let id = delivery["id"].as_str().expect("a delivery has an id");
        let delivery = stage.client.get(&format!("/deliveries/{id}")).await;
        attempts.extend(delivery["attempts"].as_array().expect("a list").iter().cloned());
    }
    attempts
}

async fn list(stage: &mut Stage) -> Vec<Value> {
    let (mut deliveries, mut after) = (Vec::new(), String::new());
    loop {
        let page = stage.client.get(&format!("/deliveries?limit=500{after}")).await;
        deliveries.extend(page["items"].as_array().expect("a list").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return deliveries,
        }
    }
}
