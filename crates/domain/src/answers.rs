//! What a visitor's typed reply must be: one pure function per kind of question, from the text to a value or
//! to why it was not taken.
//!
//! Nothing here knows of flows, of attempts or of who asks. Nothing here takes long or panics, whatever was
//! typed.

mod date;
mod digits;
mod email;
#[cfg(test)]
mod fixtures;
mod host;
mod link;
mod name;
mod number;
mod pattern;
mod phone;
mod text;
mod yes_no;

pub use date::{DateRules, date};
pub use email::{Email, email};
pub use link::link;
pub use name::name;
pub use number::{NumberRules, number};
pub use pattern::{Pattern, matches};
pub use phone::{PHONE_METADATA, Phone, known_region, phone};
pub use text::{clean, mask_cards, text};
pub use yes_no::yes_no;

/// Most code points of a reply of any kind; longer ones are refused unread.
pub const MAX_REPLY: usize = 4000;

/// Why a reply was not taken. The question is asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Stable name of the reason for programs and for texts of one's own, e.g. `email_no_at`.
    pub code: &'static str,
    /// The same for the visitor, in English: what is wrong and what would be right.
    pub message: String,
    /// A corrected form to offer, where there is one that the visitor most likely meant.
    pub suggestion: Option<String>,
}

impl Rejected {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), suggestion: None }
    }

    fn with_suggestion(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

/// The reply in NFC without the white space around it, or why no kind of question would take it.
fn trimmed(reply: &str) -> Result<String, Rejected> {
    text(reply, MAX_REPLY)
}

#[cfg(test)]
mod tests;
