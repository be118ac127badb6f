//! Contacts: who is the same person, and what of them is kept.

use app::{StoreError, Tx};
use domain::{
    Consent, Contact, Fields,
    samples::{acme, globex, person},
};
use store::contacts::{self, Beginning, ContactFilter};
use suite::stores;

use crate::{
    conversations::begun,
    kit::{at, conflict, id, open, overlap, read, write},
};

fn with_phone(number: u32, phone: &str) -> Contact {
    let fields = Fields { name: None, email: None, phone: Some(phone.into()) };
    Contact { fields, ..person(id(number), "") }
}

async fn insert(db: &app::Db, contact: Contact) -> bool {
    write(db, move |tx| contacts::insert(tx, &contact)).await
}

async fn find(db: &app::Db, number: u32) -> Option<Contact> {
    read(db, move |tx| contacts::find(tx, acme().id, id(number))).await
}

#[tokio::test]
async fn a_contact_comes_back_as_it_was_stored_and_as_it_was_changed() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let first = person(id(1), "John.Carter@outlook.com");
        assert!(insert(&db, first.clone()).await);
        assert_eq!(find(&db, 1).await, Some(first.clone()));
        let custom = serde_json::json!({"pax": 2, "to": "Zürich", "yes": true});
        let consent = Consent { given: true, text: "May we?".into(), at: "2026-03-04T10:15:30Z".into() };
        let changed = Contact {
            fields: Fields { phone: Some("+919811123456".into()), name: None, ..first.fields.clone() },
            custom: custom.as_object().unwrap().clone(),
            consent: Some(consent),
            duplicate_of: Some(id(2)),
            seen_at: at(9),
            ..first
        };
        let expected = changed.clone();
        assert!(write(&db, move |tx| contacts::update(tx, &changed)).await);
        let held = write(&db, |tx| contacts::find_to_change(tx, acme().id, id(1))).await;
        assert_eq!(held, Some(expected), "{}", store.engine);
        assert!(!write(&db, |tx| contacts::update(tx, &with_phone(9, "+1"))).await, "there is none");
    }
}

#[tokio::test]
async fn an_address_is_one_contact_s_in_whatever_spelling() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert!(insert(&db, person(id(1), "user@bücher.example")).await);
        assert!(!insert(&db, person(id(2), "USER@xn--bcher-kva.example")).await, "{}", store.engine);
        assert!(insert(&db, person(id(3), "user@example.com")).await);
        let foreign = Contact { account: globex().id, ..person(id(4), "user@example.com") };
        assert!(insert(&db, foreign).await);
        assert!(insert(&db, with_phone(5, "+1")).await);
        assert!(insert(&db, with_phone(6, "+1")).await, "those without an address do not clash");
        let take = |tx: &mut Tx<'_>| contacts::update(tx, &person(id(3), "User@Bücher.example")).map(drop);
        assert_eq!(conflict(&db, take).await, "contact_account_id_email_key_key", "{}", store.engine);
        let key = person(id(0), "USER@Bücher.example").fields.email_key().unwrap();
        let found = write(&db, move |tx| contacts::find_by_email(tx, acme().id, &key)).await;
        assert_eq!(found.map(|it| it.id), Some(id(1)));
    }
}

#[tokio::test]
async fn of_those_with_one_number_the_oldest_is_found() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in [3, 2, 4] {
            insert(&db, with_phone(number, "+1202")).await;
        }
        let find = |phone: &'static str| write(&db, move |tx| contacts::find_by_phone(tx, acme().id, phone));
        assert_eq!(find("+1202").await.map(|it| it.id), Some(id(2)));
        assert_eq!(find("+120").await, None);
    }
}

#[tokio::test]
async fn contacts_are_listed_newest_first_by_what_they_are_asked_for() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, person(id(1), "a@example.com")).await;
        insert(&db, with_phone(3, "+1")).await;
        insert(&db, with_phone(2, "+1")).await;
        let list = |filter: ContactFilter, before, limit| {
            let db = &db;
            async move {
                let list = move |tx: &mut Tx<'_>| contacts::list(tx, acme().id, &filter, id(before), limit);
                read(db, list).await.into_iter().map(|it| it.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(ContactFilter::All, 99, 2).await, [id(3), id(2)]);
        assert_eq!(list(ContactFilter::All, 2, 2).await, [id(1)]);
        let key = || ContactFilter::EmailKey("a@example.com".into());
        assert_eq!((list(key(), 99, 9).await, list(key(), 1, 9).await), (vec![id(1)], vec![]));
        let phone = || ContactFilter::Phone("+1".into());
        assert_eq!(list(phone(), 99, 1).await, [id(3)]);
        assert_eq!(list(phone(), 3, 9).await, [id(2)], "{}", store.engine);
    }
}

#[tokio::test]
async fn who_is_flagged_as_somebody_that_is_deleted_is_so_no_more() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for number in 1..=3 {
            insert(&db, with_phone(number, "+1")).await;
        }
        let flag = |tx: &mut Tx<'_>| {
            contacts::flag(tx, acme().id, id(2), id(1))?;
            contacts::flag(tx, acme().id, id(3), id(2))?;
            contacts::flag(tx, acme().id, id(1), id(1))
        };
        write(&db, flag).await;
        let duplicate_of = |number| {
            let db = &db;
            async move { find(db, number).await.unwrap().duplicate_of }
        };
        assert_eq!(duplicate_of(1).await, None, "nobody is like themselves");
        assert_eq!(duplicate_of(2).await, Some(id(1)));
        let delete = || write(&db, |tx| contacts::delete(tx, acme().id, id(1)));
        assert_eq!((delete().await, delete().await), (true, false));
        assert_eq!((duplicate_of(2).await, duplicate_of(3).await), (None, Some(id(2))));
        assert_eq!(find(&db, 1).await, None, "{}", store.engine);
    }
}

#[tokio::test]
async fn conversations_change_hands_when_contacts_are_merged() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let fill = |tx: &mut Tx<'_>| {
            for (number, contact) in [(1, Some(1)), (2, Some(2)), (3, Some(1)), (4, None)] {
                let mut it = begun(number);
                it.contact = contact.map(id);
                store::conversations::insert(tx, &it)?;
            }
            contacts::take_conversations(tx, acme().id, id(1), id(2))
        };
        assert_eq!(write(&db, fill).await, 2, "{}", store.engine);
        let list = |tx: &mut Tx<'_>| {
            let filter = store::conversations::ConversationFilter::Contact(id(2));
            store::conversations::list(tx, acme().id, filter, id(99), 9)
        };
        let ids: Vec<_> = read(&db, list).await.into_iter().map(|it| it.id).collect();
        assert_eq!(ids, [id(3), id(2), id(1)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_are_captured_at_once_under_one_address_are_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let insert = |number| {
            move |tx: &mut Tx<'_>| {
                let stored = contacts::insert(tx, &person(id(number), "a@example.com"))?;
                // Whoever came second finds who was first.
                let found = contacts::find_by_email(tx, acme().id, "a@example.com")?;
                Ok((stored, found.map(|it| it.id)))
            }
        };
        let (one, other) = overlap(&store, &db, insert(1), insert(2)).await;
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one.0, other.0, "{}", store.engine);
        assert_eq!(one.1, other.1);
        assert!(one.1.is_some());
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_changes_no_contact() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        insert(&db, person(id(1), "a@example.com")).await;
        insert(&db, with_phone(2, "+1")).await;
        let other = globex().id;
        let seen = move |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            assert_eq!(contacts::find(tx, other, id(1))?, None);
            assert_eq!(contacts::find_to_change(tx, other, id(1))?, None);
            assert_eq!(contacts::find_by_email(tx, other, "a@example.com")?, None);
            assert_eq!(contacts::find_by_phone(tx, other, "+1")?, None);
            assert!(!contacts::update(tx, &Contact { account: other, ..person(id(1), "b@example.com") })?);
            assert!(!contacts::delete(tx, other, id(1))?);
            assert_eq!(contacts::take_conversations(tx, other, id(1), id(2))?, 0);
            contacts::flag(tx, other, id(1), id(2))?;
            for filter in [
                ContactFilter::All,
                ContactFilter::EmailKey("a@example.com".into()),
                ContactFilter::Phone("+1".into()),
            ] {
                assert_eq!(contacts::list(tx, other, &filter, id(99), 9)?, []);
            }
            Ok(())
        };
        write(&db, seen).await;
        assert_eq!(find(&db, 1).await, Some(person(id(1), "a@example.com")));
    }
}

#[tokio::test]
async fn contacts_are_found_by_the_beginning_of_an_address_or_a_number_of_their_own_account() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        for (number, email) in [(1, "ann@example.com"), (2, "anna@example.com"), (3, "a%n@example.com")] {
            assert!(insert(&db, person(id(number), email)).await);
        }
        assert!(insert(&db, with_phone(4, "+4912")).await && insert(&db, with_phone(5, "+4913")).await);
        let email = |text: &str| Beginning::EmailKey(text.into());
        let phone = |text: &str| Beginning::Phone(text.into());
        for (beginning, limit, expected) in [
            (email("ann"), 9, vec![id(1), id(2)]),
            (email("ann"), 1, vec![id(1)]),
            (email("ann@"), 9, vec![id(1)]),
            (email("a%"), 9, vec![id(3)]),
            (email("nn"), 9, vec![]),
            (phone("+49"), 9, vec![id(4), id(5)]),
            (phone("+4913"), 9, vec![id(5)]),
            (phone("49"), 9, vec![]),
        ] {
            let theirs = beginning.clone();
            let said = format!("{beginning:?} on {}", store.engine);
            let found = read(&db, move |tx| contacts::beginning(tx, acme().id, &beginning, limit)).await;
            assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), expected, "{said}");
            assert_eq!(read(&db, move |tx| contacts::beginning(tx, globex().id, &theirs, 9)).await, []);
        }
    }
}
