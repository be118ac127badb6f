//! The ledger: what events say was planned against what became of deliveries.

use app::Tx;
use domain::{
    Delivery, DeliveryState, Event, Id, Ledger,
    samples::{acme, globex},
};
use store::{deliveries, events, ledger};
use suite::stores;

use crate::kit::{backlog, carry_out, console, delivery, event, open, read, sabotage, write};

async fn count(db: &app::Db) -> Ledger {
    let counted = read(db, |tx| ledger::count(tx, acme().id)).await;
    let told = carry_out(db, |tx| app::ledger::read(tx, &console())).await;
    assert_eq!(counted, told);
    told
}

/// One event with a delivery in every state and reason, one unmatched, and a test.
fn every_state(tx: &mut Tx<'_>) -> Result<(), app::StoreError> {
    events::insert(tx, &Event { planned: 7, ..event(1) })?;
    events::insert(tx, &event(2))?;
    let test: Id<Event> = Id::test_from_parts(1, &[1; 10]);
    events::insert(tx, &Event { id: test, ..event(3) })?;
    let mut all: Vec<Delivery> = (1..)
        .zip(DeliveryState::ALL)
        .map(|(number, state)| Delivery { state, ..delivery(number, 1, number) })
        .collect();
    all.push(Delivery { event_id: test, state: DeliveryState::Delivered, ..delivery(9, 3, 9) });
    deliveries::insert(tx, &all)
}

#[tokio::test]
async fn events_and_deliveries_are_counted_apart_and_tests_not_at_all() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert_eq!(count(&db).await, Ledger::default());
        write(&db, every_state).await;
        let expected = Ledger {
            events: 2,
            unmatched: 1,
            planned: 7,
            delivered: 1,
            pending: 1,
            exhausted: 2,
            skipped: 3,
        };
        assert_eq!(count(&db).await, expected);
        assert!(expected.balanced());
        assert_eq!(read(&db, |tx| ledger::count(tx, globex().id)).await, Ledger::default());
    }
}

#[tokio::test]
async fn a_lost_delivery_or_event_shows() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..6).await;
        assert!(count(&db).await.balanced());
        let lose = "delete from delivery where id = (select id from delivery order by id limit 1)";
        sabotage(&store, lose).await;
        let after = count(&db).await;
        assert_eq!((after.planned, after.pending, after.balanced()), (5, 4, false));
        let lose = "delete from event where id = (select id from event order by id limit 1)";
        sabotage(&store, lose).await;
        assert!(count(&db).await.balanced(), "both are gone");
        sabotage(&store, lose).await;
        let after = count(&db).await;
        assert_eq!((after.planned, after.pending, after.balanced()), (3, 4, false));
    }
}

#[tokio::test]
async fn what_is_archived_is_added_up_for_its_account_alone() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, every_state).await;
        let removed = Ledger {
            events: 10,
            unmatched: 1,
            planned: 9,
            delivered: 4,
            pending: 0,
            exhausted: 3,
            skipped: 2,
        };
        let before = count(&db).await;
        for times in 1..=2 {
            write(&db, move |tx| ledger::archive(tx, acme().id, &removed)).await;
            let added = if times == 1 { removed } else { removed.plus(&removed) };
            assert_eq!(count(&db).await, before.plus(&added));
        }
        assert!(count(&db).await.balanced());
        assert_eq!(read(&db, |tx| ledger::count(tx, globex().id)).await, Ledger::default());
        write(&db, move |tx| ledger::archive(tx, globex().id, &removed)).await;
        assert_eq!(
            count(&db).await,
            before.plus(&removed).plus(&removed),
            "a foreign account archives its own"
        );
        assert_eq!(read(&db, |tx| ledger::count(tx, globex().id)).await, removed);
    }
}
