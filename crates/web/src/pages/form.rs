//! What people fill in, and what was wrong with it.

use std::convert::Infallible;

use app::AppError;
use axum::extract::{FromRequest, FromRequestParts, Request};
use domain::{FieldError, Id, Invalid, Noun};
use http::{StatusCode, header, request::Parts};
use url::form_urlencoded;

use super::failure::Failure;
use crate::{Shared, extract::receive, problem::Problem};

/// A submitted form: names and values in the order of the page. Also the query of a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The most bytes of a form: a flow is the largest thing that people send.
    const LIMIT: usize = 1024 * 1024;

    /// Reads `name=value&…`.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Filled in with these.
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// The first value of that name, with CR LF as LF, or nothing.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The value, trimmed; None if it is empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|value| !value.is_empty())
    }

    /// All values of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box of that name with that value is ticked.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|it| it == value)
    }

    /// Whether there was a field of that name.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// A whole number; nothing filled in is None.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Invalid> {
        let wrong = |_| Invalid::field(format!("/{name}"), "must be a whole number");
        self.filled(name).map(|text| text.parse().map_err(wrong)).transpose()
    }

    /// What is chosen, if anything is: something that `known` makes sense of.
    pub(crate) fn chosen<T>(
        &self,
        name: &str,
        known: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Invalid> {
        let wrong = || Invalid::field(format!("/{name}"), "what was asked for is not among these");
        self.filled(name).map(|text| known(text).ok_or_else(wrong)).transpose()
    }

    /// Behind what a list goes on, if it is not to begin at its beginning.
    pub(crate) fn after<T: Noun>(&self) -> Result<Option<Id<T>>, Invalid> {
        let wrong = |_| Invalid::field("/after", "there is no such place in this list");
        self.filled("after").map(str::parse).transpose().map_err(wrong)
    }
}

/// What stands behind the `?` of a page's address. A page ignores names that it does not know, and no value that makes no
/// sense: whoever asked for some of a list is not to take all of it, or nothing, for an answer.
pub(crate) struct Query(pub(crate) Form);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Form::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

impl FromRequest<Shared> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, web: &Shared) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        if !kind.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded")) {
            let detail = "a form must come as application/x-www-form-urlencoded";
            return Err(
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail).into()
            );
        }
        let bytes = receive(request, Self::LIMIT, web.settings.body_timeout).await?;
        let Self(mut pairs) = Self::parse(&bytes);
        // Browsers send CR LF (the HTML standard, 4.10.21.8), and nobody means the CR.
        pairs.iter_mut().for_each(|(_, value)| *value = value.replace("\r\n", "\n"));
        Ok(Self(pairs))
    }
}

/// A form while it is read. What cannot be read is kept as a complaint and a stand-in takes its place, so that rules are
/// asked about everything else in the same round: whoever filled it in sees at once all that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Reading(Result<(), Invalid>);

impl Reading {
    pub(crate) const fn new() -> Self {
        Self(Ok(()))
    }

    /// What was read; after a complaint the stand-in, which is to break no rule.
    pub(crate) fn or<T>(&mut self, read: Result<T, Invalid>, stand_in: T) -> T {
        read.unwrap_or_else(|wrong| {
            self.0 = Invalid::gather([self.0.clone(), Err(wrong)]);
            stand_in
        })
    }

    /// What could not be read.
    pub(crate) fn complaints(&self) -> Result<(), Invalid> {
        self.0.clone()
    }

    /// What came of what was read, if all of it could be read; else all that is wrong. With this a transaction ends, so
    /// that nothing is kept of what was done with stand-ins.
    pub(crate) fn settle<T>(&self, done: Result<T, AppError>) -> Result<T, AppError> {
        let broken = match done {
            Ok(done) => return Ok(self.complaints().map(|()| done)?),
            Err(AppError::Invalid(broken)) => broken,
            Err(other) => return Err(other),
        };
        Err(Invalid::gather([self.complaints(), Err(broken.clone())]).err().unwrap_or(broken).into())
    }
}

/// What was wrong with a form, to be shown beside its fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors(Vec<FieldError>);

impl Errors {
    /// What is wrong with the field of that pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&str> {
        self.0.iter().find(|error| error.pointer == pointer).map(|error| error.message.as_str())
    }

    /// What is wrong with anything below that pointer.
    pub(crate) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a FieldError> {
        self.0.iter().filter(move |error| error.pointer.starts_with(prefix))
    }

    /// What is wrong with no field of the form: everything but the named ones.
    pub(crate) fn besides<'a>(&'a self, fields: &'a [&'a str]) -> impl Iterator<Item = &'a FieldError> {
        self.0.iter().filter(move |error| !fields.iter().any(|field| error.pointer.starts_with(field)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Reading> for Errors {
    fn from(reading: Reading) -> Self {
        reading.0.err().map(Self::from).unwrap_or_default()
    }
}

impl From<Invalid> for Errors {
    fn from(invalid: Invalid) -> Self {
        Self(invalid.errors)
    }
}

#[cfg(test)]
mod tests;
