//! A contact is put right by an operator, by the rules under which it was captured. Webhooks are not told: they are told
//! what visitors say.

use domain::{Actor, Contact, Fields, Id, Permission, flow::Value};
use store::{StoreError, Tx};

use crate::{
    AppError,
    access::require,
    audit::{self, Deed},
    conversations::inbound::{check_custom, normal},
};

/// What a contact is to be. What is None or not named is not known any more.
#[derive(Clone, Debug, Default)]
pub struct Correction {
    /// Name, e-mail and phone. A number is given with `+` and the country.
    pub fields: Fields,
    /// What else is known.
    pub custom: Vec<(String, Value)>,
}

/// Puts a contact right.
pub fn correct(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Contact>,
    correction: &Correction,
) -> Result<Contact, AppError> {
    require(actor, Permission::Converse)?;
    check_custom(&correction.custom)?;
    let fields = normal(&correction.fields, None)?;
    let found = store::contacts::find_to_change(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    let value = |it: &Value| serde_json::to_value(it).unwrap_or_default();
    let custom = correction.custom.iter().map(|(name, it)| (name.clone(), value(it))).collect();
    let changed = Contact { fields, custom, ..found };
    match store::contacts::update(tx, &changed) {
        Err(StoreError::Conflict { .. }) => {
            let message = "is the address of another contact; merge the two instead";
            return Err(domain::Invalid::field("/email", message).into());
        }
        result => result?,
    };
    audit::note(tx, actor, Deed::new("contact.changed").to(id))?;
    Ok(changed)
}
