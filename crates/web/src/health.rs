//! Whether the process lives (`/healthz`) and whether it should get requests (`/readyz`).
//!
//! Must not know why something is down: the floors that know tell [`Readiness`].

use std::{sync::Arc, time::Duration};

use app::AppError;
use axum::{Json, extract::State};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::{Shared, problem::Problem};

/// So long the store may take to answer before it counts as down.
const PATIENCE: Duration = Duration::from_secs(2);

/// What this floor can ask and is told about the rest of the process. Clones share one state.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    dispatcher: Box<dyn Fn() -> bool + Send + Sync>,
    draining: watch::Sender<bool>,
}

impl Readiness {
    /// Ready as long as `dispatcher` says that deliveries are being sent, and until [`Readiness::drain`].
    pub fn new(dispatcher: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { dispatcher: Box::new(dispatcher), draining: watch::Sender::new(false) }))
    }

    /// Says that the process is about to end, for good.
    pub fn drain(&self) {
        self.0.draining.send_replace(true);
    }

    /// Waits until the process is about to end: what would go on for ever ends then.
    pub(crate) async fn drained(&self) {
        // The sender lives as long as this does.
        let _ = self.0.draining.subscribe().wait_for(|draining| *draining).await;
    }

    fn check(&self) -> Result<(), Problem> {
        if *self.0.draining.borrow() {
            return Err(not_ready("this node is draining"));
        }
        if !(self.0.dispatcher)() {
            return Err(not_ready("the dispatcher is not running"));
        }
        Ok(())
    }
}

fn not_ready(detail: &str) -> Problem {
    Problem::unavailable("not_ready", detail)
}

/// How the process is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or `ready` for `/readyz`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "healthz", security(()),
    responses((status = OK, description = "It does.", body = Health))
)]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether requests should be sent here
///
/// They should when the store answers and takes writes, its migrations are done and the dispatcher runs; not while draining.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "readyz", security(()),
    responses((status = OK, description = "They should.", body = Health))
)]
pub(crate) async fn ready(State(web): State<Shared>) -> Result<Json<Health>, Problem> {
    web.readiness.check()?;
    // A store that was opened has done its migrations.
    let ask = async {
        web.db.read(|_| Ok::<_, AppError>(())).await?;
        Ok::<_, AppError>(web.db.takes_writes().await)
    };
    match tokio::time::timeout(PATIENCE, ask).await {
        Ok(Ok(true)) => Ok(Json(Health { status: "ready" })),
        Ok(Ok(false)) => Err(not_ready("the store takes no writes; the operator's log says why")),
        Ok(Err(_)) | Err(_) => Err(not_ready("the store does not answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_needs_a_dispatcher_and_no_draining() {
        assert!(Readiness::new(|| false).check().is_err());
        let readiness = Readiness::new(|| true);
        assert!(readiness.clone().check().is_ok());
        readiness.drain();
        assert!(readiness.check().is_err());
    }
}
