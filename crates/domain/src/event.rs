//! Events: the catalogue of types, what an event must hold, and the three bodies it can travel in.

use std::{fmt::Write, str::FromStr, time::Duration};

use crate::{
    Account, Chatbot, Id, Invalid, Noun, Timestamp, Webhook,
    json::{self, Kind, Members},
};

/// The kinds of event that a webhook can ask for. Their names are the ones on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// A chatbot captured who the visitor is.
    ContactInformation,
    /// A chat was closed.
    ChatTranscript,
    /// A webhook was held, is still held, is about to be or has been disabled. Opt-in.
    WebhookNotice,
    /// A marker's start and end were both passed in one conversation. Opt-in.
    MarkerCompleted,
}

impl EventType {
    /// All types, in the catalogue's order.
    pub const ALL: [EventType; 4] = [
        EventType::ContactInformation,
        EventType::ChatTranscript,
        EventType::WebhookNotice,
        EventType::MarkerCompleted,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventType::ContactInformation => "Contact Information",
            EventType::ChatTranscript => "Chat Transcript",
            EventType::WebhookNotice => "Webhook Notice",
            EventType::MarkerCompleted => "Marker Completed",
        }
    }

    /// When such an event happens, in one sentence.
    pub const fn description(self) -> &'static str {
        match self {
            EventType::ContactInformation => "A chatbot captured contact information.",
            EventType::ChatTranscript => "A chat was closed; carries its transcript.",
            EventType::WebhookNotice => "A webhook was held, is still held, or was disabled.",
            EventType::MarkerCompleted => {
                "A visitor passed a marker's start and its end in one conversation."
            }
        }
    }

    /// Whether the API takes events of this type; the others are only made by Leadpost itself.
    pub const fn can_be_posted(self) -> bool {
        matches!(self, EventType::ContactInformation | EventType::ChatTranscript)
    }

    /// Data of a sample event, as *Send test* sends it.
    pub const fn sample_data(self) -> &'static str {
        match self {
            EventType::ContactInformation => {
                r#"{"name":"John Carter","email":"john.carter@outlook.com","phone":"+919811123456"}"#
            }
            EventType::ChatTranscript => r#"{"chat_transcript":"Chat Transcript"}"#,
            EventType::WebhookNotice => {
                r#"{"webhook_id":"wh_00000000000070008000000000000000","name":"CRM","state":"held","reason":"10 failures in a row","since":"2026-03-04T10:15:30Z"}"#
            }
            EventType::MarkerCompleted => {
                r#"{"marker":"Booking","conversation_id":"conv_00000000000070008000000000000000","started_at":"2026-03-04T10:15:30Z","completed_at":"2026-03-04T10:17:02Z"}"#
            }
        }
    }

    /// Checks that `data` has what the type promises to receivers. Further members are welcome.
    fn check(self, members: &Members<'_>) -> Result<(), Invalid> {
        match self {
            EventType::ContactInformation => Invalid::gather(
                ["name", "email", "phone"]
                    .map(|name| require(members, name, &[Kind::String, Kind::Null], "a string or null")),
            ),
            EventType::ChatTranscript => require(members, "chat_transcript", &[Kind::String], "a string"),
            EventType::WebhookNotice | EventType::MarkerCompleted => Ok(()),
        }
    }
}

fn require(members: &Members<'_>, name: &str, kinds: &[Kind], wanted: &str) -> Result<(), Invalid> {
    let found: Vec<Kind> = members.kinds(name).collect();
    let message = match found.as_slice() {
        [] => format!("is missing: it must be {wanted}"),
        found if found.iter().all(|kind| kinds.contains(kind)) => return Ok(()),
        _ => format!("must be {wanted}"),
    };
    Err(Invalid::field(format!("/data/{name}"), message))
}

impl FromStr for EventType {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        EventType::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
            let known = EventType::ALL.map(EventType::as_str).join(", ");
            Invalid::coded("unknown_event_type", "", format!("is not an event type; there are: {known}"))
        })
    }
}

/// Something that happened, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`; the `webhook-id` of every delivery of this event.
    pub id: Id<Event>,
    /// Whose event it is.
    pub account: Id<Account>,
    /// What kind of event.
    pub event_type: EventType,
    /// A JSON object, byte for byte as it was said. None once retention or erasure has removed it.
    pub data: Option<String>,
    /// What more is known, for the extended body.
    pub context: Context,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// How many deliveries were planned when it was accepted; 0 means unmatched.
    pub planned: u32,
}

impl Noun for Event {
    const PREFIX: &'static str = "evt";
}

/// What belongs to an event besides its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The conversation it belongs to: a search key, and the key of ordered delivery.
    pub conversation_id: Option<String>,
    /// Further members of the extended body: a JSON object without white space, in catalogue order.
    pub more: Option<String>,
    /// The chatbot it comes from.
    pub chatbot_id: Option<Id<Chatbot>>,
}

/// How an event is put into a request's body; chosen per webhook, fixed per delivery when it is planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BodyForm {
    /// `{"type":T,"event_type":T,"data":D}`
    #[default]
    Documented,
    /// `{"type":T,"data":D}`
    Exact,
    /// `{"id":…,"type":T,"event_type":T,"timestamp":…,"data":D with all that is known}`
    Extended,
}

impl BodyForm {
    /// All forms.
    pub const ALL: [BodyForm; 3] = [BodyForm::Documented, BodyForm::Exact, BodyForm::Extended];

    /// The form's name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            BodyForm::Documented => "documented",
            BodyForm::Exact => "exact",
            BodyForm::Extended => "extended",
        }
    }
}

impl FromStr for BodyForm {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        BodyForm::ALL
            .into_iter()
            .find(|form| form.as_str() == text)
            .ok_or_else(|| Invalid::field("/body", "must be one of documented, exact, extended"))
    }
}

impl Event {
    /// The request body in that form; None once the data is gone. A function of the stored event alone, so
    /// every attempt of a delivery has the same bytes.
    pub fn body(&self, form: BodyForm) -> Option<Vec<u8>> {
        let data = self.data.as_deref()?;
        let name = json::quote(self.event_type.as_str());
        let text = match form {
            BodyForm::Documented => {
                [r#"{"type":"#, &name, r#","event_type":"#, &name, r#","data":"#, data, "}"].concat()
            }
            BodyForm::Exact => [r#"{"type":"#, &name, r#","data":"#, data, "}"].concat(),
            BodyForm::Extended => format!(
                r#"{{"id":"{}","type":{name},"event_type":{name},"timestamp":"{}","data":{}}}"#,
                self.id,
                self.occurred_at,
                self.extended_data(data),
            ),
        };
        Some(text.into_bytes())
    }

    fn extended_data(&self, data: &str) -> String {
        let mut text = json::compact(data);
        let Some(members) = Members::of(data) else {
            return text;
        };
        text.pop();
        let mut add = |name: &str, value: &str| {
            if !members.contains(name) {
                let comma = if text.ends_with('{') { "" } else { "," };
                // Writing to a String cannot fail.
                let _ = write!(text, "{comma}{}:{value}", json::quote(name));
            }
        };
        if let Some(conversation) = &self.context.conversation_id {
            add("conversation_id", &json::quote(conversation));
        }
        for (name, value) in self.context.more.as_deref().and_then(Members::of).iter().flat_map(Members::iter)
        {
            add(name, value);
        }
        text.push('}');
        text
    }
}

/// An event somebody wants to put in, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The type's name.
    pub event_type: String,
    /// The JSON text of `data`, exactly as it was sent; must be valid JSON.
    pub data: String,
    /// The sender's own name of the conversation.
    pub conversation_id: Option<String>,
    /// When it happened, if not now.
    pub occurred_at: Option<Timestamp>,
}

impl NewEvent {
    /// Greatest length of `data` in bytes.
    pub const MAX_DATA: usize = 256 * 1024;
    /// Greatest nesting of `data`.
    pub const MAX_DEPTH: usize = 64;
    /// Greatest length of a conversation id in characters.
    pub const MAX_CONVERSATION_ID: usize = 128;
    /// For how long a repeated request, told by its idempotency key, gets the answer of the first.
    pub const REPEATABLE: Duration = Duration::from_secs(72 * 60 * 60);

    /// Checks everything the catalogue asks of a posted event. Pointers start at the event.
    pub fn check(self) -> Result<CheckedEvent, Invalid> {
        let event_type: EventType = self.event_type.parse().map_err(|error: Invalid| error.under("/type"))?;
        if !event_type.can_be_posted() {
            let message =
                format!("{:?} events are made by Leadpost and cannot be posted", event_type.as_str());
            return Err(Invalid::coded("unknown_event_type", "/type", message));
        }
        if self.data.len() > Self::MAX_DATA {
            let message = format!("must have at most {} bytes, not {}", Self::MAX_DATA, self.data.len());
            return Err(Invalid::coded("payload_too_large", "/data", message));
        }
        if json::depth(&self.data) > Self::MAX_DEPTH {
            return Err(Invalid::field("/data", format!("must not nest deeper than {}", Self::MAX_DEPTH)));
        }
        let members =
            Members::of(&self.data).ok_or_else(|| Invalid::field("/data", "must be a JSON object"))?;
        Invalid::gather([event_type.check(&members), self.check_conversation()])?;
        Ok(CheckedEvent { event_type, new: self })
    }

    fn check_conversation(&self) -> Result<(), Invalid> {
        match &self.conversation_id {
            Some(id) if id.is_empty() || id.chars().count() > Self::MAX_CONVERSATION_ID => {
                Err(Invalid::field("/conversation_id", "must have 1 to 128 characters"))
            }
            Some(id) if id.chars().any(char::is_control) => {
                Err(Invalid::field("/conversation_id", "must not contain control characters"))
            }
            _ => Ok(()),
        }
    }
}

/// An event that passed [`NewEvent::check`]; there is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedEvent {
    event_type: EventType,
    new: NewEvent,
}

impl CheckedEvent {
    /// The event that this becomes. `now` stands in where no time of happening was given.
    pub fn to_event(&self, id: Id<Event>, account: Id<Account>, now: Timestamp) -> Event {
        Event {
            id,
            account,
            event_type: self.event_type,
            data: Some(self.new.data.clone()),
            context: Context {
                conversation_id: self.new.conversation_id.clone(),
                more: None,
                chatbot_id: None,
            },
            occurred_at: self.new.occurred_at.unwrap_or(now),
            created_at: now,
            planned: 0,
        }
    }
}

/// The sample event that *Send test* sends to `webhook`.
pub fn sample(webhook: &Webhook, event_type: EventType, id: Id<Event>, now: Timestamp) -> Event {
    Event {
        id,
        account: webhook.account,
        event_type,
        data: Some(event_type.sample_data().to_owned()),
        context: Context::default(),
        occurred_at: now,
        created_at: now,
        planned: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Event {
        let new = NewEvent {
            event_type: "Contact Information".into(),
            data: data.into(),
            conversation_id: Some("c \"1\"".into()),
            occurred_at: None,
        };
        let now = "2026-03-04T10:15:30Z".parse().unwrap();
        new.check().unwrap().to_event(Id::from_parts(1, &[0; 10]), Id::from_parts(1, &[1; 10]), now)
    }

    fn text(event: &Event, form: BodyForm) -> String {
        String::from_utf8(event.body(form).unwrap()).unwrap()
    }

    #[test]
    fn the_three_bodies_are_exact_to_the_byte() {
        let data = EventType::ContactInformation.sample_data();
        let event = event(data);
        assert_eq!(
            text(&event, BodyForm::Documented),
            format!(r#"{{"type":"Contact Information","event_type":"Contact Information","data":{data}}}"#)
        );
        assert_eq!(
            text(&event, BodyForm::Exact),
            format!(r#"{{"type":"Contact Information","data":{data}}}"#)
        );
        assert_eq!(
            text(&event, BodyForm::Extended),
            format!(
                r#"{{"id":"{}","type":"Contact Information","event_type":"Contact Information","timestamp":"2026-03-04T10:15:30Z","data":{},"conversation_id":"c \"1\""}}}}"#,
                event.id,
                data.trim_end_matches('}'),
            )
        );
    }

    #[test]
    fn extended_adds_only_what_data_does_not_say_itself() {
        let mut event = event(r#"{ "name": null, "email":"a b", "phone":null, "conversation_id": 7 }"#);
        event.context.more = Some(r#"{"close_reason":"visitor","email":"no"}"#.into());
        assert!(text(&event, BodyForm::Extended).ends_with(
            r#""data":{"name":null,"email":"a b","phone":null,"conversation_id":7,"close_reason":"visitor"}}"#
        ));
    }

    #[test]
    fn what_a_type_promises_is_required() {
        let check = |event_type: &str, data: &str| {
            let new = NewEvent {
                event_type: event_type.into(),
                data: data.into(),
                conversation_id: None,
                occurred_at: None,
            };
            new.check()
                .map(drop)
                .map_err(|e| (e.code, e.errors.into_iter().map(|e| e.pointer).collect::<Vec<_>>()))
        };
        let pointers = |list: &[&str]| list.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            check("Contact Information", r#"{"name":1,"phone":null}"#),
            Err(("invalid", pointers(&["/data/name", "/data/email"])))
        );
        assert_eq!(
            check("Chat Transcript", r#"{"chat_transcript":null}"#),
            Err(("invalid", pointers(&["/data/chat_transcript"])))
        );
        assert_eq!(check("Chat Transcript", "[]"), Err(("invalid", pointers(&["/data"]))));
        assert_eq!(check("contact", "{}"), Err(("unknown_event_type", pointers(&["/type"]))));
        assert_eq!(check("Webhook Notice", "{}"), Err(("unknown_event_type", pointers(&["/type"]))));
        assert!(check("Chat Transcript", r#"{"chat_transcript":"","more":[1]}"#).is_ok());
        let deep = format!(r#"{{"chat_transcript":"","d":{}{}}}"#, "[".repeat(63), "]".repeat(63));
        assert!(check("Chat Transcript", &deep).is_ok());
        let deeper = format!(r#"{{"chat_transcript":"","d":{}{}}}"#, "[".repeat(64), "]".repeat(64));
        assert_eq!(check("Chat Transcript", &deeper), Err(("invalid", pointers(&["/data"]))));
    }
}
