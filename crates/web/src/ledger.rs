//! The ledger over HTTP.

use app::ledger;
use axum::extract::State;
use domain::Ledger;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Shared,
    auth::{Caller, Read},
    problem::Problem,
};

/// What became of everything that was accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = Ledger)]
pub(crate) struct LedgerView {
    /// Accepted events.
    events: u64,
    /// Those that matched no webhook.
    unmatched: u64,
    /// Deliveries planned, by what was written on each event when it was accepted.
    planned: u64,
    delivered: u64,
    pending: u64,
    exhausted: u64,
    skipped: u64,
    /// Whether planned = delivered + pending + exhausted + skipped. The two sides are counted from different rows.
    balanced: bool,
}

impl From<Ledger> for LedgerView {
    fn from(ledger: Ledger) -> Self {
        Self {
            events: ledger.events,
            unmatched: ledger.unmatched,
            planned: ledger.planned,
            delivered: ledger.delivered,
            pending: ledger.pending,
            exhausted: ledger.exhausted,
            skipped: ledger.skipped,
            balanced: ledger.balanced(),
        }
    }
}

/// Show the ledger
#[utoipa::path(
    get, path = "/api/v1/ledger", tag = "operation", operation_id = "get_ledger",
    security(("key" = ["read"])),
    responses((status = OK, description = "The ledger of the key's account.", body = LedgerView))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
) -> Result<axum::Json<LedgerView>, Problem> {
    let ledger = web.db.read(move |tx| ledger::read(tx, &actor)).await?;
    Ok(axum::Json(ledger.into()))
}
