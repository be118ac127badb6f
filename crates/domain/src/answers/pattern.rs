//! Replies that must match a pattern of the bot's author.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::{Rejected, text};
use crate::Invalid;

/// Most bytes of a pattern's text.
const MAX_TEXT: usize = 1000;

/// Most bytes of a compiled pattern: enough for some forty repetitions of all letters of Unicode.
const MAX_COMPILED: usize = 2 * 1024 * 1024;

/// Most code points of a reply that is matched. The slowest pattern of that size takes a few tenths of a second
/// for so many, and over a second for the longest reply.
const MAX_MATCHED: usize = 1000;

/// A regular expression that a whole reply must match. Two patterns are equal if their texts are.
#[derive(Clone)]
pub struct Pattern(Regex, String);

impl Pattern {
    /// Compiles a pattern in the syntax of the `regex` crate: no look-around and no back-references, so that a
    /// match takes time in proportion to the reply, whatever the pattern. It is anchored at both ends.
    ///
    /// # Errors
    ///
    /// `invalid_pattern` if it is longer than 1,000 bytes, is not a pattern, or needs too much memory.
    pub fn new(text: &str) -> Result<Pattern, Invalid> {
        if text.len() > MAX_TEXT {
            return Err(invalid(format!("the pattern is longer than {MAX_TEXT} bytes")));
        }
        // By itself first: `a)|(b` is a pattern only within the parentheses of the anchored form.
        compile(text).map_err(|error| invalid(explained(&error)))?;
        // A comment (after `(?x)`) would go on over the closing parenthesis; only there is a line end no part.
        let anchored = compile(&format!("^(?:{text})$")).or_else(|_| compile(&format!("^(?:{text}\n)$")));
        let whole = anchored.map_err(|error| invalid(explained(&error)))?;
        Ok(Pattern(whole, text.to_owned()))
    }

    /// The pattern as its author wrote it.
    pub fn as_str(&self) -> &str {
        &self.1
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.1).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl Eq for Pattern {}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).nest_limit(50).build()
}

fn explained(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the pattern needs too much memory; repeat less in it".to_owned(),
        // The last line says what is wrong; those before it draw where.
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("this is not a regular expression: {reason}")
        }
    }
}

fn invalid(message: String) -> Invalid {
    Invalid::coded("invalid_pattern", "", message)
}

/// A reply that the pattern matches from its beginning to its end, without the white space around it.
///
/// # Errors
///
/// `pattern_mismatch`, and those of a text, which may have 1,000 code points.
pub fn matches(reply: &str, pattern: &Pattern) -> Result<String, Rejected> {
    let typed = text(reply, MAX_MATCHED)?;
    if pattern.0.is_match(&typed) {
        return Ok(typed);
    }
    Err(Rejected::new("pattern_mismatch", "That does not have the form that is asked for. Please check it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pattern: &str, reply: &str) -> bool {
        matches(reply, &Pattern::new(pattern).unwrap()).is_ok()
    }

    #[test]
    fn a_pattern_is_matched_by_the_whole_reply() {
        assert!(taken("[A-Z]{2}[0-9]{3}", " AB123 "));
        assert!(!taken("[A-Z]{2}[0-9]{3}", "AB1234"));
        assert!(!taken("[A-Z]{2}[0-9]{3}", "xAB123"));
        assert!(taken("a|ab", "ab") && taken("^ab$", "ab") && !taken("a|b", "ab"));
    }

    #[test]
    fn flags_and_lines_do_not_loosen_the_anchors() {
        assert!(!taken("(?m)^a$", "a\nb"));
        assert!(!taken("(?m)a", "b\na"));
        assert!(taken("(?i)ab", "AB"));
        assert!(taken("(?x) a b # and nothing else", "ab"));
        assert!(!taken("(?x) a b # and nothing else", "abc"));
    }

    #[test]
    fn what_is_no_pattern_or_too_large_is_refused() {
        for text in [
            "(",
            "a)|(b",
            "[z-a]",
            r"(a)\1",
            "(?=a)",
            "(((a{99}){99}){99})",
            r"\p{L}{900}",
            &"a".repeat(1001),
        ] {
            assert_eq!(Pattern::new(text).map_err(|invalid| invalid.code), Err("invalid_pattern"), "{text}");
        }
        let nested = "(".repeat(60) + &")".repeat(60);
        assert!(Pattern::new(&nested).is_err());
    }

    #[test]
    fn a_refusal_says_what_is_wrong_in_one_line() {
        let message = |text| Pattern::new(text).unwrap_err().to_string();
        assert_eq!(message("("), "this is not a regular expression: unclosed group");
        assert_eq!(message("(a{99}){999}"), "the pattern needs too much memory; repeat less in it");
    }

    #[test]
    fn ordinary_classes_may_be_repeated() {
        for text in [r"\d{16}", r"[\p{L} '-]{2,40}", "[A-Z0-9-]{1,200}", r"\S+@\S+"] {
            assert!(Pattern::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn long_replies_are_not_matched() {
        let pattern = Pattern::new("a*").unwrap();
        assert!(matches(&"a".repeat(1000), &pattern).is_ok());
        assert_eq!(
            matches(&"a".repeat(1001), &pattern).map_err(|rejected| rejected.code),
            Err("text_too_long")
        );
    }

    #[test]
    fn patterns_are_equal_and_shown_by_their_text() {
        let one = Pattern::new("a+").unwrap();
        assert!(one == Pattern::new("a+").unwrap() && one != Pattern::new("a*").unwrap());
        assert_eq!((one.as_str(), format!("{one:?}").as_str()), ("a+", r#"Pattern("a+")"#));
    }
}
