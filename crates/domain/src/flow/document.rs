//! The document of a flow: its nodes as JSON, read strictly and written canonically.
//!
//! Only shapes are known here. Which documents make sense is for `check` to say, what they do for `step`.

mod ask;
mod logic;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use ask::{AskNode, AskType, Bound, Transform};
pub use logic::{
    Branch, ConditionNode, Literal, MapSource, Op, Operand, SetNode, Source, Test, VariableOperand,
};

use crate::{FieldError, Invalid};

/// The one version of the document's form there is so far.
pub const SCHEMA: u32 = 1;
/// Most bytes of a document.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most nodes of a document.
pub const MAX_NODES: usize = 500;
/// Most different patterns of a document: each takes memory and time to compile.
pub const MAX_PATTERNS: usize = 50;

/// A flow as it is stored and edited.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Id of the node that a conversation begins with.
    pub start: String,
    /// Variables that the page around the widget may bring along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefill: Vec<String>,
    /// In the order in which the editor lists them.
    pub nodes: Vec<Node>,
}

/// One step of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Node {
    /// Says something.
    Message(MessageNode),
    /// Asks for a value that the visitor types.
    Ask(Box<AskNode>),
    /// Asks for one of several answers.
    Choice(ChoiceNode),
    /// Goes where the first branch whose tests all hold leads.
    Condition(ConditionNode),
    /// Gives a variable a value.
    Set(SetNode),
    /// One end of what the bot report counts.
    Marker(MarkerNode),
    /// Asks whether the visitor's details may be kept.
    Consent(ConsentNode),
    /// Tells the contact.
    SaveContact(SaveNode),
    /// Hands the conversation to operators.
    Handover(HandoverNode),
    /// Goes elsewhere.
    Jump(JumpNode),
    /// Ends the conversation, or begins it anew.
    End(EndNode),
}

/// See [`Node::Message`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageNode {
    /// Unique in the flow, 1 to 64 of `[A-Za-z0-9_-]`; so in every node.
    pub id: String,
    /// What the bot says; `{{name}}` stands for a variable's value, here and in every text.
    pub text: String,
    /// Where it goes on; so in every node.
    pub next: String,
}

/// See [`Node::Choice`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceNode {
    /// Id.
    pub id: String,
    /// The question.
    pub text: String,
    /// Where the value of the answer goes, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub var: Option<String>,
    /// The answers.
    pub options: Vec<ChoiceOption>,
    /// Where options without a target of their own lead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One answer of a [`ChoiceNode`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOption {
    /// What is stored.
    pub value: String,
    /// What is shown; the value if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl ChoiceOption {
    /// What the visitor sees.
    pub fn shown(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.value)
    }
}

/// See [`Node::Marker`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkerNode {
    /// Id.
    pub id: String,
    /// What the bot report shows; NFC, without white space around it.
    pub name: String,
    /// Which end it is.
    pub edge: Edge,
    /// Where it goes on.
    pub next: String,
}

/// The two ends of what a marker counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Just before it.
    Start,
    /// Just after it.
    End,
}

/// See [`Node::Consent`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentNode {
    /// Id.
    pub id: String,
    /// The question, kept with the answer.
    pub text: String,
    /// Where true or false goes, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub var: Option<String>,
    /// Where yes leads.
    pub yes: String,
    /// Where no leads.
    pub no: String,
    /// What is shown for yes; `Yes` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yes_label: Option<String>,
    /// What is shown for no; `No` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_label: Option<String>,
}

/// See [`Node::SaveContact`]. Its fields name variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaveNode {
    /// Id.
    pub id: String,
    /// Has the contact's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Has the e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Has the phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What else is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<String>,
    /// Where it goes on if there is neither e-mail address nor phone number; `next` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// Where it goes on.
    pub next: String,
}

/// See [`Node::Handover`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandoverNode {
    /// Id.
    pub id: String,
    /// Whose operators.
    pub department: String,
    /// What the bot says first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where it goes on when nobody is there.
    pub offline: String,
    /// Where it goes on when an operator hands back; `offline` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// See [`Node::Jump`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JumpNode {
    /// Id.
    pub id: String,
    /// Where it goes on.
    pub to: String,
}

/// See [`Node::End`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndNode {
    /// Id.
    pub id: String,
    /// The last words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What follows.
    pub then: Then,
}

/// What follows an [`EndNode`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The conversation is closed.
    Close,
    /// It goes on at that node; answers are forgotten, except for prefilled variables.
    Restart(String),
}

impl Node {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Node::Message(node) => &node.id,
            Node::Ask(node) => &node.id,
            Node::Choice(node) => &node.id,
            Node::Condition(node) => &node.id,
            Node::Set(node) => &node.id,
            Node::Marker(node) => &node.id,
            Node::Consent(node) => &node.id,
            Node::SaveContact(node) => &node.id,
            Node::Handover(node) => &node.id,
            Node::Jump(node) => &node.id,
            Node::End(node) => &node.id,
        }
    }
}

/// The document around its nodes, which are read one by one so that each error says where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outline<'a> {
    #[serde(rename = "schema")]
    _schema: u32,
    start: String,
    #[serde(default)]
    prefill: Vec<String>,
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
}

/// What is looked at first: the rest of another version's document says nothing to this one.
#[derive(Deserialize)]
struct Version {
    schema: Option<serde_json::Number>,
}

impl Document {
    /// Reads a document's form. What it says may still make no sense.
    ///
    /// # Errors
    ///
    /// If it is too long, no JSON, of another schema, or has fields that are missing, unknown or of the wrong type.
    pub fn read(text: &str) -> Result<Document, Invalid> {
        if text.len() > MAX_BYTES {
            return Err(Invalid::field(
                "",
                format!("the flow has {} bytes; at most {MAX_BYTES} are taken", text.len()),
            ));
        }
        let unread = |error: serde_json::Error| Invalid::field("", error.to_string());
        let version: Version = serde_json::from_str(text).map_err(unread)?;
        if let Some(other) = version.schema.filter(|schema| schema.as_u64() != Some(SCHEMA.into())) {
            return Err(Invalid::field(
                "/schema",
                format!("schema {other} is not known here; write {SCHEMA}"),
            ));
        }
        let outline: Outline = serde_json::from_str(text).map_err(unread)?;
        if outline.nodes.len() > MAX_NODES {
            let message =
                format!("the flow has {} nodes; at most {MAX_NODES} are taken", outline.nodes.len());
            return Err(Invalid::field("/nodes", message));
        }
        let nodes = read_nodes(&outline.nodes)?;
        Ok(Document { schema: SCHEMA, start: outline.start, prefill: outline.prefill, nodes })
    }
}

fn read_nodes(texts: &[&RawValue]) -> Result<Vec<Node>, Invalid> {
    let mut nodes = Vec::with_capacity(texts.len());
    let mut errors = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match serde_json::from_str(text.get()) {
            Ok(node) => nodes.push(node),
            Err(error) => {
                errors.push(FieldError { pointer: format!("/nodes/{index}"), message: placeless(&error) });
            }
        }
    }
    if errors.is_empty() { Ok(nodes) } else { Err(Invalid { code: "invalid", errors }) }
}

/// The message without line and column, which would count from the beginning of the node.
fn placeless(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.rsplit_once(" at line ").map_or(message.clone(), |(words, _)| words.to_owned())
}
