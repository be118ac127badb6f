//! Conversations and the visitors that hold them.

pub(crate) mod shelves;

pub use shelves::{Line, Shelf, shelf};

use domain::{
    Account, Chatbot, CloseReason, Contact, Conversation, Id, Operator, Phase, Timestamp, Visitor,
    conversation::Consent,
};
use uuid::Uuid;

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

macro_rules! columns {
    () => {
        "account_id, id, chatbot_id, version, visitor_id, external_id, preview, state, department_id, operator_id, \
         operator_name, flow_state, consent, told, contact_id, page_url, opened_at, active_at, queued_at, transfers, \
         reminded_at, closed_at, close_reason, due_at, messages, replies, captured_at, handed_over_at"
    };
}

sql! {
    INSERT_VISITOR = "insert into visitor (account_id, id, chatbot_id, token_hash, created_at)
        values ($1, $2, $3, $4, $5) on conflict (token_hash) do nothing";
    VISITOR = "select account_id, id, chatbot_id, created_at from visitor where token_hash = $1";
    // Held until the transaction ends: two tabs of one browser take turns, and begin one conversation.
    VISITOR_TO_CHANGE = "select account_id, id, chatbot_id, created_at from visitor
        where token_hash = $1 /*pg: for no key update */";
    INSERT = concat!("insert into conversation (", columns!(), ") values
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)");
    GET = concat!("select ", columns!(), " from conversation where account_id = $1 and id = $2");
    GET_TO_CHANGE = concat!("select ", columns!(), " from conversation
        where account_id = $1 and id = $2 /*pg: for no key update */");
    OPEN_OF_VISITOR = concat!("select ", columns!(), " from conversation
        where account_id = $1 and visitor_id = $2 and state <> 'closed' /*pg: for no key update */");
    // Clocks of nodes differ, so the newest need not have the highest id; but the open one is the last.
    OPEN_TO_SHOW = concat!("select ", columns!(), " from conversation
        where account_id = $1 and visitor_id = $2 and state <> 'closed'");
    LAST_OF_VISITOR = concat!("select ", columns!(), " from conversation
        where account_id = $1 and visitor_id = $2 order by id desc limit 1");
    OPEN_EXTERNAL = concat!("select ", columns!(), " from conversation
        where account_id = $1 and external_id = $2 and state <> 'closed' /*pg: for no key update */");
    LAST_OF_CHATBOT = "select active_at from conversation
        where account_id = $1 and chatbot_id = $2 and not preview order by opened_at desc limit 1";
    LIST = concat!("select ", columns!(), " from conversation where account_id = $1 and id < $2 order by id desc limit $3");
    LIST_IN_STATE = concat!("select ", columns!(), " from conversation
        where account_id = $1 and state = $4 and id < $2 order by id desc limit $3");
    LIST_OF_CONTACT = concat!("select ", columns!(), " from conversation
        where account_id = $1 and contact_id = $4 and id < $2 order by id desc limit $3");
    // A closed conversation is final.
    UPDATE = "update conversation set state = $3, department_id = $4, operator_id = $5, operator_name = $6,
            flow_state = $7, consent = $8, told = $9, contact_id = $10, active_at = $11, queued_at = $12,
            transfers = $13, reminded_at = $14, closed_at = $15, close_reason = $16, due_at = $17, messages = $18,
            replies = $19, captured_at = $20, handed_over_at = $21
        where account_id = $1 and id = $2 and state <> 'closed'";
    // Reports count runs by the department without a look at the conversation.
    MOVE_RUNS = "update marker_run set department_id = $3
        where account_id = $1 and conversation_id = $2 and department_id is distinct from $3";
    POSTPONE = "update conversation set due_at = $3 where account_id = $1 and id = $2 and due_at < $3";
    DUE = "select account_id, id from conversation where due_at <= $1 order by due_at limit $2";
}

/// Adds a visitor; false if the token is known.
pub fn insert_visitor(tx: &mut Tx<'_>, visitor: &Visitor, token_hash: &str) -> Result<bool, StoreError> {
    let args = args![visitor.account, visitor.id, visitor.chatbot, token_hash, visitor.created_at];
    Ok(tx.execute(&INSERT_VISITOR, args)? == 1)
}

/// The visitor with that token.
pub fn find_visitor(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Visitor>, StoreError> {
    tx.query_one(&VISITOR, args![token_hash])?.map(read_visitor).transpose()
}

/// The same, while nobody else changes its conversation.
pub fn find_visitor_to_change(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Visitor>, StoreError> {
    tx.query_one(&VISITOR_TO_CHANGE, args![token_hash])?.map(read_visitor).transpose()
}

/// Adds a conversation. Fails as a conflict if its visitor or its other chat tool has one that is open.
pub fn insert(tx: &mut Tx<'_>, it: &Conversation) -> Result<(), StoreError> {
    let args = args![
        it.account,
        it.id,
        it.chatbot,
        it.version,
        it.visitor,
        it.external_id.as_deref(),
        it.preview,
        it.phase.as_str(),
        it.department,
        operator_id(it),
        operator_name(it),
        it.flow_state.as_deref(),
        consent_text(it),
        it.told.as_deref(),
        it.contact,
        it.page_url.as_deref(),
        it.opened_at,
        it.active_at,
        it.queued_at,
        it.transfers,
        it.reminded_at,
        it.closed.map(|(at, _)| at),
        it.closed.map(|(_, reason)| reason.as_str()),
        it.due_at,
        it.messages,
        it.replies,
        it.captured_at,
        it.handed_over_at,
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The account's conversation of that id.
pub fn find(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Conversation>,
) -> Result<Option<Conversation>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(read).transpose()
}

/// The same, to change it: nobody else does until this transaction ends.
pub fn find_to_change(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Conversation>,
) -> Result<Option<Conversation>, StoreError> {
    tx.query_one(&GET_TO_CHANGE, args![account, id])?.map(read).transpose()
}

/// The visitor's conversation that is not over, to change it.
pub fn find_open_of_visitor(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    visitor: Id<Visitor>,
) -> Result<Option<Conversation>, StoreError> {
    tx.query_one(&OPEN_OF_VISITOR, args![account, visitor])?.map(read).transpose()
}

/// The visitor's last conversation, over or not.
pub fn find_last_of_visitor(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    visitor: Id<Visitor>,
) -> Result<Option<Conversation>, StoreError> {
    let row = match tx.query_one(&OPEN_TO_SHOW, args![account, visitor])? {
        Some(open) => Some(open),
        None => tx.query_one(&LAST_OF_VISITOR, args![account, visitor])?,
    };
    row.map(read).transpose()
}

/// The conversation that another chat tool knows by that name and that is not over, to change it.
pub fn find_open_external(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    external_id: &str,
) -> Result<Option<Conversation>, StoreError> {
    tx.query_one(&OPEN_EXTERNAL, args![account, external_id])?.map(read).transpose()
}

/// Which conversations to list.
#[derive(Clone, Copy, Debug, Default)]
pub enum ConversationFilter {
    /// All.
    #[default]
    All,
    /// In that phase.
    Phase(Phase),
    /// With that contact.
    Contact(Id<Contact>),
}

/// Conversations older than `before`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    filter: ConversationFilter,
    before: Id<Conversation>,
    limit: u32,
) -> Result<Vec<Conversation>, StoreError> {
    let rows = match filter {
        ConversationFilter::All => tx.query(&LIST, args![account, before, limit])?,
        ConversationFilter::Phase(phase) => {
            tx.query(&LIST_IN_STATE, args![account, before, limit, phase.as_str()])?
        }
        ConversationFilter::Contact(contact) => {
            tx.query(&LIST_OF_CONTACT, args![account, before, limit, contact])?
        }
    };
    rows.into_iter().map(read).collect()
}

/// When something was last said in the chatbot's latest conversation; None if it had none.
pub fn last_of_chatbot(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    chatbot: Id<Chatbot>,
) -> Result<Option<Timestamp>, StoreError> {
    tx.query_one(&LAST_OF_CHATBOT, args![account, chatbot])?.map(|mut row| row.take()).transpose()
}

/// Stores everything that can change. False if it is over already: then it is final.
pub fn update(tx: &mut Tx<'_>, it: &Conversation) -> Result<bool, StoreError> {
    let args = args![
        it.account,
        it.id,
        it.phase.as_str(),
        it.department,
        operator_id(it),
        operator_name(it),
        it.flow_state.as_deref(),
        consent_text(it),
        it.told.as_deref(),
        it.contact,
        it.active_at,
        it.queued_at,
        it.transfers,
        it.reminded_at,
        it.closed.map(|(at, _)| at),
        it.closed.map(|(_, reason)| reason.as_str()),
        it.due_at,
        it.messages,
        it.replies,
        it.captured_at,
        it.handed_over_at,
    ];
    let open = tx.execute(&UPDATE, args)? == 1;
    // None never comes back, so chats of the bot alone are spared that.
    if open && it.department.is_some() {
        tx.execute(&MOVE_RUNS, args![it.account, it.id, it.department])?;
    }
    Ok(open)
}

/// A conversation, named with its account.
pub type Named = (Id<Account>, Id<Conversation>);

/// Up to `limit` conversations in which time alone has something to change at `now`, the longest due first.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Named>, StoreError> {
    let rows = tx.query(&DUE, args![now, limit])?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// Nothing is due in a conversation before `until`, whatever follows from it.
pub fn postpone(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Conversation>,
    until: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(&POSTPONE, args![account, id, until])? == 1)
}

fn operator_id(it: &Conversation) -> Option<Uuid> {
    it.operator.as_ref().map(|operator| operator.id)
}

fn operator_name(it: &Conversation) -> Option<&str> {
    it.operator.as_ref().map(|operator| operator.name.as_str())
}

fn consent_text(it: &Conversation) -> Option<String> {
    it.consent.as_ref().map(|it| serde_json::to_string(it).expect("strings can be written as JSON"))
}

fn read_visitor(mut row: Row) -> Result<Visitor, StoreError> {
    Ok(Visitor {
        account: row.take()?,
        id: row.take()?,
        chatbot: row.take::<Id<Chatbot>>()?,
        created_at: row.take()?,
    })
}

fn read(mut row: Row) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        account: row.take()?,
        id: row.take()?,
        chatbot: row.take()?,
        version: row.take()?,
        visitor: row.take()?,
        external_id: row.take()?,
        preview: row.take()?,
        phase: row.parse(|text| text.parse().ok())?,
        department: row.take()?,
        operator: {
            let (id, name): (Option<Uuid>, Option<String>) = (row.take()?, row.take()?);
            id.zip(name).map(|(id, name)| Operator { id, name })
        },
        flow_state: row.take()?,
        consent: {
            let text: Option<String> = row.take()?;
            text.map(|text| serde_json::from_str::<Consent>(&text)).transpose().map_err(|_| row.corrupt())?
        },
        told: row.take()?,
        contact: row.take()?,
        page_url: row.take()?,
        opened_at: row.take()?,
        active_at: row.take()?,
        queued_at: row.take()?,
        transfers: row.take()?,
        reminded_at: row.take()?,
        closed: {
            let (at, reason): (Option<Timestamp>, Option<String>) = (row.take()?, row.take()?);
            let reason = reason.map(|it| it.parse::<CloseReason>()).transpose().map_err(|_| row.corrupt())?;
            at.zip(reason)
        },
        due_at: row.take()?,
        messages: row.take()?,
        replies: row.take()?,
        captured_at: row.take()?,
        handed_over_at: row.take()?,
    })
}
