//! How somebody becomes a member: setting up the instance, being invited, accepting.

use domain::{
    Account, Actor, Id, Invalid, Link, LinkToken, Member, Permission, Purpose, Role, account::check_name,
};
use store::{StoreError, Tx};

use super::{check_email, needed_for};
use crate::{
    AppError,
    access::require,
    accounts,
    audit::{self, Action, Deed},
    sessions::{self, Browser, Entry, actor},
};

/// Who makes a link that opens an account to that role, as they are at this moment: who is shut out meanwhile, or may
/// give the role no more, makes none.
pub(super) fn maker(tx: &mut Tx<'_>, actor: &Actor, role: Role) -> Result<Option<Id<Member>>, AppError> {
    let Actor::Member { account, member, .. } = *actor else { return Ok(None) };
    store::members::lock(tx, account)?;
    let found = store::members::find(tx, account, member)?.filter(|it| it.disabled_at.is_none());
    let maker = found.ok_or(AppError::NotFound)?;
    require(&sessions::actor(&maker), needed_for(role))?;
    Ok(Some(maker.id))
}

/// Makes a link with its secret.
pub(super) fn make_link(
    tx: &mut Tx<'_>,
    made_by: Option<Id<Member>>,
    purpose: Purpose,
    lasts: Option<std::time::Duration>,
) -> Result<(Link, LinkToken), AppError> {
    let (now, token) = (tx.now(), LinkToken::from_bytes(&tx.random_bytes()));
    let expires_at = lasts.map(|lasts| now + lasts);
    let link = Link { id: tx.new_id(), purpose, made_by, created_at: now, expires_at };
    store::links::insert(tx, &link, &token.hash())?;
    Ok((link, token))
}

/// Uses a link up that is still good and for that purpose.
pub(super) fn take(tx: &mut Tx<'_>, token: &LinkToken) -> Result<Link, AppError> {
    let now = tx.now();
    store::links::take(tx, &token.hash())?.filter(|link| link.is_open(now)).ok_or_else(used_up)
}

/// What is said of a link that does not work, whatever the reason.
pub(super) fn used_up() -> AppError {
    let message = "this link has been used or has expired; ask for another one".to_owned();
    AppError::Conflict { code: "link_used_up", message }
}

/// A link that sets up the instance, while nobody can sign in. Each start of the server makes one; whoever uses one
/// makes all others useless.
pub fn set_up_link(tx: &mut Tx<'_>) -> Result<Option<LinkToken>, AppError> {
    match store::members::count(tx)? {
        0 => make_link(tx, None, Purpose::SetUp, None).map(|(_, token)| Some(token)),
        _ => Ok(None),
    }
}

/// What a link that still works is for, to be shown before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Setting up the instance; these accounts are there already.
    SetUp(Vec<Account>),
    /// Joining this account under this address.
    Invitation(Account, String, Role),
    /// Choosing a new password.
    Reset(Account, Member),
}

/// Looks what a link is for, without using it up.
pub fn look(tx: &mut Tx<'_>, token: &LinkToken) -> Result<Opened, AppError> {
    let now = tx.now();
    let found = store::links::find(tx, &token.hash())?.filter(|link| link.is_open(now));
    let account = |tx: &mut Tx<'_>, id| store::accounts::find(tx, id)?.ok_or_else(used_up);
    match found.ok_or_else(used_up)?.purpose {
        Purpose::SetUp if store::members::count(tx)? > 0 => Err(used_up()),
        Purpose::SetUp => Ok(Opened::SetUp(accounts::all(tx)?)),
        Purpose::Invitation { account: id, email, role } => {
            Ok(Opened::Invitation(account(tx, id)?, email, role))
        }
        Purpose::Reset { account: id, member } => {
            let member = store::members::find(tx, id, member)?.filter(|it| it.disabled_at.is_none());
            Ok(Opened::Reset(account(tx, id)?, member.ok_or_else(used_up)?))
        }
    }
}

/// Who sets up the instance.
#[derive(Clone, Debug, Default)]
pub struct FirstMember {
    /// What others see.
    pub name: String,
    /// What is signed in with.
    pub email: String,
    /// What the account is to be called, or which of several is meant, by name or id.
    pub account: String,
}

/// Makes the first member, an owner: of the only account, of the one that is named, or of a new one if there is none.
pub fn set_up(
    tx: &mut Tx<'_>,
    token: &LinkToken,
    first: &FirstMember,
    password_hash: &str,
    browser: &Browser,
) -> Result<Entry, AppError> {
    // Held so that of two who set up at once one comes first.
    store::accounts::lock(tx)?;
    if take(tx, token)?.purpose != Purpose::SetUp || store::members::count(tx)? > 0 {
        return Err(used_up());
    }
    let person = Person { name: &first.name, email: &first.email, role: Role::Owner, password_hash };
    let account = match accounts::all(tx)?.as_slice() {
        [] => {
            let named = check_name("/account", &first.account);
            Invalid::gather([
                named.map_err(|_| Invalid::field("/account", "must have a name")),
                person.check(),
            ])?;
            accounts::create(tx, &first.account)?
        }
        [only] => only.clone(),
        _ => accounts::resolve(tx, Some(&first.account), false)?,
    };
    let member = insert(tx, account.id, &person)?;
    store::links::forget_set_up(tx)?;
    let deed = Deed::new(Action::MemberSetUp).to(member.id).from(&browser.address);
    audit::note(tx, &actor(&member), deed)?;
    sessions::begin(tx, &member, browser)
}

/// Makes a link with which the holder of the address can join. An earlier one for the same address ends.
pub fn invite(
    tx: &mut Tx<'_>,
    actor: &Actor,
    email: &str,
    role: Role,
) -> Result<(Link, LinkToken), AppError> {
    require(actor, Permission::Admin)?;
    require(actor, needed_for(role))?;
    let made_by = maker(tx, actor, role)?;
    let email = check_email(email)?;
    if store::members::find_by_email(tx, &email.key)?.is_some() {
        return Err(taken());
    }
    let account = actor.account();
    for link in store::links::invitations(tx, account)? {
        let same = matches!(&link.purpose, Purpose::Invitation { email: before, .. }
            if check_email(before).is_ok_and(|before| before.key == email.key));
        if same {
            store::links::withdraw(tx, account, link.id)?;
        }
    }
    let detail = format!("{} as {}", email.address, role.as_str());
    let purpose = Purpose::Invitation { account, email: email.address, role };
    let (link, token) = make_link(tx, made_by, purpose, Some(Link::INVITED_FOR))?;
    audit::note(tx, actor, Deed::new(Action::MemberInvited).to(link.id).detail(detail))?;
    Ok((link, token))
}

/// Who was invited and may still come, newest first.
pub fn invitations(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Link>, AppError> {
    require(actor, Permission::Admin)?;
    let now = tx.now();
    let mut links = store::links::invitations(tx, actor.account())?;
    links.retain(|link| link.is_open(now));
    Ok(links)
}

/// Takes an invitation back; an owner's only an owner may.
pub fn withdraw_invitation(tx: &mut Tx<'_>, actor: &Actor, id: Id<Link>) -> Result<(), AppError> {
    require(actor, Permission::Admin)?;
    let account = actor.account();
    let found = store::links::invitations(tx, account)?.into_iter().find(|link| link.id == id);
    if let Some(Purpose::Invitation { role, .. }) = found.map(|link| link.purpose) {
        require(actor, needed_for(role))?;
    }
    if !store::links::withdraw(tx, account, id)? {
        return Err(AppError::NotFound);
    }
    audit::note(tx, actor, Deed::new(Action::InvitationWithdrawn).to(id))
}

/// Takes back the links of a member who was shut out, or has another role now, that open more than the member may give:
/// who kept the text of one would come back by it.
pub(super) fn take_back(tx: &mut Tx<'_>, actor: &Actor, maker: &Member) -> Result<(), AppError> {
    let gives = |role: Role| maker.disabled_at.is_none() && maker.role.allows(needed_for(role));
    for link in store::links::made_by(tx, maker.account, maker.id)? {
        let opens = match link.purpose {
            Purpose::SetUp => None,
            Purpose::Invitation { role, .. } => Some(role),
            Purpose::Reset { account, member } => {
                store::members::find(tx, account, member)?.map(|member| member.role)
            }
        };
        let invites = matches!(link.purpose, Purpose::Invitation { .. });
        if !opens.is_some_and(gives) && store::links::end(tx, maker.account, link.id)? && invites {
            audit::note(tx, actor, Deed::new(Action::InvitationWithdrawn).to(link.id))?;
        }
    }
    Ok(())
}

/// Joins the account of an invitation.
pub fn accept(
    tx: &mut Tx<'_>,
    token: &LinkToken,
    name: &str,
    password_hash: &str,
    browser: &Browser,
) -> Result<Entry, AppError> {
    let Purpose::Invitation { account, email, role } = take(tx, token)?.purpose else {
        return Err(used_up());
    };
    let member = insert(tx, account, &Person { name, email: &email, role, password_hash })?;
    let deed = Deed::new(Action::MemberJoined).to(member.id).from(&browser.address);
    audit::note(tx, &actor(&member), deed.detail(format!("as {}", role.as_str())))?;
    sessions::begin(tx, &member, browser)
}

struct Person<'a> {
    name: &'a str,
    email: &'a str,
    role: Role,
    password_hash: &'a str,
}

impl Person<'_> {
    fn check(&self) -> Result<(), Invalid> {
        Invalid::gather([check_name("/name", self.name), check_email(self.email).map(drop)])
    }
}

fn insert(tx: &mut Tx<'_>, account: Id<Account>, person: &Person<'_>) -> Result<Member, AppError> {
    person.check()?;
    let email = check_email(person.email)?;
    let member = Member {
        id: tx.new_id(),
        account,
        email: email.address,
        name: person.name.trim().to_owned(),
        role: person.role,
        created_at: tx.now(),
        disabled_at: None,
    };
    match store::members::insert(tx, &member, &email.key, person.password_hash) {
        Err(StoreError::Conflict { .. }) => Err(taken()),
        inserted => Ok(inserted.map(|()| member)?),
    }
}

/// For tests of the floors above: a member of that role whose password nobody knows, signed in.
#[cfg(feature = "samples")]
pub fn sample(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    role: Role,
) -> Result<(Member, domain::SessionToken), AppError> {
    let email = format!("{}-{}@example.com", role.as_str(), tx.new_id::<Member>());
    let name = format!("Sam {}", role.as_str());
    let member = insert(tx, account, &Person { name: &name, email: &email, role, password_hash: "" })?;
    let entry = sessions::begin(tx, &member, &Browser::default())?;
    Ok((member, entry.token))
}

fn taken() -> AppError {
    let message = "somebody signs in with this address already; an address belongs to one member".to_owned();
    AppError::Conflict { code: "email_taken", message }
}
