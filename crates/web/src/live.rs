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

use app::{Changed, Db, Signal, Subscription};
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

/// Kinds of things of an account that changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nouns(u8);

impl Nouns {
    const NAMES: [&'static str; 6] =
        ["webhooks", "events", "deliveries", "conversations", "recoveries", "chatbots"];
    /// Any of them may have changed.
    pub(crate) const ALL: Self = Self(0b11_1111);

    fn of(what: &Changed) -> Self {
        Self(match what {
            Changed::Webhook(_) => 1,
            Changed::Event(_) => 1 << 1,
            Changed::Delivery(_) | Changed::Deliveries(_) => 1 << 2,
            Changed::Conversation(..) => 1 << 3,
            Changed::Recovery(_) => 1 << 4,
            Changed::Chatbot(_) => 1 << 5,
        })
    }
}

impl std::fmt::Display for Nouns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = Self::NAMES.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0);
        let names: Vec<&str> = named.map(|(_, name)| *name).collect();
        f.write_str(&names.join(" "))
    }
}

/// What the streams of members are told, gathered over [`GATHER`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched {
    /// Whose things changed; None if anybody's may have.
    pub(crate) account: Option<Id<Account>>,
    /// Which kinds.
    pub(crate) nouns: Nouns,
}

/// So long changes are gathered before pages are told: nobody reads faster.
const GATHER: Duration = Duration::from_millis(300);

/// All open streams of this process.
pub(crate) struct Hub {
    streams: Arc<Mutex<Streams>>,
    operators: broadcast::Sender<ToOperator>,
    members: broadcast::Sender<Touched>,
    /// Set once signals of the store are passed on, which is when the first stream opens.
    listening: OnceLock<()>,
}

/// The streams of visitors, by the hash of their token; one visitor may have several.
#[derive(Default)]
struct Streams {
    by_token: HashMap<String, broadcast::Sender<ToVisitor>>,
    tokens: HashMap<Id<Visitor>, String>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            streams: Arc::default(),
            operators: broadcast::Sender::new(1_024),
            members: broadcast::Sender::new(1_024),
            listening: OnceLock::new(),
        }
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

    /// Begins to listen for a member's stream, which hears of all accounts and picks its own.
    pub(crate) fn watch_account(&self, db: &Db) -> broadcast::Receiver<Touched> {
        self.listen(db);
        self.members.subscribe()
    }

    /// Something changed for whoever has that token.
    pub(crate) fn wake(&self, token_hash: &str) {
        tell(&lock(&self.streams), token_hash, ToVisitor::Changed);
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
            tokio::spawn(gather(db.subscribe(), Arc::downgrade(&self.streams), self.members.clone()));
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

/// Tells members what changed, at most once in [`GATHER`] for each account, until the hub is gone.
async fn gather(mut signals: Subscription, hub: Weak<Mutex<Streams>>, members: broadcast::Sender<Touched>) {
    let mut touched = HashMap::new();
    while hub.strong_count() > 0 {
        let first = signals.next().await;
        note(&first, &mut touched);
        let until = tokio::time::Instant::now() + GATHER;
        while let Ok(more) = tokio::time::timeout_at(until, signals.next()).await {
            note(&more, &mut touched);
        }
        for (account, nouns) in touched.drain() {
            // An error says that nobody listens.
            let _ = members.send(Touched { account, nouns });
        }
    }
}

fn note(heard: &[Signal], touched: &mut HashMap<Option<Id<Account>>, Nouns>) {
    if heard.is_empty() {
        touched.insert(None, Nouns::ALL);
    }
    for signal in heard {
        if let Signal::Changed(account, what) = signal {
            touched.entry(Some(*account)).or_default().0 |= Nouns::of(what).0;
        }
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
            lock(&self.streams).tokens.insert(visitor, self.token_hash.clone());
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
            if let Some(visitor) = self.visitor {
                streams.tokens.remove(&visitor);
            }
        }
    }
}
