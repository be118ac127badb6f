//! A million deliveries that wait: the server starts, stays small, and drains them as fast as it takes new ones.

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::json;
use suite::TestStore;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    arrivals::Sink,
    child::{Place, Server, make_key, serve},
    form,
    pace::event,
    wire::Client,
};

/// The most memory that the process ever had, in MiB.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the kernel tells");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") / 1_024
}

/// Posts one event after the other over many connections until `end`; how many.
async fn post_until(server: SocketAddr, key: &str, end: Instant) -> u64 {
    let mut clients = JoinSet::new();
    for place in 0..64 {
        let mut client = Client::new(server, key);
        clients.spawn(async move {
            let mut posted = 0;
            while Instant::now() < end {
                let number = 1_000_000_000 + place * 10_000_000 + posted;
                client.post("/events", &event("Contact Information", number), 202).await;
                posted += 1;
            }
            posted
        });
    }
    clients.join_all().await.into_iter().sum()
}

/// Posts so many events in batches.
async fn fill(server: SocketAddr, key: &str, events: u64) {
    const BATCH: u64 = 1_000;
    let mut clients = JoinSet::new();
    for place in 0..4 {
        let mut client = Client::new(server, key);
        clients.spawn(async move {
            for first in (place * BATCH..events).step_by(4 * BATCH as usize) {
                let batch: Vec<String> =
                    (first..first + BATCH).map(|number| event("Contact Information", number)).collect();
                client.post("/events/batch", &format!(r#"{{"events":[{}]}}"#, batch.join(",")), 202).await;
            }
        });
    }
    clients.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_backlog_costs_no_memory_and_drains_at_the_speed_of_an_empty_queue() {
    let backlog = form::times(20_000, 1_000_000) as u64;
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    let key = make_key(&place, "admin").await;
    let (server, address) = Server::start(serve(&place, &[])).await;
    let sink = Sink::start(Duration::ZERO).await;
    let mut client = Client::new(address, &key);
    let body = json!({"name": "Hook", "url": sink.url(), "event_types": ["Contact Information"]});
    let webhook = client.post("/webhooks", &body.to_string(), 201).await;
    let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));

    // The empty queue: what is accepted is delivered at once.
    let began = Instant::now();
    let posted = post_until(address, &key, began + Duration::from_secs(form::times(3, 15) as u64)).await;
    sink.wait_for(posted as usize).await;
    let empty = posted as f64 / began.elapsed().as_secs_f64();

    client.post(&format!("{path}/pause"), "", 200).await;
    fill(address, &key, backlog).await;
    server.kill().await;
    let began = Instant::now();
    let (server, address) = Server::start(serve(&place, &[])).await;
    let start = began.elapsed();

    let mut client = Client::new(address, &key);
    let began = Instant::now();
    client.post(&format!("{path}/resume"), "", 200).await;
    let resumed = began.elapsed();
    sink.wait_for((posted + backlog) as usize).await;
    let drained = backlog as f64 / began.elapsed().as_secs_f64();
    let memory = peak_memory(server.id());
    let mut ledger = client.get("/ledger").await;
    while ledger["pending"] != 0 {
        sleep(Duration::from_millis(20)).await;
        ledger = client.get("/ledger").await;
    }
    assert_eq!((&ledger["balanced"], &ledger["delivered"]), (&json!(true), &json!(posted + backlog)));
    println!(
        "{backlog} pending: started in {start:.1?}, resumed in {resumed:.1?}, drained at {drained:.0}/s; an empty queue \
         takes and delivers {empty:.0}/s; {memory} MiB at most"
    );
    assert!(start <= Duration::from_secs(5) && memory <= 256);
    assert!(drained >= empty * 0.8, "it drains too slowly");
    server.kill().await;
}
