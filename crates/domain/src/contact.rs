//! Contacts: who visitors turned out to be, and which of them are the same person.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Account, Id, Noun, Timestamp, conversation::Consent, search};

/// A person who left an e-mail address or a phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// `con_…`
    pub id: Id<Contact>,
    /// Whose contact.
    pub account: Id<Account>,
    /// Name, e-mail and phone as last given.
    pub fields: Fields,
    /// What else was asked: a JSON object.
    pub custom: Map<String, Value>,
    /// The consent under which it was stored, if there was a question for it.
    pub consent: Option<Consent>,
    /// Another contact that may be the same person.
    pub duplicate_of: Option<Id<Contact>>,
    /// When it was first captured.
    pub created_at: Timestamp,
    /// When it was last captured.
    pub seen_at: Timestamp,
}

impl Noun for Contact {
    const PREFIX: &'static str = "con";
}

/// What the event *Contact Information* tells. The order of the members is the one on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// As the person writes it.
    pub name: Option<String>,
    /// As typed, with the domain in lower case.
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
}

impl Fields {
    /// Whether the person can be reached at all; nothing is stored of one who cannot.
    pub fn is_reachable(&self) -> bool {
        self.email.is_some() || self.phone.is_some()
    }

    /// What makes two spellings of an e-mail address the same.
    pub fn email_key(&self) -> Option<String> {
        // What is stored was valid once; a stricter rule of later must not lose it.
        self.email.as_deref().map(search::email_key)
    }

    /// The data of the event, with all three members always.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings can be written as JSON")
    }

    /// These, and of `older` what is not known here.
    pub fn or(self, older: &Fields) -> Fields {
        let older = older.clone();
        Fields {
            name: self.name.or(older.name),
            email: self.email.or(older.email),
            phone: self.phone.or(older.phone),
        }
    }
}

/// What is to be done with captured fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// They are of a person not known yet, who may be the same as that one.
    New {
        /// Has the same phone number.
        like: Option<Id<Contact>>,
    },
    /// They are of that person, who may be the same as the other.
    To {
        /// Whose fields are renewed.
        contact: Id<Contact>,
        /// Has the same phone number, or was the conversation's contact until now.
        like: Option<Id<Contact>>,
    },
}

/// Decides whose fields they are: of whoever has the e-mail address, else of the conversation's own contact, else of
/// whoever has the phone number and no other address. A clash blocks nothing; it is only flagged.
pub fn attach(
    fields: &Fields,
    own: Option<Id<Contact>>,
    by_email: Option<&Contact>,
    by_phone: Option<&Contact>,
) -> Attach {
    let other_than = |contact: Id<Contact>| {
        let phone = by_phone.map(|it| it.id).filter(|id| *id != contact);
        phone.or(own.filter(|id| *id != contact))
    };
    let to = |contact| Attach::To { contact, like: other_than(contact) };
    match (by_email, own, by_phone) {
        (Some(known), _, _) => to(known.id),
        (None, Some(own), _) => to(own),
        (None, None, Some(known)) if fields.email.is_none() || known.fields.email.is_none() => to(known.id),
        (None, None, like) => Attach::New { like: like.map(|it| it.id) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(number: u8, email: Option<&str>, phone: Option<&str>) -> Contact {
        Contact {
            id: Id::from_parts(1, &[number; 10]),
            account: Id::from_parts(1, &[0; 10]),
            fields: fields(email, phone),
            custom: Map::new(),
            consent: None,
            duplicate_of: None,
            created_at: Timestamp::default(),
            seen_at: Timestamp::default(),
        }
    }

    fn fields(email: Option<&str>, phone: Option<&str>) -> Fields {
        Fields { name: None, email: email.map(str::to_owned), phone: phone.map(str::to_owned) }
    }

    #[test]
    fn all_three_members_are_always_there() {
        assert_eq!(fields(None, Some("+1")).to_json(), r#"{"name":null,"email":null,"phone":"+1"}"#);
    }

    #[test]
    fn spellings_of_one_address_have_one_key() {
        let key = |email: &str| fields(Some(email), None).email_key().unwrap();
        assert_eq!(key("USER@EXAMPLE.COM"), key("user@example.com"));
        assert_eq!(key("user@bücher.example"), key("user@xn--bcher-kva.example"));
    }

    #[test]
    fn the_address_decides_then_the_conversation_then_the_number() {
        let (ann, bob) = (contact(1, Some("ann@example.com"), None), contact(2, None, Some("+1")));
        let both = fields(Some("ann@example.com"), Some("+1"));
        let already = Id::from_parts(1, &[9; 10]);
        let own = Some(already);
        let to = |contact: &Contact, like| Attach::To { contact: contact.id, like };
        assert_eq!(attach(&both, None, Some(&ann), Some(&bob)), to(&ann, Some(bob.id)));
        assert_eq!(attach(&both, own, Some(&ann), None), to(&ann, own));
        assert_eq!(attach(&both, None, Some(&ann), Some(&ann)), to(&ann, None));
        assert_eq!(attach(&both, own, None, None), Attach::To { contact: already, like: None });
        assert_eq!(attach(&both, None, None, Some(&bob)), to(&bob, None), "has no other address");
        let eve = contact(3, Some("eve@example.com"), Some("+1"));
        assert_eq!(attach(&both, None, None, Some(&eve)), Attach::New { like: Some(eve.id) });
        assert_eq!(attach(&fields(None, Some("+1")), None, None, Some(&eve)), to(&eve, None));
        assert_eq!(attach(&both, None, None, None), Attach::New { like: None });
    }
}
