//! A contact is put right by an operator, by the rules under which it was captured. Webhooks are not told: they are told
//! what visitors say.

use domain::{Actor, Contact, Fields, Id, Invalid, Permission, flow::Value};
use store::{StoreError, Tx};

use crate::{
    AppError,
    access::require,
    audit::{self, Action, Deed},
    conversations::inbound::{check_custom, normal},
};

/// What a contact is to be.
#[derive(Clone, Debug, Default)]
pub struct Correction {
    /// Name, e-mail and phone; what is None is not known any more. A number is given with `+` and the country.
    pub fields: Fields,
    /// Other fields, by name; None removes one. What is not named, such as what was captured meanwhile, stays.
    pub custom: Vec<(String, Option<Value>)>,
}

/// Puts a contact right.
pub fn correct(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Contact>,
    correction: &Correction,
) -> Result<Contact, AppError> {
    require(actor, Permission::Converse)?;
    let given = correction.custom.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    let (custom, fields) = (check_custom(&given.collect::<Vec<_>>()), normal(&correction.fields, None));
    Invalid::gather([fields.as_ref().map(drop).map_err(Clone::clone), custom])?;
    let fields = fields?;
    let found = store::contacts::find_to_change(tx, actor.account(), id)?.ok_or(AppError::NotFound)?;
    let mut custom = found.custom.clone();
    for (name, value) in &correction.custom {
        match value {
            Some(value) => custom.insert(name.clone(), serde_json::to_value(value).unwrap_or_default()),
            None => custom.remove(name),
        };
    }
    let changed = Contact { fields, custom, ..found };
    match store::contacts::update(tx, &changed) {
        Err(StoreError::Conflict { .. }) => {
            let message = "is the address of another contact; merge the two instead";
            return Err(Invalid::field("/email", message).into());
        }
        result => result?,
    };
    audit::note(tx, actor, Deed::new(Action::ContactChanged).to(id))?;
    Ok(changed)
}
