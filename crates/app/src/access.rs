//! Who may do what: the first line of every use case.

use domain::{Actor, Permission};

use crate::AppError;

/// Fails unless `actor` has `permission`.
pub fn require(actor: &Actor, permission: Permission) -> Result<(), AppError> {
    match actor {
        _ if actor.may(permission) => Ok(()),
        Actor::Member { .. } => {
            let message =
                format!("this needs the role {}; ask an owner or an admin", permission.role().as_str());
            Err(AppError::Forbidden { code: "role_missing", message })
        }
        _ => Err(AppError::ScopeMissing(permission)),
    }
}
