//! Where members are signed in: begin, recognise, end.

use domain::{Account, Actor, Member, Session, SessionToken};
use store::{Tx, webhooks::Troubled};

use crate::AppError;

/// The browser that a session is in.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// What it calls itself; cut to 300 characters.
    pub agent: String,
    /// Where it calls from.
    pub address: String,
}

/// A member who is signed in, with what every page shows of that.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Who.
    pub member: Member,
    /// Where.
    pub account: Account,
    /// Webhooks that somebody has to look after, up to [`SignedIn::TROUBLED`] and one more if there are more.
    pub troubled: Vec<Troubled>,
}

impl SignedIn {
    /// So many are named.
    pub const TROUBLED: usize = 3;

    /// The member as an actor.
    pub fn actor(&self) -> Actor {
        let Member { account, id, role, .. } = self.member;
        Actor::Member { account, member: id, role }
    }
}

/// Signs a member in, whose password or link was just found right.
pub fn begin(
    tx: &mut Tx<'_>,
    member: &Member,
    browser: &Browser,
) -> Result<(Session, SessionToken), AppError> {
    let (now, token) = (tx.now(), SessionToken::from_bytes(&tx.random_bytes()));
    let session = Session {
        id: tx.new_id(),
        account: member.account,
        member: member.id,
        agent: browser.agent.chars().take(300).collect(),
        address: browser.address.clone(),
        created_at: now,
        seen_at: now,
        confirmed_at: now,
    };
    store::sessions::insert(tx, &session, &token.hash())?;
    Ok((session, token))
}

/// Who has that token; None if it opens nothing (any more).
pub fn recognise(tx: &mut Tx<'_>, token: &SessionToken) -> Result<Option<SignedIn>, AppError> {
    let now = tx.now();
    let found = store::sessions::find(tx, &token.hash())?;
    let Some(session) = found.filter(|session| session.is_open(now)) else { return Ok(None) };
    let member = store::members::find(tx, session.account, session.member)?;
    let account = store::accounts::find(tx, session.account)?;
    let Some((member, account)) = member.zip(account) else { return Ok(None) };
    let troubled = store::webhooks::troubled(tx, account.id, SignedIn::TROUBLED as u32 + 1)?;
    Ok(Some(SignedIn { session, member, account, troubled }))
}

/// Notes that a session is in use. Once a minute is enough.
pub fn touch(tx: &mut Tx<'_>, session: &Session, address: &str) -> Result<(), AppError> {
    let now = tx.now();
    Ok(store::sessions::touch(tx, session.account, session.id, now, address)?)
}

/// Signs out.
pub fn end(tx: &mut Tx<'_>, session: &Session) -> Result<(), AppError> {
    store::sessions::end(tx, session.account, session.member, session.id)?;
    Ok(())
}
