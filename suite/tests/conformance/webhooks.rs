//! Webhooks: settings, secrets and subscriptions. Their states are in `states.rs`.

use app::{StoreError, Tx};
use domain::{
    BodyForm, DisableReason, EventType, Health, Id, Ordering, RetryPolicy, Secret, SigningKey, Webhook,
    WebhookState,
    samples::{acme, globex},
};
use store::{deliveries, events, webhooks};
use suite::stores;

use crate::kit::{at, conflict, delivery, event, id, open, read, webhook, write};

/// With every setting unlike that of the sample.
fn elaborate(number: u32) -> Webhook {
    Webhook {
        name: "Zoë's \"CRM\" 😀, 'quoted'".into(),
        url: "https://other.example/in?a=b%2Cc".into(),
        event_types: EventType::ALL.to_vec(),
        chatbot_ids: vec![id(7), id(8)],
        body: BodyForm::Extended,
        headers: vec![("X-B".into(), "2, 3".into()), ("Authorization".into(), "Bearer \"\\".into())],
        ordering: Ordering::Conversation,
        max_in_flight: 1_000,
        rate_per_second: Some(100_000),
        retry: RetryPolicy::TenMinutes,
        updated_at: at(9),
        ..webhook(number)
    }
}

fn key(version: u32, expires: Option<u64>) -> SigningKey {
    let byte = version.to_be_bytes()[3];
    SigningKey { version, secret: Secret::from_bytes(&[byte; 32]), expires_at: expires.map(at) }
}

async fn insert(db: &app::Db, webhooks: Vec<Webhook>) {
    let insert = move |tx: &mut Tx<'_>| webhooks.iter().try_for_each(|it| webhooks::insert(tx, it));
    write(db, insert).await;
}

async fn find(db: &app::Db, number: u32) -> Option<Webhook> {
    read(db, move |tx| webhooks::find(tx, acme().id, id(number))).await
}

async fn subscribed(db: &app::Db, event_type: EventType) -> Vec<Id<Webhook>> {
    let subscribers = read(db, move |tx| webhooks::subscribed(tx, acme().id, event_type)).await;
    subscribers.into_iter().map(|it| it.webhook_id).collect()
}

#[tokio::test]
async fn a_webhook_comes_back_with_all_of_its_settings_and_keys() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let keys = vec![key(3, None), key(2, Some(20)), key(1, Some(10))];
        let elaborate = Webhook { keys, ..elaborate(2) };
        insert(&db, vec![webhook(1), elaborate.clone()]).await;
        assert_eq!(find(&db, 1).await, Some(webhook(1)));
        let found = find(&db, 2).await.unwrap();
        // When a key ends is not said by who adds it, but by who replaces it.
        let endless: Vec<SigningKey> = (1..=3).rev().map(|version| key(version, None)).collect();
        assert_eq!(found, Webhook { keys: endless, ..elaborate });
        assert_eq!(find(&db, 3).await, None);
        for number in 1..=3 {
            let to_change = write(&db, move |tx| webhooks::find_to_change(tx, acme().id, id(number))).await;
            assert_eq!(to_change, find(&db, number).await);
        }
    }
}

#[tokio::test]
async fn webhooks_are_listed_newest_first_a_page_at_a_time() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, (1..=5).map(webhook).collect()).await;
        let page = |before: u32| read(&db, move |tx| webhooks::list(tx, acme().id, id(before), 2));
        assert_eq!(page(99).await, [webhook(5), webhook(4)]);
        assert_eq!(page(4).await, [webhook(3), webhook(2)]);
        assert_eq!(page(2).await, [webhook(1)]);
    }
}

#[tokio::test]
async fn an_update_changes_settings_and_subscriptions_and_neither_state_nor_keys() {
    use EventType::{ChatTranscript, ContactInformation, MarkerCompleted};
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![webhook(1), webhook(2)]).await;
        let changed = Webhook {
            event_types: vec![ContactInformation, MarkerCompleted],
            state: domain::WebhookState::Paused,
            keys: vec![key(9, None)],
            created_at: at(99),
            ..elaborate(1)
        };
        let update = changed.clone();
        assert!(write(&db, move |tx| webhooks::update(tx, &update)).await);
        let Webhook { state, state_since, keys, created_at, .. } = webhook(1);
        assert_eq!(find(&db, 1).await, Some(Webhook { state, state_since, keys, created_at, ..changed }));
        assert_eq!(find(&db, 2).await, Some(webhook(2)), "another webhook stays as it was");
        assert_eq!(subscribed(&db, ContactInformation).await, [id(1), id(2)]);
        assert_eq!(subscribed(&db, ChatTranscript).await, [id(2)]);
        assert_eq!(subscribed(&db, MarkerCompleted).await, [id(1)]);
    }
}

#[tokio::test]
async fn subscribers_are_told_with_what_planning_needs() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![elaborate(2), webhook(1)]).await;
        let subscribers = |tx: &mut Tx<'_>| webhooks::subscribed(tx, acme().id, EventType::ChatTranscript);
        let [first, second] = read(&db, subscribers).await.try_into().unwrap();
        assert_eq!((first.webhook_id, first.body, first.chatbot_ids), (id(1), BodyForm::Documented, vec![]));
        assert_eq!((second.webhook_id, second.body), (id(2), BodyForm::Extended));
        assert_eq!((second.chatbot_ids, second.state), (vec![id(7), id(8)], webhook(2).state));
    }
}

#[tokio::test]
async fn a_deleted_webhook_is_nowhere_and_deleted_once() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![webhook(1), webhook(2)]).await;
        assert!(write(&db, |tx| webhooks::delete(tx, acme().id, id(1), at(5))).await);
        assert!(!write(&db, |tx| webhooks::delete(tx, acme().id, id(1), at(6))).await);
        assert_eq!(find(&db, 1).await, None);
        assert_eq!(read(&db, |tx| webhooks::list(tx, acme().id, id(99), 9)).await, [webhook(2)]);
        assert_eq!(subscribed(&db, EventType::ChatTranscript).await, [id(2)]);
        assert_eq!(write(&db, |tx| webhooks::find_to_change(tx, acme().id, id(1))).await, None);
        assert!(!write(&db, |tx| webhooks::update(tx, &elaborate(1))).await);
        assert_eq!(
            subscribed(&db, EventType::MarkerCompleted).await,
            [],
            "a refused update subscribes nothing"
        );
        let sql = "select headers from webhook where deleted_at is not null";
        assert_eq!(crate::kit::rows(&store, sql, sql).await, [[""]], "its headers are gone");
        let sql = "select cast(count(*) as text) from webhook_secret";
        assert_eq!(crate::kit::rows(&store, sql, sql).await, [["1"]], "its secrets are gone");
    }
}

#[tokio::test]
async fn a_new_secret_lets_the_one_before_it_sign_for_a_while_and_ends_those_before() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        insert(&db, vec![Webhook { keys: vec![key(1, None)], ..webhook(1) }, webhook(2)]).await;
        write(&db, |tx| webhooks::rotate(tx, &webhook(2), &key(2, None), at(5))).await;
        write(&db, |tx| webhooks::rotate(tx, &webhook(1), &key(2, None), at(10))).await;
        assert_eq!(find(&db, 1).await.unwrap().keys, [key(2, None), key(1, Some(10))]);
        clock.advance_to(at(9));
        write(&db, |tx| webhooks::rotate(tx, &webhook(1), &key(3, None), at(20))).await;
        assert_eq!(find(&db, 1).await.unwrap().keys, [key(3, None), key(2, Some(20))], "no more than two");
        clock.advance_to(at(10));
        write(&db, |tx| webhooks::rotate(tx, &webhook(1), &key(4, None), at(30))).await;
        assert_eq!(find(&db, 1).await.unwrap().keys, [key(4, None), key(3, Some(30))]);
        let of_other = &find(&db, 2).await.unwrap().keys;
        assert_eq!(
            of_other[1].expires_at,
            Some(at(5)),
            "another webhook keeps its keys, also one that ended"
        );
        assert_eq!((of_other.len(), of_other[0].expires_at), (2, None));
        let again = |tx: &mut Tx<'_>| webhooks::rotate(tx, &webhook(1), &key(4, None), at(30));
        assert_eq!(conflict(&db, again).await, "webhook_secret_pkey", "one version is one secret");
    }
}

#[tokio::test]
async fn a_foreign_account_finds_and_changes_no_webhook() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, vec![webhook(1)]).await;
        let foreign = |number| Webhook { account: globex().id, ..elaborate(number) };
        assert_eq!(read(&db, |tx| webhooks::find(tx, globex().id, id(1))).await, None);
        assert_eq!(write(&db, |tx| webhooks::find_to_change(tx, globex().id, id(1))).await, None);
        assert_eq!(read(&db, |tx| webhooks::list(tx, globex().id, id(99), 9)).await, []);
        assert!(!write(&db, move |tx| webhooks::update(tx, &foreign(1))).await);
        assert!(!write(&db, |tx| webhooks::delete(tx, globex().id, id(1), at(5))).await);
        let seen = |tx: &mut Tx<'_>| webhooks::subscribed(tx, globex().id, EventType::ChatTranscript);
        assert!(read(&db, seen).await.is_empty());
        let rotated = db.write(move |tx| webhooks::rotate(tx, &foreign(1), &key(2, None), at(10))).await;
        assert!(matches!(rotated, Err(StoreError::Unavailable(_))), "there is no such webhook: {rotated:?}");
        assert_eq!(find(&db, 1).await, Some(webhook(1)));
        assert_eq!(subscribed(&db, EventType::ChatTranscript).await, [id(1)]);
    }
}

#[tokio::test]
async fn webhooks_are_listed_by_state_and_deleted_ones_apart() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, (1..=6).map(webhook).collect()).await;
        let states = [
            (2, WebhookState::Held),
            (3, WebhookState::Disabled(DisableReason::Gone)),
            (4, WebhookState::Disabled(DisableReason::ByHand)),
            (5, WebhookState::Paused),
        ];
        let change = move |tx: &mut Tx<'_>| {
            for (number, state) in states {
                let (from, since) = (WebhookState::Active, at(number.into()));
                assert!(webhooks::set_state(tx, acme().id, id(number), from, state, since, None)?);
            }
            webhooks::delete(tx, acme().id, id(6), at(9)).map(drop)
        };
        write(&db, change).await;
        let listed = |account: domain::Account, state: &'static str, before: u32, limit| {
            read(&db, move |tx| webhooks::list_in_state(tx, account.id, state, id(before), limit))
        };
        let ids = |found: Vec<Webhook>| found.into_iter().map(|it| it.id).collect::<Vec<Id<Webhook>>>();
        assert_eq!(ids(listed(acme(), "disabled", 99, 9).await), [id(4), id(3)]);
        assert_eq!(ids(listed(acme(), "disabled", 4, 9).await), [id(3)]);
        assert_eq!(ids(listed(acme(), "disabled", 99, 1).await), [id(4)]);
        assert_eq!(ids(listed(acme(), "active", 99, 9).await), [id(1)], "a deleted one is in no state");
        assert_eq!(ids(listed(globex(), "active", 99, 9).await), []);

        let deleted = read(&db, |tx| webhooks::list_deleted(tx, acme().id, id(99), 9)).await;
        let found = read(&db, |tx| webhooks::find_deleted(tx, acme().id, id(6))).await;
        assert_eq!(deleted, found.into_iter().collect::<Vec<_>>());
        assert_eq!((deleted[0].id, deleted[0].deleted_at, &deleted[0].url), (id(6), at(9), &webhook(6).url));
        assert_eq!(read(&db, |tx| webhooks::list_deleted(tx, acme().id, id(6), 9)).await, []);
        assert_eq!(read(&db, |tx| webhooks::list_deleted(tx, globex().id, id(99), 9)).await, []);
        assert_eq!(read(&db, |tx| webhooks::find_deleted(tx, globex().id, id(6))).await, None);
        assert_eq!(read(&db, |tx| webhooks::find_deleted(tx, acme().id, id(5))).await, None);

        let found = read(&db, |tx| webhooks::troubled(tx, acme().id, 9)).await;
        let found: Vec<_> = found.into_iter().map(|it| (it.id, it.state)).collect();
        let gone = WebhookState::Disabled(DisableReason::Gone);
        assert_eq!(found, [(id(3), gone), (id(2), WebhookState::Held)], "not what somebody wanted so");
        assert_eq!(read(&db, |tx| webhooks::troubled(tx, acme().id, 1)).await.len(), 1);
        assert_eq!(read(&db, |tx| webhooks::troubled(tx, globex().id, 9)).await, []);
    }
}

#[tokio::test]
async fn those_who_have_a_delivery_of_events_are_told_with_name_and_conduct() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let health = Health { probe_at: Some(at(9)), ..Health::default() };
        let held = Webhook { state: WebhookState::Held, state_since: at(3), health, ..elaborate(1) };
        insert(&db, vec![held.clone(), webhook(2), webhook(3), webhook(4)]).await;
        write(&db, |tx| {
            events::insert(tx, &event(1))?;
            events::insert(tx, &event(2))?;
            let all = [(1, 1, 1), (2, 1, 2), (3, 1, 4), (4, 2, 3)];
            deliveries::insert(tx, &all.map(|(number, of, to)| delivery(number, of, to)))?;
            webhooks::delete(tx, acme().id, id(4), at(5)).map(drop)
        })
        .await;
        let told = async |account, events: &'static [u32]| {
            let events: Vec<_> = events.iter().copied().map(id).collect();
            let mut told = read(&db, move |tx| webhooks::of_events(tx, account, &events)).await;
            told.sort_by_key(|it| it.id);
            told
        };
        let addressee = |it: Webhook| webhooks::Addressee { id: it.id, conduct: it.conduct(), name: it.name };
        assert_eq!(told(acme().id, &[1]).await, [held, webhook(2)].map(addressee), "{}", store.engine);
        assert_eq!(told(acme().id, &[1, 2]).await.len(), 3);
        assert_eq!((told(acme().id, &[]).await, told(globex().id, &[1, 2]).await), (vec![], vec![]));
    }
}
