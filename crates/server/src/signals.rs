//! The two ways in which an operator says "stop": SIGTERM, and SIGINT (Ctrl-C).

use tokio::signal;

/// Done when the first of them arrives. Ask again for the next.
#[cfg(unix)]
pub async fn first() {
    use signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        (Err(error), _) | (_, Err(error)) => unheard(&error).await,
    }
}

/// Done when Ctrl-C is pressed. Ask again for the next.
#[cfg(not(unix))]
pub async fn first() {
    if let Err(error) = signal::ctrl_c().await {
        unheard(&error).await;
    }
}

/// Signals then do what the system does by default: end the process, softly or not.
async fn unheard(error: &std::io::Error) {
    tracing::warn!(%error, "signals cannot be listened for; a stop will cut off what is in flight");
    std::future::pending::<()>().await;
}
