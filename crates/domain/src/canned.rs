//! Canned texts: what operators write again and again, with a place for the visitor's name.

use crate::{Account, Id, Invalid, Message, Noun, Timestamp, account::check_name, answers};

/// A text that operators put into their replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedText {
    /// `txt_…`
    pub id: Id<CannedText>,
    /// Whose it is.
    pub account: Id<Account>,
    /// What it is found by; one of a kind in the account.
    pub title: String,
    /// What is written, with `{{name}}` or `{{name|there}}` where the visitor's name goes.
    pub text: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Noun for CannedText {
    const PREFIX: &'static str = "txt";
}

/// Title and text as they are stored.
pub fn check(title: &str, text: &str) -> Result<(String, String), Invalid> {
    Invalid::gather([check_name("/title", title), check_text(text)])?;
    let clean = answers::clean(text).unwrap_or_default();
    Ok((title.trim().to_owned(), clean.trim().to_owned()))
}

fn check_text(text: &str) -> Result<(), Invalid> {
    match answers::clean(text) {
        _ if text.chars().count() > Message::MAX => {
            Err(Invalid::field("/text", format!("must have at most {} characters", Message::MAX)))
        }
        None => Err(Invalid::field("/text", "must not contain control characters")),
        Some(clean) if clean.trim().is_empty() => Err(Invalid::field("/text", "must not be empty")),
        Some(_) => unknown_places(text),
    }
}

/// A misspelt place would be sent to a visitor as it stands.
fn unknown_places(text: &str) -> Result<(), Invalid> {
    let places = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
    match places.map(|(place, _)| place).find(|place| !is_name(place)) {
        Some(place) => Err(Invalid::field(
            "/text",
            format!("{{{{{place}}}}} is not known; {{{{name}}}} and {{{{name|there}}}} are"),
        )),
        None => Ok(()),
    }
}

fn is_name(place: &str) -> bool {
    place.split('|').next().map(str::trim) == Some("name")
}

/// The text for a visitor of that name. Of one whose name is not known the words behind `|` are written; where there are
/// none, the space before the place goes too: `Hello {{name}},` becomes `Hello,`.
pub fn fill(text: &str, name: Option<&str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, place, after)) = next_place(rest) {
        let otherwise = place.split_once('|').map_or("", |(_, otherwise)| otherwise.trim());
        let word = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(otherwise);
        filled.push_str(if word.is_empty() { before.trim_end_matches(' ') } else { before });
        filled.push_str(word);
        rest = after;
    }
    filled + rest
}

fn next_place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (place, after) = rest.split_once("}}")?;
    is_name(place).then_some((before, place, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_goes_where_its_place_is() {
        let text = "Hello {{name}}, are you {{ name | there }}?";
        assert_eq!(fill(text, Some("Ada")), "Hello Ada, are you Ada?");
        assert_eq!(fill(text, None), "Hello, are you there?");
        assert_eq!(fill(text, Some("  ")), "Hello, are you there?");
        assert_eq!(fill("{{name}} {{", Some("{{name}}")), "{{name}} {{", "a name brings in no places");
        assert_eq!(fill("plain }} {{ text", Some("Ada")), "plain }} {{ text");
    }

    #[test]
    fn a_text_has_a_title_words_and_known_places() {
        assert_eq!(check(" Hi ", " Hello\r\nyou "), Ok(("Hi".into(), "Hello\nyou".into())));
        let pointers = |title: &str, text: &str| -> Vec<String> {
            check(title, text).unwrap_err().errors.into_iter().map(|it| it.pointer).collect()
        };
        assert_eq!(pointers("", " "), ["/title", "/text"]);
        assert_eq!(pointers("a", &"x".repeat(4_001)), ["/text"]);
        assert_eq!(pointers("a", "Hello {{nam}}"), ["/text"]);
        assert_eq!(pointers("a", "\u{7}"), ["/text"]);
    }
}
