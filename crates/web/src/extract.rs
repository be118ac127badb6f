//! What handlers take from a request: its JSON body, an id in its path, its idempotency key.
//!
//! Must not know what the request is about. The order of a refusal is fixed: content type (415), length (413),
//! patience (408), UTF-8 and JSON (400), and last the shape (422).

use std::time::Duration;

use app::idempotency::Idempotency;
use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Request},
};
use bytes::{Bytes, BytesMut};
use domain::{Id, Invalid, Noun};
use http::{HeaderMap, StatusCode, header, request::Parts};
use http_body_util::BodyExt;

use utoipa::IntoParams;

use crate::{Shared, problem::Problem, read};

/// So much of a body that is too long is still read and thrown away, so that its sender gets to see the answer.
const DRAINED: usize = 16 * 1024 * 1024;
/// Longer bodies are read as JSON on a thread where it holds up nobody.
const LONG: usize = 64 * 1024;

/// A body that is JSON and has the shape of a `T`.
pub(crate) struct Json<T> {
    /// What it says.
    pub(crate) value: T,
    /// The body itself.
    pub(crate) bytes: Bytes,
}

impl<T: read::FromObject + Send + 'static> FromRequest<Shared> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Shared) -> Result<Self, Problem> {
        check_content_type(request.headers())?;
        let bytes = receive(request, T::LIMIT, web.settings.body_timeout).await?;
        parse(bytes).await
    }
}

impl<T: read::FromObject + Send + 'static> OptionalFromRequest<Shared> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Shared) -> Result<Option<Self>, Problem> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        let content_type = check_content_type(request.headers());
        let bytes = receive(request, T::LIMIT, web.settings.body_timeout).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        content_type?;
        // A null says as little as no body.
        if bytes.trim_ascii() == b"null" {
            return Ok(None);
        }
        parse(bytes).await.map(Some)
    }
}

pub(crate) async fn parse<T: read::FromObject + Send + 'static>(bytes: Bytes) -> Result<Json<T>, Problem> {
    let parsed = if bytes.len() <= LONG {
        parse_now(&bytes)
    } else {
        let bytes = bytes.clone();
        let parsed = tokio::task::spawn_blocking(move || parse_now(&bytes)).await;
        parsed.map_err(|_| Problem::internal())?
    };
    parsed.map(|value| Json { value, bytes })
}

fn parse_now<T: read::FromObject>(bytes: &[u8]) -> Result<T, Problem> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let detail = format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
        Problem::new(StatusCode::BAD_REQUEST, "not_utf8", detail)
    })?;
    read::object(text).map_err(|invalid| match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => invalid.into(),
        Err(error) => {
            Problem::new(StatusCode::BAD_REQUEST, "not_json", format!("the body is not JSON: {error}"))
        }
    })
}

/// Takes `application/json` and `application/…+json`, in UTF-8 and not compressed.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &str| {
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
    };
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_json(given) {
        return refuse("the body must be JSON in UTF-8 with the header Content-Type: application/json");
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            refuse("the body must not be compressed")
        }
        _ => Ok(()),
    }
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let subtype = media.strip_prefix("application/");
    let json = subtype
        .is_some_and(|name| name == "json" || name.strip_suffix("+json").is_some_and(|n| !n.is_empty()));
    json && parts.all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
            charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    })
}

/// The whole body, if it is not too long and comes in time.
pub(crate) async fn receive(request: Request, limit: usize, patience: Duration) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    let announced = body.size_hint().lower();
    // Whoever asks first (RFC 9110 10.1.1), or announces far too much, is not made to send it.
    let hopeless = announced > (limit + DRAINED) as u64 || parts.headers.contains_key(header::EXPECT);
    if announced > limit as u64 && hopeless {
        return Err(Problem::too_large(limit));
    }
    let received = tokio::time::timeout(patience, collect(body, limit)).await;
    received.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {} s", patience.as_secs());
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail))
    })
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let (mut first, mut more, mut seen) = (Bytes::new(), BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "body_incomplete",
                "the body ended before its announced end",
            )
        })?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        match seen {
            _ if seen > limit + DRAINED => break,
            _ if seen > limit => more = BytesMut::new(),
            // One frame is the usual case and is not copied.
            _ if first.is_empty() => first = data,
            _ => more.extend_from_slice(&data),
        }
    }
    match seen {
        _ if seen > limit => Err(Problem::too_large(limit)),
        _ if more.is_empty() => Ok(first),
        _ => Ok([first.as_ref(), more.as_ref()].concat().into()),
    }
}

/// The id in a path such as `/webhooks/{id}`. What is no id names nothing: 404.
pub(crate) struct PathId<T>(pub(crate) Id<T>);

impl<T: Noun + Send> FromRequestParts<Shared> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Problem> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, web).await.map_err(|_| Problem::not_found())?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// The id and the number in a path such as `/chatbots/{id}/versions/{version}`. What is neither names nothing: 404.
pub(crate) struct PathIdAnd<T>(pub(crate) Id<T>, pub(crate) u32);

impl<T: Noun + Send> FromRequestParts<Shared> for PathIdAnd<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, web).await;
        let Path((id, number)) = path.map_err(|_| Problem::not_found())?;
        let number: Option<u32> = number.parse().ok().filter(|known: &u32| known.to_string() == number);
        let (Ok(id), Some(number)) = (id.parse(), number) else { return Err(Problem::not_found()) };
        Ok(Self(id, number))
    }
}

/// What makes a repeat harmless.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only describes the header that IdempotencyKey reads")]
pub(crate) struct IdempotencyHeader {
    /// Kept for 72 hours. The same key with the same body gets the same answer, and nothing happens twice;
    /// with another body it is refused (422, `idempotency_key_reused`).
    #[param(rename = "Idempotency-Key", required = false, min_length = 1, max_length = 255)]
    idempotency_key: String,
}

/// The header `Idempotency-Key`, if there is one.
pub(crate) struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// The key together with what it stands for: this body on this route.
    pub(crate) fn over(&self, route: &str, body: &[u8]) -> Result<Option<Idempotency>, Invalid> {
        self.0.as_deref().map(|key| Idempotency::new(key, route, body)).transpose()
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(first) = values.next() else {
            return Ok(Self(None));
        };
        match first.to_str() {
            Ok(key) if values.next().is_none() => Ok(Self(Some(key.to_owned()))),
            _ => {
                Err(Invalid::field("/Idempotency-Key", "must be one header of visible ASCII characters")
                    .into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::response::IntoResponse;
    use hyper::body::Frame;

    use super::*;

    #[test]
    fn json_is_known_by_its_names() {
        for right in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/vnd.x+json",
            "application/merge-patch+json; profile=x",
        ] {
            assert!(is_json(right), "{right}");
        }
        for wrong in [
            "",
            "text/json",
            "application/jsonp",
            "application/+json",
            "application/json; charset=latin1",
            "json",
        ] {
            assert!(!is_json(wrong), "{wrong}");
        }
    }

    async fn status(request: http::request::Builder, body: Body) -> u16 {
        let received = receive(request.body(body).unwrap(), 8, Duration::from_millis(1)).await;
        received.map_or_else(|problem| problem.into_response().status().as_u16(), |bytes| bytes.len() as u16)
    }

    #[tokio::test]
    async fn a_body_is_limited_in_length_and_time() {
        assert_eq!(status(Request::post("/"), Body::from("12345678")).await, 8);
        assert_eq!(status(Request::post("/"), Body::from("123456789")).await, 413);
        assert_eq!(
            status(Request::post("/").header("expect", "100-continue"), Body::from("123456789")).await,
            413
        );
        assert_eq!(status(Request::post("/"), Body::new(Frames { left: 3, stall: false })).await, 6);
        assert_eq!(status(Request::post("/"), Body::new(Frames { left: 5, stall: false })).await, 413);
        assert_eq!(status(Request::post("/"), Body::new(Frames { left: 3, stall: true })).await, 408);
    }

    /// A body of unknown length in frames of two bytes, which may never end.
    struct Frames {
        left: usize,
        stall: bool,
    }

    impl HttpBody for Frames {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if self.left == 0 {
                return if self.stall { Poll::Pending } else { Poll::Ready(None) };
            }
            self.left -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"ab")))))
        }
    }
}
