//! The eye test: the honeypot sees what is connected to, at every address and port. Without it, the silence of the
//! other scenarios would say nothing.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use crate::{
    honeypot::{FORBIDDEN, PUBLIC, within},
    sinks::PORTS,
    ssrf::{Stage, check_arrived},
};

#[test]
fn whatever_is_connected_to_is_counted() {
    within(async |pot| {
        let (before, mut expected) = (pot.begun(), 0);
        for address in FORBIDDEN.iter().chain(&PUBLIC) {
            for port in PORTS {
                let address = SocketAddr::new(address.parse().expect("an address"), port);
                let stream = timeout(Duration::from_secs(5), TcpStream::connect(address)).await;
                stream
                    .expect("it is all in this machine")
                    .unwrap_or_else(|error| panic!("{address}: {error}"));
                expected += 1;
            }
        }
        // What nobody accepts is counted by the kernel.
        assert!(TcpStream::connect("10.0.0.1:1").await.is_err(), "nothing listens there");
        assert_eq!(pot.begun() - before, expected + 1);
        let accepts = pot.sinks.accepts().await;
        assert_eq!((accepts.len(), accepts.values().sum()), (expected, expected));
    });
}

#[test]
fn with_the_networks_opened_the_server_connects_to_each_forbidden_address() {
    within(async |pot| {
        let opened = [
            ("LEADPOST_EGRESS__ALLOW_NETWORKS", "0.0.0.0/0,::/0"),
            ("LEADPOST_EGRESS__ALLOW_HTTP", "true"),
            ("LEADPOST_EGRESS__ALLOW_PORTS", "22,6379"),
        ];
        let mut stage = Stage::open(pot, &opened).await;
        let webhook = stage.webhook("http://hooks.example.com/", serde_json::json!({})).await;
        for (number, address) in FORBIDDEN.iter().enumerate() {
            let port = PORTS[[0, 2, 9, 11][number % 4]];
            let at = SocketAddr::new(address.parse().expect("an address"), port);
            let url = format!("http://{at}/");
            stage.change(&webhook, &url).await.expect(200);
            let attempt = stage.test(&webhook).await;
            check_arrived(&attempt, &at.to_string());
            stage.check_connected(&[(&at.to_string(), 1)]).await;
        }
        println!("control: {} forbidden addresses, each connected to once it was allowed", FORBIDDEN.len());
        stage.close().await;
    });
}
