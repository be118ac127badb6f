//! What several do at once in one conversation: it is closed once, told once, and nothing that was acknowledged is
//! lost, in whatever order things come to pass.

mod at_once;
mod interleavings;

use std::sync::Arc;

use app::{
    AppError, Db, Tx, accounts, chatbots,
    conversations::{
        operators,
        visits::{self, Said, Visit, What},
    },
};
use domain::{Actor, ChatbotSettings, Conversation, Id, Random, Scope, Timestamp, Visitor, VisitorToken};
use store::departments::Present;
use suite::{ManualClock, SeededRandom, TestStore};

use super::ORIGIN;

/// Name, address, and then whatever the visitor likes: talk to somebody, leave another address, or go.
const FLOW: &str = r#"{"schema":1,"start":"a","nodes":[
    {"id":"a","kind":"ask","type":"text","text":"Who is there?","var":"who","next":"b"},
    {"id":"b","kind":"ask","type":"email","text":"Your e-mail?","var":"email","next":"c"},
    {"id":"c","kind":"save_contact","email":"email","next":"d"},
    {"id":"d","kind":"marker","name":"Talk","edge":"start","next":"e"},
    {"id":"e","kind":"choice","text":"And now?","options":[
        {"value":"talk","label":"Talk","next":"f"},
        {"value":"mail","label":"Mail","next":"b"},
        {"value":"bye","label":"Bye","next":"g"}]},
    {"id":"f","kind":"handover","department":"Sales","next":"e","offline":"e"},
    {"id":"g","kind":"marker","name":"Talk","edge":"end","next":"h"},
    {"id":"h","kind":"end","text":"Bye.","then":"close"}]}"#;

/// A store with a published chatbot and two operators who are there for years.
struct Arena {
    store: TestStore,
    db: Db,
    clock: Arc<ManualClock>,
    console: Actor,
    operators: [Actor; 2],
    public_key: String,
}

impl Arena {
    async fn open(store: TestStore) -> Self {
        let (db, clock) = store.open().await;
        let make = |tx: &mut Tx<'_>| -> Result<_, AppError> {
            let account = accounts::create(tx, "Acme")?.id;
            let console = Actor::Console { account };
            let settings =
                ChatbotSettings { allowed_origins: vec![ORIGIN.into()], ..ChatbotSettings::default() };
            let new = chatbots::NewChatbot {
                name: "Desk".into(),
                flow: Some(FLOW.into()),
                settings,
                ..Default::default()
            };
            let chatbot = chatbots::create(tx, &console, &new)?;
            chatbots::publish(tx, &console, chatbot.id)?;
            let mut operators = Vec::new();
            for name in ["Omar", "Olga"] {
                let (key, _) = accounts::create_key(tx, &console, name, Scope::Manage, None)?;
                operators.push(accounts::actor(&key));
                let until = Timestamp::from_micros(i64::MAX);
                let (operator, name) = (key.id.uuid(), name.to_owned());
                let present = Present { operator, name, departments: Vec::new(), until };
                store::departments::set_present(tx, account, &present)?;
            }
            Ok((console, operators, chatbot.public_key))
        };
        let (console, operators, public_key) = db.write(make).await.expect("the flow can be published");
        let operators = operators.try_into().expect("two");
        Self { store, db, clock, console, operators, public_key }
    }

    /// What a browser with that number sends along.
    fn visit(&self, browser: u64) -> Visit {
        let mut token = [0; 32];
        token[..8].copy_from_slice(&browser.to_le_bytes());
        Visit {
            public_key: self.public_key.clone(),
            origin: ORIGIN.into(),
            own_origin: false,
            preview: false,
            draft: None,
            token: VisitorToken::from_bytes(&token),
            page_url: None,
            variables: Default::default(),
        }
    }

    /// Who that browser turned out to be.
    async fn visitor(&self, browser: u64) -> Id<Visitor> {
        let visit = self.visit(browser);
        let found = self.db.read(move |tx| visits::find(tx, &visit)).await;
        found.expect("the store answers").expect("something was said")
    }
}

/// Says something; the conversation that is shown then.
async fn say(db: &Db, visit: &Visit, client_id: &str, text: &str) -> Result<Conversation, AppError> {
    let said = Said { client_id: client_id.to_owned(), what: What::Text(text.to_owned()) };
    let visit = visit.clone();
    let update = db.write(move |tx| visits::hear(tx, &visit, &said, None)).await?;
    Ok(update.conversation.expect("something was said"))
}

/// What an operator can do.
#[derive(Clone, Copy, Debug)]
enum Hand {
    Accept,
    Reply(u64),
    GiveBack,
    Transfer,
    Close,
}

async fn lend(db: &Db, actor: Actor, id: Id<Conversation>, hand: Hand) -> Result<(), AppError> {
    let body = move |tx: &mut Tx<'_>| match hand {
        Hand::Accept => operators::accept(tx, &actor, id).map(drop),
        Hand::Reply(number) => {
            let name = number.to_string();
            operators::reply(tx, &actor, id, &format!("reply {number}"), Some(&name)).map(drop)
        }
        Hand::GiveBack => operators::hand_back(tx, &actor, id).map(drop),
        Hand::Transfer => {
            let department = app::departments::list(tx, &actor)?[0].id;
            operators::transfer(tx, &actor, id, department).map(drop)
        }
        Hand::Close => operators::close(tx, &actor, id).map(drop),
    };
    db.write(body).await
}

/// Chance that repeats.
#[derive(Clone)]
struct Dice(Arc<SeededRandom>);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Arc::new(SeededRandom::new(seed)))
    }

    fn next(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).expect("few")]
    }

    /// Lets others go first, or not.
    async fn dawdle(&self) {
        for _ in 0..self.below(4) {
            tokio::task::yield_now().await;
        }
    }
}
