//! What happens around every request: a span, a catch for panics, a count, and the security headers.
//!
//! Must not look into bodies, nor write down who called: no key, no address.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header};
use tracing::Instrument;

use crate::{Shared, problem::Problem};

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Browsers that came over https once come over https for a year (RFC 6797).
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The one middleware. It lies around the routes and around what answers where there is none.
pub(crate) async fn around(
    State(web): State<Shared>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let span = tracing::debug_span!(
        "request",
        http.method = %method,
        http.route = route.as_ref().map(MatchedPath::as_str),
        http.status = tracing::field::Empty,
    );
    let answer = catch(next.run(request)).instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(|panic| {
        tracing::error!(error = words(panic.as_ref()), "a handler panicked");
        Problem::internal().into_response()
    });
    span.record("http.status", response.status().as_u16());
    web.metrics.answered(&method, route, response.status());
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    if web.settings.secure {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    response
}

/// Runs `future`; a panic in it becomes an error.
async fn catch<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        assert_eq!(catch(async { 1 }).await.ok(), Some(1));
        let panic = catch(async { panic!("number {}", 7) }).await.err();
        assert_eq!(panic.map(|panic| words(panic.as_ref()).to_owned()).as_deref(), Some("number 7"));
    }
}
