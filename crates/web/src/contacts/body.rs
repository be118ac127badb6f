//! Contacts as the API takes and shows them.

use app::contacts::Receipt;
use domain::{Consent, Contact, Id};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::read::{FromObject, Object};

/// Which contact is to become part of this one.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "con_0198c4de5f00700080a1b2c3d4e5f607"}))]
pub(crate) struct MergeContacts {
    /// It is gone then.
    #[schema(value_type = String)]
    pub(super) from: Id<Contact>,
}

impl FromObject for MergeContacts {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        object.required("from").map(|from| Self { from })
    }
}

/// A person who left an e-mail address or a phone number.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactView {
    #[schema(example = "con_0198c4de5f00700080a1b2c3d4e5f607")]
    pub(super) id: String,
    /// As last given.
    #[schema(required = true, example = "John Carter")]
    pub(super) name: Option<String>,
    #[schema(required = true, example = "john.carter@outlook.com")]
    pub(super) email: Option<String>,
    /// E.164.
    #[schema(required = true, example = "+919811123456")]
    pub(super) phone: Option<String>,
    /// What else was asked: texts, numbers, true or false by name.
    #[schema(value_type = Object)]
    pub(super) custom: Map<String, Value>,
    /// The words that were agreed to, and when; null if there was no such question.
    #[schema(required = true)]
    pub(super) consent: Option<AgreedTo>,
    /// Another contact that may be the same person.
    #[schema(required = true)]
    duplicate_of: Option<String>,
    /// When it was first captured.
    #[schema(format = DateTime)]
    pub(super) created_at: String,
    /// When it was last captured.
    #[schema(format = DateTime)]
    pub(super) seen_at: String,
}

/// The consent under which a contact is stored.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgreedTo {
    /// The words.
    pub(super) text: String,
    #[schema(format = DateTime)]
    pub(super) at: String,
}

impl From<Consent> for AgreedTo {
    fn from(Consent { text, at, .. }: Consent) -> Self {
        Self { text, at }
    }
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.to_string(),
            name: contact.fields.name,
            email: contact.fields.email,
            phone: contact.fields.phone,
            custom: contact.custom,
            consent: contact.consent.filter(|consent| consent.given).map(AgreedTo::from),
            duplicate_of: contact.duplicate_of.map(|id| id.to_string()),
            created_at: contact.created_at.to_string(),
            seen_at: contact.seen_at.to_string(),
        }
    }
}

/// What erasing a person removed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erased {
    /// The contact that is gone.
    id: String,
    /// Conversations that say nothing of the person any more.
    conversations: u32,
    /// Messages that are gone.
    messages: u64,
    /// Events whose data is gone.
    events: u64,
    /// Deliveries that were not made yet, and will not be.
    skipped: u32,
}

impl Erased {
    pub(super) fn new(id: Id<Contact>, receipt: Receipt) -> Self {
        let Receipt { conversations, messages, events, skipped } = receipt;
        Self { id: id.to_string(), conversations, messages, events, skipped }
    }
}
