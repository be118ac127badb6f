//! What pages of several nouns show alike: where a delivery or a webhook stands, and the addresses of their pages.

use domain::{Delivery, DeliveryState, Event, Id, Webhook, WebhookState};
use url::form_urlencoded;

use super::shell::Place;

/// A state's word, and the class that gives it its colour.
#[derive(Clone, Copy)]
pub(crate) struct Badge {
    pub(crate) word: &'static str,
    pub(crate) class: &'static str,
}

/// That of a delivery.
pub(crate) const fn badge(state: DeliveryState) -> Badge {
    let class = match state {
        DeliveryState::Delivered => "ok",
        DeliveryState::Pending => "on",
        DeliveryState::Exhausted(_) => "bad",
        DeliveryState::Skipped(_) => "",
    };
    Badge { word: state.as_str(), class }
}

/// That of a webhook.
pub(crate) const fn webhook_badge(state: WebhookState) -> Badge {
    let class = match state {
        WebhookState::Active => "ok",
        WebhookState::Held => "warn",
        WebhookState::Paused => "",
        WebhookState::Disabled(_) => "bad",
    };
    Badge { word: state.as_str(), class }
}

/// The page of an event.
pub(crate) fn event_path(id: Id<Event>) -> String {
    format!("{}/{id}", Place::Events.path())
}

/// The page of a delivery: all its attempts.
pub(crate) fn delivery_path(id: Id<Delivery>) -> String {
    format!("{}/deliveries/{id}", Place::Webhooks.path())
}

/// The page of a webhook.
pub(crate) fn webhook_path(id: Id<Webhook>) -> String {
    format!("{}/{id}", Place::Webhooks.path())
}

/// A text as one segment or one value of an address.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
