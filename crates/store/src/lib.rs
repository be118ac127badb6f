//! The store: the only place with SQL; one text for two engines, embedded SQLite and PostgreSQL.
//!
//! The way in is [`Db`]: [`Db::read`] and [`Db::write`] run a synchronous closure in one transaction on a database
//! thread. The noun modules hold the statements and the functions that floors above call with the [`Tx`] they get.
//! This floor knows no use case: who may do what, and what follows from what, is decided above.

mod db;
mod error;
mod migrate;
mod postgres;
mod signal;
mod sql;
mod sqlite;
mod tx;
mod value;
mod vault;
mod worker;

pub mod accounts;
pub mod audit;
pub mod canned_texts;
pub mod chatbots;
pub mod contacts;
pub mod conversations;
pub mod deliveries;
pub mod departments;
pub mod erasure;
pub mod events;
pub mod hours;
pub mod idempotency;
pub mod ledger;
pub mod lines;
pub mod links;
pub mod markers;
pub mod members;
pub mod messages;
pub mod nodes;
pub mod overview;
pub mod recoveries;
pub mod reports;
pub mod retention;
pub mod sessions;
pub mod sightings;
pub mod webhooks;

pub use db::{Db, OpenOptions, StoreReport, StoreUrl};
pub use error::StoreError;
pub use signal::{Changed, Noticed, Planned, Signal, Subscription};
pub use sqlite::Synchronous;
pub use tx::Tx;

/// Every statement of every noun.
fn statements() -> impl Iterator<Item = &'static &'static sql::Sql> {
    [
        accounts::STATEMENTS,
        audit::STATEMENTS,
        canned_texts::STATEMENTS,
        chatbots::STATEMENTS,
        contacts::STATEMENTS,
        conversations::STATEMENTS,
        conversations::drafts::STATEMENTS,
        conversations::shelves::STATEMENTS,
        db::STATEMENTS,
        deliveries::STATEMENTS,
        deliveries::lists::STATEMENTS,
        departments::STATEMENTS,
        erasure::STATEMENTS,
        events::STATEMENTS,
        hours::STATEMENTS,
        idempotency::STATEMENTS,
        ledger::STATEMENTS,
        lines::STATEMENTS,
        links::STATEMENTS,
        markers::STATEMENTS,
        members::STATEMENTS,
        messages::STATEMENTS,
        nodes::STATEMENTS,
        overview::STATEMENTS,
        recoveries::STATEMENTS,
        reports::STATEMENTS,
        retention::STATEMENTS,
        sessions::STATEMENTS,
        sightings::STATEMENTS,
        webhooks::STATEMENTS,
        webhooks::heads::STATEMENTS,
    ]
    .into_iter()
    .flatten()
}
