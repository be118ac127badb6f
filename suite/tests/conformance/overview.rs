//! What the first page of an account and the lists of events count: never further than to a bound.

use std::time::Duration;

use app::Tx;
use domain::{
    Actor, ChatbotSettings, Conversation, Delivery, DeliveryState, DisableReason, Event, ExhaustReason, Id,
    SkipReason, Tally, Webhook, WebhookState,
    report::Preset,
    samples::{acme, chatbot, globex},
};
use store::{accounts, chatbots, conversations, deliveries, overview, reports, webhooks};
use suite::stores;

use crate::{
    conversations::begun,
    kit::{answered, at, attempt, delivery, id, open, read, webhook, write},
};

const GIVEN_UP: DeliveryState = DeliveryState::Exhausted(ExhaustReason::ScheduleEnded);

/// Number, event, webhook, state.
const DELIVERIES: [(u32, u32, u32, DeliveryState); 7] = [
    (1, 1, 1, DeliveryState::Delivered),
    (2, 1, 2, DeliveryState::Pending),
    (3, 2, 1, GIVEN_UP),
    (4, 2, 2, DeliveryState::Skipped(SkipReason::WebhookDisabled)),
    (5, 3, 1, GIVEN_UP),
    (6, 3, 2, DeliveryState::Pending),
    (7, 4, 1, DeliveryState::Delivered),
];

fn fill(tx: &mut Tx<'_>) -> Result<(), app::StoreError> {
    for number in 1..=2 {
        webhooks::insert(tx, &webhook(number))?;
    }
    let held = Webhook { state: WebhookState::Disabled(DisableReason::Gone), ..webhook(3) };
    webhooks::insert(tx, &held)?;
    let mut all: Vec<Delivery> = DELIVERIES
        .iter()
        .map(|(number, event, webhook, state)| Delivery {
            state: *state,
            attempts: 1,
            ..delivery(*number, *event, *webhook)
        })
        .collect();
    let test = Id::test_from_parts(1, &[1; 10]);
    all.push(Delivery { event_id: test, state: GIVEN_UP, ..delivery(8, 0, 1) });
    deliveries::insert(tx, &all)
}

#[tokio::test]
async fn deliveries_of_events_are_tallied_in_the_order_of_the_events() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, fill).await;
        // More than are counted at once.
        let events: Vec<Id<Event>> = (1..=120).rev().map(id).collect();
        let asked = events.clone();
        let found = read(&db, move |tx| deliveries::tally(tx, acme().id, &asked)).await;
        let of = |event: u32| found[events.iter().position(|it| *it == id(event)).unwrap()];
        assert_eq!(of(1), Tally { delivered: 1, pending: 1, ..Tally::default() });
        assert_eq!(of(2), Tally { exhausted: 1, skipped: 1, ..Tally::default() });
        assert_eq!((of(4).all(), of(5).all(), found.len()), (1, 0, 120));

        let foreign = read(&db, move |tx| deliveries::tally(tx, globex().id, &events)).await;
        assert!(foreign.iter().all(|tally| tally.all() == 0));
    }
}

#[tokio::test]
async fn webhooks_are_glanced_at_newest_first_and_counted_up_to_a_bound() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, fill).await;
        let glance = async |account, since, most, limit| {
            let found = read(&db, move |tx| overview::webhooks(tx, account, since, most, limit)).await;
            let figures = |it: &overview::WebhookGlance| (it.id, it.state.as_str(), it.pending, it.exhausted);
            found.iter().map(figures).collect::<Vec<_>>()
        };
        let all = [(id(3), "disabled", 0, 0), (id(2), "active", 2, 0), (id(1), "active", 0, 2)];
        assert_eq!(glance(acme().id, at(0), 9, 9).await, all);
        assert_eq!(glance(acme().id, at(0), 9, 1).await, all[..1]);
        let cut = [all[0], (id(2), "active", 1, 0), (id(1), "active", 0, 1)];
        assert_eq!(glance(acme().id, at(0), 1, 9).await, cut);
        let later = [all[0], all[1], (id(1), "active", 0, 0)];
        assert_eq!(
            glance(acme().id, at(1), 9, 9).await,
            later,
            "what was given up is of a time, what waits is not"
        );
        assert_eq!(glance(globex().id, at(0), 9, 9).await, []);
    }
}

#[tokio::test]
async fn the_newest_deliveries_are_counted_and_timed_without_tests() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, fill).await;
        write(&db, |tx| {
            let mut late = answered(200);
            late.at = at(3);
            deliveries::insert_attempt(tx, acme().id, id(1), &attempt(1, answered(200)))?;
            deliveries::insert_attempt(tx, acme().id, id(3), &attempt(1, answered(500)))?;
            deliveries::insert_attempt(tx, acme().id, id(7), &attempt(1, late))
        })
        .await;
        let recent = async |account, since, most| {
            read(&db, move |tx| overview::recent(tx, account, since, most)).await
        };
        let all = Tally { delivered: 2, pending: 2, exhausted: 2, skipped: 1 };
        assert_eq!(recent(acme().id, at(0), 100).await, all);
        assert_eq!(recent(acme().id, at(0), 2).await, Tally { delivered: 1, pending: 1, ..Tally::default() });
        assert_eq!(recent(acme().id, at(1), 100).await, Tally::default());
        assert_eq!(recent(globex().id, at(0), 100).await, Tally::default());

        let times = async |account, most| {
            let mut found = read(&db, move |tx| overview::times(tx, account, at(0), most)).await;
            found.sort_unstable();
            found
        };
        assert_eq!(times(acme().id, 100).await, [12_000, 3_012_000]);
        assert_eq!(times(acme().id, 1).await, [3_012_000]);
        assert!(times(globex().id, 100).await.is_empty());
    }
}

#[tokio::test]
async fn the_first_steps_of_an_account_are_known_one_by_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let steps = async |account| {
            let it = read(&db, move |tx| overview::steps(tx, account)).await;
            [it.chatbot, it.published, it.installed, it.webhook, it.arrived]
        };
        assert_eq!(steps(acme().id).await, [false; 5]);
        write(&db, |tx| chatbots::insert(tx, &chatbot(id(1)))).await;
        let preview = Conversation { preview: true, chatbot: Some(id(1)), ..begun(1) };
        write(&db, move |tx| conversations::insert(tx, &preview)).await;
        assert_eq!(steps(acme().id).await, [true, false, false, false, false]);
        let other =
            domain::Chatbot { version: Some(1), settings: ChatbotSettings::default(), ..chatbot(id(2)) };
        write(&db, move |tx| chatbots::insert(tx, &other)).await;
        let chat = Conversation { chatbot: Some(id(2)), ..begun(2) };
        write(&db, move |tx| conversations::insert(tx, &chat)).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        write(&db, |tx| deliveries::insert(tx, &[delivery(1, 1, 1)])).await;
        assert_eq!(steps(acme().id).await, [true, true, true, true, false]);
        let test = Delivery {
            event_id: Id::test_from_parts(1, &[1; 10]),
            state: DeliveryState::Delivered,
            ..delivery(2, 0, 1)
        };
        write(&db, move |tx| deliveries::insert(tx, std::slice::from_ref(&test))).await;
        assert_eq!(steps(acme().id).await, [true; 5]);
        assert_eq!(steps(globex().id).await, [false; 5]);
    }
}

#[tokio::test]
async fn the_trend_is_that_of_the_accounts_days() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| chatbots::insert(tx, &chatbot(id(1)))).await;
        for (number, bot, hours) in [(1, Some(id(1)), 0), (2, None, 0), (3, Some(id(1)), 12)] {
            let opened_at = at(0).before(Duration::from_secs(hours * 3_600));
            let captured_at = (number == 3).then(|| at(0));
            let chat = Conversation { chatbot: bot, opened_at, captured_at, ..begun(number) };
            write(&db, move |tx| conversations::insert(tx, &chat)).await;
        }
        let trend = async |account| {
            let read_trend = move |tx: &mut Tx<'_>| {
                let actor = Actor::Console { account };
                let period = app::reports::preset(tx, &actor, Preset::Last7).expect("an account");
                reports::trend(tx, account, &period)
            };
            read(&db, read_trend).await.split_off(5)
        };
        // It is 10:15 in UTC, and 23:15 in Auckland: twelve hours ago it was the day before in the one alone.
        assert_eq!(trend(acme().id).await, [(1, 0), (2, 1)]);
        let elsewhere = domain::Account { time_zone: "Pacific/Auckland".into(), ..acme() };
        write(&db, move |tx| accounts::update(tx, &elsewhere)).await;
        assert_eq!(trend(acme().id).await, [(0, 0), (3, 1)]);
        assert_eq!(trend(globex().id).await, [(0, 0), (0, 0)]);
    }
}
