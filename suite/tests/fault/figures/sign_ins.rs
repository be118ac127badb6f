//! A rush of sign-ins costs sign-ins: what deliveries notice of two hundred passwords compared at once.

use std::time::Duration;

use suite::TestStore;
use tokio::{net::TcpStream, task::JoinSet};

use crate::{
    child::{Place, Server, make_key, serve},
    figures::{
        arrivals::Sink,
        pace::{Times, check, post_at, steadily},
    },
    form,
    wire::{Client, Wire},
};

const RATE: u32 = 100;
const SIGN_INS: usize = 200;

/// Tries a password for an address of its own from a network of its own, so that no count of tries is in the way; the
/// status.
async fn sign_in(address: std::net::SocketAddr, number: usize) -> u16 {
    let body = format!("email=somebody{number}%40example.com&password=not+the+password");
    let request = format!(
        "POST /sign-in HTTP/1.1\r\nhost: x\r\norigin: http://{address}\r\nx-forwarded-for: 10.{}.{}.1\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        number / 250,
        number % 250,
        body.len()
    );
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    let mut wire = Wire::new(stream).expect("a connection");
    wire.write(request.as_bytes()).await.expect("the request is sent");
    let answer = wire.read().await.expect("the answer is read").expect("there is one");
    answer.start.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sign_ins_at_once_keep_no_delivery_waiting() {
    steadily(beside_sign_ins).await;
}

async fn beside_sign_ins() -> Result<(), String> {
    let time = Duration::from_secs(form::times(5, 20) as u64);
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    let key = make_key(&place, "admin").await;
    let settings = [("LEADPOST_SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let (_server, address) = Server::start(serve(&place, &settings)).await;
    let sink = Sink::start(Duration::ZERO).await;
    let body = format!(r#"{{"name":"Hook","url":"{}","event_types":["Contact Information"]}}"#, sink.url());
    Client::new(address, &key).post("/webhooks", &body, 201).await;

    let (posted, _) = post_at(address, &key, "Contact Information", RATE, time, 0).await;
    sink.wait_for(posted.len()).await;
    let (alone, before) = (Times::between(&posted, &sink.arrivals()), posted.len());

    let rush = tokio::spawn(async move {
        let mut tasks: JoinSet<u16> = (0..SIGN_INS).map(|number| sign_in(address, number)).collect();
        let mut looked_at = 0;
        while let Some(status) = tasks.join_next().await {
            looked_at += usize::from(status.expect("a sign-in ends") == 422);
        }
        looked_at
    });
    let (posted, _) = post_at(address, &key, "Contact Information", RATE, time, 1_000_000).await;
    sink.wait_for(before + posted.len()).await;
    let beside = Times::between(&posted, &sink.arrivals());
    let looked_at = rush.await.expect("the rush ends");
    println!("beside {looked_at} passwords compared of {SIGN_INS} sent at once: {beside}; without: {alone}");
    assert!(looked_at >= SIGN_INS * 9 / 10, "only {looked_at} were looked at");
    check(&beside, &alone, 1.1)
}
