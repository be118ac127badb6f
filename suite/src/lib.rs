//! The kit for every test that needs more than one floor.
//!
//! [`stores`] gives a store on each engine, [`TestApp`] the whole product on one, with a clock that stands until it
//! is moved; [`receiver`] is the other end of a delivery. No test sleeps: it moves the clock and calls
//! [`TestApp::settle`].

pub mod browser;
pub mod clock;
pub mod demo_volume;
pub mod receiver;
pub mod store;
pub mod test_app;
pub mod tls_fixture;

pub use browser::Browser;
pub use clock::{ManualClock, SeededRandom};
pub use receiver::{Behaviour, Receiver};
pub use store::{TestStore, stores};
pub use test_app::{Answer, OWN_ORIGIN, TestApp};
