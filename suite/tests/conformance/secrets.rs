//! Secrets at rest: nowhere in the store in clear, and readable only where they belong.

use std::fs;

use app::{StoreError, StoreUrl, Tx, accounts};
use domain::{Scope, Secret, Webhook, samples::acme};
use store::webhooks;
use suite::{TestStore, stores};

use crate::kit::{carry_out, console, id, open, read, rows, sabotage, webhook, write};

const HEADER: &str = "Bearer canary-of-a-header-value";
const KEY: [u8; 32] = *b"canary-of-a-key-that-signs-32-by";

fn canary() -> Webhook {
    let mut webhook = webhook(1);
    webhook.headers = vec![("Authorization".into(), HEADER.into())];
    webhook.keys[0].secret = Secret::from_bytes(&KEY);
    webhook
}

/// All bytes of an SQLite store's files; all rows of all tables of a PostgreSQL store.
async fn everything(store: &TestStore) -> Vec<u8> {
    if let StoreUrl::Sqlite(path) = &store.url {
        let log = path.with_extension("db-wal");
        let bytes = [path, &log].map(|file| fs::read(file).expect("the store has its files"));
        assert!(!bytes[1].is_empty(), "what was just written is in the log");
        return bytes.concat();
    }
    let mut all = String::new();
    let tables = "select table_name from information_schema.tables where table_schema = 'public'";
    for table in rows(store, "", tables).await {
        let query = format!("select t::text from {} t", table[0]);
        rows(store, "", &query).await.iter().for_each(|row| all.push_str(&row[0]));
    }
    all.into_bytes()
}

fn contains(bytes: &[u8], part: impl AsRef<[u8]>) -> bool {
    let part = part.as_ref();
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn no_secret_is_in_the_store_in_clear() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        write(&db, |tx| webhooks::insert(tx, &canary())).await;
        write(&db, |tx| webhooks::update(tx, &canary())).await;
        let rotated = carry_out(&db, |tx| app::webhooks::rotate_secret(tx, &console(), id(1))).await;
        let make = |tx: &mut Tx<'_>| accounts::create_key(tx, &console(), "canary", Scope::Admin, None);
        let (_, key) = carry_out(&db, make).await;

        let all = everything(&store).await;
        assert!(contains(&all, "https://crm.example.com/in"), "this is where a secret would be found");
        let (old, new) = (Secret::from_bytes(&KEY).to_text(), rotated.secret.to_text());
        for secret in [old.reveal(), new.reveal(), HEADER, key.reveal()] {
            assert!(!contains(&all, secret), "{secret}");
            // Nor without its prefix, nor a piece of it.
            let middle = &secret[secret.len() / 2 - 6..secret.len() / 2 + 6];
            assert!(!contains(&all, middle), "{middle}");
        }
        assert!(!contains(&all, &KEY[..16]), "the bytes of the key itself");
        let found = read(&db, |tx| webhooks::find(tx, acme().id, id(1))).await.unwrap();
        assert_eq!(found.headers, canary().headers);
        assert_eq!(found.keys.len(), 2);
    }
}

#[tokio::test]
async fn what_is_encrypted_for_one_place_cannot_be_read_at_another() {
    for (table, column) in [("webhook", "headers"), ("webhook_secret", "secret")] {
        for store in stores().await {
            let (db, _) = open(&store).await;
            let insert = |tx: &mut Tx<'_>| {
                webhooks::insert(tx, &canary()).and_then(|()| webhooks::insert(tx, &webhook(2)))
            };
            write(&db, insert).await;
            let swap = format!("update {table} set {column} = (select max({column}) from {table})");
            sabotage(&store, &swap).await;
            let mut readable = 0;
            for number in 1..=2 {
                match db.read(move |tx| webhooks::find(tx, acme().id, id(number))).await {
                    Ok(Some(_)) => readable += 1,
                    Err(StoreError::Unavailable(why)) => {
                        assert!(why.contains("cannot be decrypted"), "{why}");
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(readable, 1, "{table}.{column} is good where it came from alone");
        }
    }
}
