//! Web addresses.

use url::Url;

use super::{Rejected, trimmed};

/// An address of the web in canonical form; one without a scheme is taken as `https`.
///
/// # Errors
///
/// `link_invalid`, and those of a text.
pub fn link(reply: &str) -> Result<String, Rejected> {
    let typed = trimmed(reply)?;
    let refused = || Rejected::new("link_invalid", "Please type a web address such as https://example.com.");
    let whole = if typed.contains("://") { typed } else { format!("https://{typed}") };
    let url = Url::parse(&whole).map_err(|_| refused())?;
    match url.scheme() {
        "http" | "https" if url.domain().is_some_and(|d| d.contains('.')) => Ok(url.into()),
        _ => Err(refused()),
    }
}
