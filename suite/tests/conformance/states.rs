//! The states of webhooks, and what is left to do for those that send nothing any more.

use app::Tx;
use domain::{
    Delivery, DeliveryState, DisableReason, Event, Id, Webhook, WebhookState,
    samples::{acme, globex},
};
use store::{deliveries, events, webhooks};
use suite::stores;

use crate::kit::{at, backlog, carry_out, console, delivery, event, id, open, read, webhook, write};

const STATES: [WebhookState; 6] = [
    WebhookState::Active,
    WebhookState::Held,
    WebhookState::Paused,
    WebhookState::Disabled(DisableReason::ByHand),
    WebhookState::Disabled(DisableReason::Gone),
    WebhookState::Disabled(DisableReason::HeldTooLong),
];

async fn set_state(db: &app::Db, number: u32, from: WebhookState, to: WebhookState) -> bool {
    write(db, move |tx| webhooks::set_state(tx, acme().id, id(number), from, to, at(7), None)).await
}

#[tokio::test]
async fn every_state_is_kept_with_its_reason_and_since_when() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let insert = |tx: &mut Tx<'_>| [1, 2].iter().try_for_each(|n| webhooks::insert(tx, &webhook(*n)));
        write(&db, insert).await;
        let mut from = WebhookState::Active;
        for to in STATES {
            assert!(set_state(&db, 1, from, to).await, "{from:?} to {to:?}");
            let found = read(&db, |tx| webhooks::find(tx, acme().id, id(1))).await;
            assert_eq!(found, Some(Webhook { state: to, state_since: at(7), ..webhook(1) }));
            from = to;
        }
        assert_eq!(read(&db, |tx| webhooks::find(tx, acme().id, id(2))).await, Some(webhook(2)));
    }
}

#[tokio::test]
async fn a_state_changes_only_from_what_it_was_believed_to_be() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        for wrong in [WebhookState::Held, WebhookState::Paused, STATES[3]] {
            assert!(!set_state(&db, 1, wrong, WebhookState::Active).await, "{wrong:?}");
        }
        assert!(!set_state(&db, 9, WebhookState::Active, WebhookState::Held).await);
        let foreign = |tx: &mut Tx<'_>| {
            webhooks::set_state(tx, globex().id, id(1), WebhookState::Active, WebhookState::Held, at(7), None)
        };
        assert!(!write(&db, foreign).await, "a foreign account changes nothing");
        assert_eq!(read(&db, |tx| webhooks::find(tx, acme().id, id(1))).await, Some(webhook(1)));
        write(&db, |tx| webhooks::delete(tx, acme().id, id(1), at(8))).await;
        assert!(
            !set_state(&db, 1, WebhookState::Active, WebhookState::Held).await,
            "a deleted one has no state"
        );
    }
}

#[tokio::test]
async fn the_state_is_known_to_planning() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        let mut from = WebhookState::Active;
        for to in STATES {
            set_state(&db, 1, from, to).await;
            let event_type = domain::EventType::ContactInformation;
            let [subscriber] = write(&db, move |tx| webhooks::subscribed(tx, acme().id, event_type))
                .await
                .try_into()
                .unwrap();
            assert_eq!(subscriber.state, to);
            from = to;
        }
    }
}

/// For every state an account's webhook with a pending delivery, numbered from 1; then a deleted one with a pending
/// delivery, and a disabled one of which everything is done.
fn every_state(tx: &mut Tx<'_>) -> Result<(), app::StoreError> {
    let last = STATES.len() as u32;
    for number in 1..=last + 2 {
        webhooks::insert(tx, &webhook(number))?;
        events::insert(tx, &Event { planned: 1, ..event(number) })?;
        let state = if number == last + 2 { DeliveryState::Delivered } else { DeliveryState::Pending };
        deliveries::insert(tx, &[Delivery { state, ..delivery(number, number, number) }])?;
    }
    for (number, state) in (2..).zip(&STATES[1..]) {
        webhooks::set_state(tx, acme().id, id(number), WebhookState::Active, *state, at(1), None)?;
    }
    webhooks::delete(tx, acme().id, id(last + 1), at(1))?;
    webhooks::set_state(tx, acme().id, id(last + 2), WebhookState::Active, STATES[3], at(1), None).map(drop)
}

#[tokio::test]
async fn closed_are_those_disabled_or_deleted_that_still_have_something_pending() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, every_state).await;
        let mut closed = read(&db, webhooks::closed).await;
        closed.sort_by_key(|it| it.webhook);
        let told: Vec<(Id<Webhook>, bool)> = closed.iter().map(|it| (it.webhook, it.deleted)).collect();
        assert_eq!(told, [(id(4), false), (id(5), false), (id(6), false), (id(7), true)]);
        assert!(closed.iter().all(|it| it.account == acme().id));
    }
}

#[tokio::test]
async fn a_webhook_with_much_pending_is_closed_slice_by_slice() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..2_501).await;
        let ledger = || carry_out(&db, |tx| app::ledger::read(tx, &console()));
        carry_out(&db, |tx| app::webhooks::disable(tx, &console(), id(1))).await;
        let mut left = ledger().await.pending;
        assert!((1..2_500).contains(&left), "{left} are left for the chore");
        while carry_out(&db, app::deliveries::settle_closed).await {
            let now = ledger().await.pending;
            assert!(now < left);
            left = now;
        }
        let after = ledger().await;
        assert_eq!((after.pending, after.skipped, after.balanced()), (0, 2_500, true));
        assert!(!carry_out(&db, app::deliveries::settle_closed).await, "it may run again");
    }
}
