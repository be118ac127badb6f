//! Numbers.

use super::{Rejected, trimmed};

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

/// A number.
///
/// # Errors
///
/// `number_invalid`, `number_not_integer`, `number_too_small`, `number_too_large`, and those of a text.
pub fn number(reply: &str, rules: &NumberRules) -> Result<f64, Rejected> {
    let typed = trimmed(reply)?;
    let refused = || Rejected::new("number_invalid", "Please type a number in digits, such as 12 or 3.5.");
    if !typed.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) {
        return Err(refused());
    }
    let value: f64 = typed.parse().map_err(|_| refused())?;
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
