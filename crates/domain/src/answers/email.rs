//! E-mail addresses: the syntax of RFC 5321, 4.1.2, with the letters of RFC 6531, 3.3.
//!
//! The grammar is small once quoted local parts and address literals are refused, which no lead has and many
//! programs further on cannot read; a library would be asked for less than half of what it does, and could not
//! say what is wrong. It must not know whether an address exists.

use unicode_normalization::UnicodeNormalization;

use super::host::{Fault, Host};
use super::{Rejected, trimmed};

/// Most octets before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// Most octets of an address: a path of 256 (RFC 5321, 4.5.3.1.3) without its angle brackets.
const LONGEST: usize = 254;

/// What an atom may have besides letters and digits (RFC 5322, 3.2.3, `atext`).
const ATOM_SIGNS: &str = "!#$%&'*+-/=?^_`{|}~";

/// An e-mail address that a lead may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// As typed, in NFC, with the domain in lower case.
    pub address: String,
    /// What all spellings of one address have in common: the local part case-folded, the domain as lower-case
    /// A-labels (IDNA). For comparing only; mail goes to `address`.
    pub key: String,
}

/// An e-mail address, without the `mailto:` before it and one full stop or comma after it.
///
/// # Errors
///
/// `email_wide_at` and `email_invisible` with the corrected form, `email_angle` with the address in the
/// brackets, `email_space`, `email_no_at`, `email_several`, `email_quoted`, `email_no_local`,
/// `email_no_domain`, `email_literal`, `email_single_label`, `email_local_dots`, `email_local_characters`,
/// `email_local_too_long`, `email_domain_dots`, `email_domain_hyphen`, `email_domain_characters`,
/// `email_domain_too_long`, `email_top_level`, `email_too_long`, and those of a text.
pub fn email(reply: &str) -> Result<Email, Rejected> {
    let trimmed = trimmed(reply)?;
    read(bare(&trimmed)).map_err(|rejected| match rejected.suggestion {
        // A form that would be refused as well is no help.
        Some(suggestion) => {
            Rejected { suggestion: read(&suggestion).ok().map(|email| email.address), ..rejected }
        }
        None => rejected,
    })
}

/// Without what comes along when an address is copied from a page or ends a sentence.
fn bare(typed: &str) -> &str {
    let scheme = "mailto:";
    let prefixed = typed.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let typed = if prefixed { typed[scheme.len()..].trim_start() } else { typed };
    typed.strip_suffix(['.', ',']).unwrap_or(typed).trim_end()
}

fn read(typed: &str) -> Result<Email, Rejected> {
    check_shape(typed)?;
    let (local, domain) = typed.rsplit_once('@').ok_or_else(|| {
        Rejected::new("email_no_at", "An e-mail address has an @ in it, as in name@example.com.")
    })?;
    check_local(local)?;
    let host = host(domain)?;
    let address = format!("{local}@{}", host.name);
    if address.len() > LONGEST || local.len() + 1 + host.ascii.len() > LONGEST {
        return Err(Rejected::new(
            "email_too_long",
            format!("An e-mail address has at most {LONGEST} characters."),
        ));
    }
    Ok(Email { address, key: format!("{}@{}", folded(local), host.ascii) })
}

/// What shows before the parts are looked at.
fn check_shape(typed: &str) -> Result<(), Rejected> {
    if typed.starts_with('"') {
        return Err(Rejected::new(
            "email_quoted",
            "Please type an address without quotation marks, such as name@example.com.",
        ));
    }
    if let Some(inner) =
        typed.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map(|(_, inner)| inner)
    {
        return Err(Rejected::new("email_angle", "Please type the address alone, such as name@example.com.")
            .with_suggestion(inner));
    }
    if typed.contains(['＠', '﹫']) {
        let corrected = typed.replace(['＠', '﹫'], "@");
        return Err(Rejected::new(
            "email_wide_at",
            "Please type the address with a plain @, as in name@example.com.",
        )
        .with_suggestion(corrected));
    }
    if typed.contains(is_invisible) {
        return Err(Rejected::new(
            "email_invisible",
            "The address has an invisible character in it. Please type it again.",
        )
        .with_suggestion(typed.replace(is_invisible, "")));
    }
    let ats = typed.matches('@').count();
    if ats > 1 {
        return Err(Rejected::new(
            "email_several",
            "Please type one e-mail address with one @, such as name@example.com.",
        ));
    }
    if typed.contains(char::is_whitespace) {
        return Err(Rejected::new(
            "email_space",
            "An e-mail address has no spaces in it. Please type the address alone.",
        ));
    }
    Ok(())
}

/// A dot-string of RFC 5321, its atoms with all letters of RFC 6531.
fn check_local(local: &str) -> Result<(), Rejected> {
    let refuse = |code, message: &str| Err(Rejected::new(code, message));
    if local.is_empty() {
        return refuse(
            "email_no_local",
            "Something is missing before the @. Please type an address such as name@example.com.",
        );
    }
    if local.len() > LONGEST_LOCAL {
        return refuse(
            "email_local_too_long",
            "The part before the @ is too long. Please check the address.",
        );
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || ATOM_SIGNS.contains(c) || c == '.';
    if let Some(wrong) = local.chars().find(|&c| !allowed(c)) {
        let message = format!("An e-mail address has no {wrong} before the @. Please check the address.");
        return refuse("email_local_characters", &message);
    }
    if local.split('.').any(str::is_empty) {
        return refuse("email_local_dots", "Before the @ there is a dot too many. Please check the address.");
    }
    Ok(())
}

fn host(domain: &str) -> Result<Host, Rejected> {
    if domain.is_empty() {
        return Err(Rejected::new(
            "email_no_domain",
            "Something is missing after the @. Please type an address such as name@example.com.",
        ));
    }
    Host::read(domain).map_err(|fault| {
        let (code, message) = match fault {
            Fault::Address => {
                ("email_literal", "Please type an address with a domain name after the @, not an IP address.")
            }
            Fault::Dots => {
                ("email_domain_dots", "After the @ there is a dot too many. Please check the address.")
            }
            Fault::Hyphen => (
                "email_domain_hyphen",
                "After the @ there is a hyphen in a wrong place. Please check the address.",
            ),
            Fault::Length => {
                ("email_domain_too_long", "The part after the @ is too long. Please check the address.")
            }
            Fault::SingleLabel => (
                "email_single_label",
                "After the @ an ending is missing, such as .com. Please check the address.",
            ),
            Fault::TopLevel => (
                "email_top_level",
                "The address has no ending such as .com. Please check what comes after the last dot.",
            ),
            Fault::Characters => (
                "email_domain_characters",
                "After the @ there is a character that no domain has. Please check the address.",
            ),
        };
        Rejected::new(code, message)
    })
}

/// Case-folded close to Unicode's full folding (CaseFolding.txt): small, large, small makes one of ß and SS, of
/// σ and ς. Dotless ı stays apart from i, as it does there.
fn folded(local: &str) -> String {
    let upper = |c: char| if c == 'ı' { "ı".to_owned() } else { c.to_uppercase().collect() };
    let folded: String = local.chars().flat_map(char::to_lowercase).map(upper).collect();
    folded.chars().flat_map(char::to_lowercase).nfc().collect()
}

/// Characters of no width, and marks of direction: an address with one looks like an address without.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{FEFF}'
    ) || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFF0}'..='\u{FFFD}')
        || matches!(c, '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests;
