//! What a lane does next, told what happened.

use domain::{BodyForm, DeliveryState, EgressPolicy, Event, EventType, Secret, samples};

use super::*;

fn webhook(state: WebhookState, max_in_flight: u32) -> Webhook {
    let policy = EgressPolicy::default();
    let new = samples::webhook("https://hooks.example.com/in");
    let secret = Secret::from_bytes(&[1; 32]);
    let made =
        new.into_webhook(&policy, Id::from_parts(1, &[1; 10]), samples::acme().id, secret, samples::start());
    Webhook { state, max_in_flight, ..made.unwrap() }
}

fn empty(deliveries: usize) -> Lane {
    Lane::new(samples::acme().id, Room { deliveries, bytes: 1_000 }, Instant::now())
}

fn well() -> Answered {
    Answered { number: 1, shared: false, sign: Sign::Well, deciding: None }
}

fn due(number: u8) -> Due {
    let event = Event {
        id: Id::from_parts(1, &[number; 10]),
        account: samples::acme().id,
        event_type: EventType::ContactInformation,
        data: Some("{}".into()),
        context: domain::Context::default(),
        occurred_at: samples::start(),
        created_at: samples::start(),
        planned: 1,
    };
    let delivery = Delivery {
        id: Id::from_parts(u64::from(number) + 1, &[0; 10]),
        account: event.account,
        event_id: event.id,
        webhook_id: Id::from_parts(1, &[1; 10]),
        event_type: event.event_type,
        body: BodyForm::Documented,
        state: DeliveryState::Pending,
        attempts: 0,
        failures: 0,
        due_at: samples::start(),
        started_at: None,
        created_at: samples::start(),
        line: None,
    };
    Due { delivery, event: Arc::new(event) }
}

fn load(webhook: Webhook, numbers: &[u8]) -> Load {
    Load { webhook: Some(webhook), at: samples::start(), due: numbers.iter().map(|n| due(*n)).collect() }
}

fn sent(lane: &mut Lane) -> Vec<Id<Delivery>> {
    let mut ids = Vec::new();
    while let Step::Send(start) = lane.step(Instant::now(), true) {
        ids.push(start.due.delivery.id);
    }
    ids
}

fn ids(numbers: &[u8]) -> Vec<Id<Delivery>> {
    numbers.iter().map(|n| due(*n).delivery.id).collect()
}

#[test]
fn a_first_hint_waits_for_the_settings_and_is_sent_once() {
    let mut lane = empty(8);
    lane.offer(due(2));
    assert!(sent(&mut lane).is_empty());
    assert_eq!(lane.wants_reading(), Some(Reading { after: start(), limit: 8 }));
    assert_eq!(lane.wants_reading(), None);
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1, 2]), 8);
    assert_eq!(sent(&mut lane), ids(&[1, 2]), "what was there before goes first");
    lane.offer(due(2));
    assert!(sent(&mut lane).is_empty());
}

#[test]
fn what_overflows_stays_in_the_store_and_keeps_its_order() {
    let mut lane = empty(2);
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 1), &[]), 2);
    (1..=4).for_each(|n| lane.offer(due(n)));
    assert_eq!(sent(&mut lane), ids(&[1]));
    lane.offer(due(5));
    assert_eq!(lane.queue.len(), 1, "5 must not overtake 3 and 4");
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 1), &[1, 2]), 2);
    let after = (samples::start(), due(2).delivery.id);
    assert_eq!(lane.wants_reading(), Some(Reading { after, limit: 2 }));
    lane.loaded(load(webhook(WebhookState::Active, 9), &[3, 4]), 2);
    assert_eq!(sent(&mut lane), ids(&[2, 3]), "there was no room for 4");
    let after = (samples::start(), due(3).delivery.id);
    assert_eq!(lane.wants_reading(), Some(Reading { after, limit: 2 }));
    lane.loaded(load(webhook(WebhookState::Active, 9), &[4]), 2);
    assert_eq!(sent(&mut lane), ids(&[4]));
}

#[test]
fn what_is_left_in_the_store_during_a_reading_is_read_by_the_next() {
    let mut lane = empty(2);
    lane.offer(due(1));
    lane.offer(due(2));
    assert!(lane.wants_reading().is_some());
    lane.offer(due(3));
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1]), 2);
    assert_eq!(sent(&mut lane), ids(&[1]));
    assert!(lane.wants_reading().is_some(), "3 must not wait for the tick");
}

#[test]
fn a_hint_that_comes_after_its_delivery_was_read_and_done_sends_nothing() {
    let mut lane = empty(8);
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1, 2]), 8);
    assert_eq!(sent(&mut lane), ids(&[1, 2]));
    for number in [1, 2] {
        lane.answered(well());
        lane.ended(due(number).delivery.id, Effect::default());
    }
    lane.a_while_passed();
    lane.offer(due(1));
    lane.offer(due(3));
    assert_eq!(sent(&mut lane), ids(&[3]));
    lane.a_while_passed();
    lane.a_while_passed();
    assert!(lane.ahead.iter().all(HashSet::is_empty), "what never came is forgotten");
}

#[test]
fn what_no_hint_brings_comes_to_its_turn_in_a_lane_that_is_never_at_rest() {
    let mut lane = empty(8);
    lane.offer(due(2));
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 1), &[2]), 8);
    assert_eq!(sent(&mut lane), ids(&[2]));
    lane.offer(due(3));
    lane.remind(Instant::now());
    assert_eq!(lane.wants_reading(), None, "it has enough to do");
    lane.remind(Instant::now() + LOOK_AGAIN);
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 1), &[1, 2, 3]), 8);
    lane.answered(well());
    assert_eq!(sent(&mut lane), ids(&[3]));
    lane.answered(well());
    assert_eq!(sent(&mut lane), ids(&[1]), "a retry");
}

#[test]
fn a_reading_that_began_before_a_result_was_stored_does_not_send_again() {
    let mut lane = empty(8);
    lane.offer(due(1));
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1]), 8);
    assert_eq!(sent(&mut lane).len(), 1);
    lane.remind(Instant::now());
    assert!(lane.wants_reading().is_some());
    lane.answered(well());
    lane.ended(due(1).delivery.id, Effect::default());
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1, 2]), 8);
    assert_eq!(sent(&mut lane), ids(&[2]));
}

#[test]
fn a_reading_that_began_before_a_change_does_not_bring_back_the_old_settings() {
    let mut lane = empty(8);
    assert!(lane.wants_reading().is_some());
    lane.outdated();
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1]), 8);
    assert!(sent(&mut lane).is_empty());
    assert_eq!(lane.wants_reading(), Some(Reading { after: start(), limit: 8 }));
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1, 2]), 8);
    assert_eq!(sent(&mut lane), ids(&[1, 2]));
}

#[test]
fn settings_that_are_read_again_bring_no_deliveries_where_there_is_no_room() {
    let mut lane = empty(2);
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Paused, 1), &[]), 2);
    lane.outdated();
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 1), &[1, 2]), 2);
    lane.refresh();
    let reading = lane.wants_reading().unwrap();
    assert_eq!(reading.limit, 0);
    lane.loaded(load(webhook(WebhookState::Active, 9), &[]), reading.limit);
    assert_eq!(sent(&mut lane), ids(&[1, 2]));
    assert!(lane.behind, "the store may hold more");
}

#[test]
fn a_paused_webhook_sends_nothing_and_keeps_nothing() {
    let mut lane = empty(8);
    lane.offer(due(1));
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Paused, 64), &[1]), 8);
    lane.offer(due(2));
    assert!(sent(&mut lane).is_empty() && lane.is_idle());
    lane.outdated();
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 64), &[1, 2]), 8);
    assert_eq!(sent(&mut lane), ids(&[1, 2]));
}

#[test]
fn the_limit_in_flight_and_the_rate_hold() {
    let mut lane = empty(8);
    assert!(lane.wants_reading().is_some());
    lane.loaded(load(webhook(WebhookState::Active, 2), &[1, 2, 3]), 8);
    assert_eq!(sent(&mut lane).len(), 2);
    lane.answered(well());
    assert_eq!(sent(&mut lane).len(), 1);

    let mut lane = empty(8);
    assert!(lane.wants_reading().is_some());
    let slow = Webhook { rate_per_second: Some(10), ..webhook(WebhookState::Active, 64) };
    lane.loaded(load(slow, &[1, 2]), 8);
    let now = Instant::now();
    assert!(matches!(lane.step(now, true), Step::Send(..)));
    let Step::Wait(until) = lane.step(now, true) else { panic!("the second start must wait") };
    assert!(until >= now + Duration::from_millis(100));
    assert!(matches!(lane.step(until, true), Step::Send(..)));
}
