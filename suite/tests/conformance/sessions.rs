//! Where members are signed in.

use app::{StoreError, Tx};
use domain::{
    Member, Role, Session,
    samples::{acme, globex},
};
use store::{members, sessions};
use suite::stores;

use crate::kit::{at, conflict, id, open, read, write};

/// A session of the member of that number.
pub fn session(number: u32, member: u32) -> Session {
    Session {
        id: id(number),
        account: acme().id,
        member: id(member),
        agent: "Mozilla/5.0 (Ü)".into(),
        address: "2001:db8::7".into(),
        created_at: at(number.into()),
        seen_at: at(number.into()),
        confirmed_at: at(number.into()),
    }
}

/// Two members, the first with two sessions.
fn insert_all(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for number in [1, 2] {
        super::members::insert(tx, &super::members::member(number, Role::Admin), number)?;
    }
    for (number, member) in [(1, 1), (2, 1), (3, 2)] {
        sessions::insert(tx, &session(number, member), &format!("hash {number}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_session_is_found_by_its_hash_unless_its_member_is_shut_out() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        assert_eq!(read(&db, |tx| sessions::find(tx, "hash 2")).await, Some(session(2, 1)));
        assert_eq!(read(&db, |tx| sessions::find(tx, "HASH 2")).await, None);
        let listed = read(&db, |tx| sessions::list(tx, acme().id, id(1))).await;
        assert_eq!(listed, [session(2, 1), session(1, 1)]);
        let out = Member { disabled_at: Some(at(9)), ..super::members::member(1, Role::Admin) };
        write(&db, move |tx| members::update(tx, &out)).await;
        assert_eq!(read(&db, |tx| sessions::find(tx, "hash 2")).await, None);
        assert_eq!(read(&db, |tx| sessions::find(tx, "hash 3")).await, Some(session(3, 2)));
    }
}

#[tokio::test]
async fn a_session_is_touched_confirmed_and_ended() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        write(&db, |tx| sessions::touch(tx, acme().id, id(1), at(100), "192.0.2.1")).await;
        // The one that comes late does not set the clock back.
        write(&db, |tx| sessions::touch(tx, acme().id, id(1), at(90), "192.0.2.2")).await;
        assert!(write(&db, |tx| sessions::confirm(tx, acme().id, id(1), at(110), "new")).await);
        assert!(!write(&db, |tx| sessions::confirm(tx, acme().id, id(9), at(110), "newer")).await);
        let changed =
            Session { seen_at: at(100), address: "192.0.2.1".into(), confirmed_at: at(110), ..session(1, 1) };
        assert_eq!(read(&db, |tx| sessions::find(tx, "new")).await, Some(changed));
        assert_eq!(read(&db, |tx| sessions::find(tx, "hash 1")).await, None);
        assert!(!write(&db, |tx| sessions::end(tx, acme().id, id(2), id(1))).await, "another member's");
        assert!(write(&db, |tx| sessions::end(tx, acme().id, id(1), id(1))).await);
        assert!(!write(&db, |tx| sessions::end(tx, acme().id, id(1), id(1))).await);
        assert_eq!(read(&db, |tx| sessions::find(tx, "new")).await, None);
    }
}

#[tokio::test]
async fn all_sessions_end_or_all_but_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        assert_eq!(write(&db, |tx| sessions::end_all(tx, acme().id, id(1), Some(id(2)))).await, 1);
        assert_eq!(read(&db, |tx| sessions::list(tx, acme().id, id(1))).await, [session(2, 1)]);
        assert_eq!(write(&db, |tx| sessions::end_all(tx, acme().id, id(1), None)).await, 1);
        assert_eq!(read(&db, |tx| sessions::list(tx, acme().id, id(1))).await, []);
        assert_eq!(read(&db, |tx| sessions::find(tx, "hash 3")).await, Some(session(3, 2)));
    }
}

#[tokio::test]
async fn old_and_idle_sessions_are_forgotten() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        write(&db, |tx| sessions::touch(tx, acme().id, id(1), at(100), "")).await;
        assert_eq!(write(&db, |tx| sessions::forget(tx, at(1), at(3))).await, 1, "the second is idle");
        assert_eq!(write(&db, |tx| sessions::forget(tx, at(2), at(3))).await, 1, "the first is old");
        assert_eq!(read(&db, |tx| sessions::find(tx, "hash 3")).await, Some(session(3, 2)));
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_changes_no_session() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        assert_eq!(read(&db, |tx| sessions::list(tx, globex().id, id(1))).await, []);
        write(&db, |tx| sessions::touch(tx, globex().id, id(1), at(100), "")).await;
        assert!(!write(&db, |tx| sessions::confirm(tx, globex().id, id(1), at(100), "x")).await);
        assert!(!write(&db, |tx| sessions::end(tx, globex().id, id(1), id(1))).await);
        assert_eq!(write(&db, |tx| sessions::end_all(tx, globex().id, id(1), None)).await, 0);
        assert_eq!(read(&db, |tx| sessions::find(tx, "hash 1")).await, Some(session(1, 1)));
    }
}

#[tokio::test]
async fn two_sessions_with_one_hash_conflict_under_the_same_name_on_both_engines() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, insert_all).await;
        let insert = |tx: &mut Tx<'_>| sessions::insert(tx, &session(9, 2), "hash 1");
        assert_eq!(conflict(&db, insert).await, "session_token_hash_key");
    }
}
