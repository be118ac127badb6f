//! E-mail addresses.

use super::{Rejected, trimmed};

/// An e-mail address that a lead may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// As typed, in NFC, the domain in lower case.
    pub address: String,
    /// What two spellings of one address have in common: the local part case-folded, the domain as lower-case
    /// IDNA A-labels.
    pub key: String,
}

/// An e-mail address.
///
/// # Errors
///
/// `email_…`, and those of a text.
pub fn email(reply: &str) -> Result<Email, Rejected> {
    let typed = trimmed(reply)?;
    if typed.contains('＠') {
        let corrected = typed.replace('＠', "@");
        return Err(
            Rejected::new("email_wide_at", format!("Did you mean {corrected}?")).with_suggestion(corrected)
        );
    }
    let Some((local, domain)) = typed.rsplit_once('@') else {
        return Err(Rejected::new("email_no_at", "An e-mail address has an @, as in name@example.com."));
    };
    let ascii = idna::domain_to_ascii_strict(domain).ok().filter(|d| d.contains('.'));
    match ascii {
        Some(ascii) if !local.is_empty() && !local.contains(char::is_whitespace) => Ok(Email {
            address: format!("{local}@{}", domain.to_lowercase()),
            key: format!("{}@{ascii}", local.to_lowercase()),
        }),
        _ => Err(Rejected::new(
            "email_domain",
            "That is not an e-mail address. Please type one such as name@example.com.",
        )),
    }
}
