//! The journeys that a person makes, in a real browser, and what they need around them.
//!
//! [`Person`] is somebody with a browser of their own; [`Server`] is the product as a process, [`Receiver`] where its
//! events go. [`Double`] stands in for the server where a journey needs faults that the server does not make by itself,
//! and serves a page of somebody else with the widget on it.

mod conversation;
mod double;
mod person;
mod receiver;
mod server;

pub use double::{Double, Streams};
pub use person::{Person, shots};
pub use receiver::{Answer, Received, Receiver};
pub use server::{Server, port};
