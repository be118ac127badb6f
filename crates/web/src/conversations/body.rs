//! Conversations, messages and passed markers as the API shows them.

use app::conversations::{ConversationDetail, MESSAGES};
use domain::{Consent, Conversation, MarkerRun, Message, Operator};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::words::{AuthorWord, CloseReasonWord, PhaseWord};

/// One chat session.
#[derive(Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationView {
    #[schema(example = "conv_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    #[schema(value_type = PhaseWord)]
    state: &'static str,
    /// Null if another chat tool pushed it without naming one.
    #[schema(required = true)]
    chatbot_id: Option<String>,
    /// The version of the chatbot's flow that it goes by; null if another chat tool pushes it, or a draft is tried.
    #[schema(required = true)]
    version: Option<u32>,
    /// The other chat tool's own name of it.
    #[schema(required = true)]
    external_id: Option<String>,
    /// Whether its owner only tries the chatbot out: never counted, and nobody is told.
    preview: bool,
    /// The department that is to take or has taken it.
    #[schema(required = true)]
    department_id: Option<String>,
    /// Who has accepted it.
    #[schema(required = true)]
    operator: Option<AcceptedBy>,
    /// Who the visitor is; null until a contact was captured.
    #[schema(required = true)]
    contact_id: Option<String>,
    /// The last answer to a question for consent.
    #[schema(required = true)]
    consent: Option<ConsentView>,
    /// The page that it was begun on.
    #[schema(required = true)]
    page_url: Option<String>,
    #[schema(format = DateTime)]
    opened_at: String,
    /// When the last message was said.
    #[schema(format = DateTime)]
    active_at: String,
    /// Since when it waits for an operator.
    #[schema(required = true, format = DateTime)]
    queued_at: Option<String>,
    #[schema(required = true, format = DateTime)]
    closed_at: Option<String>,
    #[schema(required = true, value_type = Option<CloseReasonWord>)]
    close_reason: Option<&'static str>,
    /// How many messages there are.
    message_count: u32,
    /// How many of them are the visitor's.
    reply_count: u32,
}

/// The operator who has a chat.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedBy {
    /// What tells operators apart.
    operator: String,
    /// What visitors see.
    name: String,
}

/// An answer to a question for consent.
#[derive(Serialize, ToSchema)]
#[schema(as = Consent)]
pub(crate) struct ConsentView {
    /// Whether it was yes.
    given: bool,
    /// The words of the question.
    text: String,
    #[schema(format = DateTime)]
    at: String,
}

impl From<Consent> for ConsentView {
    fn from(Consent { given, text, at }: Consent) -> Self {
        Self { given, text, at }
    }
}

impl From<Operator> for AcceptedBy {
    fn from(Operator { id, name }: Operator) -> Self {
        Self { operator: id.simple().to_string(), name }
    }
}

impl From<Conversation> for ConversationView {
    fn from(it: Conversation) -> Self {
        let (closed_at, reason) = it.closed.unzip();
        Self {
            id: it.id.to_string(),
            state: it.phase.as_str(),
            chatbot_id: it.chatbot.map(|id| id.to_string()),
            version: it.version,
            external_id: it.external_id,
            preview: it.preview,
            department_id: it.department.map(|id| id.to_string()),
            operator: it.operator.map(AcceptedBy::from),
            contact_id: it.contact.map(|id| id.to_string()),
            consent: it.consent.map(ConsentView::from),
            page_url: it.page_url,
            opened_at: it.opened_at.to_string(),
            active_at: it.active_at.to_string(),
            queued_at: it.queued_at.map(|at| at.to_string()),
            closed_at: closed_at.map(|at| at.to_string()),
            close_reason: reason.map(domain::CloseReason::as_str),
            message_count: it.messages,
            reply_count: it.replies,
        }
    }
}

/// Something that was said.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    /// Counts from 1 in its conversation.
    number: u32,
    #[schema(value_type = AuthorWord)]
    author: &'static str,
    /// What the author was called then.
    #[schema(required = true)]
    name: Option<String>,
    /// As it was said.
    text: String,
    /// What a bot's message asks for, as the widget gets it.
    #[schema(required = true, value_type = Option<Object>)]
    ask: Option<Box<RawValue>>,
    #[schema(format = DateTime)]
    at: String,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            number: message.number,
            author: message.author.as_str(),
            name: message.name,
            text: message.text,
            // Leadpost itself wrote it as JSON.
            ask: message.ask.and_then(|ask| RawValue::from_string(ask).ok()),
            at: message.at.to_string(),
        }
    }
}

/// A marker whose start was passed.
#[derive(Serialize, ToSchema)]
#[schema(as = PassedMarker)]
pub(crate) struct MarkerView {
    #[schema(example = "Quote")]
    name: String,
    #[schema(format = DateTime)]
    started_at: String,
    /// When its end was passed: then it is one execution.
    #[schema(required = true, format = DateTime)]
    completed_at: Option<String>,
}

impl From<MarkerRun> for MarkerView {
    fn from(run: MarkerRun) -> Self {
        Self {
            name: run.name,
            started_at: run.started_at.to_string(),
            completed_at: run.ended_at.map(|at| at.to_string()),
        }
    }
}

/// A conversation with what was said and passed in it.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversationDetail)]
pub(crate) struct ConversationDetailView {
    #[serde(flatten)]
    conversation: ConversationView,
    /// In the order in which they were said.
    messages: Vec<MessageView>,
    /// Whether there are messages behind these.
    more_messages: bool,
    /// In the order in which their starts were passed.
    markers: Vec<MarkerView>,
}

impl From<ConversationDetail> for ConversationDetailView {
    fn from(ConversationDetail { conversation, messages, markers }: ConversationDetail) -> Self {
        let last = messages.last().map(|message| message.number);
        let full = messages.len() >= MESSAGES as usize;
        Self {
            more_messages: full && last.is_some_and(|last| last < conversation.messages),
            conversation: conversation.into(),
            messages: messages.into_iter().map(MessageView::from).collect(),
            markers: markers.into_iter().map(MarkerView::from).collect(),
        }
    }
}
