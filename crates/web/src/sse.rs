//! Answers that go on: server-sent events, for as long as the connection lasts. Knows nothing of what they tell.

use std::convert::Infallible;

use axum::response::{
    IntoResponse, Response,
    sse::{Event, Sse},
};
use futures_util::{Stream, StreamExt};

/// These events as an answer. A proxy that collects what it passes on would hold each back until there are many:
/// `X-Accel-Buffering: no` tells nginx, and what goes by its header, not to
/// (<https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering>).
pub(crate) fn answer(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let events = events.map(Ok::<_, Infallible>);
    ([("x-accel-buffering", "no")], Sse::new(events)).into_response()
}
