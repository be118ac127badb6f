//! The way out against a receiver on this machine: what goes over the wire, and what is made of each answer.

mod addresses;
mod answers;
mod connections;
#[path = "../../../../suite/src/receiver.rs"]
#[expect(dead_code, reason = "the kit serves other tests, too")]
mod receiver;
mod requests;
#[path = "../../../../suite/src/tls_fixture.rs"]
mod tls_fixture;
mod trust;

use std::{collections::HashMap, net::IpAddr, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use courier::{
    egress::{Egress, EgressSettings, Limits},
    pool::Pool,
    resolver::{Lookup, LookupError, Resolve},
    sender::Post,
};
use domain::{
    AttemptError, Clock, EgressPolicy, ErrorClass, Event, Id, Outcome, Secret, Timestamp, Webhook, samples,
};

/// A clock that stands.
struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The DNS of a test. A name that it does not have never gets an answer.
#[derive(Default)]
struct Names(HashMap<&'static str, Result<Vec<IpAddr>, LookupError>>);

impl Resolve for Names {
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            match self.0.get(name) {
                Some(answer) => answer.clone(),
                None => std::future::pending().await,
            }
        })
    }
}

/// `name` with these addresses.
fn names(name: &'static str, addresses: &[&str]) -> Names {
    let addresses = addresses.iter().map(|ip| ip.parse().expect("an address")).collect();
    Names(HashMap::from([(name, Ok(addresses))]))
}

/// One lane: everything that a send needs, with a webhook and an event.
struct Lane {
    egress: Egress,
    pool: Pool,
    webhook: Webhook,
    event: Event,
    test: bool,
}

/// Limits that a test can wait for.
const SHORT: Limits = Limits {
    dns: Duration::from_millis(200),
    connect: Duration::from_millis(300),
    total: Duration::from_millis(500),
    idle: Duration::from_secs(4),
};

/// Lets receivers on this machine be called over http.
fn local() -> EgressPolicy {
    let allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
    EgressPolicy { allow_http: true, allow_networks, ..EgressPolicy::default() }
}

fn egress(policy: EgressPolicy, authority: Option<&Path>, resolver: Names, limits: Limits) -> Egress {
    let settings = EgressSettings {
        policy,
        extra_ca_file: authority.map(Path::to_owned),
        resolver: Some(Arc::new(resolver)),
        limits,
    };
    Egress::new(settings, Arc::new(Standing(samples::start()))).expect("usable settings")
}

impl Lane {
    fn new(url: &str) -> Self {
        Self::through(egress(local(), None, Names::default(), Limits::default()), url)
    }

    fn with(limits: Limits, url: &str) -> Self {
        Self::through(egress(local(), None, Names::default(), limits), url)
    }

    fn through(egress: Egress, url: &str) -> Self {
        let now = samples::start();
        let new = samples::webhook("https://hooks.example.com/in");
        let secret = Secret::from_bytes(&[7; 32]);
        let (id, account) = (Id::from_parts(2, &[1; 10]), samples::acme().id);
        let mut webhook = new.into_webhook(&local(), id, account, secret, now).expect("a valid sample");
        webhook.url = url.to_owned();
        let event = samples::contact().check().expect("a valid sample");
        let event = event.to_event(Id::from_parts(3, &[2; 10]), account, now);
        Self { egress, pool: Pool::default(), webhook, event, test: false }
    }

    async fn send(&self) -> Outcome {
        self.send_over(&self.pool).await
    }

    async fn send_over(&self, pool: &Pool) -> Outcome {
        let body = Bytes::from(self.event.body(self.webhook.body).expect("a body"));
        let post = Post { webhook: &self.webhook, event: &self.event, body, test: self.test };
        self.egress.send(pool, &post).await
    }

    /// Sends and answers the status.
    async fn status(&self) -> u16 {
        self.send().await.result.expect("an answer").status
    }

    /// Sends and answers the error.
    async fn error(&self) -> AttemptError {
        self.send().await.result.expect_err("no answer")
    }

    async fn class(&self) -> ErrorClass {
        self.error().await.class
    }
}
