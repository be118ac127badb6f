//! Whether a change was asked for by one of our own pages, or by a stranger's page in the same browser.
//!
//! Browsers say so in `Sec-Fetch-Site` (W3C Fetch Metadata), or, over plain http to another machine, only in `Origin`
//! (RFC 6454). The header `Host` is never believed.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, header};

use super::failure::Failure;
use crate::{Shared, problem::Problem};

/// Refuses what changes something and does not come from our own pages.
pub(crate) async fn guard(State(web): State<Shared>, request: Request, next: Next) -> Response {
    match check(&web.settings.own_origins, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => Failure::from(problem).into_response(),
    }
}

/// The rule itself, also for calls of the API that bring a session.
pub(crate) fn check(own: &[String], method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method.is_safe() {
        return Ok(());
    }
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = value(header::ORIGIN.as_str());
    let ours = match value("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => origin.is_some_and(|origin| own.iter().any(|it| it == origin)),
    };
    if ours {
        return Ok(());
    }
    let detail = "this was not sent by a page of this server. If you reach it under another name than it knows, \
        its operator has to set server.public_url to the address in your browser";
    Err(Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn allowed(method: &Method, given: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check(&["https://leads.example.com".to_owned()], method, &headers).is_ok()
    }

    #[test]
    fn only_our_own_pages_change_something() {
        assert!(allowed(&Method::GET, &[("sec-fetch-site", "cross-site")]));
        for right in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://leads.example.com")],
        ] {
            assert!(allowed(&Method::POST, right), "{right:?}");
        }
        for wrong in [
            &[][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://leads.example.com")],
            &[("origin", "null")],
            &[("origin", "https://leads.example.com.evil.test")],
            &[("origin", "http://leads.example.com")],
            &[("host", "leads.example.com")],
        ] {
            assert!(!allowed(&Method::POST, wrong), "{wrong:?}");
            assert!(!allowed(&Method::DELETE, wrong), "{wrong:?}");
        }
    }
}
