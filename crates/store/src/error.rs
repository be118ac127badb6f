//! What can go wrong with a store.

/// Why a store did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// More work waits than the store takes on; try again shortly.
    #[error("the store is busy")]
    Busy,
    /// A unique key has that value already.
    #[error("{constraint} is taken")]
    Conflict {
        /// `<table>_<columns>_key`, or `<table>_pkey` for a primary key; on both engines.
        constraint: String,
    },
    /// A stored value is not one that this program can have written.
    #[error("column {column} of {statement} holds a value that makes no sense")]
    Corrupt {
        /// The statement that read it.
        statement: &'static str,
        /// Counts from 1.
        column: usize,
    },
    /// The database did not answer, or answered with an error. What was being written may or may not be stored.
    #[error("the store failed: {0}")]
    Unavailable(String),
    /// The store cannot be opened; says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// A fault in the program: the work panicked and left nothing behind.
    #[error("the work on the store panicked")]
    Panicked,
}
