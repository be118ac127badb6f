//! A phone number as people type it, reduced to its digits. It must not know what numbers exist.

use std::sync::LazyLock;

use regex::Regex;

use super::super::{Rejected, digits};

/// What may stand before a number, in lower case; a colon may follow each. All else before a number is refused:
/// a sentence may have more than one number in it, or none of the visitor's.
const LEAD_INS: &[&str] = &[
    "tel",
    "telephone",
    "phone",
    "phone number",
    "mobile",
    "mobile number",
    "cell",
    "whatsapp",
    "number",
    "it's",
    "it is",
    "my number is",
    "my phone number is",
    "my phone is",
    "my mobile is",
    "my mobile number is",
    "my cell is",
    "call me at",
    "call me on",
    "call",
    "you can reach me at",
    "you can call me at",
];

/// A number and its extension: `;ext=` (RFC 3966), `ext`, `extension`, `x` or `#`, then at most seven digits.
static EXTENSION: LazyLock<Regex> = LazyLock::new(|| {
    let mark = r"(?:;ext=|[,;]?\s*(?:extension|extn|ext|x|#)[.:]?)";
    Regex::new(&format!(r"(?i)^(.*[0-9)])\s*{mark}\s*([0-9]{{1,7}})#?$"))
        .expect("a test reads extensions with it")
});

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// ASCII digits, at least one.
    pub digits: String,
    /// True if it began with `+`.
    pub plus: bool,
    pub extension: Option<String>,
}

impl Typed {
    /// Reads the whole of a reply.
    pub fn read(reply: &str) -> Result<Typed, Rejected> {
        let text: String = digits::fold(reply).chars().filter(|c| !is_invisible(*c)).collect();
        let text = after_lead_in(&text);
        let parts = EXTENSION.captures(text).map(|found| found.extract());
        let (number, extension) = match parts {
            Some((_, [number, extension])) => (number, Some(extension.to_owned())),
            None => (text, None),
        };
        let (digits, plus) = bare(number)?;
        Ok(Typed { digits, plus, extension })
    }
}

fn after_lead_in(text: &str) -> &str {
    let starts_with =
        |lead_in: &&&str| text.get(..lead_in.len()).is_some_and(|s| s.eq_ignore_ascii_case(lead_in));
    let Some(longest) = LEAD_INS.iter().filter(starts_with).max_by_key(|lead_in| lead_in.len()) else {
        return text;
    };
    let rest = text[longest.len()..].trim_start();
    rest.strip_prefix(':').unwrap_or(rest).trim_start()
}

/// The digits of a number without extension, and whether a `+` stands before them.
fn bare(number: &str) -> Result<(String, bool), Rejected> {
    let mut digits = String::new();
    let mut plus = false;
    for c in number.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' | '＋' if plus || !digits.is_empty() => return Err(several()),
            '+' | '＋' => plus = true,
            '\n' => return Err(several()),
            c if is_separator(c) => {}
            c if c.is_alphabetic() => return Err(letters()),
            ',' | ';' | '&' | '|' => return Err(several()),
            _ => return Err(characters()),
        }
    }
    if digits.is_empty() { Err(characters()) } else { Ok((digits, plus)) }
}

/// Spaces and `-` `.` `/` `(` `)` with their relatives in full width and in typography.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '/' | '(' | ')' | '－' | '．' | '／' | '（' | '）' | 'ー' | '・' | '·')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Marks of direction and of breaking that come along when a number is copied from an address book.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{2060}' | '\u{FEFF}' | '\u{200B}'..='\u{200F}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn letters() -> Rejected {
    Rejected::new("phone_letters", "Please type the phone number in digits only, such as +44 20 7946 0018.")
}

fn several() -> Rejected {
    Rejected::new("phone_several", "Please type one phone number only.")
}

fn characters() -> Rejected {
    Rejected::new("phone_characters", "That is not a phone number. Please type one such as +44 20 7946 0018.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lead_in_is_left_out_in_any_case_with_or_without_a_colon() {
        for lead_in in LEAD_INS {
            for reply in [format!("{lead_in} 2025550143"), format!("{}: 2025550143", lead_in.to_uppercase())]
            {
                assert_eq!(
                    Typed::read(&reply).map(|typed| typed.digits).as_deref(),
                    Ok("2025550143"),
                    "{reply}"
                );
            }
        }
    }

    #[test]
    fn a_lead_in_alone_or_twice_is_no_number() {
        for reply in ["tel:", "phone phone 2025550143", "2025550143 tel"] {
            assert!(Typed::read(reply).is_err(), "{reply}");
        }
    }
}
