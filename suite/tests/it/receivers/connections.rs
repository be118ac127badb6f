//! Connections that do not come about, that stall or that have just ended; and what all of them cost the others.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, stores};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use super::{Said, Said::Error, Said::Status, attempts, deliveries, narrow, start};

/// Sends an event to `address`, where it fails as `said`, then moves the webhook to a good receiver, where it arrives
/// together with the next one. The attempt that failed.
async fn fail_and_move(address: SocketAddr, said: Said) -> Value {
    let app = start(TestStore::sqlite()).await;
    let good = Receiver::start().await;
    let webhook = narrow(&app, &format!("http://{address}/in")).await;
    app.webhook(&good.url("/neighbour"), json!({})).await;
    app.contact().await;
    assert_eq!(good.wait_for(1).await[0].path, "/neighbour");
    app.settle().await;
    let [delivery] = &deliveries(&app, &webhook).await[..] else { panic!("one delivery") };
    let [failed] = attempts(delivery) else { panic!("one attempt: {delivery}") };
    said.check(failed);
    assert_eq!(delivery["state"], "pending");

    let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));
    app.send("PATCH", &path, json!({"url": good.url("/moved")}).to_string()).await.expect(200);
    app.clock.advance(Duration::from_secs(6));
    app.contact().await;
    app.settle().await;
    let all = deliveries(&app, &webhook).await;
    assert!(all.iter().all(|it| it["state"] == "delivered"), "{all:?}");
    assert_eq!((attempts(&all[0]).len(), attempts(&all[1]).len()), (2, 1));
    assert_eq!(good.received().iter().filter(|it| it.path == "/moved").count(), 2);
    app.finish().await;
    failed.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_fails_at_once() {
    // Bound and not listening: nobody else can take the port, and nobody answers there.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let said = Error("connect_error", "the connection was refused");
    let failed = fail_and_move(socket.local_addr().unwrap(), said).await;
    assert!(failed["total_ms"].as_f64().unwrap() < 500.0, "{failed}");
    assert!(failed["connect_ms"].is_number() && failed["address"].is_null(), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_silent_costs_the_time_to_connect() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody takes what waits in the queue, and once it is full the machine answers no more.
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "the queue never gets full");
    }
    let failed = fail_and_move(address, Error("timeout", "no connection could be opened within 0.5 s")).await;
    assert!((500.0..1_500.0).contains(&failed["total_ms"].as_f64().unwrap()), "{failed}");
    assert!(failed["connect_ms"].as_f64().unwrap() >= 500.0 && failed["address"].is_null(), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_reads_costs_the_time_of_an_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let failed = fail_and_move(address, Error("timeout", "no complete answer came within 1.5 s")).await;
    assert_eq!((&failed["address"], &failed["first_byte_ms"]), (&json!(address.to_string()), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_has_just_closed_is_no_failure() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::CloseReused);
        let webhook = narrow(&app, &receiver.url("/in")).await;
        app.contact().await;
        app.settle().await;
        let event = app.contact().await;
        app.settle().await;
        let all = deliveries(&app, &webhook).await;
        for delivery in &all {
            let [attempt] = attempts(delivery) else { panic!("one attempt: {delivery}") };
            Status(200).check(attempt);
        }
        assert_eq!(all.len(), 2);
        // The second was written twice, once into the connection that closed; the receiver can tell by its id.
        let received = receiver.received();
        let seen: Vec<_> =
            received.iter().map(|it| (it.connection, it.header("webhook-id") == event)).collect();
        assert_eq!(seen, [(1, false), (1, true), (2, true)], "{}", app.engine);
        assert_eq!((&received[1].headers, &received[1].body), (&received[2].headers, &received[2].body));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_makes_no_neighbour_wait() {
    for store in stores().await {
        // With the limits of the product: the test must end long before the first of them.
        let app = TestApp::start(store).await;
        let (good, hanging) = (Receiver::start().await, Receiver::start().await);
        hanging.behave(Behaviour::Hang);
        let stuck = app.webhook(&hanging.url("/in"), json!({})).await;
        app.webhook(&good.url("/in"), json!({})).await;
        for _ in 0..150 {
            app.contact().await;
        }
        assert_eq!(good.wait_for(150).await.len(), 150, "{}", app.engine);
        assert!(!hanging.received().is_empty());
        let waiting =
            app.get(&format!("/deliveries?webhook_id={}&limit=500", stuck["id"].as_str().unwrap())).await;
        let waiting = waiting["items"].as_array().unwrap();
        assert_eq!(waiting.len(), 150);
        assert!(waiting.iter().all(|it| it["state"] == "pending" && it["attempt_count"] == 0));

        // Its machine goes away, which ends every request under way.
        let (asked, first) =
            (hanging.received().len(), hanging.received()[0].header("webhook-id").to_owned());
        drop(hanging);
        app.settle().await;
        let found = app.get(&format!("/events/{first}")).await;
        let ended = found["deliveries"].as_array().unwrap().iter().find(|it| it["webhook_id"] == stuck["id"]);
        let ended = app.get(&format!("/deliveries/{}", ended.unwrap()["id"].as_str().unwrap())).await;
        let [attempt] = attempts(&ended) else { panic!("one attempt: {ended}") };
        Error("connection_closed", "without an answer").check(attempt);
        assert!(asked <= 64, "{asked} requests at once");
        app.finish().await;
    }
}
