//! The key file: made once, kept to its owner, and the only one that opens the store's secrets.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use app::{Db, OpenOptions, StoreError, StoreUrl};
use domain::samples::acme;
use store::webhooks;
use suite::{TestStore, stores};
use tokio::task::JoinSet;

use crate::kit::{ambient, id, open, read, sabotage, webhook, write};

/// Opens the store with the key at `key`; if that fails, why.
async fn open_with(store: &TestStore, key: &Path) -> Result<Db, String> {
    let options =
        OpenOptions { key_file: Some(key.to_owned()), exclusive: false, ..store.options(ambient(8)) };
    Db::open(&store.url, options).await.map_err(|error| match error {
        StoreError::Refused(why) => why,
        other => panic!("not a refusal: {other:?}"),
    })
}

fn why(result: Result<Db, String>) -> String {
    result.map(|_| "it opens").map_err(|why| why.to_string()).expect_err("it must not open")
}

/// Makes the store, with a secret in it, and closes it.
async fn make(store: &TestStore) {
    let (db, _) = open(store).await;
    write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
}

async fn assert_whole(store: &TestStore) {
    let db = open_with(store, &store.key_file()).await.expect("it opens");
    assert_eq!(read(&db, |tx| webhooks::find(tx, acme().id, id(1))).await, Some(webhook(1)));
}

#[tokio::test]
async fn a_new_store_makes_a_key_that_nobody_but_its_owner_can_read() {
    for store in stores().await {
        make(&store).await;
        let mode = fs::metadata(store.key_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let before = fs::read_to_string(store.key_file()).unwrap();
        assert_eq!(before.len(), 45, "32 bytes in base64, and the end of the line");
        assert_whole(&store).await;
        assert_eq!(fs::read_to_string(store.key_file()).unwrap(), before);
    }
}

#[tokio::test]
async fn what_a_store_keeps_nobody_but_its_owner_can_read() {
    let store = TestStore::sqlite();
    let (db, _) = open(&store).await;
    write(&db, |tx| webhooks::insert(tx, &webhook(1))).await;
    db.backup_to(&store.folder().join("copy.db")).await.unwrap();
    for name in
        ["leadpost.db", "leadpost.db-wal", "leadpost.db-shm", "leadpost.db.key", "copy.db", "copy.db.key"]
    {
        let mode = fs::metadata(store.folder().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}: {mode:o}");
    }
}

#[tokio::test]
async fn the_key_of_another_store_is_refused_and_left_as_it_is() {
    for store in stores().await {
        make(&store).await;
        let other = TestStore::sqlite();
        let key = other.key_file();
        drop(open_with(&other, &key).await.unwrap());
        let before = fs::read(&key).unwrap();
        let why = why(open_with(&store, &key).await);
        assert!(why.contains("is not the one") && why.contains(&key.display().to_string()), "{why}");
        assert_eq!(fs::read(&key).unwrap(), before);
        assert_whole(&store).await;
    }
}

#[tokio::test]
async fn a_missing_key_is_asked_for_and_no_new_one_takes_its_place() {
    for store in stores().await {
        make(&store).await;
        let (key, elsewhere) = (store.key_file(), store.folder().join("elsewhere"));
        fs::rename(&key, &elsewhere).unwrap();
        for _ in 0..2 {
            let why = why(open_with(&store, &key).await);
            assert!(why.contains("is missing") && why.contains(&key.display().to_string()), "{why}");
            assert!(!key.exists());
        }
        fs::rename(&elsewhere, &key).unwrap();
        assert_whole(&store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_missing_for_everybody_who_opens_at_once() {
    for store in stores().await {
        make(&store).await;
        let (key, elsewhere) = (store.key_file(), store.folder().join("elsewhere"));
        fs::rename(&key, &elsewhere).unwrap();
        let mut tasks = JoinSet::new();
        for seed in 0..6 {
            let (url, options) = (store.url.clone(), store.options(ambient(seed)));
            tasks.spawn(async move {
                Db::open(&url, OpenOptions { exclusive: false, ..options }).await.map(drop)
            });
        }
        for result in tasks.join_all().await {
            assert!(
                matches!(&result, Err(StoreError::Refused(why)) if why.contains("is missing")),
                "{result:?}"
            );
        }
        assert!(!key.exists());
    }
}

#[tokio::test]
async fn a_damaged_key_is_refused_and_left_as_it_is() {
    for store in stores().await {
        make(&store).await;
        let good = fs::read_to_string(store.key_file()).unwrap();
        for damaged in ["\n", "nonsense", &good[..40], &format!("{good}{good}")] {
            fs::write(store.key_file(), damaged).unwrap();
            let why = why(open_with(&store, &store.key_file()).await);
            assert!(why.contains("is damaged"), "{damaged:?}: {why}");
            assert_eq!(fs::read_to_string(store.key_file()).unwrap(), damaged);
        }
        fs::write(store.key_file(), good.trim()).unwrap();
        assert_whole(&store).await;
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_leaves_no_key_behind() {
    for store in stores().await {
        make(&store).await;
        let newer = "insert into refinery_schema_history (version, name, applied_on, checksum)
            values (999, 'future', '2026-03-04T10:15:30Z', '1')";
        sabotage(&store, newer).await;
        fs::remove_file(store.key_file()).unwrap();
        why(open_with(&store, &store.key_file()).await);
        assert!(!store.key_file().exists());
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_leaves_no_key_behind() {
    let folder = TestStore::sqlite();
    // Nothing listens on the port that is never given out.
    let url = StoreUrl::Postgres("postgres://nobody@127.0.0.1:1/none".into());
    let opened = Db::open(&url, OpenOptions { exclusive: false, ..folder.options(ambient(7)) }).await;
    assert!(opened.is_err());
    assert!(!folder.key_file().exists());
}

#[tokio::test]
async fn looking_for_a_store_that_is_not_there_leaves_nothing_behind() {
    for store in stores().await {
        let options = OpenOptions { migrate: false, ..store.options(ambient(7)) };
        let opened = Db::open(&store.url, options).await.map(drop);
        assert!(matches!(opened, Err(StoreError::Refused(_))), "{opened:?}");
        assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 0);
    }
}

/// How this process has the file open: the flags of each of its descriptors.
#[cfg(target_os = "linux")]
fn flags_of(file: &Path) -> Vec<u32> {
    let mut flags = Vec::new();
    for entry in fs::read_dir("/proc/self/fd").expect("Linux has it").flatten() {
        if fs::read_link(entry.path()).is_ok_and(|target| target == file) {
            let info = Path::new("/proc/self/fdinfo").join(entry.file_name());
            let text = fs::read_to_string(info).expect("it is open");
            let line = text.lines().find_map(|line| line.strip_prefix("flags:")).expect("there are flags");
            flags.push(u32::from_str_radix(line.trim(), 8).expect("they are octal"));
        }
    }
    flags
}

/// The last two bits of the flags are the mode of access; 0 is reading alone.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_there_is_opened_to_be_read_alone_and_is_locked_all_the_same() {
    let store = TestStore::sqlite();
    make(&store).await;
    let key = fs::canonicalize(store.key_file()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    // Whoever opens the store has to wait for us, which is when they can be looked at.
    let locked = fs::File::open(&key).unwrap();
    locked.lock().unwrap();
    let opening = tokio::spawn({
        let (url, options) = (store.url.clone(), store.options(ambient(8)));
        async move { Db::open(&url, options).await.map(drop) }
    });
    let seen = async {
        while flags_of(&key).len() < 2 {
            tokio::task::yield_now().await;
        }
        flags_of(&key)
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen).await.expect("the key is opened");
    assert!(seen.iter().all(|flags| flags & 0o3 == 0), "{seen:?}");
    assert!(!opening.is_finished(), "it waits for the lock");
    drop(locked);
    opening.await.unwrap().unwrap();
    assert_whole(&store).await;
}
