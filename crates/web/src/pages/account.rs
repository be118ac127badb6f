//! Account: what belongs to whoever is signed in, and to the account they work in.

mod agents;
mod audit;
mod keys;
mod members;
mod profile;
mod sessions;
mod settings;

use app::AppError;
use axum::Router;
use domain::Invalid;

use super::{entry, failure::Failure, form::Errors, member::ByMember};
use crate::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .merge(profile::routes())
        .merge(sessions::routes())
        .merge(members::routes())
        .merge(keys::routes())
        .merge(settings::routes())
        .merge(audit::routes())
}

/// Sends whoever has not given their password for a while to do so, and then to `next`: for what opens something.
pub(crate) fn confirmed<N>(web: &Shared, by: &ByMember<N>, next: &str) -> Result<(), Failure> {
    match by.signed.session.is_confirmed(entry::now(web)) {
        true => Ok(()),
        false => Err(Failure::Confirm(next.to_owned())),
    }
}

/// What was wrong with a form; whatever else went wrong is a failure. What does not go together with what is stands
/// beside the field `pointer`.
fn errors(error: AppError, pointer: &str) -> Result<Errors, Failure> {
    match error {
        AppError::Invalid(invalid) => Ok(invalid.into()),
        AppError::Conflict { message, .. } => Ok(Invalid::field(pointer, message).into()),
        other => Err(other.into()),
    }
}
