//! The operator's side of a conversation: accept, reply, hand back, transfer, close.

use domain::{
    Actor, Author, CloseReason, Conversation, Department, Id, Operator, Permission, Phase, flow::Input,
};
use store::Tx;

use super::{
    session::{Session, closed},
    visits::check_text,
};
use crate::{AppError, access::require, departments};

/// The conversation, in the hands of an operator who may change it, and who that is.
fn grasp(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<(Session, Operator), AppError> {
    require(actor, Permission::Converse)?;
    let found = store::conversations::find_to_change(tx, actor.account(), id)?;
    let session = Session::resume(tx, found.ok_or(AppError::NotFound)?)?;
    match session.it.phase {
        Phase::Closed => Err(closed()),
        _ => Ok((session, departments::operator(tx, actor)?)),
    }
}

/// The same, of a chat that this operator has accepted.
fn grasp_own(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<(Session, Operator), AppError> {
    let (session, operator) = grasp(tx, actor, id)?;
    match &session.it.operator {
        Some(has) if has.id == operator.id => Ok((session, operator)),
        Some(has) => Err(accepted_by(has)),
        None => {
            let message = "accept the chat first".to_owned();
            Err(AppError::Conflict { code: "not_accepted", message })
        }
    }
}

fn accepted_by(operator: &Operator) -> AppError {
    let message = format!("{} has accepted this chat", operator.name);
    AppError::Conflict { code: "accepted_by_another", message }
}

/// Takes a chat, from the queue or from the bot. One operator gets it; accepting one's own again changes nothing.
pub fn accept(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<Conversation, AppError> {
    let (mut session, operator) = grasp(tx, actor, id)?;
    match &session.it.operator {
        Some(has) if has.id == operator.id => return Ok(session.it),
        Some(has) => return Err(accepted_by(has)),
        None => {}
    }
    session.say(tx, Author::System, None, &format!("{} has joined the chat.", operator.name));
    (session.it.phase, session.it.operator, session.it.queued_at) = (Phase::Agent, Some(operator), None);
    session.save(tx)
}

/// Says something to the visitor. The same `client_id` again changes nothing.
pub fn reply(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    text: &str,
    client_id: Option<&str>,
) -> Result<Conversation, AppError> {
    let text = check_text("/text", text)?;
    require(actor, Permission::Converse)?;
    let operator = departments::operator(tx, actor)?;
    // The operator's name of the message in this chat: in another, the same name is another message.
    let client_id = client_id.map(|client_id| format!("{} {id} {client_id}", operator.id.simple()));
    // Held before it is looked whether the message is known, for the same may come twice at once. What was said stays
    // said, also if the chat is over by now.
    let held = store::conversations::find_to_change(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    if let Some(client_id) = &client_id
        && store::messages::find_conversation(tx, actor.account(), client_id)?.is_some()
    {
        return Ok(held);
    }
    let (mut session, operator) = grasp_own(tx, actor, id)?;
    session.add(tx, Author::Operator, Some(&operator.name), &text, None, client_id);
    session.save(tx)
}

/// Gives the chat back to the bot, which goes on behind the handover.
pub fn hand_back(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<Conversation, AppError> {
    let (mut session, operator) = grasp_own(tx, actor, id)?;
    if !session.it.has_flow() {
        let message = "this chat has no bot; close it, or transfer it".to_owned();
        return Err(AppError::Conflict { code: "no_bot", message });
    }
    session.say(tx, Author::System, None, &format!("{} has left the chat.", operator.name));
    session.go_on(tx, &Input::Returned)?;
    session.save(tx)
}

/// Puts the chat into the queue of a department.
pub fn transfer(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Conversation>,
    department: Id<Department>,
) -> Result<Conversation, AppError> {
    let (mut session, _) = grasp(tx, actor, id)?;
    let found = store::departments::find(tx, actor.account(), department)?;
    let department = found.filter(|department| !department.disabled).ok_or_else(|| {
        domain::Invalid::field("/department_id", "must be a department that is not disabled")
    })?;
    session.say(tx, Author::System, None, &format!("The chat was transferred to {}.", department.name));
    session.it.department = Some(department.id);
    (session.it.phase, session.it.operator) = (Phase::Queued, None);
    (session.it.queued_at, session.it.transfers) = (Some(tx.now()), 0);
    session.save(tx)
}

/// Closes the chat, whoever has it.
pub fn close(tx: &mut Tx<'_>, actor: &Actor, id: Id<Conversation>) -> Result<Conversation, AppError> {
    let (mut session, operator) = grasp(tx, actor, id)?;
    let own = session.it.operator.as_ref().is_some_and(|has| has.id == operator.id);
    session.close(tx, if own { CloseReason::OperatorClosed } else { CloseReason::AdminClosed })?;
    session.save(tx)
}
