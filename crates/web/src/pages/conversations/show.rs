//! What the console shows of chats, in words.

use app::{conversations::desk, standings::Told};
use domain::{Author, CloseReason, Contact, Conversation, Fields, Id, MarkerRun, Message, Phase};

use crate::pages::{shell::Shell, when::When};

/// A list of chats. One that was not asked for has no page.
pub(super) struct Section {
    /// Its word in the address.
    pub(super) state: &'static str,
    pub(super) title: &'static str,
    /// What to say when there is none.
    pub(super) empty: &'static str,
    /// Whether this is the list that was asked for.
    pub(super) asked: bool,
    /// Whether it stays as it is: an older page of it.
    pub(super) settled: bool,
    /// Whether it may be long.
    pub(super) wide: bool,
    pub(super) page: Option<(Vec<Item>, Option<Id<Conversation>>)>,
}

impl Section {
    /// What scripts know it by.
    pub(super) fn id(&self) -> &'static str {
        match self.state {
            "active" => "others",
            state => state,
        }
    }

    /// How many there are; more than a page holds is said with a `+`.
    pub(super) fn count(&self) -> String {
        let plus = |next: &Option<_>| if next.is_some() { "+" } else { "" };
        self.page.as_ref().map(|(items, next)| format!("{}{}", items.len(), plus(next))).unwrap_or_default()
    }
}

/// A chat in a list.
pub(super) struct Item {
    pub(super) id: Id<Conversation>,
    pub(super) name: String,
    pub(super) words: String,
    pub(super) at: When,
    /// What the time means.
    pub(super) meaning: &'static str,
    /// Whether it is the one that is open.
    pub(super) current: bool,
}

impl Item {
    pub(super) fn new(shell: &Shell, line: &desk::Line, current: bool) -> Self {
        let waits = line.phase == Phase::Queued;
        let at = line.queued_at.filter(|_| waits).unwrap_or(line.active_at);
        let said = line.last.as_ref().map(|(_, _, text)| text.chars().take(120).collect());
        let words = match (line.close_reason, &line.operator) {
            (Some(reason), _) => reason_words(reason).to_owned(),
            (None, Some(operator)) => format!("{} · {}", operator.name, said.unwrap_or_default()),
            (None, None) => said.unwrap_or_default(),
        };
        let meaning = if waits { "waiting since then" } else { "last message" };
        Self {
            id: line.id,
            name: name_of(&line.fields, line.id),
            words,
            at: shell.when(&at),
            meaning,
            current,
        }
    }
}

/// What a visitor is called: by name, by how to reach them, or by the end of the chat's id.
pub(crate) fn name_of(fields: &Fields, id: Id<Conversation>) -> String {
    let known = [&fields.name, &fields.email, &fields.phone].into_iter().flatten();
    let text = id.to_string();
    let end = text[text.len() - 4..].to_uppercase();
    known.into_iter().find(|it| !it.is_empty()).cloned().unwrap_or_else(|| format!("Visitor {end}"))
}

/// Why a chat ended.
pub(crate) const fn reason_words(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::VisitorEnded => "The visitor ended it",
        CloseReason::OperatorClosed => "Closed by the operator",
        CloseReason::BotFinished => "The bot came to its end",
        CloseReason::IdleBot => "The visitor did not answer the bot any more",
        CloseReason::IdleAgent => "Nobody wrote any more",
        CloseReason::NoAgent => "No operator came",
        CloseReason::AdminClosed => "Closed by somebody else",
    }
}

/// Where a chat is, in a word or two.
pub(crate) fn state_words(it: &Conversation) -> String {
    match (&it.phase, &it.operator, it.closed) {
        (Phase::Closed, _, closed) => {
            format!("Over: {}", closed.map(|(_, reason)| reason_words(reason)).unwrap_or_default())
        }
        (Phase::Queued, ..) => "Waiting".to_owned(),
        (Phase::Agent, Some(operator), _) => format!("With {}", operator.name),
        (Phase::Agent, None, _) => "With an operator".to_owned(),
        (Phase::Bot, ..) => "With the bot".to_owned(),
    }
}

/// The chat that is open.
pub(super) struct ChatView {
    pub(super) id: Id<Conversation>,
    pub(super) it: Conversation,
    pub(super) who: String,
    /// Where it is, and how to reach them.
    pub(super) facts: String,
    pub(super) opened: When,
    /// The page where it began, if that is one of the web: its address, and how it is shown.
    pub(super) page: Option<(String, String)>,
    pub(super) mine: bool,
    /// What stands in the place of the reply box.
    pub(super) instead: String,
    pub(super) messages: Vec<Bubble>,
    pub(super) left_out: u32,
    pub(super) markers: Vec<MarkerRun>,
    pub(super) contact: Option<Contact>,
    pub(super) others: Vec<(Conversation, String)>,
    pub(super) events: Vec<Told>,
}

impl ChatView {
    pub(super) fn new(shell: &Shell, chat: desk::Chat) -> Self {
        let it = chat.detail.conversation;
        let fields = chat.contact.as_ref().map(|it| it.fields.clone()).unwrap_or_default();
        let mine = chat.mine && it.phase == Phase::Agent;
        let state = if mine { "With you".to_owned() } else { state_words(&it) };
        let facts =
            [Some(state), chat.department.map(|it| it.name), fields.email.clone(), fields.phone.clone()];
        let first = chat.detail.messages.first().map_or(1, |message| message.number);
        Self {
            id: it.id,
            who: name_of(&fields, it.id),
            facts: facts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            opened: shell.when(&it.opened_at).dated(),
            page: it.page_url.as_deref().and_then(web_page),
            mine,
            instead: instead(&it),
            messages: {
                let visitor = fields.name.as_deref().unwrap_or("Visitor");
                chat.detail.messages.iter().map(|message| Bubble::new(shell, message, visitor)).collect()
            },
            left_out: first.saturating_sub(1),
            markers: chat.detail.markers,
            contact: chat.contact,
            others: chat.others.into_iter().map(|it| (state_words(&it), it)).map(|(w, it)| (it, w)).collect(),
            events: chat.events,
            it,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.it.phase == Phase::Closed
    }

    /// Whether it can be accepted, from the queue or from the bot.
    pub(super) fn is_free(&self) -> bool {
        matches!(self.it.phase, Phase::Queued | Phase::Bot)
    }

    pub(super) fn is_with_bot(&self) -> bool {
        self.it.phase == Phase::Bot
    }

    /// Whether there is a bot to hand it back to.
    pub(super) fn has_bot(&self) -> bool {
        self.mine && self.it.has_flow()
    }
}

fn instead(it: &Conversation) -> String {
    match it.phase {
        Phase::Queued => "The visitor is waiting. Accept the chat to reply.".to_owned(),
        Phase::Bot => "The bot is replying.".to_owned(),
        Phase::Closed => "This chat is over. If the visitor writes again, a new one begins.".to_owned(),
        Phase::Agent => {
            let name = it.operator.as_ref().map_or("Another operator", |it| it.name.as_str());
            format!("{name} has accepted this chat and replies.")
        }
    }
}

/// Only addresses of the web become links.
fn web_page(text: &str) -> Option<(String, String)> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let path = if url.path() == "/" { "" } else { url.path() };
    Some((url.to_string(), format!("{}{path}", url.host_str()?)))
}

/// A message.
pub(super) struct Bubble {
    pub(super) author: &'static str,
    pub(super) by: String,
    pub(super) text: String,
    pub(super) at: When,
    pub(super) choices: Vec<String>,
}

impl Bubble {
    fn new(shell: &Shell, message: &Message, visitor: &str) -> Self {
        let by = match message.author {
            Author::Visitor => visitor.to_owned(),
            Author::Bot => message.name.as_ref().map_or("Bot".to_owned(), |name| format!("{name} (bot)")),
            _ => message.author_name().to_owned(),
        };
        let choices = message.ask.as_deref().map(choices).unwrap_or_default();
        let text = message.text.clone();
        Self { author: message.author.as_str(), by, text, at: shell.when(&message.at), choices }
    }
}

/// The labels that a bot's message offers.
fn choices(ask: &str) -> Vec<String> {
    let ask: serde_json::Value = serde_json::from_str(ask).unwrap_or_default();
    let labels = ask["choices"].as_array().into_iter().flatten().filter_map(|it| it["label"].as_str());
    labels.map(str::to_owned).collect()
}
