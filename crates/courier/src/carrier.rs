//! Carrying one delivery: one attempt, then its result into the store.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use app::{
    AppError, Db,
    deliveries::{self, Due, Finished, Lease, Report},
};
use bytes::Bytes;
use domain::{AttemptError, ErrorClass, Outcome, Phases, Response, Webhook, hold::Sign};
use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc::UnboundedSender};
use tokio_util::sync::CancellationToken;

use crate::{
    dispatcher::Note,
    egress::Egress,
    lane::{Answered, Start},
    pool::Pool,
    sender::Post,
};

/// What every carrying shares.
pub(crate) struct Carrier {
    pub(crate) db: Db,
    pub(crate) egress: Egress,
    pub(crate) notes: UnboundedSender<Note>,
    /// At most so many results wait for their commit; beyond that no slot becomes free.
    pub(crate) results: Semaphore,
    /// Told when waiting any longer is pointless.
    pub(crate) give_up: CancellationToken,
}

/// How long to wait before storing a result again that the store did not take.
const STORE_AGAIN: Duration = Duration::from_millis(200);

impl Carrier {
    /// Makes one attempt and stores what came of it. Always ends with [`Note::Ended`].
    pub(crate) async fn carry(self: Arc<Self>, start: Start, pool: Arc<Pool>, lease: Lease) {
        let Start { webhook, due, kind, number, shared, troubled } = start;
        let id = due.delivery.id;
        let outcome = self.attempt(&webhook, &pool, &due).await;
        let permit = self.results.acquire().await;
        // Whether the receiver is gone is decided by the commit; until then nothing else is sent to it.
        let gone = outcome.result.as_ref().is_ok_and(|response| response.status == Response::GONE);
        let answered = Answered { number, shared, sign: Sign::of(&outcome), deciding: gone.then_some(id) };
        self.tell(Note::Answered(webhook.id, answered));
        let (delivery, policy, url) = (due.delivery, webhook.retry, webhook.url.clone());
        let report = Arc::new(Report { delivery, policy, url, kind, troubled, outcome, lease });
        let finished = self.store(report).await;
        drop(permit);
        self.tell(Note::Ended(webhook.id, id, finished));
    }

    /// A fault of ours in the middle of an attempt is an outcome like any other, so that nothing stays stuck.
    async fn attempt(&self, webhook: &Webhook, pool: &Pool, due: &Due) -> Outcome {
        let at = self.db.ambient().clock.now();
        let send = async {
            let body = Bytes::from(due.event.body(due.delivery.body)?);
            Some(self.egress.send(pool, &Post { webhook, event: &due.event, body, test: false }).await)
        };
        match AssertUnwindSafe(send).catch_unwind().await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => internal(at, "the event's data is gone"),
            Err(_) => {
                tracing::error!(delivery.id = %due.delivery.id, "an attempt panicked");
                internal(at, "the attempt was cut short by a fault in Leadpost")
            }
        }
    }

    /// Stores a result, again and again if need be: until then the delivery counts as under way. None if it was no
    /// longer this node's to decide, or if the process is stopping and another will try again.
    async fn store(&self, report: Arc<Report>) -> Option<Finished> {
        let mut told = false;
        loop {
            let again = Arc::clone(&report);
            match self.db.write_behind(move |tx| deliveries::finish(tx, &again)).await {
                Ok(next) => return next,
                Err(AppError::Busy) => {}
                // Once is enough: a full disk would only be filled with lines.
                Err(_) if told => {}
                Err(error) => {
                    told = true;
                    tracing::error!(delivery.id = %report.delivery.id, %error, cause = ?error, "a result is not stored yet");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(STORE_AGAIN) => {}
                () = self.give_up.cancelled() => return None,
            }
        }
    }

    fn tell(&self, note: Note) {
        // Nobody listens once the dispatcher is gone, and nothing depends on it then.
        let _ = self.notes.send(note);
    }
}

fn internal(at: domain::Timestamp, detail: &str) -> Outcome {
    let error = AttemptError { class: ErrorClass::InternalError, detail: detail.to_owned() };
    Outcome { at, address: None, phases: Phases::default(), result: Err(error) }
}
