//! What goes over the wire: every header once, the body to the byte, a signature that verifies.

use domain::{Id, Secret, SigningKey, samples, signature};

use crate::{Lane, receiver::Receiver};

#[tokio::test]
async fn a_request_is_exact_to_the_byte() {
    let receiver = Receiver::start().await;
    let lane = Lane::new(&receiver.url("/in?key=a%20b&x=^|"));
    let outcome = lane.send().await;
    assert_eq!(outcome.result.unwrap().status, 200);
    assert_eq!(outcome.at, samples::start());
    assert_eq!(outcome.address, Some(receiver.address().to_string()));

    let [request] = &receiver.received()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/in?key=a%20b&x=^|"));
    assert_eq!(request.body, lane.event.body(lane.webhook.body).unwrap());
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "host",
            "content-type",
            "content-length",
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
            "webhook-event-type",
            "user-agent",
        ]
    );
    assert_eq!(request.header("host"), receiver.address().to_string());
    assert_eq!(request.header("user-agent"), concat!("Leadpost/", env!("CARGO_PKG_VERSION")));
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("content-length"), request.body.len().to_string());
    assert_eq!(request.header("webhook-id"), lane.event.id.to_string());
    assert_eq!(request.header("webhook-timestamp"), samples::start().seconds().to_string());
    assert_eq!(request.header("webhook-event-type"), "Contact Information");
    let verdict = signature::verify(
        &Secret::from_bytes(&[7; 32]),
        request.header("webhook-id"),
        request.header("webhook-timestamp"),
        request.header("webhook-signature"),
        &request.body,
        samples::start(),
    );
    assert_eq!(verdict, Ok(()));
}

#[tokio::test]
async fn a_test_says_so() {
    let receiver = Receiver::start().await;
    let mut lane = Lane::new(&receiver.url("/"));
    lane.test = true;
    lane.event.id = Id::test_from_parts(3, &[2; 10]);
    lane.send().await;
    let request = &receiver.received()[0];
    assert_eq!(request.header("webhook-test"), "true");
    assert!(request.header("webhook-id").starts_with("evt_test_"));
}

#[tokio::test]
async fn during_a_rotation_both_keys_sign_and_the_new_one_comes_first() {
    let receiver = Receiver::start().await;
    let mut lane = Lane::new(&receiver.url("/"));
    let now = samples::start();
    let key = |version, expires_at| SigningKey {
        version,
        secret: Secret::from_bytes(&[u8::try_from(version).unwrap(); 32]),
        expires_at,
    };
    let later = now + std::time::Duration::from_secs(1);
    lane.webhook.keys = vec![key(3, None), key(2, Some(later)), key(1, Some(now))];
    lane.send().await;
    let request = &receiver.received()[0];
    let sign = |byte| {
        let id = request.header("webhook-id");
        Secret::from_bytes(&[byte; 32]).sign(id, now.seconds(), &request.body)
    };
    assert_eq!(request.header("webhook-signature"), format!("{} {}", sign(3), sign(2)));
}

#[tokio::test]
async fn own_headers_are_added_and_override_nothing() {
    let receiver = Receiver::start().await;
    let mut lane = Lane::new(&receiver.url("/"));
    let own = [
        ("Authorization", "Bearer x"),
        ("Content-Type", "text/plain"),
        ("content-length", "1"),
        ("Host", "elsewhere"),
        ("transfer-encoding", "chunked"),
        ("Connection", "close"),
        ("webhook-id", "mine"),
        ("webhook-mine", "1"),
    ];
    lane.webhook.headers = own.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(lane.status().await, 200);
    let request = &receiver.received()[0];
    assert_eq!(request.header("authorization"), "Bearer x");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("host"), receiver.address().to_string());
    assert_eq!(request.header("webhook-id"), lane.event.id.to_string());
    for absent in ["transfer-encoding", "connection", "webhook-mine"] {
        assert_eq!(request.all(absent), Vec::<&str>::new(), "{absent}");
    }
}
