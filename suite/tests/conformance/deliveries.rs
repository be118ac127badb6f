//! Deliveries: how they are kept, what is due, and how they move on. Lists are in `lists.rs`.

use std::time::Duration;

use app::Tx;
use domain::{
    BodyForm, Delivery, DeliveryState, Event, EventType, ExhaustReason, Id, SkipReason, WebhookState,
    samples::{acme, globex, start},
};
use store::{
    deliveries::{self, Waiting},
    events, nodes, webhooks,
};
use suite::stores;

use crate::kit::{at, backlog, conflict, delivery, event, id, lease, open, read, webhook, write};

async fn find(db: &app::Db, number: u32) -> Option<Delivery> {
    read(db, move |tx| deliveries::find(tx, acme().id, id(number))).await
}

fn after_attempt(number: u32, state: DeliveryState) -> Delivery {
    let (due_at, started_at) = (at(5), Some(at(1)));
    Delivery { state, attempts: 1, failures: 1, due_at, started_at, ..delivery(number, number, 1) }
}

#[tokio::test]
async fn a_delivery_comes_back_as_it_was_in_every_state() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut all: Vec<Delivery> = (1..)
            .zip(DeliveryState::ALL)
            .map(|(number, state)| Delivery { state, ..delivery(number, number, 1) })
            .collect();
        let odd = Delivery {
            event_type: EventType::MarkerCompleted,
            body: BodyForm::Extended,
            attempts: u32::MAX,
            failures: u32::MAX - 1,
            due_at: at(3),
            started_at: Some(at(2)),
            created_at: at(1),
            ..delivery(20, 1, 2)
        };
        all.push(odd);
        let insert = all.clone();
        write(&db, move |tx| deliveries::insert(tx, &insert)).await;
        for delivery in all {
            let wanted = delivery.id;
            assert_eq!(read(&db, move |tx| deliveries::find(tx, acme().id, wanted)).await, Some(delivery));
        }
        assert_eq!(find(&db, 99).await, None);
        write(&db, |tx| deliveries::insert(tx, &[])).await;
    }
}

#[tokio::test]
async fn an_event_has_one_delivery_for_a_webhook() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| deliveries::insert(tx, &[delivery(1, 1, 1)])).await;
        let twice = |tx: &mut Tx<'_>| deliveries::insert(tx, &[delivery(2, 2, 1), delivery(3, 1, 1)]);
        assert_eq!(conflict(&db, twice).await, "delivery_account_id_event_id_webhook_id_key");
        assert_eq!(find(&db, 2).await, None, "all or none");
        let same_id = |tx: &mut Tx<'_>| deliveries::insert(tx, &[delivery(1, 9, 9)]);
        assert_eq!(conflict(&db, same_id).await, "delivery_pkey");
    }
}

#[tokio::test]
async fn due_are_the_pending_ones_of_a_webhook_by_time_then_id_after_a_place() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..7).await;
        backlog(&db, 2, 11..12).await;
        let held = lease(&db, id(1), 1).await;
        for (number, due) in [(1, 4), (2, 3), (3, 3), (4, 9)] {
            let later = Delivery { due_at: at(due), ..after_attempt(number, DeliveryState::Pending) };
            assert!(write(&db, move |tx| deliveries::advance(tx, &later, 0, held)).await);
        }
        write(&db, |tx| deliveries::set_delivered(tx, acme().id, id(5))).await;
        let foreign = Event { account: globex().id, ..event(6) };
        write(&db, move |tx| events::insert(tx, &foreign)).await;
        let due = |after: (u64, u32), limit: u32| {
            let after = (at(after.0), id(after.1));
            let due = read(&db, move |tx| deliveries::due(tx, id(1), at(8), after, limit));
            async { due.await.iter().map(|it| (it.delivery.id, it.event.id)).collect::<Vec<_>>() }
        };
        let pair = |number: u32| (id::<Delivery>(number), id::<Event>(number));
        assert_eq!(due((0, 0), 9).await, [pair(6), pair(2), pair(3), pair(1)]);
        assert_eq!(due((0, 0), 2).await, [pair(6), pair(2)]);
        assert_eq!(due((3, 2), 2).await, [pair(3), pair(1)]);
        assert_eq!(due((4, 1), 2).await, []);
        let [first] =
            read(&db, |tx| deliveries::due(tx, id(2), start(), (at(0), id(0)), 9)).await.try_into().unwrap();
        assert_eq!(
            (first.delivery, &*first.event),
            (delivery(11, 11, 2), &Event { planned: 1, ..event(11) })
        );
    }
}

#[tokio::test]
async fn waiting_are_the_active_and_held_webhooks_of_a_nodes_shards_that_have_something_pending() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for webhook in [1, 2, 3, 4, 6] {
            backlog(&db, webhook, webhook * 10..webhook * 10 + 2).await;
        }
        write(&db, |tx| webhooks::insert(tx, &webhook(5))).await;
        let held = lease(&db, id(1), 1).await;
        let later = Delivery { id: id(10), event_id: id(10), ..after_attempt(10, DeliveryState::Pending) };
        write(&db, move |tx| deliveries::advance(tx, &later, 0, held)).await;
        let change = |tx: &mut Tx<'_>| {
            let (active, held, paused) = (WebhookState::Active, WebhookState::Held, WebhookState::Paused);
            webhooks::set_state(tx, acme().id, id(2), active, held, at(1), Some(at(6)))?;
            webhooks::set_state(tx, acme().id, id(6), active, paused, at(1), None)?;
            webhooks::delete(tx, acme().id, id(3), at(1))?;
            deliveries::set_delivered(tx, acme().id, id(40))?;
            deliveries::set_delivered(tx, acme().id, id(41))
        };
        write(&db, change).await;
        let mut waiting = read(&db, |tx| deliveries::waiting(tx, id(1))).await;
        waiting.sort_by_key(|it| it.webhook);
        let expected = |webhook: u32, due_at| Waiting { account: acme().id, webhook: id(webhook), due_at };
        assert_eq!(waiting, [expected(1, start()), expected(2, at(6))], "the held one waits for its probe");
        assert_eq!(read(&db, |tx| deliveries::waiting(tx, id(2))).await, [], "another node has no shard");
        write(&db, |tx| nodes::release(tx, id(1))).await;
        assert_eq!(read(&db, |tx| deliveries::waiting(tx, id(1))).await, []);
    }
}

#[tokio::test]
async fn the_first_due_is_found_whenever_that_is_and_those_in_line_are_not() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..5).await;
        let later = |number, due_at| Delivery { due_at, ..after_attempt(number, DeliveryState::Pending) };
        let changes = [later(1, at(9)), later(2, Delivery::IN_LINE), later(4, at(8))];
        let held = lease(&db, id(1), 1).await;
        for change in changes {
            assert!(write(&db, move |tx| deliveries::advance(tx, &change, 0, held)).await);
        }
        let found = |place| read(&db, move |tx| deliveries::first_due(tx, id(1), place));
        let mut ids = Vec::new();
        for place in 0..4 {
            ids.push(found(place).await.map(|due| (due.delivery.id, due.event.id)));
        }
        let expected = |number: u32| Some((id(number), id(number)));
        assert_eq!(ids, [expected(3), expected(4), expected(1), None], "{}", store.engine);
        assert!(read(&db, |tx| deliveries::first_due(tx, id(2), 0)).await.is_none());
        let oldest = read(&db, |tx| deliveries::oldest(tx, id(1))).await.map(|due| due.delivery.id);
        assert_eq!(oldest, Some(id(1)), "whenever it is due");
        write(&db, |tx| deliveries::set_delivered(tx, acme().id, id(1))).await;
        let oldest = read(&db, |tx| deliveries::oldest(tx, id(1))).await.map(|due| due.delivery.id);
        assert_eq!(oldest, Some(id(3)), "2 waits in line");
        assert!(read(&db, |tx| deliveries::oldest(tx, id(2))).await.is_none());
    }
}

#[tokio::test]
async fn a_delivery_advances_to_every_state_and_only_from_what_was_believed() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..8).await;
        let held = lease(&db, id(1), 1).await;
        for (number, state) in (1..).zip(DeliveryState::ALL) {
            let next = after_attempt(number, state);
            let advance = next.clone();
            assert!(write(&db, move |tx| deliveries::advance(tx, &advance, 0, held)).await, "{state:?}");
            assert_eq!(find(&db, number).await, Some(next.clone()));
            assert!(
                !write(&db, move |tx| deliveries::advance(tx, &next, 0, held)).await,
                "not twice: {state:?}"
            );
        }
        for (number, state) in
            (1..).zip(DeliveryState::ALL).filter(|(_, state)| *state != DeliveryState::Pending)
        {
            let skipped = Delivery { state, ..delivery(number + 20, number + 20, 1) };
            write(&db, move |tx| deliveries::insert(tx, std::slice::from_ref(&skipped))).await;
            let late = after_attempt(number + 20, DeliveryState::Delivered);
            assert!(
                !write(&db, move |tx| deliveries::advance(tx, &late, 0, held)).await,
                "not from {state:?}"
            );
        }
        let failed = Delivery { failures: 3, ..delivery(40, 40, 1) };
        write(&db, move |tx| deliveries::insert(tx, std::slice::from_ref(&failed))).await;
        for (believed, advances) in [(0, false), (2, false), (4, false), (3, true)] {
            let next = after_attempt(40, DeliveryState::Delivered);
            let advanced = write(&db, move |tx| deliveries::advance(tx, &next, believed, held)).await;
            assert_eq!(advanced, advances, "{believed} failures before");
        }
        let unknown = after_attempt(99, DeliveryState::Delivered);
        assert!(!write(&db, move |tx| deliveries::advance(tx, &unknown, 0, held)).await);
    }
}

#[tokio::test]
async fn a_late_attempt_is_counted_and_told_the_state() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let state = DeliveryState::Skipped(SkipReason::WebhookDisabled);
        write(&db, move |tx| deliveries::insert(tx, &[Delivery { state, ..delivery(1, 1, 1) }])).await;
        for number in 1..=2 {
            let counted = write(&db, |tx| deliveries::count_attempt(tx, acme().id, id(1))).await;
            assert_eq!(counted, Some((number, "skipped".to_owned())));
        }
        assert_eq!(find(&db, 1).await, Some(Delivery { state, attempts: 2, ..delivery(1, 1, 1) }));
        assert_eq!(write(&db, |tx| deliveries::count_attempt(tx, acme().id, id(9))).await, None);
        write(&db, |tx| deliveries::set_delivered(tx, acme().id, id(1))).await;
        let delivered = Delivery { state: DeliveryState::Delivered, attempts: 2, ..delivery(1, 1, 1) };
        assert_eq!(find(&db, 1).await, Some(delivered));
    }
}

#[tokio::test]
async fn a_finished_delivery_restarts_with_a_fresh_schedule_and_a_pending_one_does_not() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let state = DeliveryState::Exhausted(ExhaustReason::ScheduleEnded);
        let insert =
            move |tx: &mut Tx<'_>| deliveries::insert(tx, &[after_attempt(1, state), delivery(2, 2, 1)]);
        write(&db, insert).await;
        let restart =
            |number: u32| write(&db, move |tx| deliveries::restart(tx, acme().id, id(number), at(50)));
        assert!(restart(1).await);
        assert_eq!(find(&db, 1).await, Some(Delivery { attempts: 1, due_at: at(50), ..delivery(1, 1, 1) }));
        assert!(!restart(1).await, "it is pending now");
        assert!(!restart(2).await);
        assert!(!restart(9).await);
        assert_eq!(find(&db, 2).await, Some(delivery(2, 2, 1)));
    }
}

#[tokio::test]
async fn pending_deliveries_are_skipped_first_due_first_and_no_more_than_asked() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let all: Vec<Delivery> = [5, 1, 3]
            .into_iter()
            .zip(1..)
            .map(|(due, n)| Delivery { due_at: at(due), ..delivery(n, n, 1) })
            .collect();
        let insert = move |tx: &mut Tx<'_>| {
            deliveries::insert(tx, &all)?;
            deliveries::insert(tx, &[after_attempt(4, DeliveryState::Delivered), delivery(5, 5, 2)])
        };
        write(&db, insert).await;
        let skip = |reason| write(&db, move |tx| deliveries::skip(tx, acme().id, id(1), reason, 2));
        assert_eq!(skip(SkipReason::WebhookDeleted).await, 2);
        assert_eq!(skip(SkipReason::Erased).await, 1);
        assert_eq!(skip(SkipReason::WebhookDisabled).await, 0);
        use DeliveryState::{Delivered, Pending, Skipped};
        let (erased, deleted) = (Skipped(SkipReason::Erased), Skipped(SkipReason::WebhookDeleted));
        for (number, state) in (1..).zip([erased, deleted, deleted, Delivered, Pending]) {
            assert_eq!(find(&db, number).await.map(|it| it.state), Some(state), "{number}");
        }
    }
}

#[tokio::test]
async fn only_schedules_that_have_begun_and_go_on_are_shifted() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let begun = after_attempt(1, DeliveryState::Pending);
        let done = after_attempt(2, DeliveryState::Delivered);
        let other = Delivery { webhook_id: id(2), ..after_attempt(4, DeliveryState::Pending) };
        let all = [begun.clone(), done.clone(), delivery(3, 3, 1), other.clone()];
        write(&db, move |tx| deliveries::insert(tx, &all)).await;
        let by = Duration::new(60, 1_000);
        write(&db, move |tx| deliveries::shift(tx, acme().id, id(1), by)).await;
        let (due_at, started_at) = (at(5) + by, Some(at(1) + by));
        let shifted = Delivery { due_at, started_at, ..begun };
        for (number, expected) in (1..).zip([shifted, done, delivery(3, 3, 1), other]) {
            assert_eq!(find(&db, number).await, Some(expected));
        }
    }
}

#[tokio::test]
async fn a_foreign_account_finds_and_changes_no_delivery() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..2).await;
        let held = lease(&db, id(1), 1).await;
        let (done, begun) =
            (after_attempt(2, DeliveryState::Delivered), after_attempt(3, DeliveryState::Pending));
        let insert = [done.clone(), begun.clone()];
        write(&db, move |tx| deliveries::insert(tx, &insert)).await;
        let foreign = Delivery { account: globex().id, ..after_attempt(1, DeliveryState::Delivered) };
        let touch = move |tx: &mut Tx<'_>| {
            let (them, webhook, (pending, done)): (_, _, (Id<Delivery>, _)) =
                (globex().id, id(1), (id(1), id(2)));
            assert_eq!(deliveries::find(tx, them, pending)?, None);
            assert_eq!(deliveries::of_events(tx, them, &[id(1)])?, []);
            assert!(!deliveries::advance(tx, &foreign, 0, held)?);
            assert_eq!(deliveries::count_attempt(tx, them, pending)?, None);
            deliveries::set_delivered(tx, them, pending)?;
            assert!(!deliveries::restart(tx, them, done, at(9))?);
            assert_eq!(deliveries::skip(tx, them, webhook, SkipReason::Erased, 9)?, 0);
            deliveries::shift(tx, them, webhook, Duration::from_secs(9))
        };
        write(&db, touch).await;
        assert_eq!(find(&db, 1).await, Some(delivery(1, 1, 1)));
        assert_eq!(find(&db, 2).await, Some(done));
        assert_eq!(find(&db, 3).await, Some(begun));
        assert_eq!(read(&db, |tx| events::find(tx, acme().id, id(1))).await.map(|it| it.planned), Some(1));
    }
}
