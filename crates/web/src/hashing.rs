//! Where passwords are hashed: on threads of their own, few at a time, so that a rush of sign-ins slows down sign-ins
//! and nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use app::{
    AppError,
    passwords::{self, Verdict},
};
use domain::{Invalid, Password};
use tokio::sync::{Semaphore, oneshot};

/// Lets few hash at once, and not too many wait.
pub(crate) struct Hashing {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Hashing {
    /// Beyond so many the answer is 503. At some 30 ms each, the last of them has waited for six seconds.
    const MOST_WAITING: usize = 200;

    /// Half of the cores, at least one, so that there is always one for everything else.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { permits: Arc::new(Semaphore::new((cores / 2).max(1))), waiting: AtomicUsize::new(0) }
    }

    /// Compares what was typed with a stored hash.
    pub(crate) async fn verify(&self, typed: String, stored: String) -> Result<Verdict, AppError> {
        self.run(move || passwords::verify(&typed, &stored)).await
    }

    /// Hashes a password that was chosen, unless it is one that is soon guessed.
    pub(crate) async fn choose(
        &self,
        pointer: &'static str,
        text: String,
        context: Vec<String>,
        random: [u8; 32],
    ) -> Result<String, AppError> {
        let hash = self.run(move || {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            let password = passwords::choose(pointer, &text, &context)?;
            Ok::<_, Invalid>(passwords::hash(&password, &random))
        });
        Ok(hash.await??)
    }

    /// Hashes a password that was right at today's cost.
    pub(crate) async fn again(&self, typed: String, random: [u8; 32]) -> Result<String, AppError> {
        let hash = self.run(move || {
            let password = Password::new("/password", &typed)?;
            Ok::<_, Invalid>(passwords::hash(&password, &random))
        });
        Ok(hash.await??)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
        let _place = Place::take(&self.waiting)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let (tell, told) = oneshot::channel();
        // A thread of its own and not one of the runtime's, since a thread that steps back does so for good.
        let thread = thread::Builder::new().name("hashing".to_owned()).spawn(move || {
            step_back();
            let done = work();
            // Given back here and not by whoever waits, who may have gone.
            drop(permit);
            // Whoever waited may have gone.
            tell.send(done).ok();
        });
        thread.map_err(|_| AppError::Busy)?;
        Ok(told.await.expect("hashing does not panic"))
    }
}

/// Lets all other threads go first: for one that answers requests or delivers, the processor is free at once. Still a
/// tenth of a processor that is never idle, so that people can sign in to see why.
fn step_back() {
    // Linux counts niceness by thread (setpriority(2), "C library/kernel differences"); elsewhere it would be the whole
    // process. One that may not is as quick as before.
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, 10).ok();
}

/// A place in the queue, given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, AppError> {
        let place = Place(waiting);
        match waiting.fetch_add(1, Ordering::Relaxed) {
            ..Hashing::MOST_WAITING => Ok(place),
            _ => Err(AppError::Busy),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn more_than_can_wait_are_told_so_and_the_others_get_their_turn() {
        let hashing = Arc::new(Hashing::new());
        let running = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..300 {
            let (hashing, running) = (Arc::clone(&hashing), Arc::clone(&running));
            tasks.spawn(async move {
                let work = move || {
                    let before = running.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(1));
                    running.fetch_sub(1, Ordering::SeqCst);
                    before
                };
                hashing.run(work).await
            });
        }
        let results = tasks.join_all().await;
        let refused = results.iter().filter(|it| matches!(it, Err(AppError::Busy))).count();
        let most = results.iter().filter_map(|it| it.as_ref().ok()).max().unwrap();
        let permits = hashing.permits.available_permits();
        assert!((1..=100).contains(&refused), "{refused}");
        assert!(*most < permits, "{most} were running before one of {permits}");
        assert!(hashing.run(|| ()).await.is_ok());
    }

    #[tokio::test]
    async fn a_password_is_hashed_and_compared() {
        let hashing = Hashing::new();
        let hash =
            hashing.choose("/password", "correct horse battery".into(), vec![], [7; 32]).await.unwrap();
        assert_eq!(
            hashing.verify("correct horse battery".into(), hash.clone()).await.unwrap(),
            Verdict::Right
        );
        assert_eq!(hashing.verify("correct horse".into(), hash.clone()).await.unwrap(), Verdict::Wrong);
        assert_eq!(hashing.again("correct horse battery".into(), [7; 32]).await.unwrap(), hash);
        let refused = hashing.choose("/password", "password".into(), vec![], [7; 32]).await;
        assert!(matches!(refused, Err(AppError::Invalid(_))));
    }
}
