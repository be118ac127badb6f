//! Signals: hints that leave after a commit. Losing all of them only costs the time until the next tick.

use std::sync::Arc;

use domain::{Account, Chatbot, Conversation, Delivery, Event, Id, Recovery, Timestamp, Visitor, Webhook};
use tokio::sync::broadcast;

/// Something that a commit changed.
#[derive(Clone, Debug)]
pub enum Signal {
    /// These deliveries were just planned and are due at once; they need no reading.
    DeliveriesDue(Arc<Planned>),
    /// Something of this account is no longer as it was.
    Changed(Id<Account>, Changed),
    /// The owner of a webhook has to know something.
    Noticed(Arc<Noticed>),
}

/// A notice about a webhook.
#[derive(Debug)]
pub struct Noticed {
    /// Whose.
    pub account: Id<Account>,
    /// Which.
    pub webhook: Id<Webhook>,
    /// What its owner calls it.
    pub name: String,
    /// The name of its state.
    pub state: &'static str,
    /// Why it is in that state, in words.
    pub reason: &'static str,
    /// Since when.
    pub since: Timestamp,
}

/// An event with the deliveries that were planned for it.
#[derive(Debug)]
pub struct Planned {
    /// The event, shared by all of its deliveries.
    pub event: Arc<Event>,
    /// One for each webhook that matched and is not disabled.
    pub deliveries: Vec<Delivery>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// A webhook's settings, state or secrets.
    Webhook(Id<Webhook>),
    /// An event was accepted.
    Event(Id<Event>),
    /// A delivery moved on.
    Delivery(Id<Delivery>),
    /// Many deliveries of one webhook moved on.
    Deliveries(Id<Webhook>),
    /// Something was said or changed in a conversation, of this visitor if it is held in a browser.
    Conversation(Id<Conversation>, Option<Id<Visitor>>),
    /// A chatbot's settings, draft or version, or which pages called it.
    Chatbot(Id<Chatbot>),
    /// A recovery was made, paused, resumed or ended.
    Recovery(Id<Recovery>),
}

/// The bus. Slow listeners lose the oldest signals, which are only hints.
#[derive(Clone)]
pub(crate) struct Bus(broadcast::Sender<Arc<[Signal]>>);

impl Bus {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(8_192))
    }

    pub(crate) fn send(&self, signals: Vec<Signal>) {
        if !signals.is_empty() {
            // An error says that nobody listens.
            let _ = self.0.send(signals.into());
        }
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        Subscription(self.0.subscribe())
    }
}

/// What one listener has still to hear.
pub struct Subscription(broadcast::Receiver<Arc<[Signal]>>);

impl Subscription {
    /// The signals of the next commit; an empty list says that some were lost. Pending for ever once the store
    /// is closed.
    pub async fn next(&mut self) -> Arc<[Signal]> {
        match self.0.recv().await {
            Ok(signals) => signals,
            Err(broadcast::error::RecvError::Lagged(_)) => Arc::new([]),
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
