//! Who is to be told at once that something changed in a conversation.
//!
//! Signals say only that something did; whoever is told looks for itself. Losing one costs until the next look, which
//! every stream takes now and then anyway. What is not stored, such as that somebody is typing, travels here and
//! nowhere else, and only within this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::Duration,
};

use app::{Changed, Db, Signal};
use domain::{Account, Conversation, Id, Visitor};
use tokio::sync::broadcast;

/// Every stream looks at least so often, told or not.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// What a visitor's stream is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToVisitor {
    /// Look.
    Changed,
    /// The operator types, or does not any more.
    Typing,
}

/// What an operator's stream is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToOperator {
    /// Something changed in this conversation.
    Changed(Id<Account>, Id<Conversation>),
    /// The visitor of it types.
    Typing(Id<Account>, Id<Conversation>),
    /// Something was missed: anything may have changed.
    Lost,
}

/// All open streams of this process.
pub(crate) struct Hub {
    streams: Arc<Mutex<Streams>>,
    operators: broadcast::Sender<ToOperator>,
    /// Set once signals of the store are passed on, which is when the first stream opens.
    listening: OnceLock<()>,
}

/// The streams of visitors, by the hash of their token; one visitor may have several.
#[derive(Default)]
struct Streams {
    by_token: HashMap<String, broadcast::Sender<ToVisitor>>,
    /// Whose they are, as far as that is known.
    visitors: HashMap<String, Id<Visitor>>,
    tokens: HashMap<Id<Visitor>, String>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { streams: Arc::default(), operators: broadcast::Sender::new(1_024), listening: OnceLock::new() }
    }

    /// Begins to listen for a visitor's stream.
    pub(crate) fn watch(&self, db: &Db, token_hash: &str) -> Watch {
        self.listen(db);
        let mut streams = lock(&self.streams);
        let sender = streams.by_token.entry(token_hash.to_owned());
        // Few are enough: one that is missed says the same as the one before.
        let receiver = sender.or_insert_with(|| broadcast::Sender::new(4)).subscribe();
        Watch {
            streams: Arc::clone(&self.streams),
            token_hash: token_hash.to_owned(),
            visitor: None,
            receiver: Some(receiver),
        }
    }

    /// Begins to listen for an operator's stream.
    pub(crate) fn watch_all(&self, db: &Db) -> broadcast::Receiver<ToOperator> {
        self.listen(db);
        self.operators.subscribe()
    }

    /// Something changed for whoever has that token. Where it is known who that is, the store's signal says the same,
    /// and looking once is enough.
    pub(crate) fn wake(&self, token_hash: &str) {
        let streams = lock(&self.streams);
        if !streams.visitors.contains_key(token_hash) {
            tell(&streams, token_hash, ToVisitor::Changed);
        }
    }

    /// An operator types to a visitor.
    pub(crate) fn operator_types(&self, visitor: Id<Visitor>) {
        let streams = lock(&self.streams);
        if let Some(token_hash) = streams.tokens.get(&visitor) {
            tell(&streams, token_hash, ToVisitor::Typing);
        }
    }

    /// A visitor types.
    pub(crate) fn visitor_types(&self, account: Id<Account>, conversation: Id<Conversation>) {
        // An error says that nobody listens.
        let _ = self.operators.send(ToOperator::Typing(account, conversation));
    }

    /// Passes the store's signals on, from the first stream on.
    fn listen(&self, db: &Db) {
        self.listening.get_or_init(|| {
            let mut signals = db.subscribe();
            let (streams, operators) = (Arc::downgrade(&self.streams), self.operators.clone());
            tokio::spawn(async move {
                loop {
                    let heard = signals.next().await;
                    let Some(streams) = Weak::upgrade(&streams) else { return };
                    pass_on(&heard, &streams, &operators);
                }
            });
        });
    }
}

fn pass_on(heard: &[Signal], streams: &Mutex<Streams>, operators: &broadcast::Sender<ToOperator>) {
    if heard.is_empty() {
        let streams = lock(streams);
        for sender in streams.by_token.values() {
            let _ = sender.send(ToVisitor::Changed);
        }
        let _ = operators.send(ToOperator::Lost);
    }
    for signal in heard {
        if let Signal::Changed(account, Changed::Conversation(id, visitor)) = signal {
            let _ = operators.send(ToOperator::Changed(*account, *id));
            let streams = lock(streams);
            let token_hash = visitor.and_then(|visitor| streams.tokens.get(&visitor));
            if let Some(token_hash) = token_hash {
                tell(&streams, token_hash, ToVisitor::Changed);
            }
        }
    }
}

fn tell(streams: &Streams, token_hash: &str, what: ToVisitor) {
    if let Some(sender) = streams.by_token.get(token_hash) {
        let _ = sender.send(what);
    }
}

fn lock(streams: &Mutex<Streams>) -> MutexGuard<'_, Streams> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A visitor's stream that is open. Dropping it ends that.
pub(crate) struct Watch {
    streams: Arc<Mutex<Streams>>,
    token_hash: String,
    visitor: Option<Id<Visitor>>,
    /// Some until it is dropped.
    receiver: Option<broadcast::Receiver<ToVisitor>>,
}

impl Watch {
    /// Whose stream it is, once that is known: what others change is told by it.
    pub(crate) fn belongs_to(&mut self, visitor: Id<Visitor>) {
        if self.visitor != Some(visitor) {
            self.visitor = Some(visitor);
            let mut streams = lock(&self.streams);
            streams.tokens.insert(visitor, self.token_hash.clone());
            streams.visitors.insert(self.token_hash.clone(), visitor);
            // Whatever was stored since that was looked up was told to nobody.
            tell(&streams, &self.token_hash, ToVisitor::Changed);
        }
    }

    /// The next thing to be told; several changes that wait are one.
    pub(crate) async fn next(&mut self) -> ToVisitor {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        // Lagging behind, and an end that cannot be while this listens, say the same.
        let first = receiver.recv().await.unwrap_or(ToVisitor::Changed);
        let mut last = first;
        while let Ok(more) = receiver.try_recv() {
            last = if more == ToVisitor::Changed { more } else { last };
        }
        last
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.receiver = None;
        let mut streams = lock(&self.streams);
        let unused = streams.by_token.get(&self.token_hash).is_some_and(|it| it.receiver_count() == 0);
        if unused {
            streams.by_token.remove(&self.token_hash);
            if let Some(visitor) = streams.visitors.remove(&self.token_hash) {
                streams.tokens.remove(&visitor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::kit::Kit;

    #[tokio::test]
    async fn whoever_is_known_is_told_once_of_what_was_stored() {
        let (kit, hub) = (Kit::start().await, Hub::new());
        let mut watch = hub.watch(&kit.db, "token");
        hub.wake("token");
        assert_eq!(watch.next().now_or_never(), Some(ToVisitor::Changed));

        let (account, conversation) = (Id::from_parts(1, &[1; 10]), Id::from_parts(1, &[2; 10]));
        let visitor = Id::from_parts(1, &[3; 10]);
        watch.belongs_to(visitor);
        let told = watch.next().now_or_never();
        assert_eq!(told, Some(ToVisitor::Changed), "what was stored meanwhile was told to nobody");
        watch.belongs_to(visitor);
        hub.wake("token");
        assert_eq!(watch.next().now_or_never(), None);

        let signal = Signal::Changed(account, Changed::Conversation(conversation, Some(visitor)));
        let emit = move |tx: &mut app::Tx<'_>| {
            tx.emit(signal.clone());
            Ok::<_, app::AppError>(())
        };
        kit.db.write(emit).await.unwrap();
        assert_eq!(watch.next().await, ToVisitor::Changed);
        hub.operator_types(visitor);
        assert_eq!(watch.next().now_or_never(), Some(ToVisitor::Typing));
    }

    #[tokio::test]
    async fn a_stream_that_is_closed_leaves_nothing_behind() {
        let (kit, hub) = (Kit::start().await, Hub::new());
        let (mut first, second) = (hub.watch(&kit.db, "token"), hub.watch(&kit.db, "token"));
        first.belongs_to(Id::from_parts(1, &[3; 10]));
        drop(first);
        assert_eq!(lock(&hub.streams).by_token.len(), 1);
        drop(second);
        let streams = lock(&hub.streams);
        let left = streams.by_token.len() + streams.visitors.len() + streams.tokens.len();
        assert_eq!(left, 0);
    }
}
