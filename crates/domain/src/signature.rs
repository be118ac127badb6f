//! Signing and verifying a body: Standard Webhooks 1.0.0, scheme `v1` (<https://www.standardwebhooks.com>).

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{Invalid, Timestamp};

/// How far a receiver lets the sender's clock be off, both ways; what the published libraries use.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// The key that a webhook's requests are signed with: 24 to 64 bytes. `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// The text form of a [`Secret`], `whsec_…`, for the moments when it may be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl Secret {
    /// A secret of 32 random bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// Reads `whsec_` and padded standard base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text.strip_prefix("whsec_")
            .and_then(|digits| STANDARD.decode(digits).ok())
            .filter(|bytes| (24..=64).contains(&bytes.len()))
            .map(Self)
            .ok_or_else(|| {
                Invalid::field("/secret", "must be whsec_ followed by the padded base64 of 24 to 64 bytes")
            })
    }

    /// The text to hand to the receiver. Padded standard base64, which every library reads.
    pub fn to_text(&self) -> SecretText {
        SecretText(format!("whsec_{}", STANDARD.encode(&self.0)))
    }

    /// One `v1,…` token over id, timestamp and body.
    pub fn sign(&self, webhook_id: &str, timestamp: i64, body: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(self.mac(webhook_id, timestamp, body)))
    }

    fn mac(&self, webhook_id: &str, timestamp: i64, body: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in [webhook_id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl SecretText {
    /// The secret in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(***)")
    }
}

/// The `webhook-signature` header: one token for each key, in the order given (newest first).
pub fn header<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
    webhook_id: &str,
    timestamp: i64,
    body: &[u8],
) -> String {
    let tokens: Vec<_> = secrets.into_iter().map(|secret| secret.sign(webhook_id, timestamp, body)).collect();
    tokens.join(" ")
}

/// Why a received request is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// One of the three headers is absent, repeated or unreadable.
    #[error("a webhook-id, webhook-timestamp or webhook-signature header is missing or unreadable")]
    Headers,
    /// Older or newer than [`TOLERANCE`].
    #[error("the timestamp is more than five minutes away from this clock")]
    Timestamp,
    /// No `v1` token fits any of the secrets.
    #[error("no signature matches")]
    Signature,
}

/// Checks a received request as a receiver should: timestamp within [`TOLERANCE`], any `v1` token right.
pub fn verify(
    secret: &Secret,
    webhook_id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Untrusted> {
    let seconds: i64 = timestamp.parse().map_err(|_| Untrusted::Headers)?;
    if now.seconds().abs_diff(seconds) > TOLERANCE.as_secs() {
        return Err(Untrusted::Timestamp);
    }
    let expected = secret.mac(webhook_id, seconds, body);
    let fits = |token: &str| {
        let given = token.strip_prefix("v1,").and_then(|digits| STANDARD.decode(digits).ok());
        given.is_some_and(|given| bool::from(given.as_slice().ct_eq(&expected)))
    };
    if signatures.split(' ').any(fits) { Ok(()) } else { Err(Untrusted::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../suite/fixtures/signatures.json"));

    #[test]
    fn published_vectors_are_reproduced() {
        let rows: Vec<serde_json::Value> = serde_json::from_str(VECTORS).unwrap();
        let v1 = rows.iter().filter(|row| row["signature"].as_str().unwrap().starts_with("v1,"));
        let mut seen = 0;
        for row in v1 {
            let field = |name: &str| row[name].as_str().unwrap();
            let secret = Secret::parse(field("secret")).unwrap();
            let signed = secret.sign(field("id"), row["ts"].as_i64().unwrap(), field("body").as_bytes());
            assert_eq!(signed, field("signature"), "{}", field("what"));
            assert_eq!(secret.to_text().reveal(), field("secret"));
            seen += 1;
        }
        assert_eq!(seen, 2);
    }

    #[test]
    fn the_reference_library_agrees_on_tolerance_rotation_and_forgery() {
        let (old, new) = (Secret::from_bytes(&[1; 32]), Secret::from_bytes(&[2; 32]));
        let body = "{\"data\":\"žluťoučký 👩‍💻\"}".as_bytes();
        let now = Timestamp::from_micros(1_767_225_600_000_000);
        let ts = now.seconds();
        let signed = header([&new, &old], "evt_1", ts, body);
        let check = |signature: &str, ts: i64, body: &[u8]| {
            verify(&old, "evt_1", &ts.to_string(), signature, body, now)
        };
        assert_eq!(check(&signed, ts, body), Ok(()));
        for (offset, verdict) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(Untrusted::Timestamp)),
            (-301, Err(Untrusted::Timestamp)),
        ] {
            let at = ts + offset;
            assert_eq!(check(&old.sign("evt_1", at, body), at, body), verdict, "{offset}");
        }
        for forged in
            ["v1,", &signed[..19], &signed.replace("v1,", "v1a,"), &signed.replace("v1,", "v2,"), ""]
        {
            assert_eq!(check(forged, ts, body), Err(Untrusted::Signature), "{forged}");
        }
        assert_eq!(check(&signed, ts + 1, body), Err(Untrusted::Signature));
        assert_eq!(check(&signed, ts, &[body, b" "].concat()), Err(Untrusted::Signature));

        let oracle = standardwebhooks::Webhook::new(new.to_text().reveal()).unwrap();
        assert_eq!(oracle.sign("evt_1", ts, body).unwrap(), new.sign("evt_1", ts, body));
    }

    #[test]
    fn secrets_of_other_sizes_and_forms_are_refused() {
        for text in [
            "whsec_",
            "whsec_AAAA",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        ] {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
        assert_eq!(format!("{:?}", Secret::from_bytes(&[1; 32])), "Secret(***)");
    }
}
