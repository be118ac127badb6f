//! Members: who they are, what they may do, and whether they may come in.
//!
//! How somebody becomes a member stands in `joining`, passwords and signing in in `entering`. Hashing takes long and
//! needs no transaction: whoever calls hashes before or between.

mod entering;
mod joining;

use domain::{Account, Actor, Id, Invalid, Member, Permission, Role, account::check_name};
use store::Tx;

pub use entering::{
    Candidate, candidate, change_password, confirm_candidate, forget_old, refuse, reset_link, reset_password,
    sign_in,
};
#[cfg(feature = "samples")]
pub use joining::sample;
pub use joining::{
    FirstMember, Opened, accept, invitations, invite, look, set_up, set_up_link, withdraw_invitation,
};

use crate::{
    AppError,
    access::require,
    audit::{self, Action, Deed},
    sessions::SignedIn,
};

/// The account's members, oldest first, those who are shut out too.
pub fn list(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Member>, AppError> {
    require(actor, Permission::Admin)?;
    Ok(store::members::list(tx, actor.account())?)
}

/// One member.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Member>) -> Result<Member, AppError> {
    require(actor, Permission::Admin)?;
    store::members::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// How many members there are in all accounts: with none, the instance waits to be set up.
pub fn count(tx: &mut Tx<'_>) -> Result<u64, AppError> {
    Ok(store::members::count(tx)?)
}

/// The member with that address, whatever its account. Only somebody at the machine itself may ask.
pub fn find_by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<Member>, AppError> {
    let key = check_email(email)?.key;
    Ok(store::members::find_by_email(tx, &key)?.map(|(member, _)| member))
}

/// Members give themselves another name.
pub fn rename(tx: &mut Tx<'_>, signed_in: &SignedIn, name: &str) -> Result<(), AppError> {
    check_name("/name", name)?;
    let Member { account, id, .. } = signed_in.member;
    // Role and standing may have changed since the session was read.
    store::members::lock(tx, account)?;
    let found = store::members::find(tx, account, id)?.filter(|it| it.disabled_at.is_none());
    let member = Member { name: name.trim().to_owned(), ..found.ok_or(AppError::NotFound)? };
    store(tx, &member)?;
    audit::note(tx, &signed_in.actor(), Deed::new(Action::MemberChanged).to(member.id).detail("name"))
}

/// Gives a member another role. Owners are an owner's business, and the last one stays. What the member invited to
/// and may not give any more is taken back.
pub fn change_role(tx: &mut Tx<'_>, actor: &Actor, id: Id<Member>, role: Role) -> Result<Member, AppError> {
    let before = find_to_change(tx, actor, id)?;
    require(actor, needed_for(role))?;
    if before.role == role {
        return Ok(before);
    }
    if role != Role::Owner {
        another_owner_stays(tx, &before)?;
    }
    let after = Member { role, ..before.clone() };
    store(tx, &after)?;
    joining::take_back(tx, actor, &after)?;
    // Whoever made a link to a new password for the role of before may have no right to one for this.
    store::links::forget_resets(tx, after.account, id)?;
    let detail = format!("role: {} → {}", before.role.as_str(), role.as_str());
    audit::note(tx, actor, Deed::new(Action::MemberChanged).to(id).detail(detail))?;
    Ok(after)
}

/// Shuts a member out, and whomever they have invited and who has not come yet, from this moment on.
pub fn disable(tx: &mut Tx<'_>, actor: &Actor, id: Id<Member>) -> Result<Member, AppError> {
    let before = find_to_change(tx, actor, id)?;
    if matches!(actor, Actor::Member { member, .. } if *member == id) {
        let message = "you cannot shut yourself out; another admin or owner can".to_owned();
        return Err(AppError::Conflict { code: "own_member", message });
    }
    if before.disabled_at.is_some() {
        return Ok(before);
    }
    another_owner_stays(tx, &before)?;
    let after = Member { disabled_at: Some(tx.now()), ..before };
    store(tx, &after)?;
    shut_out(tx, &after)?;
    joining::take_back(tx, actor, &after)?;
    audit::note(tx, actor, Deed::new(Action::MemberDisabled).to(id))?;
    Ok(after)
}

/// Lets a member in again.
pub fn enable(tx: &mut Tx<'_>, actor: &Actor, id: Id<Member>) -> Result<Member, AppError> {
    let before = find_to_change(tx, actor, id)?;
    if before.disabled_at.is_none() {
        return Ok(before);
    }
    let after = Member { disabled_at: None, ..before };
    store(tx, &after)?;
    audit::note(tx, actor, Deed::new(Action::MemberEnabled).to(id))?;
    Ok(after)
}

/// Ends whatever opens something for the member: sessions, links, known browsers.
fn shut_out(tx: &mut Tx<'_>, member: &Member) -> Result<(), AppError> {
    store::sessions::end_all(tx, member.account, member.id, None)?;
    store::links::forget_resets(tx, member.account, member.id)?;
    Ok(store::members::forget_devices(tx, member.account, member.id)?)
}

/// The member, with all of the account held until the end of the transaction, for an actor who may change it.
fn find_to_change(tx: &mut Tx<'_>, actor: &Actor, id: Id<Member>) -> Result<Member, AppError> {
    require(actor, Permission::Admin)?;
    store::members::lock(tx, actor.account())?;
    let member = store::members::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    require(actor, needed_for(member.role))?;
    Ok(member)
}

/// What it takes to make or touch a member with that role.
fn needed_for(role: Role) -> Permission {
    match role {
        Role::Viewer | Role::Operator | Role::Admin => Permission::Admin,
        Role::Owner => Permission::Own,
    }
}

/// Fails if the account would have no owner left without this one. Its members are held.
fn another_owner_stays(tx: &mut Tx<'_>, leaving: &Member) -> Result<(), AppError> {
    let counts = |it: &Member| it.role == Role::Owner && it.disabled_at.is_none();
    if !counts(leaving) {
        return Ok(());
    }
    let members = store::members::list(tx, leaving.account)?;
    if members.iter().any(|it| counts(it) && it.id != leaving.id) {
        return Ok(());
    }
    let message = "the account's last owner stays; make somebody else an owner first".to_owned();
    Err(AppError::Conflict { code: "last_owner", message })
}

fn store(tx: &mut Tx<'_>, member: &Member) -> Result<(), AppError> {
    if store::members::update(tx, member)? { Ok(()) } else { Err(AppError::NotFound) }
}

fn check_email(text: &str) -> Result<domain::Email, Invalid> {
    domain::answers::email(text).map_err(|rejected| Invalid::field("/email", rejected.message))
}

/// What is known of a member, in the light of which a password is judged.
pub fn context(name: &str, email: &str, account: Option<&Account>) -> Vec<String> {
    let account = account.map(|account| account.name.clone());
    [name.to_owned(), email.to_owned()].into_iter().chain(account).collect()
}
