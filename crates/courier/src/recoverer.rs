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
            Ok(wait) => wait.map_or(LATEST, |wait| wait.clamp(SOONEST, LATEST)),
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

/// Does what is due, slice after slice, so that other work gets in between; how long to wait then.
async fn proceed(db: &Db, node: Id<Node>, stop: &CancellationToken) -> Result<Option<Duration>, AppError> {
    loop {
        let Next { due, wait } = db.read(move |tx| recoveries::next(tx, node)).await?;
        if due.is_empty() || stop.is_cancelled() {
            return Ok(wait);
        }
        let mut failed = false;
        for running in due {
            if let Err(error) = db.write_behind(move |tx| recoveries::proceed(tx, running)).await {
                failed = true;
                let (id, webhook) = (running.recovery, running.webhook);
                tracing::warn!(recovery.id = %id, webhook.id = %webhook, %error, "a recovery did not go on; trying again");
            }
        }
        if failed {
            return Ok(Some(LATEST));
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
