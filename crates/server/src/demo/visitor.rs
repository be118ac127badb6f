//! The demo's visitor: somebody in front of a web page, who talks to the chatbot through the endpoints that the
//! widget uses.

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::words;
use crate::client::Client;

/// What the visitor does at a question.
#[derive(Clone, Copy)]
pub enum Act {
    /// Press the button with that value.
    Choose(&'static str),
    /// Type.
    Type(&'static str),
}

/// How somebody books a trip, who mistypes an e-mail address at first: up to the contact, and to the end.
pub const BOOKING: [&[Act]; 2] = [
    &[
        Act::Choose("book"),
        Act::Type("Lisbon"),
        Act::Type("tomorrow"),
        Act::Type("2"),
        Act::Choose("500-1500"),
        Act::Type("John Carter"),
        Act::Type("john.carter@outlook"),
        Act::Type("john.carter@outlook.com"),
        Act::Type("+91 98111 23456"),
        Act::Choose("yes"),
    ],
    &[Act::Choose("no")],
];

/// A browser with the widget open.
pub struct Visitor {
    client: Client,
    path: String,
    origin: String,
    token: String,
    cursor: String,
    /// What the bot asked last, if it waits for an answer.
    ask: Value,
    said: u32,
}

impl Visitor {
    /// Opens the widget of a chatbot on a page of `origin`.
    pub async fn open(mut client: Client, public_key: &str, origin: &str) -> anyhow::Result<Self> {
        let (path, headers) = (format!("/w/{public_key}"), [("origin", origin)]);
        let opened = client.post(&format!("{path}/open"), &headers, "{}").await?.json()?;
        let token = opened["token"].as_str().context("the widget gets a token")?.to_owned();
        let mut visitor = Self {
            client,
            path,
            origin: origin.to_owned(),
            token,
            cursor: String::new(),
            ask: Value::Null,
            said: 0,
        };
        visitor.show(&opened)?;
        Ok(visitor)
    }

    /// Does something, and shows what comes back.
    pub async fn act(&mut self, act: Act) -> anyhow::Result<()> {
        self.said += 1;
        let mut body = json!({
            "token": self.token,
            "cursor": self.cursor,
            "id": format!("demo-{}", self.said),
            "page_url": format!("{}/demo", self.origin),
        });
        match act {
            Act::Choose(value) => {
                body["choice"] = value.into();
                body["question"] = self.ask["question"].clone();
            }
            Act::Type(text) => body["text"] = text.into(),
        }
        let headers = [("origin", self.origin.as_str())];
        let answer = self.client.post(&format!("{}/messages", self.path), &headers, body.to_string()).await?;
        let update = answer.json()?;
        self.show(&update)
    }

    fn show(&mut self, update: &Value) -> anyhow::Result<()> {
        let messages = update["messages"].as_array().context("an update has messages")?;
        // All of it comes again when the conversation begins: only what the visitor said then is new.
        let shown = self.said > 0 && update["reset"] == true;
        let new = if shown { messages.iter().position(|it| it["author"] == "visitor") } else { Some(0) };
        for message in &messages[new.unwrap_or(0)..] {
            let (author, text) = (message["author"].as_str(), message["text"].as_str());
            words::line(author.unwrap_or_default(), text.unwrap_or_default(), &message["ask"])?;
            self.ask = message["ask"].clone();
        }
        match update["cursor"].as_str() {
            Some(cursor) => cursor.clone_into(&mut self.cursor),
            None => bail!("an update has no cursor"),
        }
        Ok(())
    }
}
