//! A visitor's side of a conversation, as the widget asks for it.
//!
//! Whoever comes here is known by nothing but a public key, the page's origin and a token. The origin is checked on
//! every call; the token opens the conversations of one browser with one chatbot.

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use domain::{
    Author, Chatbot, ChatbotSettings, CloseReason, Conversation, Id, Invalid, Message, Permission, Phase,
    SessionToken, Visitor, VisitorToken, answers,
    flow::{self, Input, State, Step, Turn, Value},
};
use store::Tx;

use super::session::Session;
use crate::{AppError, chatbots, sessions};

/// Who calls, and from where.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Names the chatbot.
    pub public_key: String,
    /// The origin of the page, as the browser says.
    pub origin: String,
    /// Whether that is this server's own.
    pub own_origin: bool,
    /// Whether the chatbot is only tried out, which can be done on this server's own pages only.
    pub preview: bool,
    /// Opens the session of a member who tries the draft and not what is published, which makes it a preview.
    pub draft: Option<SessionToken>,
    /// The browser's token.
    pub token: VisitorToken,
    /// The page.
    pub page_url: Option<String>,
    /// What the page brings along.
    pub variables: BTreeMap<String, Value>,
}

impl Visit {
    fn is_preview(&self) -> bool {
        self.preview || self.draft.is_some()
    }

    /// A token is good for a draft or for what is published: what a draft said is not shown by leaving out who asks.
    fn check_kind(&self, conversation: &Conversation) -> Result<(), AppError> {
        let fits = self.draft.is_some() == conversation.is_of_draft();
        if fits { Ok(()) } else { Err(AppError::NotFound) }
    }
}

/// What a visitor does.
#[derive(Clone, Debug)]
pub struct Said {
    /// The browser's own name of it: said twice, it is heard once.
    pub client_id: String,
    /// What.
    pub what: What,
}

/// One of the things that a visitor can do.
#[derive(Clone, Debug)]
pub enum What {
    /// Type something.
    Text(String),
    /// Press a button.
    Choice {
        /// The value behind it.
        value: String,
        /// The question that it belongs to.
        question: u32,
    },
    /// Skip a question.
    Skip {
        /// The question.
        question: u32,
    },
}

/// How far a widget knows a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Which; None if there was none.
    pub conversation: Option<Id<Conversation>>,
    /// The number of the last message that it has.
    pub number: u32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.conversation {
            Some(id) => write!(f, "{id}.{}", self.number),
            None => write!(f, "none.{}", self.number),
        }
    }
}

impl FromStr for Cursor {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parse = || {
            let (id, number) = text.split_once('.')?;
            let conversation = match id {
                "none" => None,
                id => Some(id.parse().ok()?),
            };
            Some(Self { conversation, number: number.parse().ok()? })
        };
        parse().ok_or_else(|| Invalid::field("/cursor", "must be a cursor that an answer gave"))
    }
}

/// What a widget has to show.
#[derive(Clone, Debug)]
pub struct Update {
    /// How far it knows the conversation after this.
    pub cursor: Cursor,
    /// Whether `messages` are all there is, and not only what is new.
    pub reset: bool,
    /// The visitor's conversation, unless nothing was done yet.
    pub conversation: Option<Conversation>,
    /// What is to be shown.
    pub messages: Vec<Message>,
}

/// How long a conversation that is over is still shown to a visitor who comes back.
const SHOWN_FOR: Duration = Duration::from_secs(60 * 60);
/// The most messages of a conversation that are shown again.
const SHOWN: u32 = 500;
/// A conversation with so many messages is over; the next one opens another.
const MOST_MESSAGES: u32 = 5_000;
/// The longest name that a browser can give a message.
const MAX_CLIENT_ID: usize = 64;

/// The chatbot, if it is published and the page may embed it. Of a draft nobody learns but the account's members,
/// and they are asked for on every call: whoever is signed out sees no more of it.
pub fn enter(tx: &mut Tx<'_>, visit: &Visit) -> Result<Chatbot, AppError> {
    let found = store::chatbots::find_by_key(tx, &visit.public_key)?;
    let chatbot = found.ok_or(AppError::NotFound)?;
    let is_there = match &visit.draft {
        None => chatbot.version.is_some(),
        Some(session) => sessions::still(tx, &session.hash())?
            .is_some_and(|by| by.account() == chatbot.account && by.may(Permission::Read)),
    };
    if !is_there {
        return Err(AppError::NotFound);
    }
    let embeds = chatbot.settings.allowed_origins.contains(&visit.origin);
    let admitted = if visit.is_preview() { visit.own_origin } else { embeds };
    if admitted {
        return Ok(chatbot);
    }
    let message = format!(
        "{} is not one of the chatbot's allowed origins; add it to allowed_origins if the page is yours",
        visit.origin
    );
    Err(AppError::Forbidden { code: "origin_not_allowed", message })
}

/// What a widget is to look and sound like.
#[derive(Clone, Debug)]
pub struct Config {
    /// The chatbot's name.
    pub name: String,
    /// Theme and texts, among others.
    pub settings: ChatbotSettings,
    /// Whether any operator is there.
    pub online: bool,
}

/// What a widget needs when it is opened.
pub fn open(tx: &mut Tx<'_>, visit: &Visit, cursor: Option<Cursor>) -> Result<(Config, Update), AppError> {
    let Chatbot { account, name, settings, .. } = enter(tx, visit)?;
    let now = tx.now();
    let online = !store::departments::present(tx, account, now)?.is_empty();
    Ok((Config { name, settings, online }, look(tx, visit, cursor)?))
}

/// What the visitor has to see who knows the conversation up to `cursor`. Before the first action there is no
/// conversation, and this is what the flow begins with.
pub fn look(tx: &mut Tx<'_>, visit: &Visit, cursor: Option<Cursor>) -> Result<Update, AppError> {
    let chatbot = enter(tx, visit)?;
    let visitor = store::conversations::find_visitor(tx, &visit.token.hash())?;
    let visitor = visitor.filter(|visitor| visitor.chatbot == chatbot.id);
    let last = match visitor {
        Some(visitor) => store::conversations::find_last_of_visitor(tx, visitor.account, visitor.id)?,
        None => None,
    };
    let now = tx.now();
    let cursor = cursor.unwrap_or_default();
    let shown = |it: &Conversation| {
        cursor.conversation == Some(it.id) || it.closed.is_none_or(|(at, _)| now.since(at) < SHOWN_FOR)
    };
    match last.filter(shown) {
        Some(conversation) => {
            visit.check_kind(&conversation)?;
            show(tx, conversation, cursor)
        }
        None => greet(tx, visit, chatbot, cursor),
    }
}

fn show(tx: &mut Tx<'_>, conversation: Conversation, cursor: Cursor) -> Result<Update, AppError> {
    let reset = cursor.conversation != Some(conversation.id);
    let after = if reset { 0 } else { cursor.number };
    let after = after.max(conversation.messages.saturating_sub(SHOWN));
    let messages = store::messages::list(tx, conversation.account, conversation.id, after, SHOWN)?;
    let cursor = Cursor { conversation: Some(conversation.id), number: conversation.messages };
    Ok(Update { cursor, reset, conversation: Some(conversation), messages })
}

/// What the flow does before the visitor does anything.
fn opening(tx: &mut Tx<'_>, visit: &Visit, chatbot: &Chatbot) -> Result<Turn, AppError> {
    let flow = match (&visit.draft, chatbot.version) {
        // What is no flow is not there to be tried.
        (Some(_), _) => chatbots::read(chatbot.draft.clone()).map_err(|_| AppError::NotFound)?,
        (None, version) => {
            chatbots::flow(tx, chatbot.account, chatbot.id, version.ok_or(AppError::NotFound)?)?
        }
    };
    let conversation = Conversation::begun(tx.new_id(), chatbot.account, tx.now());
    let session = Session::begin(conversation, Some(chatbot.clone()));
    let begin = Input::Begin { variables: visit.variables.clone() };
    Ok(flow::step(&flow, &State::default(), &begin, &session.env(tx)))
}

/// What a conversation would begin with. Nothing of it is stored.
fn greet(tx: &mut Tx<'_>, visit: &Visit, chatbot: Chatbot, cursor: Cursor) -> Result<Update, AppError> {
    let turn = opening(tx, visit, &chatbot)?;
    let said = turn.steps.iter().filter_map(|step| match step {
        Step::Said(said) => Some(said),
        Step::Effect(_) => None,
    });
    let mut messages = Vec::new();
    for (number, said) in (1..).zip(said) {
        messages.push(Message {
            number,
            author: Author::Bot,
            name: Some(chatbot.name.clone()),
            text: said.text.clone(),
            ask: said
                .ask
                .as_ref()
                .map(|ask| serde_json::to_string(ask).expect("a question can be written as JSON")),
            client_id: None,
            at: tx.now(),
        });
    }
    let here = Cursor { conversation: None, number: messages.len() as u32 };
    // Who has the greeting already is told nothing twice.
    let reset = cursor != here;
    if !reset {
        messages.clear();
    }
    Ok(Update { cursor: here, reset, conversation: None, messages })
}

/// The visitor says something: the conversation begins with it, or goes on. What was said is heard once, however
/// often it comes.
pub fn hear(tx: &mut Tx<'_>, visit: &Visit, said: &Said, cursor: Option<Cursor>) -> Result<Update, AppError> {
    let chatbot = enter(tx, visit)?;
    check(said)?;
    let visitor = visitor(tx, visit, &chatbot)?;
    let client_id = format!("{} {}", visitor.id, said.client_id);
    let known = store::messages::find_conversation(tx, visitor.account, &client_id)?;
    if known.is_none() {
        let mut session = match open_session(tx, visit, &visitor)? {
            Some(session) if session.it.messages < MOST_MESSAGES => session,
            Some(mut full) => {
                full.close(tx, CloseReason::BotFinished)?;
                full.save(tx)?;
                begin(tx, visit, chatbot, &visitor, said, &client_id)?
            }
            // A button of a chat that is over opens none in which nobody has spoken.
            None if !opens(tx, visit, &chatbot, said)? => return look(tx, visit, cursor),
            None => begin(tx, visit, chatbot, &visitor, said, &client_id)?,
        };
        if !session.has_heard(&client_id) {
            take(tx, &mut session, said, client_id)?;
        }
        session.save(tx)?;
    }
    look(tx, visit, cursor)
}

fn check(said: &Said) -> Result<(), Invalid> {
    let id = &said.client_id;
    if id.is_empty() || id.len() > MAX_CLIENT_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Invalid::field("/id", "must have 1 to 64 visible ASCII characters"));
    }
    match &said.what {
        What::Text(text) => check_text("/text", text).map(drop),
        What::Choice { .. } | What::Skip { .. } => Ok(()),
    }
}

/// A text as it may be stored: not empty, not too long, without control characters.
pub(super) fn check_text(pointer: &str, text: &str) -> Result<String, Invalid> {
    if text.chars().count() > Message::MAX {
        return Err(Invalid::field(pointer, format!("must have at most {} characters", Message::MAX)));
    }
    match answers::clean(text) {
        Some(clean) if !clean.trim().is_empty() => Ok(clean),
        Some(_) => Err(Invalid::field(pointer, "must not be empty")),
        None => Err(Invalid::field(pointer, "must not contain control characters")),
    }
}

/// The visitor with that token, made now if need be. Nobody else changes its conversation until this transaction ends.
fn visitor(tx: &mut Tx<'_>, visit: &Visit, chatbot: &Chatbot) -> Result<Visitor, AppError> {
    let hash = visit.token.hash();
    let new =
        Visitor { id: tx.new_id(), account: chatbot.account, chatbot: chatbot.id, created_at: tx.now() };
    let known = match store::conversations::find_visitor_to_change(tx, &hash)? {
        Some(known) => known,
        None if store::conversations::insert_visitor(tx, &new, &hash)? => new,
        None => store::conversations::find_visitor_to_change(tx, &hash)?.ok_or(AppError::Busy)?,
    };
    // A token is only good where it was given.
    if known.chatbot == chatbot.id { Ok(known) } else { Err(AppError::NotFound) }
}

fn open_session(tx: &mut Tx<'_>, visit: &Visit, visitor: &Visitor) -> Result<Option<Session>, AppError> {
    match store::conversations::find_open_of_visitor(tx, visitor.account, visitor.id)? {
        Some(open) => {
            visit.check_kind(&open)?;
            Session::resume(tx, open).map(Some)
        }
        None => Ok(None),
    }
}

/// Whether a conversation can begin with that: any words, or a reply to what the flow asks first.
fn opens(tx: &mut Tx<'_>, visit: &Visit, chatbot: &Chatbot, said: &Said) -> Result<bool, AppError> {
    match said.what {
        What::Text(_) => Ok(true),
        What::Choice { question, .. } | What::Skip { question } => {
            Ok(opening(tx, visit, chatbot)?.state.pending() == Some(question))
        }
    }
}

/// A conversation that begins with what was said. Words to a flow that asks nothing at first come before it, or would be
/// lost: such a flow may be over once it has begun.
fn begin(
    tx: &mut Tx<'_>,
    visit: &Visit,
    chatbot: Chatbot,
    visitor: &Visitor,
    said: &Said,
    client_id: &str,
) -> Result<Session, AppError> {
    let asks = opening(tx, visit, &chatbot)?.state.pending().is_some();
    let mut conversation = Conversation::begun(tx.new_id(), visitor.account, tx.now());
    conversation.chatbot = Some(chatbot.id);
    conversation.version = chatbot.version;
    conversation.visitor = Some(visitor.id);
    conversation.preview = visit.is_preview();
    conversation.page_url = visit.page_url.clone();
    let mut session = match visit.draft {
        Some(_) => Session::begin_draft(conversation, chatbot),
        None => Session::begin(conversation, Some(chatbot)),
    };
    if !asks && let What::Text(text) = &said.what {
        session.hear(tx, &check_text("/text", text)?, Some(client_id.to_owned()));
    }
    session.turn(tx, &Input::Begin { variables: visit.variables.clone() }, None)?;
    Ok(session)
}

/// What was said goes to the flow, or to whoever waits for it or has it.
fn take(tx: &mut Tx<'_>, session: &mut Session, said: &Said, client_id: String) -> Result<(), AppError> {
    let text = match &said.what {
        What::Text(text) => Some(check_text("/text", text)?),
        What::Choice { .. } | What::Skip { .. } => None,
    };
    match session.it.phase {
        Phase::Bot => {
            let input = match (&said.what, text) {
                (What::Choice { value, question }, _) => {
                    Input::Choose { value: value.clone(), question: *question }
                }
                (What::Skip { question }, _) => Input::Skip { question: *question },
                // What is typed answers whatever is asked now: nobody types to a question that is gone.
                (What::Text(_), text) => Input::Answer { text: text.unwrap_or_default(), question: None },
            };
            session.turn(tx, &input, Some(client_id)).map(drop)
        }
        Phase::Queued | Phase::Agent => {
            // Somebody may press a button at the moment at which an operator comes: to them it is said.
            let said = match (&said.what, text) {
                (What::Choice { value, question }, None) => session.label(tx, value, *question)?,
                (_, text) => text,
            };
            if let Some(said) = said {
                session.hear(tx, &said, Some(client_id));
            }
            Ok(())
        }
        Phase::Closed => Ok(()),
    }
}

/// The visitor ends the conversation, if there is one.
pub fn end(tx: &mut Tx<'_>, visit: &Visit, cursor: Option<Cursor>) -> Result<Update, AppError> {
    let chatbot = enter(tx, visit)?;
    if let Some(visitor) = store::conversations::find_visitor_to_change(tx, &visit.token.hash())?
        && visitor.chatbot == chatbot.id
        && let Some(mut session) = open_session(tx, visit, &visitor)?
    {
        session.close(tx, CloseReason::VisitorEnded)?;
        session.save(tx)?;
    }
    look(tx, visit, cursor)
}

/// Which visitor a token belongs to; None if nothing was done with it yet.
pub fn find(tx: &mut Tx<'_>, visit: &Visit) -> Result<Option<Id<Visitor>>, AppError> {
    let chatbot = enter(tx, visit)?;
    let visitor = store::conversations::find_visitor(tx, &visit.token.hash())?;
    Ok(visitor.filter(|visitor| visitor.chatbot == chatbot.id).map(|visitor| visitor.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_way_to_the_browser_and_back() {
        let some = Cursor { conversation: Some(Id::from_parts(1, &[1; 10])), number: 12 };
        for cursor in [some, Cursor::default(), Cursor { conversation: None, number: 3 }] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for wrong in ["", "none", "none.", "conv_1.2", "none.-1", ".1"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
