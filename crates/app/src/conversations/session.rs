//! A conversation that is being changed: everything that happens to it in one transaction, and how that is stored.

use std::{sync::Arc, time::Duration};

use domain::{
    Author, Chatbot, Conversation, Department, Id, Message, Phase,
    chatbot::Timers,
    flow::{Ask, Env, Flow},
};
use store::{Changed, Signal, Tx};

use crate::{AppError, chatbots};

/// A conversation in the hands of this transaction.
pub(super) struct Session {
    /// As it will be stored.
    pub(super) it: Conversation,
    /// Its chatbot, unless that was deleted or there never was one.
    pub(super) chatbot: Option<Chatbot>,
    /// The draft that it goes by, if it has begun with one in this transaction.
    draft: Option<String>,
    /// What was said in this transaction.
    said: Vec<Message>,
    /// Whether it has a row already.
    stored: bool,
}

impl Session {
    /// A conversation that begins now.
    pub(super) fn begin(conversation: Conversation, chatbot: Option<Chatbot>) -> Self {
        Self { it: conversation, chatbot, draft: None, said: Vec::new(), stored: false }
    }

    /// A preview that begins now, and keeps the chatbot's draft as it is.
    pub(super) fn begin_draft(conversation: Conversation, chatbot: Chatbot) -> Self {
        let draft = Some(chatbot.draft.clone());
        let conversation = Conversation { preview: true, version: None, ..conversation };
        Self { draft, ..Self::begin(conversation, Some(chatbot)) }
    }

    /// A conversation that was read to be changed.
    pub(super) fn resume(tx: &mut Tx<'_>, conversation: Conversation) -> Result<Self, AppError> {
        let chatbot = match conversation.chatbot {
            Some(id) => store::chatbots::find(tx, conversation.account, id)?,
            None => None,
        };
        Ok(Self { it: conversation, chatbot, draft: None, said: Vec::new(), stored: true })
    }

    /// The visitor says something.
    pub(super) fn hear(&mut self, tx: &Tx<'_>, text: &str, client_id: Option<String>) {
        self.it.replies += 1;
        self.it.reminded_at = None;
        self.add(tx, Author::Visitor, None, text, None, client_id);
    }

    /// Whether something of that name was said in this transaction.
    pub(super) fn has_heard(&self, client_id: &str) -> bool {
        self.said.iter().any(|message| message.client_id.as_deref() == Some(client_id))
    }

    /// Somebody else does.
    pub(super) fn say(&mut self, tx: &Tx<'_>, author: Author, name: Option<&str>, text: &str) {
        self.add(tx, author, name, text, None, None);
    }

    /// The bot says something, and asks, maybe.
    pub(super) fn ask(&mut self, tx: &Tx<'_>, text: &str, ask: Option<&Ask>) {
        let name = self.chatbot.as_ref().map(|chatbot| chatbot.name.clone());
        let ask = ask.map(|ask| serde_json::to_string(ask).expect("a question can be written as JSON"));
        self.add(tx, Author::Bot, name.as_deref(), text, ask, None);
    }

    /// The same message again, from a sender that did not get the answer, would be refused by its client id.
    pub(super) fn add(
        &mut self,
        tx: &Tx<'_>,
        author: Author,
        name: Option<&str>,
        text: &str,
        ask: Option<String>,
        client_id: Option<String>,
    ) {
        let text = self.masked(text);
        self.it.messages += 1;
        self.it.active_at = tx.now();
        let (number, name) = (self.it.messages, name.map(str::to_owned));
        self.said.push(Message { number, author, name, text, ask, client_id, at: tx.now() });
    }

    /// The text as it may be kept and told: without card numbers, if the chatbot is set up so.
    pub(super) fn masked(&self, text: &str) -> String {
        match &self.chatbot {
            Some(chatbot) if chatbot.settings.mask_cards => domain::answers::mask_cards(text),
            _ => text.to_owned(),
        }
    }

    /// The bot asks whether the visitor is still there, which does not count as somebody saying something.
    pub(super) fn remind(&mut self, tx: &Tx<'_>) {
        let active_at = self.it.active_at;
        let text = self.timers().reminder_text;
        self.ask(tx, &text, None);
        (self.it.active_at, self.it.reminded_at) = (active_at, Some(tx.now()));
    }

    /// The flow that it goes by, if it has one.
    pub(super) fn flow(&self, tx: &mut Tx<'_>) -> Result<Option<Arc<Flow>>, AppError> {
        let (account, id) = (self.it.account, self.it.id);
        if let (Some(chatbot), Some(version)) = (self.it.chatbot, self.it.version) {
            return chatbots::flow(tx, account, chatbot, version).map(Some);
        }
        let draft = match &self.draft {
            None if self.it.is_of_draft() => store::conversations::find_draft(tx, account, id)?,
            draft => draft.clone(),
        };
        draft.map(chatbots::read).transpose()
    }

    /// What the flow may know of the world.
    pub(super) fn env(&self, tx: &Tx<'_>) -> Env {
        let settings = self.chatbot.as_ref().map(|chatbot| chatbot.settings.clone()).unwrap_or_default();
        Env { now: settings.local(tx.now()), region: settings.region, reference: reference(self.it.id) }
    }

    /// When idle chats of its kind end.
    pub(super) fn timers(&self) -> Timers {
        match &self.chatbot {
            _ if !self.it.has_flow() => Timers::external(),
            Some(chatbot) => chatbot.settings.timers.clone(),
            None => Timers::default(),
        }
    }

    /// The department that it waits for, or that has it.
    pub(super) fn department(&self, tx: &mut Tx<'_>) -> Result<Option<Department>, AppError> {
        match self.it.department {
            Some(id) => Ok(store::departments::find(tx, self.it.account, id)?),
            None => Ok(None),
        }
    }

    /// How long it waits for an operator before something else happens.
    pub(super) fn patience(&self, tx: &mut Tx<'_>) -> Result<Duration, AppError> {
        let queue = self.timers().queue;
        if self.it.phase != Phase::Queued || self.it.transfers >= Department::MOST_TRANSFERS {
            return Ok(queue);
        }
        let transfer = self.department(tx)?.and_then(|department| department.transfer);
        Ok(transfer.map_or(queue, |(_, after)| after))
    }

    /// What was said before and in this transaction.
    pub(super) fn messages(&self, tx: &mut Tx<'_>) -> Result<Vec<Message>, AppError> {
        let mut all = match self.stored {
            true => store::messages::list(tx, self.it.account, self.it.id, 0, u32::MAX)?,
            false => Vec::new(),
        };
        all.extend_from_slice(&self.said);
        Ok(all)
    }

    /// Stores the conversation as it is now, so that rows that name it can follow.
    pub(super) fn save_row(&mut self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        if !self.stored {
            store::conversations::insert(tx, &self.it)?;
            if let Some(draft) = &self.draft {
                store::conversations::insert_draft(tx, self.it.account, self.it.id, draft)?;
            }
            self.stored = true;
        }
        Ok(())
    }

    /// Stores what happened.
    pub(super) fn save(mut self, tx: &mut Tx<'_>) -> Result<Conversation, AppError> {
        let patience = self.patience(tx)?;
        if matches!(self.it.phase, Phase::Queued | Phase::Agent) {
            self.it.handed_over_at.get_or_insert(tx.now());
        }
        self.it.due_at = self.it.next_due_at(&self.timers(), patience);
        if !self.stored {
            self.save_row(tx)?;
        } else if !store::conversations::update(tx, &self.it)? {
            // Its row is held, so nobody else can have closed it meanwhile.
            return Err(closed());
        }
        if !self.said.is_empty() {
            store::messages::insert(tx, self.it.account, self.it.id, &self.said)?;
        }
        if self.it.is_of_draft() && self.it.phase == Phase::Closed {
            store::conversations::delete_draft(tx, self.it.account, self.it.id)?;
        }
        tx.emit(Signal::Changed(self.it.account, Changed::Conversation(self.it.id, self.it.visitor)));
        Ok(self.it)
    }
}

/// A conversation that is over cannot be changed.
pub(super) fn closed() -> AppError {
    let message = "the conversation is closed, and final; the next message opens a new one".to_owned();
    AppError::Conflict { code: "conversation_closed", message }
}

/// What a visitor can call the conversation by: the last eight digits of its id, which are random.
fn reference(id: Id<Conversation>) -> String {
    let digits = id.uuid().simple().to_string();
    digits[digits.len() - 8..].to_uppercase()
}
