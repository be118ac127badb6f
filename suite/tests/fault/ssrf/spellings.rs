//! URLs by the million, each an attempt to write a forbidden address so that it passes for something else.
//!
//! They go through the same rules and the same way out as a delivery, in this process; what is accepted is called, in a
//! network where every address answers. An address that was connected to is judged here once more, by a list that is
//! not the product's.

mod generator;
mod networks;

use std::{collections::BTreeMap, sync::Arc};

use courier::{Egress, EgressSettings, Pool, Post};
use domain::{EgressPolicy, ErrorClass, Event, Id, Outcome, Secret, Webhook, samples};
use suite::ManualClock;
use tokio::time::Instant;

use crate::{
    dns::{Record, Reply},
    form::{Dice, times},
    honeypot::{FORBIDDEN, PUBLIC, within},
};
use generator::url;
use networks::is_forbidden;

/// So many are under way at once.
const TASKS: usize = 4;

/// What became of URLs.
#[derive(Default)]
struct Tally {
    /// By rule.
    refused: BTreeMap<&'static str, usize>,
    unresolved: usize,
    /// Sent, and connected to something.
    called: usize,
    /// The same, at a port where nothing listens.
    closed: usize,
    /// Some that were accepted, to look at.
    samples: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        other.refused.into_iter().for_each(|(rule, count)| *self.refused.entry(rule).or_default() += count);
        self.unresolved += other.unresolved;
        self.called += other.called;
        self.closed += other.closed;
        self.samples.extend(other.samples);
    }
}

#[test]
fn the_list_here_agrees_with_the_honeypot() {
    let all = |addresses: &[&str], expected| {
        for address in addresses {
            assert_eq!(is_forbidden(address.parse().expect("an address")), expected, "{address}");
        }
    };
    all(&FORBIDDEN, true);
    all(&PUBLIC, false);
    all(
        &["9.255.255.255", "11.0.0.0", "172.32.0.0", "168.63.129.17", "2000::1", "2003::", "3fff:1000::"],
        false,
    );
    all(&["172.31.255.255", "100.127.255.255", "255.255.255.255", "ff02::1", "fe80::1", "3fff:fff::"], true);
}

#[test]
fn no_spelling_of_a_forbidden_address_is_connected_to() {
    within(async |pot| {
        let (dice, count, began) = (Dice::new(), times(20_000, 1_000_000), Instant::now());
        println!("spellings: {count} URLs from LEADPOST_FAULT_SEED={}", dice.seed);
        // Every name leads to something good and something bad at once, so none may be called.
        pot.dns.answer("", |question, _| {
            let address = match (question.is_v4(), question.name.len() % 2) {
                (true, 0) => PUBLIC[0],
                (true, _) => "10.0.0.1",
                (false, 0) => "fd00:ec2::254",
                (false, _) => PUBLIC[1],
            };
            Reply::Records(vec![Record::address(&question.name, address.parse().expect("an address"))])
        });
        let policy = EgressPolicy { allow_http: true, ..EgressPolicy::default() };
        let settings = EgressSettings { policy, ..EgressSettings::default() };
        let egress = Egress::new(settings, Arc::new(ManualClock::default())).expect("usable settings");
        let begun = pot.begun();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (share, dice) = (count / TASKS, Dice::of(dice.seed.wrapping_add(task as u64)));
                tokio::spawn(try_many(egress.clone(), dice, share))
            })
            .collect();
        let mut tally = Tally::default();
        for task in tasks {
            tally.add(task.await.expect("no URL makes it panic"));
        }
        let accepts = pot.sinks.accepts().await;
        let forbidden: Vec<_> = accepts.keys().filter(|address| is_forbidden(address.ip())).collect();
        let (asked, refused) = (pot.dns.asked().len(), tally.refused.values().sum::<usize>());
        println!(
            "spellings: {refused} refused {:?}, {} unresolved, {} at closed ports, {} called at {} addresses, {} of \
             them forbidden; {asked} queries; {:.1?}",
            tally.refused,
            tally.unresolved,
            tally.closed,
            tally.called,
            accepts.len(),
            forbidden.len(),
            began.elapsed()
        );
        tally.samples.iter().for_each(|url| println!("spellings: {url}"));
        assert_eq!(forbidden, Vec::<&std::net::SocketAddr>::new());
        assert_eq!(accepts.values().sum::<usize>(), tally.called, "connections, counted by both ends");
        // Names that lead to forbidden addresses are refused after their look-up, so nothing else was begun.
        let (tried, all) = (tally.called + tally.closed, count / TASKS * TASKS);
        assert_eq!(pot.begun() - begun, tried, "connections begun, whoever would have accepted them");
        assert_eq!(refused + tally.unresolved + tried, all);
        // Enough of each kind to mean something.
        assert!(tally.called > count / 100 && refused > count / 2 && asked > count / 100);
    });
}

async fn try_many(egress: Egress, dice: Dice, count: usize) -> Tally {
    let (mut webhook, event) = sample();
    let mut tally = Tally::default();
    for _ in 0..count {
        webhook.url = url(&dice);
        try_one(&egress, &webhook, &event, &mut tally).await;
    }
    tally
}

/// The verdict when it is saved and that when it is called must be the same.
async fn try_one(egress: &Egress, webhook: &Webhook, event: &Event, tally: &mut Tally) {
    let (url, body) = (&webhook.url, event.body(webhook.body).expect("a body"));
    let verdict = egress.verdict(url).await;
    let post = Post { webhook, event, body: body.into(), test: true };
    let Outcome { address, result, .. } = egress.send(&Pool::default(), &post).await;
    let class = result.as_ref().err().map(|error| error.class);
    match (verdict, class) {
        (Err(refusal), Some(ErrorClass::BlockedAddress)) => {
            assert_eq!(address, None, "{url:?}");
            let detail = result.expect_err("an error has a class").detail;
            assert_eq!(detail, refusal.to_string(), "{url:?}");
            *tally.refused.entry(refusal.rule).or_default() += 1;
        }
        (Ok(warnings), Some(ErrorClass::DnsError)) if !warnings.is_empty() => {
            tally.unresolved += 1;
            if tally.unresolved == 1 {
                tally.samples.push(format!("not called: {url:?}: {}", warnings[0]));
            }
        }
        // Over TLS nobody has a certificate for an address.
        (Ok(warnings), None | Some(ErrorClass::TlsError)) if warnings.is_empty() => {
            let address = address.unwrap_or_else(|| panic!("{url:?} was called somewhere"));
            let ip = address.parse::<std::net::SocketAddr>().expect("an address with a port").ip();
            assert!(!is_forbidden(ip), "{url:?} was called at {ip}");
            tally.called += 1;
            if tally.called <= 2 {
                tally.samples.push(format!("called: {url:?} at {address}"));
            }
        }
        (Ok(warnings), Some(ErrorClass::ConnectError)) if warnings.is_empty() => {
            let detail = result.expect_err("an error has a class").detail;
            let host = detail.split([' ', ',']).nth(4).expect("the host is the fifth word");
            let ip = host.trim_matches(['[', ']']).parse();
            assert!(!is_forbidden(ip.unwrap_or_else(|_| panic!("{url:?}: {detail}"))), "{url:?}: {detail}");
            tally.closed += 1;
        }
        (verdict, _) => panic!("{url:?}: {verdict:?} when saved, {result:?} when called"),
    }
}

fn sample() -> (Webhook, Event) {
    let (now, account) = (samples::start(), samples::acme().id);
    let new = samples::webhook("https://hooks.example.com/in");
    let secret = Secret::from_bytes(&[7; 32]);
    let webhook =
        new.into_webhook(&EgressPolicy::default(), Id::from_parts(2, &[1; 10]), account, secret, now);
    let event = samples::contact().check().expect("a valid sample");
    (webhook.expect("a valid sample"), event.to_event(Id::from_parts(3, &[2; 10]), account, now))
}
