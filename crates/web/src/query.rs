//! Reading a request's query so that every wrong parameter is named, unknown ones too.
//!
//! Knows how a query is written. Must not know what any parameter is for.
//!
//! Complaints name a parameter as they name a member of a body: `/limit`. No route takes both.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use domain::Invalid;
use http::request::Parts;

use crate::{
    problem::Problem,
    read::{Complaints, FromText, pointer, unknown},
};

/// A query that is a `T`.
pub(crate) struct Query<T>(pub(crate) T);

/// What a route takes from the query.
pub(crate) trait FromQuery: Sized {
    /// Takes the parameters it knows. `None` is right only after a complaint.
    fn from_query(params: &mut Params<'_>) -> Option<Self>;
}

/// The parameters of a query while they are taken out.
pub(crate) struct Params<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    known: Vec<&'static str>,
    complaints: Complaints,
}

impl Params<'_> {
    /// A parameter that may be absent.
    pub(crate) fn optional<T: FromText>(&mut self, name: &'static str) -> Option<T> {
        self.parsed(name, T::from_text)
    }

    /// The same, read by `parse`.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        self.known.push(name);
        let mut found = self.pairs.iter().filter(|(key, _)| key == name);
        let (_, first) = found.next()?;
        if found.next().is_some() {
            self.complaints.add(Invalid::field(pointer(name), "is there twice"));
        }
        match parse(first) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.complaints.add(invalid.under(&pointer(name)));
                None
            }
        }
    }
}

/// Reads the part of a URL behind the question mark.
fn read<T: FromQuery>(query: &str) -> Result<T, Invalid> {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).collect();
    let mut params = Params { pairs, known: Vec::new(), complaints: Complaints::default() };
    let read = T::from_query(&mut params);
    for (name, _) in &params.pairs {
        if !params.known.contains(&name.as_ref()) {
            params.complaints.add(unknown(name, &params.known));
        }
    }
    params.complaints.settle(read)
}

impl<A: FromQuery, B: FromQuery> FromQuery for (A, B) {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        let (first, second) = (A::from_query(params), B::from_query(params));
        Some((first?, second?))
    }
}

impl<T: FromQuery, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(read(parts.uri.query().unwrap_or_default())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Paging;

    fn pointers(query: &str) -> Vec<String> {
        let error = read::<Paging>(query).err();
        error.into_iter().flat_map(|invalid| invalid.errors).map(|error| error.pointer).collect()
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        assert!(pointers("").is_empty());
        assert!(pointers("limit=500&after=evt_1").is_empty());
        assert_eq!(pointers("limit=0"), ["/limit"]);
        assert_eq!(pointers("limit=501"), ["/limit"]);
        assert_eq!(pointers("limit=1&limit=2"), ["/limit"]);
        assert_eq!(pointers("limit=ten&page=2"), ["/limit", "/page"]);
    }
}
