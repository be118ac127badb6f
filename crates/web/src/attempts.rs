//! Attempts as the API shows them.
//!
//! Must not shorten or interpret a receiver's answer; it only makes it fit into JSON.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{Attempt, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::words::{AttemptKindWord, ErrorWord};

/// One try that has ended. Times are in milliseconds; null: that part did not happen.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// Counts from 1 within its delivery.
    number: u32,
    #[schema(value_type = AttemptKindWord)]
    kind: &'static str,
    /// When it began.
    #[schema(format = DateTime)]
    at: String,
    /// The address connected to; null if none was reached or allowed.
    #[schema(required = true, example = "93.184.215.14:443")]
    address: Option<String>,
    /// The HTTP status of the answer; null if there was none.
    #[schema(required = true, example = 200)]
    status: Option<u16>,
    /// Why there was no answer; null if there was one.
    #[schema(required = true, value_type = Option<ErrorWord>)]
    error: Option<&'static str>,
    /// The same in words.
    #[schema(required = true)]
    error_detail: Option<String>,
    /// Looking up the name.
    #[schema(required = true)]
    dns_ms: Option<f64>,
    /// Opening the connection; null if a kept one was used.
    #[schema(required = true)]
    connect_ms: Option<f64>,
    /// The TLS handshake.
    #[schema(required = true)]
    tls_ms: Option<f64>,
    /// From the request's start to the answer's first byte.
    #[schema(required = true)]
    first_byte_ms: Option<f64>,
    /// Everything.
    total_ms: f64,
    /// The answer's headers, names in lower case, repeated ones joined by `, `; null without an answer.
    #[schema(required = true)]
    response_headers: Option<BTreeMap<String, String>>,
    /// The first 64 KiB of the answer's body; null without an answer.
    #[schema(required = true)]
    response_body: Option<String>,
    /// Whether the body was not UTF-8 and is therefore given in base64.
    response_body_base64: bool,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let outcome = attempt.outcome;
        let (response, error) = match outcome.result {
            Ok(response) => (Some(response), None),
            Err(error) => (None, Some(error)),
        };
        let status = response.as_ref().map(|response| response.status);
        let response_headers = response.as_ref().map(headers);
        let (response_body, response_body_base64) = response.map(|response| body(response.body)).unzip();
        Self {
            number: attempt.number,
            kind: attempt.kind.as_str(),
            at: outcome.at.to_string(),
            address: outcome.address,
            status,
            error: error.as_ref().map(|error| error.class.as_str()),
            error_detail: error.map(|error| error.detail),
            dns_ms: outcome.phases.dns.map(millis),
            connect_ms: outcome.phases.connect.map(millis),
            tls_ms: outcome.phases.tls.map(millis),
            first_byte_ms: outcome.phases.first_byte.map(millis),
            total_ms: millis(outcome.phases.total),
            response_headers,
            response_body,
            response_body_base64: response_body_base64.unwrap_or_default(),
        }
    }
}

fn headers(response: &Response) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in &response.headers {
        joined
            .entry(name.to_ascii_lowercase())
            .and_modify(|values| *values = format!("{values}, {value}"))
            .or_insert_with(|| value.clone());
    }
    joined
}

/// The body as text, and whether that is base64. A character that the limit of 64 KiB cut in two is left out.
fn body(bytes: Vec<u8>) -> (String, bool) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let (whole, cut) = (error.utf8_error().valid_up_to(), error.utf8_error().error_len().is_none());
            let bytes = error.into_bytes();
            match str::from_utf8(&bytes[..whole]) {
                Ok(text) if cut && bytes.len() == Response::MAX_BODY => (text.to_owned(), false),
                _ => (STANDARD.encode(&bytes), true),
            }
        }
    }
}

/// Milliseconds with up to three decimals.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_text_where_it_can_be() {
        assert_eq!(body(b"ok".to_vec()), ("ok".into(), false));
        assert_eq!(body(vec![0xff, 0]), ("/wA=".into(), true));
        let mut long = "x".repeat(Response::MAX_BODY - 1).into_bytes();
        long.push("é".as_bytes()[0]);
        assert_eq!(body(long), ("x".repeat(Response::MAX_BODY - 1), false));
    }

    #[test]
    fn repeated_headers_are_joined() {
        let headers_of = [("Set-Cookie", "a"), ("set-cookie", "b"), ("X", "c")];
        let response = Response {
            status: 200,
            headers: headers_of.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            body: Vec::new(),
        };
        let joined: Vec<_> = headers(&response).into_iter().collect();
        assert_eq!(joined, [("set-cookie".into(), "a, b".into()), ("x".to_owned(), "c".to_owned())]);
    }

    #[test]
    fn times_have_three_decimals() {
        assert_eq!(millis(Duration::from_nanos(1_234_567)), 1.234);
    }
}
