//! Named samples of every noun, for tests. Always two accounts, so that a leak between them shows.

use crate::{
    Account, BodyForm, Chatbot, ChatbotSettings, Contact, Department, EventType, Fields, Id, NewEvent,
    NewWebhook, Ordering, RetryPolicy, Timestamp,
};

/// The instant at which tests begin.
pub fn start() -> Timestamp {
    Timestamp::from_micros(1_772_619_330_000_000)
}

/// The account that tests act in.
pub fn acme() -> Account {
    Account {
        id: Id::from_parts(1, &[0xac; 10]),
        name: "Acme".into(),
        time_zone: "UTC".into(),
        created_at: start(),
    }
}

/// The other account, which must see nothing of [`acme`].
pub fn globex() -> Account {
    Account {
        id: Id::from_parts(1, &[0x91; 10]),
        name: "Globex".into(),
        time_zone: "UTC".into(),
        created_at: start(),
    }
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

/// A chatbot of [`acme`] that is not published.
pub fn chatbot(id: Id<Chatbot>) -> Chatbot {
    Chatbot {
        id,
        account: acme().id,
        name: "Travel desk".into(),
        public_key: format!("pk_{}", id.uuid().simple()),
        draft: "{}".into(),
        version: None,
        settings: ChatbotSettings::default(),
        created_at: start(),
        updated_at: start(),
    }
}

/// A department of [`acme`] that is not built in.
pub fn department(id: Id<Department>, name: &str) -> Department {
    Department {
        id,
        account: acme().id,
        name: name.into(),
        email: None,
        disabled: false,
        built_in: false,
        transfer: None,
        created_at: start(),
    }
}

/// A person in the books of [`acme`] with that e-mail address.
pub fn person(id: Id<Contact>, email: &str) -> Contact {
    Contact {
        id,
        account: acme().id,
        fields: Fields { name: Some("John Carter".into()), email: Some(email.into()), phone: None },
        custom: serde_json::Map::new(),
        consent: None,
        duplicate_of: None,
        created_at: start(),
        seen_at: start(),
    }
}
