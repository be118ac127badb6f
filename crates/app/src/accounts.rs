//! Accounts and API keys.

use std::time::Duration;

use domain::{Account, Actor, ApiKey, ApiKeyText, Id, Invalid, Permission, Scope, account::check_name};
use store::Tx;

use crate::{
    AppError,
    access::require,
    audit::{self, Action, Deed},
    departments,
};

/// Makes an account. Only somebody at the machine itself gets here.
pub fn create(tx: &mut Tx<'_>, name: &str) -> Result<Account, AppError> {
    check_name("/name", name)?;
    let account =
        Account { id: tx.new_id(), name: name.to_owned(), time_zone: "UTC".to_owned(), created_at: tx.now() };
    store::accounts::insert(tx, &account)?;
    departments::make_built_in(tx, account.id)?;
    Ok(account)
}

/// All accounts, oldest first.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Account>, AppError> {
    Ok(store::accounts::list(tx)?)
}

/// The account meant on a command line: the one named by id or name, or the only one there is. With `create`, an
/// empty store gets its first.
pub fn resolve(tx: &mut Tx<'_>, named: Option<&str>, create_first: bool) -> Result<Account, AppError> {
    let accounts = all(tx)?;
    let listed = || {
        accounts
            .iter()
            .map(|account| format!("{} ({})", account.id, account.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let problem = match named {
        Some(named) => {
            let meant = |it: &&Account| it.id.to_string() == named || it.name == named;
            let mut found = accounts.iter().filter(meant);
            match (found.next(), found.next()) {
                (Some(account), None) => return Ok(account.clone()),
                (None, _) => format!("there is no account {named:?}; there are: {}", listed()),
                (Some(_), Some(_)) => {
                    format!("several accounts are called {named:?}; name one by id: {}", listed())
                }
            }
        }
        None => match accounts.as_slice() {
            [only] => return Ok(only.clone()),
            [] if create_first => return first(tx),
            [] => {
                "the store has no account yet; make one with: leadpost account create --name NAME".to_owned()
            }
            _ => format!("say which account with --account; there are: {}", listed()),
        },
    };
    Err(Invalid::field("/account", problem).into())
}

/// The first account of a store that was found empty, which somebody else may have made at the same moment.
fn first(tx: &mut Tx<'_>) -> Result<Account, AppError> {
    store::accounts::lock(tx)?;
    match all(tx)?.into_iter().next() {
        Some(account) => Ok(account),
        None => create(tx, "Default"),
    }
}

/// Changes name and time zone.
pub fn update(tx: &mut Tx<'_>, actor: &Actor, name: &str, time_zone: &str) -> Result<Account, AppError> {
    require(actor, Permission::Admin)?;
    let before = store::accounts::find(tx, actor.account())?.ok_or(AppError::NotFound)?;
    let after =
        Account { name: name.trim().to_owned(), time_zone: time_zone.trim().to_owned(), ..before.clone() };
    after.check()?;
    if after == before {
        return Ok(after);
    }
    store::accounts::update(tx, &after)?;
    let named = (after.name != before.name).then_some("name");
    let zoned = (after.time_zone != before.time_zone).then_some("time zone");
    let detail = named.into_iter().chain(zoned).collect::<Vec<_>>().join(", ");
    audit::note(tx, actor, Deed::new(Action::AccountChanged).to(after.id).detail(detail))?;
    Ok(after)
}

/// Makes an API key, which opens until it is revoked, or for so long. Its text is in the answer and never again.
pub fn create_key(
    tx: &mut Tx<'_>,
    actor: &Actor,
    name: &str,
    scope: Scope,
    lasts: Option<Duration>,
) -> Result<(ApiKey, ApiKeyText), AppError> {
    require(actor, Permission::Admin)?;
    check_name("/name", name)?;
    let text = ApiKeyText::from_bytes(&tx.random_bytes());
    let now = tx.now();
    let key = ApiKey {
        id: tx.new_id(),
        account: actor.account(),
        name: name.to_owned(),
        scope,
        created_at: now,
        expires_at: lasts.map(|lasts| now + lasts),
        used_at: None,
        revoked_at: None,
    };
    store::accounts::insert_key(tx, &key, &text.hash())?;
    let detail = format!("{name:?}, scope {}", scope.as_str());
    audit::note(tx, actor, Deed::new(Action::KeyCreated).to(key.id).detail(detail))?;
    Ok((key, text))
}

/// The account's keys, oldest first, revoked ones too.
pub fn keys(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<ApiKey>, AppError> {
    require(actor, Permission::Admin)?;
    Ok(store::accounts::list_keys(tx, actor.account())?)
}

/// Makes a key open nothing from now on.
pub fn revoke_key(tx: &mut Tx<'_>, actor: &Actor, id: Id<ApiKey>) -> Result<(), AppError> {
    require(actor, Permission::Admin)?;
    let now = tx.now();
    if !store::accounts::revoke_key(tx, actor.account(), id, now)? {
        return Err(AppError::NotFound);
    }
    audit::note(tx, actor, Deed::new(Action::KeyRevoked).to(id))
}

/// The key whose text this is; None if it is unknown, revoked or expired.
pub fn authenticate(tx: &mut Tx<'_>, text: &ApiKeyText) -> Result<Option<ApiKey>, AppError> {
    let now = tx.now();
    Ok(store::accounts::find_key(tx, &text.hash())?.filter(|key| key.is_open(now)))
}

/// Whom the key of that hash stands for, for whoever has asked before and keeps listening; None if it opens nothing
/// any more.
pub fn still(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Actor>, AppError> {
    let now = tx.now();
    Ok(store::accounts::find_key(tx, hash)?.filter(|key| key.is_open(now)).as_ref().map(actor))
}

/// Whom a key stands for.
pub fn actor(key: &ApiKey) -> Actor {
    Actor::Key { account: key.account, key: key.id, scope: key.scope }
}

/// Notes that a key was used, to within a minute.
pub fn use_key(tx: &mut Tx<'_>, key: &ApiKey) -> Result<(), AppError> {
    let now = tx.now();
    let known = now.before(ApiKey::USE_NOTED_EVERY);
    Ok(store::accounts::use_key(tx, key.account, key.id, now, known)?)
}
