//! What is due in conversations because time has passed: reminders, closes, queues that nobody looks at.
//!
//! Timers are not kept anywhere: they follow from what is stored, so they survive a restart, and are looked at once
//! more where the change is made, so nobody is closed who has just said something.

use std::time::Duration;

use domain::{Account, Author, CloseReason, Conversation, Department, Id, conversation::Due, flow::Input};
use store::{Tx, conversations::Named};

use super::session::Session;
use crate::AppError;

/// How many conversations are looked at in one go.
const AT_ONCE: u32 = 100;

/// Conversations in which something may be due.
pub fn due(tx: &mut Tx<'_>) -> Result<Vec<Named>, AppError> {
    let now = tx.now();
    Ok(store::conversations::due(tx, now, AT_ONCE)?)
}

/// How long one that could not be settled makes way for the others.
const MAKE_WAY: Duration = Duration::from_secs(60);

/// Puts off a conversation that cannot be settled.
pub fn postpone(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Conversation>) -> Result<(), AppError> {
    let until = tx.now() + MAKE_WAY;
    store::conversations::postpone(tx, account, id, until)?;
    Ok(())
}

/// Does what is due in a conversation, if anything still is.
pub fn settle(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Conversation>) -> Result<(), AppError> {
    let Some(conversation) = store::conversations::find_to_change(tx, account, id)? else { return Ok(()) };
    let mut session = Session::resume(tx, conversation)?;
    let patience = session.patience(tx)?;
    match session.it.due(&session.timers(), patience, tx.now()) {
        // Stored anew, its next instant may be another: settings change.
        None if session.it.closed.is_some() => return Ok(()),
        None => {}
        Some(Due::Remind) => session.remind(tx),
        Some(Due::Close(reason)) => session.close(tx, reason)?,
        Some(Due::Unaccepted) => session.give_up_waiting(tx)?,
    }
    session.save(tx)?;
    Ok(())
}

impl Session {
    /// Nobody has accepted: on to the department that stands in, else back to the bot.
    fn give_up_waiting(&mut self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let department = self.department(tx)?;
        let next = match department.and_then(|department| department.transfer) {
            Some((to, _)) if self.it.transfers < Department::MOST_TRANSFERS => {
                store::departments::find(tx, self.it.account, to)?.filter(|next| !next.disabled)
            }
            _ => None,
        };
        if let Some(next) = next {
            self.it.department = Some(next.id);
            self.it.queued_at = Some(tx.now());
            self.it.transfers += 1;
            return Ok(());
        }
        if self.flow(tx)?.is_none() {
            return self.close(tx, CloseReason::NoAgent);
        }
        self.say(tx, Author::System, None, "Nobody is free right now.");
        self.go_on(tx, &Input::Offline)
    }
}
