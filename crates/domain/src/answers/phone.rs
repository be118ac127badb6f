//! Phone numbers.

use super::{Rejected, trimmed};

/// Version of the numbering plans that numbers are judged by (Google's libphonenumber metadata).
pub const PHONE_METADATA: &str = "9.0.33";

/// A phone number that can be dialled from anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// `+`, country code and national number, at most 15 digits (ITU-T E.164).
    pub e164: String,
    /// What to dial once connected, digits only.
    pub extension: Option<String>,
}

/// True if `code` is a region (ISO 3166-1 alpha-2, upper case) whose numbering plan is known.
pub fn known_region(code: &str) -> bool {
    code.parse::<phonenumber::country::Id>().is_ok()
}

/// A phone number, national of `region` or international.
///
/// # Errors
///
/// `phone_…`, and those of a text.
pub fn phone(reply: &str, region: Option<&str>, strict: bool) -> Result<Phone, Rejected> {
    let typed = trimmed(reply)?;
    let refused = || {
        Rejected::new(
            "phone_invalid",
            "That is not a phone number. Please type one such as +44 20 7946 0018.",
        )
    };
    if typed.chars().any(char::is_alphabetic) {
        return Err(refused());
    }
    let number = phonenumber::parse(region.and_then(|r| r.parse().ok()), &typed).map_err(|_| refused())?;
    if strict && !number.is_valid() {
        return Err(refused());
    }
    Ok(Phone {
        e164: number.format().mode(phonenumber::Mode::E164).to_string(),
        extension: number.extension().map(ToString::to_string),
    })
}
