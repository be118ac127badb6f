//! Passwords that somebody chooses: how long they are. Whether one would soon be guessed is judged on the floor above,
//! with a library that knows the usual ones; how they are stored, too.

use std::fmt;

use crate::Invalid;

/// A password that may be stored, exactly as it was typed: there is no rule of composition, and nothing is cut (OWASP
/// ASVS 5.0, 6.2.1 and 6.2.5 to 6.2.9). `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The fewest characters.
    pub const SHORTEST: usize = 8;
    /// The most bytes.
    pub const LONGEST_IN_BYTES: usize = 1_000;

    /// Takes a password of a length that will do.
    pub fn new(pointer: &str, text: &str) -> Result<Self, Invalid> {
        let refuse = |message: &str| Err(Invalid::coded("password_refused", pointer, message));
        match text {
            _ if text.chars().count() < Self::SHORTEST => {
                refuse("must have at least 8 characters; a few words in a row are easy to remember")
            }
            _ if text.len() > Self::LONGEST_IN_BYTES => refuse("must have at most 1,000 bytes"),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The password itself, for hashing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_characters_to_1000_bytes_and_stays_as_it_is() {
        let taken = |text: &str| Password::new("/password", text).map(|it| it.reveal() == text);
        for good in ["12345678", "  spaces  ", "żółta łódź", &"x".repeat(1_000)] {
            assert_eq!(taken(good), Ok(true));
        }
        assert!(taken("vK9#pLw").unwrap_err().to_string().contains("at least 8"));
        assert!(
            taken("żółwiąź").unwrap_err().to_string().contains("at least 8"),
            "characters count, not bytes"
        );
        assert!(taken(&"x".repeat(1_001)).unwrap_err().to_string().contains("1,000 bytes"));
        assert_eq!(format!("{:?}", Password::new("", "12345678").unwrap()), "Password(***)");
    }
}
