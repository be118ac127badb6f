//! Pages and what they load are sent compressed to whoever takes that. Nothing secret stands beside words of a stranger
//! in one page, so that its length tells nothing (RFC 9110, 17.6 and BREACH).

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    middleware::Next,
    response::Response,
};
use flate2::Compression;
use http::{HeaderValue, header};
use http_body_util::BodyExt;

use crate::assets::{compress, takes_gzip};

/// Less is not worth the work.
const LEAST: u64 = 1_000;

/// The middleware: texts of known length, in gzip (RFC 9110, 8.4.1.3). What streams is left alone.
pub(crate) async fn around(request: Request, next: Next) -> Response {
    let wanted = takes_gzip(request.headers());
    let mut response = next.run(request).await;
    let kind =
        response.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let text = kind.starts_with("text/") && !kind.starts_with("text/event-stream");
    if !text {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let known = response.body().size_hint().exact().is_some_and(|length| length >= LEAST);
    if !wanted || !known || response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // A body of known length is in memory: collecting it neither waits nor fails.
    let plain = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(compress(&plain, Compression::fast())))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use domain::Role;
    use flate2::read::GzDecoder;
    use http::Request;

    use super::*;
    use crate::kit::Kit;

    #[tokio::test]
    async fn pages_and_files_are_compressed_for_whoever_takes_that() {
        let kit = Kit::start().await;
        let cookie = kit.member(Role::Owner).await;
        for path in ["/analytics", "/pages/app.css", "/pages/app.js"] {
            let get = |coding: &'static str| {
                let request = Request::get(path).header(header::COOKIE, &cookie);
                request.header(header::ACCEPT_ENCODING, coding).body(Body::empty()).unwrap()
            };
            let plain = kit.answer(get("br")).await;
            assert!(!plain.headers().contains_key(header::CONTENT_ENCODING), "{path}");
            assert_eq!(plain.headers()[header::VARY], "accept-encoding");
            let packed = kit.answer(get("gzip, br")).await;
            assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip", "{path}");
            let bytes =
                |response: Response| async { response.into_body().collect().await.unwrap().to_bytes() };
            let (plain, packed) = (bytes(plain).await, bytes(packed).await);
            assert!(packed.len() < plain.len());
            let mut unpacked = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked.len(), plain.len(), "{path}");
        }
    }
}
