//! What goes into a step of a flow and what comes out of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contact::Fields;

use super::{
    document::{AskType, Edge},
    state::State,
    value::Value,
};

/// Something that happened in a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// It begins.
    Begin {
        /// What the page brought along. Taken is what the flow declares and what could as well have been typed.
        variables: BTreeMap<String, Value>,
    },
    /// The visitor typed something.
    Answer {
        /// As it was typed.
        text: String,
        /// The question that the visitor saw last, if the client knows it.
        question: Option<u32>,
    },
    /// The visitor pressed a button.
    Choose {
        /// The value behind it.
        value: String,
        /// The question that it belongs to.
        question: u32,
    },
    /// The visitor skipped a question.
    Skip {
        /// The question.
        question: u32,
    },
    /// The handover found nobody, or nobody came in time.
    Offline,
    /// An operator handed the conversation back.
    Returned,
}

/// What follows from an [`Input`].
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// From where the next input goes on.
    pub state: State,
    /// What to store as the visitor's message: a reply exactly as it was typed, or the label of the button. None if
    /// the input was no message or is stale.
    pub heard: Option<String>,
    /// What is said and done, in this order; all of it after what was heard.
    pub steps: Vec<Step>,
    /// True if the input fits nothing that is pending (an answer to an earlier question, a second `Offline`):
    /// nothing changed.
    pub stale: bool,
    /// How many nodes were entered; at most [`MAX_STEPS`](super::MAX_STEPS).
    pub entered: u32,
}

impl Turn {
    /// What is said, in order.
    pub fn said(&self) -> impl Iterator<Item = &Said> {
        self.steps.iter().filter_map(|step| match step {
            Step::Said(said) => Some(said),
            Step::Effect(_) => None,
        })
    }

    /// What is done, in order.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.steps.iter().filter_map(|step| match step {
            Step::Effect(effect) => Some(effect),
            Step::Said(_) => None,
        })
    }
}

/// One thing that the bot says or has done.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A message of the bot.
    Said(Said),
    /// Something for the caller to do.
    Effect(Effect),
}

/// A message of the bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Its text.
    pub text: String,
    /// What the visitor is asked with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
}

/// How the visitor can reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Number of the question in the conversation. Asking again is a new question.
    pub question: u32,
    /// What kind of reply is expected.
    pub kind: AskKind,
    /// True if it may be skipped.
    pub optional: bool,
    /// Buttons; none if the reply is typed.
    pub choices: Vec<Choice>,
}

/// The kinds of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskKind {
    /// Any text.
    Text,
    /// A person's name.
    Name,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A number.
    Number,
    /// A date.
    Date,
    /// An address of the web.
    Link,
    /// What matches a pattern.
    Regex,
    /// Yes or no.
    Confirm,
    /// One of several answers.
    Choice,
    /// Yes or no to keeping the visitor's details.
    Consent,
}

impl From<AskType> for AskKind {
    fn from(asks: AskType) -> Self {
        match asks {
            AskType::Text => Self::Text,
            AskType::Name => Self::Name,
            AskType::Email => Self::Email,
            AskType::Phone => Self::Phone,
            AskType::Number => Self::Number,
            AskType::Date => Self::Date,
            AskType::Link => Self::Link,
            AskType::Regex => Self::Regex,
            AskType::Confirm => Self::Confirm,
        }
    }
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What the client sends.
    pub value: String,
    /// What the visitor sees.
    pub label: String,
}

/// Something for the caller to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// One end of a marker was hit.
    Marker {
        /// Its name.
        name: String,
        /// Which end.
        edge: Edge,
    },
    /// The visitor said whether the details may be kept.
    Consent {
        /// The answer.
        given: bool,
        /// The question, as it was asked.
        text: String,
    },
    /// A contact is told. It has an e-mail address or a phone number. The same may be told again when the visitor
    /// comes by again: whether that is news is for the caller to see.
    Save {
        /// Who it is.
        contact: Fields,
        /// What else is known, in the order of the node; variables without a value are left out.
        custom: Vec<(String, Value)>,
    },
    /// Operators are called.
    Handover {
        /// Whose.
        department: String,
    },
    /// The conversation is to be closed.
    Close {
        /// Why.
        reason: Ending,
    },
}

/// Why a flow closes a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It came to its end.
    Finished,
    /// It went through too many nodes without asking anything: see [`step`](super::step).
    Budget,
}
