//! The events of a conversation, with everything that the extended body adds.

use domain::{
    CloseReason, Contact, Context, Event, EventType, Id, MarkerRun, Message, conversation::transcript,
};
use serde_json::{Map, Value, json};
use store::Tx;

use super::session::Session;
use crate::{AppError, events};

/// The longest transcript of an event, in bytes. The whole stays under the conversation's own address.
const MAX_TRANSCRIPT: usize = 1024 * 1024;
/// Single messages are sent along up to so many bytes.
const MAX_MESSAGES: usize = 256 * 1024;

impl Session {
    /// A contact was captured.
    pub(super) fn tell_contact(
        &self,
        tx: &mut Tx<'_>,
        contact: Id<Contact>,
        data: &str,
        custom: &Map<String, Value>,
    ) -> Result<(), AppError> {
        let mut more = Members::default();
        more.add("contact_id", json!(contact.to_string()));
        self.add_whereabouts(tx, &mut more)?;
        more.add("captured_at", json!(tx.now().to_string()));
        more.add("page_url", json!(self.it.page_url));
        more.add("custom", json!(custom));
        more.add("consent", json!(self.it.consent));
        self.tell(tx, EventType::ContactInformation, data.to_owned(), more)
    }

    /// The conversation is over.
    pub(super) fn tell_transcript(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let messages = self.messages(tx)?;
        let markers = store::markers::list(tx, self.it.account, self.it.id)?;
        let reason = self.it.closed.map(|(_, reason)| reason).map(CloseReason::as_str);
        let mut more = Members::default();
        more.add("contact_id", json!(self.it.contact.map(|id| id.to_string())));
        self.add_whereabouts(tx, &mut more)?;
        more.add("closed_at", json!(tx.now().to_string()));
        more.add("close_reason", json!(reason));
        more.add("page_url", json!(self.it.page_url));
        more.add("consent", json!(self.it.consent));
        if messages.iter().map(|message| message.text.len()).sum::<usize>() <= MAX_MESSAGES {
            more.add("messages", messages.iter().map(message_json).collect());
        }
        more.add("markers", markers.iter().map(marker_json).collect());
        let data = json!({"chat_transcript": transcript(&messages, MAX_TRANSCRIPT)}).to_string();
        self.tell(tx, EventType::ChatTranscript, data, more)
    }

    /// A marker's end was passed after its start. Opt-in: where nobody asks for it, there is no event.
    pub(super) fn tell_execution(&self, tx: &mut Tx<'_>, run: &MarkerRun) -> Result<(), AppError> {
        if self.it.preview {
            return Ok(());
        }
        let data = json!({
            "marker": run.name,
            "conversation_id": self.it.id.to_string(),
            "started_at": run.started_at.to_string(),
            "completed_at": run.ended_at.map(|at| at.to_string()),
        });
        let mut more = Members::default();
        self.add_whereabouts(tx, &mut more)?;
        let event = self.event(tx, EventType::MarkerCompleted, data.to_string(), more);
        events::record_if_asked(tx, event, None)
    }

    fn tell(
        &self,
        tx: &mut Tx<'_>,
        event_type: EventType,
        data: String,
        more: Members,
    ) -> Result<(), AppError> {
        let event = self.event(tx, event_type, data, more);
        events::record(tx, event).map(drop)
    }

    fn event(&self, tx: &mut Tx<'_>, event_type: EventType, data: String, more: Members) -> Event {
        Event {
            id: tx.new_id(),
            account: self.it.account,
            event_type,
            data: Some(data),
            context: Context {
                conversation_id: Some(self.it.id.to_string()),
                more: Some(more.into_text()),
                chatbot_id: self.it.chatbot,
            },
            occurred_at: tx.now(),
            created_at: tx.now(),
            planned: 0,
        }
    }

    fn add_whereabouts(&self, tx: &mut Tx<'_>, more: &mut Members) -> Result<(), AppError> {
        let chatbot = match self.it.chatbot {
            Some(id) => store::chatbots::name(tx, self.it.account, id)?,
            None => None,
        };
        more.add("chatbot", json!(chatbot));
        more.add("department", json!(self.department(tx)?.map(|department| department.name)));
        Ok(())
    }
}

/// Members of a JSON object in the order in which they were added. What is null is not known, and left out.
#[derive(Default)]
struct Members(Vec<(&'static str, Value)>);

impl Members {
    fn add(&mut self, name: &'static str, value: Value) {
        if !value.is_null() {
            self.0.push((name, value));
        }
    }

    fn into_text(self) -> String {
        let members: Vec<_> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

fn message_json(message: &Message) -> Value {
    json!({
        "author": message.author.as_str(),
        "name": message.name,
        "text": message.text,
        "at": message.at.to_string(),
    })
}

fn marker_json(run: &MarkerRun) -> Value {
    json!({
        "name": run.name,
        "started_at": run.started_at.to_string(),
        "completed_at": run.ended_at.map(|at| at.to_string()),
    })
}
