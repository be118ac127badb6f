//! Which web pages called a chatbot, and when it was last talked to.

use app::Tx;
use domain::{
    Conversation,
    samples::{acme, chatbot, globex},
};
use store::{
    chatbots, conversations,
    sightings::{self, Sighting},
};
use suite::stores;

use crate::kit::{at, id, open, read, write};

fn seen(origin: &str, admitted: bool, second: u64) -> Sighting {
    Sighting { origin: origin.to_owned(), admitted, seen_at: at(second) }
}

#[tokio::test]
async fn pages_are_listed_latest_first_each_once_until_they_are_forgotten() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let put = |tx: &mut Tx<'_>| {
            chatbots::insert(tx, &chatbot(id(1)))?;
            for it in [seen("https://a.example", false, 1), seen("https://ö.example", true, 2)] {
                sightings::put(tx, acme().id, id(1), &it)?;
            }
            sightings::put(tx, acme().id, id(1), &seen("https://a.example", true, 3))
        };
        write(&db, put).await;
        let listed = read(&db, |tx| sightings::list(tx, acme().id, id(1))).await;
        assert_eq!(listed, [seen("https://a.example", true, 3), seen("https://ö.example", true, 2)]);
        let forget = |tx: &mut Tx<'_>| sightings::forget(tx, acme().id, id(1), "https://a.example");
        assert!(write(&db, forget).await);
        assert!(!write(&db, forget).await);
        assert_eq!(read(&db, |tx| sightings::list(tx, acme().id, id(1))).await.len(), 1);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_forgets_no_page() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let look = |tx: &mut Tx<'_>| {
            chatbots::insert(tx, &chatbot(id(1)))?;
            sightings::put(tx, acme().id, id(1), &seen("https://a.example", true, 1))?;
            assert!(!sightings::forget(tx, globex().id, id(1), "https://a.example")?);
            assert_eq!(sightings::list(tx, globex().id, id(1))?, []);
            sightings::list(tx, acme().id, id(1))
        };
        assert_eq!(write(&db, look).await.len(), 1);
    }
}

#[tokio::test]
async fn a_chatbot_was_last_talked_to_in_its_latest_conversation_that_is_no_preview() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let look = move |tx: &mut Tx<'_>| {
            assert_eq!(conversations::last_of_chatbot(tx, acme().id, id(1))?, None);
            for (number, second, preview) in [(1, 9, false), (2, 20, false), (3, 30, true)] {
                let begun = Conversation::begun(id(number), acme().id, at(second));
                conversations::insert(tx, &Conversation { chatbot: Some(id(1)), preview, ..begun })?;
            }
            assert_eq!(conversations::last_of_chatbot(tx, globex().id, id(1))?, None);
            assert_eq!(conversations::last_of_chatbot(tx, acme().id, id(2))?, None);
            conversations::last_of_chatbot(tx, acme().id, id(1))
        };
        assert_eq!(write(&db, look).await, Some(at(20)), "{}", store.engine);
    }
}
