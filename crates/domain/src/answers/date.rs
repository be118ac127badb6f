//! Dates.

use jiff::civil::{Date, Weekday};

use super::{Rejected, trimmed};

/// What a date must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRules {
    /// The visitor's today; what `tomorrow` and a date without a year mean.
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
/// # Errors
///
/// `date_invalid`, `date_too_early`, `date_too_late`, `date_weekend`, and those of a text.
pub fn date(reply: &str, rules: &DateRules) -> Result<Date, Rejected> {
    let typed = trimmed(reply)?;
    let date: Date =
        typed.parse().map_err(|_| Rejected::new("date_invalid", "Please type a date such as 2026-11-05."))?;
    if let Some(min) = rules.min.filter(|&min| date < min) {
        return Err(Rejected::new("date_too_early", format!("Please type a date that is {min} or later.")));
    }
    if let Some(max) = rules.max.filter(|&max| date > max) {
        return Err(Rejected::new("date_too_late", format!("Please type a date that is {max} or earlier.")));
    }
    if rules.weekdays && matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return Err(Rejected::new("date_weekend", "Please choose a day from Monday to Friday."));
    }
    Ok(date)
}
