//! HTTP in: the API, its document, health and figures.
//!
//! Everything that can be called is on this page ([`routes`]). A handler takes a request apart, calls one use
//! case of `app`, and answers. This crate must not know SQL, nor how deliveries are sent; the outside world it
//! reaches only through `app::Outbound`.

mod allowance;
pub mod assets;
mod attempts;
mod auth;
mod charts;
mod chatbots;
mod contacts;
mod conversations;
mod deliveries;
mod departments;
mod desk;
mod event_types;
mod events;
mod exchange;
mod extract;
mod hashing;
mod health;
#[cfg(test)]
mod kit;
mod ledger;
pub mod links;
mod list;
mod live;
mod metrics;
mod nodes;
mod openapi;
mod operators;
mod pace;
mod pages;
mod peer;
mod problem;
mod query;
mod read;
mod recoveries;
mod reports;
mod search;
mod sse;
#[cfg(test)]
mod tests;
mod throttle;
mod webhooks;
mod widget;
mod words;

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use app::{Db, Outbound};
use axum::{
    Extension, Router,
    middleware::{self, AddExtension},
};
use bytes::Bytes;
use tower::Layer;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use health::Readiness;
pub use metrics::Metrics;
use peer::Peer;
use problem::Problem;
pub use widget::WidgetLimits;

/// What this floor is made of.
pub struct Web {
    db: Db,
    outbound: Arc<dyn Outbound>,
    settings: WebSettings,
    readiness: Readiness,
    metrics: Metrics,
    keys: auth::RecentKeys,
    pace: pace::Pace,
    hashing: hashing::Hashing,
    throttle: throttle::Throttle,
    limits: widget::Limits,
    hub: live::Hub,
    sightings: widget::Sightings,
    /// `/openapi.json`, once the routes are known.
    document: OnceLock<Bytes>,
}

/// What the operator can choose.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Whether `/metrics` answers without a key.
    pub metrics_open: bool,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How many requests a key may make in a second; no limit if None.
    pub per_key_per_second: Option<u32>,
    /// How much visitors of web pages may ask for.
    pub widget: WidgetLimits,
    /// Whether browsers reach this server over https, so that cookies are for that alone.
    pub secure: bool,
    /// Whether only this machine itself can reach this server.
    pub local: bool,
    /// The origins of this server's own pages.
    pub own_origins: Vec<String>,
    /// How long things are kept, to be told.
    pub retention: app::retention::Retention,
    /// Networks of proxies whose word counts for where a request came from.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// The public key of the chatbot on the sample company's page; there is no such page if None.
    pub demo: Option<String>,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            metrics_open: false,
            body_timeout: Duration::from_secs(10),
            per_key_per_second: None,
            widget: WidgetLimits::default(),
            secure: false,
            local: false,
            own_origins: Vec::new(),
            retention: app::retention::Retention::default(),
            trusted_proxies: Vec::new(),
            demo: None,
        }
    }
}

impl Web {
    /// Puts the parts together; [`router`] makes them answer.
    pub fn new(
        db: Db,
        outbound: Arc<dyn Outbound>,
        settings: WebSettings,
        readiness: Readiness,
        metrics: Metrics,
    ) -> Self {
        let (keys, pace) = (auth::RecentKeys::default(), pace::Pace::new(settings.per_key_per_second));
        let (limits, hub) = (widget::Limits::new(settings.widget), live::Hub::new());
        Self {
            db,
            outbound,
            settings,
            readiness,
            metrics,
            keys,
            pace,
            hashing: hashing::Hashing::new(),
            throttle: throttle::Throttle::default(),
            limits,
            hub,
            sightings: widget::Sightings::default(),
            document: OnceLock::new(),
        }
    }
}

impl Web {
    /// Shows the page `/demo` with the chatbot of this public key.
    pub fn show_demo(&mut self, public_key: &str) {
        self.settings.demo = Some(public_key.to_owned());
    }
}

/// What every handler gets.
pub(crate) type Shared = Arc<Web>;

/// The service to hand to a listener.
pub fn router(web: Web) -> Router {
    let web = Arc::new(web);
    let (router, document) = routes().split_for_parts();
    // The document was just made, and nothing else sets it.
    let _ = web.document.set(openapi::finish(document).into());
    router
        .merge(widget::routes())
        .merge(assets::routes())
        .merge(pages::routes(&web))
        .fallback(pages::missing)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn_with_state(Arc::clone(&web), exchange::around))
        .with_state(web)
}

/// The service for the connections of one peer, whose address counts for the limits of visitors.
pub fn for_peer(router: &Router, peer: IpAddr) -> AddExtension<Router, Peer> {
    Extension(Peer(peer)).layer(router.clone())
}

/// All routes. Each is documented where it is written, or it could not stand here.
fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::default()
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::get, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::trial::send))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhooks::pause))
        .routes(routes!(webhooks::resume))
        .routes(routes!(webhooks::disable))
        .routes(routes!(event_types::list))
        .routes(routes!(events::list, events::post))
        .routes(routes!(events::post_batch))
        .routes(routes!(events::get))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::get))
        .routes(routes!(deliveries::resend))
        .routes(routes!(recoveries::list, recoveries::create))
        .routes(routes!(recoveries::get, recoveries::update, recoveries::cancel))
        .routes(routes!(desk::stream))
        .routes(routes!(desk::typing))
        .routes(routes!(chatbots::list, chatbots::create))
        .routes(routes!(chatbots::get, chatbots::update, chatbots::delete))
        .routes(routes!(chatbots::publish))
        .routes(routes!(chatbots::versions))
        .routes(routes!(chatbots::version))
        .routes(routes!(chatbots::templates))
        .routes(routes!(departments::list, departments::create))
        .routes(routes!(departments::update, departments::delete))
        .routes(routes!(operators::list))
        .routes(routes!(operators::arrive, operators::leave))
        .routes(routes!(conversations::list, conversations::inbound::begin))
        .routes(routes!(conversations::get))
        .routes(routes!(conversations::transcript::show))
        .routes(routes!(conversations::operators::accept))
        .routes(routes!(conversations::operators::reply))
        .routes(routes!(conversations::operators::hand_back))
        .routes(routes!(conversations::operators::transfer))
        .routes(routes!(conversations::operators::close))
        .routes(routes!(conversations::inbound::message))
        .routes(routes!(conversations::inbound::contact))
        .routes(routes!(conversations::inbound::marker))
        .routes(routes!(contacts::list))
        .routes(routes!(contacts::export::export))
        .routes(routes!(contacts::get, contacts::erase))
        .routes(routes!(contacts::merge))
        .routes(routes!(reports::bot))
        .routes(routes!(reports::markers))
        .routes(routes!(ledger::get))
        .routes(routes!(nodes::list))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::show))
        .routes(routes!(openapi::show))
}
