//! What operators see: the lists of chats, canned texts, and what erasing would remove.

use app::Tx;
use domain::{
    Author, CannedText, Conversation, Id, Message, Operator, Phase,
    id::Uuid,
    samples::{acme, globex, person, start},
};
use store::{
    canned_texts, contacts,
    conversations::{self, Shelf},
    deliveries, erasure, events, messages,
};
use suite::stores;

use crate::{
    conversations::begun,
    kit::{at, conflict, delivery, event, id, open, read, write},
};

fn with(operator: u128) -> Option<Operator> {
    Some(Operator { id: Uuid::from_u128(operator), name: format!("Operator {operator}") })
}

/// The account's chats on a shelf, by their numbers.
async fn on(db: &app::Db, shelf: Shelf) -> Vec<Id<Conversation>> {
    let read_all = move |tx: &mut Tx<'_>| conversations::shelf(tx, acme().id, shelf, id(1_000), 100);
    read(db, read_all).await.into_iter().map(|line| line.id).collect()
}

#[tokio::test]
async fn a_shelf_has_the_chats_of_a_state_or_an_operator_newest_first() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let agent = |number, operator| Conversation { phase: Phase::Agent, operator, ..begun(number) };
        let chats = [
            begun(1),
            Conversation { phase: Phase::Queued, queued_at: Some(at(3)), ..begun(2) },
            agent(3, with(1)),
            agent(4, with(2)),
            agent(5, None),
            agent(6, with(1)),
            Conversation { account: globex().id, ..agent(7, with(1)) },
        ];
        write(&db, move |tx| chats.iter().try_for_each(|chat| conversations::insert(tx, chat))).await;
        assert_eq!(on(&db, Shelf::Phase(Phase::Bot)).await, [id(1)]);
        assert_eq!(on(&db, Shelf::Phase(Phase::Queued)).await, [id(2)]);
        assert_eq!(on(&db, Shelf::With(Uuid::from_u128(1))).await, [id(6), id(3)], "{}", store.engine);
        assert_eq!(on(&db, Shelf::WithOthersThan(Uuid::from_u128(1))).await, [id(5), id(4)]);
        let older =
            |tx: &mut Tx<'_>| conversations::shelf(tx, acme().id, Shelf::Phase(Phase::Agent), id(6), 2);
        let older: Vec<_> = read(&db, older).await.into_iter().map(|line| line.id).collect();
        assert_eq!(older, [id(5), id(4)]);
    }
}

#[tokio::test]
async fn a_chat_in_a_list_has_its_last_words_and_who_it_is() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let said = |number, text: &str| Message {
            number,
            author: Author::Visitor,
            name: None,
            text: text.to_owned(),
            ask: None,
            client_id: None,
            at: start(),
        };
        let words = [said(1, "first"), said(2, "last")];
        let chat = Conversation { messages: 2, contact: Some(id(9)), ..begun(1) };
        write(&db, move |tx| {
            contacts::insert(tx, &person(id(9), "ann@example.com"))?;
            conversations::insert(tx, &chat)?;
            messages::insert(tx, acme().id, chat.id, &words)
        })
        .await;
        let lines =
            |tx: &mut Tx<'_>| conversations::shelf(tx, acme().id, Shelf::Phase(Phase::Bot), id(100), 9);
        let line = read(&db, lines).await.remove(0);
        assert_eq!(line.fields.email.as_deref(), Some("ann@example.com"), "{}", store.engine);
        assert_eq!(line.last, Some((Author::Visitor, None, "last".to_owned())));
    }
}

fn text(number: u32, title: &str) -> CannedText {
    let (title, text) = (title.to_owned(), format!("Text {number}, Zoë"));
    CannedText { id: id(number), account: acme().id, title, text, created_at: at(1) }
}

#[tokio::test]
async fn a_canned_text_comes_back_as_it_was_stored_and_a_title_is_one_of_a_kind() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert!(write(&db, |tx| canned_texts::insert(tx, &text(1, "b"))).await);
        assert!(write(&db, |tx| canned_texts::insert(tx, &text(2, "a"))).await);
        assert!(!write(&db, |tx| canned_texts::insert(tx, &text(3, "a"))).await, "{}", store.engine);
        let all = read(&db, |tx| canned_texts::list(tx, acme().id, 9)).await;
        assert_eq!(all, [text(2, "a"), text(1, "b")]);
        assert_eq!(read(&db, |tx| canned_texts::list(tx, acme().id, 1)).await.len(), 1);
        let rename = |tx: &mut Tx<'_>| canned_texts::update(tx, &text(1, "a")).map(drop);
        assert_eq!(conflict(&db, rename).await, "canned_text_account_id_title_key");
        let changed = || CannedText { text: "other".into(), ..text(1, "c") };
        assert!(write(&db, move |tx| canned_texts::update(tx, &changed())).await);
        assert_eq!(read(&db, |tx| canned_texts::find(tx, acme().id, id(1))).await, Some(changed()));
        assert!(write(&db, |tx| canned_texts::delete(tx, acme().id, id(1))).await);
        assert_eq!(read(&db, |tx| canned_texts::find(tx, acme().id, id(1))).await, None);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_changes_no_canned_text_and_no_chat() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| {
            canned_texts::insert(tx, &text(1, "a"))?;
            contacts::insert(tx, &person(id(9), "ann@example.com"))?;
            conversations::insert(tx, &Conversation { contact: Some(id(9)), ..begun(1) })
        })
        .await;
        let other = globex().id;
        let seen = move |tx: &mut Tx<'_>| {
            assert_eq!(canned_texts::find(tx, other, id(1))?, None);
            assert_eq!(canned_texts::list(tx, other, 9)?, []);
            assert_eq!(conversations::shelf(tx, other, Shelf::Phase(Phase::Bot), id(100), 9)?, []);
            assert_eq!(contacts::count(tx, other, 9)?, 0);
            assert_eq!(contacts::count(tx, acme().id, 9)?, 1);
            assert!(erasure::traces_to_show(tx, other, id(9))?.is_empty());
            assert_eq!(erasure::traces_to_show(tx, acme().id, id(9))?.len(), 1);
            Ok(())
        };
        read(&db, seen).await;
        let foreign = move || CannedText { account: other, ..text(1, "mine") };
        assert!(!write(&db, move |tx| canned_texts::update(tx, &foreign())).await, "{}", store.engine);
        assert!(!write(&db, move |tx| canned_texts::delete(tx, other, id(1))).await);
        assert!(write(&db, move |tx| canned_texts::insert(tx, &CannedText { id: id(2), ..foreign() })).await);
    }
}

#[tokio::test]
async fn what_erasing_would_remove_of_a_conversation_is_counted() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| {
            for number in [1, 2] {
                let mut event = event(number);
                event.context.conversation_id = Some("conv".into());
                events::insert(tx, &event)?;
            }
            deliveries::insert(tx, &[delivery(1, 1, 1)])
        })
        .await;
        let count = |account| {
            move |tx: &mut Tx<'_>| erasure::count(tx, account, &erasure::Which::Conversation("conv".into()))
        };
        assert_eq!(read(&db, count(acme().id)).await, (2, 1), "{}", store.engine);
        assert_eq!(read(&db, count(globex().id)).await, (0, 0));
    }
}
