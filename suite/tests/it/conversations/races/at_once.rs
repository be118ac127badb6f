//! Two things at the same moment, again and again.

use std::time::Duration;

use app::{AppError, conversations};
use domain::{CloseReason, Phase};
use suite::stores;

use super::{Arena, Hand, lend, say};

const ROUNDS: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn two_first_messages_of_one_browser_begin_one_conversation() {
    for store in stores().await {
        let arena = Arena::open(store).await;
        for browser in 0..ROUNDS {
            let visit = arena.visit(browser);
            let (db, one) = (arena.db.clone(), visit.clone());
            let one = tokio::spawn(async move { say(&db, &one, "one", "Ana").await });
            let other = say(&arena.db, &visit, "two", "ana@example.com").await.expect("it is heard");
            let one = one.await.expect("saying does not panic").expect("it is heard");
            assert_eq!(one.id, other.id, "on {}", arena.store.engine);
            let replies = one.replies.max(other.replies);
            assert_eq!(replies, 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_visitors_with_one_address_are_one_contact() {
    for store in stores().await {
        let arena = Arena::open(store).await;
        for round in 0..ROUNDS {
            let visits = [arena.visit(2 * round), arena.visit(2 * round + 1)];
            for visit in &visits {
                say(&arena.db, visit, "name", "Ana").await.expect("it is heard");
            }
            let address = format!("ana.{round}@example.com");
            let (db, visit, spelled) = (arena.db.clone(), visits[0].clone(), address.to_uppercase());
            let one = tokio::spawn(async move { say(&db, &visit, "mail", &spelled).await });
            let other = say(&arena.db, &visits[1], "mail", &address).await.expect("it is heard");
            let one = one.await.expect("saying does not panic").expect("it is heard");
            assert!(one.contact.is_some());
            assert_eq!(one.contact, other.contact, "on {}", arena.store.engine);
        }
        let console = arena.console;
        let all = arena.db.read(move |tx| {
            let filter = app::contacts::Filter::default();
            app::contacts::list(tx, &console, &filter, crate::conversations::whole())
        });
        assert_eq!(all.await.expect("the store answers").items.len() as u64, ROUNDS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_visitors_who_change_to_each_other_s_address_are_both_heard() {
    for store in stores().await {
        let arena = Arena::open(store).await;
        for round in 0..ROUNDS {
            let addresses = ["a", "b"].map(|name| format!("{name}.{round}@example.com"));
            let visits = [arena.visit(2 * round), arena.visit(2 * round + 1)];
            for (visit, address) in visits.iter().zip(&addresses) {
                for (name, text) in [("1", "Ana"), ("2", address.as_str()), ("3", "mail")] {
                    say(&arena.db, visit, name, text).await.expect("it is heard");
                }
            }
            let (db, visit, address) = (arena.db.clone(), visits[0].clone(), addresses[1].clone());
            let one = tokio::spawn(async move { say(&db, &visit, "4", &address).await });
            let other = say(&arena.db, &visits[1], "4", &addresses[0]).await;
            let one = one.await.expect("saying does not panic");
            let (one, other) = (one.expect("it is heard"), other.expect("it is heard"));
            assert_ne!(one.contact, other.contact, "on {}", arena.store.engine);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_operators_who_accept_one_gets_the_chat() {
    for store in stores().await {
        let arena = Arena::open(store).await;
        let [omar, olga] = arena.operators;
        for browser in 0..ROUNDS {
            let visit = arena.visit(browser);
            let address = format!("ana.{browser}@example.com");
            for (name, text) in [("1", "Ana"), ("2", address.as_str()), ("3", "talk")] {
                say(&arena.db, &visit, name, text).await.expect("it is heard");
            }
            let id = say(&arena.db, &visit, "4", "Hello?").await.expect("it is heard").id;
            let db = arena.db.clone();
            let one = tokio::spawn(async move { lend(&db, omar, id, Hand::Accept).await });
            let other = lend(&arena.db, olga, id, Hand::Accept).await;
            let one = one.await.expect("accepting does not panic");
            let lost = |it: &Result<(), AppError>| {
                matches!(it, Err(AppError::Conflict { code: "accepted_by_another", .. }))
            };
            assert_eq!([&one, &other].iter().filter(|it| it.is_ok()).count(), 1, "{one:?} {other:?}");
            assert!(lost(&one) || lost(&other), "{one:?} {other:?}");
            let console = arena.console;
            let found = arena.db.read(move |tx| conversations::find(tx, &console, id)).await;
            let winner = if one.is_ok() { "Omar" } else { "Olga" };
            let it = found.expect("it is there");
            assert_eq!((it.phase, it.operator.unwrap().name.as_str()), (Phase::Agent, winner));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_chat_that_is_spoken_in_at_that_moment_goes_on_or_another_begins() {
    for store in stores().await {
        let arena = Arena::open(store).await;
        let (mut went_on, mut began) = (0, 0);
        for browser in 0..ROUNDS {
            let visit = arena.visit(browser);
            let first = say(&arena.db, &visit, "1", "Ana").await.expect("it is heard");
            arena.clock.advance(Duration::from_secs(5 * 60));
            settle(&arena, &first).await;
            arena.clock.advance(Duration::from_secs(10 * 60));
            let (db, speaker) = (arena.db.clone(), visit.clone());
            let speak = tokio::spawn(async move { say(&db, &speaker, "2", "Still here").await });
            if browser % 2 == 0 {
                tokio::task::yield_now().await;
            }
            settle(&arena, &first).await;
            let after = speak.await.expect("saying does not panic").expect("it is heard");
            let console = arena.console;
            let (before, id) = (first.id, after.id);
            let both = arena.db.read(move |tx| {
                let conversation = conversations::find(tx, &console, before)?;
                Ok::<_, AppError>((conversation, conversations::get(tx, &console, id, 0)?))
            });
            let (conversation, heard) = both.await.expect("both are there");
            let spoken = heard.messages.iter().filter(|it| it.text == "Still here").count();
            assert_eq!(spoken, 1, "on {}", arena.store.engine);
            if after.id == first.id {
                assert_eq!(conversation.closed, None, "who has just spoken is not idle");
                went_on += 1;
            } else {
                let reason = conversation.closed.map(|(_, reason)| reason);
                assert_eq!(reason, Some(CloseReason::IdleBot));
                began += 1;
            }
        }
        eprintln!("{}: {went_on} went on, {began} began anew", arena.store.engine);
    }
}

async fn settle(arena: &Arena, it: &domain::Conversation) {
    let (account, id) = (it.account, it.id);
    let settled = arena.db.write(move |tx| conversations::clock::settle(tx, account, id)).await;
    settled.expect("what is due is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_while_being_erased_is_heard_anew_or_forgotten_with_the_rest() {
    for store in stores().await {
        let arena = Arena::open(store).await;
        let console = arena.console;
        for browser in 0..ROUNDS {
            let visit = arena.visit(browser);
            let address = format!("ana.{browser}@example.com");
            say(&arena.db, &visit, "1", "Ana").await.expect("it is heard");
            let before = say(&arena.db, &visit, "2", &address).await.expect("it is heard");
            let contact = before.contact.expect("it was captured");
            let (db, speaker) = (arena.db.clone(), visit.clone());
            let speak = tokio::spawn(async move { say(&db, &speaker, "3", "talk").await });
            let erased = arena.db.write(move |tx| app::contacts::erase(tx, &console, contact)).await;
            let after = speak.await.expect("saying does not panic");
            erased.expect("a person can be erased at any time");
            let after = after.expect("whoever speaks is heard");
            let id = before.id;
            let read = arena.db.read(move |tx| conversations::get(tx, &console, id, 0)).await;
            let old = read.expect("its numbers stay");
            assert_eq!(old.messages, [], "on {}", arena.store.engine);
            let it = old.conversation;
            assert_eq!((it.phase, it.contact, it.visitor, it.told), (Phase::Closed, None, None, None));
            assert!(after.id == before.id || after.contact.is_none());
        }
    }
}
