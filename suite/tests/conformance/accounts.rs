//! Accounts and API keys.

use app::{StoreError, Tx};
use domain::{
    Account, ApiKey, Scope,
    samples::{acme, globex},
};
use store::accounts;
use suite::stores;

use crate::kit::{at, conflict, id, open, read, write};

fn key(number: u32, scope: Scope) -> ApiKey {
    ApiKey {
        id: id(number),
        account: acme().id,
        name: format!("Schlüssel {number}"),
        scope,
        created_at: at(number.into()),
        expires_at: None,
        used_at: None,
        revoked_at: None,
    }
}

fn insert_keys(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for (number, scope) in (1..).zip(Scope::ALL) {
        accounts::insert_key(tx, &key(number, scope), &format!("hash {number}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn accounts_are_listed_in_the_order_of_their_ids() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let later = Account {
            id: id(2),
            name: "Später 2".into(),
            time_zone: "Asia/Kolkata".into(),
            created_at: at(2),
        };
        let latest = Account {
            id: id(3),
            name: "Später 2".into(),
            time_zone: "Asia/Kolkata".into(),
            created_at: at(3),
        };
        let (second, third) = (later.clone(), latest.clone());
        write(&db, move |tx| accounts::insert(tx, &third).and_then(|()| accounts::insert(tx, &second))).await;
        let listed = read(&db, accounts::list).await;
        assert_eq!(listed, [globex(), acme(), later, latest]);
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_hash_and_only_by_it() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_keys).await;
        let found = read(&db, |tx| accounts::find_key(tx, "hash 2")).await;
        assert_eq!(found, Some(key(2, Scope::Read)));
        for unknown in ["", "hash", "hash 22", "HASH 2", "hash _"] {
            assert_eq!(read(&db, |tx| accounts::find_key(tx, unknown)).await, None, "{unknown:?}");
        }
    }
}

#[tokio::test]
async fn keys_are_listed_in_the_order_of_their_ids_with_every_scope() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_keys).await;
        let listed = read(&db, |tx| accounts::list_keys(tx, acme().id)).await;
        let all: Vec<ApiKey> = (1..).zip(Scope::ALL).map(|(number, scope)| key(number, scope)).collect();
        assert_eq!(listed, all);
    }
}

#[tokio::test]
async fn a_key_is_revoked_once_and_stays_in_the_list() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_keys).await;
        let revoke = |tx: &mut Tx<'_>| accounts::revoke_key(tx, acme().id, id(2), at(50));
        assert!(write(&db, revoke).await);
        let again = |tx: &mut Tx<'_>| accounts::revoke_key(tx, acme().id, id(2), at(60));
        assert!(!write(&db, again).await, "a revoked key cannot be revoked");
        let unknown = |tx: &mut Tx<'_>| accounts::revoke_key(tx, acme().id, id(9), at(60));
        assert!(!write(&db, unknown).await);
        let revoked = ApiKey { revoked_at: Some(at(50)), ..key(2, Scope::Read) };
        assert_eq!(read(&db, |tx| accounts::find_key(tx, "hash 2")).await, Some(revoked.clone()));
        let listed = read(&db, |tx| accounts::list_keys(tx, acme().id)).await;
        assert_eq!(listed[1], revoked);
        let named = |number| read(&db, move |tx| accounts::get_key(tx, acme().id, id(number)));
        assert_eq!((named(2).await, named(9).await), (Some(revoked.clone()), None));
        assert!(listed.iter().all(|it| it.id == revoked.id || it.revoked_at.is_none()));
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_revokes_no_key() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_keys).await;
        assert_eq!(read(&db, |tx| accounts::list_keys(tx, globex().id)).await, []);
        assert_eq!(read(&db, |tx| accounts::get_key(tx, globex().id, id(2))).await, None);
        assert!(!write(&db, |tx| accounts::revoke_key(tx, globex().id, id(2), at(50))).await);
        assert_eq!(read(&db, |tx| accounts::find_key(tx, "hash 2")).await, Some(key(2, Scope::Read)));
    }
}

#[tokio::test]
async fn two_keys_with_one_hash_conflict_under_the_same_name_on_both_engines() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_keys).await;
        let other = ApiKey { account: globex().id, ..key(9, Scope::Read) };
        let constraint = conflict(&db, move |tx| accounts::insert_key(tx, &other, "hash 2")).await;
        assert_eq!(constraint, "api_key_hash_key");
    }
}

#[tokio::test]
async fn two_things_with_one_id_conflict_under_the_same_name_on_both_engines() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_keys).await;
        let key = key(2, Scope::Read);
        assert_eq!(conflict(&db, |tx| accounts::insert(tx, &acme())).await, "account_pkey");
        assert_eq!(conflict(&db, move |tx| accounts::insert_key(tx, &key, "new")).await, "api_key_pkey");
    }
}

#[tokio::test]
async fn a_key_of_no_account_is_refused_and_is_no_conflict() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let orphan = ApiKey { account: id(9), ..key(1, Scope::Read) };
        let result = db.write(move |tx| accounts::insert_key(tx, &orphan, "hash")).await;
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    }
}

#[tokio::test]
async fn an_account_gets_another_name_and_time_zone() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let after = Account { name: "Acmé".into(), time_zone: "Europe/Lisbon".into(), ..acme() };
        let wanted = after.clone();
        assert!(write(&db, move |tx| accounts::update(tx, &wanted)).await);
        assert_eq!(read(&db, |tx| accounts::find(tx, acme().id)).await, Some(after));
        assert_eq!(read(&db, |tx| accounts::find(tx, globex().id)).await, Some(globex()));
        assert_eq!(read(&db, |tx| accounts::find(tx, id(9))).await, None);
        assert!(!write(&db, |tx| accounts::update(tx, &Account { id: id(9), ..acme() })).await);
    }
}

#[tokio::test]
async fn a_key_keeps_when_it_expires_and_when_it_was_used() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let expiring = ApiKey { expires_at: Some(at(90)), ..key(1, Scope::Read) };
        let wanted = expiring.clone();
        write(&db, move |tx| accounts::insert_key(tx, &wanted, "hash")).await;
        let used = || read(&db, |tx| accounts::find_key(tx, "hash"));
        assert_eq!(used().await, Some(expiring.clone()));
        // Known since the second instant, it is not noted again.
        for (now, known, expected) in [(10, 0, 10), (20, 5, 10), (70, 10, 10), (71, 11, 71)] {
            write(&db, move |tx| accounts::use_key(tx, acme().id, id(1), at(now), at(known))).await;
            assert_eq!(used().await, Some(ApiKey { used_at: Some(at(expected)), ..expiring.clone() }));
        }
        write(&db, |tx| accounts::use_key(tx, globex().id, id(1), at(500), at(400))).await;
        assert_eq!(used().await.and_then(|it| it.used_at), Some(at(71)), "a foreign account notes nothing");
    }
}
