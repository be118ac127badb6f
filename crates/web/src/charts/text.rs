//! Words and numbers as pictures show them: escaped, shortened to a width, grouped in thousands.
//!
//! Must not know any picture.

use std::fmt;

/// A text as it can stand in an element or a quoted attribute, of HTML and of SVG within it.
///
/// Control characters, which HTML cannot hold, and those that turn the direction of what follows (Unicode Standard
/// Annex 9) are left out: a label must not turn its neighbours round.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for c in self.0.chars().filter(|c| is_shown(*c)) {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if c.is_whitespace() => f.write_char(' ')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

fn is_shown(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    !turns && !noncharacter && (!c.is_control() || c.is_whitespace())
}

/// About how wide a text is, in units of its letters' size. Rather too much than too little.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(advance).sum()
}

fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.96,
        'A'..='Z' => 0.74,
        // Joiners, marks that stand on the letter before, and variation selectors take no room of their own.
        '\u{200b}'..='\u{200f}' | '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0.0,
        c if u32::from(c) < 0x1100 => 0.62,
        '\u{2010}'..='\u{2027}' => 0.9,
        _ => 1.25,
    }
}

/// The text, or as much of its beginning as fits into `room` (in units of its letters' size) with an ellipsis.
pub(super) fn short(text: &str, room: f64) -> String {
    let text = text.trim();
    if width(text) <= room {
        return text.to_owned();
    }
    let mut left = room - 0.9;
    let kept: String = text
        .chars()
        .take_while(|c| {
            left -= advance(*c);
            left >= 0.0
        })
        .collect();
    // What joins to a character that is not there any more would be shown as a box.
    let kept = kept.trim_end_matches(|c: char| c == '\u{200d}' || c.is_whitespace());
    format!("{kept}…")
}

/// A whole number with its thousands apart: `1,204`.
pub(crate) fn thousands(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number at an axis, in at most five characters or so: `800`, `2.5K`, `20M`.
pub(super) fn compact(number: f64) -> String {
    const UNITS: [(f64, &str); 5] = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")];
    let (unit, sign) = match UNITS.iter().find(|(unit, _)| number >= *unit) {
        Some((unit, sign)) => (*unit, *sign),
        None if number >= 1e3 => (1e3, "K"),
        None => (1.0, ""),
    };
    let tenths = (number / unit * 10.0).round() / 10.0;
    format!("{tenths}{sign}")
}

/// What share of `whole` a part is, such as `3.4%`. A part that is there is never 0%, and one that is missing something
/// never 100%.
pub(super) fn per_cent(part: u128, whole: u128) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = part as f64 / whole as f64 * 100.0;
    match share {
        _ if part == 0 => "0%".to_owned(),
        _ if part == whole => "100%".to_owned(),
        share if share < 0.1 => "<0.1%".to_owned(),
        share if part < whole && share > 99.9 => ">99.9%".to_owned(),
        share => format!("{share:.1}%"),
    }
}

/// A length or place in a picture: tenths of a unit are finer than anyone sees.
pub(super) struct At(pub(super) f64);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding zero makes one zero of the two that floating point has.
        write!(f, "{}", (self.0 * 10.0).round() / 10.0 + 0.0)
    }
}
