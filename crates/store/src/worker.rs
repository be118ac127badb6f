//! Database threads: they take waiting work from a queue, run it in transactions and answer after the commit.
//!
//! Writers put all the work that waits into one transaction (group commit): the batch grows by itself while the
//! previous commit is being synced, and no delay is ever added. There are no savepoints: when one piece of work
//! fails after having written something, the batch is undone and each piece runs again alone. That is why a body is
//! `Fn`: it may run more than once, and only its last run counts.
//!
//! What somebody waits for goes before what can wait, of which each transaction takes only some: a thousand results that
//! come at once keep nobody waiting for more than one such transaction.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    StoreError, Tx,
    signal::{Bus, Signal},
    tx::{Connection, Surroundings},
};

/// A connection that a database thread drives.
pub(crate) trait Engine: Connection + Sized + 'static {
    /// Begins a transaction, connecting again first if need be.
    fn begin(&mut self) -> Result<(), StoreError>;
    /// After an error, what was written may or may not be stored.
    fn commit(&mut self) -> Result<(), StoreError>;
    fn rollback(&mut self);
    /// Whether the transaction failed only because of others running beside it, and may be run again.
    fn clashed(&mut self) -> bool;
}

/// Work waiting for a database thread.
pub(crate) trait Job: Send {
    /// Since when it waits.
    fn asked(&self) -> Instant;
    /// Runs the body; whether it succeeded.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers the caller: with the body's own result, or with the error that kept it from counting.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<T, E, F> {
    body: F,
    asked: Instant,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn asked(&self) -> Instant {
        self.asked
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // After a panic the transaction is undone and nothing of the body is used again.
        let result = catch_unwind(AssertUnwindSafe(|| (self.body)(tx)));
        tx.dirty |= result.is_err();
        let result = result.unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        // A body that carries on after a failed statement has still failed.
        let result = result.and_then(|it| tx.failed.take().map_or(Ok(it), |error| Err(error.into())));
        let succeeded = result.is_ok();
        self.result = Some(result);
        succeeded
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Panicked.into()),
            // The body's own error is the better answer: it did not want to be stored.
            (Err(_), Some(Err(own))) => Err(own),
            (Err(error), _) => Err(error.into()),
        };
        // A caller that went away needs no answer.
        let _ = self.reply.send(result);
    }
}

/// What waits for a group of database threads.
#[derive(Default)]
struct Waiting {
    /// Somebody waits for the answer.
    first: VecDeque<Box<dyn Job>>,
    /// What can wait: results and upkeep. A burst of it must not keep the others waiting.
    behind: VecDeque<Box<dyn Job>>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    failing: AtomicBool,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to a group of database threads.
pub(crate) struct Queue(Arc<Shared>);

/// So much work may wait, of either kind, before [`StoreError::Busy`].
const QUEUE: usize = 4_096;
/// At most so much of what can wait goes into one transaction: some milliseconds of it.
const BEHIND: usize = 128;
/// Work that waited longer is answered with [`StoreError::Busy`] and not done: whoever asked has given up by then.
const PATIENCE: Duration = Duration::from_secs(10);

impl Queue {
    /// A queue and the end that its threads take from.
    pub(crate) fn new() -> (Self, Intake) {
        let shared = Arc::<Shared>::default();
        (Self(Arc::clone(&shared)), Intake(shared))
    }

    /// Whether the store did not fail the last work that wrote something.
    pub(crate) fn is_sound(&self) -> bool {
        !self.0.failing.load(Ordering::Relaxed)
    }

    /// Runs `body` on one of the threads; behind all others if it can wait.
    pub(crate) async fn run<T, E, F>(&self, body: F, can_wait: bool) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.add(Box::new(Work { body, asked: Instant::now(), result: None, reply }), can_wait)?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("it is closed".into()).into()))
    }

    fn add(&self, job: Box<dyn Job>, can_wait: bool) -> Result<(), StoreError> {
        let mut waiting = self.0.waiting();
        let queue = if can_wait { &mut waiting.behind } else { &mut waiting.first };
        if queue.len() >= QUEUE {
            return Err(StoreError::Busy);
        }
        queue.push_back(job);
        drop(waiting);
        self.0.arrived.notify_one();
        Ok(())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.waiting().closed = true;
        self.0.arrived.notify_all();
    }
}

/// Where threads take their work from, one after the other.
#[derive(Clone)]
pub(crate) struct Intake(Arc<Shared>);

impl Intake {
    /// Waits for work, then takes what is there, up to `most`; None once the store is closed.
    fn take(&self, most: usize) -> Option<Vec<Box<dyn Job>>> {
        let idle = |it: &mut Waiting| it.first.is_empty() && it.behind.is_empty() && !it.closed;
        let waiting = self.0.arrived.wait_while(self.0.waiting(), idle);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let first = waiting.first.len().min(most);
        let mut jobs: Vec<_> = waiting.first.drain(..first).collect();
        let behind = waiting.behind.len().min(most - first).min(BEHIND);
        jobs.extend(waiting.behind.drain(..behind));
        (!jobs.is_empty()).then_some(jobs)
    }
}

/// Starts a thread that serves `intake` with `engine`, at most `batch` pieces of work to a transaction.
pub(crate) fn spawn<C: Engine + Send>(
    name: &str,
    intake: Intake,
    mut engine: C,
    mut surroundings: Surroundings,
    bus: Bus,
    batch: usize,
) -> Result<(), StoreError> {
    let serve = move || {
        while let Some(jobs) = intake.take(batch) {
            let (jobs, late): (Vec<_>, Vec<_>) =
                jobs.into_iter().partition(|job| job.asked().elapsed() < PATIENCE);
            late.into_iter().for_each(|job| job.answer(Err(StoreError::Busy)));
            run(&mut engine, &mut surroundings, &bus, &intake.0.failing, jobs);
        }
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(serve);
    started
        .map(drop)
        .map_err(|e| StoreError::Refused(format!("no thread for the store could be started: {e}")))
}

fn run<C: Engine>(
    engine: &mut C,
    surroundings: &mut Surroundings,
    bus: &Bus,
    failing: &AtomicBool,
    mut jobs: Vec<Box<dyn Job>>,
) {
    if jobs.is_empty() {
        return;
    }
    match transact(engine, surroundings, failing, &mut jobs) {
        Ok(signals) => {
            bus.send(signals);
            jobs.into_iter().for_each(|job| job.answer(Ok(())));
        }
        Err(Undone::Spoiled) => {
            jobs.into_iter().for_each(|job| run_alone(engine, surroundings, bus, failing, job));
        }
        Err(Undone::Failed(error)) => jobs.into_iter().for_each(|job| job.answer(Err(error.clone()))),
    }
}

/// How often work is run again that only clashed with other transactions.
const CLASHES: u32 = 5;

fn run_alone<C: Engine>(
    engine: &mut C,
    surroundings: &mut Surroundings,
    bus: &Bus,
    failing: &AtomicBool,
    job: Box<dyn Job>,
) {
    let mut alone = [job];
    let mut result = Err(Undone::Spoiled);
    for _ in 0..CLASHES {
        result = transact(engine, surroundings, failing, &mut alone);
        if result.is_ok() || !engine.clashed() {
            break;
        }
    }
    let [job] = alone;
    match result {
        Ok(signals) => {
            bus.send(signals);
            job.answer(Ok(()));
        }
        Err(Undone::Failed(error)) => job.answer(Err(error)),
        Err(Undone::Spoiled) => job.answer(Err(StoreError::Busy)),
    }
}

/// Why a transaction left nothing behind.
enum Undone {
    /// One of its bodies failed after writing.
    Spoiled,
    /// The store failed.
    Failed(StoreError),
}

fn transact<C: Engine>(
    engine: &mut C,
    surroundings: &mut Surroundings,
    failing: &AtomicBool,
    jobs: &mut [Box<dyn Job>],
) -> Result<Vec<Signal>, Undone> {
    let note = |error: &StoreError| {
        failing.fetch_or(matches!(error, StoreError::Unavailable(_)), Ordering::Relaxed);
    };
    engine.begin().inspect_err(note).map_err(Undone::Failed)?;
    let (mut signals, mut wrote) = (Vec::new(), false);
    for job in jobs.iter_mut() {
        let mut tx = Tx::new(engine, surroundings);
        let succeeded = job.run(&mut tx);
        wrote |= tx.dirty;
        tx.failed.iter().for_each(note);
        if succeeded {
            signals.append(&mut tx.signals);
        } else if tx.dirty {
            engine.rollback();
            return Err(Undone::Spoiled);
        }
    }
    engine.commit().map_err(|error| {
        note(&error);
        engine.rollback();
        if engine.clashed() { Undone::Spoiled } else { Undone::Failed(error) }
    })?;
    if wrote {
        failing.store(false, Ordering::Relaxed);
    }
    Ok(signals)
}
