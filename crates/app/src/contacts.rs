//! Contacts: looked at, merged, exported and erased. How they are captured stands with conversations.

use domain::{
    Actor, Contact, Id, Permission,
    search::{self, Needle},
};
use store::{
    Tx,
    contacts::{Beginning, ContactFilter},
};

use crate::{
    AppError, Page, PageRequest,
    access::require,
    audit::{self, Action, Deed},
};

mod correcting;
mod erasing;

pub use correcting::{Correction, correct};
pub use erasing::{Receipt, erase, receipt, would_erase};

/// Which contacts to list; None means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With this e-mail address, in whatever spelling.
    pub email: Option<String>,
    /// With this phone number in E.164. Goes behind the address.
    pub phone: Option<String>,
}

/// The account's contacts, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    filter: &Filter,
    page: PageRequest<Contact>,
) -> Result<Page<Contact, Contact>, AppError> {
    require(actor, Permission::People)?;
    let account = actor.account();
    let filter = match filter {
        Filter { email: Some(email), .. } => ContactFilter::EmailKey(search::email_key(email)),
        Filter { phone: Some(phone), .. } => ContactFilter::Phone(phone.clone()),
        Filter { .. } => ContactFilter::All,
    };
    page.fill(|before, limit| Ok(store::contacts::list(tx, account, &filter, before, limit)?), |it| it.id)
}

/// So many contacts that begin alike are read at once.
const FEW: u32 = 1_000;

/// The contacts whose address or number begins with what looks like the beginning of one, newest first. None if it looks
/// like neither, or if so many begin like it that looking for them from the newest on is quicker.
pub fn beginning(
    tx: &mut Tx<'_>,
    actor: &Actor,
    text: &Needle,
    page: PageRequest<Contact>,
) -> Result<Option<Page<Contact, Contact>>, AppError> {
    require(actor, Permission::People)?;
    let Some(beginning) = beginning_of(text) else {
        return Ok(None);
    };
    let mut found = store::contacts::beginning(tx, actor.account(), &beginning, FEW + 1)?;
    if found.len() > FEW as usize {
        return Ok(None);
    }
    found.sort_by_key(|contact| std::cmp::Reverse(contact.id));
    let page = page.fill(
        |before, limit| {
            let older = found.into_iter().filter(|contact| contact.id < before);
            Ok::<_, AppError>(older.take(limit as usize).collect())
        },
        |it| it.id,
    )?;
    Ok(Some(page))
}

fn beginning_of(text: &Needle) -> Option<Beginning> {
    let typed = text.as_str();
    if typed.starts_with('+') {
        return text.digits().map(|digits| Beginning::Phone(format!("+{digits}")));
    }
    // The domain of a key is in its ASCII form, in which the beginning of a name is not that of the whole.
    let whole = search::email_key(typed);
    let domain = typed.split_once('@')?.1;
    Some(Beginning::EmailKey(if domain.is_ascii() { typed.to_owned() } else { whole }))
}

/// Whether a search for `text` finds the contact: it begins words of the name or the address, or is a part of the number.
pub fn matches(contact: &Contact, text: &Needle) -> bool {
    let fields = &contact.fields;
    let number =
        || text.digits().zip(fields.phone.as_deref()).is_some_and(|(digits, phone)| phone.contains(&digits));
    let address = || fields.email_key().is_some_and(|key| text.begins(&key));
    let typed = || fields.email.as_deref().is_some_and(|email| text.begins(email));
    fields.name.as_deref().is_some_and(|name| text.begins_words_of(name)) || address() || typed() || number()
}

/// Records that contacts are about to leave as a file, and which.
pub fn export_begins(tx: &mut Tx<'_>, actor: &Actor, what: &str) -> Result<(), AppError> {
    require(actor, Permission::People)?;
    audit::note(tx, actor, Deed::new(Action::ContactExported).detail(what))
}

/// One contact.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Contact>) -> Result<Contact, AppError> {
    require(actor, Permission::People)?;
    store::contacts::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// How many contacts there are; `most` if there are more.
pub fn count(tx: &mut Tx<'_>, actor: &Actor, most: u32) -> Result<u32, AppError> {
    require(actor, Permission::People)?;
    Ok(store::contacts::count(tx, actor.account(), most)?)
}

/// Makes two contacts one: what `into` does not know it learns from `from`, gets its conversations, and `from` is
/// gone.
pub fn merge(
    tx: &mut Tx<'_>,
    actor: &Actor,
    into: Id<Contact>,
    from: Id<Contact>,
) -> Result<Contact, AppError> {
    require(actor, Permission::Converse)?;
    if into == from {
        let message = "a contact cannot be merged with itself; name another".to_owned();
        return Err(AppError::Conflict { code: "same_contact", message });
    }
    let account = actor.account();
    // Always in the same order, so that two merges of the same pair do not wait for each other.
    let (first, second) = (into.min(from), into.max(from));
    let first = store::contacts::find_to_change(tx, account, first)?.ok_or(AppError::NotFound)?;
    let second = store::contacts::find_to_change(tx, account, second)?.ok_or(AppError::NotFound)?;
    let (kept, gone) = if first.id == into { (first, second) } else { (second, first) };
    store::contacts::take_conversations(tx, account, gone.id, kept.id)?;
    store::contacts::delete(tx, account, gone.id)?;
    let kept = merged(kept, &gone);
    store::contacts::update(tx, &kept)?;
    audit::note(tx, actor, Deed::new(Action::ContactMerged).to(into).detail(format!("with {from}")))?;
    Ok(kept)
}

/// What becomes of `kept` when `gone` goes into it.
pub fn merged(mut kept: Contact, gone: &Contact) -> Contact {
    kept.fields = kept.fields.or(&gone.fields);
    for (name, value) in gone.custom.clone() {
        kept.custom.entry(name).or_insert(value);
    }
    kept.consent = kept.consent.or(gone.consent.clone());
    kept.duplicate_of = kept.duplicate_of.or(gone.duplicate_of).filter(|it| *it != kept.id && *it != gone.id);
    kept.created_at = kept.created_at.min(gone.created_at);
    kept.seen_at = kept.seen_at.max(gone.seen_at);
    kept
}
