//! The chat widget's one file: `/widget.js`, and the same bytes under a name that says which they are.
//!
//! Must not know accounts, bots or the store: everybody gets the same bytes, on any page of the world.

use std::{io::Write, sync::LazyLock};

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// So soon a page gets a new version.
const SHORT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The name says which bytes: they never change (RFC 8246).
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Any page may load it, also one that isolates itself and asks for every foreign file's consent.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    (header::VARY, HeaderValue::from_static("accept-encoding")),
    // Its page may measure what it weighs.
    (HeaderName::from_static("timing-allow-origin"), HeaderValue::from_static("*")),
];

static WIDGET: LazyLock<Widget> = LazyLock::new(|| Widget::new(include_str!("../assets/widget.js")));

/// `/widget.js` and `/widget-<hash>.js`. They need no state, so that they can be served where there is no store.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let fixed = format!("/widget-{}.js", WIDGET.hash);
    Router::new()
        .route("/widget.js", get(async |headers: HeaderMap| WIDGET.answer(&headers, SHORT)))
        .route(&fixed, get(async |headers: HeaderMap| WIDGET.answer(&headers, IMMUTABLE)))
}

/// A text in the two forms in which it is sent.
struct Widget {
    plain: Bytes,
    gzip: Bytes,
    /// The beginning of the SHA-256 of `plain`, in hexadecimal.
    hash: String,
    /// Weak (RFC 9110, 8.8.1): both forms are the same to whoever has one.
    etag: HeaderValue,
}

impl Widget {
    fn new(source: &str) -> Self {
        let plain = Bytes::from(strip(source));
        let gzip = Bytes::from(compress(&plain, Compression::best()));
        let hash: String = Sha256::digest(&plain)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let etag =
            HeaderValue::from_str(&format!("W/\"{hash}\"")).expect("hexadecimal digits fit in a header");
        Self { plain, gzip, hash, etag }
    }

    fn answer(&self, request: &HeaderMap, lifetime: HeaderValue) -> Response {
        let caching = [(header::ETAG, self.etag.clone()), (header::CACHE_CONTROL, lifetime)];
        if self.is_held(request) {
            return (StatusCode::NOT_MODIFIED, HEADERS, caching).into_response();
        }
        if takes_gzip(request) {
            let encoding = [(header::CONTENT_ENCODING, "gzip")];
            return (HEADERS, caching, encoding, self.gzip.clone()).into_response();
        }
        (HEADERS, caching, self.plain.clone()).into_response()
    }

    /// Whether the one who asks has these bytes already (RFC 9110, 13.1.2).
    fn is_held(&self, request: &HeaderMap) -> bool {
        let opaque = format!("\"{}\"", self.hash);
        values(request, header::IF_NONE_MATCH)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == opaque)
    }
}

/// Whether gzip is acceptable (RFC 9110, 12.5.3): named, or covered by `*`, and not with weight zero.
pub(crate) fn takes_gzip(request: &HeaderMap) -> bool {
    let weight = |coding: &str| {
        values(request, header::ACCEPT_ENCODING).find_map(|value| {
            let (name, parameters) = value.split_once(';').unwrap_or((value, ""));
            let zero = parameters.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
            name.trim().eq_ignore_ascii_case(coding).then_some(!zero)
        })
    };
    weight("gzip").or_else(|| weight("*")).unwrap_or(false)
}

/// The members of a header that is a list.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// Leaves out what only readers of the source need: indentation, empty lines, lines that are a `//` comment, and the
/// spaces and line ends of the style sheet, which stands between a line that ends with ``CSS = ` `` and one that is
/// `` `; ``. It looks at lines alone, so a comment after code stays, and no text of the source may depend on its
/// indentation.
fn strip(source: &str) -> String {
    let (mut kept, mut in_style) = (String::with_capacity(source.len()), false);
    for line in source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        in_style &= line != "`;";
        if in_style {
            kept.push_str(&close_up(line));
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
        in_style |= line.ends_with("CSS = `");
    }
    kept
}

/// Takes out the spaces that CSS does without. Those around `+`, in `calc` and between the parts of a value it needs.
fn close_up(line: &str) -> String {
    let gaps = [(" { ", "{"), (" {", "{"), ("; }", "}"), (" }", "}"), ("; ", ";"), (": ", ":"), (", ", ",")];
    gaps.iter().fold(line.to_owned(), |line, (wide, close)| line.replace(wide, close))
}

pub(crate) fn compress(plain: &[u8], effort: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), effort);
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory takes all that is written to it")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::body::Body;
    use flate2::read::GzDecoder;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::kit::Kit;

    async fn get(
        router: Router,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let (parts, body) = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
    }

    #[test]
    fn the_widget_is_at_most_10_kib_on_its_way() {
        let size = WIDGET.gzip.len();
        println!("widget: {size} bytes gzipped, {} plain", WIDGET.plain.len());
        assert!(size <= 10_240, "{size} bytes");
    }

    #[test]
    fn the_widget_names_no_address_but_a_namespace() {
        let text = str::from_utf8(&WIDGET.plain).unwrap().to_lowercase();
        for scheme in ["http://", "https://"] {
            assert!(text.split(scheme).skip(1).all(|rest| rest.starts_with("www.w3.org/")), "{scheme}");
        }
        assert!(
            !text.contains("innerhtml") && !text.contains("insertadjacenthtml") && !text.contains("eval(")
        );
    }

    #[test]
    fn only_what_readers_need_is_left_out() {
        let source = "  // why\nconst a = 'x // y';\n\n\t call(a); // stays\n    //: gone\n};";
        assert_eq!(strip(source), "const a = 'x // y';\ncall(a); // stays\n};\n");
        let style = "CSS = `\n  .a :b + c, .d { x: calc(1px + 2px); y: z, 0; }\n@media (w: 1px) {\n}\n`;\nf({ a: b });";
        let closed = "CSS = `\n.a :b + c,.d{x:calc(1px + 2px);y:z,0}@media (w:1px){}`;\nf({ a: b });\n";
        assert_eq!(strip(style), closed);
        assert!(!WIDGET.plain.windows(3).any(|bytes| bytes == b"\n//"));
    }

    #[tokio::test]
    async fn the_widget_is_cached_shortly_and_asked_for_again_by_its_tag() {
        let router = Kit::start().await.router;
        let (status, headers, body) = get(router.clone(), "/widget.js", &[]).await;
        assert_eq!((status, body), (StatusCode::OK, WIDGET.plain.clone()));
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=300");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");

        let tag = headers[header::ETAG].to_str().unwrap();
        for held in [tag, "*", &format!("\"other\", {}", &tag[2..])] {
            let (status, headers, body) =
                get(router.clone(), "/widget.js", &[(header::IF_NONE_MATCH, held)]).await;
            assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{held}");
            assert_eq!((&headers[header::ETAG], &headers[header::VARY]), (&WIDGET.etag, &HEADERS[4].1));
        }
        let (status, ..) = get(router, "/widget.js", &[(header::IF_NONE_MATCH, "W/\"other\"")]).await;
        assert_eq!(status, StatusCode::OK);
    }

    #[tokio::test]
    async fn the_name_with_the_hash_is_for_ever_and_no_other_is_there() {
        let router = Kit::start().await.router;
        let path = format!("/widget-{}.js", WIDGET.hash);
        let (status, headers, body) = get(router.clone(), &path, &[]).await;
        assert_eq!((status, body), (StatusCode::OK, WIDGET.plain.clone()));
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(get(router, "/widget-0000000000000000.js", &[]).await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn it_is_compressed_for_whoever_takes_that() {
        let router = routes::<()>();
        for (accepted, compressed) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("*", true),
            ("br", false),
            ("gzip;q=0, *", false),
            ("gzip; q=0.000", false),
        ] {
            let (_, headers, body) =
                get(router.clone(), "/widget.js", &[(header::ACCEPT_ENCODING, accepted)]).await;
            assert_eq!(headers.contains_key(header::CONTENT_ENCODING), compressed, "{accepted}");
            assert_eq!(headers[header::VARY], "accept-encoding");
            let mut text = Vec::new();
            match compressed {
                true => GzDecoder::new(&body[..]).read_to_end(&mut text).unwrap(),
                false => body.as_ref().read_to_end(&mut text).unwrap(),
            };
            assert_eq!(text, WIDGET.plain, "{accepted}");
        }
    }
}
