//! Secrets that are shown once and of which only a hash is stored: visitors' tokens, sessions, one-time links.

use std::{fmt, marker::PhantomData};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::account::hex;

/// What a token opens.
pub trait Opens {
    /// The beginning of its text, which tells one kind from another.
    const PREFIX: &'static str;
}

/// A secret of 256 random bits. `Debug` prints `***`.
pub struct Token<K>(String, PhantomData<fn() -> K>);

impl<K: Opens> Token<K> {
    /// The token made from random bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(format!("{}{}", K::PREFIX, URL_SAFE_NO_PAD.encode(bytes)), PhantomData)
    }

    /// Reads a text of that form; None if it cannot be such a token.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(K::PREFIX)?).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned(), PhantomData))
    }

    /// The secret itself, for the one who is to have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up: SHA-256 in hexadecimal. The token has 256 random bits, so a slow hash would add
    /// nothing.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl<K> Clone for Token<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K> PartialEq for Token<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Token<K> {}

impl<K> fmt::Debug for Token<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use crate::{LinkToken, SessionToken, VisitorToken};

    #[test]
    fn a_token_has_one_form_and_is_not_printed() {
        let token = VisitorToken::from_bytes(&[7; 32]);
        assert_eq!(VisitorToken::parse(token.reveal()), Some(token.clone()));
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert_eq!(token.hash().len(), 64);
        for wrong in ["", "lpv_", "lpv_AAAA", "lpk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"] {
            assert_eq!(VisitorToken::parse(wrong), None);
        }
        assert_eq!(SessionToken::parse(token.reveal()), None);
        assert_eq!(LinkToken::parse(token.reveal()), None);
    }
}
