//! The recoverer: takes the recoveries of this node's webhooks further, each at its pace.
//!
//! It must not know what a recovery does: that, and where each stands, is in the store. Woken by a hint, or by a tick
//! for what other nodes' hints would have told.

use std::time::Duration;

use app::{
    AppError, Changed, Db, Signal, Subscription,
    nodes::Node,
    recoveries::{self, Next},
};
use domain::Id;
use tokio_util::sync::CancellationToken;

/// While something runs, it is looked after no more often than this: what became due meanwhile goes together.
const SOONEST: Duration = Duration::from_millis(100);
/// How often it looks without a hint.
const LATEST: Duration = Duration::from_secs(1);

/// Runs until told to stop.
pub(crate) async fn run(db: Db, node: Id<Node>, stop: CancellationToken) {
    // Listening begins before looking, so that nothing falls between.
    let mut signals = db.subscribe();
    while !stop.is_cancelled() {
        let wait = match proceed(&db, node, &stop).await {
            Ok(Next::In(wait)) => wait.clamp(SOONEST, LATEST),
            Ok(Next::Now(_) | Next::Nothing) => LATEST,
            Err(error) => {
                tracing::warn!(%error, "recoveries did not go on; trying again");
                LATEST
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            () = something_changed(&mut signals) => {}
        }
    }
}

/// Does what is due, slice after slice, so that other work gets in between.
async fn proceed(db: &Db, node: Id<Node>, stop: &CancellationToken) -> Result<Next, AppError> {
    loop {
        let next = db.read(move |tx| recoveries::next(tx, node)).await?;
        match next {
            Next::Now(running) if !stop.is_cancelled() => {
                db.write(move |tx| recoveries::proceed(tx, running)).await?;
            }
            next => return Ok(next),
        }
    }
}

async fn something_changed(signals: &mut Subscription) {
    let matters =
        |signal: &Signal| matches!(signal, Signal::Changed(_, Changed::Recovery(_) | Changed::Webhook(_)));
    loop {
        let heard = signals.next().await;
        // An empty list says that some were lost.
        if heard.is_empty() || heard.iter().any(matters) {
            return;
        }
    }
}
