//! The document of a flow: its nodes as JSON, read strictly and written canonically.
//!
//! Only shapes are known here. Which documents make sense is for `check` to say, what they do for `step`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::value::{Number, Value};
use crate::{FieldError, Invalid};

/// The one version of the document's form there is so far.
pub const SCHEMA: u32 = 1;
/// Most bytes of a document.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most nodes of a document.
pub const MAX_NODES: usize = 500;

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

/// See [`Node::Ask`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskNode {
    /// Id.
    pub id: String,
    /// What kind of value is asked for.
    #[serde(rename = "type")]
    pub asks: AskType,
    /// The question.
    pub text: String,
    /// Where the answer goes; only `confirm` may do without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub var: Option<String>,
    /// Where it goes on with an answer; `confirm` has `yes` and `no` instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// `confirm` only: where yes leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yes: Option<String>,
    /// `confirm` only: where no leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no: Option<String>,
    /// What is said to invalid replies, the first to the first and so on; the last one to all further ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// So many invalid replies and the bot gives up; 3 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Where giving up leads; without it the variable stays empty and `next` (`no` of a `confirm`) follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<String>,
    /// True if the visitor may skip it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// A question that gives the answer back to be confirmed before it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// `text` and `regex`: what is done to the reply before it is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// `number` and `date`: the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Bound>,
    /// `number` and `date`: the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Bound>,
    /// `number`: no fraction.
    #[serde(default, skip_serializing_if = "is_false")]
    pub integer: bool,
    /// `date`: Monday to Friday.
    #[serde(default, skip_serializing_if = "is_false")]
    pub weekdays: bool,
    /// `date`: from today to so many days later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u32>,
    /// `regex`: what the whole reply must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// `phone`: only numbers that are assigned, not any of possible length; true if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// `text`: most code points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
}

/// What an [`AskNode`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskType {
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
    /// A date; its value is ISO text such as `2026-11-05`.
    Date,
    /// An address of the web.
    Link,
    /// What matches a pattern.
    Regex,
    /// Yes or no.
    Confirm,
}

/// What is done to a reply first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// In upper case.
    Upper,
    /// In lower case.
    Lower,
    /// Without white space around it, as every reply; says that nothing else is done.
    Trim,
}

/// The least or most of a number or date: a number, an ISO date, `today` or `current_year`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, a date such as \"2026-11-05\", \"today\" or \"current_year\""
)]
pub enum Bound {
    /// Of a number.
    Number(Number),
    /// Of a date, or the current year.
    Word(String),
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

/// See [`Node::Condition`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionNode {
    /// Id.
    pub id: String,
    /// The first that holds is taken.
    pub branches: Vec<Branch>,
    /// Where it goes on if none holds.
    pub default: String,
}

/// One way out of a [`ConditionNode`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// All must hold.
    pub all: Vec<Test>,
    /// Where it goes on then.
    pub next: String,
}

/// One test of a variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The variable.
    pub var: String,
    /// The comparison.
    pub op: Op,
    /// What it is compared with; none for `set` and `empty`, a list for `in`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Literal>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The same.
    Eq,
    /// Not the same; true of an empty variable.
    Ne,
    /// At least.
    Ge,
    /// At most.
    Le,
    /// More than.
    Gt,
    /// Less than.
    Lt,
    /// The same as one of a list.
    In,
    /// Has the text in it.
    Contains,
    /// The pattern matches the whole of it.
    Matches,
    /// Has a value.
    Set,
    /// Has no value.
    Empty,
}

/// What a [`Test`] compares with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text, a number, true or false, or for `in` a list of them")]
pub enum Literal {
    /// One value.
    One(Value),
    /// Several, for `in`.
    Many(Vec<Value>),
}

/// See [`Node::Set`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetNode {
    /// Id.
    pub id: String,
    /// The variable.
    pub var: String,
    /// Its new value.
    pub to: Source,
    /// Where it goes on.
    pub next: String,
}

/// Where a [`SetNode`] has its value from. If there is none (a copy of nothing, a sum with a text), the variable
/// becomes empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Given.
    Value(Value),
    /// Another variable's.
    Copy(String),
    /// A sum.
    Add([Operand; 2]),
    /// A difference.
    Subtract([Operand; 2]),
    /// Looked up.
    Map(MapSource),
    /// What follows the last `@` of an e-mail address, in lower case.
    DomainOf(String),
}

/// One side of a sum or difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number or {\"var\": name}")]
pub enum Operand {
    /// Given.
    Number(Number),
    /// A variable's.
    Variable(VariableOperand),
}

/// `{"var": name}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariableOperand {
    /// The variable.
    pub var: String,
}

/// One value for each value of a variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapSource {
    /// The variable that is looked at.
    pub of: String,
    /// Its values, as texts, and what they give.
    pub cases: BTreeMap<String, Value>,
    /// What every other value gives, and none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
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
