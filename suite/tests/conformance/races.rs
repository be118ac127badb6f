//! Races: what several do at once is decided by the write, the same way on both engines.

use std::sync::Arc;

use app::{
    AppError, Db, Tx,
    deliveries::Report,
    events::{Accepted, Posting},
    idempotency::Idempotency,
};
use domain::{Account, AttemptKind, Delivery, DeliveryState, RetryPolicy, WebhookState, samples::acme};
use store::{accounts, deliveries, webhooks};
use suite::stores;
use tokio::task::JoinSet;

use crate::kit::{
    answered, at, backlog, carry_out, console, delivery, id, lease, open, overlap, read, webhook, write,
};

/// What each of `number` tasks is answered that do the same at once.
async fn at_once<T: Send + 'static>(
    db: &Db,
    number: u32,
    body: impl Fn(&mut Tx<'_>, u32) -> Result<T, AppError> + Send + Sync + 'static,
) -> Vec<Result<T, AppError>> {
    let (mut tasks, body) = (JoinSet::new(), Arc::new(body));
    for task in 0..number {
        let (db, body) = (db.clone(), body.clone());
        tasks.spawn(async move { db.write(move |tx| body(tx, task)).await });
    }
    tasks.join_all().await
}

/// A contact and a transcript, under an idempotency key.
pub fn posting(key: &str, body: &str) -> Posting {
    let samples = [domain::samples::contact(), domain::samples::transcript()];
    let events = samples.map(|sample| sample.check().expect("a good sample")).to_vec();
    let idempotency = Idempotency::new(key, "POST /events", body.as_bytes()).expect("a good key");
    Posting { events, idempotency: Some(idempotency) }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_is_one_event_and_one_answer() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        for round in 0..10 {
            let post = move |tx: &mut Tx<'_>, _| {
                app::events::post(tx, &console(), &posting(&format!("key {round}"), "body"))
            };
            let answers: Vec<Vec<Accepted>> =
                at_once(&db, 8, post).await.into_iter().map(Result::unwrap).collect();
            assert!(answers.iter().all(|answer| *answer == answers[0] && answer.len() == 2), "{answers:?}");
        }
        let ledger = carry_out(&db, |tx| app::ledger::read(tx, &console())).await;
        assert_eq!((ledger.events, ledger.planned, ledger.pending), (20, 20, 20));
        let other = posting("key 0", "another body");
        let other = db.write(move |tx| app::events::post(tx, &console(), &other)).await;
        assert!(matches!(other, Err(AppError::Conflict { code: "idempotency_key_reused", .. })), "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_changes_a_state() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        let (active, held) = (WebhookState::Active, WebhookState::Held);
        for (from, to) in [(active, held), (held, active)].repeat(5) {
            let change = move |tx: &mut Tx<'_>, _| {
                Ok(webhooks::set_state(tx, acme().id, id(1), from, to, at(1), None)?)
            };
            let changed = at_once(&db, 8, change).await.into_iter().filter(|it| matches!(it, Ok(true)));
            assert_eq!(changed.count(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_advances_a_delivery() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..21).await;
        let held = lease(&db, id(1), 1).await;
        for number in 1..=20 {
            let advance = move |tx: &mut Tx<'_>, task: u32| {
                let next = Delivery { attempts: 1, failures: task, ..delivery(number, number, 1) };
                Ok(deliveries::advance(tx, &next, 0, held)?.then_some(task))
            };
            let won: Vec<u32> =
                at_once(&db, 8, advance).await.into_iter().filter_map(Result::unwrap).collect();
            let found = read(&db, move |tx| deliveries::find(tx, acme().id, id(number))).await.unwrap();
            assert_eq!((won, found.attempts), (vec![found.failures], 1));
        }
    }
}

/// An attempt at the delivery of that number to the first webhook, in the state of a fresh backlog.
pub fn report(number: u32, status: u16, lease: deliveries::Lease) -> Report {
    let policy = RetryPolicy::ThreeDays;
    let url = webhook(1).url;
    let (kind, troubled) = (AttemptKind::Scheduled, false);
    Report {
        delivery: delivery(number, number, 1),
        policy,
        url,
        kind,
        troubled,
        outcome: answered(status),
        lease,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_is_recorded_and_one_decides() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..11).await;
        let held = lease(&db, id(1), 1).await;
        for number in 1..=10 {
            let finish = move |tx: &mut Tx<'_>, _| app::deliveries::finish(tx, &report(number, 500, held));
            let decided =
                at_once(&db, 6, finish).await.into_iter().filter(|it| it.as_ref().unwrap().is_some());
            assert_eq!(decided.count(), 1);
            let get = move |tx: &mut Tx<'_>| app::deliveries::get(tx, &console(), id(number));
            let (app::standings::Explained { delivery: found, .. }, attempts) = carry_out(&db, get).await;
            assert_eq!((found.state, found.attempts, found.failures), (DeliveryState::Pending, 6, 1));
            let numbers: Vec<u32> = attempts.iter().map(|it| it.number).collect();
            assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_account_is_made_once() {
    for store in stores().await {
        // Without the accounts of the samples.
        let (db, _) = store.open().await;
        let resolve = |tx: &mut Tx<'_>| app::accounts::resolve(tx, None, true);
        let (one, other) = overlap(&store, &db, resolve, resolve).await;
        assert_eq!(one.unwrap(), other.unwrap(), "on {}", store.engine);
        assert_eq!(read(&db, accounts::list).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_locks_the_accounts_alone_decides_about_them() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in 1..=10 {
            let add_unless_there = move |tx: &mut Tx<'_>| {
                accounts::lock(tx)?;
                let name = format!("Account {number}");
                let there = accounts::list(tx)?.iter().any(|it| it.name == name);
                let account =
                    Account { id: tx.new_id(), name, time_zone: "UTC".into(), created_at: tx.now() };
                if !there {
                    accounts::insert(tx, &account)?;
                }
                Ok(!there)
            };
            let (one, other) = overlap(&store, &db, add_unless_there, add_unless_there).await;
            assert_ne!(one.unwrap(), other.unwrap());
        }
        assert_eq!(read(&db, accounts::list).await.len(), 12);
    }
}
