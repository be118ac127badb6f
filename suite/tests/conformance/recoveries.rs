//! Recoveries: how they are kept, what they look at, and that a step is whole or has not happened.

use std::time::Duration;

use app::{AppError, Db, Tx, recoveries::Next};
use domain::{
    Account, Delivery, DeliveryState, DisableReason, EndState, Event, ExhaustReason, Id, Recovery,
    RecoveryCounts, RecoveryPlan, RecoveryState, SkipReason, Timestamp, WebhookState,
    recovery::{Pace, Step},
    samples::{acme, globex, start},
};
use store::{
    deliveries, events, recoveries,
    recoveries::{Running, Slice},
    webhooks,
};
use suite::stores;

use crate::kit::{at, carry_out, delivery, event, id, lease, open, overlap, read, sabotage, webhook, write};

const EXHAUSTED: DeliveryState = DeliveryState::Exhausted(ExhaustReason::ScheduleEnded);
const SKIPPED: DeliveryState = DeliveryState::Skipped(SkipReason::WebhookDisabled);

fn earlier() -> Timestamp {
    start().before(Duration::from_secs(60))
}

fn plan(webhook: u32, states: &[EndState]) -> RecoveryPlan {
    let states = states.to_vec();
    RecoveryPlan { webhook_id: id(webhook), since: earlier(), until: start(), states, rate_per_second: 10 }
}

fn recovery(number: u32, webhook: u32) -> Recovery {
    let plan = plan(webhook, &[EndState::Exhausted, EndState::Skipped]);
    Recovery::begin(id(number), acme().id, plan, Some(id(1_000)), 3, start())
}

/// Stores a webhook and a delivery in each of these states, with its event; they count from `first`.
async fn fill(db: &Db, number: u32, first: u32, states: &[DeliveryState]) {
    let states = states.to_vec();
    let fill = move |tx: &mut Tx<'_>| {
        webhooks::insert(tx, &webhook(number))?;
        for (number_of, state) in (first..).zip(&states) {
            events::insert(tx, &Event { planned: 1, ..event(number_of) })?;
            let planned = Delivery { state: *state, ..delivery(number_of, number_of, number) };
            deliveries::insert(tx, &[planned])?;
        }
        Ok(())
    };
    write(db, fill).await;
}

async fn insert(db: &Db, recovery: &Recovery) {
    let recovery = recovery.clone();
    write(db, move |tx| recoveries::insert(tx, &recovery)).await;
}

async fn find(db: &Db, account: Id<Account>, number: u32) -> Option<Recovery> {
    read(db, move |tx| recoveries::find(tx, account, id(number))).await
}

async fn state(db: &Db, number: u32) -> DeliveryState {
    let found = read(db, move |tx| deliveries::find(tx, acme().id, id(number))).await;
    found.expect("it is there").state
}

#[tokio::test]
async fn a_recovery_comes_back_as_it_was_and_changes_until_it_ends() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        let mut expected = recovery(7, 1);
        expected.plan.states = EndState::ALL.to_vec();
        insert(&db, &expected).await;
        assert_eq!(find(&db, acme().id, 7).await.as_ref(), Some(&expected));
        assert_eq!(find(&db, globex().id, 7).await, None);
        assert_eq!(write(&db, |tx| recoveries::find_to_change(tx, globex().id, id(7))).await, None);

        expected.advance(Step { place: id(500), restarted: 2, passed_over: 1 }, at(1));
        for to in [RecoveryState::Paused, RecoveryState::Running, RecoveryState::Cancelled] {
            expected.switch(to, at(2));
            let stored = expected.clone();
            assert!(write(&db, move |tx| recoveries::update(tx, &stored)).await);
            let found = write(&db, |tx| recoveries::find_to_change(tx, acme().id, id(7))).await;
            assert_eq!(found.as_ref(), Some(&expected), "{}", store.engine);
        }
        let mut changed = expected.clone();
        changed.switch(RecoveryState::Running, at(3));
        let foreign = Recovery { account: globex().id, ..changed.clone() };
        for wrong in [changed, foreign] {
            assert!(!write(&db, move |tx| recoveries::update(tx, &wrong)).await, "it has ended");
        }
        assert_eq!(find(&db, acme().id, 7).await, Some(expected));
    }
}

#[tokio::test]
async fn lists_are_newest_first_and_of_one_account() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in [1, 2] {
            write(&db, move |tx| webhooks::insert(tx, &webhook(number))).await;
        }
        for number in 1..=4 {
            insert(&db, &recovery(number, 1 + number % 2)).await;
        }
        let list = |account: Id<Account>, webhook: Option<u32>, before: u32, limit| {
            let db = &db;
            async move {
                let webhook = webhook.map(id);
                let page = read(db, move |tx| recoveries::list(tx, account, webhook, id(before), limit));
                page.await.into_iter().map(|it| it.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(acme().id, None, 9, 9).await, [id(4), id(3), id(2), id(1)]);
        assert_eq!(list(acme().id, None, 4, 2).await, [id(3), id(2)]);
        assert_eq!(list(acme().id, Some(1), 9, 9).await, [id(4), id(2)]);
        assert_eq!(list(acme().id, Some(2), 3, 1).await, [id(1)]);
        assert!(list(globex().id, None, 9, 9).await.is_empty());
        assert!(list(globex().id, Some(1), 9, 9).await.is_empty());
    }
}

#[tokio::test]
async fn a_window_is_of_one_webhook_and_of_a_time_and_without_tests() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let states =
            [DeliveryState::Pending, DeliveryState::Delivered, EXHAUSTED, EXHAUSTED, SKIPPED, SKIPPED];
        fill(&db, 1, 1, &states).await;
        fill(&db, 2, 21, &[EXHAUSTED]).await;
        let around = |tx: &mut Tx<'_>| {
            for (number, created_at) in [(7, earlier()), (8, earlier().before(Duration::from_micros(1)))] {
                let planned = Delivery { created_at, state: SKIPPED, ..delivery(number, number, 1) };
                deliveries::insert(tx, &[planned])?;
            }
            let later = start() + Duration::from_micros(1);
            deliveries::insert(tx, &[Delivery { created_at: later, state: SKIPPED, ..delivery(9, 9, 1) }])?;
            let test = Id::test_from_parts(1_767_225_600_000, &[9; 10]);
            deliveries::insert(tx, &[Delivery { event_id: test, state: EXHAUSTED, ..delivery(10, 10, 1) }])
        };
        write(&db, around).await;
        let count = |account, plan: RecoveryPlan| read(&db, move |tx| recoveries::count(tx, account, &plan));
        let expected = RecoveryCounts { pending: 1, delivered: 1, exhausted: 2, skipped: 3 };
        let all = plan(1, &EndState::ALL);
        assert_eq!(count(acme().id, all.clone()).await, expected, "{}", store.engine);
        assert_eq!(count(globex().id, all.clone()).await, RecoveryCounts::default());

        let last = |account, plan: RecoveryPlan| read(&db, move |tx| recoveries::last(tx, account, &plan));
        assert_eq!(last(acme().id, all.clone()).await, Some(id(10)));
        assert_eq!(last(globex().id, all.clone()).await, None);
        let long_ago = start().before(Duration::from_secs(86_400));
        let before = RecoveryPlan { since: long_ago.before(Duration::from_secs(1)), until: long_ago, ..all };
        assert_eq!(last(acme().id, before).await, None, "the ids are younger");
    }
}

#[tokio::test]
async fn a_slice_looks_at_so_many_and_holds_so_many_that_match() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let delivered = DeliveryState::Delivered;
        fill(&db, 1, 1, &[EXHAUSTED, delivered, SKIPPED, DeliveryState::Pending, SKIPPED, delivered]).await;
        let forget = format!("update event set data = null where id = {}", literal(store.engine, 3));
        sabotage(&store, &forget).await;
        let slice = |recovery: Recovery, limit, look| {
            let db = &db;
            async move {
                let read = move |tx: &mut Tx<'_>| recoveries::slice(tx, &recovery, limit, look);
                let Slice { matching, place } = write(db, read).await;
                let ids: Vec<_> =
                    matching.iter().map(|(delivery, payload)| (delivery.id, *payload)).collect();
                (ids, place)
            }
        };
        let whole = Recovery { last: id(6), ..recovery(1, 1) };
        let all = vec![(id(1), true), (id(3), false), (id(5), true)];
        assert_eq!(slice(whole.clone(), 9, 9).await, (all.clone(), id(6)), "{}", store.engine);
        assert_eq!(slice(whole.clone(), 3, 6).await, (all.clone(), id(6)), "just all");
        assert_eq!(slice(whole.clone(), 2, 9).await, (all[..2].to_vec(), id(3)), "it stops where it is full");
        assert_eq!(
            slice(whole.clone(), 9, 2).await,
            (all[..1].to_vec(), id(2)),
            "and where it has looked enough"
        );
        let on = Recovery { place: id(3), ..whole.clone() };
        assert_eq!(slice(on.clone(), 9, 9).await, (all[2..].to_vec(), id(6)));
        let bounded = Recovery { last: id(4), ..on };
        assert_eq!(slice(bounded, 9, 9).await, (Vec::new(), id(4)), "what came later is not in it");
        let plan = plan(1, &[EndState::Delivered]);
        assert_eq!(slice(Recovery { plan, ..whole.clone() }, 9, 9).await.0, [(id(2), true), (id(6), true)]);
        assert_eq!(slice(Recovery { account: globex().id, ..whole }, 9, 9).await, (Vec::new(), id(6)));
    }
}

/// An id as the engine's SQL writes it.
fn literal(engine: &str, number: u32) -> String {
    let uuid = id::<Event>(number).uuid();
    if engine == "sqlite" { format!("x'{}'", uuid.simple()) } else { format!("'{uuid}'") }
}

#[tokio::test]
async fn those_run_whose_webhook_is_on_a_shard_of_the_node_and_does_not_stand_still() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let disabled = WebhookState::Disabled(DisableReason::ByHand);
        let states = [WebhookState::Active, WebhookState::Held, WebhookState::Paused, disabled];
        for (number, state) in (1..).zip(states) {
            let webhook = domain::Webhook { state, ..webhook(number) };
            write(&db, move |tx| webhooks::insert(tx, &webhook)).await;
            insert(&db, &recovery(number, number)).await;
        }
        for (number, state) in [(5, RecoveryState::Paused), (6, RecoveryState::Done)] {
            insert(&db, &Recovery { state, ..recovery(number, 1) }).await;
        }
        let served = Recovery { paced_at: earlier(), ..recovery(7, 1) };
        insert(&db, &served).await;
        assert_eq!(read(&db, |tx| recoveries::running(tx, id(1))).await, [], "it holds no shard");
        lease(&db, id(1), 1).await;
        let running: Vec<Running> = read(&db, |tx| recoveries::running(tx, id(1))).await;
        let ids: Vec<_> = running.iter().map(|it| (it.recovery, it.webhook)).collect();
        assert_eq!(ids, [(id(1), id(1)), (id(4), id(4)), (id(7), id(1))], "{}", store.engine);
        let pace = Pace { paced_at: earlier(), active_since: start(), per_second: 10 };
        assert_eq!((running[2].account, running[2].pace), (acme().id, pace));
        assert_eq!(read(&db, |tx| recoveries::running(tx, id(2))).await, [], "another node's");
    }
}

/// A recovery of three exhausted deliveries that is due, and what to proceed with.
async fn due(db: &Db, clock: &suite::ManualClock) -> Running {
    fill(db, 1, 1, &[EXHAUSTED; 3]).await;
    lease(db, id(1), 1).await;
    insert(db, &Recovery { last: id(3), ..recovery(9, 1) }).await;
    clock.advance(Duration::from_millis(200));
    let next = carry_out(db, |tx| app::recoveries::next(tx, id(1))).await;
    next.due.into_iter().next().expect("it is due")
}

#[tokio::test]
async fn a_step_that_is_cut_off_has_not_happened_and_one_that_has_is_not_repeated() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let running = due(&db, &clock).await;
        let before = find(&db, acme().id, 9).await;
        let cut_off = move |tx: &mut Tx<'_>| -> Result<(), AppError> {
            app::recoveries::proceed(tx, running)?;
            Err(AppError::Busy)
        };
        db.write(cut_off).await.expect_err("it is cut off");
        assert_eq!(find(&db, acme().id, 9).await, before);
        assert_eq!(state(&db, 1).await, EXHAUSTED);

        for _ in 0..3 {
            carry_out(&db, move |tx| app::recoveries::proceed(tx, running)).await;
        }
        let after = find(&db, acme().id, 9).await.expect("it is there");
        assert_eq!((after.restarted, after.place, after.state), (2, id(2), RecoveryState::Running));
        assert_eq!(state(&db, 2).await, DeliveryState::Pending, "{}", store.engine);
        assert_eq!(state(&db, 3).await, EXHAUSTED);
        let next = carry_out(&db, |tx| app::recoveries::next(tx, id(1))).await;
        assert_eq!(next, Next { due: Vec::new(), wait: Some(Duration::from_millis(100)) });
        clock.advance(Duration::from_millis(100));
        carry_out(&db, move |tx| app::recoveries::proceed(tx, running)).await;
        let done = find(&db, acme().id, 9).await.expect("it is there");
        assert_eq!((done.restarted, done.passed_over, done.state), (3, 0, RecoveryState::Done));
        let next = carry_out(&db, |tx| app::recoveries::next(tx, id(1))).await;
        assert_eq!(next, Next { due: Vec::new(), wait: None });
    }
}

#[tokio::test]
async fn two_nodes_at_once_restart_no_more_than_one() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let running = due(&db, &clock).await;
        let proceed = move |tx: &mut Tx<'_>| app::recoveries::proceed(tx, running);
        let (one, other) = overlap(&store, &db, proceed, proceed).await;
        one.and(other).expect("both succeed");
        assert_eq!(find(&db, acme().id, 9).await.expect("it is there").restarted, 2, "{}", store.engine);
        assert_eq!(state(&db, 3).await, EXHAUSTED);
    }
}

#[tokio::test]
async fn what_was_delivered_after_all_at_this_moment_is_not_sent_again() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let running = due(&db, &clock).await;
        let late = move |tx: &mut Tx<'_>| {
            deliveries::set_delivered(tx, acme().id, id(1))?;
            // Long enough for the other to have looked.
            Ok((0..200).try_for_each(|_| deliveries::find(tx, acme().id, id(1)).map(drop))?)
        };
        let proceed = move |tx: &mut Tx<'_>| app::recoveries::proceed(tx, running);
        let (one, other): (Result<_, AppError>, _) = overlap(&store, &db, late, proceed).await;
        one.and(other).expect("both succeed");
        assert_eq!(state(&db, 1).await, DeliveryState::Delivered, "{}", store.engine);
    }
}
