//! Two accounts that hold the same things under the same ids: what happens in one never shows in the other.

use std::time::Duration;

use app::{StoreError, Tx};
use domain::{
    Account, Attempt, Delivery, DeliveryState, Event, EventType, Id, Ledger, SigningKey, SkipReason, Webhook,
    WebhookState,
    samples::{acme, globex},
};
use store::{
    deliveries::{self, Lease},
    events, idempotency, ledger, nodes, retention, webhooks,
};
use suite::stores;

use crate::kit::{answered, at, attempt, delivery, event, id, open, read, webhook, write};

/// Pending, begun, and done.
const DELIVERIES: [u32; 3] = [1, 2, 3];

fn key(version: u32) -> SigningKey {
    let [.., byte] = version.to_be_bytes();
    SigningKey { version, secret: domain::Secret::from_bytes(&[byte; 32]), expires_at: None }
}

fn of(account: &Account, number: u32) -> Delivery {
    let delivery = Delivery { account: account.id, ..delivery(number, number, 1) };
    match number {
        1 => delivery,
        2 => Delivery { attempts: 1, started_at: Some(at(0)), ..delivery },
        _ => Delivery { attempts: 1, state: DeliveryState::Delivered, ..delivery },
    }
}

fn fill(tx: &mut Tx<'_>, account: &Account) -> Result<(), StoreError> {
    let webhook = Webhook { account: account.id, ..webhook(1) };
    webhooks::insert(tx, &webhook)?;
    webhooks::rotate(tx, &webhook, &key(2), at(10))?;
    for number in DELIVERIES {
        events::insert(tx, &Event { account: account.id, planned: 1, ..event(number) })?;
        deliveries::insert(tx, &[of(account, number)])?;
        deliveries::insert_attempt(tx, account.id, id(number), &attempt(1, answered(500)))?;
    }
    idempotency::claim(tx, account.id, "k", &account.name)?;
    idempotency::set_answer(tx, account.id, "k", &account.name)?;
    ledger::archive(tx, account.id, &Ledger { events: 1, planned: 1, delivered: 1, ..Ledger::default() })
}

/// All that an account can see of its own.
#[derive(Debug, PartialEq)]
struct View {
    webhook: Option<Webhook>,
    subscribed: Vec<Id<Webhook>>,
    events: Vec<Option<Event>>,
    deliveries: Vec<Option<Delivery>>,
    attempts: Vec<Vec<Attempt>>,
    answer: Option<String>,
    ledger: Ledger,
}

fn view(tx: &mut Tx<'_>, account: Id<Account>) -> Result<View, StoreError> {
    let subscribed = webhooks::subscribed(tx, account, EventType::ChatTranscript)?;
    let mut view = View {
        webhook: webhooks::find(tx, account, id(1))?,
        subscribed: subscribed.iter().map(|it| it.webhook_id).collect(),
        events: Vec::new(),
        deliveries: Vec::new(),
        attempts: Vec::new(),
        answer: idempotency::claim(tx, account, "k", "new")?.map(|earlier| earlier.answer),
        ledger: ledger::count(tx, account)?,
    };
    for number in DELIVERIES {
        view.events.push(events::find(tx, account, id(number))?);
        view.deliveries.push(deliveries::find(tx, account, id(number))?);
        view.attempts.push(deliveries::attempts(tx, account, id(number))?);
    }
    Ok(view)
}

type Change = fn(&mut Tx<'_>, Lease) -> Result<(), StoreError>;

/// Everything that changes something of the account that tests act in.
const CHANGES: [(&str, Change); 15] = [
    ("answer", |tx, _| idempotency::set_answer(tx, acme().id, "k", "changed")),
    ("attempt", |tx, _| deliveries::insert_attempt(tx, acme().id, id(1), &attempt(2, answered(200)))),
    ("count", |tx, _| deliveries::count_attempt(tx, acme().id, id(1)).map(drop)),
    ("shift", |tx, _| deliveries::shift(tx, acme().id, id(1), Duration::from_secs(5))),
    ("restart", |tx, _| deliveries::restart(tx, acme().id, id(3), at(5)).map(drop)),
    ("advance", |tx, lease| {
        let next = Delivery { attempts: 2, state: DeliveryState::Delivered, ..delivery(2, 2, 1) };
        deliveries::advance(tx, &next, 0, lease).map(drop)
    }),
    ("deliver", |tx, _| deliveries::set_delivered(tx, acme().id, id(1))),
    ("skip", |tx, _| deliveries::skip(tx, acme().id, id(1), SkipReason::Erased, 9).map(drop)),
    ("forget", |tx, _| retention::forget_data(tx, acme().id, id(9), 1).map(drop)),
    ("remove", |tx, _| retention::delete(tx, acme().id, id(2)).map(drop)),
    ("archive", |tx, _| ledger::archive(tx, acme().id, &Ledger { events: 5, ..Ledger::default() })),
    ("update", |tx, _| {
        let event_types = vec![EventType::MarkerCompleted];
        webhooks::update(tx, &Webhook { name: "New".into(), event_types, ..webhook(1) }).map(drop)
    }),
    ("state", |tx, _| {
        webhooks::set_state(tx, acme().id, id(1), WebhookState::Active, WebhookState::Held, at(1), None)
            .map(drop)
    }),
    // The first key has ended by now, so that it is removed.
    ("rotate", |tx, _| webhooks::rotate(tx, &webhook(1), &key(3), at(99))),
    ("delete", |tx, _| webhooks::delete(tx, acme().id, id(1), at(1)).map(drop)),
];

#[tokio::test]
async fn no_change_in_one_account_shows_in_a_twin_of_it() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        write(&db, |tx| fill(tx, &acme()).and_then(|()| fill(tx, &globex()))).await;
        let held = write(&db, |tx| nodes::renew(tx, id(7), at(60), at(0))).await;
        let (_, epoch) = held[usize::from(Webhook::shard(id(1)))];
        let lease = Lease { node: id(7), epoch };
        clock.advance_to(at(20));
        let twin = write(&db, |tx| view(tx, globex().id)).await;
        assert_eq!(twin.answer, Some(globex().name), "each has its own");
        let mut before = write(&db, |tx| view(tx, acme().id)).await;
        for (name, change) in CHANGES {
            write(&db, move |tx| change(tx, lease)).await;
            let after = write(&db, |tx| view(tx, acme().id)).await;
            assert_ne!(after, before, "{name} changes something");
            assert_eq!(write(&db, |tx| view(tx, globex().id)).await, twin, "{name}");
            before = after;
        }
        let nothing: Vec<Id<Event>> = read(&db, |tx| retention::expired(tx, globex().id, id(9), 9)).await;
        assert_eq!(nothing, [id(3)], "what is pending there is still pending");
    }
}
