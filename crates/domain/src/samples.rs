//! Named samples of every noun, for tests. Always two accounts, so that a leak between them shows.

use crate::{Account, BodyForm, EventType, Id, NewEvent, NewWebhook, Ordering, RetryPolicy, Timestamp};

/// The instant at which tests begin.
pub fn start() -> Timestamp {
    Timestamp::from_micros(1_772_619_330_000_000)
}

/// The account that tests act in.
pub fn acme() -> Account {
    Account { id: Id::from_parts(1, &[0xac; 10]), name: "Acme".into(), created_at: start() }
}

/// The other account, which must see nothing of [`acme`].
pub fn globex() -> Account {
    Account { id: Id::from_parts(1, &[0x91; 10]), name: "Globex".into(), created_at: start() }
}

/// A webhook for both posted types at `url`.
pub fn webhook(url: &str) -> NewWebhook {
    NewWebhook {
        name: "CRM".into(),
        url: url.into(),
        event_types: vec![EventType::ContactInformation, EventType::ChatTranscript],
        chatbot_ids: Vec::new(),
        body: BodyForm::Documented,
        headers: Vec::new(),
        ordering: Ordering::None,
        max_in_flight: None,
        rate_per_second: None,
        retry: RetryPolicy::ThreeDays,
        secret: None,
    }
}

/// A captured contact.
pub fn contact() -> NewEvent {
    NewEvent {
        event_type: EventType::ContactInformation.as_str().into(),
        data: EventType::ContactInformation.sample_data().into(),
        conversation_id: Some("c-1".into()),
        occurred_at: None,
    }
}

/// A closed chat.
pub fn transcript() -> NewEvent {
    NewEvent {
        event_type: EventType::ChatTranscript.as_str().into(),
        data: EventType::ChatTranscript.sample_data().into(),
        conversation_id: Some("c-1".into()),
        occurred_at: None,
    }
}
