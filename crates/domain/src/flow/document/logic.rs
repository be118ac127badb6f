//! The form of conditions and assignments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::flow::value::{Number, Value};

/// See [`Node::Condition`](super::Node::Condition).
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

/// See [`Node::Set`](super::Node::Set).
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
