//! What the widget sends and gets.

use std::collections::BTreeMap;

use app::conversations::visits::{Config, Cursor, Said, Update, What};
use domain::{ChatbotSettings, Invalid, Message, Phase, VisitorToken, flow};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::read::{FromObject, FromText, Object, Raw};

/// What a widget says with a call. Each verb reads what it needs of it.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(super) token: Option<String>,
    pub(super) cursor: Option<Cursor>,
    pub(super) variables: BTreeMap<String, flow::Value>,
    pub(super) page_url: Option<String>,
    pub(super) preview: bool,
    pub(super) draft: bool,
    id: Option<String>,
    text: Option<String>,
    choice: Option<String>,
    skip: bool,
    question: Option<u32>,
}

impl Call {
    /// The longest body.
    pub(super) const LIMIT_IN_BYTES: usize = 32 * 1024;
    /// The longest address of a page that is kept.
    const MAX_PAGE_URL: usize = 2_000;
    /// The most variables that a page brings along.
    const MAX_VARIABLES: usize = 50;

    /// What the visitor says with it: exactly one thing.
    pub(super) fn said(&self) -> Result<Said, Invalid> {
        let question = || {
            self.question.ok_or_else(|| {
                Invalid::field("/question", "is missing: it must be the number of the question")
            })
        };
        let what = match (&self.text, &self.choice, self.skip) {
            (Some(text), None, false) => What::Text(text.clone()),
            (None, Some(value), false) => What::Choice { value: value.clone(), question: question()? },
            (None, None, true) => What::Skip { question: question()? },
            _ => return Err(Invalid::field("", "must have exactly one of text, choice and skip")),
        };
        let client_id = self.id.clone().ok_or_else(|| {
            Invalid::field("/id", "is missing: it must be the sender's own name of the message")
        })?;
        Ok(Said { client_id, what })
    }
}

impl FromObject for Call {
    const LIMIT: usize = Call::LIMIT_IN_BYTES;

    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let call = Self {
            token: object.optional("token"),
            cursor: object.optional("cursor"),
            page_url: object.optional("page_url"),
            preview: object.optional("preview").unwrap_or_default(),
            draft: object.optional("draft").unwrap_or_default(),
            id: object.optional("id"),
            text: object.optional("text"),
            choice: object.optional("choice"),
            skip: object.optional("skip").unwrap_or_default(),
            question: object.optional("question"),
            variables: BTreeMap::new(),
        };
        let variables = object.optional::<Raw>("variables");
        let variables = object.accept(read_variables(variables))?;
        // A page's address is only kept to be shown; one that is too long is cut.
        let page_url = call
            .page_url
            .map(|url| url.chars().filter(|c| !c.is_control()).take(Self::MAX_PAGE_URL).collect());
        Some(Self { variables, page_url, ..call })
    }
}

fn read_variables(raw: Option<Raw>) -> Result<BTreeMap<String, flow::Value>, Invalid> {
    let Some(Raw(text)) = raw else { return Ok(BTreeMap::new()) };
    let wrong = |what: &str| Invalid::field("/variables", what);
    let read: BTreeMap<String, flow::Value> = serde_json::from_str(&text)
        .map_err(|_| wrong("must be an object of texts, numbers, true and false"))?;
    let long = |value: &flow::Value| value.to_string().chars().count() > 1_000;
    match read {
        read if read.len() > Call::MAX_VARIABLES || read.values().any(long) => {
            Err(wrong("may have at most 50 variables of 1,000 characters"))
        }
        read => Ok(read),
    }
}

impl FromText for Cursor {
    const WANTED: &'static str = "a cursor that an answer gave";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        text.parse().map_err(|_| Invalid::field("", format!("must be {}", Self::WANTED)))
    }
}

/// What a widget has to show.
#[derive(Serialize)]
pub(crate) struct UpdateView {
    pub(super) cursor: String,
    pub(super) reset: bool,
    state: &'static str,
    conversation: Option<String>,
    operator: Option<domain::Operator>,
    typing: bool,
    pub(super) messages: Vec<MessageView>,
}

impl From<Update> for UpdateView {
    fn from(update: Update) -> Self {
        let conversation = update.conversation;
        let state = conversation.as_ref().map_or("none", |it| it.phase.as_str());
        let operator = conversation.as_ref().filter(|it| it.phase == Phase::Agent);
        Self {
            cursor: update.cursor.to_string(),
            reset: update.reset,
            state,
            operator: operator.and_then(|it| it.operator.clone()),
            conversation: conversation.map(|it| it.id.to_string()),
            typing: false,
            messages: update.messages.into_iter().map(MessageView::from).collect(),
        }
    }
}

/// One message, as a visitor sees it.
#[derive(Serialize)]
pub(crate) struct MessageView {
    seq: u32,
    author: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    text: String,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<Box<RawValue>>,
}

impl From<Message> for MessageView {
    fn from(it: Message) -> Self {
        // The browser's own name stands behind the visitor's.
        let own = |id: String| id.split_once(' ').map(|(_, own)| own.to_owned());
        let own_id = it.client_id.filter(|_| it.author == domain::Author::Visitor).and_then(own);
        Self {
            seq: it.number,
            author: it.author.as_str(),
            name: it.name,
            text: it.text,
            at: it.at.to_string(),
            client_id: own_id,
            ask: it.ask.and_then(|text| RawValue::from_string(text).ok()),
        }
    }
}

/// The answer to `open`.
#[derive(Serialize)]
pub(crate) struct Opened {
    token: String,
    config: ConfigView,
    #[serde(flatten)]
    update: UpdateView,
}

#[derive(Serialize)]
struct ConfigView {
    name: String,
    texts: BTreeMap<String, String>,
    theme: domain::chatbot::Theme,
    online: bool,
}

impl Opened {
    pub(super) fn new(token: &VisitorToken, config: Config, update: Update) -> Self {
        let ChatbotSettings { texts, theme, .. } = config.settings;
        let config = ConfigView { name: config.name, texts, theme, online: config.online };
        Self { token: token.reveal().to_owned(), config, update: update.into() }
    }
}
