//! The nodes of the instance over HTTP.

use app::nodes::{self, Holding};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Shared,
    auth::{Caller, Read},
    list::{List, Paging},
    problem::Problem,
    query::Query,
};

/// A process that sends deliveries.
#[derive(Serialize, ToSchema)]
#[schema(as = Node)]
pub(crate) struct NodeView {
    id: String,
    /// How many of the 256 shards it holds.
    shards: u32,
    /// When its leases end unless it renews them; null on a store that only one process can serve.
    #[schema(required = true, format = DateTime)]
    lease_expires_at: Option<String>,
}

impl From<Holding> for NodeView {
    fn from(holding: Holding) -> Self {
        let ends = holding.expires_at < nodes::NEVER;
        Self {
            id: holding.node.to_string(),
            shards: holding.shards,
            lease_expires_at: ends.then(|| holding.expires_at.to_string()),
        }
    }
}

/// List the nodes
#[utoipa::path(
    get, path = "/api/v1/nodes", tag = "operation", operation_id = "list_nodes",
    security(("key" = ["read"])), params(Paging),
    responses((status = OK, description = "All that hold shards.", body = List<NodeView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<List<NodeView>>, Problem> {
    let nodes = web.db.read(move |tx| nodes::list(tx, &actor)).await?;
    let all = nodes.into_iter().map(NodeView::from).collect();
    Ok(axum::Json(paging.cut(all, |node: &NodeView| &node.id)?))
}
