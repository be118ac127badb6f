//! Free text: what may be stored of a visitor's words at all, and card numbers that should not be.

use unicode_normalization::UnicodeNormalization;

use super::{MAX_REPLY, Rejected};

/// The text in NFC (UAX #15), or nothing if it contains control characters other than newline and tab. Every text
/// of a visitor goes through here before it is stored.
pub fn clean(text: &str) -> Option<String> {
    let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().all(allowed).then(|| text.nfc().collect())
}

/// A reply of any content, of 1 to `max` code points, NFC, without white space around it.
///
/// # Errors
///
/// `text_too_long`, `text_control`, `text_empty`.
pub fn text(reply: &str, max: usize) -> Result<String, Rejected> {
    let max = max.min(MAX_REPLY);
    if reply.chars().nth(MAX_REPLY).is_some() {
        return Err(too_long(MAX_REPLY));
    }
    let cleaned = clean(reply).ok_or_else(|| {
        Rejected::new(
            "text_control",
            "Your reply contains characters that cannot be shown. Please type it again.",
        )
    })?;
    let trimmed = cleaned.trim();
    if trimmed.is_empty() {
        return Err(Rejected::new("text_empty", "Please type a reply."));
    }
    if trimmed.chars().nth(max).is_some() {
        return Err(too_long(max));
    }
    Ok(trimmed.to_owned())
}

fn too_long(max: usize) -> Rejected {
    Rejected::new("text_too_long", format!("That is too long. Please use at most {max} characters."))
}

/// The text with every payment card number in it masked but for its last four digits.
///
/// A card number is 13 to 19 digits (ISO/IEC 7812-1), with single spaces or hyphens between them, whose check
/// digit is right (Luhn).
pub fn mask_cards(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut masked = chars.clone();
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let run = digits_from(&chars, at);
        if (13..=19).contains(&run.len()) && luhn(&chars, &run) {
            for &place in &run[..run.len() - 4] {
                masked[place] = '*';
            }
        }
        at = run.last().map_or(at + 1, |last| last + 1);
    }
    masked.into_iter().collect()
}

/// The places of the digits that follow each other from `start`, with at most one space or hyphen between two.
fn digits_from(chars: &[char], start: usize) -> Vec<usize> {
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let mut places = vec![start];
    let mut at = start;
    loop {
        if digit(at + 1) {
            at += 1;
        } else if matches!(chars.get(at + 1), Some(' ' | '-')) && digit(at + 2) {
            at += 2;
        } else {
            return places;
        }
        places.push(at);
    }
}

fn luhn(chars: &[char], places: &[usize]) -> bool {
    let sum: u32 = places
        .iter()
        .rev()
        .filter_map(|&place| chars[place].to_digit(10))
        .enumerate()
        .map(|(index, digit)| if index % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}
