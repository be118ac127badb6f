//! What the test double says: a greeting, a choice, a question that may be skipped, and one for an e-mail address.
//!
//! Must not know HTTP. It is no engine, just the one talk that the journeys walk through.

use serde_json::{Value, json};

/// One visitor and all that was said.
pub(crate) struct Visitor {
    pub(crate) messages: Vec<Value>,
    state: &'static str,
    operator: Option<String>,
    typing: bool,
    /// How many conversations there were; the last of them is the current one.
    conversations: usize,
    /// What the bot waits for.
    question: u32,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        let mut visitor = Self {
            messages: Vec::new(),
            state: "none",
            operator: None,
            typing: false,
            conversations: 0,
            question: 0,
        };
        visitor.greet();
        visitor
    }

    /// What the visitor has not seen, who has seen `seen` messages; None has seen nothing.
    pub(crate) fn update(&self, seen: Option<usize>) -> Value {
        let new = &self.messages[seen.unwrap_or(0).min(self.messages.len())..];
        json!({
            "cursor": self.messages.len().to_string(),
            "reset": seen.is_none(),
            "state": self.state,
            "conversation": (self.conversations > 0).then(|| format!("conv_{}", self.conversations)),
            "operator": self.operator.as_ref().map(|name| json!({"name": name})),
            "typing": self.typing,
            "messages": new,
        })
    }

    /// Takes a message in, once: its id says whether it is the same.
    pub(crate) fn take(&mut self, call: &Value) {
        if self.messages.iter().any(|message| message["client_id"] == call["id"]) {
            return;
        }
        if matches!(self.state, "none" | "closed") {
            self.conversations += 1;
            self.question = 1;
            self.state = "bot";
        }
        let text = match (call["choice"].as_str(), call["text"].as_str()) {
            (Some(value), _) => labels().find(|(it, _)| *it == value).map_or(value, |(_, label)| label),
            (None, Some(text)) => text,
            (None, None) => "Skip",
        };
        self.push(json!({"author": "visitor", "text": text, "client_id": call["id"]}));
        if self.state == "bot" {
            self.answer(text);
        }
    }

    pub(crate) fn take_over(&mut self, name: &str) {
        (self.state, self.operator) = ("agent", Some(name.to_owned()));
        self.push(json!({"author": "system", "text": format!("{name} joined the chat")}));
    }

    pub(crate) fn queue(&mut self) {
        self.state = "queued";
    }

    pub(crate) fn set_typing(&mut self, typing: bool) {
        self.typing = typing;
    }

    pub(crate) fn operator_says(&mut self, text: &str) {
        self.typing = false;
        self.push(json!({"author": "operator", "name": self.operator, "text": text}));
    }

    pub(crate) fn bot_says(&mut self, text: &str) {
        self.push(json!({"author": "bot", "text": text}));
    }

    pub(crate) fn close(&mut self) {
        (self.state, self.operator, self.typing) = ("closed", None, false);
    }

    pub(crate) fn typing(&self) -> bool {
        self.typing
    }

    fn greet(&mut self) {
        self.bot_says("Hi, I’m Mia from Meridian Travel Desk 👋");
        self.ask_what();
    }

    fn answer(&mut self, text: &str) {
        let known = labels().any(|(_, label)| label.eq_ignore_ascii_case(text.trim()));
        match self.question {
            1 if !known => self.ask_what(),
            1 => self.ask("Lovely. Where would you like to go, and when?", 2, json!({"kind": "text", "optional": true})),
            2 => self.ask_mail("Which e-mail address may we send the offer to?"),
            3 if text.contains('@') => {
                self.question = 0;
                self.bot_says(&format!(
                    "Thank you! The offer is on its way to {text}.\nUntil then: https://example.com/trips?from=chat."
                ));
            }
            3 => self.ask_mail("That doesn’t look like an e-mail address. Could you check it? It looks like name@example.com."),
            _ => self.bot_says("Noted, thank you."),
        }
    }

    fn ask_what(&mut self) {
        let choices: Vec<_> =
            labels().map(|(value, label)| json!({"value": value, "label": label})).collect();
        self.ask(
            "What can I do for you?",
            1,
            json!({"kind": "choice", "optional": false, "choices": choices}),
        );
    }

    fn ask_mail(&mut self, text: &str) {
        self.ask(text, 3, json!({"kind": "email", "optional": false}));
    }

    fn ask(&mut self, text: &str, question: u32, mut ask: Value) {
        self.question = question;
        ask["question"] = question.into();
        self.push(json!({"author": "bot", "text": text, "ask": ask}));
    }

    fn push(&mut self, mut message: Value) {
        message["seq"] = (self.messages.len() + 1).into();
        message["at"] = "2026-03-04T10:15:30Z".into();
        self.messages.push(message);
    }
}

fn labels() -> impl Iterator<Item = (&'static str, &'static str)> {
    [("holiday", "Plan a holiday"), ("change", "Change a booking"), ("other", "Something else")].into_iter()
}
