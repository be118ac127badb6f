//! Every URL that must be refused, at each of the four doors: making a webhook, changing one, *Send test*, a delivery.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    child::POLL,
    honeypot::within,
    ssrf::{Stage, check_blocked},
    wire::Answer,
};

/// URL, verdict (`A` or `R`), host, and the rule that refuses.
const FIXTURE: &str = include_str!("../../../fixtures/urls.tsv");

/// Beside the fixture, at ports where something is listening.
const MORE: [(&str, &str); 8] = [
    ("https://127.0.0.1:8443/in", "ip.loopback"),
    ("https://0x7f.1:8443/in", "ip.loopback"),
    ("https://169.254.169.254:8080/latest/meta-data/", "ip.link-local"),
    ("https://[fd00:ec2::254]:8443/", "ip.ula"),
    ("https://10.1:3306/", "ip.rfc1918"),
    ("https://93.184.216.34:3306/", "port"),
    ("https://93.184.216.34:11211/", "port"),
    ("http://93.184.216.34:8443/", "scheme"),
];

fn refused() -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for line in FIXTURE.lines().filter(|line| !line.is_empty()) {
        let [url, verdict, _, reason] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("four columns");
        if verdict == "R" {
            let url = url.replace("\\t", "\t").replace("\\r", "\r").replace("\\n", "\n");
            rows.push((url, reason.split(" (").next().expect("a rule").to_owned()));
        }
    }
    assert!(rows.len() > 60, "only {} URLs of the fixture are to be refused", rows.len());
    rows.extend(MORE.map(|(url, rule)| (url.to_owned(), rule.to_owned())));
    rows
}

#[test]
fn no_door_leads_to_a_url_that_must_be_refused() {
    within(async |pot| {
        // Were a rule for URLs left out, the name would lead to where something answers.
        pot.dns.point("hooks.example.com", &["93.184.216.34"]);
        let (mut stage, rows) = (Stage::open(pot, &[]).await, refused());
        let changed = stage.webhook("https://hooks.example.com/", json!({})).await;
        // The caller's own connection is open now, and stays so.
        let began = stage.pot.begun();
        stage.pause(&changed).await;
        let mut webhooks = Vec::new();
        for (number, (url, rule)) in rows.iter().enumerate() {
            let create = stage.create(url).await;
            let change = stage.change(&changed, url).await;
            [create, change].iter().for_each(|answer| check_refused(answer, url, rule));
            let more = json!({"name": format!("row {number}")});
            let webhook = stage.webhook("https://hooks.example.com/in", more).await;
            stage.pause(&webhook).await;
            webhooks.push(webhook);
        }
        change_stored(&stage, &rows).await;
        for (webhook, (url, rule)) in webhooks.iter().zip(&rows) {
            let shown = stage.client.get(&format!("/webhooks/{webhook}")).await;
            assert_eq!(shown["url"], json!(url), "the URL is in the store");
            check_row(&stage.test(webhook).await, rule);
        }
        let event = stage.post().await;
        for webhook in &webhooks {
            stage.client.post(&format!("/webhooks/{webhook}/resume"), "", 200).await;
        }
        for (webhook, (_, rule)) in webhooks.iter().zip(&rows) {
            let delivery = first_attempt(&mut stage, &event, webhook).await;
            assert_eq!(delivery["state"], "pending", "it may be allowed tomorrow: {delivery}");
            check_row(&delivery["attempts"][0], rule);
        }
        stage.check_connected(&[]).await;
        assert_eq!(stage.pot.begun() - began, 0, "connections begun, whoever would have accepted them");
        println!("doors: {} URLs at 4 doors, 0 connections", rows.len());
        stage.close().await;
    });
}

#[track_caller]
fn check_refused(answer: &Answer, url: &str, rule: &str) {
    let problem = answer.expect(422);
    let error = &problem["errors"][0];
    assert_eq!((&problem["code"], &error["pointer"]), (&json!("refused_url"), &json!("/url")), "{problem}");
    let message = error["message"].as_str().expect("words");
    assert!(message.contains(&format!("(rule {rule})")), "{url}: {message}");
}

/// A refused attempt names the rule, and the setting where there is one for it.
#[track_caller]
fn check_row(attempt: &Value, rule: &str) {
    let detail = attempt["error_detail"].as_str().unwrap_or_default();
    let setting = match rule {
        "port" if detail.contains("port 0 ") => None,
        "port" => Some("egress.allow_ports"),
        "scheme" if detail.contains("uses http,") => Some("egress.allow_http"),
        "host.single-label" if detail.contains("localhost. ") => None,
        "host.single-label" | "host.special-use" => Some("egress.allow_hosts"),
        rule if rule.starts_with("ip") => Some("egress.allow_networks"),
        _ => None,
    };
    check_blocked(attempt, rule, setting);
}

/// Gives the webhooks `row 0`, `row 1`, … their URLs behind the product's back.
async fn change_stored(stage: &Stage, rows: &[(String, String)]) {
    let mut sql = "pragma busy_timeout = 10000; ".to_owned();
    for (number, (url, _)) in rows.iter().enumerate() {
        let url = url.replace('\'', "''");
        sql += &format!("update webhook set url = '{url}' where name = 'row {number}';");
    }
    stage.store.sabotage(&sql, "").await;
}

/// The delivery of that event to that webhook, once it has been tried.
async fn first_attempt(stage: &mut Stage, event: &str, webhook: &str) -> Value {
    let event = stage.client.get(&format!("/events/{event}")).await;
    let deliveries = event["deliveries"].as_array().expect("a list");
    let own = deliveries.iter().find(|it| it["webhook_id"] == webhook).expect("one for each webhook");
    let path = format!("/deliveries/{}", own["id"].as_str().expect("a delivery has an id"));
    let began = Instant::now();
    loop {
        let delivery = stage.client.get(&path).await;
        if delivery["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty()) {
            return delivery;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "not tried: {delivery}");
        sleep(POLL).await;
    }
}
