//! Chores: idempotent pieces of upkeep, woken by a hint or by a tick. The next run is the retry.

use std::time::Duration;

use app::{
    AppError, BoxFuture, Changed, Db, Signal, Subscription,
    conversations::clock,
    deliveries, holds, members,
    retention::{self, Retention},
};
use tokio_util::sync::CancellationToken;

/// How long they rest at least.
const SOONEST: Duration = Duration::from_millis(500);
/// How often the chores run without a hint.
const EVERY: Duration = Duration::from_secs(60);

/// Runs the chores until told to stop.
pub(crate) async fn run(db: Db, retention: Retention, stop: CancellationToken) {
    // Listening begins before looking, so that nothing falls between.
    let mut signals = db.subscribe();
    loop {
        chores(&db, retention, &stop).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
            () = async {
                // Many webhooks may change at once.
                tokio::time::sleep(SOONEST).await;
                webhook_changed(&mut signals).await;
            } => {}
        }
    }
}

/// Runs all of them, whatever becomes of the one before. Slice after slice, so that other work gets in between.
async fn chores(db: &Db, retention: Retention, stop: &CancellationToken) {
    let all: [BoxFuture<'_, Result<(), AppError>>; 6] = [
        Box::pin(slices(stop, || db.write_behind(holds::watch))),
        Box::pin(db.write_behind(deliveries::settle_clock)),
        Box::pin(settle_lines(db)),
        Box::pin(slices(stop, || db.write_behind(deliveries::settle_closed))),
        Box::pin(db.write_behind(members::forget_old)),
        Box::pin(slices(stop, || db.write_behind(move |tx| retention::clean(tx, retention)))),
    ];
    for chore in all {
        if let Err(error) = chore.await {
            tracing::warn!(%error, "upkeep did not finish; trying again");
        }
    }
}

/// Slice after slice, as long as there is more.
async fn slices<F: Future<Output = Result<bool, AppError>>>(
    stop: &CancellationToken,
    slice: impl Fn() -> F,
) -> Result<(), AppError> {
    while !stop.is_cancelled() && slice().await? {}
    Ok(())
}

/// How often conversations are looked through for what is due in them.
const CLOCK: Duration = Duration::from_secs(1);

/// Does what time alone brings about in conversations, until told to stop. Several nodes may do so at once.
pub(crate) async fn watch_conversations(db: Db, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CLOCK) => {}
        }
        if let Err(error) = settle_conversations(&db).await {
            tracing::warn!(%error, "conversations were not looked through; trying again");
        }
    }
}

/// One conversation after the other, each in its own transaction: one that cannot be settled keeps no other.
async fn settle_conversations(db: &Db) -> Result<(), AppError> {
    for (account, id) in db.read(clock::due).await? {
        if let Err(error) = db.write(move |tx| clock::settle(tx, account, id)).await {
            tracing::warn!(%error, conversation.id = %id, "what is due in a conversation was not done; trying again");
            db.write(move |tx| clock::postpone(tx, account, id)).await?;
        }
    }
    Ok(())
}

/// One webhook after the other, for each is locked meanwhile.
async fn settle_lines(db: &Db) -> Result<(), AppError> {
    for (account, webhook) in db.read(deliveries::waited_for).await? {
        db.write_behind(move |tx| deliveries::settle_line(tx, account, webhook)).await?;
    }
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
