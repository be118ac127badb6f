//! A thousand hostile receivers, each misbehaving in every way in turn, beside one that is well.
//!
//! The ways are those that a webhook sender meets: refused and silent connections, resets, slow and endless answers,
//! answers that are no HTTP, bombs, floods, redirects.

use std::{fs, io::Write, net::SocketAddr, time::Duration};

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use suite::{Behaviour, Receiver, TestStore};
use tokio::{net::TcpListener, time::Instant};

use crate::{
    child::{Place, Server, make_account, make_key, serve},
    figures::arrivals::Sink,
    figures::pace::{Times, check, event, post_at, steadily},
    form,
    wire::Client,
};

/// How many events a second the good webhook gets.
const RATE: u32 = 50;
/// No attempt may take longer than its whole time and a second.
const LONGEST: Duration = Duration::from_secs(15 + 1);

fn raw(text: impl Into<Vec<u8>>) -> Behaviour {
    Behaviour::Raw(text.into())
}

fn header(status: u16, name: &str, value: &str) -> Behaviour {
    Behaviour::Status(status, vec![(name.to_owned(), value.to_owned())], Vec::new())
}

/// A kilobyte that becomes ten megabytes.
fn bomb() -> Behaviour {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![0; 10 * 1024 * 1024]).expect("memory can be written");
    let headers = vec![("content-encoding".to_owned(), "gzip".to_owned())];
    Behaviour::Status(200, headers, bomb.finish().expect("memory can be written"))
}

/// Every way to misbehave that is one of the answer.
fn ways() -> Vec<Behaviour> {
    let second = Duration::from_secs(1);
    vec![
        Behaviour::Hang,
        Behaviour::Reset,
        Behaviour::ResetInBody,
        Behaviour::CloseWithoutAnswer,
        Behaviour::SlowHeaders(second),
        Behaviour::SlowBody(second),
        Behaviour::EndlessBody,
        Behaviour::HugeHeader(1024 * 1024),
        raw(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(10_000))),
        raw("HTTP/1.1 200 OK\r\nx: a\r\n folded\r\ncontent-length: 0\r\n\r\n"),
        raw("HTTP/1.1 200 OK\r\nx: \0\r\ncontent-length: 0\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nx: \xff\xfe\r\ncontent-length: 0\r\n\r\n".to_vec()),
        raw("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(5_000)),
        raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        raw("HTTP/1.1 000 Nothing\r\n\r\n"),
        raw("HTTP/1.1 999 Too much\r\ncontent-length: 0\r\n\r\n"),
        header(301, "location", "http://127.0.0.1:1/"),
        header(307, "location", "file:///etc/passwd"),
        Behaviour::status(304),
        bomb(),
        header(200, "content-encoding", "br"),
        raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnothing\r\n"),
        raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"),
        raw("only a body, as in HTTP/0.9"),
        Behaviour::garbage(),
        raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Behaviour::status(204),
        Behaviour::status(205),
        Behaviour::status(206),
        Behaviour::Delay(Duration::from_secs(20)),
        header(503, "retry-after", "1e300"),
        Behaviour::status(500),
        Behaviour::CloseReused,
    ]
}

/// How much memory the process has, in KiB.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("the kernel tells");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Makes webhooks for transcripts whose receivers misbehave, each beginning with another way; a few of them refuse
/// connections, or accept them and say nothing of TLS.
async fn make_hostile(clients: &mut [Client], receiver: &Receiver, number: usize) -> TcpListener {
    let ways = ways();
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let stalled = silent.local_addr().expect("a bound listener has an address");
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let refused = closed.local_addr().expect("a bound listener has an address");
    drop(closed);
    for place in 0..number {
        let url = match place % 25 {
            0 => format!("http://{refused}/"),
            1 => format!("https://{stalled}/"),
            _ => {
                let path = format!("/{place}");
                let turns = (0..4 * ways.len()).map(|turn| ways[(place + turn) % ways.len()].clone());
                receiver.behave_at(&path, Behaviour::InTurn(turns.collect()));
                receiver.url(&path)
            }
        };
        let body = json!({"name": "Hook", "url": url, "event_types": ["Chat Transcript"], "retry": "10min"});
        let account = place % clients.len();
        clients[account].post("/webhooks", &body.to_string(), 201).await;
    }
    silent
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_receivers_cost_neither_memory_nor_time_nor_their_neighbour() {
    steadily(beside_hostile_receivers).await;
}

async fn beside_hostile_receivers() -> Result<(), String> {
    let (number, time) = (form::times(100, 1_000), Duration::from_secs(form::times(10, 180) as u64));
    let quiet = Duration::from_secs(form::times(4, 30) as u64);
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    let key = make_key(&place, "admin").await;
    let (server, address) = Server::start(serve(&place, &[])).await;
    let (sink, receiver) = (Sink::start(Duration::ZERO).await, Receiver::start().await);
    let mut client = Client::new(address, &key);
    let body = json!({"name": "Good", "url": sink.url(), "event_types": ["Contact Information"]});
    client.post("/webhooks", &body.to_string(), 201).await;
    let warm = warm_up(address, &key, &sink).await;
    let (posted, _) = post_at(address, &key, "Contact Information", RATE, quiet, 0).await;
    sink.wait_for(warm + posted.len()).await;
    let alone = Times::between(&posted, &sink.arrivals());
    let quiet_ones = warm + posted.len();

    let mut hostile = vec![Client::new(address, &key)];
    for account in 1..form::times(2, 20) {
        hostile.push(Client::new(address, &make_account(&place, &format!("Account {account}")).await));
    }
    let _silent = make_hostile(&mut hostile, &receiver, number).await;
    let before = memory(server.id());
    let end = Instant::now() + time;
    // Each of them gets an event every two seconds, the accounts one after the other.
    let hostile = tokio::spawn(async move {
        let pause = Duration::from_secs(2) / hostile.len() as u32;
        let mut events = 0;
        while Instant::now() < end {
            let place = events as usize % hostile.len();
            hostile[place].post("/events", &event("Chat Transcript", events), 202).await;
            events += 1;
            tokio::time::sleep(pause).await;
        }
        events
    });
    let good = tokio::spawn({
        let key = key.clone();
        async move { post_at(address, &key, "Contact Information", RATE, time, 1_000_000).await }
    });
    let mut most = before;
    while !good.is_finished() {
        most = most.max(memory(server.id()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ((posted, accepted), events) = (good.await.expect("it posts"), hostile.await.expect("it posts"));
    sink.wait_for(quiet_ones + posted.len()).await;
    let beside = Times::between(&posted, &sink.arrivals());
    let grown = (most - before) / 1_024;
    let log = server.log();
    server.kill().await;
    let (attempts, longest) = attempts(&store).await;
    println!(
        "{events} events to the accounts of {number} hostile receivers: {attempts} attempts, the longest {longest:.1?}; memory grew by \
         {grown} MiB; the good one: {beside} (accepted: {accepted}); alone: {alone}"
    );
    assert!(!log.contains("panicked"), "{log}");
    assert!(longest <= LONGEST && grown <= 64);
    assert!(attempts as usize > number, "{attempts}");
    check(&beside, &alone, 2.0)
}

/// Has so much delivered that what the store keeps in memory is full before memory is looked at; how much.
async fn warm_up(address: SocketAddr, key: &str, sink: &Sink) -> usize {
    let mut client = Client::new(address, key);
    let batches = form::times(1, 60) as u64;
    for batch in 0..batches {
        let numbers =
            (batch * 1_000..(batch + 1) * 1_000).map(|it| event("Contact Information", 2_000_000 + it));
        let batch = format!(r#"{{"events":[{}]}}"#, numbers.collect::<Vec<_>>().join(","));
        client.post("/events/batch", &batch, 202).await;
    }
    let warm = batches as usize * 1_000;
    sink.wait_for(warm).await;
    tokio::join!(look_through(address, key), look_through(address, key));
    warm
}

/// Reads the log of deliveries, so that the store's readers have seen more than they can keep.
async fn look_through(address: SocketAddr, key: &str) {
    let (mut client, mut after) = (Client::new(address, key), String::new());
    loop {
        let page = client.get(&format!("/deliveries?limit=500{after}")).await;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return,
        }
    }
}

/// How many attempts are stored, and the longest time that one took.
async fn attempts(store: &TestStore) -> (u64, Duration) {
    let app::StoreUrl::Sqlite(path) = &store.url else { panic!("an SQLite store") };
    let connection = rusqlite::Connection::open(path).expect("the store opens");
    let query = "select count(*), max(total_us) from attempt";
    let row = connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("it has attempts");
    let (count, longest): (i64, i64) = row;
    (count as u64, Duration::from_micros(longest as u64))
}
