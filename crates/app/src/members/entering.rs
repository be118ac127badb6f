//! Signing in, and passwords. A hash is compared between two transactions: the first says with what ([`candidate`]),
//! the second what follows ([`sign_in`], [`refuse`], [`change_password`]).

use domain::{Actor, Device, DeviceToken, Id, Link, LinkToken, Member, Purpose, Session, SessionToken};
use store::Tx;

use super::{find_to_change, joining, shut_out};
use crate::{
    AppError,
    audit::{self, Action, Deed},
    passwords,
    sessions::{self, Browser, Entry, SignedIn, actor},
};

/// Whom an address may stand for, and what a password is to be compared with.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// None if nobody may come in with it; the comparison then fails and takes as long.
    pub member: Option<Member>,
    /// The stored hash.
    pub stored: String,
    /// Whether the member has signed in from this browser before.
    pub knows_device: bool,
    /// The session in which the password is given once more.
    pub session: Option<Id<Session>>,
}

/// Who wants to sign in.
pub fn candidate(tx: &mut Tx<'_>, email: &str, device: Option<&DeviceToken>) -> Result<Candidate, AppError> {
    let stored = passwords::NOBODY.to_owned();
    let nobody = Candidate { member: None, stored, knows_device: false, session: None };
    let Ok(email) = domain::answers::email(email) else { return Ok(nobody) };
    let found = store::members::find_by_email(tx, &email.key)?;
    let Some((member, stored)) = found.filter(|(member, _)| member.disabled_at.is_none()) else {
        return Ok(nobody);
    };
    let knows_device = match device {
        Some(device) => store::members::knows_device(tx, member.account, member.id, &device.hash())?,
        None => false,
    };
    Ok(Candidate { member: Some(member), stored, knows_device, session: None })
}

/// The same for somebody who is signed in and gives the password once more.
pub fn confirm_candidate(tx: &mut Tx<'_>, signed_in: &SignedIn) -> Result<Candidate, AppError> {
    let Session { account, member, id, .. } = signed_in.session;
    let stored = store::members::password(tx, account, member)?.ok_or(AppError::NotFound)?;
    let member = Some(signed_in.member.clone());
    Ok(Candidate { member, stored, knows_device: true, session: Some(id) })
}

/// Signs the candidate in, whose password was right; `rehashed` is its hash at today's cost, if the stored one is old.
pub fn sign_in(
    tx: &mut Tx<'_>,
    candidate: &Candidate,
    rehashed: Option<&str>,
    browser: &Browser,
) -> Result<Entry, AppError> {
    let expected = candidate.member.as_ref().ok_or(AppError::NotFound)?;
    let (account, id) = (expected.account, expected.id);
    // Whoever shuts the member out, or resets the password, at this moment ends this session too, or comes first.
    store::members::lock(tx, account)?;
    let found = store::members::find(tx, account, id)?.filter(|it| it.disabled_at.is_none());
    let stored = store::members::password(tx, account, id)?;
    // Shut out, or given another password, since the hash was read.
    let member = found.filter(|_| stored.as_ref() == Some(&candidate.stored)).ok_or(AppError::NotFound)?;
    if let Some(hash) = rehashed {
        store::members::set_password(tx, account, id, hash)?;
    }
    // A browser that is known under somebody else's sign-in too gets no second name.
    let device = browser.device.clone().filter(|_| candidate.knows_device);
    sessions::begin(tx, &member, &Browser { device, ..browser.clone() })
}

/// Writes down that somebody gave a wrong password for a member's address.
pub fn refuse(tx: &mut Tx<'_>, candidate: &Candidate, browser: &Browser) -> Result<(), AppError> {
    let Some(member) = &candidate.member else { return Ok(()) };
    let deed = Deed::new(Action::SessionRefused).to(member.id).from(&browser.address);
    let deed = match candidate.session {
        Some(session) => deed.detail(format!("within {session}")),
        None => deed,
    };
    audit::note(tx, &actor(member), deed)
}

/// Gives somebody who is signed in, and has just given the present one, a new password, unless they were shut out
/// meanwhile. Other sessions end, and this one gets a new token.
pub fn change_password(
    tx: &mut Tx<'_>,
    signed_in: &SignedIn,
    candidate: &Candidate,
    password_hash: &str,
) -> Result<SessionToken, AppError> {
    let Session { account, member, id, .. } = signed_in.session;
    store::members::lock(tx, account)?;
    store::members::find(tx, account, member)?
        .filter(|it| it.disabled_at.is_none())
        .ok_or(AppError::NotFound)?;
    if store::members::password(tx, account, member)?.as_ref() != Some(&candidate.stored) {
        let message = "the password was changed at the same moment; sign in again".to_owned();
        return Err(AppError::Conflict { code: "password_changed", message });
    }
    store::members::set_password(tx, account, member, password_hash)?;
    store::links::forget_resets(tx, account, member)?;
    store::sessions::end_all(tx, account, member, Some(id))?;
    audit::note(tx, &signed_in.actor(), Deed::new(Action::PasswordChanged).to(member))?;
    sessions::confirm(tx, &signed_in.session)
}

/// Makes a link with which a member can choose a new password. Earlier ones end.
pub fn reset_link(tx: &mut Tx<'_>, actor: &Actor, id: Id<Member>) -> Result<(Link, LinkToken), AppError> {
    let member = find_to_change(tx, actor, id)?;
    if member.disabled_at.is_some() {
        let message = "the member is shut out; let them in first".to_owned();
        return Err(AppError::Conflict { code: "member_disabled", message });
    }
    let made_by = joining::maker(tx, actor, member.role)?;
    store::links::forget_resets(tx, member.account, id)?;
    let purpose = Purpose::Reset { account: member.account, member: id };
    let made = joining::make_link(tx, made_by, purpose, Some(Link::RESET_FOR))?;
    audit::note(tx, actor, Deed::new(Action::PasswordResetLink).to(id))?;
    Ok(made)
}

/// Chooses a new password with a link. Every session of the member ends, and the one that the browser is in; whoever
/// has the new password signs in with it.
pub fn reset_password(
    tx: &mut Tx<'_>,
    token: &LinkToken,
    password_hash: &str,
    browser: &Browser,
) -> Result<Member, AppError> {
    let Purpose::Reset { account, member } = joining::take(tx, token)?.purpose else {
        return Err(joining::used_up());
    };
    store::members::lock(tx, account)?;
    let found = store::members::find(tx, account, member)?.filter(|it| it.disabled_at.is_none());
    let member = found.ok_or_else(joining::used_up)?;
    store::members::set_password(tx, account, member.id, password_hash)?;
    shut_out(tx, &member)?;
    sessions::leave(tx, browser)?;
    audit::note(tx, &actor(&member), Deed::new(Action::PasswordReset).to(member.id).from(&browser.address))?;
    Ok(member)
}

/// Chore: forgets sessions that open nothing any more, links that have expired and browsers not seen for long.
pub fn forget_old(tx: &mut Tx<'_>) -> Result<(), AppError> {
    let now = tx.now();
    store::sessions::forget(tx, now.before(Session::LONGEST), now.before(Session::IDLE))?;
    store::links::forget_expired(tx, now)?;
    store::members::forget_old_devices(tx, now.before(Device::REMEMBERED_FOR))?;
    Ok(())
}
