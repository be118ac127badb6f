//! Links that work once.

use app::{StoreError, Tx};
use domain::{
    Link, Purpose, Role,
    samples::{acme, globex},
};
use store::links;
use suite::stores;

use crate::kit::{at, conflict, id, open, read, write};

fn link(number: u32, purpose: Purpose) -> Link {
    Link {
        id: id(number),
        purpose,
        made_by: None,
        created_at: at(number.into()),
        expires_at: Some(at(100 + u64::from(number))),
    }
}

fn invitation(number: u32) -> Link {
    let email = format!("zoë.{number}@example.com");
    link(number, Purpose::Invitation { account: acme().id, email, role: Role::Operator })
}

fn all() -> Vec<Link> {
    vec![
        Link { expires_at: None, ..link(1, Purpose::SetUp) },
        invitation(2),
        link(3, Purpose::Reset { account: acme().id, member: id(1) }),
        Link { made_by: Some(id(1)), ..link(4, Purpose::Reset { account: acme().id, member: id(2) }) },
        Link { made_by: Some(id(1)), ..invitation(5) },
    ]
}

fn insert_all(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for (number, link) in (1..).zip(all()) {
        links::insert(tx, &link, &format!("hash {number}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_link_of_every_purpose_is_found_and_taken_once() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        for (number, link) in (1..).zip(all()) {
            let hash: &'static str = format!("hash {number}").leak();
            assert_eq!(read(&db, |tx| links::find(tx, hash)).await, Some(link.clone()));
            assert_eq!(write(&db, |tx| links::take(tx, hash)).await, Some(link));
            assert_eq!(write(&db, |tx| links::take(tx, hash)).await, None);
            assert_eq!(read(&db, |tx| links::find(tx, hash)).await, None);
        }
    }
}

#[tokio::test]
async fn invitations_are_listed_and_withdrawn() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        assert_eq!(
            read(&db, |tx| links::invitations(tx, acme().id)).await,
            [all()[4].clone(), invitation(2)]
        );
        assert!(write(&db, |tx| links::withdraw(tx, acme().id, id(5))).await);
        assert!(!write(&db, |tx| links::withdraw(tx, acme().id, id(5))).await);
        assert!(!write(&db, |tx| links::withdraw(tx, acme().id, id(3))).await, "this is no invitation");
        assert_eq!(read(&db, |tx| links::invitations(tx, acme().id)).await, [invitation(2)]);
    }
}

#[tokio::test]
async fn links_are_found_by_who_made_them_and_end_one_by_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        assert_eq!(read(&db, |tx| links::made_by(tx, acme().id, id(1))).await, all()[3..]);
        assert_eq!(read(&db, |tx| links::made_by(tx, acme().id, id(2))).await, []);
        assert!(write(&db, |tx| links::end(tx, acme().id, id(4))).await);
        assert!(!write(&db, |tx| links::end(tx, acme().id, id(4))).await);
        assert_eq!(read(&db, |tx| links::made_by(tx, acme().id, id(1))).await, all()[4..]);
    }
}

#[tokio::test]
async fn links_are_forgotten_by_purpose_and_by_age() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        let left = || async {
            let mut numbers = Vec::new();
            for number in 1..=5 {
                let hash: &'static str = format!("hash {number}").leak();
                if read(&db, |tx| links::find(tx, hash)).await.is_some() {
                    numbers.push(number);
                }
            }
            numbers
        };
        write(&db, |tx| links::forget_resets(tx, acme().id, id(1))).await;
        assert_eq!(left().await, [1, 2, 4, 5]);
        write(&db, links::forget_set_up).await;
        assert_eq!(left().await, [2, 4, 5]);
        write(&db, |tx| links::insert(tx, &all()[0], "hash 1")).await;
        assert_eq!(write(&db, |tx| links::forget_expired(tx, at(105))).await, 2);
        assert_eq!(left().await, [1, 5], "what does not expire stays");
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_ends_no_link() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        assert_eq!(read(&db, |tx| links::invitations(tx, globex().id)).await, []);
        assert!(!write(&db, |tx| links::withdraw(tx, globex().id, id(2))).await);
        assert_eq!(read(&db, |tx| links::made_by(tx, globex().id, id(1))).await, []);
        assert!(!write(&db, |tx| links::end(tx, globex().id, id(4))).await);
        write(&db, |tx| links::forget_resets(tx, globex().id, id(1))).await;
        assert_eq!(read(&db, |tx| links::find(tx, "hash 2")).await, Some(invitation(2)));
        assert!(read(&db, |tx| links::find(tx, "hash 3")).await.is_some());
    }
}

#[tokio::test]
async fn two_links_with_one_hash_conflict_under_the_same_name_on_both_engines() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        let insert = |tx: &mut Tx<'_>| links::insert(tx, &invitation(9), "hash 1");
        assert_eq!(conflict(&db, insert).await, "link_token_hash_key");
    }
}
