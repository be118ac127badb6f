//! The place: the server on a store of its own, a receiver of its events, and the API's key to both.
//!
//! Must not know what is done there.

use std::sync::atomic::{AtomicU8, Ordering};

use browser::{Receiver, Server};
use reqwest::{Client, Method};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The place.
pub struct House {
    /// The server under test.
    pub server: Server,
    /// Takes what it gets, unless told otherwise.
    pub receiver: Receiver,
    /// An admin's key.
    pub key: String,
}

impl House {
    /// Opens it: an account, and nothing in it but a key.
    pub async fn open() -> Self {
        let receiver = Receiver::start(&[]).await;
        let mut server = Server::new(&receiver.address());
        let key = server.make_key("Owner", "admin").await;
        server.start().await;
        Self { server, receiver, key }
    }

    /// What the API shows at that path.
    pub async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, Value::Null).await
    }

    /// What the API answers to that body.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, body).await
    }

    /// A call of the API that must succeed.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = Client::new().request(method, self.server.at(&format!("/api/v1{path}")));
        let request = request.bearer_auth(&self.key);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let (status, text) = (answer.status(), answer.text().await.expect("an answer has a text"));
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The store, for what cannot be had by the API in the time that a test has.
    pub fn store(&self) -> Connection {
        let store = Connection::open(self.server.store()).expect("the store can be opened");
        store.busy_timeout(std::time::Duration::from_secs(20)).expect("it can wait");
        store
    }

    /// Makes a member with a session; the session's token.
    pub fn session(&self, role: &str) -> String {
        static COUNT: AtomicU8 = AtomicU8::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let token = format!("lps_{}", format!("{number:03}").repeat(14) + "A");
        let hash: String = Sha256::digest(&token).iter().map(|byte| format!("{byte:02x}")).collect();
        let (store, id, email) = (self.store(), [number; 16], format!("{role}{number}@example.com"));
        let account = store.query_row("select id from account", [], |row| row.get::<_, Vec<u8>>(0));
        let account = account.expect("there is one account");
        let now = store.query_row("select strftime('%s', 'now') * 1000000", [], |row| row.get::<_, i64>(0));
        let now = now.expect("there is a clock");
        let member = "insert into member (account_id, id, email, email_key, name, role, password, created_at) \
            values (?1, ?2, ?3, ?3, ?4, ?5, '', ?6)";
        let name = format!("Priya the {role}");
        store.execute(member, params![account, id, email, name, role, now]).expect("a member can be made");
        let session = "insert into session (account_id, id, member_id, token_hash, agent, address, created_at, \
            seen_at, confirmed_at) values (?1, ?2, ?2, ?3, 'Chromium', '127.0.0.1', ?4, ?4, ?4)";
        store.execute(session, params![account, id, hash, now]).expect("a session can be made");
        token
    }
}

/// The id of something that the API showed.
pub fn id(shown: &Value) -> &str {
    shown["id"].as_str().unwrap_or_else(|| panic!("it has no id: {shown}"))
}

/// A webhook's wishes with the smallest differences from the default.
pub fn webhook(name: &str, url: &str) -> Value {
    json!({"name": name, "url": url, "event_types": ["Contact Information", "Chat Transcript"]})
}
