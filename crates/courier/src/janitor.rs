//! Chores: idempotent pieces of upkeep, woken by a hint or by a tick. The next run is the retry.

use std::time::Duration;

use app::{
    AppError, Changed, Db, Signal, Subscription, deliveries, holds,
    retention::{self, Retention},
};
use tokio_util::sync::CancellationToken;

/// How often the chores run without a hint.
const EVERY: Duration = Duration::from_secs(60);

/// Runs the chores until told to stop.
pub(crate) async fn run(db: Db, retention: Retention, stop: CancellationToken) {
    // Listening begins before looking, so that nothing falls between.
    let mut signals = db.subscribe();
    loop {
        if let Err(error) = chores(&db, retention, &stop).await {
            tracing::warn!(%error, "upkeep did not finish; trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
            () = webhook_changed(&mut signals) => {}
        }
    }
}

async fn chores(db: &Db, retention: Retention, stop: &CancellationToken) -> Result<(), AppError> {
    // Slice after slice, so that other work gets in between.
    while !stop.is_cancelled() && db.write(holds::watch).await? {}
    db.write(deliveries::settle_clock).await?;
    db.write(deliveries::settle_lines).await?;
    while !stop.is_cancelled() && db.write(deliveries::settle_closed).await? {}
    while !stop.is_cancelled() && db.write(move |tx| retention::clean(tx, retention)).await? {}
    Ok(())
}

async fn webhook_changed(signals: &mut Subscription) {
    loop {
        let heard = signals.next().await;
        // An empty list says that some were lost.
        if heard.is_empty()
            || heard.iter().any(|signal| matches!(signal, Signal::Changed(_, Changed::Webhook(_))))
        {
            return;
        }
    }
}
