//! Who may do what: the first line of every use case.

use domain::{Actor, Permission};

use crate::AppError;

/// Fails unless `actor` has `permission`.
pub fn require(actor: &Actor, permission: Permission) -> Result<(), AppError> {
    if actor.may(permission) { Ok(()) } else { Err(AppError::ScopeMissing(permission)) }
}
