//! Web addresses.

use url::Url;

use super::host::{Fault, Host};
use super::{Rejected, trimmed};

/// Most bytes of a web address in canonical form.
const LONGEST: usize = 2048;

/// A web address in canonical form (WHATWG URL); one without a scheme, such as `example.com`, gets `https://`.
/// One full stop or comma after it is left out.
///
/// The host must be a name with an ending: what a visitor gives is to be opened by somebody else, from
/// elsewhere. Nor may there be a user's name in it, which is mostly used to make one host look like another.
///
/// # Errors
///
/// `link_space`, `link_scheme`, `link_user`, `link_host`, `link_too_long`, `link_invalid`, and those of a text.
pub fn link(reply: &str) -> Result<String, Rejected> {
    let typed = trimmed(reply)?;
    let typed = typed.strip_suffix(['.', ',']).unwrap_or(&typed);
    if typed.contains(char::is_whitespace) {
        return Err(Rejected::new(
            "link_space",
            "A web address has no spaces in it. Please type the address alone.",
        ));
    }
    let url = parsed(typed)?;
    if !url.username().is_empty() || url.password().is_some() || authority(typed).contains('@') {
        return Err(Rejected::new(
            "link_user",
            "Please type a web address without a user name, such as https://example.com.",
        ));
    }
    if let Err(fault) = url.host_str().ok_or(Fault::SingleLabel).and_then(Host::read) {
        return Err(unreachable(fault));
    }
    if url.as_str().len() > LONGEST {
        return Err(Rejected::new(
            "link_too_long",
            format!("Please type a web address of at most {LONGEST} characters."),
        ));
    }
    Ok(url.into())
}

fn parsed(typed: &str) -> Result<Url, Rejected> {
    let invalid = || {
        Rejected::new(
            "link_invalid",
            "That is not a web address. Please type one such as https://example.com.",
        )
    };
    let whole = match typed.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            typed.to_owned()
        }
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            return Err(Rejected::new(
                "link_scheme",
                "Please type a web address that begins with https:// or http://.",
            ));
        }
        _ => format!("https://{typed}"),
    };
    // A backslash would be read as a slash: what it shows is not where it leads.
    Url::parse(&whole).ok().filter(|_| !typed.contains('\\')).ok_or_else(invalid)
}

/// What stands between the scheme and the path.
fn authority(typed: &str) -> &str {
    let rest = typed.split_once("://").map_or(typed, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn unreachable(fault: Fault) -> Rejected {
    let message = match fault {
        Fault::SingleLabel | Fault::TopLevel => {
            "The web address has no ending such as .com. Please check it."
        }
        Fault::Address => "Please type a web address with a domain name, not an IP address.",
        Fault::Dots | Fault::Hyphen | Fault::Length | Fault::Characters => {
            "No web address has such a name. Please check it."
        }
    };
    Rejected::new("link_host", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_addresses_become_canonical() {
        for (reply, canonical) in [
            ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
            ("HTTP://Example.COM", "http://example.com/"),
            ("example.com", "https://example.com/"),
            (" www.example.co.uk/pricing. ", "https://www.example.co.uk/pricing"),
            ("example.com:8443/x", "https://example.com:8443/x"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
            ("https://example.com/@user", "https://example.com/@user"),
            (
                "https://example.com/a?next=https://example.org",
                "https://example.com/a?next=https://example.org",
            ),
            ("example.com/?next=https://example.org", "https://example.com/?next=https://example.org"),
            ("https://example.com/日本", "https://example.com/%E6%97%A5%E6%9C%AC"),
        ] {
            assert_eq!(link(reply), Ok(canonical.to_owned()), "{reply}");
            assert_eq!(link(canonical), Ok(canonical.to_owned()), "{reply}, again");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_with_its_reason() {
        for (reply, code) in [
            ("", "text_empty"),
            ("see example.com", "link_space"),
            ("https://exa\nmple.com", "link_space"),
            ("ftp://example.com", "link_scheme"),
            ("file:///etc/passwd", "link_scheme"),
            ("javascript:alert(1)", "link_invalid"),
            ("data:text/html,x", "link_invalid"),
            ("https://bank.example@evil.example", "link_user"),
            ("https://@evil.example", "link_user"),
            ("mailto:user@example.com", "link_user"),
            ("user@example.com", "link_user"),
            ("https:\\\\example.com", "link_invalid"),
            ("https://example.com\\@evil.example", "link_invalid"),
            ("localhost:3000", "link_host"),
            ("http://127.0.0.1/", "link_host"),
            ("http://0x7f.1/", "link_host"),
            ("http://[::1]/", "link_host"),
            ("hello", "link_host"),
            ("https://exam_ple.com", "link_host"),
            ("https://-a.example", "link_host"),
            ("https://", "link_invalid"),
            ("https://example.com:99999", "link_invalid"),
        ] {
            assert_eq!(link(reply).map_err(|rejected| rejected.code), Err(code), "{reply}");
        }
        let long = format!("https://example.com/{}", "a".repeat(LONGEST));
        assert_eq!(link(&long).map_err(|rejected| rejected.code), Err("link_too_long"));
    }
}
