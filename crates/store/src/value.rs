//! Values on their way into statements and out of rows; the same for both engines.

use domain::{Id, Timestamp};
use uuid::Uuid;

use crate::StoreError;

/// One parameter or column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Bool(bool),
    Text(String),
    Id(Uuid),
}

macro_rules! into_value {
    ($($from:ty => |$it:ident| $into:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($it: $from) -> Self { $into }
        })*
    };
}

into_value! {
    i64 => |it| Value::Int(it);
    u32 => |it| Value::Int(it.into());
    u16 => |it| Value::Int(it.into());
    bool => |it| Value::Bool(it);
    &str => |it| Value::Text(it.to_owned());
    String => |it| Value::Text(it);
    &String => |it| Value::Text(it.clone());
    Uuid => |it| Value::Id(it);
    Timestamp => |it| Value::Int(it.micros());
}

impl<T> From<Id<T>> for Value {
    fn from(id: Id<T>) -> Self {
        Value::Id(id.uuid())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(option: Option<T>) -> Self {
        option.map_or(Value::Null, Into::into)
    }
}

/// The parameters of a statement, each turned into a [`Value`].
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Value::from($value)),*] };
}
pub(crate) use args;

/// What a column's value can be read as.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($to:ty: $pattern:pat => $into:expr;)*) => {
        $(impl FromValue for $to {
            fn from_value(value: Value) -> Option<Self> {
                match value { $pattern => $into, _ => None }
            }
        })*
    };
}

from_value! {
    i64: Value::Int(it) => Some(it);
    u64: Value::Int(it) => it.try_into().ok();
    u32: Value::Int(it) => it.try_into().ok();
    u16: Value::Int(it) => it.try_into().ok();
    String: Value::Text(it) => Some(it);
    Uuid: Value::Id(it) => Some(it);
    Timestamp: Value::Int(it) => Some(Timestamp::from_micros(it));
}

impl FromValue for bool {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bool(it) => Some(it),
            // SQLite has no booleans of its own.
            Value::Int(it) => Some(it != 0),
            _ => None,
        }
    }
}

impl<T> FromValue for Id<T> {
    fn from_value(value: Value) -> Option<Self> {
        Uuid::from_value(value).map(Id::from_uuid)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// One row of an answer, read from its first column to its last.
pub(crate) struct Row {
    table: &'static str,
    columns: std::vec::IntoIter<Value>,
    read: usize,
}

impl Row {
    pub(crate) fn new(table: &'static str, columns: Vec<Value>) -> Self {
        Self { table, columns: columns.into_iter(), read: 0 }
    }

    /// The next column.
    pub(crate) fn take<T: FromValue>(&mut self) -> Result<T, StoreError> {
        self.read += 1;
        self.columns.next().and_then(T::from_value).ok_or_else(|| self.corrupt())
    }

    /// The next column, a text that `parse` must know.
    pub(crate) fn parse<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let text: String = self.take()?;
        parse(&text).ok_or_else(|| self.corrupt())
    }

    /// What to say when a column just read makes no sense.
    pub(crate) fn corrupt(&self) -> StoreError {
        StoreError::Corrupt { statement: self.table, column: self.read }
    }
}
