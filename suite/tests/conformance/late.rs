//! Results that come when the world has moved on.

use domain::{Delivery, DeliveryState, WebhookState};
use suite::stores;

use crate::{
    kit::{backlog, carry_out, console, id, lease, open, read},
    races::report,
};

#[tokio::test]
async fn a_410_of_a_url_that_was_replaced_is_a_failure_like_any_other() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..3).await;
        let held = lease(&db, id(1), 1).await;
        let old = app::deliveries::Report { url: "https://old.example.com/".into(), ..report(1, 410, held) };
        let next = carry_out(&db, move |tx| app::deliveries::finish(tx, &old)).await;
        assert_eq!(
            next.map(|it| (it.delivery.state, it.delivery.failures)),
            Some((DeliveryState::Pending, 1))
        );
        let webhook = carry_out(&db, |tx| app::webhooks::get(tx, &console(), id(1))).await;
        assert_eq!(webhook.state, WebhookState::Active, "{}", store.engine);
    }
}

#[tokio::test]
async fn what_a_receiver_took_is_delivered_whoever_reports_it() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..2).await;
        let before = lease(&db, id(1), 1).await;
        let stale = store::deliveries::Lease { epoch: before.epoch - 1, ..before };
        let report = report(1, 204, stale);
        assert_eq!(carry_out(&db, move |tx| app::deliveries::finish(tx, &report)).await, None);
        let found = read(&db, |tx| store::deliveries::find(tx, domain::samples::acme().id, id(1))).await;
        assert_eq!(found.map(|it| it.state), Some(DeliveryState::Delivered), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_failure_of_the_schedule_before_a_resend_does_not_touch_the_fresh_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..2).await;
        let held = lease(&db, id(1), 1).await;
        let first = report(1, 500, held);
        let failed = carry_out(&db, move |tx| app::deliveries::finish(tx, &first)).await.expect("decided");
        // While the second attempt is under way, the webhook is disabled and resumed and the delivery resent.
        carry_out(&db, |tx| {
            app::webhooks::disable(tx, &console(), id(1))?;
            app::webhooks::resume(tx, &console(), id(1))?;
            app::deliveries::resend(tx, &console(), id(1))
        })
        .await;
        let second = app::deliveries::Report { delivery: failed.delivery, ..report(1, 500, held) };
        assert_eq!(carry_out(&db, move |tx| app::deliveries::finish(tx, &second)).await, None);
        let found: Option<Delivery> =
            read(&db, |tx| store::deliveries::find(tx, domain::samples::acme().id, id(1))).await;
        let found = found.expect("it is there");
        assert_eq!((found.failures, found.started_at, found.attempts), (0, None, 2), "{}", store.engine);
    }
}
