//! Use cases: what the product does, as plain functions over a transaction.
//!
//! Each takes the transaction and who asks, and begins by checking that they may (`access`). What happens in one
//! call happens wholly or not at all. This floor speaks neither HTTP nor SQL: the floors above parse and answer, the
//! store below keeps.

pub mod access;
pub mod accounts;
pub mod audit;
pub mod canned_texts;
pub mod chatbots;
pub mod contacts;
pub mod conversations;
pub mod deliveries;
pub mod departments;
mod error;
pub mod events;
pub mod holds;
pub mod hours;
pub mod idempotency;
pub mod ledger;
pub mod members;
pub mod nodes;
mod notices;
pub mod outbound;
pub mod overview;
mod page;
pub mod passwords;
pub mod recoveries;
pub mod reports;
pub mod retention;
pub mod sessions;
pub mod sightings;
pub mod standings;
pub mod troubles;
pub mod webhooks;

pub use error::AppError;
pub use outbound::{BoxFuture, Outbound, TestPlan};
pub use page::{Page, PageRequest};
pub use store::{
    Changed, Db, Noticed, OpenOptions, Planned, Signal, StoreError, StoreReport, StoreUrl, Subscription,
    Synchronous, Tx,
};
