//! What pages of several nouns show alike: where a delivery stands.

use app::{
    events::EventDetail,
    standings::{Explained, WebhookStanding},
};
use domain::{Delivery, DeliveryState, Event};

use super::shell::Place;

/// A state's word and the look of its badge.
pub(crate) const fn badge(state: &DeliveryState) -> (&'static str, &'static str) {
    match state {
        DeliveryState::Delivered => ("delivered", "ok"),
        DeliveryState::Pending => ("pending", "warn"),
        DeliveryState::Exhausted(_) => ("failed", "bad"),
        DeliveryState::Skipped(_) => ("skipped", ""),
    }
}

/// What a delivery's webhook is called; one that was deleted has no name.
pub(crate) fn webhook_name<'a>(detail: &'a EventDetail, it: &Explained) -> &'a str {
    let of = |standing: &&WebhookStanding| standing.webhook_id == it.delivery.webhook_id;
    detail.webhooks.iter().find(of).map_or("A deleted webhook", |standing| standing.name.as_str())
}

/// The page of an event.
pub(crate) fn event_path(event: &Event) -> String {
    format!("{}/{}", Place::Events.path(), event.id)
}

/// The page of a delivery: all its attempts.
pub(crate) fn delivery_path(it: &Delivery) -> String {
    format!("{}/deliveries/{}", Place::Webhooks.path(), it.id)
}
