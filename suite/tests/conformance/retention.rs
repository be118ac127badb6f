//! What is removed when, and that the ledger goes on counting it.

use std::time::Duration;

use app::{Db, Tx, retention::Retention};
use domain::{
    AuditEntry, Delivery, DeliveryState, Event, ExhaustReason, Id, Ledger, SkipReason,
    samples::{acme, globex, start},
};
use store::{audit, deliveries, events, idempotency, ledger, retention};
use suite::stores;

use crate::kit::{
    answered, attempt, backlog, carry_out, console, delivery, event, id, open, read, rows, write,
};

/// Until nothing is left to do.
async fn clean(db: &Db) {
    while carry_out(db, |tx| app::retention::clean(tx, Retention::default())).await {}
}

async fn events(db: &Db) -> Vec<Event> {
    read(db, |tx| {
        events::list(tx, acme().id, &events::EventFilter::default(), id(u32::from(u16::MAX)), 5_000)
    })
    .await
}

async fn balance(db: &Db) -> Ledger {
    let ledger = carry_out(db, |tx| app::ledger::read(tx, &console())).await;
    assert!(ledger.balanced(), "{ledger:?}");
    ledger
}

#[tokio::test]
async fn an_answer_is_forgotten_after_seventy_two_hours_and_not_before() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        write(&db, |tx| idempotency::claim(tx, acme().id, "k", "print").map(drop)).await;
        let kept = || rows(&store, "select key from idempotency", "select key from idempotency");
        clock.advance_to(start() + Duration::from_secs(72 * 60 * 60));
        clean(&db).await;
        assert_eq!(kept().await, [["k"]], "after exactly 72 hours it is still kept");
        clock.advance(Duration::from_micros(1));
        clean(&db).await;
        assert_eq!(kept().await, Vec::<Vec<String>>::new());
    }
}

#[tokio::test]
async fn data_goes_first_and_the_record_of_it_later_and_what_is_pending_never() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        backlog(&db, 1, 1..4).await;
        let finish = |tx: &mut Tx<'_>| {
            deliveries::insert_attempt(tx, acme().id, id(1), &attempt(1, answered(200)))?;
            deliveries::set_delivered(tx, acme().id, id(1))?;
            deliveries::skip(tx, acme().id, id(1), SkipReason::Erased, 1)
        };
        write(&db, finish).await;
        let before = balance(&db).await;
        let Retention { payloads, records, .. } = Retention::default();

        clock.advance_to(start() + payloads);
        clean(&db).await;
        assert!(
            events(&db).await.iter().all(|event| event.data.is_some()),
            "exactly then everything is there"
        );
        clock.advance(Duration::from_millis(1));
        clean(&db).await;
        let data: Vec<bool> = events(&db).await.iter().rev().map(|event| event.data.is_some()).collect();
        assert_eq!(data, [false, false, true], "only what is still to be sent keeps its data");

        clock.advance_to(start() + records);
        clean(&db).await;
        assert_eq!(events(&db).await.len(), 3);
        clock.advance(Duration::from_millis(1));
        clean(&db).await;
        let left: Vec<Id<Event>> = events(&db).await.iter().map(|event| event.id).collect();
        assert_eq!(left, [id(3)]);
        assert_eq!(read(&db, |tx| deliveries::find(tx, acme().id, id(1))).await, None);
        assert_eq!(read(&db, |tx| deliveries::attempts(tx, acme().id, id(1))).await, []);
        assert_eq!(balance(&db).await, before, "nothing is missing from the ledger");
    }
}

#[tokio::test]
async fn removing_takes_many_slices_and_may_run_twice() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let insert = |tx: &mut Tx<'_>| (1..=1_200).try_for_each(|number| events::insert(tx, &event(number)));
        write(&db, insert).await;
        let before = balance(&db).await;
        clock.advance(Retention::default().records + Duration::from_secs(1));
        clean(&db).await;
        assert_eq!(events(&db).await, []);
        assert_eq!(balance(&db).await, before);
        clean(&db).await;
        assert_eq!(balance(&db).await, before);
    }
}

#[tokio::test]
async fn data_is_forgotten_oldest_first_and_no_more_than_asked() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..2).await;
        let insert = |tx: &mut Tx<'_>| (2..=6).try_for_each(|number| events::insert(tx, &event(number)));
        write(&db, insert).await;
        let forget = |before: u32| write(&db, move |tx| retention::forget_data(tx, acme().id, id(before), 2));
        for (before, forgotten, left) in [(6, 2, 4), (6, 2, 2), (6, 0, 2), (7, 1, 1), (7, 0, 1)] {
            assert_eq!(forget(before).await, forgotten);
            let kept = events(&db).await;
            assert_eq!(kept.iter().filter(|event| event.data.is_some()).count(), left);
            assert_eq!(kept.len(), 6);
        }
        let first = read(&db, |tx| events::find(tx, acme().id, id(1))).await.unwrap();
        assert!(first.data.is_some(), "its delivery is pending");
        let second = read(&db, |tx| events::find(tx, acme().id, id(2))).await.unwrap();
        assert_eq!(second.context.conversation_id, event(2).context.conversation_id);
    }
}

#[tokio::test]
async fn deleting_an_event_says_what_it_takes_from_the_ledger() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let states = [
            DeliveryState::Delivered,
            DeliveryState::Exhausted(ExhaustReason::ScheduleEnded),
            DeliveryState::Skipped(SkipReason::Erased),
            DeliveryState::Delivered,
        ];
        let test: Id<Event> = Id::test_from_parts(1, &[1; 10]);
        let insert = move |tx: &mut Tx<'_>| {
            events::insert(tx, &Event { planned: 4, ..event(1) })?;
            events::insert(tx, &event(2))?;
            events::insert(tx, &Event { id: test, ..event(3) })?;
            let of_test = Delivery { event_id: test, state: states[0], ..delivery(9, 0, 1) };
            let of_event = (1..).zip(states).map(|(n, state)| Delivery { state, ..delivery(n, 1, n) });
            deliveries::insert(tx, &of_event.chain([of_test]).collect::<Vec<_>>())
        };
        write(&db, insert).await;
        let expired = |limit: u32| read(&db, move |tx| retention::expired(tx, acme().id, id(3), limit));
        assert_eq!(expired(9).await, [test, id(1), id(2)]);
        assert_eq!(expired(2).await, [test, id(1)]);
        let delete = |event: Id<Event>| write(&db, move |tx| retention::delete(tx, acme().id, event));
        assert_eq!(delete(test).await, Ledger::default(), "tests count nowhere");
        let matched =
            Ledger { events: 1, planned: 4, delivered: 2, exhausted: 1, skipped: 1, ..Ledger::default() };
        assert_eq!(delete(id(1)).await, matched);
        assert_eq!(delete(id(2)).await, Ledger { events: 1, unmatched: 1, ..Ledger::default() });
        assert_eq!(delete(id(2)).await, Ledger::default(), "it is gone");
        assert_eq!(read(&db, |tx| ledger::count(tx, acme().id)).await, Ledger::default());
    }
}

#[tokio::test]
async fn deleting_an_event_spares_what_is_pending_and_what_belongs_to_others() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..3).await;
        let done = Delivery { state: DeliveryState::Delivered, ..delivery(9, 1, 2) };
        let insert = move |tx: &mut Tx<'_>| {
            deliveries::insert(tx, std::slice::from_ref(&done))?;
            deliveries::set_delivered(tx, acme().id, id(2))?;
            let mut all = [1, 2, 9].into_iter();
            all.try_for_each(|n| deliveries::insert_attempt(tx, acme().id, id(n), &attempt(1, answered(200))))
        };
        write(&db, insert).await;
        assert_eq!(read(&db, |tx| retention::expired(tx, acme().id, id(9), 9)).await, [id(2)]);
        // As if the first event's delivery had been sent again just after it was found to be done.
        let removed = write(&db, |tx| retention::delete(tx, acme().id, id(1))).await;
        assert_eq!(removed, Ledger { delivered: 1, ..Ledger::default() });
        assert_eq!(events(&db).await.len(), 2);
        for (number, left) in [(1, 1), (2, 1), (9, 0)] {
            let look = move |tx: &mut Tx<'_>| {
                let found = deliveries::find(tx, acme().id, id(number))?;
                Ok((usize::from(found.is_some()), deliveries::attempts(tx, acme().id, id(number))?.len()))
            };
            assert_eq!(read(&db, look).await, (left, left), "{number}");
        }
    }
}

#[tokio::test]
async fn a_foreign_account_removes_nothing() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| events::insert(tx, &event(1))).await;
        assert_eq!(write(&db, |tx| retention::forget_data(tx, globex().id, id(9), 9)).await, 0);
        assert_eq!(read(&db, |tx| retention::expired(tx, globex().id, id(9), 9)).await, []);
        assert_eq!(write(&db, |tx| retention::delete(tx, globex().id, id(1))).await, Ledger::default());
        assert_eq!(events(&db).await, [event(1)]);
    }
}

#[tokio::test]
async fn addresses_leave_the_audit_log_after_their_time_and_entries_stay() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let entry = |number: u32, action: &str, address: Option<&str>| AuditEntry {
            id: id(number),
            account: acme().id,
            at: start(),
            actor: "member",
            actor_id: None,
            actor_name: "Zoë".into(),
            action: action.into(),
            subject: Some("whk_1".into()),
            detail: Some("zoë@example.com as viewer".into()),
            address: address.map(Into::into),
        };
        let fill = move |tx: &mut Tx<'_>| {
            // More than one slice.
            for number in 1..=1_200 {
                audit::insert(tx, &entry(number, "session.began", Some("2001:db8::7")))?;
            }
            audit::insert(tx, &entry(1_201, "member.invited", None))?;
            audit::insert(tx, &entry(1_202, "member.invited", Some("192.0.2.1")))?;
            audit::insert(tx, &entry(1_203, "webhook.changed", None))
        };
        write(&db, fill).await;
        let newest = Id::from_uuid(domain::id::Uuid::max());
        let all = || read(&db, move |tx| audit::list(tx, acme().id, None, newest, 2_000));
        let before = all().await;
        let foreign = move |tx: &mut Tx<'_>| retention::forget_addresses(tx, globex().id, newest, 9);
        assert_eq!(write(&db, foreign).await, 0, "another account's");
        clock.advance_to(start() + Retention::default().addresses);
        clean(&db).await;
        assert!(all().await == before, "exactly then everything is there");
        clock.advance(Duration::from_millis(1));
        clean(&db).await;
        let after = all().await;
        let forgotten = |it: &AuditEntry| {
            let detail = it.detail.clone().filter(|_| it.action != "member.invited");
            AuditEntry { address: None, detail, ..it.clone() }
        };
        assert!(after == before.iter().map(forgotten).collect::<Vec<_>>(), "all else stays as it was");
        clean(&db).await;
        assert!(all().await == after);
    }
}
