//! Which connections are kept and for what they serve.

use std::{sync::Arc, time::Duration};

use courier::egress::Limits;
use domain::{EgressPolicy, ErrorClass};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    Lane, Names, SHORT, egress, local,
    receiver::{Behaviour, Receiver},
};

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Status(200, Vec::new(), b"thanks".to_vec()));
    let lane = Lane::new(&receiver.url("/"));
    for _ in 0..5 {
        assert_eq!(lane.status().await, 200);
        assert_eq!(lane.pool.idle(), 1);
    }
    assert_eq!((receiver.received().len(), receiver.connections()), (5, 1));
}

#[tokio::test]
async fn a_request_into_a_closing_connection_is_repeated_once_on_a_fresh_one() {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::CloseReused);
    let lane = Lane::new(&receiver.url("/"));
    assert_eq!(lane.status().await, 200);
    let outcome = lane.send().await;
    assert_eq!(outcome.result.unwrap().status, 200);
    assert!(outcome.phases.connect.is_some());
    let received = receiver.received();
    let seen: Vec<_> = received.iter().map(|request| request.connection).collect();
    assert_eq!(seen, [1, 1, 2]);
    assert_eq!(received[1].headers, received[2].headers);
    assert_eq!(received[1].body, received[2].body);
}

#[tokio::test]
async fn a_fresh_connection_that_closes_is_not_repeated() {
    let receiver = Receiver::start().await;
    let lane = Lane::new(&receiver.url("/"));
    receiver.behave(Behaviour::InTurn(vec![Behaviour::status(200), Behaviour::CloseWithoutAnswer]));
    assert_eq!(lane.status().await, 200);
    assert_eq!(lane.class().await, ErrorClass::ConnectionClosed);
    // One on the first connection, its repetition on the second, no third.
    assert_eq!((receiver.received().len(), receiver.connections()), (3, 2));
}

#[tokio::test]
async fn a_connection_that_the_receiver_has_closed_is_not_used() {
    let receiver = Receiver::start().await;
    receiver.behave(Behaviour::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()));
    let lane = Lane::new(&receiver.url("/"));
    for sent in 1..=3 {
        assert_eq!(lane.status().await, 200);
        assert_eq!(receiver.wait_for(sent).await.len(), sent);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(receiver.connections(), 3);
}

#[tokio::test]
async fn a_changed_url_gets_connections_of_its_own() {
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let mut lane = Lane::new(&old.url("/a"));
    assert_eq!(lane.status().await, 200);
    lane.webhook.url = old.url("/b");
    assert_eq!(lane.status().await, 200);
    assert_eq!(old.connections(), 1);
    lane.webhook.url = new.url("/b");
    assert_eq!(lane.status().await, 200);
    assert_eq!((new.received().len(), lane.pool.idle()), (1, 1));
    lane.webhook.url = old.url("/a");
    assert_eq!(lane.status().await, 200);
    assert_eq!((old.connections(), lane.pool.idle()), (2, 1));
}

#[tokio::test]
async fn a_stricter_policy_does_not_use_what_a_laxer_one_opened() {
    let receiver = Receiver::start().await;
    let mut lane = Lane::new(&receiver.url("/"));
    assert_eq!(lane.status().await, 200);
    let strict = EgressPolicy { allow_networks: Vec::new(), ..local() };
    lane.egress = egress(strict, None, Names::default(), SHORT);
    assert_eq!(lane.class().await, ErrorClass::BlockedAddress);
    assert_eq!((receiver.received().len(), lane.pool.idle()), (1, 0));
}

#[tokio::test]
async fn what_stays_idle_is_closed() {
    let receiver = Receiver::start().await;
    let limits = Limits { idle: Duration::from_millis(30), ..Limits::default() };
    let lane = Lane::with(limits, &receiver.url("/"));
    for _ in 0..2 {
        assert_eq!(lane.status().await, 200);
        assert_eq!(lane.pool.idle(), 1);
        tokio::time::timeout(Duration::from_secs(5), async {
            while lane.pool.idle() > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("closed in time");
    }
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_do_not_mix_their_answers() {
    let receiver = Receiver::start().await;
    let lane = Lane::new(&receiver.url("/"));
    for n in 0..20u16 {
        receiver
            .behave_at(&format!("/{n}"), Behaviour::Status(240 + n, Vec::new(), n.to_string().into_bytes()));
    }
    let (egress, pool) = (lane.egress.clone(), Arc::new(lane.pool));
    let mut sends = JoinSet::new();
    for n in 0..200u16 {
        let number = n % 20;
        let lane = Lane::through(egress.clone(), &receiver.url(&format!("/{number}")));
        let pool = Arc::clone(&pool);
        sends.spawn(async move { (number, lane.send_over(&pool).await) });
    }
    while let Some(done) = sends.join_next().await {
        let (number, outcome) = done.unwrap();
        let response = outcome.result.unwrap();
        assert_eq!((response.status, response.body), (240 + number, number.to_string().into_bytes()));
    }
    assert_eq!(receiver.received().len(), 200);
}
