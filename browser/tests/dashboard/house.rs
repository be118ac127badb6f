//! The place: the server on a store of its own, a receiver of its events, and the API's key to both.
//!
//! Must not know what is done there.

use std::sync::atomic::{AtomicUsize, Ordering};

use browser::{Receiver, Server};
use reqwest::{Client, Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

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

    /// The server on an empty store: nobody is there yet, and there is no key.
    pub async fn bare() -> Self {
        let receiver = Receiver::start(&[]).await;
        let mut server = Server::new(&receiver.address());
        server.start().await;
        Self { server, receiver, key: String::new() }
    }

    /// The path of the link with which the first member comes in.
    pub fn set_up_link(&self) -> String {
        let said = self.server.said();
        let link = said.split_once("set up at ").and_then(|(_, rest)| rest.lines().next());
        link.unwrap_or_else(|| panic!("it does not say where to begin: {said}")).replace(&self.server.url, "")
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
        let (status, text) = self.offer(method, path, &body).await;
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Any call of the API, and what it answers.
    pub async fn offer(&self, method: Method, path: &str, body: &Value) -> (StatusCode, String) {
        let request = Client::new().request(method, self.server.at(&format!("/api/v1{path}")));
        let request = request.bearer_auth(&self.key);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        (answer.status(), answer.text().await.expect("an answer has a text"))
    }

    /// The store, for what cannot be had by the API in the time that a test has.
    pub fn store(&self) -> Connection {
        let store = Connection::open(self.server.store()).expect("the store can be opened");
        store.busy_timeout(std::time::Duration::from_secs(20)).expect("it can wait");
        store
    }

    /// The path of a link with which somebody becomes a member of that role.
    pub async fn invite(&self, role: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let email = format!("{role}{}@example.com", COUNT.fetch_add(1, Ordering::Relaxed));
        let link = self.server.say(&["member", "add", "--email", &email, "--role", role]).await;
        let path = link.strip_prefix(&self.server.url);
        path.unwrap_or_else(|| panic!("{link} does not lead to {}", self.server.url)).to_owned()
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
