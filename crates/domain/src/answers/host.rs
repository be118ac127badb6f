//! Names of hosts on the Internet, for e-mail and web addresses. Pure syntax: nothing is looked up, since a
//! visitor must not wait for a resolver, and an installation may have none.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// A host's name in its two forms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// As typed, but in lower case and, if it is not ASCII, mapped and composed (UTS #46).
    pub name: String,
    /// Lower-case A-labels: what DNS has.
    pub ascii: String,
}

/// Why a text names no host that a stranger could reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// An IP address, plain or in brackets.
    Address,
    /// Empty labels: a dot at an end, or two in a row.
    Dots,
    /// A label that begins or ends with a hyphen.
    Hyphen,
    /// Longer than 63 octets for a label or 253 for the whole (RFC 1035, 2.3.4).
    Length,
    /// No dot, such as `localhost`.
    SingleLabel,
    /// A last label of one letter or of digits only.
    TopLevel,
    /// What is neither a letter, a digit nor a hyphen, or not in this place (IDNA 2008).
    Characters,
}

impl Host {
    /// Reads the name of a host: LDH labels (RFC 1123, 2.1) or IDNA's, at least two.
    pub fn read(typed: &str) -> Result<Host, Fault> {
        if typed.starts_with('[') || typed.parse::<std::net::IpAddr>().is_ok() {
            return Err(Fault::Address);
        }
        let uts46 = Uts46::new();
        let mapped =
            uts46.to_ascii(typed.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore);
        let ascii = mapped.map_err(|_| Fault::Characters)?.into_owned();
        check_labels(&ascii)?;
        // What the checks above do not name: hyphens in the third and fourth place of what is no A-label.
        uts46
            .to_ascii(typed.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
            .map_err(|_| Fault::Characters)?;
        let name = if typed.is_ascii() {
            typed.to_ascii_lowercase()
        } else {
            uts46.to_unicode(typed.as_bytes(), AsciiDenyList::STD3, Hyphens::Check).0.into_owned()
        };
        Ok(Host { name, ascii })
    }
}

fn check_labels(ascii: &str) -> Result<(), Fault> {
    let labels: Vec<&str> = ascii.split('.').collect();
    let ldh = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let last = labels.last().copied().unwrap_or_default();
    let all = |rule: fn(&str) -> bool| labels.iter().all(|label| rule(label));
    let faults = [
        (labels.iter().any(|label| !label.chars().all(ldh)), Fault::Characters),
        (labels.contains(&""), Fault::Dots),
        (!all(|label| !label.starts_with('-') && !label.ends_with('-')), Fault::Hyphen),
        (!all(|label| label.len() <= 63) || ascii.len() > 253, Fault::Length),
        (labels.len() < 2, Fault::SingleLabel),
        (last.chars().all(|c| c.is_ascii_digit()) && labels.len() == 4, Fault::Address),
        (last.len() < 2 || last.chars().all(|c| c.is_ascii_digit()), Fault::TopLevel),
    ];
    faults.into_iter().find(|(found, _)| *found).map_or(Ok(()), |(_, fault)| Err(fault))
}
