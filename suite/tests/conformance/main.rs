//! Every function of the store, on both engines: nothing but their speed may tell them apart.
//!
//! One module for each noun, and one for each promise that belongs to no noun: opening, transactions, races, keys.

mod accounts;
mod attempts;
mod audit;
mod backup;
mod chatbots;
mod contacts;
mod conversations;
mod deliveries;
mod departments;
mod desk;
mod erasure;
mod events;
mod health;
mod hours;
mod idempotency;
mod keys;
mod kit;
mod late;
mod leases;
mod ledger;
mod lines;
mod links;
mod lists;
mod markers;
mod members;
mod messages;
mod opening;
mod overview;
mod queue;
mod races;
mod recoveries;
mod reports;
mod retention;
mod schema;
mod secrets;
mod sessions;
mod sightings;
mod signals;
mod states;
mod transactions;
mod twins;
mod webhook_races;
mod webhooks;

/// The store's nouns: module and source.
const NOUNS: &[(&str, &str)] = &[
    ("accounts", include_str!("../../../crates/store/src/accounts.rs")),
    ("audit", include_str!("../../../crates/store/src/audit.rs")),
    ("canned_texts", include_str!("../../../crates/store/src/canned_texts.rs")),
    ("chatbots", include_str!("../../../crates/store/src/chatbots.rs")),
    ("contacts", include_str!("../../../crates/store/src/contacts.rs")),
    ("conversations", include_str!("../../../crates/store/src/conversations.rs")),
    ("deliveries", include_str!("../../../crates/store/src/deliveries.rs")),
    ("departments", include_str!("../../../crates/store/src/departments.rs")),
    ("erasure", include_str!("../../../crates/store/src/erasure.rs")),
    ("events", include_str!("../../../crates/store/src/events.rs")),
    ("hours", include_str!("../../../crates/store/src/hours.rs")),
    ("idempotency", include_str!("../../../crates/store/src/idempotency.rs")),
    ("ledger", include_str!("../../../crates/store/src/ledger.rs")),
    ("lines", include_str!("../../../crates/store/src/lines.rs")),
    ("links", include_str!("../../../crates/store/src/links.rs")),
    ("markers", include_str!("../../../crates/store/src/markers.rs")),
    ("members", include_str!("../../../crates/store/src/members.rs")),
    ("messages", include_str!("../../../crates/store/src/messages.rs")),
    ("nodes", include_str!("../../../crates/store/src/nodes.rs")),
    ("overview", include_str!("../../../crates/store/src/overview.rs")),
    ("recoveries", include_str!("../../../crates/store/src/recoveries.rs")),
    ("reports", include_str!("../../../crates/store/src/reports.rs")),
    ("retention", include_str!("../../../crates/store/src/retention.rs")),
    ("sessions", include_str!("../../../crates/store/src/sessions.rs")),
    ("sightings", include_str!("../../../crates/store/src/sightings.rs")),
    ("webhooks", include_str!("../../../crates/store/src/webhooks.rs")),
];

/// The store itself and its transactions, whose functions are methods.
const DOORS: [&str; 2] =
    [include_str!("../../../crates/store/src/db.rs"), include_str!("../../../crates/store/src/tx.rs")];

/// Where the tests are.
const TESTS: &[&str] = &[
    include_str!("accounts.rs"),
    include_str!("attempts.rs"),
    include_str!("audit.rs"),
    include_str!("backup.rs"),
    include_str!("chatbots.rs"),
    include_str!("contacts.rs"),
    include_str!("conversations.rs"),
    include_str!("deliveries.rs"),
    include_str!("departments.rs"),
    include_str!("desk.rs"),
    include_str!("erasure.rs"),
    include_str!("events.rs"),
    include_str!("health.rs"),
    include_str!("hours.rs"),
    include_str!("idempotency.rs"),
    include_str!("keys.rs"),
    include_str!("late.rs"),
    include_str!("leases.rs"),
    include_str!("ledger.rs"),
    include_str!("lines.rs"),
    include_str!("links.rs"),
    include_str!("lists.rs"),
    include_str!("markers.rs"),
    include_str!("members.rs"),
    include_str!("messages.rs"),
    include_str!("opening.rs"),
    include_str!("overview.rs"),
    include_str!("queue.rs"),
    include_str!("races.rs"),
    include_str!("recoveries.rs"),
    include_str!("reports.rs"),
    include_str!("retention.rs"),
    include_str!("schema.rs"),
    include_str!("secrets.rs"),
    include_str!("sessions.rs"),
    include_str!("sightings.rs"),
    include_str!("signals.rs"),
    include_str!("states.rs"),
    include_str!("transactions.rs"),
    include_str!("twins.rs"),
    include_str!("webhook_races.rs"),
    include_str!("webhooks.rs"),
];

/// The names behind `opening` in the lines of `source` that begin with it.
fn names(source: &'static str, opening: &str) -> Vec<&'static str> {
    let name = |rest: &'static str| rest.split(['(', '<', ';']).next();
    source.lines().filter_map(|line| line.strip_prefix(opening).and_then(name)).collect()
}

/// Whether a test has that whole name, called or handed over.
fn is_used(name: &str) -> bool {
    let whole = |rest: &str| !rest.starts_with(|it: char| it.is_alphanumeric() || it == '_');
    TESTS.iter().any(|test| test.split(name).skip(1).any(whole))
}

#[test]
fn every_function_of_the_store_is_used_by_a_test() {
    for (noun, source) in NOUNS {
        let functions = names(source, "pub fn ");
        assert!(!functions.is_empty(), "{noun}");
        for name in functions {
            assert!(is_used(&format!("{noun}::{name}")), "no conformance test uses {noun}::{name}");
        }
    }
    for source in DOORS {
        for opening in ["    pub fn ", "    pub async fn "] {
            for name in names(source, opening) {
                let used = is_used(&format!(".{name}")) || is_used(&format!("Db::{name}"));
                assert!(used, "no conformance test uses {name}");
            }
        }
    }
}

#[test]
fn every_noun_of_the_store_is_looked_at() {
    let lib = include_str!("../../../crates/store/src/lib.rs");
    let nouns = names(lib, "pub mod ");
    assert!(nouns.iter().eq(NOUNS.iter().map(|(noun, _)| noun)), "{nouns:?}");
}
