//! How webhooks have been doing: the newest few of each stretch, and the last failure.

use std::time::Duration;

use app::Tx;
use domain::{
    Delivery, DeliveryState, ErrorClass, ExhaustReason, Id, Outcome, SkipReason, Timestamp,
    samples::{acme, globex},
};
use store::{
    deliveries,
    hours::{self, HOURS, Sampled},
};
use suite::stores;

use crate::kit::{answered, at, attempt, delivery, id, open, read, unanswered, write};

/// When the day ends that is looked at.
const END: u64 = 24 * 60 * 60;

/// A delivery to webhook 1 that was planned so many seconds after the start, in that state after so many failures.
fn planned(number: u32, seconds: u64, state: DeliveryState, failures: u32) -> Delivery {
    let [.., third, second, last] = number.to_be_bytes();
    let millis = u64::try_from(at(seconds).micros() / 1_000).expect("an instant after 1970");
    let id = Id::from_parts(millis, &[0, 0, 0, 0, 0, 0, 0, third, second, last]);
    let attempts = failures + u32::from(state == DeliveryState::Delivered);
    let started_at = (attempts > 0).then(|| at(seconds));
    Delivery {
        id,
        state,
        failures,
        attempts,
        started_at,
        created_at: at(seconds),
        ..delivery(number, number, 1)
    }
}

const DELIVERED: DeliveryState = DeliveryState::Delivered;
const EXHAUSTED: DeliveryState = DeliveryState::Exhausted(ExhaustReason::ScheduleEnded);
const SKIPPED: DeliveryState = DeliveryState::Skipped(SkipReason::WebhookDisabled);

/// Stores each delivery with its attempts, all but the last of which failed by a timeout.
fn insert(all: Vec<(Delivery, Option<Outcome>)>) -> impl Fn(&mut Tx<'_>) -> Result<(), app::StoreError> {
    move |tx| {
        for (delivery, last) in &all {
            deliveries::insert(tx, std::slice::from_ref(delivery))?;
            for number in 1..=delivery.attempts {
                let failed = unanswered(ErrorClass::Timeout);
                let last = last.clone().filter(|_| number == delivery.attempts);
                let at = delivery.created_at + Duration::from_secs(number.into());
                let outcome = Outcome { at, ..last.unwrap_or(failed) };
                deliveries::insert_attempt(tx, acme().id, delivery.id, &attempt(number, outcome))?;
            }
        }
        Ok(())
    }
}

async fn day(db: &app::Db, account: domain::Account, webhook: u32, limit: u32) -> [(u64, u64); HOURS] {
    read(db, move |tx| hours::day(tx, account.id, id(webhook), at(END), limit)).await
}

#[tokio::test]
async fn a_day_is_told_by_the_hour_from_the_newest_few_of_each() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut all = vec![
            planned(1, 0, DELIVERED, 0),
            planned(2, 60 * 60 - 1, EXHAUSTED, 3),
            planned(3, 60 * 60, DeliveryState::Pending, 2),
            planned(4, 60 * 60 + 1, DeliveryState::Pending, 0),
            planned(5, 60 * 60 + 2, SKIPPED, 0),
            planned(6, END, DELIVERED, 0),
        ];
        all.extend((10..20).map(|number| planned(number, END - 60 + u64::from(number), DELIVERED, 0)));
        let test = Delivery { event_id: Id::test_from_parts(1, &[1; 10]), ..planned(30, 5, DELIVERED, 0) };
        all.push(test);
        all.push(Delivery { webhook_id: id(2), ..planned(31, 7_200, DELIVERED, 0) });
        write(&db, insert(all.into_iter().map(|it| (it, Some(answered(200)))).collect())).await;

        let mut expected = [(0, 0); HOURS];
        (expected[0], expected[1], expected[23]) = ((1, 1), (0, 1), (10, 0));
        assert_eq!(day(&db, acme(), 1, 50).await, expected);
        (expected[0], expected[1], expected[23]) = ((0, 1), (0, 0), (1, 0));
        assert_eq!(day(&db, acme(), 1, 1).await, expected, "the newest of each hour alone");
        assert_eq!(day(&db, globex(), 1, 50).await, [(0, 0); HOURS], "a foreign account sees nothing");
    }
}

#[tokio::test]
async fn a_stretch_has_its_newest_deliveries_and_how_long_answers_took() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let timeout = Some(unanswered(ErrorClass::Timeout));
        let all = vec![
            (planned(1, 9, DELIVERED, 0), Some(answered(200))),
            (planned(2, 10, DELIVERED, 0), Some(answered(200))),
            (planned(3, 11, EXHAUSTED, 1), timeout),
            (planned(4, 12, DeliveryState::Pending, 0), None),
            (planned(5, 20, DELIVERED, 0), Some(answered(200))),
        ];
        write(&db, insert(all)).await;
        let stretch = |account: domain::Account, limit| {
            let window: (Timestamp, Timestamp) = (at(10), at(20));
            read(&db, move |tx| hours::stretch(tx, account.id, id(1), window, limit))
        };
        let sampled =
            |went_well, millis: Option<u64>| Sampled { went_well, took: millis.map(Duration::from_millis) };
        let mut found = stretch(acme(), 9).await;
        found.sort_by_key(|it| (it.went_well, it.took));
        assert_eq!(found, [sampled(None, None), sampled(Some(false), None), sampled(Some(true), Some(12))]);
        assert_eq!(stretch(acme(), 1).await, [sampled(None, None)]);
        assert_eq!(stretch(globex(), 9).await, [], "a foreign account sees nothing");
    }
}

#[tokio::test]
async fn the_last_failure_is_found_behind_what_waits_and_what_arrived() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let last = |webhook: u32, limit| {
            let find = move |tx: &mut Tx<'_>| hours::last_failure(tx, acme().id, id(webhook), limit);
            let found = read(&db, find);
            async { found.await.map(|it| (it.number, it.outcome.result.map(|it| it.status).ok())) }
        };
        assert_eq!(last(1, 10).await, None);
        write(&db, insert(vec![(planned(1, 1, DELIVERED, 0), Some(answered(200)))])).await;
        assert_eq!(last(1, 10).await, None, "what went well is no failure");

        write(&db, insert(vec![(planned(2, 2, DELIVERED, 1), Some(answered(200)))])).await;
        assert_eq!(last(1, 10).await, Some((1, None)), "before it arrived");
        write(&db, insert(vec![(planned(3, 10, EXHAUSTED, 2), Some(answered(404)))])).await;
        assert_eq!(last(1, 10).await, Some((2, Some(404))));
        write(&db, insert(vec![(planned(4, 20, DeliveryState::Pending, 1), Some(answered(500)))])).await;
        let waiting =
            (10..40).map(|number| (planned(number, number.into(), DeliveryState::Pending, 0), None));
        write(&db, insert(waiting.collect())).await;
        assert_eq!(last(1, 10).await, Some((1, Some(500))), "behind thirty that were not tried");
        assert_eq!(last(2, 10).await, None);
        let foreign = read(&db, |tx| hours::last_failure(tx, globex().id, id(1), 10)).await;
        assert_eq!(foreign, None, "a foreign account sees nothing");

        let of = planned(3, 10, EXHAUSTED, 2).id;
        let outcome = read(&db, move |tx| hours::last_outcome(tx, acme().id, of)).await.unwrap();
        assert_eq!((outcome.result.unwrap().status, outcome.at), (404, at(12)));
        assert_eq!(read(&db, move |tx| hours::last_outcome(tx, globex().id, of)).await, None);
    }
}
