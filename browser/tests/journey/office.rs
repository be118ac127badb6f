//! Everything but the people: the server, the receiver of its events, and a page of somebody else with the widget on
//! it. It may be a place where the server dies all the time.
//!
//! Must not know the story.

use axum::{Router, response::Html, routing::get};
use browser::{Receiver, Server};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the webhook and its receiver both know.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw8gMDlmq5YRk=";

/// What becomes of the server while people act.
#[derive(Clone, Copy, PartialEq)]
pub enum Fate {
    /// It runs.
    Calm,
    /// It is killed at every step, each time at another moment of it, and started again.
    Deadly,
}

/// The place.
pub struct Office {
    /// The server under test.
    pub server: Server,
    /// Where its events go.
    pub receiver: Receiver,
    /// The address of the page with the widget.
    pub page: String,
    /// The link with which the operator joins.
    pub invitation: String,
    key: String,
    fate: Fate,
    steps: usize,
}

impl Office {
    /// Sets all of it up over the API: a chatbot from the template, published, and a webhook for both types.
    pub async fn open(fate: Fate) -> Self {
        let receiver = Receiver::start(&[SECRET]).await;
        let mut server = Server::new(&receiver.address());
        let key = server.make_key("Owner", "admin").await;
        let invitation = server.invite("priya@example.com", "operator").await;
        server.start().await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let page = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let office = Self { server, receiver, page, invitation, key, fate, steps: 0 };
        let tag = office.set_up().await;
        let html = PAGE.replace("{tag}", &tag);
        let router = Router::new().route("/", get(async || Html(html)));
        tokio::spawn(async { axum::serve(listener, router).await.expect("it serves") });
        office
    }

    /// The script tag of the chatbot that was made.
    async fn set_up(&self) -> String {
        let bot = json!({"name": "Meridian Travel Desk", "template": "travel-desk",
            "settings": {"allowed_origins": [self.page]}});
        let bot = self.call(Method::POST, "/chatbots", Some(bot)).await;
        let id = bot["id"].as_str().expect("a chatbot has an id");
        self.call(Method::POST, &format!("/chatbots/{id}/publish"), None).await;
        let url = self.receiver.url();
        let webhook = json!({"name": "CRM", "url": url, "secret": SECRET, "retry": "10min",
            "event_types": ["Contact Information", "Chat Transcript"]});
        self.call(Method::POST, "/webhooks", Some(webhook)).await;
        let tag = bot["snippet"].as_str().expect("a chatbot has a script tag");
        assert!(tag.contains(&format!("\"{}/widget.js\"", self.server.url)), "{tag}");
        tag.to_owned()
    }

    /// What the API shows at that path.
    pub async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    /// A call of the API that must succeed.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = Client::new().request(method, format!("{}/api/v1{path}", self.server.url));
        request = request.bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let (status, text) = (answer.status(), answer.text().await.expect("an answer has a text"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Somebody does something that needs no server yet: it may die before, meanwhile, or right after.
    pub async fn step(&mut self, act: impl AsyncFnOnce()) {
        self.steps += 1;
        match (self.fate, self.steps % 3) {
            (Fate::Calm, _) => act().await,
            (Fate::Deadly, 0) => {
                self.server.kill().await;
                act().await;
                self.server.start().await;
            }
            (Fate::Deadly, 1) => {
                act().await;
                self.die_and_rise().await;
            }
            (Fate::Deadly, _) => {
                self.die_and_rise().await;
                act().await;
            }
        }
    }

    /// Between two steps: where the server dies all the time, it does.
    pub async fn pause(&mut self) {
        if self.fate == Fate::Deadly {
            self.die_and_rise().await;
        }
    }

    async fn die_and_rise(&mut self) {
        self.server.kill().await;
        self.server.start().await;
    }
}

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Meridian Travel</title>
<style>body { max-width: 40em; margin: 4em; font: 18px/1.6 Georgia, serif; }</style>
<h1>Meridian Travel</h1>
<p>We plan journeys by train and ship through all of Europe.</p>
{tag}
</html>"#;
