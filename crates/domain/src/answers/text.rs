//! Free text: what may be stored of a visitor's words at all, and the card numbers in it that should not be.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::{MAX_REPLY, Rejected, digits};

/// The text as it may be stored: in NFC (UAX #15), with line ends of one character, or nothing if it contains a
/// control character other than newline and tab. Every text of a visitor goes through here.
pub fn clean(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().all(allowed).then(|| text.nfc().collect())
}

/// A reply of any content: 1 to `max` code points in NFC, without white space around it. More than
/// [`MAX_REPLY`] are never taken.
///
/// # Errors
///
/// `text_too_long`, `text_control`, `text_empty`.
pub fn text(reply: &str, max: usize) -> Result<String, Rejected> {
    // First of all, so that nothing is done with what is too long.
    if is_longer(reply, MAX_REPLY) {
        return Err(too_long(MAX_REPLY));
    }
    let cleaned = clean(reply).ok_or_else(|| {
        Rejected::new(
            "text_control",
            "There are characters in your reply that cannot be shown. Please type it again.",
        )
    })?;
    let trimmed = cleaned.trim();
    if trimmed.is_empty() {
        return Err(Rejected::new("text_empty", "Please type a reply."));
    }
    // Once more: a few characters are longer in NFC.
    let max = max.min(MAX_REPLY);
    if is_longer(trimmed, max) {
        return Err(too_long(max));
    }
    Ok(trimmed.to_owned())
}

fn is_longer(text: &str, max: usize) -> bool {
    text.chars().nth(max).is_some()
}

fn too_long(max: usize) -> Rejected {
    Rejected::new("text_too_long", format!("That is too long. Please use at most {max} characters."))
}

/// How many digits a payment card has (ISO/IEC 7812-1, with the oldest of 13).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// The text with every payment card number in it masked but for its last four digits.
///
/// A card number is 13 to 19 digits whose check digit is right (Luhn), in groups with one space or hyphen
/// between them. Other groups of digits may follow or precede, as the date of expiry does; what begins with `+`
/// is a phone number.
pub fn mask_cards(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut masked = chars.clone();
    let mut at = 0;
    while at < chars.len() {
        let groups = groups_from(&chars, at);
        let Some(last) = groups.last() else {
            at += 1;
            continue;
        };
        if at == 0 || chars[at - 1] != '+' {
            for digits in cards(&chars, &groups) {
                digits[..digits.len() - 4].iter().for_each(|&place| masked[place] = '*');
            }
        }
        at = last.end;
    }
    masked.into_iter().collect()
}

/// The groups of digits that begin at `start`, with one space or hyphen between two of them.
fn groups_from(chars: &[char], start: usize) -> Vec<Range<usize>> {
    let is_digit = |at: usize| chars.get(at).is_some_and(|&c| digits::ascii(c).is_ascii_digit());
    let mut groups = Vec::new();
    let mut at = start;
    while is_digit(at) {
        let end = (at..chars.len()).find(|&place| !is_digit(place)).unwrap_or(chars.len());
        groups.push(at..end);
        let separated =
            chars.get(end).is_some_and(|c| matches!(c, ' ' | '-' | '\u{A0}' | '\u{2010}'..='\u{2013}'));
        if !separated {
            break;
        }
        at = end + 1;
    }
    groups
}

/// The places of the digits of each card number that whole groups make up, the longest first at each group.
fn cards(chars: &[char], groups: &[Range<usize>]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        let mut places = Vec::new();
        let mut card = None;
        for (index, group) in groups.iter().enumerate().skip(first) {
            if places.len() + group.len() > *CARD_DIGITS.end() {
                break;
            }
            places.extend(group.clone());
            if CARD_DIGITS.contains(&places.len()) && passes_luhn(chars, &places) {
                card = Some((index, places.clone()));
            }
        }
        first = card.as_ref().map_or(first, |(last, _)| *last) + 1;
        found.extend(card.map(|(_, places)| places));
    }
    found
}

/// The check of ISO/IEC 7812-1, annex B: every second digit from the right is doubled, and the sum of all
/// digits ends in 0.
fn passes_luhn(chars: &[char], places: &[usize]) -> bool {
    let digits = places.iter().rev().filter_map(|&place| digits::ascii(chars[place]).to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(index, digit)| if index % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_visitors_write_is_kept_as_it_is() {
        for message in
            ["two\nlines\tand a tab", "🌸", "שלום world", "<b>*not* bold</b>", "a\u{2028}b", "x\u{200C}y"]
        {
            assert_eq!(clean(message).as_deref(), Some(message));
            assert_eq!(text(message, 4000).as_deref(), Ok(message));
        }
    }

    #[test]
    fn composed_and_decomposed_letters_and_both_line_ends_become_one() {
        assert_eq!(clean("Jose\u{301}\r\n"), Some("José\n".to_owned()));
        assert_eq!(clean("José\n"), Some("José\n".to_owned()));
    }

    #[test]
    fn control_characters_are_refused() {
        for message in ["a\u{0}b", "a\rb", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{9B}1m"] {
            assert_eq!(clean(message), None, "{message:?}");
            assert_eq!(
                text(message, 10).map_err(|rejected| rejected.code),
                Err("text_control"),
                "{message:?}"
            );
        }
    }

    #[test]
    fn a_reply_is_trimmed_and_counted_in_code_points() {
        let code = |reply: &str, max| text(reply, max).map_err(|rejected| rejected.code);
        assert_eq!(code("\u{A0} ab\u{3000}\n", 2), Ok("ab".to_owned()));
        assert_eq!(code("🌸🌸🌸", 3), Ok("🌸🌸🌸".to_owned()));
        assert_eq!(code("🌸🌸🌸", 2), Err("text_too_long"));
        assert_eq!(code(" \u{A0}\u{3000}\n", 9), Err("text_empty"));
        assert_eq!(code(&"x".repeat(4000), usize::MAX).map(|text| text.len()), Ok(4000));
        assert_eq!(code(&"x".repeat(4001), usize::MAX), Err("text_too_long"));
        // U+0958 is two code points in NFC.
        assert_eq!(code(&"\u{958}".repeat(4000), 4000), Err("text_too_long"));
    }

    #[test]
    fn card_numbers_are_masked_but_for_their_last_four_digits() {
        for (written, masked) in [
            ("4111111111111111", "************1111"),
            ("my card: 4111 1111 1111 1111.", "my card: **** **** **** 1111."),
            ("5500-0000-0000-0004", "****-****-****-0004"),
            ("3782 822463 10005 thanks", "**** ****** *0005 thanks"),
            ("4222222222222", "*********2222"),
            ("6011000990139424000", "6011000990139424000"),
            ("4111 1111 1111 1111 12/27", "**** **** **** 1111 12/27"),
            ("4111 1111 1111 1111 123", "**** **** **** 1111 123"),
            ("12 4111111111111111", "12 ************1111"),
            ("4111 1111 1111 1111 5500 0000 0000 0004", "**** **** **** 1111 **** **** **** 0004"),
            ("４１１１ １１１１ １１１１ １１１１", "**** **** **** １１１１"),
        ] {
            assert_eq!(mask_cards(written), masked);
            assert_eq!(mask_cards(masked), masked, "again");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for written in [
            "4111111111111112",
            "411111111111",
            "4111 1111  1111 1111",
            "41111111111111111111",
            "+49 1522 8817386 0",
            "+4111111111111111",
            "order 2026-11-05 10:00",
            "",
        ] {
            assert_eq!(mask_cards(written), written);
        }
    }
}
