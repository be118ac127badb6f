//! Opening a store: who may, when, and what is said to who may not.

use std::{fs, path::PathBuf};

use app::{Db, OpenOptions, StoreError, StoreUrl, Tx};
use domain::samples::{acme, globex};
use store::{accounts, events, webhooks};
use suite::{TestStore, stores};
use tokio::task::JoinSet;

use crate::kit::{ambient, event, id, open, read, sabotage, webhook, write};

async fn refusal(store: &TestStore, change: impl FnOnce(&mut OpenOptions)) -> String {
    let mut options = store.options(ambient(8));
    change(&mut options);
    match Db::open(&store.url, options).await.map(drop) {
        Err(StoreError::Refused(why)) => why,
        other => panic!("not a refusal: {other:?}"),
    }
}

/// Opens the store in as many places at once as there are keys.
async fn open_at_once(store: &TestStore, keys: Vec<PathBuf>) -> Vec<Db> {
    let mut tasks = JoinSet::new();
    for (seed, key) in (0..).zip(keys) {
        let (url, options) = (store.url.clone(), store.options(ambient(seed)));
        let options = OpenOptions { key_file: Some(key), exclusive: false, connections: 1, ..options };
        tasks.spawn(async move { Db::open(&url, options).await });
    }
    tasks.join_all().await.into_iter().map(|opened| opened.expect("everybody gets in")).collect()
}

/// Each writes a secret that all others can read.
async fn assert_one_store(nodes: &[Db]) {
    write(&nodes[0], |tx| accounts::insert(tx, &acme())).await;
    for (number, node) in (1..).zip(nodes) {
        write(node, move |tx| webhooks::insert(tx, &webhook(number))).await;
    }
    for node in nodes {
        for number in 1..=nodes.len() as u32 {
            let found = read(node, move |tx| webhooks::find(tx, acme().id, id(number))).await;
            assert_eq!(found, Some(webhook(number)));
        }
    }
}

#[tokio::test]
async fn what_was_written_is_there_when_the_store_is_opened_again() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert_eq!(*db.url(), store.url);
        assert_eq!(db.is_exclusive(), store.engine == "sqlite");
        drop(db);
        let options = OpenOptions { migrate: false, exclusive: false, ..store.options(ambient(8)) };
        let db = Db::open(&store.url, options).await.unwrap();
        assert!(!db.is_exclusive());
        assert_eq!(read(&db, accounts::list).await, [globex(), acme()]);
        assert_eq!(db.ambient().clock.now(), domain::samples::start());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_can_be_opened_by_several_at_once() {
    for store in stores().await {
        let nodes = open_at_once(&store, vec![store.key_file(); 4]).await;
        assert_one_store(&nodes).await;
        for node in &nodes {
            assert_eq!(node.check(false).await.unwrap().problems, Vec::<String>::new());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_write_to_one_store_at_once_lose_nothing() {
    for store in stores().await {
        let nodes = open_at_once(&store, vec![store.key_file(); 3]).await;
        write(&nodes[0], |tx| accounts::insert(tx, &acme())).await;
        let mut tasks = JoinSet::new();
        for number in 0..300 {
            let node = nodes[number as usize % nodes.len()].clone();
            tasks.spawn(async move { node.write(move |tx| events::insert(tx, &event(number))).await });
        }
        tasks.join_all().await.into_iter().for_each(|written| written.unwrap());
        let all =
            |tx: &mut Tx<'_>| events::list(tx, acme().id, &events::EventFilter::default(), id(1_000), 1_000);
        assert_eq!(read(&nodes[1], all).await.len(), 300);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_with_copies_of_one_key_share_a_server() {
    for store in stores().await {
        let StoreUrl::Postgres(_) = store.url else { continue };
        let other = TestStore::sqlite();
        drop(other.open().await);
        let copy = |number: u32| {
            let copy = store.folder().join(format!("{number}.key"));
            fs::copy(other.key_file(), &copy).unwrap();
            copy
        };
        let nodes = open_at_once(&store, (0..4).map(copy).collect()).await;
        assert_one_store(&nodes).await;
    }
}

#[tokio::test]
async fn a_newer_store_is_refused_whether_or_not_it_would_be_migrated() {
    for store in stores().await {
        drop(open(&store).await);
        let newer = "insert into refinery_schema_history (version, name, applied_on, checksum)
            values (999, 'future', '2026-03-04T10:15:30Z', '1')";
        sabotage(&store, newer).await;
        for migrate in [true, false] {
            let why = refusal(&store, |options| options.migrate = migrate).await;
            assert!(why.contains("newer than this program") && why.contains("999"), "{why}");
        }
        let back = "delete from refinery_schema_history where version = 999";
        sabotage(&store, back).await;
        assert!(Db::open(&store.url, store.options(ambient(8))).await.is_ok());
    }
}

#[tokio::test]
async fn a_store_whose_migrations_differ_is_refused() {
    for store in stores().await {
        drop(open(&store).await);
        let differ = "update refinery_schema_history set checksum = '1'";
        sabotage(&store, differ).await;
        let why = refusal(&store, |_| ()).await;
        assert!(why.contains("not the one that this program knows"), "{why}");
    }
}

#[tokio::test]
async fn a_store_without_tables_is_refused_unless_it_may_be_migrated() {
    for store in stores().await {
        if let StoreUrl::Sqlite(path) = &store.url {
            fs::write(path, "").unwrap();
        }
        let why = refusal(&store, |options| options.migrate = false).await;
        assert!(why.contains("leadpost migrate"), "{why}");
        assert!(Db::open(&store.url, store.options(ambient(8))).await.is_ok());
    }
}

#[tokio::test]
async fn one_process_at_a_time_serves_an_sqlite_store_and_others_may_look() {
    let store = TestStore::sqlite();
    let (db, _) = open(&store).await;
    let why = refusal(&store, |options| options.exclusive = true).await;
    assert!(why.contains("another process serves"), "{why}");
    let beside = OpenOptions { exclusive: false, ..store.options(ambient(8)) };
    let other = Db::open(&store.url, beside).await.unwrap();
    assert_eq!(read(&other, accounts::list).await.len(), 2);
    drop((db, other));
    let again = Db::open(&store.url, store.options(ambient(8))).await;
    assert!(again.unwrap().is_exclusive());
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let store = TestStore::sqlite();
    let StoreUrl::Sqlite(path) = &store.url else { unreachable!() };
    let text = "Dear diary, ".repeat(1_000);
    fs::write(path, &text).unwrap();
    for migrate in [true, false] {
        refusal(&store, |options| options.migrate = migrate).await;
        assert_eq!(fs::read_to_string(path).unwrap(), text);
        assert!(!store.key_file().exists());
    }
}

#[test]
fn addresses_are_shown_without_the_password() {
    let shown = |text: &str| text.parse::<StoreUrl>().unwrap().to_string();
    assert_eq!(shown("sqlite:a/b.db"), "sqlite:a/b.db");
    for secret in [
        "postgres://u:hunter2@h/d",
        "postgresql://u:hunter2@h:5/d?sslmode=disable",
        "postgres://h/d?user=u&password=hunter2",
        "postgres://u:hunter2@h/d?application_name=a@b",
        "postgres://u:hun@ter2@h/d",
    ] {
        let text = shown(secret);
        assert!(!text.contains("hun") && !text.contains("ter2"), "{text}");
    }
    // Two servers of one machine differ by their ports alone.
    assert_eq!(shown("postgres://u:hunter2@db.example:5433/leadpost"), "postgres://db.example:5433/leadpost");
    assert_eq!(shown("postgres://u@db.example/leadpost"), "postgres://db.example/leadpost");
    assert_eq!(shown("postgres://u@a,b:5433/leadpost"), "postgres://a,b/leadpost");
    for wrong in ["", "sqlite:", "a.db", "mysql://h/d"] {
        let refused = wrong.parse::<StoreUrl>();
        assert!(
            matches!(&refused, Err(StoreError::Refused(why)) if why.contains("sqlite:PATH")),
            "{refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_a_write_says_so_until_it_takes_one() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert!(db.takes_writes().await);
        let refuse = |table: &str| {
            (
                format!(
                    "create trigger no_{table} before insert on {table} begin select raise(abort, 'no'); end"
                ),
                format!("alter table {table} add constraint no check (false) not valid"),
            )
        };
        for (sqlite, postgres) in ["webhook", "key_check"].map(refuse) {
            store.sabotage(&sqlite, &postgres).await;
        }
        let failed = db.write(|tx| webhooks::insert(tx, &webhook(1))).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
        assert!(!db.takes_writes().await, "neither that write nor a trial is taken");
        store.sabotage("drop trigger no_key_check", "alter table key_check drop constraint no").await;
        // Nobody has to write anything for it to be found out.
        assert!(db.takes_writes().await);
        assert!(db.takes_writes().await);
    }
}
