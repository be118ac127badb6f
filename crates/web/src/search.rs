//! Searching by looking: newest first, a slice at a time, and never long.
//!
//! A search reads slices of a list, each in a transaction of its own, so that no reader of the store is held, and
//! compares outside of them. It ends when it has found enough, has looked at enough or has taken long enough, and says
//! how far back it came; the next request goes on from there. Must not know what is searched nor for what.

use std::{future::Future, time::Duration};

use app::{AppError, Page, PageRequest, StoreError};
use domain::{Contact, Event, Id, Invalid, Noun, Timestamp};
use serde::Serialize;
use tokio::{sync::Semaphore, time::Instant};
use utoipa::ToSchema;

use crate::list::List;

/// Most items that one request looks at.
const MOST: u32 = 50_000;
/// How long one request of a program looks.
pub(crate) const AT_LENGTH: Duration = Duration::from_secs(2);
/// How long a page looks. Its own script goes on from there and shows how far it came (`further.js`).
pub(crate) const AT_A_GLANCE: Duration = Duration::from_millis(25);
/// How many items are read at once: some milliseconds of work, and at the worst 64 MiB of payloads.
const SLICE: u32 = 250;
/// Searches beyond these wait for one to end: they take memory, and nothing is as urgent as events.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// What can be looked through.
pub(crate) trait Sought: Noun + Send + 'static {
    /// Its place in the list.
    fn id(&self) -> Id<Self>
    where
        Self: Sized;
    /// How old it is.
    fn created_at(&self) -> Timestamp;
}

impl Sought for Event {
    fn id(&self) -> Id<Self> {
        self.id
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

impl Sought for Contact {
    fn id(&self) -> Id<Self> {
        self.id
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// How far a search came.
pub(crate) struct Searched<T> {
    /// What was found, newest first.
    pub(crate) page: Page<T, T>,
    /// How many were looked at.
    pub(crate) looked_at: u32,
    /// When the last of them was made; None if there was nothing to look at.
    pub(crate) looked_back_to: Option<Timestamp>,
}

impl<T> Searched<T> {
    /// Whether it ended before it had found as many as there is room for or had looked at all there is.
    pub(crate) fn is_unfinished(&self, room: u32) -> bool {
        self.page.next.is_some() && self.looked_at > 0 && self.page.items.len() < room as usize
    }

    /// What an index found: nothing had to be looked at.
    pub(crate) fn by_index(page: Page<T, T>) -> Self {
        Self { page, ..Self::default() }
    }
}

impl<T> Default for Searched<T> {
    fn default() -> Self {
        Self { page: Page { items: Vec::new(), next: None }, looked_at: 0, looked_back_to: None }
    }
}

/// Looks through what `slice` reads for up to `page.limit` items that match, from behind `page.after` on.
pub(crate) async fn look<T, S, F, M>(
    patience: Duration,
    page: PageRequest<T>,
    slice: S,
    matches: M,
) -> Result<Searched<T>, AppError>
where
    T: Sought,
    S: Fn(PageRequest<T>) -> F,
    F: Future<Output = Result<Page<T, T>, AppError>>,
    M: Fn(&T) -> bool + Clone + Send + 'static,
{
    // It is never closed.
    let _turn = AT_ONCE.acquire().await;
    let begun = Instant::now();
    let mut searched = Searched::default();
    let mut after = page.after;
    loop {
        let limit = SLICE.min(MOST - searched.looked_at);
        let read = slice(PageRequest { after, limit }).await?;
        let (end, matches) = (read.next, matches.clone());
        let wanted = page.limit as usize - searched.page.items.len();
        let compare = tokio::task::spawn_blocking(move || sift(read.items, wanted, matches));
        let sifted = compare.await.map_err(|_| AppError::Internal(StoreError::Panicked))?;
        searched.looked_at += sifted.looked_at;
        searched.looked_back_to = sifted.last.map(|(_, at)| at).or(searched.looked_back_to);
        searched.page.items.extend(sifted.found);
        after = sifted.last.map(|(id, _)| id).or(after);
        searched.page.next = after.filter(|_| end.is_some() || sifted.more);
        let enough = searched.page.items.len() >= page.limit as usize || searched.looked_at >= MOST;
        if searched.page.next.is_none() || enough || begun.elapsed() >= patience {
            return Ok(searched);
        }
    }
}

/// What a slice brought.
struct Sifted<T> {
    found: Vec<T>,
    looked_at: u32,
    /// The last that was looked at.
    last: Option<(Id<T>, Timestamp)>,
    /// Whether it has more that was not looked at.
    more: bool,
}

fn sift<T: Sought>(items: Vec<T>, wanted: usize, matches: impl Fn(&T) -> bool) -> Sifted<T> {
    let mut sifted = Sifted { found: Vec::new(), looked_at: 0, last: None, more: false };
    let mut items = items.into_iter();
    for item in items.by_ref() {
        sifted.looked_at += 1;
        sifted.last = Some((item.id(), item.created_at()));
        if matches(&item) {
            sifted.found.push(item);
            if sifted.found.len() >= wanted {
                break;
            }
        }
    }
    sifted.more = items.next().is_some();
    sifted
}

/// An address or a number that somebody is looked for by.
pub(crate) fn sought(text: &str) -> Result<String, Invalid> {
    let fits = (1..=320).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Invalid::field("", "must have 1 to 320 characters and no control characters"))
}

/// One page of a list, or as much of a search as one request does.
#[derive(Serialize, ToSchema)]
pub(crate) struct SearchedList<V> {
    #[serde(flatten)]
    list: List<V>,
    /// In a search: how many were looked at. There may be more to find while `next` is not null.
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_at: Option<u32>,
    /// In a search: when the oldest of them was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    looked_back_to: Option<String>,
}

impl<V> SearchedList<V> {
    /// A page that was read without looking.
    pub(crate) fn listed<T: Noun>(page: Page<T, T>, show: impl Fn(T) -> V) -> Self {
        Self { list: List::of(page, show), looked_at: None, looked_back_to: None }
    }

    /// What a search came to.
    pub(crate) fn searched<T: Noun>(searched: Searched<T>, show: impl Fn(T) -> V) -> Self {
        let Searched { page, looked_at, looked_back_to } = searched;
        Self {
            list: List::of(page, show),
            looked_at: Some(looked_at),
            looked_back_to: looked_back_to.map(|at| at.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::samples::person;

    use super::*;

    fn id(number: u64) -> Id<Contact> {
        Id::from_parts(number, &[0; 10])
    }

    /// Looks for nobody among a hundred contacts, ten in a slice, each of which takes ten milliseconds.
    async fn search(patience: u64, after: Option<Id<Contact>>) -> Searched<Contact> {
        let slice = async |page: PageRequest<Contact>| {
            let rest = (0..100).rev().map(id).filter(|it| page.after.is_none_or(|after| *it < after));
            let items: Vec<_> = rest.take(10).map(|id| person(id, "ada@example.com")).collect();
            tokio::time::advance(Duration::from_millis(10)).await;
            let next = items.last().map(|it| it.id).filter(|last| *last > id(0));
            Ok(Page { items, next })
        };
        let page = PageRequest { after, limit: 50 };
        look(Duration::from_millis(patience), page, slice, |_| false).await.expect("it reads")
    }

    #[tokio::test(start_paused = true)]
    async fn a_search_ends_with_its_patience_and_the_next_goes_on_from_there() {
        let first = search(25, None).await;
        assert_eq!((first.looked_at, first.page.next, first.is_unfinished(50)), (30, Some(id(70)), true));
        let second = search(60, first.page.next).await;
        assert_eq!((second.looked_at, second.page.next), (60, Some(id(10))));
        let last = search(25, second.page.next).await;
        assert_eq!((last.looked_at, last.page.next, last.is_unfinished(50)), (10, None, false));
    }
}
