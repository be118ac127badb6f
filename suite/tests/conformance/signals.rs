//! Signals: after the commit, of those alone that succeeded.

use std::{collections::BTreeSet, time::Duration};

use app::{Changed, Signal, StoreError, Subscription, Tx, events::Posting};
use domain::{Event, Id, samples::acme};
use store::{events, webhooks};
use suite::stores;
use tokio::{task::JoinSet, time::timeout};

use crate::kit::{carry_out, console, event, id, open, read, webhook, write};

fn store_and_tell(tx: &mut Tx<'_>, number: u32) -> Result<(), StoreError> {
    tx.emit(Signal::Changed(acme().id, Changed::Event(id(number))));
    match number % 10 {
        3 => return Err(StoreError::Refused("before anything was written".into())),
        4 => panic!("before anything was written"),
        _ => events::insert(tx, &event(number))?,
    }
    match number % 10 {
        5 => Err(StoreError::Refused("after something was written".into())),
        6 => panic!("after something was written"),
        _ => Ok(()),
    }
}

/// The event that the next signal speaks of.
async fn heard(subscription: &mut Subscription) -> Vec<Id<Event>> {
    let signals = timeout(Duration::from_secs(60), subscription.next()).await.expect("a signal");
    let event = |signal: &Signal| match signal {
        Signal::Changed(account, Changed::Event(event)) if *account == acme().id => *event,
        other => panic!("nobody emits {other:?}"),
    };
    signals.iter().map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hears_of_a_change_can_read_it_and_failures_are_not_heard_of() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut subscription = db.subscribe();
        let mut tasks = JoinSet::new();
        for number in 0..200 {
            let db = db.clone();
            tasks.spawn(async move { db.write(move |tx| store_and_tell(tx, number)).await.is_ok() });
        }
        let mut told = BTreeSet::new();
        let expected: BTreeSet<Id<Event>> =
            (0..200).filter(|n| !(3..=6).contains(&(n % 10))).map(id).collect();
        while told.len() < expected.len() {
            for event in heard(&mut subscription).await {
                let found = read(&db, move |tx| events::find(tx, acme().id, event)).await;
                assert!(found.is_some(), "it was told before it was committed");
                assert!(told.insert(event), "it was told twice");
            }
        }
        assert_eq!(told, expected);
        assert_eq!(tasks.join_all().await.into_iter().filter(|succeeded| *succeeded).count(), expected.len());
        write(&db, |tx| store_and_tell(tx, 1_000)).await;
        assert_eq!(heard(&mut subscription).await, [id(1_000)], "nothing else was told");
    }
}

#[tokio::test]
async fn every_listener_hears_from_when_it_began() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut early = db.subscribe();
        write(&db, |tx| store_and_tell(tx, 1)).await;
        let mut late = db.clone().subscribe();
        write(&db, |tx| store_and_tell(tx, 2)).await;
        assert_eq!(heard(&mut early).await, [id(1)]);
        assert_eq!(heard(&mut early).await, [id(2)]);
        assert_eq!(heard(&mut late).await, [id(2)]);
    }
}

#[tokio::test]
async fn a_planned_delivery_is_told_whole() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        let mut subscription = db.subscribe();
        let posting =
            Posting { events: vec![domain::samples::contact().check().unwrap()], idempotency: None };
        let [accepted] =
            carry_out(&db, move |tx| app::events::post(tx, &console(), &posting)).await.try_into().unwrap();
        let signals = timeout(Duration::from_secs(60), subscription.next()).await.unwrap();
        let planned = signals.iter().find_map(|signal| match signal {
            Signal::DeliveriesDue(planned) => Some(planned.clone()),
            Signal::Changed(..) | Signal::Noticed(_) => None,
        });
        let planned = planned.expect("a delivery is due");
        let detail = carry_out(&db, move |tx| app::events::get(tx, &console(), accepted.id)).await;
        let stored: Vec<_> = detail.deliveries.into_iter().map(|(it, _)| it.delivery).collect();
        assert_eq!(planned.deliveries, stored);
        assert_eq!(planned.event.id, detail.event.id);
        assert_eq!(planned.event.data, detail.event.data);
    }
}

fn tell(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.emit(Signal::Changed(acme().id, Changed::Event(id(1))));
    Ok(())
}

/// So many commits are remembered for a listener that does not listen.
const REMEMBERED: usize = 8_192;

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_falls_behind_is_told_so_and_goes_on() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut subscription = db.subscribe();
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let db = db.clone();
            tasks.spawn(async move {
                for _ in 0..=REMEMBERED / 16 {
                    // A read tells as a write does, and is sooner done.
                    read(&db, tell).await;
                }
            });
        }
        tasks.join_all().await;
        write(&db, |tx| store_and_tell(tx, 2)).await;
        assert_eq!(heard(&mut subscription).await, [], "some were lost");
        for _ in 1..REMEMBERED {
            assert_eq!(heard(&mut subscription).await, [id(1)]);
        }
        assert_eq!(heard(&mut subscription).await, [id(2)]);
    }
}
