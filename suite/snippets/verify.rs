// The part between the marks is quoted by README.md; the test includes this file.
// begin
use http::HeaderMap;
use standardwebhooks::Webhook;

/// `body`: the bytes as they came, never parsed JSON.
pub fn verify(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    match Webhook::new(secret) {
        Ok(webhook) => webhook.verify(body, headers).is_ok(),
        Err(_) => false,
    }
}
// end
