//! The events of the bench, and telling them apart when they come back.
//!
//! Each is a contact of about 300 bytes with a number of fixed width in it, so that a request can be made by
//! overwriting the digits of a template.

use super::wire;

const DIGITS: usize = 12;
const MARK: &[u8] = b"\"bench_id\":\"";
/// What an event's data is; `{}` stands for the number.
const DATA: &str = r#"{"name":"John Carter","email":"john.carter@outlook.com","phone":"+919811123456","bench_id":"{}","company":"Carter & Sons Trading Private Limited","message":"Please call me back about the offer on your pricing page, best in the morning.","page_url":"https://www.example.com/pricing?utm_source=newsletter"}"#;

/// A request for one event, to be numbered and sent again and again.
#[derive(Clone)]
pub struct Template {
    bytes: Vec<u8>,
    /// Where the digits are.
    at: usize,
}

impl Template {
    /// `POST /api/v1/events` with a key, as a program would send it.
    pub fn event(host: &str, key: &str) -> Self {
        let body = format!(r#"{{"type":"Contact Information","data":{DATA}}}"#);
        Self::new("/api/v1/events", host, &format!("authorization: Bearer {key}\r\n"), &body)
    }

    /// The webhook that would come of it, straight to a receiver.
    pub fn webhook(host: &str) -> Self {
        let body =
            format!(r#"{{"type":"Contact Information","event_type":"Contact Information","data":{DATA}}}"#);
        let headers = "webhook-id: evt_00000000000070008000000000000000\r\nwebhook-timestamp: 1772619330\r\n\
            webhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\
            webhook-event-type: Contact Information\r\n";
        Self::new("/", host, headers, &body)
    }

    fn new(path: &str, host: &str, headers: &str, body: &str) -> Self {
        let body = body.replace("{}", &"0".repeat(DIGITS));
        let length = body.len();
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let at = wire::find(text.as_bytes(), MARK).map_or(0, |mark| mark + MARK.len());
        Self { bytes: text.into_bytes(), at }
    }

    /// The request with this number.
    pub fn numbered(&mut self, number: usize) -> &[u8] {
        let mut rest = number;
        for digit in self.bytes[self.at..self.at + DIGITS].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        &self.bytes
    }
}

/// The number in a body.
pub fn number(body: &[u8]) -> Option<usize> {
    let digits = body.get(wire::find(body, MARK)? + MARK.len()..)?.get(..DIGITS)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_in_and_comes_out() {
        for mut template in [Template::event("127.0.0.1:1", "lpk_x"), Template::webhook("127.0.0.1:1")] {
            for n in [0, 7, 123_456] {
                assert_eq!(number(template.numbered(n)), Some(n));
            }
        }
        assert_eq!(number(b"{}"), None);
    }
}
