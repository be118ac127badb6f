//! Searching: when two spellings are the same, what an event is found by, and whether a text stands in its data.
//!
//! Must not know where events are stored, nor in which order they are looked through.

use unicode_normalization::UnicodeNormalization;

use crate::{
    Event, EventType, Invalid, answers,
    json::{self, Members},
};

/// Longest key that is kept, in characters: longer than any address, and short enough for an index of any store.
const LONGEST_KEY: usize = 320;

/// What makes two spellings of an e-mail address the same. What is no address has a key, too, for it may have been
/// taken as one by whoever posted it.
pub fn email_key(email: &str) -> String {
    answers::email(email).map_or_else(|_| email.trim().to_lowercase(), |it| it.key)
}

/// What makes two spellings of a phone number the same: its digits, behind a plus sign if it begins with one. None
/// without digits.
pub fn phone_key(phone: &str) -> Option<String> {
    let sign = if phone.trim_start().starts_with('+') { "+" } else { "" };
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| [sign, &digits].concat())
}

/// What an event is found by besides its id, type and conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The [`email_key`] of its data.
    pub email: Option<String>,
    /// The [`phone_key`] of its data.
    pub phone: Option<String>,
}

impl Keys {
    /// Those of the data of *Contact Information*; other events have none.
    pub fn of(event: &Event) -> Self {
        let data = event.data.as_deref().filter(|_| event.event_type == EventType::ContactInformation);
        let Some(members) = data.and_then(Members::of) else {
            return Self::default();
        };
        // Of a member that is there twice most receivers read the last.
        let text = |name: &str| {
            let (_, value) = members.iter().filter(|(known, _)| *known == name).last()?;
            json::values(value).next().filter(|_| value.starts_with('"'))
        };
        Self {
            email: text("email")
                .filter(|it| is_keepable(it))
                .map(|it| email_key(&it))
                .filter(|it| is_keepable(it)),
            phone: text("phone").filter(|it| is_keepable(it)).and_then(|it| phone_key(&it)),
        }
    }
}

/// Anything may be posted as an address: what no index takes is found by the text of the payload alone.
fn is_keepable(text: &str) -> bool {
    // Bytes first: counting the characters of a long text takes long.
    let fits = text.len() <= 4 * LONGEST_KEY && text.chars().nth(LONGEST_KEY).is_none();
    fits && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// A text that is searched for, in whatever case and normal form.
///
/// Both sides are compared in lower case and in NFC (UAX #15), so that *é* is found however it was typed; *e* does not
/// find it. Nothing in the text has a meaning: `%`, `_`, `\` and quotes stand for themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    folded: String,
}

impl Needle {
    /// Most characters of a text that is searched for.
    pub const MAX: usize = 200;

    /// Takes 1 to [`Needle::MAX`] characters besides white space around them.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() || text.chars().nth(Self::MAX).is_some() {
            return Err(Invalid::field("", format!("must have 1 to {} characters", Self::MAX)));
        }
        Ok(Self { folded: fold(text) })
    }

    /// Whether it stands in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() {
            // By far the most frequent, and by far the fastest.
            return self.folded.is_ascii() && text.to_ascii_lowercase().contains(&self.folded);
        }
        fold(text).contains(&self.folded)
    }

    /// Whether it stands in a string or number of the JSON text `json`, as these are read: an escape such as `\u00e9`
    /// is the character it means. Names of members are not looked at, for every event has the same.
    pub fn is_in_values(&self, json: &str) -> bool {
        // Without escapes the values stand in the text as they are: what is not in the whole is in no part.
        let plain = json.is_ascii() && !json.contains('\\');
        (!plain || self.is_in(json)) && json::values(json).any(|value| self.is_in(&value))
    }

    /// Whether it stands in what an event tells; in nothing once its data is gone.
    pub fn is_in_event(&self, event: &Event) -> bool {
        let texts = [event.data.as_deref(), event.context.more.as_deref()];
        texts.into_iter().flatten().any(|text| self.is_in_values(text))
    }

    /// Whether each of its words begins a word of `text`.
    pub fn begins_words_of(&self, text: &str) -> bool {
        let text = fold(text);
        let mut wanted = self.folded.split_whitespace();
        wanted.all(|wanted| words(&text).any(|word| word.starts_with(wanted)))
    }

    /// Whether `text` begins with it.
    pub fn begins(&self, text: &str) -> bool {
        fold(text).starts_with(&self.folded)
    }

    /// Its digits, if it could be a phone number or a part of one: at least three, and nothing that no number has.
    pub fn digits(&self) -> Option<String> {
        let allowed = |c: char| c.is_ascii_digit() || " +-()/.".contains(c);
        let digits: String = self.folded.chars().filter(char::is_ascii_digit).collect();
        (digits.len() >= 3 && self.folded.chars().all(allowed)).then_some(digits)
    }

    /// The text as it is compared.
    pub fn as_str(&self) -> &str {
        &self.folded
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    // A hyphen or an apostrophe is inside a name, and begins another part of it, too.
    let inner = text.split_whitespace().flat_map(|word| word.split(['-', '\'', '’']));
    text.split_whitespace().chain(inner)
}

fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().flat_map(char::to_lowercase).nfc().collect()
    }
}

#[cfg(test)]
mod tests;
