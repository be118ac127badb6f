//! Webhooks as the API takes and shows them.
//!
//! Must not show a secret but at the moment when it is made: the values of an owner's headers are masked.

use std::collections::BTreeMap;

use app::webhooks::Rotated;
use domain::{Chatbot, Id, Invalid, NewWebhook, Webhook, WebhookUpdate};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    read::{FromObject, Object, Pairs, pointer},
    words::{BodyFormWord, DisableReasonWord, EventTypeWord, OrderingWord, RetryWord, WebhookStateWord},
};

/// What stands for the value of a header in every answer.
pub(crate) const MASK: &str = "***";

/// A webhook to make.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "CRM",
    "url": "https://crm.example.com/hooks/leads",
    "event_types": ["Contact Information", "Chat Transcript"]
}))]
pub(crate) struct CreateWebhook {
    /// 1 to 200 characters; need not be unique.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where to POST: `https`, unless the instance allows `http`.
    url: String,
    /// Which events it gets.
    #[schema(value_type = Vec<EventTypeWord>, min_items = 1)]
    event_types: Vec<domain::EventType>,
    /// Only events of these chatbots; none named means all.
    #[schema(value_type = Option<Vec<String>>)]
    chatbot_ids: Option<Vec<Id<Chatbot>>>,
    #[schema(value_type = Option<BodyFormWord>, default = "documented")]
    body: Option<domain::BodyForm>,
    /// Headers of your own for each request, e.g. an `Authorization`; at most 32.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    headers: Option<Pairs>,
    #[schema(value_type = Option<OrderingWord>, default = "none")]
    ordering: Option<domain::Ordering>,
    /// At most so many requests at once.
    #[schema(minimum = 1, maximum = 1000, default = 64)]
    max_in_flight: Option<u32>,
    /// At most so many attempts started in a second; no limit if absent.
    #[schema(minimum = 1, maximum = 100_000)]
    rate_per_second: Option<u32>,
    #[schema(value_type = Option<RetryWord>, default = "3d")]
    retry: Option<domain::RetryPolicy>,
    /// The signing secret, if the receiver already has one: `whsec_` and the base64 of 24 to 64 bytes. One is
    /// made otherwise.
    #[schema(value_type = Option<String>)]
    secret: Option<domain::Secret>,
}

impl FromObject for CreateWebhook {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        // All are taken before the first is asked for, so that every wrong one is named.
        let name = object.required("name");
        let url = object.required("url");
        let event_types = object.required("event_types");
        let chatbot_ids = object.optional("chatbot_ids");
        let body = object.optional("body");
        let headers = object.optional::<Pairs>("headers");
        let ordering = object.optional("ordering");
        let max_in_flight = object.optional("max_in_flight");
        let rate_per_second = object.optional("rate_per_second");
        let retry = object.optional("retry");
        let secret = object.optional("secret");
        for (name, _) in headers.iter().flat_map(|headers| &headers.0).filter(|(_, value)| value == MASK) {
            object.accept::<()>(Err(masked(name, "is only a mask: give the value itself")));
        }
        Some(Self {
            name: name?,
            url: url?,
            event_types: event_types?,
            chatbot_ids,
            body,
            headers,
            ordering,
            max_in_flight,
            rate_per_second,
            retry,
            secret,
        })
    }
}

impl From<CreateWebhook> for NewWebhook {
    fn from(asked: CreateWebhook) -> Self {
        NewWebhook {
            name: asked.name,
            url: asked.url,
            event_types: asked.event_types,
            chatbot_ids: asked.chatbot_ids.unwrap_or_default(),
            body: asked.body.unwrap_or_default(),
            headers: asked.headers.map(|headers| headers.0).unwrap_or_default(),
            ordering: asked.ordering.unwrap_or_default(),
            max_in_flight: asked.max_in_flight,
            rate_per_second: asked.rate_per_second,
            retry: asked.retry.unwrap_or_default(),
            secret: asked.secret,
        }
    }
}

/// Changes to a webhook; what is absent stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "CRM (new)", "rate_per_second": null}))]
pub(crate) struct UpdateWebhook {
    /// 1 to 200 characters.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Where to POST.
    #[schema(nullable = false)]
    url: Option<String>,
    /// Which events it gets.
    #[schema(nullable = false, value_type = Option<Vec<EventTypeWord>>, min_items = 1)]
    event_types: Option<Vec<domain::EventType>>,
    /// Only events of these chatbots; an empty list means all.
    #[schema(nullable = false, value_type = Option<Vec<String>>)]
    chatbot_ids: Option<Vec<Id<Chatbot>>>,
    /// Deliveries already planned keep theirs.
    #[schema(nullable = false, value_type = Option<BodyFormWord>)]
    body: Option<domain::BodyForm>,
    /// All headers that there shall be. The value `***` keeps the present value of the header of that name.
    #[schema(nullable = false, value_type = Option<BTreeMap<String, String>>)]
    headers: Option<Pairs>,
    #[schema(nullable = false, value_type = Option<OrderingWord>)]
    ordering: Option<domain::Ordering>,
    /// At most so many requests at once.
    #[schema(nullable = false, minimum = 1, maximum = 1000)]
    max_in_flight: Option<u32>,
    /// At most so many attempts started in a second; null removes the limit.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    rate_per_second: Option<Option<u32>>,
    #[schema(nullable = false, value_type = Option<RetryWord>)]
    retry: Option<domain::RetryPolicy>,
}

impl FromObject for UpdateWebhook {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self {
            name: object.change("name"),
            url: object.change("url"),
            event_types: object.change("event_types"),
            chatbot_ids: object.change("chatbot_ids"),
            body: object.change("body"),
            headers: object.change("headers"),
            ordering: object.change("ordering"),
            max_in_flight: object.change("max_in_flight"),
            rate_per_second: object.clearable("rate_per_second"),
            retry: object.change("retry"),
        })
    }
}

impl From<UpdateWebhook> for WebhookUpdate {
    fn from(asked: UpdateWebhook) -> Self {
        WebhookUpdate {
            name: asked.name,
            url: asked.url,
            event_types: asked.event_types,
            chatbot_ids: asked.chatbot_ids,
            body: asked.body,
            headers: asked.headers.map(|headers| headers.0),
            ordering: asked.ordering,
            max_in_flight: asked.max_in_flight,
            rate_per_second: asked.rate_per_second,
            retry: asked.retry,
        }
    }
}

/// The update with each masked header value replaced by the one that the webhook has.
pub(crate) fn unmasked(update: &WebhookUpdate, webhook: &Webhook) -> Result<WebhookUpdate, Invalid> {
    let mut update = update.clone();
    for (name, value) in update.headers.iter_mut().flatten().filter(|(_, value)| value == MASK) {
        let present = webhook.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let missing = || masked(name, "is masked, but the webhook has no such header");
        *value = present.ok_or_else(missing)?.1.clone();
    }
    Ok(update)
}

fn masked(name: &str, message: &str) -> Invalid {
    Invalid::field(format!("/headers{}", pointer(name)), message)
}

/// A webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    #[schema(example = "wh_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    #[schema(example = "CRM")]
    name: String,
    #[schema(example = "https://crm.example.com/hooks/leads")]
    url: String,
    #[schema(value_type = Vec<EventTypeWord>)]
    event_types: Vec<&'static str>,
    /// Empty: events of all chatbots.
    chatbot_ids: Vec<String>,
    #[schema(value_type = BodyFormWord)]
    body: &'static str,
    /// The names are yours; each value is shown as `***`.
    headers: BTreeMap<String, &'static str>,
    #[schema(value_type = OrderingWord)]
    ordering: &'static str,
    max_in_flight: u32,
    /// Null: no limit.
    #[schema(required = true)]
    rate_per_second: Option<u32>,
    #[schema(value_type = RetryWord)]
    retry: &'static str,
    #[schema(value_type = WebhookStateWord)]
    state: &'static str,
    /// Null unless disabled.
    #[schema(value_type = Option<DisableReasonWord>, required = true)]
    state_reason: Option<&'static str>,
    #[schema(format = DateTime)]
    state_since: String,
    /// How many attempts failed in a row, those that were in flight together counted once; 10 hold the webhook. While it
    /// is held: those 10, and the probes since it was last changed.
    failures_in_row: u32,
    /// When it is next tried whether the receiver is back; null unless held.
    #[schema(required = true, format = DateTime)]
    next_probe_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        let failures_in_row = webhook.failures_in_row();
        Self {
            id: webhook.id.to_string(),
            name: webhook.name,
            url: webhook.url,
            event_types: webhook.event_types.iter().map(|known| known.as_str()).collect(),
            chatbot_ids: webhook.chatbot_ids.iter().map(ToString::to_string).collect(),
            body: webhook.body.as_str(),
            headers: webhook.headers.into_iter().map(|(name, _)| (name, MASK)).collect(),
            ordering: webhook.ordering.as_str(),
            max_in_flight: webhook.max_in_flight,
            rate_per_second: webhook.rate_per_second,
            retry: webhook.retry.as_str(),
            state: webhook.state.as_str(),
            state_reason: webhook.state.reason(),
            state_since: webhook.state_since.to_string(),
            failures_in_row,
            next_probe_at: webhook.health.probe_at.map(|at| at.to_string()),
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
        }
    }
}

/// A webhook that was just changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookSaved {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What may become trouble, in words: a name that does not resolve right now, for example.
    warnings: Vec<String>,
}

impl WebhookSaved {
    pub(super) fn new(webhook: Webhook, warnings: Vec<String>) -> Self {
        Self { webhook: webhook.into(), warnings }
    }
}

/// A webhook that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookCreated {
    #[serde(flatten)]
    saved: WebhookSaved,
    /// The signing secret. It is not shown again.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: String,
}

impl WebhookCreated {
    pub(super) fn new(webhook: Webhook, warnings: Vec<String>) -> Self {
        let secret = webhook.keys.first().map(|key| key.secret.to_text().reveal().to_owned());
        Self { secret: secret.unwrap_or_default(), saved: WebhookSaved::new(webhook, warnings) }
    }
}

/// A new signing secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretRotated {
    /// It is not shown again.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: String,
    /// Until then requests are signed with the old secret as well.
    #[schema(format = DateTime)]
    old_expires_at: String,
}

impl From<Rotated> for SecretRotated {
    fn from(rotated: Rotated) -> Self {
        Self {
            secret: rotated.secret.to_text().reveal().to_owned(),
            old_expires_at: rotated.old_expires_at.to_string(),
        }
    }
}
