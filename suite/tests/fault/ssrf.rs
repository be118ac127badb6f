//! The guard, proved from outside: whatever is tried, nothing connects to where it must not.
//!
//! Each scenario runs the real server inside a [`honeypot`](crate::honeypot) and compares what was connected to with
//! what should have been, address by address. What the server says about it is compared, too; but that is the lesser
//! half.

mod control;
mod doors;
mod moves;
mod names;
mod spellings;
mod surroundings;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use domain::Secret;
use serde_json::{Value, json};
use suite::TestStore;
use tokio::time::sleep;

use crate::{
    child::{POLL, Place, Server, about, make_key},
    honeypot::{Honeypot, PUBLIC},
    scene::make_webhook,
    sinks::Accepts,
    wire::{Answer, Client},
};

/// A look-up may take so long, and what is around it a little longer.
const LOOKUP: u64 = 3_000 + 100;

/// Where a server listens that is not the subject.
const LISTEN: &str = "127.0.0.1:0";

/// A server in a honeypot.
struct Stage {
    pot: Honeypot,
    client: Client,
    server: Server,
    store: TestStore,
}

impl Stage {
    /// Starts a server with these variables in its environment.
    async fn open(pot: Honeypot, variables: &[(&str, &str)]) -> Self {
        Self::listen(pot, LISTEN, variables).await
    }

    /// The same, at that address.
    async fn listen(pot: Honeypot, address: &str, variables: &[(&str, &str)]) -> Self {
        let store = TestStore::sqlite();
        let place = Place::of(&store);
        let key = make_key(&place, "admin").await;
        let mut command = about(&place, &["serve", "--listen", address]);
        command.env("LEADPOST_EGRESS__EXTRA_CA_FILE", pot.authority.file()).envs(variables.iter().copied());
        let (server, address) = Server::start(command).await;
        Self { pot, client: Client::new(address, &key), server, store }
    }

    /// Asks for a webhook; the answer may be a refusal.
    async fn create(&mut self, url: &str) -> Answer {
        let body = json!({"name": "Hook", "url": url, "event_types": ["Contact Information"]});
        self.client.call("POST", "/webhooks", None, &body.to_string()).await.expect("the server answers")
    }

    /// Asks for another URL; the answer may be a refusal.
    async fn change(&mut self, webhook: &str, url: &str) -> Answer {
        let (path, body) = (format!("/webhooks/{webhook}"), json!({"url": url}).to_string());
        self.client.call("PATCH", &path, None, &body).await.expect("the server answers")
    }

    /// Makes a webhook that must be taken.
    async fn webhook(&mut self, url: &str, more: Value) -> String {
        make_webhook(&mut self.client, url, &Secret::from_bytes(&[7; 32]), more).await
    }

    /// Stops its deliveries, so that what has failed is not tried again in between; tests are still sent.
    async fn pause(&mut self, webhook: &str) {
        self.client.post(&format!("/webhooks/{webhook}/pause"), "", 200).await;
    }

    /// Sends a test; its attempt.
    async fn test(&mut self, webhook: &str) -> Value {
        self.client.post(&format!("/webhooks/{webhook}/test"), "", 200).await["attempt"].clone()
    }

    /// Lets a webhook send that may have been held.
    async fn resume(&mut self, webhook: &str) {
        self.client.post(&format!("/webhooks/{webhook}/resume"), "", 200).await;
    }

    /// Posts an event; its id.
    async fn post(&mut self) -> String {
        let data = json!({"name": "Visitor", "email": null, "phone": null});
        let body = json!({"type": "Contact Information", "data": data}).to_string();
        let accepted = self.client.post("/events", &body, 202).await;
        accepted["id"].as_str().expect("an event has an id").to_owned()
    }

    /// The deliveries of an event, once each has been tried so often.
    async fn tried(&mut self, event: &str, times: usize) -> Vec<Value> {
        let began = Instant::now();
        let mut deliveries = Vec::new();
        let event = self.client.get(&format!("/events/{event}")).await;
        for planned in event["deliveries"].as_array().expect("a list") {
            let path = format!("/deliveries/{}", planned["id"].as_str().expect("a delivery has an id"));
            let delivery = loop {
                let delivery = self.client.get(&path).await;
                if delivery["attempts"].as_array().expect("a list").len() >= times {
                    break delivery;
                }
                assert!(began.elapsed() < Duration::from_secs(30), "not tried {times} times: {delivery}");
                sleep(POLL).await;
            };
            deliveries.push(delivery);
        }
        deliveries
    }

    /// Posts an event for the only webhook; the delivery after its first attempt, and that attempt.
    async fn deliver(&mut self) -> (Value, Value) {
        let event = self.post().await;
        let [delivery] = self.tried(&event, 1).await.try_into().expect("one delivery");
        let attempt = delivery["attempts"][0].clone();
        (delivery, attempt)
    }

    /// What was connected to must be this and nothing else: addresses with how often.
    async fn check_connected(&self, expected: &[(&str, usize)]) {
        let expected: Accepts = expected.iter().map(|(address, count)| (at(address), *count)).collect();
        assert_eq!(self.pot.sinks.accepts().await, expected);
    }

    /// Ends the server.
    async fn close(self) {
        self.server.kill().await;
    }
}

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap_or_else(|_| panic!("{address} is no address with a port"))
}

/// The public IPv4 address at that port.
fn public(port: u16) -> String {
    format!("{}:{port}", PUBLIC[0])
}

/// An attempt that was refused: it says by which rule and what would allow it, and nothing of where it would have led.
#[track_caller]
fn check_blocked(attempt: &Value, rule: &str, setting: Option<&str>) {
    assert_eq!(attempt["error"], "blocked_address", "{attempt}");
    for name in ["address", "status", "connect_ms", "tls_ms", "first_byte_ms", "response_body"] {
        assert_eq!(attempt[name], Value::Null, "{name}: {attempt}");
    }
    let detail = attempt["error_detail"].as_str().expect("words");
    assert!(detail.contains(&format!("(rule {rule})")), "{detail}");
    assert_eq!(setting.is_some(), detail.contains("egress."), "{detail}");
    assert!(setting.is_none_or(|setting| detail.ends_with(setting)), "{detail}");
}

/// An attempt that failed in the DNS, within its time.
#[track_caller]
fn check_dns_error(attempt: &Value, words: &str) {
    assert_eq!((&attempt["error"], &attempt["address"]), (&json!("dns_error"), &Value::Null), "{attempt}");
    let detail = attempt["error_detail"].as_str().expect("words");
    assert!(detail.contains(words), "{detail}");
    let total = attempt["total_ms"].as_f64().expect("a time");
    assert!(total <= LOOKUP as f64, "{attempt}");
}

/// An attempt that arrived at that address.
#[track_caller]
fn check_arrived(attempt: &Value, address: &str) {
    assert_eq!((&attempt["status"], &attempt["address"]), (&json!(204), &json!(address)), "{attempt}");
}
