//! What pages load: style sheets, scripts and their icon, from this program.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

macro_rules! files {
    ($($name:literal as $kind:ident,)*) => {
        [$(($name, $kind, include_str!(concat!("../../assets/pages/", $name)))),*]
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// What browsers show beside the title of a page.
pub(crate) const ICON: &str = "/pages/icon.svg";

/// What pages load: name, media type, text.
pub(crate) const FILES: &[(&str, &str, &str)] = &files![
    "base.css" as STYLE,
    "app.css" as STYLE,
    "charts.css" as STYLE,
    "analytics.css" as STYLE,
    "webhooks.css" as STYLE,
    "app.js" as SCRIPT,
    "further.js" as SCRIPT,
    "live.js" as SCRIPT,
    "window.js" as SCRIPT,
    "page.js" as SCRIPT,
    "bots.css" as STYLE,
    "flow.js" as SCRIPT,
    "verdict.js" as SCRIPT,
    "console.css" as STYLE,
    "contacts.css" as STYLE,
    "demo.css" as STYLE,
    "console.js" as SCRIPT,
    "desk.js" as SCRIPT,
    "list.js" as SCRIPT,
    "chat.js" as SCRIPT,
    "texts.js" as SCRIPT,
    "export.js" as SCRIPT,
    "api.js" as SCRIPT,
    "dom.js" as SCRIPT,
    "icon.svg" as PICTURE,
];

/// The tag of each file: the beginning of the SHA-256 of its text.
static TAGS: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    let tag = |text: &str| -> String {
        Sha256::digest(text)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    };
    // Weak (RFC 9110, 8.8.1): compressed or not, it is the same to whoever has it.
    FILES.iter().map(|(name, _, text)| (*name, format!("W/\"{}\"", tag(text)))).collect()
});

/// One of [`FILES`]. It is asked for again each time, and sent only if it changed (RFC 9111, section 5.2.2.4), so that
/// scripts that belong together are of one version.
pub(crate) async fn file(Path(name): Path<String>, request: HeaderMap) -> Result<Response, Problem> {
    let (name, kind, text) = FILES.iter().find(|file| file.0 == name).ok_or_else(Problem::not_found)?;
    let tag = &TAGS[name];
    let caching = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if is_held(&request, tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Ok((caching, [(header::CONTENT_TYPE, *kind)], *text).into_response())
}

/// A tag as it is compared.
fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether whoever asks has that already (RFC 9110, section 13.1.2).
fn is_held(request: &HeaderMap, tag: &str) -> bool {
    let lines = request.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|held| held == "*" || weak(held) == weak(tag))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::kit::Kit;

    #[tokio::test]
    async fn every_page_names_the_icon_and_browsers_that_ask_by_themselves_are_sent_to_it() {
        let kit = Kit::start().await;
        let asked = kit.send("", "GET", "/favicon.ico", "").await;
        assert_eq!(
            (asked.status, &asked.headers[header::LOCATION]),
            (StatusCode::PERMANENT_REDIRECT, &ICON.parse().unwrap())
        );
        let link = format!("<link rel=\"icon\" type=\"image/svg+xml\" href=\"{ICON}\">");
        let member = kit.member(domain::Role::Viewer).await;
        for (cookie, path) in [(&*member, "/analytics"), ("", "/sign-in"), ("", "/preview/pk_none")] {
            let page = kit.page(cookie, path).await.body;
            assert!(page.contains(&link), "{path}: {page}");
        }
    }

    #[tokio::test]
    async fn what_pages_load_is_there_and_asked_for_again_by_its_tag() {
        let kit = Kit::start().await;
        for &(name, ..) in FILES {
            let path = format!("/pages/{name}");
            let answer = kit.send("", "GET", &path, "").await;
            assert_eq!(answer.status, StatusCode::OK, "{name}");
            let (_, ending) = name.split_once('.').unwrap();
            let kind = match ending {
                "js" => SCRIPT,
                "css" => STYLE,
                _ => PICTURE,
            };
            assert_eq!(answer.headers[header::CONTENT_TYPE], kind);
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache");
            let tag = answer.headers[header::ETAG].to_str().unwrap();
            for (held, status) in [(tag, 304), (&*format!("\"x\", {tag}"), 304), ("*", 304), ("\"x\"", 200)] {
                let request = Request::get(&path).header(header::IF_NONE_MATCH, held);
                let answer = kit.call(request.body(axum::body::Body::empty()).unwrap()).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.body.is_empty()),
                    (status, status == 304),
                    "{held}"
                );
                assert_eq!(answer.headers[header::ETAG], tag);
            }
        }
        for missing in ["/pages/other.js", "/pages/demo.html", "/pages/..%2Fwidget.js"] {
            assert_eq!(kit.send("", "GET", missing, "").await.problem().0, 404, "{missing}");
        }
    }
}
