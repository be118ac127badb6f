//! Phone numbers: from what people type to E.164 (ITU-T), or why not.
//!
//! The whole reply must be the number, after one of a few lead-ins. A number is never fished out of a sentence,
//! and letters are never read as digits. It must not know what a region's numbers look like: that is `plan`.

mod plan;
mod typed;

use plan::{Length, Plan};
use typed::Typed;

use super::{Rejected, trimmed};

/// Version of the numbering plans that numbers are judged by (metadata of Google's libphonenumber). Plans
/// change over the years; this is for showing how old ours are.
pub const PHONE_METADATA: &str = "9.0.33";

/// Fewest digits of a national number anywhere (libphonenumber).
const SHORTEST_NATIONAL: usize = 2;

/// Most digits of a whole number without its `+` (ITU-T E.164).
const LONGEST: usize = 15;

/// A phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// `+`, country code and national number, at most 15 digits (ITU-T E.164).
    pub e164: String,
    /// What to dial once connected, 1 to 7 digits.
    pub extension: Option<String>,
}

/// True if `code` (ISO 3166-1 alpha-2, upper case) has a known numbering plan.
pub fn known_region(code: &str) -> bool {
    plan::of_region(code).is_some()
}

/// A phone number as it is dialled within `region`, or with its country code after `+` or the region's prefix
/// for calls abroad. Without a known region only those with `+` are taken.
///
/// Spaces, `-`, `.`, `/` and parentheses may separate digits of any script. `strict` takes only numbers that
/// the numbering plan assigns; otherwise a possible length is enough, even one that is possible only without
/// the area code.
///
/// # Errors
///
/// `phone_letters`, `phone_characters`, `phone_several`, `phone_no_country`, `phone_country_code`,
/// `phone_too_short`, `phone_too_long`, `phone_length`, `phone_not_assigned`, and those of a text.
pub fn phone(reply: &str, region: Option<&str>, strict: bool) -> Result<Phone, Rejected> {
    let Typed { digits, plus, extension } = Typed::read(&trimmed(reply)?)?;
    let (plan, national) = split(&digits, plus, region.and_then(plan::of_region))?;
    let national = dialled_from_abroad(plan, national);
    check_length(plan, &national)?;
    if strict && !plan::is_assigned(plan.code, &national) {
        return Err(Rejected::new(
            "phone_not_assigned",
            "That phone number does not exist. Please check its digits and the area code.",
        ));
    }
    Ok(Phone { e164: format!("+{}{national}", plan.code), extension })
}

/// The plan that a number belongs to, and what of it is national.
fn split(digits: &str, plus: bool, home: Option<&'static Plan>) -> Result<(&'static Plan, String), Rejected> {
    let international =
        if plus { Some(digits) } else { home.and_then(|h| h.without_international_prefix(digits)) };
    if let Some(international) = international {
        return by_country_code(international);
    }
    let home = home.ok_or_else(|| {
        Rejected::new(
            "phone_no_country",
            "Please type the number with its country code, such as +44 20 7946 0018.",
        )
    })?;
    let national = without_bare_country_code(home, digits).unwrap_or_else(|| digits.to_owned());
    Ok((home, national))
}

fn by_country_code(international: &str) -> Result<(&'static Plan, String), Rejected> {
    // No country code is the beginning of another (ITU-T E.164), so the first that is known is the one.
    let known = (1..=3).find_map(|length| {
        let (code, national) = international.split_at_checked(length)?;
        let plan = plan::of_code(code.parse().ok().filter(|_| !code.starts_with('0'))?)?;
        Some((plan, national.to_owned()))
    });
    known.ok_or_else(|| {
        Rejected::new(
            "phone_country_code",
            "The number begins with a country code that does not exist. Please check the digits after the +.",
        )
    })
}

/// Some people type the country code of their own region without a `+`. It is one if the number fits the plan
/// only without it, or is too long with it.
fn without_bare_country_code(home: &Plan, digits: &str) -> Option<String> {
    let rest = digits.strip_prefix(home.code.to_string().as_str())?;
    let national = home.without_national_prefix(rest).unwrap_or_else(|| rest.to_owned());
    let only_without = !home.fits(digits) && home.fits(&national);
    (only_without || home.length(digits) == Length::TooLong).then_some(national)
}

/// Takes away what is dialled at home only, unless what is left could not be a whole number. This also covers
/// the zero of `+33 (0)1 99 00 12 34`, and leaves Italy's, which is part of the number.
fn dialled_from_abroad(plan: &Plan, national: String) -> String {
    if let Some(current) = without_former_mobile_prefix(plan, &national) {
        return current;
    }
    let stripped = plan.without_national_prefix(&national);
    let whole = |candidate: &String| matches!(plan.length(candidate), Length::Possible | Length::TooLong);
    stripped.filter(whole).unwrap_or(national)
}

/// Mexico's mobile numbers had a 1 before their ten digits until 2019; address books still have it.
fn without_former_mobile_prefix(plan: &Plan, national: &str) -> Option<String> {
    let current = national.strip_prefix('1').filter(|rest| plan.code == 52 && rest.len() == 10);
    current.map(str::to_owned)
}

fn check_length(plan: &Plan, national: &str) -> Result<(), Rejected> {
    let too_short =
        || Err(Rejected::new("phone_too_short", "That phone number is too short. Please check its digits."));
    let too_long = || {
        Err(Rejected::new("phone_too_long", "That phone number is too long. Please type one number only."))
    };
    if national.len() < SHORTEST_NATIONAL {
        return too_short();
    }
    if plan.code.to_string().len() + national.len() > LONGEST {
        return too_long();
    }
    match plan.length(national) {
        Length::Possible | Length::LocalOnly => Ok(()),
        Length::TooShort => too_short(),
        Length::TooLong => too_long(),
        Length::Between => Err(Rejected::new(
            "phone_length",
            "No phone number there has that many digits. Please check them.",
        )),
    }
}

#[cfg(test)]
mod tests;
