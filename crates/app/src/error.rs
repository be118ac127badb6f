//! Why a use case did not do what was asked.

use domain::{Invalid, Permission};
use store::StoreError;

/// What a caller can be told.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no such thing, or it is another account's, which is the same to whoever asks.
    #[error("there is no such thing")]
    NotFound,
    /// The key may not do this.
    #[error("this needs a key with scope {}", .0.scope().as_str())]
    ScopeMissing(Permission),
    /// Whoever asks is known, and may not do this.
    #[error("{message}")]
    Forbidden {
        /// Stable name for programs.
        code: &'static str,
        /// Why, and what would change it.
        message: String,
    },
    /// What was sent breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// What was asked does not go together with what is.
    #[error("{message}")]
    Conflict {
        /// Stable name for programs.
        code: &'static str,
        /// What is in the way, and what to do.
        message: String,
    },
    /// Too much waits already; try again shortly.
    #[error("the server is busy")]
    Busy,
    /// The store is away for the moment. What was being written may or may not be stored: repeat it with the same
    /// idempotency key.
    #[error("the store is away")]
    Unavailable(#[source] StoreError),
    /// Something failed that the caller cannot mend. The cause is for the log, not for the caller.
    #[error("the server failed")]
    Internal(#[source] StoreError),
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => AppError::Busy,
            StoreError::Unavailable(_) => AppError::Unavailable(error),
            other => AppError::Internal(other),
        }
    }
}
