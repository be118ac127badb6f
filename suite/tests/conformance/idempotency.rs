//! Idempotency keys.

use std::time::Duration;

use app::Tx;
use domain::samples::{acme, globex};
use store::idempotency;
use suite::stores;

use crate::kit::{at, open, write};

/// Fingerprint and answer of the earlier request, if there was one.
async fn claim(
    db: &app::Db,
    account: domain::Account,
    key: &'static str,
    fingerprint: &'static str,
) -> Option<[String; 2]> {
    let claim = move |tx: &mut Tx<'_>| idempotency::claim(tx, account.id, key, fingerprint);
    write(db, claim).await.map(|earlier| [earlier.fingerprint, earlier.answer])
}

#[tokio::test]
async fn the_first_to_claim_a_key_has_it_and_later_ones_get_its_answer() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert_eq!(claim(&db, acme(), "k", "print").await, None);
        write(&db, |tx| idempotency::set_answer(tx, acme().id, "k", "the answer\n")).await;
        let earlier = Some(["print".to_owned(), "the answer\n".to_owned()]);
        assert_eq!(claim(&db, acme(), "k", "print").await, earlier);
        assert_eq!(
            claim(&db, acme(), "k", "another").await,
            earlier,
            "the first request's fingerprint is told"
        );
    }
}

#[tokio::test]
async fn keys_are_told_apart_to_the_byte() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let keys = ["k", "K", "k ", " k", "kk", "%", "_", "'", "\\"];
        for key in keys {
            assert_eq!(claim(&db, acme(), key, key).await, None, "{key:?}");
            write(&db, move |tx| idempotency::set_answer(tx, acme().id, key, key)).await;
        }
        for key in keys {
            assert_eq!(claim(&db, acme(), key, key).await, Some([key.to_owned(), key.to_owned()]));
        }
    }
}

#[tokio::test]
async fn a_foreign_account_has_keys_and_answers_of_its_own() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert_eq!(claim(&db, acme(), "k", "print").await, None);
        assert_eq!(claim(&db, globex(), "k", "other").await, None);
        write(&db, |tx| idempotency::set_answer(tx, globex().id, "k", "theirs")).await;
        assert_eq!(claim(&db, acme(), "k", "print").await, Some(["print".into(), String::new()]));
        assert_eq!(claim(&db, globex(), "k", "print").await, Some(["other".into(), "theirs".into()]));
    }
}

#[tokio::test]
async fn a_key_is_free_again_after_seventy_two_hours_though_nobody_has_removed_it() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        assert_eq!(claim(&db, acme(), "k", "print").await, None);
        write(&db, |tx| idempotency::set_answer(tx, acme().id, "k", "the answer")).await;
        clock.advance_to(at(72 * 60 * 60));
        let earlier = Some(["print".to_owned(), "the answer".to_owned()]);
        assert_eq!(
            claim(&db, acme(), "k", "print").await,
            earlier,
            "after exactly 72 hours it is still known"
        );
        clock.advance(Duration::from_micros(1));
        assert_eq!(claim(&db, acme(), "k", "other").await, None);
        assert_eq!(claim(&db, acme(), "k", "third").await, Some(["other".to_owned(), String::new()]));
    }
}

#[tokio::test]
async fn old_answers_are_forgotten_oldest_first_and_no_more_than_asked() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        for (seconds, key) in [(30, "c"), (40, "d"), (50, "e")] {
            clock.advance_to(at(seconds));
            claim(&db, acme(), key, "print").await;
        }
        clock.advance_to(at(60));
        claim(&db, globex(), "f", "print").await;

        let forget = |end: u64, limit: u32| write(&db, move |tx| idempotency::delete_old(tx, at(end), limit));
        assert_eq!(forget(30, 10).await, 0, "what is from that very instant stays");
        assert_eq!(forget(51, 2).await, 2);
        assert!(claim(&db, acme(), "e", "print").await.is_some(), "the youngest of three goes last");
        assert_eq!(forget(61, 10).await, 2, "of all accounts");
        for key in ["c", "d", "e"] {
            assert_eq!(claim(&db, acme(), key, "print").await, None, "{key} is free again");
        }
        assert_eq!(claim(&db, globex(), "f", "print").await, None);
    }
}
