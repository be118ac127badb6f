//! Analytics: the overview, the bot report, and the log of events.

mod event;
mod events;
mod filter;
mod overview;
mod report;
#[cfg(test)]
mod tests;

use axum::{
    Router,
    routing::{get, post},
};

use super::shell::Place;
use crate::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route(Place::Overview.path(), get(overview::show))
        .route(Place::BotReport.path(), get(report::show))
        .route("/analytics/bot-report/bot-report.csv", get(report::bot_csv))
        .route("/analytics/bot-report/marker-report.csv", get(report::marker_csv))
        .route(Place::Events.path(), get(events::list))
        .route("/analytics/events/{id}", get(event::show))
        .route("/analytics/events/{id}/deliveries/{delivery}/resend", post(event::resend))
}
