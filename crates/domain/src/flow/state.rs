//! Where a conversation is in its flow: all that a flow remembers between two inputs, storable as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Flow, value::Value};
use crate::contact::Fields;

/// Where a conversation is. Belongs to the flow that made it and to no other version of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// At which node, and how.
    pub place: Place,
    /// How many questions were asked; the number of the last one.
    pub questions: u32,
    /// Variables that have a value.
    pub variables: BTreeMap<String, Value>,
    /// The last answer to a consent node, if there was one.
    pub consent: Option<bool>,
    /// Valid answers to questions for name, e-mail address and phone number, the latest of each. One that is being
    /// asked for again does not count until it is given.
    pub captured: Fields,
    /// The contact that was told last.
    pub saved: Option<Fields>,
}

/// At which node a conversation is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before the first.
    #[default]
    Unbegun,
    /// A question waits for its answer.
    Asking(Asking),
    /// Operators have it, or are called.
    HandedOver {
        /// The handover node.
        node: String,
    },
    /// After the last.
    Done,
}

/// A question that waits for its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// The node that asks.
    pub node: String,
    /// How many invalid replies there were.
    pub attempts: u32,
    /// The valid answer that waits to be confirmed, if it does.
    pub confirming: Option<Answer>,
    /// What was suggested instead of the last reply; `yes` takes it.
    pub suggested: Option<String>,
}

/// A valid answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the variable becomes.
    pub value: Value,
    /// The extension of a phone number.
    pub extension: Option<String>,
}

impl State {
    /// Number of the question that waits for its answer.
    pub fn pending(&self) -> Option<u32> {
        matches!(self.place, Place::Asking(_)).then_some(self.questions)
    }

    /// Whether operators have the conversation, or are called.
    pub fn is_handed_over(&self) -> bool {
        matches!(self.place, Place::HandedOver { .. })
    }

    /// Whether the flow has ended.
    pub fn is_done(&self) -> bool {
        self.place == Place::Done
    }
}

/// The contact that may be told when a conversation closes before it came to save one: only with a valid e-mail
/// address or phone number, and, if the flow asks for consent anywhere, only if it was given in this conversation.
/// After a contact was saved, only if an address or number is new; what else was saved with it still belongs to it.
pub fn early_contact(flow: &Flow, state: &State) -> Option<Fields> {
    let allowed = !flow.asks_consent() || state.consent == Some(true);
    let Fields { name, email, phone } = state.captured.clone();
    let saved = state.saved.clone().unwrap_or_default();
    let is_new = |now: &Option<String>, before: &Option<String>| now.is_some() && now != before;
    let news = is_new(&email, &saved.email) || is_new(&phone, &saved.phone);
    (allowed && news).then(|| Fields {
        name: name.or(saved.name),
        email: email.or(saved.email),
        phone: phone.or(saved.phone),
    })
}
