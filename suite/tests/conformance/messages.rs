//! What was said in conversations.

use app::Tx;
use domain::{
    Author, Conversation, Message,
    samples::{acme, globex, start},
};
use store::messages;
use suite::stores;

use crate::{
    conversations::begun,
    kit::{conflict, id, open, read, write},
};

fn said(number: u32, client_id: Option<&str>) -> Message {
    Message {
        number,
        author: Author::ALL[number as usize % 4],
        name: number.is_multiple_of(2).then(|| format!("Zoë {number}")),
        text: format!("line {number}\nand more"),
        ask: number.is_multiple_of(3).then(|| r#"{"question":1}"#.to_owned()),
        client_id: client_id.map(str::to_owned),
        at: start(),
    }
}

/// Two conversations: messages 1 to 5 in the first, 1 in the second.
async fn fill(db: &app::Db) {
    let fill = |tx: &mut Tx<'_>| {
        for number in 1..=2 {
            store::conversations::insert(tx, &begun(number))?;
        }
        let all: Vec<_> = (2..=5).map(|number| said(number, None)).collect();
        messages::insert(tx, acme().id, id(1), &all)?;
        messages::insert(tx, acme().id, id(1), &[said(1, Some("vis a"))])?;
        messages::insert(tx, acme().id, id(2), &[said(1, Some("vis b"))])
    };
    write(db, fill).await;
}

#[tokio::test]
async fn messages_come_in_their_order_from_any_number_on() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        fill(&db).await;
        let list = |after, limit| {
            let db = &db;
            async move { read(db, move |tx| messages::list(tx, acme().id, id(1), after, limit)).await }
        };
        let mut all: Vec<_> = (1..=5).map(|number| said(number, None)).collect();
        all[0].client_id = Some("vis a".into());
        assert_eq!(list(0, u32::MAX).await, all, "{}", store.engine);
        assert_eq!(list(2, 2).await, all[2..4]);
        assert_eq!(list(5, 9).await, []);
        write(&db, |tx| messages::insert(tx, acme().id, id(1), &[])).await;
    }
}

#[tokio::test]
async fn a_sender_s_own_name_of_a_message_is_taken_once_in_an_account() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        fill(&db).await;
        let known =
            |name: &'static str| read(&db, move |tx| messages::find_conversation(tx, acme().id, name));
        assert_eq!((known("vis a").await, known("vis b").await), (Some(id(1)), Some(id(2))));
        assert_eq!(known("vis c").await, None);
        let again = |tx: &mut Tx<'_>| messages::insert(tx, acme().id, id(2), &[said(2, Some("vis a"))]);
        assert_eq!(conflict(&db, again).await, "message_account_id_client_id_key", "{}", store.engine);
        let number = |tx: &mut Tx<'_>| messages::insert(tx, acme().id, id(2), &[said(1, None)]);
        assert_eq!(conflict(&db, number).await, "message_pkey", "{}", store.engine);
        let elsewhere = |tx: &mut Tx<'_>| {
            store::conversations::insert(tx, &Conversation { account: globex().id, ..begun(3) })?;
            messages::insert(tx, globex().id, id(3), &[said(1, Some("vis a"))])
        };
        write(&db, elsewhere).await;
    }
}

#[tokio::test]
async fn deleting_what_was_said_leaves_other_conversations_alone() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        fill(&db).await;
        let delete = || write(&db, |tx| messages::delete(tx, acme().id, id(1)));
        assert_eq!((delete().await, delete().await), (5, 0), "{}", store.engine);
        let left = |number| read(&db, move |tx| messages::list(tx, acme().id, id(number), 0, 9));
        assert_eq!((left(1).await.len(), left(2).await.len()), (0, 1));
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_deletes_no_message() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        fill(&db).await;
        let seen = |tx: &mut Tx<'_>| {
            assert_eq!(messages::find_conversation(tx, globex().id, "vis a")?, None);
            assert_eq!(messages::delete(tx, globex().id, id(1))?, 0);
            messages::list(tx, globex().id, id(1), 0, 9)
        };
        assert_eq!(write(&db, seen).await, []);
        assert_eq!(read(&db, |tx| messages::list(tx, acme().id, id(1), 0, 9)).await.len(), 5);
    }
}
