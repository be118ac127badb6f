//! Replies that must match a pattern of the bot's author.

use regex::{Regex, RegexBuilder};

use super::{Rejected, trimmed};
use crate::Invalid;

/// Most bytes of a compiled pattern; what needs more is refused.
const SIZE_LIMIT: usize = 256 * 1024;

/// A regular expression that a whole reply must match. Two patterns are equal if their texts are.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    whole: Regex,
}

impl Pattern {
    /// Compiles a pattern in the syntax of the `regex` crate: no look-around, no back-references, linear time.
    ///
    /// # Errors
    ///
    /// If it is not a pattern, or one that needs too much memory.
    pub fn new(text: &str) -> Result<Pattern, Invalid> {
        let build = |text: &str| RegexBuilder::new(text).size_limit(SIZE_LIMIT).build();
        let whole = build(text)
            .and_then(|_| build(&format!("^(?:{text})$")))
            .map_err(|error| Invalid::coded("invalid_pattern", "", format!("not a pattern: {error}")))?;
        Ok(Pattern { text: text.to_owned(), whole })
    }

    /// The pattern as its author wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// A reply that the pattern matches as a whole.
///
/// # Errors
///
/// `pattern_mismatch`, and those of a text.
pub fn matches(reply: &str, pattern: &Pattern) -> Result<String, Rejected> {
    let typed = trimmed(reply)?;
    if pattern.whole.is_match(&typed) {
        return Ok(typed);
    }
    Err(Rejected::new("pattern_mismatch", "That does not have the form that is asked for. Please check it."))
}
