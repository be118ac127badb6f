//! Conversations: who said what, in which phase a chat is, when time alone changes something, and how it ends.

use std::{str::FromStr, time::Duration};

use serde::Serialize;

use crate::{Account, Chatbot, Contact, Department, Id, Invalid, Noun, Timestamp, chatbot::Timers};

/// One chat session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// `conv_…`
    pub id: Id<Conversation>,
    /// Whose it is.
    pub account: Id<Account>,
    /// The chatbot, unless another chat tool pushed it without naming one.
    pub chatbot: Option<Id<Chatbot>>,
    /// The version of the chatbot's flow that it began with and keeps. None for one of another chat tool, and for a
    /// preview of a draft.
    pub version: Option<u32>,
    /// The browser that it is held with. None for one of another chat tool.
    pub visitor: Option<Id<Visitor>>,
    /// The other chat tool's own name of it.
    pub external_id: Option<String>,
    /// Whether its owner only tries the chatbot out: never counted, and nobody is told.
    pub preview: bool,
    /// Who is to speak next, or that it is over.
    pub phase: Phase,
    /// The department that is to take or has taken it.
    pub department: Option<Id<Department>>,
    /// Who has accepted it.
    pub operator: Option<Operator>,
    /// Where the flow stands, as JSON.
    pub flow_state: Option<String>,
    /// The last answer to a question for consent.
    pub consent: Option<Consent>,
    /// Name, e-mail and phone as they were last told to webhooks, as JSON.
    pub told: Option<String>,
    /// Who the visitor is.
    pub contact: Option<Id<Contact>>,
    /// The page that it was begun on.
    pub page_url: Option<String>,
    /// When the visitor first did something.
    pub opened_at: Timestamp,
    /// When the last message was said; a reminder does not count.
    pub active_at: Timestamp,
    /// Since when it waits for an operator of its present department.
    pub queued_at: Option<Timestamp>,
    /// How often it went on to another department because nobody accepted, since it was queued.
    pub transfers: u32,
    /// When the visitor was last reminded; None once there was an answer.
    pub reminded_at: Option<Timestamp>,
    /// When a contact was first captured in it. Stays when that is erased.
    pub captured_at: Option<Timestamp>,
    /// When it first came from the bot to operators.
    pub handed_over_at: Option<Timestamp>,
    /// When and why it ended.
    pub closed: Option<(Timestamp, CloseReason)>,
    /// When time alone changes something; None once closed.
    pub due_at: Option<Timestamp>,
    /// How many messages there are; the number of the last one.
    pub messages: u32,
    /// How many of them are the visitor's.
    pub replies: u32,
}

impl Noun for Conversation {
    const PREFIX: &'static str = "conv";
}

/// A browser that holds conversations with a chatbot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// `vis_…`
    pub id: Id<Visitor>,
    /// Whose visitor.
    pub account: Id<Account>,
    /// Which chatbot's.
    pub chatbot: Id<Chatbot>,
    /// When it first did something.
    pub created_at: Timestamp,
}

impl Noun for Visitor {
    const PREFIX: &'static str = "vis";
}

/// Whoever answers for the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// What tells operators apart: the id of the key that they use.
    #[serde(skip)]
    pub id: uuid::Uuid,
    /// What visitors see.
    pub name: String,
}

/// An answer to a question for consent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Consent {
    /// Whether it was yes.
    pub given: bool,
    /// The words of the question.
    pub text: String,
    /// When, as RFC 3339.
    pub at: String,
}

/// Who is to speak next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The flow leads.
    Bot,
    /// Waiting for an operator to accept.
    Queued,
    /// An operator has accepted.
    Agent,
    /// It is over, and final.
    Closed,
}

impl Phase {
    /// All phases.
    pub const ALL: [Phase; 4] = [Phase::Bot, Phase::Queued, Phase::Agent, Phase::Closed];

    /// The name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Bot => "bot",
            Phase::Queued => "queued",
            Phase::Agent => "agent",
            Phase::Closed => "closed",
        }
    }
}

impl FromStr for Phase {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Phase::ALL.into_iter().find(|phase| phase.as_str() == text);
        known.ok_or_else(|| Invalid::field("/state", "must be one of bot, queued, agent, closed"))
    }
}

/// Why a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The visitor ended it.
    VisitorEnded,
    /// The operator closed it.
    OperatorClosed,
    /// The flow came to its end.
    BotFinished,
    /// The visitor did not answer the bot any more.
    IdleBot,
    /// Nobody said anything any more to or as an operator.
    IdleAgent,
    /// No operator came, and there was no bot to go on.
    NoAgent,
    /// Somebody who was not in the chat ended it.
    AdminClosed,
}

impl CloseReason {
    /// All reasons.
    pub const ALL: [CloseReason; 7] = [
        CloseReason::VisitorEnded,
        CloseReason::OperatorClosed,
        CloseReason::BotFinished,
        CloseReason::IdleBot,
        CloseReason::IdleAgent,
        CloseReason::NoAgent,
        CloseReason::AdminClosed,
    ];

    /// The name in the API, in events and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            CloseReason::VisitorEnded => "visitor_ended",
            CloseReason::OperatorClosed => "operator_closed",
            CloseReason::BotFinished => "bot_finished",
            CloseReason::IdleBot => "idle_bot",
            CloseReason::IdleAgent => "idle_agent",
            CloseReason::NoAgent => "no_agent",
            CloseReason::AdminClosed => "admin_closed",
        }
    }
}

impl FromStr for CloseReason {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        CloseReason::ALL.into_iter().find(|it| it.as_str() == text).ok_or_else(|| {
            let known = CloseReason::ALL.map(CloseReason::as_str).join(", ");
            Invalid::field("/reason", format!("must be one of {known}"))
        })
    }
}

/// What is due now because time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The visitor is reminded that the bot waits.
    Remind,
    /// The conversation ends.
    Close(CloseReason),
    /// Nobody accepted: on to the next department, back to the bot, or over.
    Unaccepted,
}

impl Conversation {
    /// A conversation in which nothing has been said yet, led by a bot.
    pub fn begun(id: Id<Conversation>, account: Id<Account>, now: Timestamp) -> Self {
        Self {
            id,
            account,
            chatbot: None,
            version: None,
            visitor: None,
            external_id: None,
            preview: false,
            phase: Phase::Bot,
            department: None,
            operator: None,
            flow_state: None,
            consent: None,
            told: None,
            contact: None,
            page_url: None,
            opened_at: now,
            active_at: now,
            queued_at: None,
            transfers: 0,
            reminded_at: None,
            captured_at: None,
            handed_over_at: None,
            closed: None,
            due_at: None,
            messages: 0,
            replies: 0,
        }
    }

    /// Whether it goes by a draft, which only a preview does.
    pub fn is_of_draft(&self) -> bool {
        self.preview && self.version.is_none()
    }

    /// Whether there is a flow to go on with. That of another chat tool has none.
    pub fn has_flow(&self) -> bool {
        self.version.is_some() || self.is_of_draft()
    }

    /// What is due at `now`; None if it is too early, whatever made somebody ask. `patience` is how long the present
    /// department lets a chat wait.
    pub fn due(&self, timers: &Timers, patience: Duration, now: Timestamp) -> Option<Due> {
        let (at, due) = self.next(timers, patience)?;
        (at <= now).then_some(due)
    }

    /// When time alone will change something, unless something is said before; None once closed.
    pub fn next_due_at(&self, timers: &Timers, patience: Duration) -> Option<Timestamp> {
        self.next(timers, patience).map(|(at, _)| at)
    }

    fn next(&self, timers: &Timers, patience: Duration) -> Option<(Timestamp, Due)> {
        let close = |after, reason| (self.active_at + after, Due::Close(reason));
        match self.phase {
            Phase::Bot => match timers.reminder {
                Some(after) if self.reminded_at.is_none() && after < timers.bot_close => {
                    Some((self.active_at + after, Due::Remind))
                }
                _ => Some(close(timers.bot_close, CloseReason::IdleBot)),
            },
            Phase::Queued => Some((self.queued_at.unwrap_or(self.active_at) + patience, Due::Unaccepted)),
            Phase::Agent => Some(close(timers.agent_close, CloseReason::IdleAgent)),
            Phase::Closed => None,
        }
    }
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// The visitor.
    Visitor,
    /// The flow.
    Bot,
    /// An operator.
    Operator,
    /// Leadpost itself, about the chat.
    System,
}

impl Author {
    /// All authors.
    pub const ALL: [Author; 4] = [Author::Visitor, Author::Bot, Author::Operator, Author::System];

    /// Those whose messages another chat tool can push. What Leadpost itself says, it alone says.
    pub const PUSHED: [Author; 3] = [Author::Visitor, Author::Bot, Author::Operator];

    /// The name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Author::Visitor => "visitor",
            Author::Bot => "bot",
            Author::Operator => "operator",
            Author::System => "system",
        }
    }

    /// What a transcript calls one without a name.
    const fn label(self) -> &'static str {
        match self {
            Author::Visitor => "Visitor",
            Author::Bot => "Bot",
            Author::Operator => "Operator",
            Author::System => "System",
        }
    }
}

impl FromStr for Author {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = Author::ALL.into_iter().find(|author| author.as_str() == text);
        known.ok_or_else(|| Invalid::field("/author", "must be one of visitor, bot, operator, system"))
    }
}

/// Something that was said, as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Counts from 1 in its conversation.
    pub number: u32,
    /// Who said it.
    pub author: Author,
    /// What the author was called then.
    pub name: Option<String>,
    /// The words, as shown.
    pub text: String,
    /// What a bot's message asks for, as JSON for the widget.
    pub ask: Option<String>,
    /// The sender's own name of it.
    pub client_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Message {
    /// The longest text, in code points.
    pub const MAX: usize = 4_000;

    /// What a transcript calls its author.
    pub fn author_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.author.label())
    }
}

/// The transcript of a conversation as one string: `[2026-03-04T10:15:30Z] Author: text` a line, and lines within a
/// message indented by two spaces. Beyond `most` bytes the middle gives way to a line that says how many messages it
/// leaves out.
pub fn transcript(messages: &[Message], most: usize) -> String {
    let lines: Vec<String> = messages.iter().map(line).collect();
    if lines.iter().map(|line| line.len() + 1).sum::<usize>() <= most {
        return lines.join("\n");
    }
    // What stands for the middle takes less than this.
    let half = most.saturating_sub(64) / 2;
    let fitting = |lengths: &mut dyn Iterator<Item = usize>| {
        let mut room = half;
        lengths
            .take_while(|length| room.checked_sub(length + 1).inspect(|left| room = *left).is_some())
            .count()
    };
    let head = fitting(&mut lines.iter().map(String::len));
    let tail = fitting(&mut lines[head..].iter().rev().map(String::len));
    let left_out = lines.len() - head - tail;
    let middle = format!("[… {left_out} messages left out …]");
    let parts = lines[..head].iter().chain([&middle]).chain(&lines[lines.len() - tail..]);
    parts.map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn line(message: &Message) -> String {
    let at = Timestamp::from_micros(message.at.seconds() * 1_000_000);
    let author = message.author_name();
    let text = message.text.replace("\r\n", "\n").replace(['\n', '\r'], "\n  ");
    format!("[{at}] {author}: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(number: u32, author: Author, text: &str) -> Message {
        Message {
            number,
            author,
            name: None,
            text: text.to_owned(),
            ask: None,
            client_id: None,
            at: Timestamp::from_micros(1_772_619_330_999_999),
        }
    }

    #[test]
    fn a_transcript_has_a_line_for_each_message_and_indents_their_own_lines() {
        let mut named = said(2, Author::Operator, "Hello\nthere\r\nyou");
        named.name = Some("Omar".into());
        assert_eq!(
            transcript(&[said(1, Author::Visitor, "Hi"), named], 1_000),
            "[2026-03-04T10:15:30Z] Visitor: Hi\n[2026-03-04T10:15:30Z] Omar: Hello\n  there\n  you"
        );
    }

    #[test]
    fn a_transcript_that_is_too_long_loses_its_middle_and_says_how_much() {
        let messages: Vec<_> =
            (1..=1_000).map(|number| said(number, Author::Bot, &"x".repeat(100))).collect();
        let text = transcript(&messages, 10_000);
        assert!(text.len() <= 10_000 && text.len() > 9_000, "{}", text.len());
        let kept = text.lines().filter(|line| line.contains("Bot: ")).count();
        assert!(text.contains(&format!("[… {} messages left out …]", 1_000 - kept)));
        let whole = transcript(&messages[..2], 10_000);
        assert_eq!(whole.lines().count(), 2);
    }

    #[test]
    fn a_message_longer_than_the_whole_is_left_out() {
        let messages = [said(1, Author::Bot, &"x".repeat(5_000)), said(2, Author::Bot, "y")];
        assert_eq!(transcript(&messages, 1_000), "[… 1 messages left out …]\n[2026-03-04T10:15:30Z] Bot: y");
    }

    #[test]
    fn each_phase_has_its_timer() {
        let timers = Timers::default();
        let (start, patience) = (Timestamp::from_micros(0), Duration::from_secs(120));
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let mut it = Conversation::begun(Id::from_parts(1, &[1; 10]), Id::from_parts(2, &[1; 10]), start);
        let due = |it: &Conversation, at| it.due(&timers, patience, at);
        assert_eq!((due(&it, minutes(4)), due(&it, minutes(5))), (None, Some(Due::Remind)));
        it.reminded_at = Some(minutes(5));
        let idle = Some(Due::Close(CloseReason::IdleBot));
        assert_eq!((due(&it, minutes(14)), due(&it, minutes(15))), (None, idle));
        (it.phase, it.queued_at) = (Phase::Queued, Some(minutes(5)));
        assert_eq!((due(&it, minutes(6)), due(&it, minutes(7))), (None, Some(Due::Unaccepted)));
        (it.phase, it.active_at) = (Phase::Agent, minutes(10));
        let idle = Some(Due::Close(CloseReason::IdleAgent));
        assert_eq!((due(&it, minutes(39)), due(&it, minutes(40))), (None, idle));
        it.phase = Phase::Closed;
        assert_eq!((due(&it, minutes(900)), it.next_due_at(&timers, patience)), (None, None));
    }
}
