//! Canned texts: whoever answers chats uses them, whoever manages the account changes them.

use domain::{Actor, CannedText, Id, Permission, canned};
use store::{StoreError, Tx};

use crate::{
    AppError,
    access::require,
    audit::{self, Action, Deed},
};

/// The most texts of an account: all of them are on the operators' page.
const MOST: u32 = 500;

/// The account's texts, by their titles.
pub fn list(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<CannedText>, AppError> {
    require(actor, Permission::Converse)?;
    Ok(store::canned_texts::list(tx, actor.account(), MOST)?)
}

/// One of them.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<CannedText>) -> Result<CannedText, AppError> {
    require(actor, Permission::Converse)?;
    store::canned_texts::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// Adds one.
pub fn create(tx: &mut Tx<'_>, actor: &Actor, title: &str, text: &str) -> Result<CannedText, AppError> {
    require(actor, Permission::Manage)?;
    let account = actor.account();
    let (title, text) = canned::check(title, text)?;
    if store::canned_texts::list(tx, account, MOST)?.len() >= MOST as usize {
        let message = format!("there are {MOST} canned texts already; delete one first");
        return Err(AppError::Conflict { code: "too_many_canned_texts", message });
    }
    let made = CannedText { id: tx.new_id(), account, title, text, created_at: tx.now() };
    if !store::canned_texts::insert(tx, &made)? {
        return Err(taken());
    }
    audit::note(tx, actor, Deed::new(Action::CannedTextCreated).to(made.id).detail(&made.title))?;
    Ok(made)
}

/// Changes title and text.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<CannedText>,
    title: &str,
    text: &str,
) -> Result<CannedText, AppError> {
    require(actor, Permission::Manage)?;
    let (title, text) = canned::check(title, text)?;
    let found = store::canned_texts::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    let changed = CannedText { title, text, ..found };
    match store::canned_texts::update(tx, &changed) {
        Err(StoreError::Conflict { .. }) => return Err(taken()),
        result => result?,
    };
    audit::note(tx, actor, Deed::new(Action::CannedTextChanged).to(id).detail(&changed.title))?;
    Ok(changed)
}

/// Deletes one. What was written with it stays written.
pub fn delete(tx: &mut Tx<'_>, actor: &Actor, id: Id<CannedText>) -> Result<(), AppError> {
    require(actor, Permission::Manage)?;
    let found = store::canned_texts::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    store::canned_texts::delete(tx, actor.account(), id)?;
    audit::note(tx, actor, Deed::new(Action::CannedTextDeleted).to(id).detail(&found.title))
}

fn taken() -> AppError {
    domain::Invalid::field("/title", "is the title of another text already; choose another").into()
}
