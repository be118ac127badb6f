//! The journeys that a person makes, in a real browser.
//!
//! [`Person`] is somebody with a browser of their own; [`Double`] stands in for the server where a journey needs
//! faults that the server does not make by itself, and serves a page of somebody else with the widget on it.

mod conversation;
mod double;
mod person;

pub use double::{Double, Streams};
pub use person::Person;
