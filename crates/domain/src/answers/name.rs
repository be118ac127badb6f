//! A person's name, in any script.

use super::{Rejected, trimmed};

/// Most code points of a name.
pub const MAX_NAME: usize = 200;

/// A name as it was typed, in NFC.
///
/// # Errors
///
/// `name_no_letter`, `name_too_long`, `name_is_email`, `name_is_link`, `name_control`, and those of a text.
pub fn name(reply: &str) -> Result<String, Rejected> {
    let name = trimmed(reply)?;
    if name.chars().any(|c| matches!(c, '\n' | '\t' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')) {
        return Err(Rejected::new("name_control", "Please type your name on one line."));
    }
    if name.chars().nth(MAX_NAME).is_some() {
        return Err(Rejected::new("name_too_long", format!("Please use at most {MAX_NAME} characters.")));
    }
    if super::email(&name).is_ok() {
        return Err(Rejected::new("name_is_email", "That is an e-mail address. Please type your name."));
    }
    if name.contains("://") {
        return Err(Rejected::new("name_is_link", "That is a web address. Please type your name."));
    }
    if !name.chars().any(char::is_alphabetic) {
        return Err(Rejected::new("name_no_letter", "Please type your name; it needs at least one letter."));
    }
    Ok(name)
}
