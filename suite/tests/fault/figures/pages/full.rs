//! A store as it is after three months of good business, written past the product: as many rows as the dashboard is
//! promised to be quick with, in a minute or two.
//!
//! What has secrets or rules of its own (account, key, bots, webhooks) is made by the product; the rest is `full.sql`.
//! `LEADPOST_FAULT_STORE` names a folder in which it is kept for the next run.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use app::StoreUrl;
use domain::SessionToken;
use rusqlite::{Connection, params};
use serde_json::json;
use suite::TestStore;
use tokio::task::spawn_blocking;

use crate::{
    child::{Place, Server, about, make_key, run, serve},
    figures::arrivals::Sink,
    form,
    wire::Client,
};

/// How many webhooks there are; the last is paused.
const WEBHOOKS: usize = 5;
/// From the first row to the last.
const DAYS: u32 = 89;

/// How many rows.
#[derive(Clone, Copy)]
pub struct Size {
    /// Deliveries; half as many events.
    pub deliveries: u32,
    /// Contacts.
    pub contacts: u32,
    /// Conversations, with six messages each.
    pub conversations: u32,
}

/// A full store and where it lies.
pub struct Full {
    /// For the command line.
    pub place: Place,
    path: PathBuf,
    _store: Option<TestStore>,
}

impl Full {
    /// Fills a store, unless one is kept.
    pub async fn make(size: Size) -> Self {
        let kept =
            form::variable("LEADPOST_FAULT_STORE").map(|folder| PathBuf::from(folder).join("leadpost.db"));
        if let Some(path) = kept.clone().filter(|path| path.exists()) {
            let place = Place::file(&path);
            run(about(&place, &["migrate"])).await;
            return Self { place, path, _store: None };
        }
        let store = TestStore::sqlite();
        let StoreUrl::Sqlite(path) = store.url.clone() else { unreachable!("it is on SQLite") };
        prepare(&store).await;
        let filled = path.clone();
        spawn_blocking(move || fill(&filled, size)).await.expect("it is filled");
        if let Some(kept) = kept {
            fs::copy(&path, &kept).expect("it can be copied");
            fs::copy(store.key_file(), kept.with_file_name("leadpost.db.key")).expect("so can its key");
        }
        Self { place: Place::of(&store), path, _store: Some(store) }
    }

    /// A new member, who is signed in: the value of the header `cookie`.
    pub fn sign_in(&self, role: &str) -> String {
        let database = open(&self.path);
        let bytes: Vec<u8> =
            database.query_row("select randomblob(64)", [], |row| row.get(0)).expect("bytes");
        let (secret, ids) = bytes.split_first_chunk::<32>().expect("there are 64");
        let token = SessionToken::from_bytes(secret);
        let now = "cast(unixepoch('subsec') * 1000000 as integer)";
        let (member, session) = (ids[..16].to_vec(), ids[16..].to_vec());
        let name = u64::from_le_bytes(*ids.first_chunk().expect("there are more"));
        let address = format!("{role}-{name:x}@example.com");
        let member_sql = format!(
            "insert into member (account_id, id, email, email_key, name, role, password, created_at)
             select id, ?1, ?2, ?2, 'Ada Andersson', ?3, '', {now} from account"
        );
        database.execute(&member_sql, params![member, address, role]).expect("a member can be added");
        let session_sql = format!(
            "insert into session (account_id, id, member_id, token_hash, agent, address, created_at, seen_at, confirmed_at)
             select id, ?1, ?2, ?3, 'test', '127.0.0.1', {now}, {now}, {now} from account"
        );
        database
            .execute(&session_sql, params![session, member, token.hash()])
            .expect("a session can be added");
        format!("leadpost={}", token.reveal())
    }
}

/// Makes what only the product can make.
async fn prepare(store: &TestStore) {
    let place = Place::of(store);
    let key = make_key(&place, "admin").await;
    let (server, address) = Server::start(serve(&place, &[])).await;
    let sink = Sink::start(Duration::ZERO).await;
    let mut client = Client::new(address, &key);
    for name in ["Travel desk", "Front desk"] {
        let made = client
            .post("/chatbots", &json!({"name": name, "template": "travel-desk"}).to_string(), 201)
            .await;
        let id = made["id"].as_str().expect("an id");
        client.post(&format!("/chatbots/{id}/publish"), "", 200).await;
    }
    for number in 1..=WEBHOOKS {
        let types = ["Contact Information", "Chat Transcript", "Marker Completed"];
        let body = json!({"name": format!("CRM {number}"), "url": sink.url(), "event_types": types});
        let made = client.post("/webhooks", &body.to_string(), 201).await;
        if number == WEBHOOKS {
            let id = made["id"].as_str().expect("an id");
            client.post(&format!("/webhooks/{id}/pause"), "", 200).await;
        }
    }
    let (ended, _) = server.stop().await;
    assert!(ended.success(), "{ended}");
}

fn open(path: &Path) -> Connection {
    let database = Connection::open(path).expect("the store opens");
    database.busy_timeout(Duration::from_secs(10)).expect("it waits");
    database
}

fn fill(path: &Path, size: Size) {
    let database = open(path);
    // Whatever happens meanwhile, it is filled anew.
    let quick = "pragma journal_mode = off; pragma synchronous = off; pragma foreign_keys = off;
        pragma cache_size = -524288; pragma temp_store = memory;
        create temp table size (now, days, deliveries, contacts, conversations);";
    database.execute_batch(quick).expect("the store is SQLite");
    let sized = "insert into size select cast(unixepoch('subsec') * 1000000 as integer), ?1, ?2, ?3, ?4";
    let Size { deliveries, contacts, conversations } = size;
    database.execute(sized, params![DAYS, deliveries, contacts, conversations]).expect("there is a size");
    for statement in include_str!("full.sql").split_inclusive(";\n") {
        database.execute_batch(statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
    let wrong: i64 = database
        .query_row("select count(*) from pragma_foreign_key_check", [], |row| row.get(0))
        .expect("it can be checked");
    assert_eq!(wrong, 0, "rows refer to what is not there");
    database.execute_batch("pragma journal_mode = wal;").expect("the product's mode");
}
