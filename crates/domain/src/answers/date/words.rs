//! Dates whose month is a word. It must not know which days exist.

use jiff::civil::Weekday;

/// The months and their abbreviations, January first.
const MONTHS: [&[&str]; 12] = [
    &["january", "jan"],
    &["february", "feb"],
    &["march", "mar"],
    &["april", "apr"],
    &["may"],
    &["june", "jun"],
    &["july", "jul"],
    &["august", "aug"],
    &["september", "sept", "sep"],
    &["october", "oct"],
    &["november", "nov"],
    &["december", "dec"],
];

/// The days of the week and their abbreviations, Monday first.
const WEEKDAYS: [&[&str]; 7] = [
    &["monday", "mon"],
    &["tuesday", "tues", "tue"],
    &["wednesday", "wed"],
    &["thursday", "thurs", "thur", "thu"],
    &["friday", "fri"],
    &["saturday", "sat"],
    &["sunday", "sun"],
];

/// Words that say nothing.
const FILLERS: &[&str] = &["the", "of", "on"];

/// What follows the number of a day.
const ORDINALS: &[&str] = &["st", "nd", "rd", "th"];

/// A day and a month, in either order, and what else was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words<'a> {
    /// As typed.
    pub year: Option<&'a str>,
    pub month: i8,
    pub day: i8,
    pub weekday: Option<Weekday>,
}

impl<'a> Words<'a> {
    /// Reads lower-case text: one month, one day and, each at most once, a weekday and a year. The year is the
    /// number of more than two digits, or else the second one.
    pub fn read(typed: &'a str) -> Option<Words<'a>> {
        let mut numbers: Vec<&str> = Vec::new();
        let mut month = None;
        let mut weekday = None;
        for token in tokens(typed) {
            if token.starts_with(|c: char| c.is_ascii_digit()) {
                numbers.push(token);
            } else if let Some(index) = place(&MONTHS, token) {
                set(&mut month, i8::try_from(index + 1).ok()?)?;
            } else if let Some(index) = place(&WEEKDAYS, token) {
                set(&mut weekday, Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()?)?;
            } else if !says_nothing(token, numbers.is_empty()) {
                return None;
            }
        }
        let (day, year) = match numbers[..] {
            [day] => (day, None),
            [year, day] if year.len() > 2 => (day, Some(year)),
            [day, year] => (day, Some(year)),
            _ => return None,
        };
        Some(Words {
            year,
            month: month?,
            day: Some(day).filter(|day| day.len() <= 2)?.parse().ok()?,
            weekday,
        })
    }
}

/// Numbers, words, and single other characters but white space.
fn tokens(typed: &str) -> impl Iterator<Item = &str> {
    let mut rest = typed;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end = if first.is_ascii_digit() {
            rest.find(|c: char| !c.is_ascii_digit())
        } else if first.is_alphabetic() {
            rest.find(|c: char| !c.is_alphabetic())
        } else {
            Some(first.len_utf8())
        };
        let (token, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(token)
    })
}

/// Punctuation, fillers, and the ending of a number.
fn says_nothing(token: &str, before_numbers: bool) -> bool {
    let punctuation = matches!(token, "," | "." | "-" | "/" | "'" | "\u{2019}");
    punctuation || FILLERS.contains(&token) || (!before_numbers && ORDINALS.contains(&token))
}

fn place(names: &[&[&str]], word: &str) -> Option<usize> {
    names.iter().position(|names| names.contains(&word))
}

/// Nothing if it was set before: two months make no date.
fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}
