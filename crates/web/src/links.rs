//! The addresses of one-time links: which page each leads to.

use domain::{LinkToken, Purpose};

/// Where a link leads, under the address of this server. Its answers are not kept and send no referrer, so that the
/// secret in it stays where it is.
pub fn address(base: &str, purpose: &Purpose, token: &LinkToken) -> String {
    let page = match purpose {
        Purpose::SetUp => SET_UP,
        Purpose::Invitation { .. } => JOIN,
        Purpose::Reset { .. } => NEW_PASSWORD,
    };
    format!("{}{page}?token={}", base.trim_end_matches('/'), token.reveal())
}

/// The page that sets up the instance.
pub(crate) const SET_UP: &str = "/set-up";
/// The page on which somebody who is invited joins.
pub(crate) const JOIN: &str = "/join";
/// The page on which a new password is chosen.
pub(crate) const NEW_PASSWORD: &str = "/new-password";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_page_of_its_purpose() {
        let token = LinkToken::from_bytes(&[0; 32]);
        let address = address("https://leads.example.com/", &Purpose::SetUp, &token);
        assert_eq!(address, format!("https://leads.example.com/set-up?token=lpl_{}", "A".repeat(43)));
    }
}
