//! How webhooks are doing: failures in a row, the hold, its probes and notices.

use app::{Db, deliveries::Report, holds::Effect};
use domain::{
    AttemptKind, Delivery, DeliveryState, DisableReason, Event, EventType, Health, Timestamp, Webhook,
    WebhookState,
    samples::{acme, globex},
};
use store::{deliveries, events, webhooks};
use suite::stores;

use crate::{
    kit::{answered, at, backlog, carry_out, console, delivery, id, lease, open, read, webhook, write},
    races::report,
};

async fn count(db: &Db, began: Timestamp, now: Timestamp) -> Option<u32> {
    write(db, move |tx| webhooks::count_failure(tx, acme().id, id(1), began, now)).await
}

async fn find(db: &Db) -> Webhook {
    read(db, |tx| webhooks::find(tx, acme().id, id(1))).await.expect("it is there")
}

#[tokio::test]
async fn failures_that_were_in_flight_together_count_as_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1)).and_then(|()| webhooks::insert(tx, &webhook(2))))
            .await;
        assert_eq!(count(&db, at(10), at(12)).await, Some(1));
        assert_eq!(count(&db, at(11), at(13)).await, None, "it began before the first was known");
        assert_eq!(count(&db, at(12), at(13)).await, None, "at the very instant is not after");
        assert_eq!(count(&db, at(13), at(14)).await, Some(2));
        assert_eq!(find(&db).await.health, Health { failures: 2, ..Health::default() });
        let other = read(&db, |tx| webhooks::find(tx, acme().id, id(2))).await;
        assert_eq!(other, Some(webhook(2)));

        assert_eq!(count(&db, at(3), at(4)).await, Some(3), "the clock was set back");
        let foreign = write(&db, |tx| webhooks::count_failure(tx, globex().id, id(1), at(20), at(20))).await;
        assert_eq!(foreign, None);
        assert!(!write(&db, |tx| webhooks::clear_failures(tx, globex().id, id(1))).await);
        assert!(write(&db, |tx| webhooks::clear_failures(tx, acme().id, id(1))).await);
        assert_eq!(find(&db).await, webhook(1));
        assert!(!write(&db, |tx| webhooks::clear_failures(tx, acme().id, id(1))).await, "there is none");
        assert_eq!(count(&db, at(1), at(1)).await, Some(1), "a cleared row forgets its instant");
    }
}

#[tokio::test]
async fn only_an_active_webhook_counts_failures_and_every_change_of_state_begins_anew() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        assert_eq!(count(&db, at(1), at(1)).await, Some(1));
        let (active, held) = (WebhookState::Active, WebhookState::Held);
        let hold = move |tx: &mut app::Tx<'_>| {
            webhooks::set_state(tx, acme().id, id(1), active, held, at(2), Some(at(7)))
        };
        assert!(write(&db, hold).await);
        let fresh = Health { probe_at: Some(at(7)), ..Health::default() };
        assert_eq!(find(&db).await.health, fresh);
        assert_eq!(count(&db, at(9), at(9)).await, None);
        assert!(!write(&db, |tx| webhooks::clear_failures(tx, acme().id, id(1))).await);

        assert!(!write(&db, |tx| webhooks::set_probes(tx, globex().id, id(1), 1, at(37))).await);
        assert!(write(&db, |tx| webhooks::set_probes(tx, acme().id, id(1), 1, at(37))).await);
        assert!(!write(&db, |tx| webhooks::set_notices(tx, acme().id, id(1), 1, 2)).await, "0 were given");
        assert!(!write(&db, |tx| webhooks::set_notices(tx, globex().id, id(1), 0, 1)).await);
        assert!(write(&db, |tx| webhooks::set_notices(tx, acme().id, id(1), 0, 1)).await);
        let health = Health { failures: 0, probes: 1, probe_at: Some(at(37)), notices: 1 };
        assert_eq!(find(&db).await.health, health);

        assert_eq!(read(&db, |tx| webhooks::held(tx, at(1))).await, []);
        assert_eq!(read(&db, |tx| webhooks::held(tx, at(2))).await, [(acme().id, id(1))]);
        let resume =
            move |tx: &mut app::Tx<'_>| webhooks::set_state(tx, acme().id, id(1), held, active, at(3), None);
        assert!(write(&db, resume).await);
        assert_eq!(find(&db).await.health, Health::default());
        assert!(!write(&db, |tx| webhooks::set_probes(tx, acme().id, id(1), 1, at(37))).await, "not held");
        assert!(!write(&db, |tx| webhooks::set_notices(tx, acme().id, id(1), 0, 1)).await, "not held");
        assert_eq!(read(&db, |tx| webhooks::held(tx, at(9))).await, []);
    }
}

/// An attempt of that number's delivery, begun so many seconds after the start.
fn tried(number: u32, status: u16, began: u64, lease: deliveries::Lease) -> Report {
    let report = report(number, status, lease);
    Report { outcome: domain::Outcome { at: at(began), ..answered(status) }, ..report }
}

#[tokio::test]
async fn the_tenth_failure_in_a_row_holds_the_webhook_and_a_probe_that_succeeds_lets_it_go() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        backlog(&db, 1, 1..13).await;
        let lease = lease(&db, id(1), 1).await;
        let asks = Webhook { event_types: vec![EventType::WebhookNotice], ..webhook(2) };
        write(&db, move |tx| webhooks::insert(tx, &asks)).await;
        for number in 1..=10 {
            clock.advance_to(at(u64::from(number)));
            let failed = tried(number, 500, u64::from(number), lease);
            let finished =
                carry_out(&db, move |tx| app::deliveries::finish(tx, &failed)).await.expect("decided");
            let effect = Effect { troubled: Some(true), changed: number == 10 };
            assert_eq!(finished.effect, effect, "{number} on {}", store.engine);
        }
        let held = find(&db).await;
        assert_eq!((held.state, held.state_since), (WebhookState::Held, at(10)));
        assert_eq!(held.health, Health { failures: 0, probes: 0, probe_at: Some(at(15)), notices: 1 });
        let [notice] = all_events(&db, EventType::WebhookNotice).await.try_into().expect("one notice");
        assert!(notice.data.as_ref().is_some_and(|data| data.contains(r#""reason":"10 failures in a row""#)));

        // Before its time nothing is read; then one, the first that is due.
        let load = move |tx: &mut app::Tx<'_>| app::deliveries::load(tx, acme().id, id(1), (at(0), id(0)), 9);
        assert_eq!(carry_out(&db, load).await.due.len(), 0);
        clock.advance_to(at(15));
        let [probe] = carry_out(&db, load).await.due.try_into().expect("one to probe with");
        assert_eq!(probe.delivery.id, id(1), "the oldest");
        let before = probe.delivery;
        let probed =
            Report { kind: AttemptKind::Probe, delivery: before.clone(), ..tried(1, 503, 15, lease) };
        let finished = carry_out(&db, move |tx| app::deliveries::finish(tx, &probed)).await.expect("decided");
        let untouched = domain::Delivery { attempts: 2, ..before };
        assert_eq!(finished.delivery, untouched, "a probe uses up nothing");
        assert_eq!(find(&db).await.health.probe_at, Some(at(45)));

        clock.advance_to(at(100));
        let again = Report { kind: AttemptKind::Probe, delivery: untouched, ..tried(1, 200, 100, lease) };
        let finished = carry_out(&db, move |tx| app::deliveries::finish(tx, &again)).await.expect("decided");
        assert_eq!(finished.delivery.state, DeliveryState::Delivered);
        let free = find(&db).await;
        assert_eq!((free.state, free.health), (WebhookState::Active, Health::default()));
        // What had failed waits as long as it would have without the hold; its deadline moved with it.
        let failed = read(&db, |tx| deliveries::find(tx, acme().id, id(2))).await.expect("it is there");
        assert_eq!(failed.started_at, Some(at(2 + 90)));
        assert!(failed.due_at >= at(90 + 2 + 4) && failed.due_at <= at(90 + 2 + 6), "{:?}", failed.due_at);
        let attempts = read(&db, |tx| deliveries::attempts(tx, acme().id, id(1))).await;
        let (scheduled, probe) = (AttemptKind::Scheduled, AttemptKind::Probe);
        assert_eq!(attempts.iter().map(|it| it.kind).collect::<Vec<_>>(), [scheduled, probe, probe]);
    }
}

#[tokio::test]
async fn a_probe_that_fails_after_somebody_resumed_leaves_the_schedule_where_that_moved_it() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        backlog(&db, 1, 1..11).await;
        let lease = lease(&db, id(1), 1).await;
        for number in 1..=10 {
            clock.advance_to(at(u64::from(number)));
            let failed = tried(number, 500, u64::from(number), lease);
            carry_out(&db, move |tx| app::deliveries::finish(tx, &failed)).await.expect("decided");
        }
        let stored =
            async || read(&db, |tx| deliveries::find(tx, acme().id, id(1))).await.expect("it is there");
        let before = stored().await;
        assert_eq!((find(&db).await.state, before.started_at), (WebhookState::Held, Some(at(1))));
        // The probe is on the wire when somebody resumes, after days of hold.
        let (began, days) = (300_000, std::time::Duration::from_secs(300_000 - 10));
        clock.advance_to(at(began));
        carry_out(&db, |tx| app::webhooks::resume(tx, &console(), id(1))).await;
        let probe =
            Report { kind: AttemptKind::Probe, delivery: before.clone(), ..tried(1, 500, began, lease) };
        carry_out(&db, move |tx| app::deliveries::finish(tx, &probe)).await.expect("decided");
        let after = stored().await;
        assert_eq!((after.attempts, after.failures), (2, 1), "{}", store.engine);
        assert_eq!(after.due_at, before.due_at + days, "{}", store.engine);
        assert_eq!(after.started_at, Some(at(1) + days), "its deadline stood still");
        assert_eq!(find(&db).await.state, WebhookState::Active);
    }
}

/// After every event.
const LAST: domain::Id<Event> = domain::Id::from_uuid(domain::id::Uuid::max());

async fn all_events(db: &Db, event_type: EventType) -> Vec<Event> {
    let filter = events::EventFilter { event_type: Some(event_type), ..Default::default() };
    read(db, move |tx| events::list(tx, acme().id, &filter, LAST, 50)).await
}

#[tokio::test]
async fn a_success_in_between_begins_the_row_anew_and_what_says_nothing_of_the_receiver_does_not_count() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        backlog(&db, 1, 1..30).await;
        let lease = lease(&db, id(1), 1).await;
        for number in 1..=28 {
            clock.advance_to(at(u64::from(number)));
            let troubled = number % 10 != 1;
            let report = Report {
                troubled,
                ..tried(number, if number % 10 == 0 { 200 } else { 500 }, u64::from(number), lease)
            };
            let effect =
                carry_out(&db, move |tx| app::deliveries::finish(tx, &report)).await.map(|it| it.effect);
            let troubled = Some(number % 10 != 0);
            assert_eq!(effect, Some(Effect { troubled, changed: false }), "{number} on {}", store.engine);
        }
        assert_eq!(find(&db).await.health.failures, 8);
        clock.advance_to(at(60));
        let mut aborted = tried(29, 500, 60, lease);
        if let Ok(response) = &mut aborted.outcome.result {
            response.headers.push(("webhook-delivery".into(), "abort-message".into()));
        }
        carry_out(&db, move |tx| app::deliveries::finish(tx, &aborted)).await;
        assert_eq!(find(&db).await.health.failures, 8);
    }
}

#[tokio::test]
async fn what_was_planned_by_a_clock_that_was_ahead_is_not_stuck() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let day = 86_400;
        for (number, state) in [(1, WebhookState::Active), (2, WebhookState::Held), (3, WebhookState::Paused)]
        {
            backlog(&db, number, number * 10..number * 10 + 3).await;
            let lease = lease(&db, id(9), number).await;
            for (place, due_at) in [at(day + 60), at(10 * day), Delivery::IN_LINE].into_iter().enumerate() {
                let number = number * 10 + place as u32;
                let later = Delivery { due_at, attempts: 1, ..delivery(number, number, number / 10) };
                assert!(write(&db, move |tx| deliveries::advance(tx, &later, 0, lease)).await);
            }
            let probe_at = (state == WebhookState::Held).then(|| at(10 * day));
            let active = WebhookState::Active;
            write(&db, move |tx| {
                webhooks::set_state(tx, acme().id, id(number), active, state, at(0), probe_at)
            })
            .await;
        }
        clock.advance_to(at(30));
        carry_out(&db, app::deliveries::settle_clock).await;
        carry_out(&db, app::deliveries::settle_clock).await;
        let mut due = Vec::new();
        for number in [10, 11, 12, 20, 21, 30, 31] {
            let found = read(&db, move |tx| deliveries::find(tx, acme().id, id(number))).await;
            due.push(found.expect("it is there").due_at);
        }
        let beyond = at(10 * day);
        let expected = [at(day + 60), at(30), Delivery::IN_LINE, at(day + 60), beyond, at(day + 60), beyond];
        assert_eq!(due, expected, "{}: what stands still stays", store.engine);
        let held = read(&db, |tx| webhooks::find(tx, acme().id, id(2))).await.expect("it is there");
        assert_eq!(held.health.probe_at, Some(at(30)));
        assert_eq!(write(&db, |tx| deliveries::advance_beyond(tx, at(31), at(31))).await, 1);
        assert_eq!(write(&db, |tx| webhooks::probe_beyond(tx, at(31), at(31))).await, 0);
    }
}

#[tokio::test]
async fn a_long_hold_is_told_of_again_and_ends_after_five_days() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        backlog(&db, 1, 1..3).await;
        let asks = Webhook { event_types: vec![EventType::WebhookNotice], ..webhook(2) };
        write(&db, move |tx| webhooks::insert(tx, &asks)).await;
        let hold = |tx: &mut app::Tx<'_>| {
            let (active, held) = (WebhookState::Active, WebhookState::Held);
            webhooks::set_state(tx, acme().id, id(1), active, held, at(0), Some(at(5)))?;
            webhooks::set_notices(tx, acme().id, id(1), 0, 1)
        };
        write(&db, hold).await;
        let hour = 3_600;
        let mut told = Vec::new();
        for hours in [1, 24, 25, 48, 96, 97, 119, 120, 121] {
            clock.advance_to(at(hours * hour));
            // A chore may run as often as it likes.
            while carry_out(&db, app::holds::watch).await {}
            assert!(!carry_out(&db, app::holds::watch).await);
            told.push((hours, all_events(&db, EventType::WebhookNotice).await.len()));
        }
        let expected = [(1, 0), (24, 1), (25, 1), (48, 1), (96, 2), (97, 2), (119, 2), (120, 3), (121, 3)];
        assert_eq!(told, expected, "{}", store.engine);
        let webhook = find(&db).await;
        assert_eq!(webhook.state, WebhookState::Disabled(DisableReason::HeldTooLong));
        let left = carry_out(&db, |tx| app::deliveries::get(tx, &console(), id(1))).await.0;
        assert_eq!(left.delivery.state.reason(), Some("webhook_disabled"));
    }
}
