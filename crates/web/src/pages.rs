//! The few pages that this server shows to people: the operators' desk, the preview of a chatbot, a sample company.
//!
//! They are files of this program, with a word or two filled in. They load nothing from elsewhere, run no script that
//! stands in the page, and must not know what the API knows: their scripts ask it, with the key of whoever looks.

use std::{collections::BTreeMap, sync::LazyLock};

use app::{AppError, conversations::visits};
use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use domain::VisitorToken;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::{Shared, problem::Problem};

const OPERATOR: &str = include_str!("../assets/pages/operator.html");
const PREVIEW: &str = include_str!("../assets/pages/preview.html");
const MISSING: &str = include_str!("../assets/pages/missing.html");
const DEMO: &str = include_str!("../assets/pages/demo.html");

macro_rules! files {
    ($($name:literal as $kind:ident,)*) => {
        [$(($name, $kind, include_str!(concat!("../assets/pages/", $name)))),*]
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// What pages load: name, media type, text.
const FILES: [(&str, &str, &str); 10] = files![
    "base.css" as STYLE,
    "operator.css" as STYLE,
    "demo.css" as STYLE,
    "operator.js" as SCRIPT,
    "desk.js" as SCRIPT,
    "list.js" as SCRIPT,
    "chat.js" as SCRIPT,
    "api.js" as SCRIPT,
    "dom.js" as SCRIPT,
    "demo.js" as SCRIPT,
];

/// What a page may do (Content Security Policy Level 3): load from here, and nothing else. The widget needs no more.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// That of every page; whatever this server answers is not sniffed, either.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// The pages and what they load.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/operator", get(async || page(StatusCode::OK, OPERATOR.to_owned())))
        .route("/preview/{key}", get(preview))
        .route("/demo", get(async |State(web): State<Shared>| demo(web.settings.demo.as_deref())))
        .route("/pages/{name}", get(file))
}

fn page(status: StatusCode, text: String) -> Response {
    (status, HEADERS, Html(text)).into_response()
}

/// A template with its `{{words}}` filled in. A word cannot bring in markup, nor another word's place.
fn fill(template: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(template.to_owned(), |text, (place, word)| text.replace(place, &escape(word)))
}

/// A text as it can stand in an element or in a quoted attribute (the HTML standard, section 13.3).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '{' | '}' => {
                escaped.push_str("&#");
                escaped.push_str(&u32::from(c).to_string());
                escaped.push(';');
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A chatbot to be tried out by whoever makes it. The key is public, so there is nobody to sign in.
async fn preview(
    State(web): State<Shared>,
    key: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let key = key.map(|Path(key)| key).unwrap_or_default();
    let visit = visit(key.clone());
    match web.db.read(move |tx| visits::enter(tx, &visit)).await {
        Ok(chatbot) => {
            let words = [("{{key}}", &*key), ("{{name}}", &*chatbot.name)];
            Ok(page(StatusCode::OK, fill(PREVIEW, &words)))
        }
        Err(AppError::NotFound) => Ok(page(StatusCode::NOT_FOUND, fill(MISSING, &[("{{key}}", &*key)]))),
        Err(error) => Err(error.into()),
    }
}

/// The preview, as a visit that has said nothing yet: no visitor has its token.
fn visit(public_key: String) -> visits::Visit {
    visits::Visit {
        public_key,
        origin: String::new(),
        own_origin: true,
        preview: true,
        token: VisitorToken::from_bytes(&[0; 32]),
        page_url: None,
        variables: BTreeMap::new(),
    }
}

/// The sample company's page with the chatbot of that key, where there is one to show.
fn demo(key: Option<&str>) -> Result<Response, Problem> {
    let key = key.ok_or_else(Problem::not_found)?;
    Ok(page(StatusCode::OK, fill(DEMO, &[("{{key}}", key)])))
}

/// The tag of each file: the beginning of the SHA-256 of its text.
static TAGS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    let tag = |text: &str| -> String {
        Sha256::digest(text)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    FILES.iter().map(|(name, _, text)| (*name, format!("\"{}\"", tag(text)))).collect()
});

/// One of [`FILES`]. It is asked for again each time, and sent only if it changed (RFC 9111, section 5.2.2.4), so that
/// scripts that belong together are of one version.
async fn file(Path(name): Path<String>, request: HeaderMap) -> Result<Response, Problem> {
    let (name, kind, text) = FILES.iter().find(|file| file.0 == name).ok_or_else(Problem::not_found)?;
    let tag = &TAGS[name];
    let caching = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if is_held(&request, tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Ok((caching, [(header::CONTENT_TYPE, *kind)], *text).into_response())
}

/// Whether whoever asks has that already (RFC 9110, section 13.1.2).
fn is_held(request: &HeaderMap, tag: &str) -> bool {
    let lines = request.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag)
}
