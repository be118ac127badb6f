//! Numbers, as people of different countries write them.
//!
//! A reply that has two meanings is refused with both in mind rather than guessed: a budget that is a thousand
//! times too small is worse than a second question. It must not know units: `$500` and `5 km` are no numbers.

use super::{Rejected, digits, trimmed};

/// Most digits of a number, without leading zeros: as many as an IEEE 754 double surely keeps.
const MAX_DIGITS: usize = 15;

/// What a number must be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NumberRules {
    /// True if it must have no fraction.
    pub integer: bool,
    /// The least that is taken.
    pub min: Option<f64>,
    /// The most that is taken.
    pub max: Option<f64>,
}

/// A number: a sign if it has one, digits of any script, and either a point or a comma before decimals.
///
/// - `3`, `-3`, `+3`, `3.5`, `3,5`, `.5` are what they look like, and so is `3.` at the end of a sentence.
/// - Thousands may be grouped by a space, an apostrophe, a comma or a point, where it is clear that this is
///   meant: `1 250`, `1,250.50`, `1.250,50`, `1,250,000`, `12,50,000`.
/// - `1,250` could be both; so could `1.250` where a whole number is asked for. The first is refused as
///   ambiguous with `1250` as suggestion unless a whole number is asked for, the second if it is: a point
///   is most often a decimal point.
/// - There are no exponents, no infinities, and at most 15 digits. Zero has no sign.
///
/// # Errors
///
/// `number_invalid`, `number_ambiguous`, `number_too_long`, `number_not_integer`, `number_too_small`,
/// `number_too_large`, and those of a text.
pub fn number(reply: &str, rules: &NumberRules) -> Result<f64, Rejected> {
    let typed = trimmed(reply)?;
    let value = read(&typed, rules.integer)?;
    if rules.integer && value.fract() != 0.0 {
        return Err(Rejected::new("number_not_integer", "Please type a whole number, such as 12."));
    }
    if let Some(min) = rules.min.filter(|&min| value < min) {
        return Err(Rejected::new(
            "number_too_small",
            format!("Please type a number that is at least {min}."),
        ));
    }
    if let Some(max) = rules.max.filter(|&max| value > max) {
        return Err(Rejected::new(
            "number_too_large",
            format!("Please type a number that is at most {max}."),
        ));
    }
    Ok(value)
}

fn read(typed: &str, integer: bool) -> Result<f64, Rejected> {
    let plain: String = typed.chars().map(ordinary).collect();
    let negative = plain.starts_with('-');
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain).trim_start();
    let Parts { whole, decimals } = Parts::read(unsigned, integer)?;
    let significant = whole.trim_start_matches('0').len() + decimals.len();
    if significant > MAX_DIGITS {
        let message = format!("Please type a number of at most {MAX_DIGITS} digits.");
        return Err(Rejected::new("number_too_long", message));
    }
    let value: f64 = format!("{whole}.{decimals}").parse().map_err(|_| invalid())?;
    Ok(if negative && value != 0.0 { -value } else { value })
}

/// One character for all that mean the same.
fn ordinary(c: char) -> char {
    match c {
        '\u{2212}' | '\u{FF0D}' => '-',
        '\u{FF0B}' => '+',
        '\u{A0}' | '\u{2007}' | '\u{2009}' | '\u{202F}' => ' ',
        '\u{2019}' => '\'',
        // The Arabic separators of decimals and of thousands.
        '\u{66B}' | '\u{FF0E}' => '.',
        '\u{66C}' | '\u{FF0C}' => ',',
        other => digits::ascii(other),
    }
}

/// The digits before and after the decimal point; not both are empty.
struct Parts {
    whole: String,
    decimals: String,
}

impl Parts {
    fn read(unsigned: &str, integer: bool) -> Result<Parts, Rejected> {
        let allowed = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '\'');
        let ends_well = unsigned.chars().last().is_some_and(|c| c.is_ascii_digit() || c == '.');
        if !ends_well || !unsigned.chars().all(allowed) || !unsigned.contains(|c: char| c.is_ascii_digit()) {
            return Err(invalid());
        }
        let unsigned = unsigned.strip_suffix('.').unwrap_or(unsigned);
        let (whole, decimals) = match decimal_mark(unsigned, integer)? {
            Some(place) => (&unsigned[..place], &unsigned[place + 1..]),
            None => (unsigned, ""),
        };
        if !decimals.chars().all(|c| c.is_ascii_digit()) {
            return Err(invalid());
        }
        let whole = ungrouped(whole).ok_or_else(invalid)?;
        Ok(Parts { whole, decimals: decimals.to_owned() })
    }
}

/// Where the decimal mark stands, if there is one.
fn decimal_mark(unsigned: &str, integer: bool) -> Result<Option<usize>, Rejected> {
    let Some(last) = unsigned.rfind(['.', ',']) else { return Ok(None) };
    let mark = &unsigned[last..=last];
    let others = unsigned[..last].contains(|c: char| !c.is_ascii_digit());
    if others {
        // The mark of groups cannot be that of decimals, and what stands twice marks groups.
        let again = unsigned[..last].contains(mark);
        return Ok((!again).then_some(last));
    }
    let (before, after) = (&unsigned[..last], &unsigned[last + 1..]);
    let like_a_group = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    match (like_a_group, mark, integer) {
        (true, ",", true) => Ok(None),
        (true, ",", false) | (true, _, true) => {
            let joined = format!("{before}{after}");
            let message =
                format!("Is that {joined}, or {before} and a fraction? Please type it with digits only.");
            Err(Rejected::new("number_ambiguous", message).with_suggestion(joined))
        }
        _ => Ok(Some(last)),
    }
}

/// The digits of a whole number whose groups, if it has any, are all marked alike: one to three digits, then
/// two (as in India) or three, and three at the end.
fn ungrouped(whole: &str) -> Option<String> {
    let mark = whole.chars().find(|c| !c.is_ascii_digit());
    let Some(mark) = mark else { return Some(whole.to_owned()) };
    let groups: Vec<&str> = whole.split(mark).collect();
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let digits_only = groups.iter().all(|group| group.chars().all(|c| c.is_ascii_digit()));
    let sizes = (1..=3).contains(&first.len())
        && last.len() == 3
        && (middle.iter().all(|group| group.len() == 3) || middle.iter().all(|group| group.len() == 2));
    (digits_only && sizes).then(|| groups.concat())
}

fn invalid() -> Rejected {
    Rejected::new("number_invalid", "Please type a number in digits only, such as 12 or 3.5.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: NumberRules = NumberRules { integer: false, min: None, max: None };
    const WHOLE: NumberRules = NumberRules { integer: true, ..ANY };

    fn code(reply: &str, rules: &NumberRules) -> Result<f64, &'static str> {
        number(reply, rules).map_err(|rejected| rejected.code)
    }

    #[test]
    fn numbers_are_read_as_they_are_written_in_many_places() {
        for (reply, value) in [
            ("3", 3.0),
            (" 3.5 ", 3.5),
            ("3,5", 3.5),
            ("-3", -3.0),
            ("\u{2212}3", -3.0),
            ("+3", 3.0),
            (".5", 0.5),
            (",5", 0.5),
            ("3.", 3.0),
            ("007", 7.0),
            ("00000000000000000007", 7.0),
            ("0,125", 0.125),
            ("3.125", 3.125),
            ("1 250", 1250.0),
            ("1\u{202F}250,5", 1250.5),
            ("1'250.50", 1250.5),
            ("1,250.50", 1250.5),
            ("1.250,50", 1250.5),
            ("1,250,000", 1_250_000.0),
            ("1.250.000", 1_250_000.0),
            ("12,50,000", 1_250_000.0),
            ("1,250,000.", 1_250_000.0),
            ("1250,000", 1250.0),
            ("٣٫٥", 3.5),
            ("१२", 12.0),
            ("１２", 12.0),
            ("999999999999999", 999_999_999_999_999.0),
        ] {
            assert_eq!(code(reply, &ANY), Ok(value), "{reply}");
        }
    }

    #[test]
    fn a_zero_has_no_sign() {
        assert!(number("-0", &ANY).unwrap().is_sign_positive());
        assert!(number("-0,0", &ANY).unwrap().is_sign_positive());
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for reply in [
            "three",
            "NaN",
            "inf",
            "-inf",
            "1e5",
            "0x10",
            "--3",
            "3-",
            "-",
            ".",
            ",",
            "..",
            "1,",
            "1..5",
            "1,2,3",
            "1.2.3",
            "1 2",
            "1 25",
            "12345 678",
            "1,250 000",
            "1.250,50,00",
            "1,,250",
            "5%",
            "$500",
            "3 4.5",
            "1 '250",
            "½",
            "²",
            "1_000",
        ] {
            assert_eq!(code(reply, &ANY), Err("number_invalid"), "{reply}");
        }
        assert_eq!(code("1234567890123456", &ANY), Err("number_too_long"));
        assert_eq!(code("0.1234567890123456", &ANY), Err("number_too_long"));
        assert_eq!(code("", &ANY), Err("text_empty"));
    }

    #[test]
    fn a_thousand_that_may_be_one_is_asked_about() {
        let rejected = number("1,250", &ANY).unwrap_err();
        assert_eq!((rejected.code, rejected.suggestion.as_deref()), ("number_ambiguous", Some("1250")));
        assert_eq!(code("1,250", &WHOLE), Ok(1250.0));
        assert_eq!(code("1.250", &ANY), Ok(1.25));
        assert_eq!(code("1.250", &WHOLE), Err("number_ambiguous"));
    }

    #[test]
    fn rules_are_held_at_their_edges() {
        let rules = NumberRules { integer: true, min: Some(1.0), max: Some(10.0) };
        assert_eq!(code("1", &rules), Ok(1.0));
        assert_eq!(code("10", &rules), Ok(10.0));
        assert_eq!(code("2.0", &rules), Ok(2.0));
        assert_eq!(code("0", &rules), Err("number_too_small"));
        assert_eq!(code("11", &rules), Err("number_too_large"));
        assert_eq!(code("1.5", &rules), Err("number_not_integer"));
    }
}
