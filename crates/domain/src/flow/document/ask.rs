//! The form of a question for a value that the visitor types.

use serde::{Deserialize, Serialize};

use crate::flow::value::Number;

/// See [`Node::Ask`](super::Node::Ask).
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}
