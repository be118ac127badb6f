//! What is wrong with an input, said so that its sender can mend it.

/// One wrong place of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the request's body, e.g. `/data/email`; empty for the whole.
    pub pointer: String,
    /// What is wrong there and what would be right; a sentence without a full stop.
    pub message: String,
}

/// An input that breaks a rule. Nothing of it was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("; "))]
pub struct Invalid {
    /// Stable name of the kind of error for programs: `invalid`, `unknown_event_type`, `refused_url`, …
    pub code: &'static str,
    /// At least one wrong place.
    pub errors: Vec<FieldError>,
}

impl Invalid {
    /// The common case: one wrong field, code `invalid`.
    pub fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::coded("invalid", pointer, message)
    }

    /// One wrong field with a code of its own.
    pub fn coded(code: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, errors: vec![FieldError { pointer: pointer.into(), message: message.into() }] }
    }

    /// The same errors, seen from outside: `prefix` is put before each pointer.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        for error in &mut self.errors {
            error.pointer.insert_str(0, prefix);
        }
        self
    }

    /// Gathers the errors of several checks, so that a form shows all at once. The first code wins.
    pub fn gather(checks: impl IntoIterator<Item = Result<(), Invalid>>) -> Result<(), Invalid> {
        let mut all: Option<Invalid> = None;
        for invalid in checks.into_iter().filter_map(Result::err) {
            match &mut all {
                None => all = Some(invalid),
                Some(first) => first.errors.extend(invalid.errors),
            }
        }
        all.map_or(Ok(()), Err)
    }
}
