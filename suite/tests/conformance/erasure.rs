//! Erasing a person: nothing of theirs is left in any table, and nothing of anybody else's is lost.

use std::collections::BTreeSet;

use app::{
    Tx,
    contacts::Receipt,
    conversations::inbound::{self, NewContact, NewConversation, NewMessage},
};
use domain::{
    Author, Contact, Conversation, Delivery, DeliveryState, Fields, Id, Outcome, Phase, Response, SkipReason,
    Visitor,
    flow::{Value, document::Edge},
    id::Uuid,
    samples::{acme, chatbot, globex},
};
use store::{
    contacts, conversations, deliveries,
    erasure::{self, Which},
    events, webhooks,
};
use suite::{TestStore, stores};

use crate::{
    conversations::begun,
    kit::{answered, at, attempt, carry_out, console, delivery, event, id, open, read, rows, webhook, write},
};

/// What is only to be found where the person left it.
const TRACES: [&str; 9] = [
    "jane.doe",
    "janesname",
    "4915228817386",
    "janessecret",
    "janescustom",
    "janesanswer",
    "janespage",
    "janesconsent",
    "janesexternal",
];

/// Everything in the store, as one text in lower case.
async fn everything(store: &TestStore) -> String {
    let tables = rows(
        store,
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
        "select table_name from information_schema.tables where table_schema = 'public'",
    )
    .await;
    let mut all = String::new();
    for table in tables {
        let [name] = &table[..] else { panic!("one column") };
        let columns = rows(
            store,
            &format!("select coalesce(group_concat('quote(' || name || ')', ' || '' '' || '), '''''') from pragma_table_info('{name}')"),
            "select ''",
        )
        .await;
        let sqlite = format!("select {} from {name}", columns[0][0]);
        for row in rows(store, &sqlite, &format!("select t::text from {name} t")).await {
            all.push_str(&row.concat().to_lowercase());
            all.push('\n');
        }
    }
    all
}

/// Those of the texts that are in the store, written out or as the bytes of a value.
async fn found(store: &TestStore, texts: &[&'static str]) -> Vec<&'static str> {
    let all = everything(store).await;
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    texts.iter().copied().filter(|text| all.contains(text) || all.contains(&hex(text))).collect()
}

/// Somebody of that name chats in another tool, leaves everything that can be left, and is gone.
async fn leave_all(
    db: &app::Db,
    name: &'static str,
    email: &'static str,
    phone: &'static str,
) -> Id<Conversation> {
    let chat = move |tx: &mut Tx<'_>| {
        let actor = console();
        let begin = NewConversation {
            chatbot: Some(id(1)),
            external_id: Some(format!("{name}external")),
            page_url: Some(format!("https://example.com/{name}page")),
        };
        let conversation = inbound::begin(tx, &actor, &begin, None)?;
        let said = NewMessage {
            author: Author::Visitor,
            name: Some(format!("{name}name")),
            text: format!("{name}secret"),
        };
        inbound::message(tx, &actor, conversation, &said, None)?;
        inbound::marker(tx, &actor, conversation, ("Quote", Edge::Start), None)?;
        let new = NewContact {
            fields: Fields {
                name: Some(format!("{name}name")),
                email: Some(email.into()),
                phone: Some(phone.into()),
            },
            custom: vec![("wish".into(), Value::from(format!("{name}custom").as_str()))],
            consent: Some(format!("{name}consent")),
        };
        inbound::contact(tx, &actor, conversation, &new, None)?;
        Ok(conversation)
    };
    carry_out(db, chat).await
}

/// All events of that conversation.
fn chat(name: &str) -> Which {
    Which::Conversation(name.into())
}

/// The contact with that e-mail address.
async fn who(db: &app::Db, email: &'static str) -> Id<Contact> {
    let find = move |tx: &mut Tx<'_>| contacts::find_by_email(tx, acme().id, email);
    write(db, find).await.expect("it was captured").id
}

fn answer(text: &str) -> Outcome {
    let headers = vec![("x-echo".to_owned(), text.to_owned())];
    Outcome { result: Ok(Response { status: 200, headers, body: text.into() }), ..answered(200) }
}

/// One delivery of the contact is made and answered, the other waits. And the browser had spoken before it was known
/// who sat there.
async fn answer_and_speak_before(db: &app::Db, conversation: Id<Conversation>, jane: Id<Contact>) {
    let more = move |tx: &mut Tx<'_>| {
        let name = conversation.to_string();
        let filter = events::EventFilter { conversation_id: Some(name), ..Default::default() };
        let [told] = &events::list(tx, acme().id, &filter, Id::from_uuid(Uuid::max()), 9)?[..] else {
            panic!("one event")
        };
        let [first, _] = &deliveries::of_events(tx, acme().id, &[told.id])?[..] else {
            panic!("two webhooks")
        };
        deliveries::insert_attempt(tx, acme().id, first.id, &attempt(1, answer("janesanswer")))?;
        deliveries::set_delivered(tx, acme().id, first.id)?;
        let browser = Visitor { id: id(7), account: acme().id, chatbot: id(1), created_at: at(0) };
        conversations::insert_visitor(tx, &browser, "token")?;
        let mut before = begun(1);
        (before.visitor, before.phase) = (Some(id(7)), Phase::Closed);
        before.page_url = Some("https://example.com/janespage".into());
        conversations::insert(tx, &before)?;
        let known = Conversation { contact: Some(jane), visitor: Some(id(7)), ..begun(2) };
        conversations::insert(tx, &known)?;
        let said = domain::Message {
            number: 1,
            author: Author::Visitor,
            name: None,
            text: "janessecret".into(),
            ask: None,
            client_id: None,
            at: at(0),
        };
        store::messages::insert(tx, acme().id, id(1), &[said])
    };
    write(db, more).await;
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_any_table() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let fill = |tx: &mut Tx<'_>| {
            store::chatbots::insert(tx, &chatbot(id(1)))?;
            webhooks::insert(tx, &webhook(1))?;
            webhooks::insert(tx, &webhook(2))
        };
        write(&db, fill).await;
        let conversation = leave_all(&db, "janes", "jane.doe@example.com", "+4915228817386").await;
        leave_all(&db, "johns", "john.carter@example.com", "+12025550143").await;
        let jane = who(&db, "jane.doe@example.com").await;
        answer_and_speak_before(&db, conversation, jane).await;
        assert_eq!(found(&store, &TRACES).await, TRACES, "what is looked for is there to be found");
        let others =
            ["john.carter", "johnsname", "12025550143", "johnssecret", "johnscustom", "johnsconsent"];
        assert_eq!(found(&store, &others).await, others);

        let receipt = carry_out(&db, move |tx| app::contacts::erase(tx, &console(), jane)).await;
        assert_eq!(
            receipt,
            Receipt { conversations: 3, messages: 2, events: 1, skipped: 1 },
            "{}",
            store.engine
        );
        assert_eq!(found(&store, &TRACES).await, Vec::<&str>::new(), "{}", store.engine);
        assert_eq!(found(&store, &others).await, others, "another person is not touched");
        assert_eq!(read(&db, |tx| conversations::find_visitor(tx, "token")).await, None);
        let kept = read(&db, move |tx| conversations::find(tx, acme().id, conversation)).await.unwrap();
        assert_eq!((kept.phase, kept.messages, kept.contact), (Phase::Closed, 1, None), "numbers stay");
        let markers = read(&db, move |tx| store::markers::list(tx, acme().id, conversation)).await;
        assert_eq!(markers.len(), 1);
        let ledger = carry_out(&db, |tx| app::ledger::read(tx, &console())).await;
        assert!(ledger.balanced(), "{ledger:?}");
        let of = read(&db, move |tx| {
            events::list(tx, acme().id, &events::EventFilter::default(), Id::from_uuid(Uuid::max()), 9)
        })
        .await;
        assert_eq!(of.iter().filter(|it| it.data.is_some()).count(), 1, "John's contact alone");
    }
}

#[tokio::test]
async fn a_person_s_traces_are_all_conversations_of_their_browsers() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let fill = |tx: &mut Tx<'_>| {
            for (number, visitor, contact, phase) in [
                (1, Some(7), None, Phase::Closed),
                (2, Some(7), Some(1), Phase::Closed),
                (3, None, Some(1), Phase::Agent),
                (4, Some(8), None, Phase::Closed),
                (5, Some(7), Some(2), Phase::Queued),
                (6, None, None, Phase::Bot),
                // Told to be of the person first, then of another.
                (9, None, Some(2), Phase::Closed),
            ] {
                let it = Conversation {
                    visitor: visitor.map(id),
                    contact: contact.map(id),
                    phase,
                    ..begun(number)
                };
                conversations::insert(tx, &it)?;
            }
            // Twice is once.
            contacts::add_conversation(tx, acme().id, id(1), id(9))?;
            contacts::add_conversation(tx, acme().id, id(1), id(9))
        };
        write(&db, fill).await;
        let traces = |account| {
            let db = &db;
            async move {
                let found = write(db, move |tx| erasure::traces(tx, account, id(1))).await;
                found.into_iter().map(|it| (it.conversation, it.visitor, it.closed)).collect::<Vec<_>>()
            }
        };
        let expected = [
            (id(1), Some(id(7)), true),
            (id(2), Some(id(7)), true),
            (id(3), None, false),
            (id(5), Some(id(7)), false),
            (id(9), None, true),
        ];
        assert_eq!(traces(acme().id).await, expected, "{}", store.engine);
        assert_eq!(traces(globex().id).await, []);
    }
}

#[tokio::test]
async fn what_waits_is_skipped_and_what_is_done_stays_without_its_data() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let fill = |tx: &mut Tx<'_>| {
            webhooks::insert(tx, &webhook(1))?;
            webhooks::insert(tx, &webhook(2))?;
            // The samples are of the conversation c-1.
            events::insert(tx, &domain::Event { planned: 2, ..event(1) })?;
            let done = Delivery { state: DeliveryState::Delivered, ..delivery(2, 1, 2) };
            deliveries::insert(tx, &[delivery(1, 1, 1), done])?;
            deliveries::insert_attempt(tx, acme().id, id(2), &attempt(1, answer("seen")))
        };
        write(&db, fill).await;
        let foreign = |tx: &mut Tx<'_>| {
            let skipped = erasure::skip_deliveries(tx, globex().id, &chat("c-1"))?;
            Ok((skipped, erasure::forget_events(tx, globex().id, &chat("c-1"))?))
        };
        assert_eq!(write(&db, foreign).await, (vec![], 0), "another account's stays");
        let skip = |tx: &mut Tx<'_>| erasure::skip_deliveries(tx, acme().id, &chat("c-1"));
        assert_eq!(write(&db, skip).await, [id(1)]);
        assert_eq!(write(&db, skip).await, []);
        let state = |number| {
            let db = &db;
            async move { read(db, move |tx| deliveries::find(tx, acme().id, id(number))).await.unwrap().state }
        };
        assert_eq!(state(1).await, DeliveryState::Skipped(SkipReason::Erased), "{}", store.engine);
        assert_eq!(state(2).await, DeliveryState::Delivered);
        let forget = |tx: &mut Tx<'_>| erasure::forget_events(tx, acme().id, &chat("c-1"));
        assert_eq!((write(&db, forget).await, write(&db, forget).await), (1, 0));
        assert_eq!(found(&store, &["seen", "john.carter"]).await, Vec::<&str>::new());
    }
}

/// Posts an event of that e-mail address, phone number and conversation; its id.
async fn post(
    db: &app::Db,
    number: u32,
    email: Option<&'static str>,
    phone: Option<&'static str>,
    conversation: Option<&'static str>,
) -> Id<domain::Event> {
    let insert = move |tx: &mut Tx<'_>| {
        let mut event = event(number);
        event.data = Some(serde_json::json!({ "name": "Jane", "email": email, "phone": phone }).to_string());
        event.context.conversation_id = conversation.map(Into::into);
        events::insert(tx, &event)
    };
    write(db, insert).await;
    id(number)
}

#[tokio::test]
async fn what_was_posted_of_a_person_goes_with_them_and_nothing_of_others() {
    const JANE: Option<&str> = Some("Jane.Doe@example.com");
    const NUMBER: Option<&str> = Some("+49 1522 8817386");
    const OTHER: Option<&str> = Some("john.carter@example.com");
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut jane = domain::samples::person(id(1), "jane.doe@example.com");
        jane.fields.phone = Some("+4915228817386".into());
        write(&db, move |tx| contacts::insert(tx, &jane)).await;
        let gone = [
            post(&db, 1, JANE, None, None).await,
            post(&db, 2, None, NUMBER, None).await,
            post(&db, 3, JANE, NUMBER, Some("hers")).await,
            post(&db, 4, None, None, Some("hers")).await,
            post(&db, 5, JANE, None, Some("everybody's")).await,
        ];
        let stay = [
            post(&db, 6, OTHER, NUMBER, None).await,
            post(&db, 7, OTHER, None, Some("everybody's")).await,
            post(&db, 8, None, None, Some("everybody's")).await,
            post(&db, 9, None, None, None).await,
        ];
        let foreign = |tx: &mut Tx<'_>| {
            let mut told = BTreeSet::new();
            erasure::add_naming(tx, globex().id, Some("jane.doe@example.com"), None, &mut told)?;
            Ok(told)
        };
        assert!(read(&db, foreign).await.is_empty(), "{}", store.engine);
        let would =
            read(&db, |tx| Ok(app::contacts::would_erase(tx, &console(), id(1)).expect("it looks"))).await;
        assert_eq!(would.events, 5, "{}", store.engine);
        let receipt = carry_out(&db, |tx| app::contacts::erase(tx, &console(), id(1))).await;
        assert_eq!(receipt, Receipt { events: 5, ..Receipt::default() }, "{}", store.engine);
        let kept = async |event| {
            read(&db, move |tx| events::find(tx, acme().id, event)).await.is_some_and(|it| it.data.is_some())
        };
        for event in gone {
            assert!(!kept(event).await, "{}: {event}", store.engine);
        }
        for event in stay {
            assert!(kept(event).await, "{}: {event}", store.engine);
        }
    }
}

#[tokio::test]
async fn a_conversation_and_a_browser_are_forgotten_by_their_own_account_alone() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let fill = |tx: &mut Tx<'_>| {
            store::chatbots::insert(tx, &chatbot(id(1)))?;
            let browser = Visitor { id: id(7), account: acme().id, chatbot: id(1), created_at: at(0) };
            conversations::insert_visitor(tx, &browser, "token")?;
            let known = Conversation {
                contact: Some(id(1)),
                visitor: Some(id(7)),
                page_url: Some("https://example.com".into()),
                flow_state: Some("{}".into()),
                told: Some("{}".into()),
                external_id: Some("x".into()),
                ..begun(1)
            };
            conversations::insert(tx, &known)
        };
        write(&db, fill).await;
        let forget = |account| {
            move |tx: &mut Tx<'_>| {
                erasure::forget_conversation(tx, account, id(1))?;
                erasure::delete_visitor(tx, account, id(7))?;
                let it = conversations::find(tx, acme().id, id(1))?.expect("it stays");
                Ok((it, conversations::find_visitor(tx, "token")?.is_some()))
            }
        };
        let (kept, there) = write(&db, forget(globex().id)).await;
        assert!(there && kept.contact.is_some() && kept.told.is_some(), "{}", store.engine);
        let (left, there) = write(&db, forget(acme().id)).await;
        assert_eq!((left, there), (begun(1), false));
    }
}
