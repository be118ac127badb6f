//! Operators over HTTP: who is there to take chats. What they do in a chat stands with conversations.

use app::departments::{self, Present};
use axum::extract::State;
use domain::{Department, Id};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Shared,
    auth::{Caller, Converse, Read},
    extract::Json,
    list::{List, Paging},
    problem::Problem,
    query::Query,
    read::{FromObject, Object},
};

/// For whom an operator is there.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"departments": ["dep_0198c4de5f00700080a1b2c3d4e5f607"]}))]
pub(crate) struct Arrive {
    /// Only for these, at most 100; for all if none is named.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    departments: Option<Vec<Id<Department>>>,
}

impl FromObject for Arrive {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        Some(Self { departments: object.optional("departments") })
    }
}

/// An operator who is there.
#[derive(Serialize, ToSchema)]
#[schema(as = Operator)]
pub(crate) struct OperatorView {
    /// What tells operators apart.
    #[schema(example = "0198c4de5f00700080a1b2c3d4e5f607")]
    operator: String,
    /// What visitors see: the name of the key.
    #[schema(example = "Priya")]
    name: String,
    /// Empty: for all.
    departments: Vec<String>,
    /// Until when, unless it is said again.
    #[schema(format = DateTime)]
    until: String,
}

impl From<Present> for OperatorView {
    fn from(present: Present) -> Self {
        Self {
            operator: present.operator.simple().to_string(),
            name: present.name,
            departments: present.departments.iter().map(ToString::to_string).collect(),
            until: present.until.to_string(),
        }
    }
}

/// Be there
///
/// The holder of the key takes chats for the next 60 seconds; to be repeated before they are over. Flows hand chats over
/// only to departments where somebody is there.
#[utoipa::path(
    put, path = "/api/v1/operators/me", tag = "departments", operation_id = "arrive",
    security(("key" = ["manage"])), request_body = Option<Arrive>,
    responses((status = OK, description = "There.", body = OperatorView))
)]
pub(crate) async fn arrive(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
    body: Option<Json<Arrive>>,
) -> Result<axum::Json<OperatorView>, Problem> {
    let asked = body.and_then(|Json { value, .. }| value.departments).unwrap_or_default();
    let present = web.db.write(move |tx| departments::arrive(tx, &actor, asked.clone())).await?;
    Ok(axum::Json(present.into()))
}

/// Be gone
///
/// Chats that were accepted stay so.
#[utoipa::path(
    delete, path = "/api/v1/operators/me", tag = "departments", operation_id = "leave",
    security(("key" = ["manage"])),
    responses((status = NO_CONTENT, description = "Not there."))
)]
pub(crate) async fn leave(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
) -> Result<StatusCode, Problem> {
    web.db.write(move |tx| departments::leave(tx, &actor)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the operators who are there
#[utoipa::path(
    get, path = "/api/v1/operators", tag = "departments", operation_id = "list_operators",
    security(("key" = ["read"])), params(Paging),
    responses((status = OK, description = "A page of them.", body = List<OperatorView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query(paging): Query<Paging>,
) -> Result<axum::Json<List<OperatorView>>, Problem> {
    let present = web.db.read(move |tx| departments::present(tx, &actor)).await?;
    let all = present.into_iter().map(OperatorView::from).collect();
    Ok(axum::Json(paging.cut(all, |it: &OperatorView| &it.operator)?))
}
