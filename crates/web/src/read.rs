//! Reading a request's JSON so that every wrong place is named, all at once and in our own words.
//!
//! Knows JSON and pointers. Must not know HTTP, nor what any field is for.
//!
//! A request type says which members it wants ([`FromObject`]); the [`Object`] hands them out, keeps the
//! complaints, and at the end refuses what nobody asked for. A member's value is read from its own text
//! ([`Value`]), so `data` can be taken byte for byte.

use domain::{
    BodyForm, CloseReason, EndState, EventType, FieldError, Id, Invalid, Noun, Ordering, Phase, RetryPolicy,
    Secret, Timestamp, json::Members,
};
use serde_json::value::RawValue;

/// No answer lists more wrong places than this, whatever was sent.
pub(crate) const MAX_ERRORS: usize = 100;

/// A request type that is a JSON object.
pub(crate) trait FromObject: Sized {
    /// The longest request body in bytes.
    const LIMIT: usize = 512 * 1024;

    /// Takes the members it knows. `None` is right only after a complaint.
    fn from_object(object: &mut Object<'_>) -> Option<Self>;
}

/// Something that a JSON value can be read as.
pub(crate) trait Value: Sized {
    /// What the value must be: the end of the sentence "must be …".
    const WANTED: &'static str;

    /// Reads the text of one valid JSON value. Pointers start at the value.
    fn read(text: &str) -> Result<Self, Invalid>;
}

/// Something written as plain text: in JSON as a string, in a query as it is.
pub(crate) trait FromText: Sized {
    /// See [`Value::WANTED`].
    const WANTED: &'static str;

    /// Reads the text. Pointers start at the value.
    fn from_text(text: &str) -> Result<Self, Invalid>;
}

/// Reads `text`, which must be valid JSON, as a `T`.
pub(crate) fn object<T: FromObject>(text: &str) -> Result<T, Invalid> {
    let members = Members::of(text).ok_or_else(|| Invalid::field("", "must be a JSON object"))?;
    let mut object = Object { members, known: Vec::with_capacity(12), complaints: Complaints::default() };
    let read = T::from_object(&mut object);
    object.refuse_unknown();
    object.complaints.settle(read)
}

/// The members of a JSON object while they are taken out.
pub(crate) struct Object<'a> {
    members: Members<'a>,
    known: Vec<&'static str>,
    complaints: Complaints,
}

impl<'a> Object<'a> {
    /// A member that must be there.
    pub(crate) fn required<T: Value>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name) {
            Some(text) => self.value(name, text),
            None => {
                self.complain(Invalid::field(pointer(name), format!("is missing: it must be {}", T::WANTED)))
            }
        }
    }

    /// A member that may be absent, or null to the same effect.
    pub(crate) fn optional<T: Value>(&mut self, name: &'static str) -> Option<T> {
        let text = self.take(name).filter(|text| *text != "null")?;
        self.value(name, text)
    }

    /// A member that may be absent, but not null: the change of something that always has a value.
    pub(crate) fn change<T: Value>(&mut self, name: &'static str) -> Option<T> {
        let text = self.take(name)?;
        self.value(name, text)
    }

    /// A member whose absence (`None`) and whose null (`Some(None)`) mean different things.
    pub(crate) fn clearable<T: Value>(&mut self, name: &'static str) -> Option<Option<T>> {
        match self.take(name)? {
            "null" => Some(None),
            text => self.value(name, text).map(Some),
        }
    }

    /// The good outcome of a further check; a bad one becomes a complaint.
    pub(crate) fn accept<T>(&mut self, checked: Result<T, Invalid>) -> Option<T> {
        checked.map_or_else(|invalid| self.complain(invalid), Some)
    }

    fn take(&mut self, name: &'static str) -> Option<&'a str> {
        self.known.push(name);
        let mut found = self.members.iter().filter(|(key, _)| *key == name).map(|(_, text)| text);
        let first = found.next()?;
        if found.next().is_some() {
            self.complaints.add(Invalid::field(pointer(name), "is there twice"));
        }
        Some(first)
    }

    fn value<T: Value>(&mut self, name: &str, text: &str) -> Option<T> {
        self.accept(T::read(text).map_err(|invalid| invalid.under(&pointer(name))))
    }

    fn complain<T>(&mut self, invalid: Invalid) -> Option<T> {
        self.complaints.add(invalid);
        None
    }

    fn refuse_unknown(&mut self) {
        for (name, _) in self.members.iter() {
            if !self.known.contains(&name) {
                self.complaints.add(unknown(name, &self.known));
            }
        }
    }
}

/// What is wrong so far. The first code wins.
#[derive(Default)]
pub(crate) struct Complaints(Option<Invalid>);

impl Complaints {
    /// Adds one or more, up to [`MAX_ERRORS`] in all.
    pub(crate) fn add(&mut self, invalid: Invalid) {
        match &mut self.0 {
            None => self.0 = Some(invalid),
            Some(first) => {
                let room = MAX_ERRORS.saturating_sub(first.errors.len());
                first.errors.extend(invalid.errors.into_iter().take(room));
            }
        }
    }

    /// Whether there is no room for more.
    pub(crate) fn full(&self) -> bool {
        self.0.as_ref().is_some_and(|invalid| invalid.errors.len() >= MAX_ERRORS)
    }

    /// What was read, if nothing was wrong.
    pub(crate) fn settle<T>(self, read: Option<T>) -> Result<T, Invalid> {
        match (self.0, read) {
            (None, Some(read)) => Ok(read),
            (Some(invalid), _) => Err(invalid),
            (None, None) => Err(Invalid::field("", "cannot be read")),
        }
    }
}

/// The complaint about a name that nobody asked for.
pub(crate) fn unknown(name: &str, known: &[&str]) -> Invalid {
    Invalid::field(pointer(name), format!("is not known here; known are: {}", known.join(", ")))
}

/// The JSON Pointer (RFC 6901) of a member.
pub(crate) fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The items of a JSON array with their places; each is read by `read`.
pub(crate) fn items<T>(
    texts: &[&RawValue],
    read: impl Fn(&str) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    let mut complaints = Complaints::default();
    let mut items = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match read(text.get()) {
            Ok(item) => items.push(item),
            Err(invalid) => complaints.add(invalid.under(&format!("/{index}"))),
        }
        if complaints.full() {
            break;
        }
    }
    complaints.settle(Some(items))
}

/// The texts of the items of a JSON array.
pub(crate) fn array(text: &str) -> Result<Vec<&RawValue>, Invalid> {
    serde_json::from_str(text).map_err(|_| Invalid::field("", "must be an array"))
}

impl<T: FromText> Value for T {
    const WANTED: &'static str = T::WANTED;

    fn read(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::field("", format!("must be {}", T::WANTED));
        T::from_text(&serde_json::from_str::<String>(text).map_err(|_| wrong())?)
    }
}

impl<T: Value> Value for Vec<T> {
    const WANTED: &'static str = "an array";

    fn read(text: &str) -> Result<Self, Invalid> {
        items(&array(text)?, T::read)
    }
}

impl Value for u32 {
    const WANTED: &'static str = "a whole number";

    fn read(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|_| Invalid::field("", "must be a whole number"))
    }
}

impl Value for bool {
    const WANTED: &'static str = "true or false";

    fn read(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|_| Invalid::field("", "must be true or false"))
    }
}

/// Any JSON value, as its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Raw(pub(crate) String);

impl Value for Raw {
    const WANTED: &'static str = "a JSON object";

    fn read(text: &str) -> Result<Self, Invalid> {
        Ok(Self(text.to_owned()))
    }
}

/// An object of names and string values, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Value for Pairs {
    const WANTED: &'static str = "an object of strings";

    fn read(text: &str) -> Result<Self, Invalid> {
        let members = Members::of(text).ok_or_else(|| Invalid::field("", "must be an object of strings"))?;
        let mut complaints = Complaints::default();
        let mut pairs = Vec::new();
        for (name, value) in members.iter() {
            match String::read(value) {
                Ok(value) => pairs.push((name.to_owned(), value)),
                Err(invalid) => complaints.add(invalid.under(&pointer(name))),
            }
        }
        complaints.settle(Some(Self(pairs)))
    }
}

/// Implements [`FromText`] for types whose own parser already says what is wrong, at a place of its own.
macro_rules! from_text {
    ($($type:ty: $wanted:literal, $parse:expr;)*) => {$(
        impl FromText for $type {
            const WANTED: &'static str = $wanted;

            fn from_text(text: &str) -> Result<Self, Invalid> {
                let parse: fn(&str) -> Result<Self, Invalid> = $parse;
                parse(text).map_err(here)
            }
        }
    )*};
}

from_text! {
    String: "a string", |text| Ok(text.to_owned());
    EventType: "the name of an event type", str::parse;
    BodyForm: "one of documented, exact, extended", str::parse;
    Ordering: "one of none, conversation", str::parse;
    RetryPolicy: "one of 3d, 10min", str::parse;
    EndState: "one of exhausted, skipped, delivered", str::parse;
    Phase: "one of bot, queued, agent, closed", str::parse;
    CloseReason: "the reason of a close", str::parse;
    Secret: "a secret of the form whsec_…", Secret::parse;
    Timestamp: "a time in RFC 3339 form",
        |text| text.parse().map_err(|error: domain::time::NotATime| Invalid::field("", error.to_string()));
}

impl<T: Noun> FromText for Id<T> {
    const WANTED: &'static str = "an id";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|error: domain::id::NotAnId| Invalid::field("", error.to_string()))
    }
}

/// The same complaint, wherever its author put it, at the value itself.
fn here(invalid: Invalid) -> Invalid {
    let errors =
        invalid.errors.into_iter().map(|error| FieldError { pointer: String::new(), ..error }).collect();
    Invalid { errors, ..invalid }
}
