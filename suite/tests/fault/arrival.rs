//! One request as it came to a hook, and what a receiver would think of it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::{Secret, Timestamp, signature};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::wire::Message;

/// One request.
#[derive(Clone)]
pub struct Request {
    /// Which hook it came to.
    pub hook: usize,
    /// Its `webhook-id`.
    pub id: String,
    /// The number that the load had put into the data.
    pub number: u64,
    /// The hash of its body.
    pub body: [u8; 32],
    /// Its `webhook-timestamp`.
    pub timestamp: i64,
    /// By how many seconds that is ahead of the clock here.
    pub ahead: i64,
    /// Whether a receiver would trust it.
    pub signature: Result<(), String>,
    /// When it came.
    pub arrived: Instant,
    /// What it was answered, if it was: 0 stands for a cut connection.
    pub status: Option<u16>,
    /// When that was decided.
    pub answered: Option<Instant>,
    /// How many servers had come to their end before the one that sent it.
    pub generation: usize,
}

impl Request {
    /// Reads a request and judges it as a receiver would.
    pub fn read(
        request: &Message,
        secret: &Secret,
        believing: bool,
        generation: usize,
    ) -> Result<Self, String> {
        let header = |name: &str| request.header(name).ok_or_else(|| format!("there is no one {name}"));
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let (own, seconds) = (now(), timestamp.parse().unwrap_or_default());
        let now = if believing { Timestamp::from_micros(seconds * 1_000_000) } else { own };
        let signature = header("webhook-signature")?;
        let signature = signature::verify(secret, id, timestamp, signature, &request.body, now);
        let path = request.start.split(' ').nth(1).and_then(|path| path.strip_prefix('/')?.parse().ok());
        let hook = path.ok_or_else(|| format!("{id}: came as {}", request.start))?;
        let body: Value = serde_json::from_slice(&request.body).map_err(|_| format!("{id}: is not JSON"))?;
        let number = body["data"]["number"].as_u64().ok_or_else(|| format!("{id}: has no number"))?;
        Ok(Request {
            hook,
            id: id.to_owned(),
            number,
            body: Sha256::digest(&request.body).into(),
            timestamp: seconds,
            ahead: seconds - own.micros() / 1_000_000,
            signature: signature.map_err(|untrusted| untrusted.to_string()),
            arrived: Instant::now(),
            status: None,
            answered: None,
            generation,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a receiver judges signatures by its own clock, as strangers do"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("not that far in the future"))
}
