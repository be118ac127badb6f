//! Dates, in the forms that people type and that have one meaning.
//!
//! It must not know the hour or the zone: the visitor's today comes in.

mod words;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::{Rejected, digits, trimmed};
use words::Words;

/// What a date must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRules {
    /// The visitor's today: what `tomorrow` and a date without a year are counted from.
    pub today: Date,
    /// The earliest that is taken.
    pub min: Option<Date>,
    /// The latest that is taken.
    pub max: Option<Date>,
    /// True if it must be Monday to Friday.
    pub weekdays: bool,
}

/// A date.
///
/// - `2026-11-05` (ISO 8601), also with `/` or `.` and without leading zeros: the year comes first.
/// - `5 Nov 2026`, `Nov 5, 2026`, `Thursday, 5th of November 2026`: the month is a word, in English. Without a
///   year it is the next such day from today on, or the last one if the next is later than `max`.
/// - `05.11.2026`: with dots the day comes first.
/// - `25/12/2026`, `12/25/2026`, `5-5-2026`: only if one order makes a date, or both make the same.
/// - `today`, `tomorrow`, `yesterday`.
///
/// # Errors
///
/// `date_ambiguous`, `date_year` (not of four digits), `date_not_a_day` (such as 30 February),
/// `date_other_weekday` (that day is not a Monday), `date_invalid`; `date_too_early`, `date_too_late`,
/// `date_weekend`; and those of a text.
pub fn date(reply: &str, rules: &DateRules) -> Result<Date, Rejected> {
    let typed = digits::fold(&trimmed(reply)?).to_lowercase();
    let date = read(&typed, rules)?;
    if let Some(min) = rules.min.filter(|&min| date < min) {
        return Err(Rejected::new("date_too_early", format!("Please choose {min} or a later day.")));
    }
    if let Some(max) = rules.max.filter(|&max| date > max) {
        return Err(Rejected::new("date_too_late", format!("Please choose {max} or an earlier day.")));
    }
    if rules.weekdays && matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return Err(Rejected::new("date_weekend", "Please choose a day from Monday to Friday."));
    }
    Ok(date)
}

fn read(typed: &str, rules: &DateRules) -> Result<Date, Rejected> {
    let from_today = match typed.trim_end_matches(['.', '!']) {
        "today" => Some(0),
        "tomorrow" => Some(1),
        "yesterday" => Some(-1),
        _ => None,
    };
    if let Some(days) = from_today {
        return rules.today.checked_add(days.days()).map_err(|_| not_a_day());
    }
    if let Some(numbers) = three_numbers(typed) {
        return of_numbers(numbers);
    }
    let words = Words::read(typed).ok_or_else(invalid)?;
    let date = match words.year {
        Some(year) => day(four_digits(year)?, words.month, words.day)?,
        None => nearest(words.month, words.day, rules)?,
    };
    match words.weekday.filter(|&weekday| weekday != date.weekday()) {
        Some(_) => Err(Rejected::new(
            "date_other_weekday",
            format!("{date} is another day of the week. Please check it."),
        )),
        None => Ok(date),
    }
}

/// Three numbers with the same mark between them, as typed.
struct Numbers<'a> {
    parts: [&'a str; 3],
    mark: char,
}

fn three_numbers(typed: &str) -> Option<Numbers<'_>> {
    let mark =
        typed.chars().find(|&c| !c.is_ascii_digit() && c != ' ').filter(|c| matches!(c, '-' | '/' | '.'))?;
    // One full stop may end a sentence.
    let typed = typed.strip_suffix('.').unwrap_or(typed);
    let parts: Vec<&str> = typed.split(mark).map(str::trim).collect();
    let numbers =
        parts.iter().all(|part| (1..=4).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit()));
    let parts: [&str; 3] = parts.try_into().ok().filter(|_| numbers)?;
    Some(Numbers { parts, mark })
}

fn of_numbers(Numbers { parts: [first, second, third], mark }: Numbers<'_>) -> Result<Date, Rejected> {
    let small = |part: &str| part.parse::<i8>().map_err(|_| not_a_day());
    if first.len() == 4 {
        return day(four_digits(first)?, small(second)?, small(third)?);
    }
    let year = four_digits(third)?;
    let (first, second) = (small(first)?, small(second)?);
    if mark == '.' {
        return day(year, second, first);
    }
    match (day(year, second, first), day(year, first, second)) {
        (Ok(day_first), Ok(month_first)) if day_first != month_first => Err(Rejected::new(
            "date_ambiguous",
            format!(
                "That could be two dates. Please type the year first: {} or {}.",
                day_first.min(month_first),
                day_first.max(month_first)
            ),
        )),
        (Ok(date), _) | (_, Ok(date)) => Ok(date),
        (refused, Err(_)) => refused,
    }
}

fn four_digits(year: &str) -> Result<i16, Rejected> {
    let year = Some(year).filter(|year| year.len() == 4 && !year.starts_with('0'));
    year.and_then(|year| year.parse().ok()).ok_or_else(|| {
        Rejected::new("date_year", "Please type the year with four digits, such as 2026-11-05.")
    })
}

fn day(year: i16, month: i8, day: i8) -> Result<Date, Rejected> {
    Date::new(year, month, day).map_err(|_| not_a_day())
}

/// The day of a year that was not given. Eight years ahead or back there is a 29 February even around 1900 or
/// 2100, which are no leap years.
fn nearest(month: i8, day: i8, rules: &DateRules) -> Result<Date, Rejected> {
    let today = rules.today;
    let on = |years: i16| Date::new(today.year().checked_add(years)?, month, day).ok();
    let next = (0..=8).filter_map(on).find(|&date| date >= today);
    let last = (-8..=0).rev().filter_map(on).find(|&date| date <= today);
    let too_late = |date: Date| rules.max.is_some_and(|max| date > max);
    match (next, last) {
        (Some(next), Some(last)) => Ok(if too_late(next) { last } else { next }),
        (Some(only), None) | (None, Some(only)) => Ok(only),
        (None, None) => Err(not_a_day()),
    }
}

fn not_a_day() -> Rejected {
    Rejected::new(
        "date_not_a_day",
        "There is no such day. Please type a date such as 2026-11-05 or 5 November 2026.",
    )
}

fn invalid() -> Rejected {
    Rejected::new("date_invalid", "Please type a date such as 2026-11-05 or 5 November 2026.")
}

#[cfg(test)]
mod tests;
