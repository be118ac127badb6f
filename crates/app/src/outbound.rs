//! What use cases need of the way out, between transactions and never inside one.

use std::pin::Pin;

use domain::{EgressPolicy, Event, Outcome, Refusal, Webhook};

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Implemented by the courier, with the same connector that deliveries use.
pub trait Outbound: Send + Sync {
    /// What may be called.
    fn policy(&self) -> &EgressPolicy;

    /// Checks a URL by the rules and by what its name resolves to right now. Ok holds warnings in words: a name that
    /// does not resolve is one, because it may do so tomorrow.
    fn verdict<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<String>, Refusal>>;

    /// Makes one attempt.
    fn send_test<'a>(&'a self, plan: &'a TestPlan) -> BoxFuture<'a, Outcome>;
}

/// A test about to be sent.
#[derive(Clone, Debug)]
pub struct TestPlan {
    /// Where to, with its secrets.
    pub webhook: Webhook,
    /// The sample; its id says that it is a test.
    pub event: Event,
}
