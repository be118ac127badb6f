//! Pages of a list, newest first; the cursor is the id of the last item seen.

use domain::Id;

/// Which part of a list.
pub struct PageRequest<T> {
    /// Only what is older than this.
    pub after: Option<Id<T>>,
    /// At most so many, 1 to [`PageRequest::MAX`].
    pub limit: u32,
}

impl<T> PageRequest<T> {
    /// How many items without a wish.
    pub const DEFAULT: u32 = 50;
    /// The most items of a page.
    pub const MAX: u32 = 500;

    pub(crate) fn before(&self) -> Id<T> {
        self.after.unwrap_or(Id::from_uuid(domain::id::Uuid::max()))
    }

    /// The page that `fetch` fills, which is asked for one item more than shown, to know whether there are more.
    pub(crate) fn fill<I, E>(
        &self,
        fetch: impl FnOnce(Id<T>, u32) -> Result<Vec<I>, E>,
        id: impl Fn(&I) -> Id<T>,
    ) -> Result<Page<I, T>, E> {
        let limit = self.limit.clamp(1, Self::MAX);
        let mut items = fetch(self.before(), limit + 1)?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(id);
        Ok(Page { items, next })
    }
}

// A derive would ask T, which is only a label, to be Copy too.
impl<T> Clone for PageRequest<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for PageRequest<T> {}

/// A part of a list.
pub struct Page<I, T> {
    /// Newest first.
    pub items: Vec<I>,
    /// Where the next page begins; None at the end.
    pub next: Option<Id<T>>,
}
