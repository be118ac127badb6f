//! Flows: what a bot says and asks, as data, and what follows from each reply.
//!
//! The cast: a [`Document`] is a flow's JSON; [`Flow::parse`] checks it (`check`) and gives a
//! [`Flow`], which always makes sense: every target exists, every loop waits for the visitor. [`step`] is the
//! whole engine: a pure function from a flow, a [`State`] and an [`Input`] to a [`Turn`], which holds the next
//! state and everything that is said and done, in order. A conversation begins with [`State::default`] and
//! [`Input::Begin`], keeps the version of the flow that it began with, and ends with [`Effect::Close`] or a close
//! from outside, at which [`early_contact`] says what may still be told.
//!
//! What goes wrong here goes wrong softly: an answer that is stale changes nothing, an invalid one is asked for
//! again until the flow gives up on it, and no visitor is trapped. Nothing here knows of stores, widgets or
//! operators; what must be done is an [`Effect`] for the caller.

mod check;
pub mod document;
pub mod draft;
mod evaluate;
mod judge;
mod options;
mod say;
mod scope;
mod state;
mod step;
mod templates;
#[cfg(test)]
mod tests;
mod turn;
mod value;

use std::collections::HashMap;

pub use scope::{BUILT_IN, Env};
pub use state::{Answer, Asking, Place, State, early_contact};
pub use step::{pending_ask, step};
pub use templates::{Template, templates};
pub use turn::{Ask, AskKind, Choice, Effect, Ending, Input, Said, Step, Turn};
pub use value::{Number, Value};

use crate::{Invalid, Pattern};
use check::Patterns;
use document::{AskNode, Document, Node};

/// Most code points of a text in a flow, and of one that the bot says.
pub const MAX_TEXT: usize = 4000;
/// Most nodes that one input can lead through. The check refuses flows that could need more.
pub const MAX_STEPS: u32 = 100;
/// Invalid replies until the bot gives up on a question, unless the question says otherwise.
pub const ATTEMPTS: u32 = 3;

/// A flow that makes sense.
#[derive(Clone, Debug)]
pub struct Flow {
    document: Document,
    /// Where each node stands.
    places: HashMap<String, usize>,
    /// Compiled once, by their texts.
    patterns: Patterns,
}

impl Flow {
    /// Reads and checks a document.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with a JSON Pointer into the document.
    pub fn parse(text: &str) -> Result<Flow, Invalid> {
        let mut document = Document::read(text)?;
        check::normalise(&mut document);
        let patterns = check::check(&document).map_err(|errors| Invalid { code: "invalid", errors })?;
        Ok(Flow::assemble(document, patterns))
    }

    /// What was checked, made ready to run.
    fn assemble(document: Document, patterns: Patterns) -> Flow {
        let places = document.nodes.iter().enumerate().map(|(i, node)| (node.id().to_owned(), i)).collect();
        Flow { document, places, patterns }
    }

    /// The document in canonical form: reading it gives the same flow, writing that the same bytes.
    pub fn text(&self) -> String {
        serde_json::to_string(&self.document).expect("a document has string keys only")
    }

    /// What was read.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What is handed over must be handed to somebody: a department of the account, by its name.
    ///
    /// # Errors
    ///
    /// Every handover to one that there is not.
    pub fn check_departments(&self, known: &[String]) -> Result<(), Invalid> {
        let handovers = self.document.nodes.iter().enumerate().filter_map(|(place, node)| match node {
            Node::Handover(handover) => Some((place, &handover.department)),
            _ => None,
        });
        let unknown = handovers.filter(|(_, name)| !known.contains(name)).map(|(place, name)| {
            let message = format!("there is no department {name:?}; there are: {}", known.join(", "));
            Err(Invalid::field(format!("/nodes/{place}/department"), message))
        });
        Invalid::gather(unknown)
    }

    /// Whether the visitor is asked anywhere whether details may be kept.
    pub fn asks_consent(&self) -> bool {
        self.document.nodes.iter().any(|node| matches!(node, Node::Consent(_)))
    }

    /// The node of that id.
    fn node(&self, id: &str) -> Option<&Node> {
        self.places.get(id).map(|&place| &self.document.nodes[place])
    }

    /// The compiled form of a pattern that stands in the document.
    fn pattern(&self, text: &str) -> Option<&Pattern> {
        self.patterns.get(text)
    }
}

impl PartialEq for Flow {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document
    }
}

impl AskNode {
    /// How many invalid replies it takes.
    fn limit(&self) -> u32 {
        self.attempts.unwrap_or(ATTEMPTS)
    }
}
