//! Races between what somebody does to a webhook and what becomes of its deliveries meanwhile.

use std::time::Duration;

use app::{AppError, Db, Tx, deliveries::Report, events::Posting, retention::Retention};
use domain::{
    DeliveryState, DisableReason, EgressPolicy, SkipReason, WebhookState, WebhookUpdate, samples::acme,
};
use store::{
    deliveries::{self, DeliveryFilter},
    events, webhooks,
};
use suite::stores;

use crate::{
    kit::{backlog, carry_out, console, delivery, id, lease, open, overlap, read, webhook, write},
    races::{posting, report},
};

async fn pending(db: &Db) -> usize {
    let filter = DeliveryFilter { state: Some("pending".into()), ..DeliveryFilter::default() };
    let list =
        move |tx: &mut Tx<'_>| deliveries::list(tx, acme().id, &filter, id(u32::from(u16::MAX)), 10_000);
    read(db, list).await.len()
}

async fn settle(db: &Db) {
    while carry_out(db, app::deliveries::settle_closed).await {}
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_webhook_while_deliveries_are_planned_leaves_none_pending() {
    for (close, reason) in [("disable", SkipReason::WebhookDisabled), ("delete", SkipReason::WebhookDeleted)]
    {
        for store in stores().await {
            let (db, _) = open(&store).await;
            for number in 1..=10 {
                write(&db, move |tx| webhooks::insert(tx, &webhook(number))).await;
                let post = |tx: &mut Tx<'_>| {
                    app::events::post(tx, &console(), &Posting { idempotency: None, ..posting("k", "") })
                };
                let close = move |tx: &mut Tx<'_>| match close {
                    "disable" => app::webhooks::disable(tx, &console(), id(number)).map(drop),
                    _ => app::webhooks::delete(tx, &console(), id(number)),
                };
                let (planned, closed) = overlap(&store, &db, post, close).await;
                planned.unwrap();
                closed.unwrap();
                settle(&db).await;
                assert_eq!(pending(&db).await, 0);
            }
            let ledger = carry_out(&db, |tx| app::ledger::read(tx, &console())).await;
            assert!(ledger.balanced(), "{ledger:?}");
            assert_eq!(ledger.skipped, ledger.planned);
            let filter = DeliveryFilter::default();
            let list = move |tx: &mut Tx<'_>| deliveries::list(tx, acme().id, &filter, id(u32::MAX), 1_000);
            let skipped = read(&db, list).await;
            assert!(skipped.iter().all(|it| it.state == DeliveryState::Skipped(reason)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_while_its_webhook_was_disabled_is_delivered() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in 1..=10 {
            backlog(&db, number, number..number + 1).await;
            write(&db, |tx| store::nodes::release(tx, id(1))).await;
            let held = lease(&db, id(1), number).await;
            let finish = move |tx: &mut Tx<'_>| {
                let report =
                    Report { delivery: delivery(number, number, number), ..report(number, 200, held) };
                app::deliveries::finish(tx, &report)
            };
            let disable = move |tx: &mut Tx<'_>| app::webhooks::disable(tx, &console(), id(number));
            let (finished, disabled) = overlap(&store, &db, finish, disable).await;
            finished.unwrap();
            disabled.unwrap();
            let found = read(&db, move |tx| deliveries::find(tx, acme().id, id(number))).await;
            assert_eq!(found.map(|it| it.state), Some(DeliveryState::Delivered));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_again_while_a_webhook_is_disabled_leaves_none_pending() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in 1..=10 {
            backlog(&db, number, number..number + 1).await;
            write(&db, move |tx| deliveries::set_delivered(tx, acme().id, id(number))).await;
            let resend = move |tx: &mut Tx<'_>| app::deliveries::resend(tx, &console(), id(number));
            let disable = move |tx: &mut Tx<'_>| app::webhooks::disable(tx, &console(), id(number));
            let (resent, disabled) = overlap(&store, &db, resend, disable).await;
            disabled.unwrap();
            let refused = matches!(&resent, Err(AppError::Conflict { code: "webhook_disabled", .. }));
            assert!(resent.is_ok() || refused, "{resent:?}");
            settle(&db).await;
            assert_eq!(pending(&db).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_again_while_its_record_is_removed_is_done_or_refused_and_counted() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        clock.advance(Duration::from_secs(60 * 60 * 24 * 365));
        // Records that are past their time, but whose data is still there.
        let retention =
            Retention { payloads: Duration::from_secs(60 * 60 * 24 * 400), ..Retention::default() };
        for number in 1..=10 {
            backlog(&db, number, number..number + 1).await;
            write(&db, move |tx| deliveries::set_delivered(tx, acme().id, id(number))).await;
            let resend = move |tx: &mut Tx<'_>| app::deliveries::resend(tx, &console(), id(number));
            let clean = move |tx: &mut Tx<'_>| app::retention::clean(tx, retention);
            let (resent, cleaned) = overlap(&store, &db, resend, clean).await;
            cleaned.unwrap();
            let kept = read(&db, move |tx| events::find(tx, acme().id, id(number))).await.is_some();
            match &resent {
                Ok(_) => assert!(kept),
                Err(AppError::NotFound | AppError::Conflict { .. }) => assert!(!kept),
                Err(other) => panic!("{other:?}"),
            }
            let ledger = carry_out(&db, |tx| app::ledger::read(tx, &console())).await;
            assert!(ledger.balanced() && ledger.planned == u64::from(number), "{ledger:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_settings_made_at_once_are_both_kept() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in 1..=10 {
            write(&db, move |tx| webhooks::insert(tx, &webhook(number))).await;
            let change = |update: WebhookUpdate| {
                move |tx: &mut Tx<'_>| {
                    app::webhooks::update(tx, &console(), &EgressPolicy::default(), id(number), &update)
                }
            };
            let name = WebhookUpdate { name: Some("Renamed".into()), ..WebhookUpdate::default() };
            let limit = WebhookUpdate { max_in_flight: Some(7), ..WebhookUpdate::default() };
            let (renamed, limited) = overlap(&store, &db, change(name), change(limit)).await;
            renamed.unwrap();
            limited.unwrap();
            let found = read(&db, move |tx| webhooks::find(tx, acme().id, id(number))).await.unwrap();
            assert_eq!((&*found.name, found.max_in_flight), ("Renamed", 7));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_rotated_at_once_are_both_given_and_the_newest_goes_on() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in 1..=10 {
            write(&db, move |tx| webhooks::insert(tx, &webhook(number))).await;
            let rotate = move |tx: &mut Tx<'_>| app::webhooks::rotate_secret(tx, &console(), id(number));
            let (one, other) = overlap(&store, &db, rotate, rotate).await;
            let given = [one.unwrap().secret, other.unwrap().secret];
            let keys = read(&db, move |tx| webhooks::find(tx, acme().id, id(number))).await.unwrap().keys;
            assert_eq!(keys.iter().map(|key| key.version).collect::<Vec<_>>(), [3, 2]);
            assert_eq!(keys.iter().filter(|key| key.expires_at.is_none()).count(), 1);
            assert!(given.iter().all(|secret| keys.iter().any(|key| key.secret == *secret)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_and_somebody_at_the_switch_do_not_hinder_each_other() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for (number, by_hand) in (1..=12).zip(["pause", "disable", "delete", "gone"].repeat(3)) {
            let (first, second) = (number * 10, number * 10 + 1);
            backlog(&db, number, first..first + 2).await;
            write(&db, |tx| store::nodes::release(tx, id(1))).await;
            let held = lease(&db, id(1), number).await;
            let gone = move |of: u32| {
                move |tx: &mut Tx<'_>| {
                    let report = Report { delivery: delivery(of, of, number), ..report(of, 410, held) };
                    app::deliveries::finish(tx, &report).map(drop)
                }
            };
            let switch = move |tx: &mut Tx<'_>| match by_hand {
                "pause" => match app::webhooks::pause(tx, &console(), id(number)) {
                    Err(AppError::Conflict { code: "webhook_disabled", .. }) => Ok(()),
                    other => other.map(drop),
                },
                "disable" => app::webhooks::disable(tx, &console(), id(number)).map(drop),
                "delete" => app::webhooks::delete(tx, &console(), id(number)),
                _ => gone(second)(tx),
            };
            let (finished, switched) = overlap(&store, &db, gone(first), switch).await;
            finished.unwrap_or_else(|error| panic!("{by_hand}: {error:?}"));
            switched.unwrap_or_else(|error| panic!("{by_hand}: {error:?}"));
            settle(&db).await;
            assert_eq!(pending(&db).await, 0, "{by_hand}");
            let attempts = read(&db, move |tx| deliveries::attempts(tx, acme().id, id(first))).await;
            assert_eq!(attempts.len(), 1);
            let found = read(&db, move |tx| webhooks::find(tx, acme().id, id(number))).await;
            let state = found.map(|it| it.state);
            let gone = Some(WebhookState::Disabled(DisableReason::Gone));
            let by_hand_first = Some(WebhookState::Disabled(DisableReason::ByHand));
            match by_hand {
                "delete" => assert_eq!(state, None),
                "disable" => assert!(state == gone || state == by_hand_first, "{state:?}"),
                _ => assert_eq!(state, gone, "{by_hand}"),
            }
        }
    }
}
