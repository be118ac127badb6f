//! Conversations from the first word to the close: what is said, captured, counted and told, at the level of the use
//! cases. A visitor is a [`Tab`], which knows what a widget knows; operators act under keys of their own.

mod clock;
mod drafts;
mod operators;
mod previews;
mod races;
mod reports;
mod runs;
mod sequels;
mod told;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{
    AppError, Db, PageRequest, Tx, accounts, chatbots, contacts,
    conversations::{
        self, clock as chat_clock,
        visits::{self, Cursor, Said, Update, Visit, What},
    },
    departments, events,
};
use domain::{
    Actor, Author, Chatbot, ChatbotSettings, Contact, Conversation, Event, EventType, Id, Message, Scope,
    VisitorToken,
};
use serde_json::Value;
use suite::{ManualClock, TestApp, TestStore};

/// Where the chatbot is embedded.
const ORIGIN: &str = "https://www.example.com";

/// The product with one published chatbot.
struct Scene {
    app: TestApp,
    chatbot: Chatbot,
    /// Omar, who may accept chats of all departments once he is there.
    omar: Actor,
    /// Olga, the same.
    olga: Actor,
}

impl Scene {
    /// With the chatbot of a template.
    async fn start(store: TestStore, template: &str) -> Self {
        Self::begin(store, chatbots::NewChatbot { template: Some(template.into()), ..Default::default() })
            .await
    }

    /// With a chatbot whose flow has these nodes and begins with the first, `a`.
    async fn with_flow(store: TestStore, nodes: &str) -> Self {
        let flow = format!(r#"{{"schema":1,"start":"a","nodes":[{nodes}]}}"#);
        Self::begin(store, chatbots::NewChatbot { flow: Some(flow), ..Default::default() }).await
    }

    async fn begin(store: TestStore, new: chatbots::NewChatbot) -> Self {
        // Shown if the test fails: which engine it failed on.
        eprintln!("on {}", store.engine);
        let app = TestApp::start(store).await;
        let account = app.acme.0;
        let settings = ChatbotSettings {
            allowed_origins: vec![ORIGIN.into()],
            region: Some("GB".into()),
            ..ChatbotSettings::default()
        };
        let new = chatbots::NewChatbot { name: "Desk".into(), settings, ..new };
        let make = move |tx: &mut Tx<'_>| -> Result<_, AppError> {
            let console = Actor::Console { account };
            let chatbot = chatbots::create(tx, &console, &new)?;
            let chatbot = chatbots::publish(tx, &console, chatbot.id)?;
            let mut operator = |name| {
                let (key, _) = accounts::create_key(tx, &console, name, Scope::Manage, None)?;
                Ok::<_, AppError>(accounts::actor(&key))
            };
            Ok((chatbot, operator("Omar")?, operator("Olga")?))
        };
        let (chatbot, omar, olga) = app.db.write(make).await.expect("a template can be published");
        Self { app, chatbot, omar, olga }
    }

    fn console(&self) -> Actor {
        Actor::Console { account: self.app.acme.0 }
    }

    /// A tab of the browser with that number.
    fn tab(&self, browser: u8) -> Tab {
        let visit = Visit {
            public_key: self.chatbot.public_key.clone(),
            origin: ORIGIN.into(),
            own_origin: false,
            preview: false,
            draft: None,
            token: VisitorToken::from_bytes(&[browser; 32]),
            page_url: Some("https://www.example.com/offers".into()),
            variables: BTreeMap::new(),
        };
        let tab = TABS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (db, clock) = (self.app.db.clone(), self.app.clock.clone());
        Tab { db, clock, visit, tab, cursor: None, seen: Vec::new(), said: 0, conversation: None }
    }

    /// Carries out a use case that must succeed.
    async fn act<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, AppError> + Send + 'static,
    ) -> T {
        tick(&self.app.clock);
        self.app.db.write(body).await.expect("the use case succeeds")
    }

    /// The code of the conflict that a use case must end in.
    async fn clash<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, AppError> + Send + 'static,
    ) -> &'static str {
        match self.app.db.write(body).await {
            Err(AppError::Conflict { code, .. }) => code,
            Err(other) => panic!("this should be a conflict: {other}"),
            Ok(_) => panic!("this should be a conflict"),
        }
    }

    /// An operator is there for all departments.
    async fn arrives(&self, operator: Actor) {
        self.act(move |tx| departments::arrive(tx, &operator, Vec::new())).await;
    }

    /// Moves the clock, and does what is due in conversations until nothing is.
    async fn after(&self, wait: Duration) {
        self.app.clock.advance(wait);
        for _ in 0..100 {
            let due = self.app.db.read(chat_clock::due).await.expect("the store answers");
            if due.is_empty() {
                return;
            }
            for (account, id) in due {
                self.act(move |tx| chat_clock::settle(tx, account, id)).await;
            }
        }
        panic!("something stays due for ever");
    }

    async fn conversation(&self, id: Id<Conversation>) -> Conversation {
        let actor = self.console();
        self.act(move |tx| conversations::find(tx, &actor, id)).await
    }

    /// The events of a conversation, oldest first.
    async fn events(&self, id: Id<Conversation>) -> Vec<Event> {
        let actor = self.console();
        let filter = events::EventFilter { conversation_id: Some(id.to_string()), ..Default::default() };
        let list = move |tx: &mut Tx<'_>| events::list(tx, &actor, &filter, whole());
        self.act(list).await.items.into_iter().rev().collect()
    }

    /// The contacts of the account, oldest first.
    async fn contacts(&self) -> Vec<Contact> {
        let actor = self.console();
        let list = move |tx: &mut Tx<'_>| contacts::list(tx, &actor, &contacts::Filter::default(), whole());
        self.act(list).await.items.into_iter().rev().collect()
    }

    /// What came of a conversation, a line for each thing: how it stands, contacts, markers, events. What its event
    /// tells is what was said.
    async fn outcome(&self, id: Id<Conversation>) -> String {
        let it = self.conversation(id).await;
        let mut lines = match it.closed {
            Some((_, reason)) => format!("closed {}\n", reason.as_str()),
            None => format!("open {}\n", it.phase.as_str()),
        };
        for contact in self.contacts().await {
            let consent = contact.consent.map_or("none", |consent| if consent.given { "yes" } else { "no" });
            let custom = Value::from(contact.custom);
            lines += &format!("contact {} {custom} consent {consent}\n", contact.fields.to_json());
        }
        let actor = self.console();
        let markers = self.act(move |tx| conversations::get(tx, &actor, id, 0)).await.markers;
        let mut counted: Vec<(String, u32, u32)> = Vec::new();
        for run in markers {
            let place = counted.iter().position(|(name, ..)| *name == run.name).unwrap_or(counted.len());
            if place == counted.len() {
                counted.push((run.name, 0, 0));
            }
            counted[place].1 += u32::from(run.ended_at.is_some());
            counted[place].2 += 1;
        }
        for (name, executions, runs) in counted {
            lines += &format!("marker {name} {executions} of {runs}\n");
        }
        for event in self.events(id).await {
            let data = event.data.expect("nothing was erased");
            match event.event_type {
                EventType::ChatTranscript => {
                    let told: Value = serde_json::from_str(&data).expect("data is JSON");
                    assert_eq!(told["chat_transcript"], self.transcript(id).await);
                    lines.push_str("Chat Transcript\n");
                }
                other => lines += &format!("{} {data}\n", other.as_str()),
            }
        }
        lines
    }

    async fn transcript(&self, id: Id<Conversation>) -> String {
        let actor = self.console();
        let messages = self.act(move |tx| conversations::messages(tx, &actor, id)).await;
        domain::conversation::transcript(&messages, usize::MAX)
    }

    /// That a conversation came to this; lines may be indented.
    async fn expect(&self, id: Id<Conversation>, outcome: &str) {
        assert_eq!(self.outcome(id).await, flush(outcome), "on {}", self.app.engine);
    }

    /// That this was said in a conversation; lines may be indented, and their times are left out.
    async fn expect_said(&self, id: Id<Conversation>, lines: &str) {
        let transcript = self.transcript(id).await;
        let without_time = |line: &str| {
            let (time, rest) = line.split_at("[2026-03-04T10:15:30Z] ".len());
            assert!(time.starts_with("[2026-") && time.ends_with("Z] "), "{line}");
            format!("{rest}\n")
        };
        let said: String = transcript.lines().map(without_time).collect();
        assert_eq!(said, flush(lines), "on {}", self.app.engine);
    }
}

/// Counts tabs, so that no two say something under one name.
static TABS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// Of what is done at one instant nobody knows which was first.
fn tick(clock: &ManualClock) {
    clock.advance(Duration::from_micros(1));
}

/// Lines without what stands before them.
fn flush(lines: &str) -> String {
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

/// A list to its end.
fn whole<T>() -> PageRequest<T> {
    PageRequest { after: None, limit: PageRequest::<T>::MAX }
}

/// A tab of a visitor's browser.
struct Tab {
    db: Db,
    clock: Arc<ManualClock>,
    visit: Visit,
    tab: u32,
    cursor: Option<Cursor>,
    /// What the visitor sees.
    seen: Vec<Message>,
    said: u32,
    /// The conversation, as the last answer told of it.
    conversation: Option<Conversation>,
}

impl Tab {
    fn id(&self) -> Id<Conversation> {
        self.conversation.as_ref().expect("something was done").id
    }

    fn show(&mut self, update: Update) {
        if update.reset {
            self.seen.clear();
        }
        self.seen.extend(update.messages);
        (self.cursor, self.conversation) = (Some(update.cursor), update.conversation);
    }

    async fn look(&mut self) {
        let (visit, cursor) = (self.visit.clone(), self.cursor);
        let update = self.db.read(move |tx| visits::look(tx, &visit, cursor)).await;
        self.show(update.expect("the visitor may look"));
    }

    /// Does something under a name of the tab's own; says what went wrong.
    async fn send(&mut self, client_id: &str, what: What) -> Result<(), AppError> {
        let (visit, cursor) = (self.visit.clone(), self.cursor);
        let said = Said { client_id: client_id.to_owned(), what };
        tick(&self.clock);
        let update = self.db.write(move |tx| visits::hear(tx, &visit, &said, cursor)).await?;
        self.show(update);
        Ok(())
    }

    async fn heard(&mut self, what: What) {
        self.said += 1;
        let client_id = format!("{}-{}", self.tab, self.said);
        self.send(&client_id, what).await.expect("the visitor is heard");
    }

    /// The number of the question that the visitor sees last.
    fn question(&self) -> u32 {
        let ask = self.seen.iter().rev().find_map(|message| message.ask.as_deref());
        let ask: Value = serde_json::from_str(ask.expect("something is asked")).expect("a question is JSON");
        u32::try_from(ask["question"].as_u64().expect("a question has a number")).expect("a small one")
    }

    /// Plays a visitor, a line for each thing done: `> text` types, `# value` presses a button, `skip` skips.
    async fn play(&mut self, script: &str) {
        if self.seen.is_empty() {
            self.look().await;
        }
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let what = match line.split_once(' ') {
                Some((">", text)) => What::Text(text.into()),
                Some(("#", value)) => What::Choice { value: value.into(), question: self.question() },
                _ if line == "skip" => What::Skip { question: self.question() },
                _ => panic!("{line:?} is nothing that a visitor can do"),
            };
            self.heard(what).await;
        }
    }

    async fn end(&mut self) {
        let (visit, cursor) = (self.visit.clone(), self.cursor);
        tick(&self.clock);
        let update = self.db.write(move |tx| visits::end(tx, &visit, cursor)).await;
        self.show(update.expect("the visitor may end it"));
    }

    /// The last thing that was said, with who said it.
    fn last(&self) -> (Author, &str) {
        let last = self.seen.last().expect("something was said");
        (last.author, &last.text)
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
