//! Events as the API takes and shows them.
//!
//! Must not touch `data`: it goes in and out byte for byte.

use app::{
    events::{Accepted, EventDetail},
    standings::WebhookStanding,
};
use domain::{CheckedEvent, Event, Invalid, NewEvent, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    deliveries::ExplainedDelivery,
    read::{self, FromObject, Object, Raw, Value},
    words::{EventTypeWord, PostedTypeWord, WhyWord},
};

/// Something that happened.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "type": "Contact Information",
    "data": {"name": "John Carter", "email": "john.carter@outlook.com", "phone": "+919811123456"},
    "conversation_id": "c-1"
}))]
pub(crate) struct PostEvent {
    #[serde(rename = "type")]
    #[schema(value_type = PostedTypeWord)]
    event_type: String,
    /// At most 256 KiB and 64 levels deep; stored and sent byte for byte. `Contact Information` needs `name`,
    /// `email` and `phone`, each a string or null; `Chat Transcript` needs the string `chat_transcript`. Further
    /// members are welcome.
    #[schema(value_type = Object)]
    data: Raw,
    /// Your own name of the conversation: order key and search key. It need not exist.
    #[schema(min_length = 1, max_length = 128)]
    conversation_id: Option<String>,
    /// When it happened, if not now.
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
}

impl FromObject for PostEvent {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let (event_type, data) = (object.required("type"), object.required("data"));
        let (conversation_id, occurred_at) =
            (object.optional("conversation_id"), object.optional("occurred_at"));
        Some(Self { event_type: event_type?, data: data?, conversation_id, occurred_at })
    }
}

impl PostEvent {
    fn check(self) -> Result<CheckedEvent, Invalid> {
        let Self { event_type, data: Raw(data), conversation_id, occurred_at } = self;
        NewEvent { event_type, data, conversation_id, occurred_at }.check()
    }
}

/// A [`PostEvent`] that keeps the rules of its type.
pub(crate) struct Posted(pub(super) CheckedEvent);

impl FromObject for Posted {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let checked = PostEvent::from_object(object)?.check();
        object.accept(checked).map(Self)
    }
}

/// Events that are accepted together or not at all.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "events": [{"type": "Chat Transcript", "data": {"chat_transcript": "[2026-03-04T10:15:30Z] Maya: Hello"}}]
}))]
pub(crate) struct PostBatch {
    #[schema(value_type = Vec<PostEvent>, min_items = 1, max_items = 1000)]
    events: Events,
}

struct Events(Vec<CheckedEvent>);

impl Value for Events {
    const WANTED: &'static str = "an array of events";

    fn read(text: &str) -> Result<Self, Invalid> {
        let texts = read::array(text)?;
        if !(1..=PostBatch::MAX_EVENTS).contains(&texts.len()) {
            let message = format!("must have 1 to {} events, not {}", PostBatch::MAX_EVENTS, texts.len());
            return Err(Invalid::field("", message));
        }
        read::items(&texts, |text| read::object::<Posted>(text).map(|posted| posted.0)).map(Self)
    }
}

impl PostBatch {
    const MAX_EVENTS: usize = 1_000;

    pub(super) fn into_events(self) -> Vec<CheckedEvent> {
        self.events.0
    }
}

impl FromObject for PostBatch {
    const LIMIT: usize = 8 * 1024 * 1024;

    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        object.required("events").map(|events| Self { events })
    }
}

/// An event that is on disk together with all its deliveries.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventAccepted {
    /// The `webhook-id` of all its deliveries.
    #[schema(example = "evt_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    /// How many deliveries were planned; 0: no webhook asked for it.
    #[schema(example = 1)]
    deliveries: u32,
}

impl From<&Accepted> for EventAccepted {
    fn from(accepted: &Accepted) -> Self {
        Self { id: accepted.id.to_string(), deliveries: accepted.deliveries }
    }
}

/// Accepted events, in the order in which they were posted.
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchAccepted {
    pub(super) items: Vec<EventAccepted>,
}

/// An event.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    #[schema(example = "evt_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    #[serde(rename = "type")]
    #[schema(value_type = EventTypeWord)]
    event_type: &'static str,
    /// As it was posted; null once retention or erasure has removed it.
    #[schema(required = true, value_type = Option<Object>)]
    data: Option<Box<RawValue>>,
    #[schema(required = true)]
    conversation_id: Option<String>,
    #[schema(format = DateTime)]
    occurred_at: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// How many deliveries were planned when it was accepted.
    planned: u32,
    /// Whether no webhook asked for it.
    unmatched: bool,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.to_string(),
            event_type: event.event_type.as_str(),
            // What is stored was checked to be JSON when it was accepted.
            data: event.data.and_then(|data| RawValue::from_string(data).ok()),
            conversation_id: event.context.conversation_id,
            occurred_at: event.occurred_at.to_string(),
            created_at: event.created_at.to_string(),
            planned: event.planned,
            unmatched: event.planned == 0 && !event.id.is_test(),
        }
    }
}

/// An event with its deliveries.
#[derive(Serialize, ToSchema)]
#[schema(as = EventDetail)]
pub(crate) struct EventDetailView {
    #[serde(flatten)]
    event: EventView,
    deliveries: Vec<ExplainedDelivery>,
    /// Why there is no delivery, in words; null if there is one.
    #[schema(required = true)]
    reason: Option<String>,
    /// Where it stands with each webhook of the account, the newest 100.
    webhooks: Vec<EventWebhook>,
    /// Whether there are older webhooks, which were left out.
    more_webhooks: bool,
}

/// Where an event stands with a webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventWebhook {
    webhook_id: String,
    #[schema(example = "CRM")]
    name: String,
    /// Null where it has no delivery of this event.
    #[schema(required = true)]
    delivery_id: Option<String>,
    #[schema(value_type = WhyWord)]
    code: &'static str,
    /// The same in words.
    #[schema(example = "The webhook does not ask for Chat Transcript events.")]
    explanation: String,
}

impl From<WebhookStanding> for EventWebhook {
    fn from(standing: WebhookStanding) -> Self {
        Self {
            webhook_id: standing.webhook_id.to_string(),
            name: standing.name,
            delivery_id: standing.delivery_id.map(|id| id.to_string()),
            code: standing.why.code.as_str(),
            explanation: standing.why.words,
        }
    }
}

impl From<EventDetail> for EventDetailView {
    fn from(EventDetail { event, deliveries, webhooks, more_webhooks }: EventDetail) -> Self {
        let reason = match (event.planned, deliveries.len()) {
            (0, 0) => Some(format!(
                "no webhook matched this {} event when it was accepted; `webhooks` says why for each",
                event.event_type.as_str()
            )),
            (_, 0) => Some("its deliveries are older than this instance keeps them".to_owned()),
            _ => None,
        };
        Self {
            event: event.into(),
            deliveries: deliveries.into_iter().map(|(it, _)| it.into()).collect(),
            reason,
            webhooks: webhooks.into_iter().map(Into::into).collect(),
            more_webhooks,
        }
    }
}
