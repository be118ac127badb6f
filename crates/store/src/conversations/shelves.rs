//! Conversations as lists of them show them: who it is, and what was said last, in one statement.

use domain::{Account, Author, CloseReason, Contact, Conversation, Fields, Id, Operator, Phase, Timestamp};
use uuid::Uuid;

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

macro_rules! lines {
    ($where:literal) => {
        concat!(
            "select c.id, c.state, c.preview, c.operator_id, c.operator_name, c.opened_at, c.active_at, c.queued_at, \
             c.close_reason, c.messages, c.contact_id, p.name, p.email, p.phone, m.author, m.name, m.text \
             from conversation c \
             left join contact p on p.account_id = c.account_id and p.id = c.contact_id \
             left join message m on m.account_id = c.account_id and m.conversation_id = c.id and m.number = c.messages \
             where c.account_id = $1 and c.id < $2 and ",
            $where,
            " order by c.id desc limit $3"
        )
    };
}

sql! {
    IN_STATE = lines!("c.state = $4");
    // Few are with operators at a time, and an index has them all.
    OF_OPERATOR = lines!("c.state = 'agent' and c.operator_id = $4");
    OF_OTHERS = lines!("c.state = 'agent' and (c.operator_id is null or c.operator_id <> $4)");
}

/// Which conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// In that phase.
    Phase(Phase),
    /// With that operator.
    With(Uuid),
    /// With an operator, but not that one.
    WithOthersThan(Uuid),
}

/// A conversation in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub id: Id<Conversation>,
    /// Who is to speak next.
    pub phase: Phase,
    /// Whether its owner only tries the chatbot out.
    pub preview: bool,
    /// Who has accepted it.
    pub operator: Option<Operator>,
    /// When it began.
    pub opened_at: Timestamp,
    /// When the last message was said.
    pub active_at: Timestamp,
    /// Since when it waits.
    pub queued_at: Option<Timestamp>,
    /// Why it ended.
    pub close_reason: Option<CloseReason>,
    /// How many messages there are.
    pub messages: u32,
    /// Who the visitor is.
    pub contact: Option<Id<Contact>>,
    /// What is known of them.
    pub fields: Fields,
    /// Who said something last, what they were called, and what it was.
    pub last: Option<(Author, Option<String>, String)>,
}

/// Those older than `before`, newest first.
pub fn shelf(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    shelf: Shelf,
    before: Id<Conversation>,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let rows = match shelf {
        Shelf::Phase(phase) => tx.query(&IN_STATE, args![account, before, limit, phase.as_str()])?,
        Shelf::With(operator) => tx.query(&OF_OPERATOR, args![account, before, limit, operator])?,
        Shelf::WithOthersThan(operator) => tx.query(&OF_OTHERS, args![account, before, limit, operator])?,
    };
    rows.into_iter().map(read).collect()
}

fn read(mut row: Row) -> Result<Line, StoreError> {
    Ok(Line {
        id: row.take()?,
        phase: row.parse(|text| text.parse().ok())?,
        preview: row.take()?,
        operator: {
            let (id, name): (Option<Uuid>, Option<String>) = (row.take()?, row.take()?);
            id.zip(name).map(|(id, name)| Operator { id, name })
        },
        opened_at: row.take()?,
        active_at: row.take()?,
        queued_at: row.take()?,
        close_reason: {
            let text: Option<String> = row.take()?;
            text.map(|it| it.parse()).transpose().map_err(|_| row.corrupt())?
        },
        messages: row.take()?,
        contact: row.take()?,
        fields: Fields { name: row.take()?, email: row.take()?, phone: row.take()? },
        last: {
            let author: Option<String> = row.take()?;
            let (name, text): (Option<String>, Option<String>) = (row.take()?, row.take()?);
            let author = author.map(|it| it.parse::<Author>()).transpose().map_err(|_| row.corrupt())?;
            author.zip(text).map(|(author, text)| (author, name, text))
        },
    })
}
