//! Where members are signed in: begin, recognise, confirm, end. Who may begin one is decided in `members`.

use domain::{Account, Actor, DeviceToken, Id, Member, Session, SessionToken};
use store::{Tx, webhooks::Troubled};

use crate::{
    AppError,
    audit::{self, Action, Deed},
};

/// The browser that a session is in.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// What it calls itself; cut to 300 characters.
    pub agent: String,
    /// Where it calls from.
    pub address: String,
    /// By what it is known again, if somebody has signed in from it before.
    pub device: Option<DeviceToken>,
    /// Opens the session that it is in already. That one ends when another begins.
    pub token: Option<SessionToken>,
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
        actor(&self.member)
    }
}

/// A member as an actor.
pub fn actor(member: &Member) -> Actor {
    Actor::Member { account: member.account, member: member.id, role: member.role }
}

/// A session that has just begun, with what the browser is to keep.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who came in.
    pub member: Member,
    /// The session.
    pub session: Session,
    /// Opens it.
    pub token: SessionToken,
    /// By this the browser is known the next time.
    pub device: DeviceToken,
}

/// Signs a member in, whose password or link was just found right.
pub(crate) fn begin(tx: &mut Tx<'_>, member: &Member, browser: &Browser) -> Result<Entry, AppError> {
    leave(tx, browser)?;
    let (now, token) = (tx.now(), SessionToken::from_bytes(&tx.random_bytes()));
    let session = Session {
        id: tx.new_id(),
        account: member.account,
        member: member.id,
        agent: browser.agent.chars().filter(|it| !it.is_control()).take(300).collect(),
        address: browser.address.clone(),
        created_at: now,
        seen_at: now,
        confirmed_at: now,
    };
    store::sessions::insert(tx, &session, &token.hash())?;
    let device = browser.device.clone().unwrap_or_else(|| DeviceToken::from_bytes(&tx.random_bytes()));
    store::members::know_device(tx, member.account, member.id, &device.hash(), now)?;
    let deed = Deed::new(Action::SessionBegan).to(session.id).from(&browser.address);
    audit::note(tx, &actor(member), deed)?;
    Ok(Entry { member: member.clone(), session, token, device })
}

/// Ends the session that the browser is in, whoever's it is: a browser is in one (OWASP ASVS 5.0, 7.2.4).
pub(crate) fn leave(tx: &mut Tx<'_>, browser: &Browser) -> Result<(), AppError> {
    let now = tx.now();
    let Some(token) = &browser.token else { return Ok(()) };
    let found = store::sessions::find(tx, &token.hash())?.filter(|session| session.is_open(now));
    let Some(Session { account, member, id, .. }) = found else { return Ok(()) };
    let Some(member) = store::members::find(tx, account, member)? else { return Ok(()) };
    if store::sessions::end(tx, account, member.id, id)? {
        audit::note(tx, &actor(&member), Deed::new(Action::SessionEnded).to(id).from(&browser.address))?;
    }
    Ok(())
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

/// Who has the token of that hash, for whoever has asked before and keeps listening; None if it opens nothing any more.
pub fn still(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Actor>, AppError> {
    let now = tx.now();
    let found = store::sessions::find(tx, token_hash)?;
    let Some(session) = found.filter(|session| session.is_open(now)) else { return Ok(None) };
    Ok(store::members::find(tx, session.account, session.member)?.as_ref().map(actor))
}

/// Notes that a session is in use. Once a minute is enough.
pub fn touch(tx: &mut Tx<'_>, session: &Session, address: &str) -> Result<(), AppError> {
    let now = tx.now();
    Ok(store::sessions::touch(tx, session.account, session.id, now, address)?)
}

/// The password was given once more: the session gets another token, and may see secrets for a while.
pub fn confirm(tx: &mut Tx<'_>, session: &Session) -> Result<SessionToken, AppError> {
    let (now, token) = (tx.now(), SessionToken::from_bytes(&tx.random_bytes()));
    let confirmed = store::sessions::confirm(tx, session.account, session.id, now, &token.hash())?;
    if confirmed { Ok(token) } else { Err(AppError::NotFound) }
}

/// Signs out.
pub fn end(tx: &mut Tx<'_>, signed_in: &SignedIn) -> Result<(), AppError> {
    let Session { account, member, id, ref address, .. } = signed_in.session;
    if store::sessions::end(tx, account, member, id)? {
        audit::note(tx, &signed_in.actor(), Deed::new(Action::SessionEnded).to(id).from(address))?;
    }
    Ok(())
}

/// The member's own sessions that are still open, newest first.
pub fn list(tx: &mut Tx<'_>, signed_in: &SignedIn) -> Result<Vec<Session>, AppError> {
    let now = tx.now();
    let mut sessions = store::sessions::list(tx, signed_in.session.account, signed_in.session.member)?;
    sessions.retain(|session| session.is_open(now));
    Ok(sessions)
}

/// Ends one of the member's own sessions.
pub fn revoke(tx: &mut Tx<'_>, signed_in: &SignedIn, id: Id<Session>) -> Result<(), AppError> {
    let Session { account, member, .. } = signed_in.session;
    if !store::sessions::end(tx, account, member, id)? {
        return Err(AppError::NotFound);
    }
    audit::note(tx, &signed_in.actor(), Deed::new(Action::SessionRevoked).to(id))
}

/// Ends all of the member's own sessions but this one. How many there were.
pub fn revoke_others(tx: &mut Tx<'_>, signed_in: &SignedIn) -> Result<u64, AppError> {
    let Session { account, member, id, .. } = signed_in.session;
    let ended = store::sessions::end_all(tx, account, member, Some(id))?;
    if ended > 0 {
        let deed = Deed::new(Action::SessionRevoked).detail(format!("all others, {ended} of them"));
        audit::note(tx, &signed_in.actor(), deed)?;
    }
    Ok(ended)
}
