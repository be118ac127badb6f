//! Where connections may lead, and how those that lead nowhere are told.

use domain::{EgressPolicy, ErrorClass};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use crate::{Lane, Names, SHORT, egress, local, names, receiver::Receiver};
use courier::{egress::Limits, resolver::LookupError};

/// http to anywhere in public, and nothing else.
fn public() -> EgressPolicy {
    EgressPolicy { allow_http: true, ..EgressPolicy::default() }
}

#[tokio::test]
async fn a_refused_literal_is_never_connected_to() {
    let receiver = Receiver::start().await;
    let lane = Lane::through(egress(public(), None, Names::default(), SHORT), &receiver.url("/"));
    let outcome = lane.send().await;
    assert_eq!(outcome.address, None);
    let error = outcome.result.unwrap_err();
    assert_eq!(error.class, ErrorClass::BlockedAddress);
    assert!(
        error.detail.contains("ip.loopback") && error.detail.contains("egress.allow_networks"),
        "{error}"
    );
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn one_refused_answer_refuses_the_name_whatever_its_order() {
    let receiver = Receiver::start().await;
    for answers in [
        &["127.0.0.1"][..],
        &["93.184.216.34", "127.0.0.1"],
        &["127.0.0.1", "93.184.216.34"],
        &["93.184.216.34", "::ffff:127.0.0.1"],
    ] {
        let egress = egress(public(), None, names("hooks.example.com", answers), SHORT);
        let url = receiver.url_at("hooks.example.com", "/");
        let refusal = egress.verdict(&url).await.unwrap_err();
        let outcome = Lane::through(egress, &url).send().await;
        assert_eq!((outcome.address, outcome.phases.connect), (None, None), "{answers:?}");
        let error = outcome.result.unwrap_err();
        assert_eq!(error.class, ErrorClass::BlockedAddress, "{answers:?}");
        assert_eq!(error.detail, refusal.to_string());
        assert!(error.detail.contains("egress.allow_networks"), "{error}");
        assert!(!error.detail.contains("127.0.0.1") && !error.detail.contains("93.184"), "{error}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_url_that_the_policy_has_come_to_refuse_is_blocked() {
    let receiver = Receiver::start().await;
    let https_only = EgressPolicy { allow_http: false, ..local() };
    let error =
        Lane::through(egress(https_only, None, Names::default(), SHORT), &receiver.url("/")).error().await;
    assert_eq!(error.class, ErrorClass::BlockedAddress);
    assert!(error.detail.contains("egress.allow_http"), "{error}");
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_is_resolved_once_for_a_connection_and_its_next_address_tried() {
    let receiver = Receiver::start().await;
    let addresses = names("hooks.example.com", &["127.0.0.2", "127.0.0.1"]);
    let lane = Lane::through(
        egress(local(), None, addresses, Limits::default()),
        &receiver.url_at("hooks.example.com", "/in"),
    );
    let outcome = lane.send().await;
    assert_eq!(outcome.result.unwrap().status, 200);
    assert!(outcome.phases.dns.is_some() && outcome.phases.connect.is_some() && outcome.phases.tls.is_none());
    assert_eq!(outcome.address, Some(receiver.address().to_string()));
    assert_eq!(receiver.received()[0].header("host"), format!("hooks.example.com:{}", receiver.port()));
    let again = lane.send().await.phases;
    assert_eq!((again.dns, again.connect, again.tls), (None, None, None));
}

#[tokio::test]
async fn a_name_without_a_usable_answer_is_a_dns_error_and_only_a_warning_when_saved() {
    let answers = [
        (Err(LookupError::NoSuchName), "the name does not exist"),
        (Err(LookupError::Answer("SERVFAIL".to_owned())), "SERVFAIL"),
        (Ok(Vec::new()), "the name has no address"),
        (Ok(vec!["93.184.216.34".parse().unwrap(); 17]), "17 addresses"),
    ];
    for (answer, words) in answers {
        let resolver = Names([("hooks.example.com", answer)].into());
        let lane = Lane::through(egress(public(), None, resolver, SHORT), "http://hooks.example.com/");
        let error = lane.error().await;
        assert_eq!(error.class, ErrorClass::DnsError, "{error}");
        assert!(error.detail.contains("hooks.example.com") && error.detail.contains(words), "{error}");
        let warnings = lane.egress.verdict(&lane.webhook.url).await.unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains(words), "{warnings:?}");
    }
}

#[tokio::test]
async fn a_dns_that_does_not_answer_costs_its_own_limit() {
    let limits = Limits { dns: SHORT.dns, ..Limits::default() };
    let lane = Lane::through(egress(public(), None, Names::default(), limits), "http://hooks.example.com/");
    let outcome = lane.send().await;
    assert!(outcome.phases.total >= limits.dns && outcome.phases.total < limits.connect);
    assert_eq!(outcome.result.unwrap_err().class, ErrorClass::DnsError);
    assert_eq!(lane.egress.verdict(&lane.webhook.url).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_good_url_has_no_warnings() {
    let egress = egress(local(), None, names("hooks.example.com", &["93.184.216.34"]), SHORT);
    assert_eq!(egress.verdict("https://hooks.example.com/in").await.unwrap(), Vec::<String>::new());
    assert_eq!(egress.verdict("http://127.0.0.1:8000/").await.unwrap(), Vec::<String>::new());
    assert!(egress.verdict("ftp://hooks.example.com/").await.is_err());
}

#[tokio::test]
async fn a_closed_port_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = Lane::new(&format!("http://{address}/")).send().await;
    assert!(outcome.phases.connect.is_some() && outcome.address.is_none());
    let error = outcome.result.unwrap_err();
    assert_eq!(error.class, ErrorClass::ConnectError);
    assert!(error.detail.ends_with("the connection was refused"), "{error}");
}

/// A listener whose queue is full: further connections to it get no answer at all.
async fn black_hole(address: &str) -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(address.parse().expect("an address")).expect("a free address");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("a bound listener has an address");
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = timeout(SHORT.dns, TcpStream::connect(address)).await {
        queue.push(stream);
    }
    (listener, queue)
}

#[tokio::test]
async fn an_address_that_swallows_everything_costs_the_time_to_connect() {
    let (listener, _queue) = black_hole("127.0.0.1:0").await;
    let limits = Limits { connect: SHORT.connect, ..Limits::default() };
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let outcome = Lane::with(limits, &url).send().await;
    assert!(outcome.phases.total >= limits.connect && outcome.phases.total < limits.total);
    let error = outcome.result.unwrap_err();
    assert_eq!(error.class, ErrorClass::Timeout);
    assert_eq!(error.detail, "no connection could be opened within 0.3 s");
}

#[tokio::test]
async fn an_address_that_swallows_everything_does_not_hold_up_the_next() {
    let receiver = Receiver::start().await;
    let (_listener, _queue) = black_hole(&format!("127.0.0.2:{}", receiver.port())).await;
    let addresses = names("hooks.example.com", &["127.0.0.2", "127.0.0.1"]);
    let egress = egress(local(), None, addresses, Limits::default());
    let outcome = Lane::through(egress, &receiver.url_at("hooks.example.com", "/")).send().await;
    assert_eq!(outcome.result.unwrap().status, 200);
    assert!(outcome.phases.total < Limits::default().connect);
}
