//! Figures for the operator: what this floor counts, and `/metrics`, which shows every floor's.
//!
//! Must not label by account, webhook or key: that would make series without end.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use axum::{
    extract::{FromRequestParts, MatchedPath, State},
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, header, request::Parts};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text},
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::{
    Shared,
    auth::{Caller, Read},
    problem::Problem,
};

/// The counters of this floor, in the registry that `/metrics` shows.
///
/// The other floors' figures get into the same registry before it is handed over here.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    events: Counter,
    unmatched: Counter,
    deliveries: Counter,
    registry: Arc<Registry>,
}

impl Metrics {
    /// Adds this floor's counters to `registry` and keeps it for showing. Names get `_total` when shown.
    pub fn new(mut registry: Registry) -> Self {
        let (requests, events) = (Family::default(), Counter::default());
        let (unmatched, deliveries) = (Counter::default(), Counter::default());
        registry.register("leadpost_http_requests", "Requests answered", requests.clone());
        registry.register(
            "leadpost_events_accepted",
            "Events answered with 202, repeats of an idempotency key included",
            events.clone(),
        );
        registry.register("leadpost_events_unmatched", "Those that matched no webhook", unmatched.clone());
        registry.register("leadpost_deliveries_planned", "Deliveries planned for them", deliveries.clone());
        Self { requests, events, unmatched, deliveries, registry: Arc::new(registry) }
    }

    /// An event was accepted.
    pub(crate) fn accepted(&self, deliveries: u32) {
        self.events.inc();
        self.deliveries.inc_by(deliveries.into());
        if deliveries == 0 {
            self.unmatched.inc();
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, route: Option<MatchedPath>, status: StatusCode) {
        let labels = RequestLabels { method: name(method), route: Route(route), status: class(status) };
        self.requests.get_or_create(&labels).inc();
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: Route,
    status: &'static str,
}

/// The pattern that a path matched, never the path itself.
#[derive(Clone, Debug)]
struct Route(Option<MatchedPath>);

impl Route {
    fn as_str(&self) -> &str {
        self.0.as_ref().map_or("none", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

/// Methods are the caller's words: the ones that nobody here takes are counted together.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// Whoever may see the figures: anybody on an instance that says so, otherwise the holder of a read key.
pub(crate) struct Reader;

impl FromRequestParts<Shared> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Problem> {
        if !web.settings.metrics_open {
            Caller::<Read>::from_request_parts(parts, web).await?;
        }
        Ok(Self)
    }
}

/// Figures for Prometheus
///
/// Needs a read key, unless the setting `metrics.open` is on.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics", security(("key" = ["read"])),
    responses((status = OK, description = "All figures, in the OpenMetrics text form.", body = String,
        content_type = "application/openmetrics-text"))
)]
pub(crate) async fn show(State(web): State<Shared>, _: Reader) -> Result<Response, Problem> {
    let mut page = String::new();
    text::encode(&mut page, &web.metrics.registry).map_err(|_| Problem::internal())?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}
