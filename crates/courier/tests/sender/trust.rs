//! TLS: who is trusted, and what is said about the others. What is not trusted never sees a request.

use std::{io::Write, sync::Arc};

use courier::egress::{Egress, EgressSettings, Limits};
use domain::{ErrorClass, samples};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::{
    Lane, Names, SHORT, Standing, egress, local, names,
    receiver::Receiver,
    tls_fixture::{Authority, self_signed_for},
};

fn trusting(authority: &Authority, limits: Limits, url: &str) -> Lane {
    let resolver = names("hooks.example.com", &["127.0.0.1"]);
    Lane::through(egress(local(), Some(authority.file()), resolver, limits), url)
}

#[tokio::test]
async fn an_authority_of_the_operator_is_trusted_for_names_and_addresses() {
    let authority = Authority::new();
    let receiver = Receiver::start_tls(authority.valid_for(&["hooks.example.com", "127.0.0.1"])).await;
    for url in [receiver.url_at("hooks.example.com", "/in"), receiver.url("/in")] {
        let lane = trusting(&authority, Limits::default(), &url);
        let first = lane.send().await;
        assert_eq!(first.result.unwrap().status, 200);
        assert!(first.phases.tls.is_some());
        let second = lane.send().await;
        assert_eq!((second.result.unwrap().status, second.phases.tls), (200, None));
    }
    assert_eq!((receiver.received().len(), receiver.connections()), (4, 2));
}

#[tokio::test]
async fn what_is_not_trusted_is_named_and_sees_no_request() {
    let (authority, unknown) = (Authority::new(), Authority::new());
    let host = &["hooks.example.com"];
    for (config, words) in [
        (authority.expired_for(host), "has expired: it was valid until 2020-02-29T00:00:00Z"),
        (authority.valid_for(&["other.example.com"]), "for another name, not for hooks.example.com"),
        (self_signed_for(host), "self-signed"),
        (unknown.valid_for(host), "unknown issuer"),
    ] {
        let receiver = Receiver::start_tls(config).await;
        let lane = trusting(&authority, Limits::default(), &receiver.url_at(host[0], "/"));
        let outcome = lane.send().await;
        let error = outcome.result.unwrap_err();
        assert_eq!(error.class, ErrorClass::TlsError, "{words}: {error}");
        assert!(error.detail.contains(words), "{words}: {error}");
        assert_eq!(outcome.address, Some(receiver.address().to_string()));
        assert_eq!((receiver.connections(), receiver.received().len()), (1, 0), "{words}");
    }
}

#[tokio::test]
async fn a_receiver_that_demands_a_certificate_is_a_tls_error() {
    let authority = Authority::new();
    let receiver = Receiver::start_tls(authority.demanding_for(&["127.0.0.1"])).await;
    let error = trusting(&authority, Limits::default(), &receiver.url("/")).error().await;
    assert_eq!(error.class, ErrorClass::TlsError, "{error}");
    assert!(error.detail.contains("demands a client certificate"), "{error}");
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn what_cannot_do_tls_as_wanted_is_told_apart() {
    const TOO_OLD: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";
    const NO_CIPHER: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";
    const HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let cases =
        [(TOO_OLD, "too old"), (NO_CIPHER, "in common"), (HTTP, "does not speak TLS"), (b"", "closed")];
    for (answer, words) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
            // Reading what was sent keeps the close from becoming a reset.
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4_096]).await;
        });
        let lane = Lane::new(&url);
        let error = lane.error().await;
        assert_eq!(error.class, ErrorClass::TlsError, "{words}: {error}");
        assert!(error.detail.contains(words), "{words}: {error}");
        served.await.unwrap();
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_with_the_time_to_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = Limits { connect: SHORT.connect, ..Limits::default() };
    let lane = Lane::with(limits, &format!("https://{}/", listener.local_addr().unwrap()));
    let outcome = lane.send().await;
    assert!(outcome.phases.total >= limits.connect && outcome.phases.total < limits.total);
    let error = outcome.result.unwrap_err();
    assert_eq!(error.class, ErrorClass::TlsError);
    assert_eq!(error.detail, "the TLS handshake was not done within 0.3 s");
}

#[test]
fn an_unusable_file_of_authorities_is_named_with_its_fault() {
    let error = |content: &[u8]| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let settings = EgressSettings {
            extra_ca_file: Some(file.path().to_owned()),
            resolver: Some(Arc::new(Names::default())),
            ..EgressSettings::default()
        };
        let error = Egress::new(settings, Arc::new(Standing(samples::start()))).err().unwrap().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
        error
    };
    assert!(error(b"").contains("holds no certificate"));
    assert!(error(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").contains("number 1"));
    assert!(
        error(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").contains("not in PEM form")
    );
    let settings =
        EgressSettings { extra_ca_file: Some("/nowhere/ca.pem".into()), ..EgressSettings::default() };
    let error = Egress::new(settings, Arc::new(Standing(samples::start()))).err().unwrap();
    assert_eq!(error.to_string(), "cannot read egress.extra_ca_file /nowhere/ca.pem");
}
