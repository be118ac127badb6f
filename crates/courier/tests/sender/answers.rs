//! What is made of answers, good and bad.

use std::time::Duration;

use domain::{ErrorClass, Response};
use tokio::time::Instant;

use crate::{
    Lane, SHORT,
    receiver::{Behaviour, Receiver},
};

/// A lane to a receiver that behaves like this, with short limits.
async fn facing(behaviour: Behaviour) -> (Receiver, Lane) {
    let receiver = Receiver::start().await;
    receiver.behave(behaviour);
    let lane = Lane::with(SHORT, &receiver.url("/"));
    (receiver, lane)
}

#[tokio::test]
async fn every_final_status_is_told_as_it_came() {
    let receiver = Receiver::start().await;
    let lane = Lane::new(&receiver.url("/"));
    for status in [200, 201, 204, 205, 206, 299, 300, 301, 304, 400, 405, 410, 429, 500, 503, 999] {
        receiver.behave(Behaviour::status(status));
        let response = lane.send().await.result.unwrap();
        assert_eq!(response.status, status);
        assert_eq!(response.accepted(), (200..300).contains(&status), "{status}");
    }
}

#[tokio::test]
async fn headers_and_body_are_kept_as_they_came() {
    let headers = [("Retry-After", "60"), ("x-a", "1"), ("x-a", "2"), ("content-encoding", "gzip")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let (_receiver, lane) = facing(Behaviour::Status(503, headers, b"\x1f\x8b not inflated".to_vec())).await;
    let response = lane.send().await.result.unwrap();
    assert_eq!(response.body, b"\x1f\x8b not inflated");
    let pairs: Vec<_> =
        response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for pair in [("retry-after", "60"), ("x-a", "1"), ("x-a", "2"), ("content-encoding", "gzip")] {
        assert!(pairs.contains(&pair), "{pair:?} in {pairs:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_made_readable() {
    let answer = b"HTTP/1.1 200 OK\r\nx-bytes: a\xffb\r\ncontent-length: 0\r\n\r\n";
    let (_receiver, lane) = facing(Behaviour::Raw(answer.to_vec())).await;
    let response = lane.send().await.result.unwrap();
    assert!(response.headers.contains(&("x-bytes".to_owned(), "a\u{fffd}b".to_owned())));
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let (receiver, lane) = facing(Behaviour::status(200)).await;
    let target = Receiver::start().await;
    for location in [target.url("/"), "/there".to_owned(), "file:///etc/passwd".to_owned()] {
        receiver.behave(Behaviour::Redirect(location.clone()));
        let response = lane.send().await.result.unwrap();
        assert_eq!(response.status, 302);
        assert!(response.headers.contains(&("location".to_owned(), location)));
    }
    assert_eq!(receiver.received().len(), 3);
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn no_more_than_64_kib_of_a_body_are_kept_and_its_connection_is_not() {
    let receiver = Receiver::start().await;
    let lane = Lane::new(&receiver.url("/"));
    for (size, kept) in [(Response::MAX_BODY, 1), (Response::MAX_BODY + 1, 0)] {
        let body = vec![b'x'; size];
        receiver.behave(Behaviour::Status(200, Vec::new(), body.clone()));
        let response = lane.send().await.result.unwrap();
        assert!(response.body == body[..Response::MAX_BODY], "{size}");
        assert_eq!(lane.pool.idle(), kept, "{size}");
    }
    receiver.behave(Behaviour::EndlessBody);
    let response = lane.send().await.result.unwrap();
    assert_eq!((response.status, response.body.len()), (200, Response::MAX_BODY));
    assert_eq!(lane.pool.idle(), 0);
}

#[tokio::test]
async fn a_body_that_does_not_end_changes_no_success() {
    let (_receiver, lane) = facing(Behaviour::SlowBody(Duration::from_millis(20))).await;
    let begun = Instant::now();
    let outcome = lane.send().await;
    let response = outcome.result.unwrap();
    assert_eq!(response.status, 200);
    assert!((1..100).contains(&response.body.len()));
    assert!(begun.elapsed() >= SHORT.total && begun.elapsed() < SHORT.total * 10);
    assert!(outcome.phases.first_byte.unwrap() < SHORT.total);

    let (_receiver, lane) = facing(Behaviour::ResetInBody).await;
    let response = lane.send().await.result.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (200, b"so far".as_slice()));
    assert_eq!(lane.pool.idle(), 0);
}

#[tokio::test]
async fn what_never_answers_ends_at_the_deadline() {
    for behaviour in [Behaviour::Hang, Behaviour::SlowHeaders(Duration::from_millis(10))] {
        let (receiver, lane) = facing(behaviour).await;
        let outcome = lane.send().await;
        assert!(outcome.phases.total >= SHORT.total && outcome.phases.total < SHORT.total * 10);
        assert_eq!(outcome.address, Some(receiver.address().to_string()));
        let error = outcome.result.unwrap_err();
        assert_eq!(error.class, ErrorClass::Timeout);
        assert_eq!(error.detail, "no complete answer came within 0.5 s");
        assert_eq!(receiver.received().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_a_failure() {
    for behaviour in
        [Behaviour::Reset, Behaviour::CloseWithoutAnswer, Behaviour::Raw(b"HTTP/1.1 200".to_vec())]
    {
        let (receiver, lane) = facing(behaviour.clone()).await;
        let error = lane.error().await;
        assert_eq!(error.class, ErrorClass::ConnectionClosed, "{behaviour:?}: {error}");
        assert_eq!(receiver.received().len(), 1, "{behaviour:?}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_error() {
    let head = |lines: &str| Behaviour::Raw(format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes());
    let many: String = (0..10_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    for behaviour in [
        Behaviour::garbage(),
        Behaviour::HugeHeader(1 << 20),
        Behaviour::Raw(b"HTTP/1.1 000 Nothing\r\n\r\n".to_vec()),
        Behaviour::Raw(b"<html>HTTP/0.9</html>\r\n\r\n".to_vec()),
        head(&many),
        head("x-folded: a\r\n b\r\n"),
        head("x-nul: a\0b\r\n"),
        head("content-length: 1\r\ncontent-length: 2\r\n"),
    ] {
        let (receiver, lane) = facing(behaviour.clone()).await;
        let error = lane.error().await;
        let start: String = format!("{behaviour:?}").chars().take(80).collect();
        assert_eq!(error.class, ErrorClass::ProtocolError, "{start}: {error}");
        assert_eq!(receiver.received().len(), 1);
    }
}

#[tokio::test]
async fn a_malformed_body_leaves_its_status_and_ends_its_connection() {
    let raw = |text: &str| Behaviour::Raw(format!("HTTP/1.1 200 OK\r\n{text}").into_bytes());
    for behaviour in [
        raw("transfer-encoding: chunked\r\n\r\nzz\r\nno chunk\r\n"),
        raw("content-length: 100\r\n\r\nshort"),
        raw("content-length: 2\r\n\r\nokHTTP/1.1 500 Unasked\r\ncontent-length: 0\r\n\r\n"),
        raw("connection: close\r\n\r\nuntil the end"),
    ] {
        let (_receiver, lane) = facing(behaviour.clone()).await;
        assert_eq!(lane.status().await, 200, "{behaviour:?}");
        assert_eq!(lane.pool.idle(), 0, "{behaviour:?}");
    }
}

#[tokio::test]
async fn interim_answers_are_skipped_and_switching_protocols_fails() {
    let flood = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(1_000);
    let answer =
        format!("HTTP/1.1 100 Continue\r\n\r\n{flood}HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");
    let (_receiver, lane) = facing(Behaviour::Raw(answer.into_bytes())).await;
    assert_eq!(lane.status().await, 202);

    let switch = b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let (_receiver, lane) = facing(Behaviour::Raw(switch.to_vec())).await;
    let response = lane.send().await.result.unwrap();
    assert!(response.status == 101 && !response.accepted());
    assert_eq!(lane.pool.idle(), 0);
}
