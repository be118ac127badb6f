//! Copies of a store, made while it is written to.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
};

use app::{Db, OpenOptions, StoreError, StoreUrl, events::Posting};
use domain::{Webhook, samples::acme};
use store::webhooks;
use suite::{TestStore, stores};
use tokio::task::JoinSet;

use crate::kit::{ambient, carry_out, console, id, open, read, webhook, write};

fn with_header() -> Webhook {
    Webhook { headers: vec![("Authorization".into(), "Bearer x".into())], ..webhook(1) }
}

/// Four tasks that post contacts until told to stop; how many each posted.
fn posting(db: &Db, stop: &Arc<AtomicBool>) -> JoinSet<u64> {
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (db, stop) = (db.clone(), stop.clone());
        tasks.spawn(async move {
            let mut posted = 0;
            while !stop.load(Ordering::Relaxed) {
                let posting = Posting {
                    events: vec![domain::samples::contact().check().expect("a good sample"); 3],
                    idempotency: None,
                };
                carry_out(&db, move |tx| app::events::post(tx, &console(), &posting)).await;
                posted += 3;
            }
            posted
        });
    }
    tasks
}

async fn open_copy(file: &Path) -> Db {
    let url = StoreUrl::Sqlite(file.to_owned());
    let options = TestStore::sqlite().options(ambient(9));
    Db::open(&url, OpenOptions { key_file: None, migrate: false, ..options })
        .await
        .expect("the copy opens with its key")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_others_write_is_whole() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &with_header())).await;
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = posting(&db, &stop);
        let target = store.folder().join("copy.db");
        let copied = db.backup_to(&target).await;
        if let StoreUrl::Postgres(_) = store.url {
            let why = copied.expect_err("a server has tools of its own").to_string();
            assert!(
                why.contains("pg_dump") && why.contains(&store.key_file().display().to_string()),
                "{why}"
            );
            stop.store(true, Ordering::Relaxed);
            tasks.join_all().await;
            continue;
        }
        let mut copies = vec![copied.unwrap()];
        for number in 2..=5 {
            copies.push(db.backup_to(&store.folder().join(format!("copy {number}'s.db"))).await.unwrap());
        }
        stop.store(true, Ordering::Relaxed);
        let posted: u64 = tasks.join_all().await.into_iter().sum();

        let mut before = 0;
        for [file, key] in copies {
            assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
            let copy = open_copy(&file).await;
            let ledger = carry_out(&copy, |tx| app::ledger::read(tx, &console())).await;
            assert!(ledger.balanced(), "{ledger:?}");
            assert!(
                ledger.events.is_multiple_of(3),
                "a transaction is in it wholly or not at all: {ledger:?}"
            );
            assert!((before..=posted).contains(&ledger.events), "{ledger:?}");
            before = ledger.events;
            assert_eq!(read(&copy, |tx| webhooks::find(tx, acme().id, id(1))).await, Some(with_header()));
            assert_eq!(copy.check(true).await.unwrap().problems, Vec::<String>::new());
            write(&copy, |tx| webhooks::insert(tx, &webhook(2))).await;
        }
        let ledger = carry_out(&db, |tx| app::ledger::read(tx, &console())).await;
        assert_eq!((ledger.events, ledger.planned), (posted, posted), "the original goes on");
    }
}

#[tokio::test]
async fn a_copy_never_overwrites_and_leaves_no_half_of_itself() {
    let store = TestStore::sqlite();
    let (db, _) = open(&store).await;
    let (file, key) = (store.folder().join("copy.db"), store.folder().join("copy.db.key"));
    for taken in [&file, &key] {
        fs::write(taken, "precious").unwrap();
        let refused = db.backup_to(&file).await;
        assert!(
            matches!(&refused, Err(StoreError::Refused(why)) if why.contains("exists already")),
            "{refused:?}"
        );
        assert_eq!(fs::read_to_string(taken).unwrap(), "precious");
        fs::remove_file(taken).unwrap();
    }
    let nowhere = store.folder().join("no such folder").join("copy.db");
    assert!(db.backup_to(&nowhere).await.is_err());
    assert_eq!(db.backup_to(&file).await.unwrap(), [file.clone(), key]);
    let part = store.folder().join("copy.db.part");
    assert!(!part.exists());
}

#[tokio::test]
async fn a_copy_is_the_whole_store_and_not_what_is_in_its_main_file() {
    let store = TestStore::sqlite();
    let (db, _) = open(&store).await;
    write(&db, |tx| webhooks::insert(tx, &with_header())).await;
    let [file, _] = db.backup_to(&store.folder().join("copy.db")).await.unwrap();
    // Alone in another folder, as a copy is that somebody carried away.
    let elsewhere = TestStore::sqlite();
    let carried = elsewhere.folder().join("carried.db");
    fs::copy(&file, &carried).unwrap();
    fs::copy(store.folder().join("copy.db.key"), elsewhere.folder().join("carried.db.key")).unwrap();
    let copy = open_copy(&carried).await;
    assert_eq!(read(&copy, |tx| webhooks::find(tx, acme().id, id(1))).await, Some(with_header()));
}
