//! Lists: `?limit=` and `?after=` coming in, `{"items":[…],"next":…}` going out.
//!
//! Must not know what is listed.

use app::{Page, PageRequest};
use domain::{Id, Invalid, Noun};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    query::{FromQuery, Params},
    read::FromText,
};

const DEFAULT_LIMIT: u32 = PageRequest::<()>::DEFAULT;
const MAX_LIMIT: u32 = PageRequest::<()>::MAX;

/// Which part of a list is wanted.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many items at most.
    #[param(required = false, default = 50, minimum = 1, maximum = 500)]
    limit: u32,
    /// The `next` of the page before.
    after: Option<String>,
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The items, newest first where they have an age.
    items: Vec<T>,
    /// Pass it as `after` to get the next page; null on the last one.
    #[schema(required = true)]
    next: Option<String>,
}

impl FromQuery for Paging {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        let limit = params.parsed("limit", limit);
        let after = params.optional("after");
        Some(Self { limit: limit.unwrap_or(DEFAULT_LIMIT), after })
    }
}

fn limit(text: &str) -> Result<u32, Invalid> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| Invalid::field("", format!("must be a whole number from 1 to {MAX_LIMIT}")))
}

impl Paging {
    /// The page wanted of a list of `T`s from the store.
    pub(crate) fn request<T: Noun>(&self) -> Result<PageRequest<T>, Invalid> {
        let after = self.after.as_deref().map(Id::from_text).transpose();
        Ok(PageRequest { after: after.map_err(|invalid| invalid.under("/after"))?, limit: self.limit })
    }

    /// The page wanted of a short list that is whole in memory; `name` is what a cursor names an item by.
    pub(crate) fn cut<T>(self, all: Vec<T>, name: impl Fn(&T) -> &str) -> Result<List<T>, Invalid> {
        let start = match &self.after {
            None => 0,
            Some(after) => 1 + all.iter().position(|item| name(item) == after).ok_or_else(unknown_cursor)?,
        };
        let more = all.len() > start + self.limit as usize;
        let items: Vec<T> = all.into_iter().skip(start).take(self.limit as usize).collect();
        let next = items.last().filter(|_| more).map(|last| name(last).to_owned());
        Ok(List { items, next })
    }
}

fn unknown_cursor() -> Invalid {
    Invalid::field("/after", "is not the next of a page of this list")
}

impl<V> List<V> {
    /// The page with each item as it is shown.
    pub(crate) fn of<I, T: Noun>(page: Page<I, T>, show: impl Fn(I) -> V) -> Self {
        Self {
            items: page.items.into_iter().map(show).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_list_is_paged_to_its_end() {
        let all = || vec!["a", "b", "c"];
        let page = |limit, after: Option<&str>| {
            Paging { limit, after: after.map(str::to_owned) }
                .cut(all(), |item| item)
                .map(|list| (list.items, list.next))
        };
        assert_eq!(page(2, None), Ok((vec!["a", "b"], Some("b".into()))));
        assert_eq!(page(2, Some("b")), Ok((vec!["c"], None)));
        assert_eq!(page(3, None), Ok((all(), None)));
        assert!(page(3, Some("x")).is_err());
    }
}
