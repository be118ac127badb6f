//! One closure, one transaction, one instant: all of it or nothing, whatever runs beside it.

use std::{collections::BTreeSet, sync::mpsc, time::Duration};

use app::{Db, StoreError, StoreUrl, Tx};
use domain::{
    Event, Id,
    samples::{acme, start},
};
use store::events;
use suite::stores;
use tokio::task::JoinSet;

use crate::kit::{event, id, open, read, write};

async fn stored(db: &Db) -> BTreeSet<Id<Event>> {
    let list = |tx: &mut Tx<'_>| {
        events::list(tx, acme().id, &events::EventFilter::default(), id(u32::from(u16::MAX)), 10_000)
    };
    read(db, list).await.iter().map(|event| event.id).collect()
}

/// What a body does after it has written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Well,
    Error,
    Panic,
    Conflict,
}

fn write_and_end(tx: &mut Tx<'_>, number: u32, end: End) -> Result<(), StoreError> {
    events::insert(tx, &event(number))?;
    match end {
        End::Well => Ok(()),
        End::Error => Err(StoreError::Refused("on purpose".into())),
        End::Panic => panic!("on purpose"),
        End::Conflict => events::insert(tx, &event(number)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_concurrent_writes_exactly_those_that_succeed_are_stored() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut tasks = JoinSet::new();
        for number in 0..600 {
            let end = match number % 12 {
                3 => End::Error,
                7 => End::Panic,
                10 => End::Conflict,
                _ => End::Well,
            };
            let db = db.clone();
            tasks.spawn(
                async move { (number, end, db.write(move |tx| write_and_end(tx, number, end)).await) },
            );
        }
        let mut expected = BTreeSet::new();
        for (number, end, result) in tasks.join_all().await {
            match (end, result) {
                (End::Well, Ok(())) => drop(expected.insert(id(number))),
                (End::Error, Err(StoreError::Refused(own))) if own == "on purpose" => {}
                (End::Panic, Err(StoreError::Panicked))
                | (End::Conflict, Err(StoreError::Conflict { .. })) => {}
                (end, other) => panic!("{end:?} ended as {other:?}"),
            }
        }
        assert_eq!(expected.len(), 450);
        assert_eq!(stored(&db).await, expected);
    }
}

#[tokio::test]
async fn a_body_that_fails_or_panics_leaves_nothing_and_the_store_goes_on() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for end in [End::Error, End::Panic, End::Conflict] {
            assert!(db.write(move |tx| write_and_end(tx, 1, end)).await.is_err());
            assert_eq!(stored(&db).await, BTreeSet::new(), "{end:?}");
        }
        let panics = db.read(|_| -> Result<(), StoreError> { panic!("on purpose") }).await;
        assert!(matches!(panics, Err(StoreError::Panicked)), "{panics:?}");
        write(&db, |tx| write_and_end(tx, 1, End::Well)).await;
        assert_eq!(stored(&db).await, BTreeSet::from([id(1)]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_cannot_carry_on_after_a_statement_that_failed() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut tasks = JoinSet::new();
        for number in 0..100 {
            let db = db.clone();
            let body = move |tx: &mut Tx<'_>| {
                events::insert(tx, &event(number))?;
                if number == 50 {
                    let _ = events::insert(tx, &event(number));
                }
                Ok(())
            };
            tasks.spawn(async move { (number, db.write(body).await) });
        }
        for (number, result) in tasks.join_all().await {
            match number {
                50 => assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}"),
                _ => assert!(result.is_ok(), "{result:?}"),
            }
        }
        let expected: BTreeSet<_> = (0..100).filter(|number| *number != 50).map(id).collect();
        assert_eq!(stored(&db).await, expected, "those beside it are not lost with it");
    }
}

#[tokio::test]
async fn ids_of_one_transaction_sort_in_the_order_they_were_made() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let make = |tx: &mut Tx<'_>| {
            let ids: Vec<Id<Event>> =
                (0..40_000).map(|n| if n % 10 == 0 { tx.new_test_id() } else { tx.new_id() }).collect();
            Ok(ids)
        };
        let ids = write(&db, make).await;
        // The version that tells a test is in the middle of an id; its kind has an order of its own.
        for kind in [false, true] {
            let of_kind: Vec<_> = ids.iter().filter(|id| id.is_test() == kind).collect();
            assert!(of_kind.is_sorted_by(|a, b| a < b));
        }
        // Even when the clock stood, or did not move as far as the ids of the transaction before.
        if store.engine == "sqlite" {
            clock.advance(Duration::from_micros(1));
            let later = write(&db, make).await;
            let real = |ids: Vec<Id<Event>>| ids.into_iter().filter(|id| !id.is_test());
            assert!(real(ids).max() < real(later).min());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_many_transactions_make_at_one_instant_differ() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut tasks = JoinSet::new();
        for _ in 0..300 {
            let db = db.clone();
            let make = |tx: &mut Tx<'_>| {
                Ok::<[Id<Event>; 3], StoreError>([tx.new_id(), tx.new_id(), tx.new_test_id()])
            };
            tasks.spawn(async move { db.write(make).await.unwrap() });
        }
        let ids: BTreeSet<Id<Event>> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(ids.len(), 900);
    }
}

#[tokio::test]
async fn a_transaction_has_one_instant() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let moved = clock.clone();
        let look = move |tx: &mut Tx<'_>| {
            let before = tx.now();
            moved.advance(Duration::from_secs(5));
            Ok((before, tx.now()))
        };
        assert_eq!(write(&db, look.clone()).await, (start(), start()));
        let later = start() + Duration::from_secs(5);
        assert_eq!(read(&db, look).await, (later, later));
    }
}

#[tokio::test]
async fn randomness_is_fresh_and_within_its_range() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let draw = |tx: &mut Tx<'_>| {
            let jitter: Vec<f64> = (0..1_000).map(|_| tx.random_jitter()).collect();
            Ok((tx.random_bytes(), tx.random_bytes(), jitter))
        };
        let (one, other, jitter) = write(&db, draw).await;
        assert_ne!(one, other);
        assert!(jitter.iter().all(|it| (-1.0..=1.0).contains(it)));
        assert!(jitter.iter().any(|it| *it < -0.9) && jitter.iter().any(|it| *it > 0.9));
    }
}

#[tokio::test]
async fn a_read_cannot_write() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let result = db.read(|tx| events::insert(tx, &event(1))).await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
        assert_eq!(stored(&db).await, BTreeSet::new());
        write(&db, |tx| events::insert(tx, &event(1))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_one_state_of_the_store_however_much_is_written_meanwhile() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let (looked, has_looked) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let reading = tokio::spawn({
            let db = db.clone();
            let body = move |tx: &mut Tx<'_>| {
                let before = events::find(tx, acme().id, id(1))?;
                looked.send(()).unwrap();
                may_go_on.recv().unwrap();
                Ok::<_, StoreError>((before, events::find(tx, acme().id, id(1))?))
            };
            async move { db.read(body).await }
        });
        tokio::task::spawn_blocking(move || has_looked.recv()).await.unwrap().unwrap();
        write(&db, |tx| events::insert(tx, &event(1))).await;
        assert_eq!(stored(&db).await, BTreeSet::from([id(1)]), "a read that begins now sees it");
        go_on.send(()).unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), (None, None));
    }
}

#[tokio::test]
async fn a_server_that_hung_up_meanwhile_is_called_again() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let StoreUrl::Postgres(_) = db.url() else { continue };
        for number in 1..=3 {
            let hang_up = "select pg_terminate_backend(pid, 10000) from pg_stat_activity
                where application_name = 'leadpost' and datname = current_database()";
            store.sabotage("", hang_up).await;
            write(&db, move |tx| events::insert(tx, &event(number))).await;
            assert_eq!(stored(&db).await.len(), number as usize);
        }
    }
}
