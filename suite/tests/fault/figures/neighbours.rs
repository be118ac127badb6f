//! A bad receiver costs only itself: what others notice of black holes and of a receiver that takes its time.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::json;
use suite::TestStore;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    child::{POLL, Place, Server, about, make_key, run, serve},
    figures::arrivals::Sink,
    figures::pace::{Times, check, event, post_at, steadily},
    form,
    wire::Client,
};

/// How many events a second the good webhook gets.
const RATE: u32 = 100;

/// A port that never answers: its queue of connections is full, so that the opening of another is not even refused.
struct BlackHole {
    address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    async fn open() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let listener = socket.listen(1).expect("it listens");
        let address = listener.local_addr().expect("a bound listener has an address");
        let mut queued = Vec::new();
        let patience = Duration::from_millis(300);
        while let Ok(Ok(stream)) = timeout(patience, TcpStream::connect(address)).await {
            queued.push(stream);
        }
        Self { address, _listener: listener, _queued: queued }
    }
}

/// Makes a webhook for events of that type.
async fn make_webhook(client: &mut Client, url: &str, event_type: &str) {
    let body = json!({"name": "Hook", "url": url, "event_types": [event_type]});
    client.post("/webhooks", &body.to_string(), 201).await;
}

/// How long after its posting each event of `posted` arrived, all of them within a minute.
async fn arrivals(sink: &Sink, posted: &HashMap<u64, Instant>, before: usize) -> Times {
    sink.wait_for(before + posted.len()).await;
    Times::between(posted, &sink.arrivals())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_receivers_are_black_holes_keeps_no_other_waiting() {
    steadily(beside_black_holes).await;
}

async fn beside_black_holes() -> Result<(), String> {
    let (webhooks, events) = (form::times(40, 100), form::times(100, 1_000));
    let time = Duration::from_secs(form::times(5, 30) as u64);
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    let noisy = make_key(&place, "admin").await;
    let other = run(about(&place, &["account", "create", "--name", "Other"])).await;
    let words = ["key", "create", "--name", "test", "--scope", "admin", "--account", other.trim()];
    let quiet = run(about(&place, &words)).await.trim().to_owned();
    let (_server, address) = Server::start(serve(&place, &[])).await;
    let (hole, sink) = (BlackHole::open().await, Sink::start(Duration::ZERO).await);
    make_webhook(&mut Client::new(address, &quiet), &sink.url(), "Contact Information").await;

    let (posted, _) = post_at(address, &quiet, "Contact Information", RATE, time, 0).await;
    let idle = arrivals(&sink, &posted, 0).await;

    let mut client = Client::new(address, &noisy);
    for number in 0..webhooks {
        make_webhook(&mut client, &format!("http://{}/{number}", hole.address), "Contact Information").await;
    }
    for batch in 0..events / 100 {
        let batch: Vec<String> =
            (0..100).map(|n| event("Contact Information", (batch * 100 + n) as u64)).collect();
        client.post("/events/batch", &format!(r#"{{"events":[{}]}}"#, batch.join(",")), 202).await;
    }
    let (posted, _) = post_at(address, &quiet, "Contact Information", RATE, time, 1_000_000).await;
    let beside = arrivals(&sink, &posted, RATE as usize * time.as_secs() as usize).await;
    let ledger = client.get("/ledger").await;
    let pending = ledger["pending"].as_u64().expect("a number");
    println!("{pending} pending to black holes of another account: {beside}; without: {idle}");
    assert!(pending as usize > webhooks * events * 9 / 10, "{ledger}");
    check(&beside, &idle, 2.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_takes_ten_seconds_keeps_its_neighbour_not_waiting() {
    steadily(beside_a_slow_receiver).await;
}

async fn beside_a_slow_receiver() -> Result<(), String> {
    let time = Duration::from_secs(form::times(6, 40) as u64);
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    let key = make_key(&place, "admin").await;
    let (_server, address) = Server::start(serve(&place, &[])).await;
    let (good, slow) = (Sink::start(Duration::ZERO).await, Sink::start(Duration::from_secs(10)).await);
    let mut client = Client::new(address, &key);
    make_webhook(&mut client, &good.url(), "Contact Information").await;
    let (posted, _) = post_at(address, &key, "Contact Information", RATE, time, 0).await;
    let alone = arrivals(&good, &posted, 0).await;

    make_webhook(&mut client, &slow.url(), "Contact Information").await;
    let (posted, _) = post_at(address, &key, "Contact Information", RATE, time, 1_000_000).await;
    let beside = arrivals(&good, &posted, RATE as usize * time.as_secs() as usize).await;
    println!(
        "beside a receiver that takes 10 s: {beside}; without: {alone}; at most {} waited there",
        slow.take_peak()
    );
    assert!(*slow.count().borrow() > 0);
    check(&beside, &alone, 1.5)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_comes_back_is_found_and_not_overrun() {
    let events = form::times(2_000, 100_000);
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    let key = make_key(&place, "admin").await;
    let (_server, address) = Server::start(serve(&place, &[])).await;
    let sink = Sink::start(Duration::from_millis(5)).await;
    let mut client = Client::new(address, &key);
    make_webhook(&mut client, &sink.url(), "Contact Information").await;
    sink.be_down(true);
    for batch in 0..events / 500 {
        let batch: Vec<String> =
            (0..500).map(|n| event("Contact Information", (batch * 500 + n) as u64)).collect();
        client.post("/events/batch", &format!(r#"{{"events":[{}]}}"#, batch.join(",")), 202).await;
    }
    let began = Instant::now();
    while client.get("/webhooks").await["items"][0]["state"] != "held" {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not held");
        sleep(POLL).await;
    }
    let (tried, back) = (sink.take_peak(), Instant::now());
    sink.be_down(false);
    sink.wait_for(1).await;
    let found = back.elapsed();
    sink.wait_for(events).await;
    let (peak, drained) = (sink.take_peak(), back.elapsed());
    println!(
        "{events} pending: at most {tried} at once until it was held; back, it was found after {found:.1?}, all had come \
         after {drained:.1?}, at most {peak} at once"
    );
    assert!(found <= Duration::from_secs(35) && peak <= 64, "its limit is 64");
    // The probe alone, then one, and twice as many with every round: never more than half of those that came before.
    let begun = sink.begun();
    let ramps = |(before, open): (usize, &u64)| *open <= (before as u64).div_ceil(2).max(1);
    assert!(begun.iter().enumerate().all(ramps), "more at once than a ramp allows: {begun:?}");
}
