//! Reading the ledger.

use domain::{Actor, Ledger, Permission};
use store::Tx;

use crate::{AppError, access::require};

/// The account's ledger, counted from raw rows now.
pub fn read(tx: &mut Tx<'_>, actor: &Actor) -> Result<Ledger, AppError> {
    require(actor, Permission::Read)?;
    Ok(store::ledger::count(tx, actor.account())?)
}
