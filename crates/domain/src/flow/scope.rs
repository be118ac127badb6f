//! Which values a name stands for: the variables of a conversation and the built-in ones.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::value::{Number, Value};

/// What every flow can read and none can set.
pub const BUILT_IN: [&str; 4] = ["greeting", "conversation_ref", "today", "current_year"];

/// What `step` must know of the world around a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Env {
    /// Date and time where the visitor is.
    pub now: DateTime,
    /// Where phone numbers without a country code belong (ISO 3166-1 alpha-2), if known.
    pub region: Option<String>,
    /// How the conversation is called towards the visitor: `{{conversation_ref}}`.
    pub reference: String,
}

/// The values that names stand for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub variables: &'a BTreeMap<String, Value>,
    pub env: &'a Env,
}

impl Scope<'_> {
    /// The value of that name; None if it has none, or only white space.
    pub fn get(&self, name: &str) -> Option<Value> {
        match name {
            "greeting" => Some(Value::from(greeting(self.env.now))),
            "conversation_ref" => Some(Value::Text(self.env.reference.clone())),
            "today" => Some(Value::Text(self.env.now.date().to_string())),
            "current_year" => Some(Value::Number(Number::from(self.env.now.year()))),
            _ => self.variables.get(name).cloned(),
        }
        .filter(|value| !value.is_blank())
    }
}

fn greeting(now: DateTime) -> &'static str {
    match now.hour() {
        5..12 => "Good morning",
        12..18 => "Good afternoon",
        _ => "Good evening",
    }
}

/// Whether variables may have that name: `[a-z][a-z0-9_]{0,63}`.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Where the extension of a phone number goes that is stored in `var`.
pub(super) fn extension_of(var: &str) -> String {
    format!("{var}_extension")
}
