//! Values of variables: texts, numbers, true and false.
//!
//! Nothing here knows of nodes. Numbers keep 15 significant digits, so that 0.1 + 0.2 is 0.3 to the visitor and
//! a value that went through JSON is the same value.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};
use unicode_normalization::UnicodeNormalization;

/// Up to here every whole number has at most 15 digits.
const WHOLE: f64 = 1e15;

/// A finite number of at most 15 significant digits; zero has no sign.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Number(f64);

impl Number {
    /// The nearest such number; None of infinities and of what is no number.
    pub fn new(value: f64) -> Option<Number> {
        let rounded: f64 = format!("{value:.14e}").parse().ok()?;
        rounded.is_finite().then_some(Number(rounded + 0.0))
    }

    /// As a float.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The whole number that it is, if it is one.
    #[expect(clippy::cast_possible_truncation, reason = "whole and small enough, as is checked first")]
    fn whole(self) -> Option<i64> {
        (self.0.fract() == 0.0 && self.0.abs() < WHOLE).then_some(self.0 as i64)
    }
}

impl From<i16> for Number {
    fn from(value: i16) -> Self {
        Number(value.into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole() {
            Some(whole) => write!(f, "{whole}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole() {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Number::new(number).ok_or_else(|| serde::de::Error::custom("the number is too large"))
    }
}

/// The value of a variable. In JSON a bare string, number or boolean.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(Number),
    /// True or false.
    Bool(bool),
}

impl Value {
    /// The number that it is or that its text says.
    pub fn number(&self) -> Option<Number> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Text(text) if text.contains(|c: char| c.is_ascii_digit()) => {
                text.trim().parse().ok().and_then(Number::new)
            }
            Value::Text(_) | Value::Bool(_) => None,
        }
    }

    /// Whether both mean the same: two texts (a code `007` is not `7`) without regard to case, as visitors type
    /// them; otherwise as they are ordered.
    pub fn same_as(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => folded(a) == folded(b),
            _ => self.order(other) == Some(Ordering::Equal),
        }
    }

    /// Which is more: as numbers if both say one, otherwise as texts without regard to case; dates are texts in an
    /// order that is theirs. None if only one is a number.
    pub fn order(&self, other: &Value) -> Option<Ordering> {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            (None, None) => Some(folded(&self.to_string()).cmp(&folded(&other.to_string()))),
            _ => None,
        }
    }

    /// Whether the other's text stands in this one's, without regard to case.
    pub fn contains(&self, other: &Value) -> bool {
        folded(&self.to_string()).contains(&folded(&other.to_string()))
    }

    /// Whether it says nothing.
    pub fn is_blank(&self) -> bool {
        matches!(self, Value::Text(text) if text.trim().is_empty())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Number(number) => number.fmt(f),
            Value::Bool(true) => f.write_str("yes"),
            Value::Bool(false) => f.write_str("no"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true or false")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::from(value))
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
                Number::new(value).map(Value::Number).ok_or_else(|| E::custom("the number is too large"))
            }
            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
                self.visit_f64(value as f64)
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
                self.visit_f64(value as f64)
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

/// In the form in which replies are compared: NFC, without white space around it and without regard to case.
pub(super) fn folded(text: &str) -> String {
    text.trim().nfc().flat_map(char::to_lowercase).collect()
}
