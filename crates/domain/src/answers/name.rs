//! A person's name, in any script.
//!
//! Names have one letter or many, one word or ten, apostrophes, digits and hyphens: next to nothing is refused,
//! and nothing is changed but that it is NFC. It must not know what a name is shown in: whoever shows it
//! escapes.

use super::{Rejected, email, link, trimmed};

/// Most code points of a name.
pub const MAX_NAME: usize = 200;

/// A name as it was typed, in NFC, without white space around it.
///
/// # Errors
///
/// `name_one_line`, `name_direction` (marks that turn the direction of all that follows), `name_too_long`,
/// `name_no_letter`, `name_is_email`, `name_is_link`, and those of a text.
pub fn name(reply: &str) -> Result<String, Rejected> {
    let name = trimmed(reply)?;
    let refuse = |code, message: &str| Err(Rejected::new(code, message));
    if name.contains(['\n', '\t']) {
        return refuse("name_one_line", "Please type your name on one line.");
    }
    if name.contains(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')) {
        return refuse(
            "name_direction",
            "There is an invisible character in the name. Please type it by hand.",
        );
    }
    if name.chars().nth(MAX_NAME).is_some() {
        return refuse("name_too_long", &format!("Please type a name of at most {MAX_NAME} characters."));
    }
    if !name.contains(is_visible_letter) {
        return refuse("name_no_letter", "Please type your name. It has at least one letter.");
    }
    if email(&name).is_ok() {
        return refuse("name_is_email", "That is an e-mail address. Please type your name.");
    }
    if is_link(&name) {
        return refuse("name_is_link", "That is a web address. Please type your name.");
    }
    Ok(name)
}

/// A letter that can be seen: the fillers of Hangul count as letters and show nothing.
fn is_visible_letter(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
}

/// Only with what no name begins with: `J.Smith` could be the name of a host, too.
fn is_link(name: &str) -> bool {
    let starts = ["http://", "https://", "www."];
    starts.iter().any(|start| name.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start)))
        && link(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn every_row_of_the_reference_has_its_outcome() {
        let mut wrong = Vec::new();
        for [verdict, reply, outcome] in fixtures::rows(include_str!("../../fixtures/names.tsv")) {
            let got = name(&reply);
            let right = match verdict.as_str() {
                "accept" if outcome == "=" => got.as_ref() == Ok(&reply),
                "accept" => got.as_ref() == Ok(&outcome),
                "refuse" => got.as_ref().is_err_and(|rejected| rejected.code == outcome),
                other => panic!("{other} is no verdict"),
            };
            if !right {
                wrong.push(format!("{verdict} {reply:?} {outcome:?}: {got:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_name_has_at_most_two_hundred_code_points() {
        assert_eq!(name(&"é".repeat(200)).map(|name| name.chars().count()), Ok(200));
        // Counted as composed, in whatever form it was typed.
        assert_eq!(name(&"e\u{301}".repeat(200)).map(|name| name.chars().count()), Ok(200));
        assert_eq!(name(&"é".repeat(201)).map_err(|rejected| rejected.code), Err("name_too_long"));
    }

    #[test]
    fn a_lone_surrogate_never_becomes_a_text() {
        assert!(serde_json::from_str::<String>(r#""\ud800 Carter""#).is_err());
        assert!(serde_json::from_str::<String>(r#""Carter \udc00""#).is_err());
    }
}
