//! Chatbots and the versions of their flows.

use app::Tx;
use domain::{
    Chatbot, ChatbotSettings, Id,
    samples::{acme, chatbot, globex},
};
use store::chatbots;
use suite::stores;

use crate::kit::{at, conflict, id, open, overlap, read, write};

async fn insert(db: &app::Db, number: u32) {
    write(db, move |tx| chatbots::insert(tx, &chatbot(id(number)))).await;
}

#[tokio::test]
async fn a_chatbot_comes_back_as_it_was_stored_and_as_it_was_changed() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, 1).await;
        let find = |tx: &mut Tx<'_>| chatbots::find(tx, acme().id, id(1));
        assert_eq!(read(&db, find).await, Some(chatbot(id(1))));

        let settings = ChatbotSettings { region: Some("IN".into()), mask_cards: true, ..Default::default() };
        let changed = Chatbot {
            name: "Zoë \"1\"".into(),
            draft: r#"{"schema":1}"#.into(),
            version: Some(3),
            settings,
            updated_at: at(9),
            ..chatbot(id(1))
        };
        let expected = changed.clone();
        assert!(write(&db, move |tx| chatbots::update(tx, &changed)).await);
        assert_eq!(read(&db, find).await, Some(expected.clone()));
        let held = write(&db, |tx| chatbots::find_to_change(tx, acme().id, id(1))).await;
        assert_eq!(held, Some(expected.clone()));
        let key = expected.public_key.clone();
        let by_key = read(&db, move |tx| chatbots::find_by_key(tx, &key)).await;
        assert_eq!(by_key, Some(expected));
        assert_eq!(read(&db, |tx| chatbots::find_by_key(tx, "pk_none")).await, None);
    }
}

#[tokio::test]
async fn a_public_key_names_one_chatbot() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, 1).await;
        let same = Chatbot { public_key: chatbot(id(1)).public_key, account: globex().id, ..chatbot(id(2)) };
        let constraint = conflict(&db, move |tx| chatbots::insert(tx, &same)).await;
        assert_eq!(constraint, "chatbot_public_key_key", "{}", store.engine);
    }
}

#[tokio::test]
async fn a_deleted_chatbot_is_found_nowhere_and_keeps_its_name_and_versions() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, 1).await;
        write(&db, |tx| chatbots::insert_version(tx, acme().id, id(1), "one", at(1))).await;
        let delete = |tx: &mut Tx<'_>| chatbots::delete(tx, acme().id, id(1), at(2));
        assert!(write(&db, delete).await);
        assert!(!write(&db, delete).await, "it is gone already");
        let seen = |tx: &mut Tx<'_>| {
            Ok((
                chatbots::find(tx, acme().id, id(1))?,
                chatbots::find_to_change(tx, acme().id, id(1))?,
                chatbots::find_by_key(tx, &chatbot(id(1)).public_key)?,
                chatbots::list(tx, acme().id, id(99), 9)?,
                chatbots::update(tx, &chatbot(id(1)))?,
            ))
        };
        assert_eq!(write(&db, seen).await, (None, None, None, Vec::new(), false));
        let name = read(&db, |tx| chatbots::name(tx, acme().id, id(1))).await;
        assert_eq!(name.as_deref(), Some("Travel desk"));
        let flow = read(&db, |tx| chatbots::flow(tx, acme().id, id(1), 1)).await;
        assert_eq!(flow.as_deref(), Some("one"), "open conversations go by it");
    }
}

#[tokio::test]
async fn versions_count_from_one_in_each_chatbot_and_stay_as_they_were() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, 1).await;
        insert(&db, 2).await;
        for (number, flow, version) in [(1, "a", 1), (1, "b", 2), (2, "c", 1), (1, "d", 3)] {
            let add = move |tx: &mut Tx<'_>| {
                chatbots::insert_version(tx, acme().id, id(number), flow, at(u64::from(version)))
            };
            assert_eq!(write(&db, add).await, version);
        }
        let versions = read(&db, |tx| chatbots::versions(tx, acme().id, id(1), 2)).await;
        assert_eq!(versions, [(3, at(3)), (2, at(2))]);
        let flow = |version| read(&db, move |tx| chatbots::flow(tx, acme().id, id(1), version));
        assert_eq!(flow(1).await.as_deref(), Some("a"));
        assert_eq!(flow(4).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_publish_at_once_make_two_versions() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, 1).await;
        let publish = |tx: &mut Tx<'_>| {
            chatbots::find_to_change(tx, acme().id, id(1))?.expect("it is there");
            Ok(chatbots::insert_version(tx, acme().id, id(1), "flow", at(1))?)
        };
        let (one, other) = overlap(&store, &db, publish, publish).await;
        let mut versions = [one.unwrap(), other.unwrap()];
        versions.sort_unstable();
        assert_eq!(versions, [1, 2], "{}", store.engine);
    }
}

#[tokio::test]
async fn chatbots_are_listed_newest_first_and_go_on_where_a_page_ended() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in [2, 3, 1] {
            insert(&db, number).await;
        }
        let list = |before, limit| {
            let db = &db;
            async move {
                let found = read(db, move |tx| chatbots::list(tx, acme().id, id(before), limit)).await;
                found.into_iter().map(|it| it.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(99, 2).await, [id(3), id(2)]);
        assert_eq!(list(2, 2).await, [id(1)]);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_changes_no_chatbot() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, 1).await;
        write(&db, |tx| chatbots::insert_version(tx, acme().id, id(1), "one", at(1))).await;
        let (other, bot): (_, Id<Chatbot>) = (globex().id, id(1));
        let seen = move |tx: &mut Tx<'_>| {
            assert!(!chatbots::update(tx, &Chatbot { account: other, ..chatbot(bot) })?);
            assert!(!chatbots::delete(tx, other, bot, at(1))?);
            assert_eq!(chatbots::versions(tx, other, bot, 9)?, []);
            assert_eq!(chatbots::flow(tx, other, bot, 1)?, None);
            assert_eq!(chatbots::name(tx, other, bot)?, None);
            assert_eq!(chatbots::list(tx, other, id(99), 9)?, []);
            assert_eq!(chatbots::find_to_change(tx, other, bot)?, None);
            chatbots::find(tx, other, bot)
        };
        assert_eq!(write(&db, seen).await, None);
        let intact = read(&db, move |tx| chatbots::find(tx, acme().id, bot)).await;
        assert_eq!(intact, Some(chatbot(bot)));
    }
}
