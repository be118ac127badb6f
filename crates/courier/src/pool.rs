//! The kept connections of one webhook.
//!
//! They all lead to the origin that the webhook's URL has now. A connection serves the next request within
//! four seconds or is closed: common servers close after five, and a request sent into a connection that is
//! just being closed has to be repeated. None is kept for ever, so that a receiver that moves in the DNS is
//! followed although it is never idle.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use domain::{AttemptError, EgressPolicy};
use tokio::time::{Instant, sleep_until};

use crate::{connection::Connection, target::Target};

/// As many as a webhook may have requests in flight.
const MAX_KEPT: usize = 1_000;

/// How long a connection is used in all.
const MAX_AGE: Duration = Duration::from_secs(300);

/// The connections of one webhook that wait for its next request. Cheap to make; belongs to one lane, and
/// dropping it closes them.
#[derive(Default)]
pub struct Pool {
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    target: Option<Arc<Target>>,
    /// The longest idle first; all of them serve `target`.
    kept: Vec<Kept>,
    /// Whether a task will close what stays idle.
    swept: bool,
}

struct Kept {
    connection: Box<Connection>,
    /// When it is not used any more.
    until: Instant,
}

impl Pool {
    /// How many connections wait for a request.
    pub fn idle(&self) -> usize {
        lock(&self.shelf).kept.len()
    }

    /// The target of `text` under `policy`. Another origin or another policy than before drops what is kept.
    pub(crate) fn aim(&self, text: &str, policy: &Arc<EgressPolicy>) -> Result<Arc<Target>, AttemptError> {
        let mut shelf = lock(&self.shelf);
        if let Some(target) = shelf.target.as_ref().filter(|target| target.is_for(text, policy)) {
            return Ok(Arc::clone(target));
        }
        let before = shelf.target.take();
        let target = Target::new(text, policy).map(Arc::new);
        let stays = |new: &Arc<Target>| before.is_some_and(|old| old.shares_connections_with(new));
        if !target.as_ref().is_ok_and(stays) {
            shelf.kept.clear();
        }
        shelf.target = target.as_ref().ok().cloned();
        target
    }

    /// A kept connection for `target` whose peer is still there and still allowed; the latest used first, so
    /// that those that are not needed any more grow old.
    pub(crate) async fn take(&self, target: &Target, policy: &EgressPolicy) -> Option<Box<Connection>> {
        loop {
            let mut connection = self.pop(target)?;
            if policy.check_address(&target.url, connection.peer).is_ok() && connection.is_ready().await {
                return Some(connection);
            }
        }
    }

    fn pop(&self, target: &Target) -> Option<Box<Connection>> {
        let mut shelf = lock(&self.shelf);
        let serves = shelf.target.as_ref().is_some_and(|own| own.shares_connections_with(target));
        let kept = shelf.kept.pop_if(|_| serves)?;
        if Instant::now() < kept.until {
            return Some(kept.connection);
        }
        // The others have been idle for longer still.
        shelf.kept.clear();
        None
    }

    /// Keeps a connection on which a request of `target` has just been answered in full.
    pub(crate) async fn put(&self, target: &Target, mut connection: Box<Connection>, idle: Duration) {
        if connection.opened.elapsed() > MAX_AGE || !connection.is_ready().await {
            return;
        }
        let mut shelf = lock(&self.shelf);
        let until = Instant::now() + idle;
        let serves = shelf.target.as_ref().is_some_and(|own| own.shares_connections_with(target));
        if serves && shelf.kept.len() < MAX_KEPT {
            shelf.kept.push(Kept { connection, until });
            if !shelf.swept {
                shelf.swept = true;
                tokio::spawn(sweep(Arc::downgrade(&self.shelf)));
            }
        }
    }
}

/// Closes what has been idle for too long, until nothing is kept.
async fn sweep(shelf: Weak<Mutex<Shelf>>) {
    loop {
        let Some(next) = shelf.upgrade().and_then(|shelf| close_idle(&shelf)) else {
            return;
        };
        sleep_until(next).await;
    }
}

/// Closes what is due and answers when to come again.
fn close_idle(shelf: &Mutex<Shelf>) -> Option<Instant> {
    let now = Instant::now();
    let mut shelf = lock(shelf);
    let due = shelf.kept.partition_point(|kept| kept.until <= now);
    let closed: Vec<_> = shelf.kept.drain(..due).collect();
    let next = shelf.kept.first().map(|kept| kept.until);
    shelf.swept = next.is_some();
    drop(shelf);
    drop(closed);
    next
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
