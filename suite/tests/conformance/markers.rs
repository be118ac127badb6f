//! Markers that were passed.

use app::Tx;
use domain::{
    MarkerRun,
    samples::{acme, globex},
};
use store::markers;
use suite::stores;

use crate::{
    conversations::begun,
    kit::{at, conflict, id, open, overlap, read, write},
};

fn run(number: u32, name: &str) -> MarkerRun {
    MarkerRun { number, name: name.into(), started_at: at(u64::from(number)), ended_at: None }
}

async fn fill(db: &app::Db) {
    let fill = |tx: &mut Tx<'_>| {
        store::conversations::insert(tx, &begun(1))?;
        store::conversations::insert(tx, &begun(2))?;
        markers::insert(tx, acme().id, id(1), None, &run(2, "Quote"))?;
        markers::insert(tx, acme().id, id(1), Some(id(7)), &run(1, "Book Trip"))
    };
    write(db, fill).await;
}

#[tokio::test]
async fn runs_come_in_their_order_and_end_once() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        fill(&db).await;
        let list = |number| read(&db, move |tx| markers::list(tx, acme().id, id(number)));
        assert_eq!(list(1).await, [run(1, "Book Trip"), run(2, "Quote")]);
        assert_eq!(list(2).await, []);
        let end = |second| write(&db, move |tx| markers::end(tx, acme().id, id(1), 2, at(second)));
        assert!(end(8).await);
        assert!(!end(9).await, "it has ended already");
        let ended = MarkerRun { ended_at: Some(at(8)), ..run(2, "Quote") };
        assert_eq!(list(1).await, [run(1, "Book Trip"), ended], "{}", store.engine);
        let same = |tx: &mut Tx<'_>| markers::insert(tx, acme().id, id(1), None, &run(1, "Other"));
        assert_eq!(conflict(&db, same).await, "marker_run_pkey");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_ends_a_run() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        fill(&db).await;
        let end = |tx: &mut Tx<'_>| Ok(markers::end(tx, acme().id, id(1), 1, at(5))?);
        let (one, other) = overlap(&store, &db, end, end).await;
        assert_ne!(one.unwrap(), other.unwrap(), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_and_ends_no_run() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        fill(&db).await;
        let seen = |tx: &mut Tx<'_>| {
            assert!(!markers::end(tx, globex().id, id(1), 1, at(5))?);
            markers::list(tx, globex().id, id(1))
        };
        assert_eq!(write(&db, seen).await, []);
        assert_eq!(read(&db, |tx| markers::list(tx, acme().id, id(1))).await[0].ended_at, None);
    }
}
