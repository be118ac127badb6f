//! Lists of deliveries, by everything that they can be asked for.

use app::Tx;
use domain::{
    Delivery, DeliveryState, EventType, ExhaustReason, Id, SkipReason,
    samples::{acme, globex},
};
use store::{
    deliveries::{self, DeliveryFilter},
    webhooks,
};
use suite::stores;

use crate::kit::{at, delivery, id, open, read, webhook, write};

/// Number, event, webhook, state, whether a transcript.
const DELIVERIES: [(u32, u32, u32, DeliveryState, bool); 7] = [
    (1, 1, 1, DeliveryState::Pending, false),
    (2, 1, 2, DeliveryState::Delivered, false),
    (3, 1, 3, DeliveryState::Pending, false),
    (4, 2, 1, DeliveryState::Exhausted(ExhaustReason::ScheduleEnded), true),
    (5, 2, 2, DeliveryState::Skipped(SkipReason::WebhookDisabled), true),
    (6, 3, 1, DeliveryState::Delivered, false),
    (7, 3, 2, DeliveryState::Delivered, false),
];

fn fill(tx: &mut Tx<'_>) -> Result<(), app::StoreError> {
    let mut all: Vec<Delivery> = DELIVERIES
        .iter()
        .map(|(number, event, webhook, state, transcript)| Delivery {
            state: *state,
            event_type: if *transcript { EventType::ChatTranscript } else { EventType::ContactInformation },
            ..delivery(*number, *event, *webhook)
        })
        .collect();
    for number in 1..=3 {
        webhooks::insert(tx, &webhook(number))?;
    }
    let test = Id::test_from_parts(1, &[1; 10]);
    all.push(Delivery { event_id: test, state: DeliveryState::Delivered, ..delivery(8, 0, 1) });
    deliveries::insert(tx, &all)
}

async fn list(db: &app::Db, filter: &DeliveryFilter, before: u32, limit: u32) -> Vec<u32> {
    let filter = filter.clone();
    let found = read(db, move |tx| deliveries::list(tx, acme().id, &filter, id(before), limit)).await;
    found
        .iter()
        .map(|it| DELIVERIES.iter().find(|known| it.id == id(known.0)).map_or(0, |known| known.0))
        .collect()
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_by_any_mixture_of_filters_without_tests() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, fill).await;
        let types = [None, Some(EventType::ContactInformation), Some(EventType::ChatTranscript)];
        let states =
            [None, Some("pending"), Some("delivered"), Some("exhausted"), Some("skipped"), Some("none")];
        for webhook in [None, Some(1), Some(2), Some(9)] {
            for event in [None, Some(1), Some(2), Some(9)] {
                for event_type in types {
                    for state in states {
                        let filter = DeliveryFilter {
                            webhook_id: webhook.map(id),
                            event_id: event.map(id),
                            state: state.map(Into::into),
                            event_type,
                            ..DeliveryFilter::default()
                        };
                        let matches = |it: &&(u32, u32, u32, DeliveryState, bool)| {
                            webhook.is_none_or(|wanted| it.2 == wanted)
                                && event.is_none_or(|wanted| it.1 == wanted)
                                && state.is_none_or(|wanted| it.3.as_str() == wanted)
                                && event_type
                                    .is_none_or(|wanted| (wanted == EventType::ChatTranscript) == it.4)
                        };
                        let expected: Vec<u32> =
                            DELIVERIES.iter().rev().filter(matches).map(|it| it.0).collect();
                        assert_eq!(list(&db, &filter, 99, 50).await, expected, "{filter:?}");
                        let one = expected.first().copied();
                        let page = list(&db, &filter, 99, 1).await;
                        assert_eq!(page.first().copied(), one, "a page of one: {filter:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_list_goes_on_where_its_page_ended() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, fill).await;
        let delivered = DeliveryFilter { state: Some("delivered".into()), ..DeliveryFilter::default() };
        assert_eq!(list(&db, &delivered, 99, 2).await, [7, 6]);
        assert_eq!(list(&db, &delivered, 6, 2).await, [2]);
        let of_webhook = DeliveryFilter { webhook_id: Some(id(1)), ..DeliveryFilter::default() };
        assert_eq!(list(&db, &of_webhook, 6, 2).await, [4, 1]);
        let of_event = DeliveryFilter { event_id: Some(id(1)), ..DeliveryFilter::default() };
        assert_eq!(list(&db, &of_event, 3, 1).await, [2]);
    }
}

#[tokio::test]
async fn the_deliveries_of_an_event_come_in_the_order_they_were_planned_also_those_of_a_test() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, fill).await;
        let of_event = |event| read(&db, move |tx| deliveries::of_events(tx, acme().id, &[event]));
        let ids = |found: Vec<Delivery>| found.iter().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(ids(of_event(id(1)).await), [id(1), id(2), id(3)]);
        assert_eq!(ids(of_event(Id::test_from_parts(1, &[1; 10])).await), [id(8)]);
        assert_eq!(of_event(id(9)).await, []);
    }
}

#[tokio::test]
async fn deliveries_are_listed_by_when_they_were_planned() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let of_second = |second: u64| {
            let planned = u64::try_from(at(second).micros() / 1_000).unwrap();
            Delivery { id: Id::from_parts(planned, &[1; 10]), ..delivery(0, second as u32, 1) }
        };
        write(&db, move |tx| {
            webhooks::insert(tx, &webhook(1))?;
            deliveries::insert(tx, &[of_second(1), of_second(2), of_second(3)])
        })
        .await;
        for (since, until, expected) in [
            (None, None, vec![3, 2, 1]),
            (Some(2), None, vec![3, 2]),
            (None, Some(3), vec![2, 1]),
            (Some(2), Some(3), vec![2]),
            (Some(3), Some(2), vec![]),
        ] {
            for (webhook_id, event_id, state) in
                [(None, None, None), (Some(id(1)), None, None), (None, None, Some("pending".to_owned()))]
            {
                let (since, until) = (since.map(at), until.map(at));
                let filter =
                    DeliveryFilter { webhook_id, event_id, state, since, until, ..DeliveryFilter::default() };
                let last = Id::from_uuid(domain::id::Uuid::max());
                let found = read(&db, move |tx| deliveries::list(tx, acme().id, &filter, last, 9)).await;
                let seconds: Vec<u32> =
                    (1..=3).rev().filter(|it| found.iter().any(|found| found.event_id == id(*it))).collect();
                assert_eq!(seconds, expected, "{since:?} {until:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_foreign_account_lists_no_delivery() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, fill).await;
        for (webhook_id, event_id) in [(None, None), (Some(id(1)), None), (None, Some(id(1)))] {
            for state in [None, Some("exhausted".to_owned())] {
                let filter = DeliveryFilter { webhook_id, event_id, state, ..DeliveryFilter::default() };
                let list = move |tx: &mut Tx<'_>| deliveries::list(tx, globex().id, &filter, id(99), 50);
                assert_eq!(read(&db, list).await, []);
            }
        }
    }
}
