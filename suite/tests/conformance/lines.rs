//! Lines: the deliveries of one conversation to a webhook that keeps its order.

use app::{AppError, Db, deliveries::Report, events};
use domain::{
    Delivery, DeliveryState, Event, Id, Ordering, Webhook, WebhookUpdate,
    samples::{acme, globex},
};
use store::{deliveries, lines, webhooks};
use suite::stores;

use crate::{
    kit::{at, carry_out, console, delivery, event, id, lease, open, overlap, read, webhook, write},
    races::report,
};

/// Stores a webhook that keeps order.
async fn ordered(db: &Db, number: u32) {
    let webhook = Webhook { ordering: Ordering::Conversation, ..webhook(number) };
    write(db, move |tx| webhooks::insert(tx, &webhook)).await;
}

fn in_conversation(number: u32, conversation: &str) -> Event {
    let mut event = event(number);
    event.context.conversation_id = Some(conversation.to_owned());
    event
}

/// Accepts an event; the delivery that was planned.
async fn post(db: &Db, number: u32, conversation: &str) -> Delivery {
    let event = in_conversation(number, conversation);
    carry_out(db, move |tx| events::record(tx, event.clone())).await;
    let planned = read(db, move |tx| deliveries::of_events(tx, acme().id, &[id(number)])).await;
    planned.into_iter().next().expect("one is planned")
}

async fn finish(db: &Db, delivery: &Delivery, status: u16, lease: deliveries::Lease) -> Delivery {
    let report = Report { delivery: delivery.clone(), ..report(1, status, lease) };
    carry_out(db, move |tx| app::deliveries::finish(tx, &report)).await.expect("decided").delivery
}

async fn find(db: &Db, id: Id<Delivery>) -> Delivery {
    read(db, move |tx| deliveries::find(tx, acme().id, id)).await.expect("it is there")
}

async fn due(db: &Db) -> Vec<Id<Delivery>> {
    let all = (at(0).before(std::time::Duration::from_secs(1)), id(0));
    let due = read(db, move |tx| deliveries::due(tx, id(1), at(1_000), all, 50)).await;
    due.into_iter().map(|due| due.delivery.id).collect()
}

#[tokio::test]
async fn only_the_first_of_a_line_is_due_and_the_next_comes_when_it_is_done() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        ordered(&db, 1).await;
        let lease = lease(&db, id(1), 1).await;
        let (first, second) = (post(&db, 1, "a").await, post(&db, 2, "a").await);
        let (third, other) = (post(&db, 3, "a").await, post(&db, 4, "b").await);
        assert!(second.waits_in_line() && third.waits_in_line());
        assert_eq!(first.line.as_deref(), Some("a"));
        assert_eq!(due(&db).await, [first.id, other.id]);

        let failed = finish(&db, &first, 500, lease).await;
        assert_eq!(due(&db).await, [other.id, first.id], "a failure keeps its place");
        finish(&db, &failed, 200, lease).await;
        assert_eq!(due(&db).await, [second.id, other.id]);

        // Given up moves the line on as well.
        let mut aborted = Report { delivery: find(&db, second.id).await, ..report(1, 400, lease) };
        if let Ok(response) = &mut aborted.outcome.result {
            response.headers.push(("webhook-delivery".into(), "abort-message".into()));
        }
        carry_out(&db, move |tx| app::deliveries::finish(tx, &aborted)).await;
        assert_eq!(due(&db).await, [third.id, other.id], "{}", store.engine);
    }
}

#[tokio::test]
async fn a_webhook_without_order_and_an_event_without_conversation_have_no_line() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
        assert_eq!(post(&db, 1, "a").await.line, None);
        assert!(!post(&db, 2, "a").await.waits_in_line());
        let ordering = Some(Ordering::Conversation);
        let update = WebhookUpdate { ordering, ..WebhookUpdate::default() };
        let policy = domain::EgressPolicy::default();
        carry_out(&db, move |tx| app::webhooks::update(tx, &console(), &policy, id(1), &update)).await;
        carry_out(&db, |tx| events::record(tx, event(3))).await;
        assert_eq!(due(&db).await.len(), 3);
        let (fourth, fifth) = (post(&db, 4, "a").await, post(&db, 5, "a").await);
        assert!(!fourth.waits_in_line() && fifth.waits_in_line());

        // Order no longer asked for frees all.
        let update = WebhookUpdate { ordering: Some(Ordering::None), ..WebhookUpdate::default() };
        let policy = domain::EgressPolicy::default();
        carry_out(&db, move |tx| app::webhooks::update(tx, &console(), &policy, id(1), &update)).await;
        assert_eq!(due(&db).await.len(), 5, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_resend_waits_behind_what_is_pending_of_its_conversation() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        ordered(&db, 1).await;
        let lease = lease(&db, id(1), 1).await;
        let (first, second) = (post(&db, 1, "a").await, post(&db, 2, "a").await);
        finish(&db, &first, 200, lease).await;
        let first = first.id;
        carry_out(&db, move |tx| app::deliveries::resend(tx, &console(), first)).await;
        assert!(find(&db, first).await.waits_in_line());
        finish(&db, &find(&db, second.id).await, 200, lease).await;
        assert_eq!(due(&db).await, [first], "{}", store.engine);
    }
}

#[tokio::test]
async fn what_waits_for_nobody_is_released_and_what_waits_for_somebody_is_not() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        ordered(&db, 1).await;
        ordered(&db, 2).await;
        let in_line = |number, webhook, line: &str| Delivery {
            due_at: Delivery::IN_LINE,
            line: Some(line.to_owned()),
            ..delivery(number, number, webhook)
        };
        let head = Delivery { line: Some("b".into()), ..delivery(3, 3, 1) };
        let all = [in_line(1, 1, "a"), in_line(2, 1, "a"), head, in_line(4, 1, "b"), in_line(5, 2, "a")];
        let fill = move |tx: &mut app::Tx<'_>| {
            for number in 1..=5 {
                store::events::insert(tx, &event(number))?;
            }
            deliveries::insert(tx, &all)
        };
        write(&db, fill).await;
        assert_eq!(read(&db, |tx| lines::last(tx, id(1), "a")).await, Some(Delivery::IN_LINE));
        assert_eq!(read(&db, |tx| lines::last(tx, id(2), "b")).await, None);
        assert_eq!(read(&db, lines::waited_for).await, [(acme().id, id(1)), (acme().id, id(2))]);
        let head = async |account, webhook, line: &'static str| {
            read(&db, move |tx| lines::head(tx, account, id(webhook), line)).await
        };
        assert_eq!(head(acme().id, 1, "b").await, Some(id(3)));
        assert_eq!(head(acme().id, 1, "a").await, None, "nothing of it is due");
        assert_eq!((head(acme().id, 2, "b").await, head(globex().id, 1, "b").await), (None, None));
        let heads = async |account| {
            let all = [1, 2, 3, 4, 5].map(id);
            read(&db, move |tx| lines::heads(tx, account, &all)).await
        };
        assert_eq!(heads(acme().id).await, [(id(4), id(3))].into(), "the others wait for nobody");
        assert!(heads(globex().id).await.is_empty());
        assert_eq!(write(&db, |tx| lines::release_stuck(tx, globex().id, id(1), at(5))).await, 0);
        let release = |tx: &mut app::Tx<'_>| {
            webhooks::lock(tx, acme().id, id(1))?;
            lines::release_stuck(tx, acme().id, id(1), at(5))
        };
        assert_eq!(write(&db, release).await, 1);
        assert_eq!(write(&db, release).await, 0, "twice does no more");
        assert_eq!(due(&db).await, [id(3), id(1)]);
        let next = write(&db, |tx| lines::release_next(tx, acme().id, id(2), "a", at(7))).await;
        let next = next.expect("the first of the line").delivery;
        assert_eq!((next.id, next.due_at), (id(5), at(7)));
        assert!(write(&db, |tx| lines::release_next(tx, acme().id, id(2), "a", at(8))).await.is_none());
        assert!(write(&db, |tx| lines::release_next(tx, globex().id, id(1), "b", at(8))).await.is_none());
        for _ in 0..2 {
            carry_out(&db, |tx| app::deliveries::settle_line(tx, acme().id, id(1))).await;
        }
        assert_eq!(due(&db).await, [id(3), id(1)]);
        assert_eq!(write(&db, |tx| lines::release_all(tx, globex().id, id(1), at(9))).await, 0);
        assert_eq!(write(&db, |tx| lines::release_all(tx, acme().id, id(1), at(9))).await, 2);
        assert_eq!(due(&db).await.len(), 4, "{}", store.engine);
    }
}

#[tokio::test]
async fn an_event_that_is_accepted_while_the_one_before_it_ends_does_not_wait_for_ever() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        ordered(&db, 1).await;
        let lease = lease(&db, id(1), 1).await;
        for round in 0..20 {
            let conversation = format!("c{round}");
            let first = post(&db, round * 2 + 1, &conversation).await;
            let ends = Report { delivery: first, ..report(1, 200, lease) };
            let next = in_conversation(round * 2 + 2, &conversation);
            let (ended, recorded) = overlap(
                &store,
                &db,
                move |tx| app::deliveries::finish(tx, &ends),
                move |tx| events::record(tx, next.clone()),
            )
            .await;
            let _: (Option<_>, _) = (ended.expect("stored"), recorded.expect("accepted"));
            let [left] = due(&db).await.try_into().expect("one is due");
            let left = find(&db, left).await;
            assert_eq!(left.event_id, id(round * 2 + 2), "round {round} on {}", store.engine);
            finish(&db, &left, 200, lease).await;
        }
    }
}

#[tokio::test]
async fn two_events_of_one_conversation_that_are_accepted_at_once_are_not_both_due() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        ordered(&db, 1).await;
        for round in 0..20 {
            let [one, other] = [1, 2].map(|n| in_conversation(round * 2 + n, &format!("c{round}")));
            let record = |event: Event| move |tx: &mut app::Tx<'_>| events::record(tx, event.clone());
            let (one, other): (Result<_, AppError>, Result<_, AppError>) =
                overlap(&store, &db, record(one), record(other)).await;
            one.and(other).expect("both are accepted");
            assert_eq!(due(&db).await.len(), round as usize + 1, "round {round} on {}", store.engine);
        }
        let pending = DeliveryState::Pending.as_str().to_owned();
        let filter = deliveries::DeliveryFilter { state: Some(pending), ..Default::default() };
        let all = read(&db, move |tx| {
            deliveries::list(tx, acme().id, &filter, Id::from_uuid(domain::id::Uuid::max()), 100)
        })
        .await;
        assert_eq!(all.len(), 40);
    }
}

#[tokio::test]
async fn places_in_a_line_do_not_follow_from_clocks() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        ordered(&db, 1).await;
        let lease = lease(&db, id(1), 1).await;
        // Ids that fall, as if another node with another clock had accepted each.
        let mut placed = Vec::new();
        for number in [9, 7, 5, 3] {
            let line = Some("a".to_owned());
            let event = in_conversation(number, "a");
            let place = move |tx: &mut app::Tx<'_>| {
                webhooks::lock(tx, acme().id, id(1))?;
                let due_at = Delivery::joining(lines::last(tx, id(1), "a")?, at(0));
                store::events::insert(tx, &event)?;
                deliveries::insert(
                    tx,
                    &[Delivery { due_at, line: line.clone(), ..delivery(number, number, 1) }],
                )
            };
            write(&db, place).await;
            placed.push(id(number));
        }
        let mut came = Vec::new();
        for _ in 0..4 {
            let [next] = due(&db).await.try_into().expect("one is due");
            // Released a second time beside what is due: nothing.
            let again = write(&db, |tx| lines::release_next(tx, acme().id, id(1), "a", at(1))).await;
            assert!(again.is_none());
            let next = find(&db, next).await;
            came.push(next.id);
            finish(&db, &next, 200, lease).await;
        }
        assert_eq!(came, placed, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_line_of_a_webhook_that_keeps_no_order_any_more_is_not_stuck() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        ordered(&db, 1).await;
        let lease = lease(&db, id(1), 1).await;
        let (first, head) = (post(&db, 1, "a").await, post(&db, 2, "a").await);
        finish(&db, &first, 200, lease).await;
        let first = first.id;
        carry_out(&db, move |tx| app::deliveries::resend(tx, &console(), first)).await;
        let update = WebhookUpdate { ordering: Some(Ordering::None), ..WebhookUpdate::default() };
        let policy = domain::EgressPolicy::default();
        write(&db, move |tx| webhooks::update(tx, &webhook(1)).map(drop)).await;
        carry_out(&db, move |tx| app::webhooks::update(tx, &console(), &policy, id(1), &update)).await;
        // Its head goes without ending.
        write(&db, move |tx| deliveries::skip(tx, acme().id, id(1), domain::SkipReason::Erased, 1)).await;
        assert_ne!(find(&db, head.id).await.state, DeliveryState::Pending);
        for (account, webhook) in read(&db, lines::waited_for).await {
            carry_out(&db, move |tx| app::deliveries::settle_line(tx, account, webhook)).await;
        }
        assert_eq!(due(&db).await, [first], "{}", store.engine);
    }
}
