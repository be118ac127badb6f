//! Random histories of one visitor in two tabs, two operators and the clock, all at once. After each, what is stored
//! is compared with what everybody was told.
//!
//! `LEADPOST_CASES` says how many on SQLite; a tenth of it is tried on PostgreSQL. A history that fails names its seed,
//! by which what each does can be had again, though not when.

use std::time::Duration;

use app::{
    AppError, Db, PageRequest, Tx, conversations as chats,
    conversations::{
        clock,
        visits::{self, Visit},
    },
    events,
};
use domain::{
    Actor, Author, Conversation, Event, EventType, Id, Message, Phase, Visitor, conversation::transcript,
};
use store::conversations::Named;
use suite::{ManualClock, TestStore, store::postgres_server};
use tokio::task::JoinSet;

use super::{Arena, Dice, Hand, lend, say};
use crate::conversations::whole;

/// How many histories are tried on SQLite unless the environment says otherwise.
const CASES: u64 = 1_000;

#[expect(clippy::disallowed_methods, reason = "how many are tried is for whoever runs the tests to say")]
fn cases() -> u64 {
    std::env::var("LEADPOST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(CASES)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_sqlite_nothing_is_lost_or_told_twice_whatever_happens_at_once() {
    run(TestStore::sqlite(), cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_postgres_nothing_is_lost_or_told_twice_whatever_happens_at_once() {
    let Some(server) = postgres_server() else {
        return suite::store::skipped(
            "postgres",
            "LEADPOST_TEST_POSTGRES names no server; races on SQLite only",
        );
    };
    run(TestStore::postgres(server).await, cases().div_ceil(10)).await;
}

async fn run(on: TestStore, cases: u64) {
    let arena = Arena::open(on).await;
    let mut seen = Seen::default();
    for seed in 0..cases {
        let history = play(&arena, seed).await;
        history.check(&arena, &mut seen).await.unwrap_or_else(|wrong| {
            panic!("{}: {wrong} in the history of seed {seed}", arena.store.engine);
        });
    }
    let Seen { conversations, closed, messages, refused } = seen;
    eprintln!(
        "{}: {cases} histories, {conversations} conversations, {closed} of them closed, {messages} messages, \
         {refused} refused as they must be",
        arena.store.engine
    );
    assert!(closed > cases / 2 && refused > cases / 2, "they do not meet often enough");
}

/// What all histories came to.
#[derive(Default)]
struct Seen {
    conversations: u64,
    closed: u64,
    messages: u64,
    refused: u64,
}

/// What somebody was answered.
enum Note {
    /// A message was taken, under this name.
    Heard(String),
    /// Something was refused.
    Refused(AppError),
}

/// What everybody was told in a history.
struct History {
    visitor: Id<Visitor>,
    notes: Vec<Note>,
}

async fn play(arena: &Arena, seed: u64) -> History {
    // What begins in this history is newer than all before.
    arena.clock.advance(Duration::from_micros(1));
    let dice = Dice::new(seed);
    let visit = arena.visit(seed);
    let first = say(&arena.db, &visit, "first", "Ana").await.expect("the first word is heard");
    let visitor = arena.visitor(seed).await;
    let mut known = first.clone();
    // Most histories begin further on: with an address, in a queue, or with an operator.
    for (step, text) in [(1, format!("ana.{}@example.com", seed % 97)), (2, "talk".to_owned())] {
        if dice.below(4) > 0 && known.replies == step {
            known = say(&arena.db, &visit, &format!("begin-{step}"), &text).await.expect("it is heard");
        }
    }
    if dice.below(2) == 0 {
        lend(&arena.db, arena.operators[0], first.id, Hand::Accept).await.expect("nobody else has it");
    }
    let mut tasks = JoinSet::new();
    for tab in 0..2 {
        let (db, dice, visit) = (arena.db.clone(), Dice::new(dice.next()), visit.clone());
        tasks.spawn(async move { speak(&db, &dice, &visit, visitor, tab).await });
    }
    for operator in arena.operators {
        let (db, dice, id) = (arena.db.clone(), Dice::new(dice.next()), first.id);
        tasks.spawn(async move { operate(&db, &dice, operator, id).await });
    }
    if dice.below(3) == 0 {
        let (db, dice, visit) = (arena.db.clone(), Dice::new(dice.next()), visit.clone());
        tasks.spawn(async move { leave(&db, &dice, visit).await });
    }
    let (db, time, dice) = (arena.db.clone(), arena.clock.clone(), Dice::new(dice.next()));
    let it = (first.account, first.id);
    tasks.spawn(async move { pass_time(&db, &dice, &time, it).await });
    History { visitor, notes: tasks.join_all().await.into_iter().flatten().collect() }
}

async fn leave(db: &Db, dice: &Dice, visit: Visit) -> Vec<Note> {
    dice.dawdle().await;
    let ended = db.write(move |tx| visits::end(tx, &visit, None)).await;
    ended.expect("a visitor may end a chat at any time");
    Vec::new()
}

async fn pass_time(db: &Db, dice: &Dice, time: &ManualClock, (account, id): Named) -> Vec<Note> {
    for _ in 0..dice.below(4) {
        dice.dawdle().await;
        // Together less than an hour: that long a chat is shown to who said something in it again.
        time.advance(Duration::from_secs(dice.one_of(&[1, 120, 300, 900, 1_190])));
        let settled = db.write(move |tx| clock::settle(tx, account, id)).await;
        settled.expect("what is due is done");
    }
    Vec::new()
}

/// A tab: words that fit the flow or do not, some sent again because the answer was lost.
async fn speak(db: &Db, dice: &Dice, visit: &Visit, visitor: Id<Visitor>, tab: u64) -> Vec<Note> {
    let mut notes = Vec::new();
    for number in 0..=dice.below(4) {
        dice.dawdle().await;
        let address = format!("bob.{}@example.com", dice.below(5));
        let words = ["talk", "mail", "bye", "Bob", "hello?", &address, &address];
        let (name, text) = (format!("{tab}-{number}"), dice.one_of(&words));
        for _ in 0..=dice.below(4) / 3 {
            say(db, visit, &name, text).await.expect("whatever happens, a visitor is heard");
            notes.push(Note::Heard(format!("{visitor} {name}")));
        }
    }
    notes
}

/// An operator, who does not look before acting.
async fn operate(db: &Db, dice: &Dice, actor: Actor, id: Id<Conversation>) -> Vec<Note> {
    let mut notes = Vec::new();
    let Actor::Key { key, .. } = actor else { panic!("operators have keys") };
    for _ in 0..=dice.below(3) {
        dice.dawdle().await;
        let reply = Hand::Reply(dice.next());
        let hand = dice.one_of(&[
            Hand::Accept,
            Hand::Accept,
            reply,
            reply,
            Hand::GiveBack,
            Hand::Transfer,
            Hand::Close,
        ]);
        match (lend(db, actor, id, hand).await, hand) {
            (Ok(()), Hand::Reply(number)) => {
                notes.push(Note::Heard(format!("{} {number}", key.uuid().simple())));
            }
            (Ok(()), _) => {}
            (Err(error), _) => notes.push(Note::Refused(error)),
        }
    }
    notes
}

/// What is stored of one conversation.
struct Stored {
    it: Conversation,
    messages: Vec<Message>,
    /// Oldest first.
    events: Vec<Event>,
}

impl History {
    /// What is wrong with what is stored, if anything is.
    async fn check(self, arena: &Arena, seen: &mut Seen) -> Result<(), String> {
        for note in &self.notes {
            if let Note::Refused(error) = note {
                refused_as_it_must_be(error)?;
                seen.refused += 1;
            }
        }
        let all = self.stored(arena).await;
        for stored in &all {
            stored.check(arena.store.engine).map_err(|wrong| format!("{}: {wrong}", stored.it.id))?;
            seen.conversations += 1;
            seen.closed += u64::from(stored.it.closed.is_some());
            seen.messages += stored.messages.len() as u64;
        }
        if all.iter().filter(|it| it.it.closed.is_none()).count() > 1 {
            return Err("two conversations are open".into());
        }
        for note in self.notes {
            if let Note::Heard(name) = note {
                let named = |it: &Message| it.client_id.as_ref() == Some(&name);
                let number = all.iter().flat_map(|it| &it.messages).filter(|it| named(it)).count();
                if number != 1 {
                    return Err(format!("the message {name} was acknowledged and is stored {number} times"));
                }
            }
        }
        Ok(())
    }

    /// The visitor's conversations, oldest first.
    async fn stored(&self, arena: &Arena) -> Vec<Stored> {
        let (console, visitor) = (arena.console, self.visitor);
        let read = move |tx: &mut Tx<'_>| {
            let mut all = Vec::new();
            // Only one visitor speaks at a time, so its conversations are the newest.
            for it in
                chats::list(tx, &console, chats::Filter::default(), PageRequest { after: None, limit: 20 })?
                    .items
            {
                if it.visitor != Some(visitor) {
                    break;
                }
                let messages = chats::get(tx, &console, it.id, 0)?.messages;
                let filter =
                    events::EventFilter { conversation_id: Some(it.id.to_string()), ..Default::default() };
                let mut events = events::list(tx, &console, &filter, whole())?.items;
                events.reverse();
                all.push(Stored { it, messages, events });
            }
            all.reverse();
            Ok::<_, AppError>(all)
        };
        arena.db.read(read).await.expect("the store answers")
    }
}

fn refused_as_it_must_be(error: &AppError) -> Result<(), String> {
    match error {
        AppError::Conflict {
            code: "not_accepted" | "accepted_by_another" | "conversation_closed", ..
        } => Ok(()),
        other => Err(format!("an operator was refused: {other:?}")),
    }
}

impl Stored {
    fn check(&self, engine: &str) -> Result<(), String> {
        let Stored { it, messages, events } = self;
        // Where two write at once, of what they write at one instant nobody knows which was first.
        let ordered = engine == "sqlite";
        let numbers: Vec<u32> = messages.iter().map(|it| it.number).collect();
        ensure(numbers == (1..=it.messages).collect::<Vec<_>>(), || format!("its messages are {numbers:?}"))?;
        let replies = messages.iter().filter(|it| it.author == Author::Visitor).count();
        ensure(replies == it.replies as usize, || format!("{replies} of {} replies", it.replies))?;
        ensure(replies > 0, || "nobody spoke in it".into())?;
        ensure(it.closed.is_some() == (it.phase == Phase::Closed), || "it is half closed".into())?;
        ensure(it.closed.is_some() == it.due_at.is_none(), || "its timer is wrong".into())?;
        ensure(it.operator.is_none() || matches!(it.phase, Phase::Agent | Phase::Closed), || {
            "somebody has it who cannot speak".into()
        })?;
        let told = |wanted: EventType| {
            events.iter().filter(move |it| it.event_type == wanted).filter_map(|it| it.data.as_deref())
        };
        let transcripts: Vec<&str> = told(EventType::ChatTranscript).collect();
        let whole = serde_json::json!({"chat_transcript": transcript(messages, usize::MAX)}).to_string();
        let expected: &[&str] = if it.closed.is_some() { &[&whole] } else { &[] };
        ensure(transcripts == expected, || format!("told {transcripts:#?} and not {expected:#?}"))?;
        let last = events.last().map(|it| it.event_type);
        let in_order = it.closed.is_none() || last == Some(EventType::ChatTranscript);
        ensure(in_order || !ordered, || "told after its end".into())?;
        let contacts: Vec<&str> = told(EventType::ContactInformation).collect();
        let news = contacts.windows(2).all(|pair| pair[0] != pair[1]);
        ensure(news || !ordered, || format!("no news was told: {contacts:?}"))?;
        let last =
            if ordered { contacts.last().into_iter().collect() } else { contacts.iter().collect::<Vec<_>>() };
        let known = it.told.as_deref().map_or(contacts.is_empty(), |told| last.contains(&&told));
        ensure(known, || format!("told {contacts:?}, not {:?}", it.told))?;
        ensure(it.told.is_some() == it.contact.is_some(), || "a contact that was not told".into())
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
