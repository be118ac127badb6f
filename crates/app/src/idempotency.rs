//! The same request again, told by its `Idempotency-Key`: it gets the first answer, and changes nothing.

use domain::{Account, Id, Invalid, Noun, account::hex};
use sha2::{Digest, Sha256};
use store::{StoreError, Tx};

use crate::AppError;

/// An `Idempotency-Key` with what it was sent for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    key: String,
    fingerprint: String,
}

impl Idempotency {
    /// The longest key.
    pub const MAX: usize = 255;

    /// A key of 1 to 255 visible ASCII characters; with the hash of the request that it is sent for, so that another
    /// request under the same key is noticed.
    pub fn new(key: &str, route: &str, body: &[u8]) -> Result<Self, Invalid> {
        if key.is_empty()
            || key.len() > Self::MAX
            || !key.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            let message = format!("must have 1 to {} printable ASCII characters", Self::MAX);
            return Err(Invalid::field("/Idempotency-Key", message));
        }
        let hash = Sha256::new().chain_update(route).chain_update([0]).chain_update(body).finalize();
        Ok(Self { key: key.to_owned(), fingerprint: hex(&hash) })
    }
}

/// An answer that can be kept as text.
pub(crate) trait Kept: Sized {
    /// As it is kept.
    fn write(&self) -> String;
    /// From what was kept.
    fn read(text: &str) -> Option<Self>;
}

impl Kept for () {
    fn write(&self) -> String {
        String::new()
    }

    fn read(_: &str) -> Option<Self> {
        Some(())
    }
}

impl<T: Noun> Kept for Id<T> {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Does `body` once for a key: the same request under it gets the same answer again and does nothing; while the first
/// is still being stored, the repeat waits for it. Without a key it is just done.
pub(crate) fn once<T: Kept>(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    idempotency: Option<&Idempotency>,
    body: impl FnOnce(&mut Tx<'_>) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let Some(Idempotency { key, fingerprint }) = idempotency else { return body(tx) };
    if let Some(earlier) = store::idempotency::claim(tx, account, key, fingerprint)? {
        if earlier.fingerprint != *fingerprint {
            let message =
                "this Idempotency-Key was used for another request; use a new key for a new request";
            return Err(AppError::Conflict { code: "idempotency_key_reused", message: message.to_owned() });
        }
        let unreadable = || StoreError::Unavailable("a kept answer cannot be read".into());
        return T::read(&earlier.answer).ok_or_else(|| AppError::Internal(unreadable()));
    }
    let answer = body(tx)?;
    store::idempotency::set_answer(tx, account, key, &answer.write())?;
    Ok(answer)
}
