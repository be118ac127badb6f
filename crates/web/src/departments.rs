//! Departments over HTTP: whom a chat can be handed to.

use std::time::Duration;

use app::{
    AppError, Tx,
    departments::{self, NewDepartment},
};
use axum::extract::State;
use domain::{Department, Id, Invalid};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Shared,
    auth::{Caller, Manage, Read},
    extract::{Json, PathId},
    list::{List, Paging},
    problem::Problem,
    query::Query,
    read::{FromObject, Object},
};

type Answer<T> = Result<axum::Json<T>, Problem>;

/// A department to make.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Claims", "email": "claims@example.com"}))]
pub(crate) struct CreateDepartment {
    /// What flows call it; one of a kind in the account.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where it can be written to.
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// Whether chats are not handed to it at present.
    #[schema(default = false)]
    disabled: Option<bool>,
    /// Another department, where a chat goes that nobody accepts. Together with `transfer_after_s`.
    #[schema(value_type = Option<String>)]
    transfer_to: Option<Option<Id<Department>>>,
    /// After so many seconds.
    #[schema(value_type = Option<u32>, minimum = 10, maximum = 86_400)]
    transfer_after_s: Option<Option<u32>>,
}

impl FromObject for CreateDepartment {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let name = object.required("name");
        let change = UpdateDepartment::members(object, None);
        let UpdateDepartment { email, disabled, transfer_to, transfer_after_s, .. } = change;
        Some(Self { name: name?, email, disabled, transfer_to, transfer_after_s })
    }
}

/// Changes to a department; what is absent stays.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"transfer_to": null, "transfer_after_s": null, "disabled": true}))]
pub(crate) struct UpdateDepartment {
    /// 1 to 200 characters. A built-in department keeps its name.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Where it can be written to.
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    /// Whether chats are not handed to it at present.
    #[schema(nullable = false)]
    disabled: Option<bool>,
    /// Another department, where a chat goes that nobody accepts; null: nowhere.
    #[schema(value_type = Option<String>)]
    transfer_to: Option<Option<Id<Department>>>,
    /// After so many seconds; null together with `transfer_to`.
    #[schema(value_type = Option<u32>, minimum = 10, maximum = 86_400)]
    transfer_after_s: Option<Option<u32>>,
}

impl FromObject for UpdateDepartment {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let name = object.change("name");
        Some(Self::members(object, name))
    }
}

impl UpdateDepartment {
    /// All members but the name.
    fn members(object: &mut Object<'_>, name: Option<String>) -> Self {
        Self {
            name,
            email: object.clearable("email"),
            disabled: object.change("disabled"),
            transfer_to: object.clearable("transfer_to"),
            transfer_after_s: object.clearable("transfer_after_s"),
        }
    }

    /// What it makes of a department that is so now.
    fn onto(&self, present: NewDepartment) -> Result<NewDepartment, Invalid> {
        let (to, after) = present.transfer.unzip();
        let to = self.transfer_to.unwrap_or(to);
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let after = self.transfer_after_s.map_or(after, |change| change.map(seconds));
        let transfer = match (to, after) {
            (Some(to), Some(after)) => Some((to, after)),
            (None, None) => None,
            (Some(_), None) => return Err(together("/transfer_after_s", "transfer_to")),
            // Nowhere to go any more, and nobody said when.
            (None, Some(_)) if self.transfer_after_s.is_none() => None,
            (None, Some(_)) => return Err(together("/transfer_to", "transfer_after_s")),
        };
        Ok(NewDepartment {
            name: self.name.clone().unwrap_or(present.name),
            email: self.email.clone().unwrap_or(present.email),
            disabled: self.disabled.unwrap_or(present.disabled),
            transfer,
        })
    }
}

fn together(pointer: &str, with: &str) -> Invalid {
    Invalid::field(pointer, format!("is missing: it goes together with `{with}`"))
}

impl From<CreateDepartment> for UpdateDepartment {
    fn from(asked: CreateDepartment) -> Self {
        let CreateDepartment { name, email, disabled, transfer_to, transfer_after_s } = asked;
        Self { name: Some(name), email, disabled, transfer_to, transfer_after_s }
    }
}

/// Operators who answer for the same kind of chats.
#[derive(Serialize, ToSchema)]
#[schema(as = Department)]
pub(crate) struct DepartmentView {
    #[schema(example = "dep_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    #[schema(example = "Sales")]
    name: String,
    #[schema(required = true)]
    email: Option<String>,
    disabled: bool,
    /// Whether every account has it. Such a one keeps its name and cannot be deleted.
    built_in: bool,
    /// Where a chat goes that nobody accepts; null: back to the bot.
    #[schema(required = true)]
    transfer_to: Option<String>,
    #[schema(required = true)]
    transfer_after_s: Option<u64>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Department> for DepartmentView {
    fn from(department: Department) -> Self {
        let (to, after) = department.transfer.unzip();
        Self {
            id: department.id.to_string(),
            name: department.name,
            email: department.email,
            disabled: department.disabled,
            built_in: department.built_in,
            transfer_to: to.map(|id| id.to_string()),
            transfer_after_s: after.map(|after| after.as_secs()),
            created_at: department.created_at.to_string(),
        }
    }
}

/// Make a department
///
/// Answers 409 with the code `name_taken` if there is one of that name.
#[utoipa::path(
    post, path = "/api/v1/departments", tag = "departments", operation_id = "create_department",
    security(("key" = ["manage"])), request_body = CreateDepartment,
    responses((status = CREATED, description = "Made.", body = DepartmentView,
        headers(("location" = String, description = "The path of the department."))))
)]
pub(crate) async fn create(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    Json { value, .. }: Json<CreateDepartment>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], axum::Json<DepartmentView>), Problem> {
    let new = UpdateDepartment::from(value).onto(NewDepartment::default())?;
    let made = web.db.write(move |tx| departments::create(tx, &actor, &new)).await?;
    let location = [(header::LOCATION, format!("/api/v1/departments/{}", made.id))];
    Ok((StatusCode::CREATED, location, axum::Json(made.into())))
}

/// List the departments
///
/// Oldest first. Every account begins with `Sales`, `CRM` and `Lead Generation`.
#[utoipa::path(
    get, path = "/api/v1/departments", tag = "departments", operation_id = "list_departments",
    security(("key" = ["read"])), params(Paging),
    responses((status = OK, description = "A page of them.", body = List<DepartmentView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query(paging): Query<Paging>,
) -> Answer<List<DepartmentView>> {
    let all = web.db.read(move |tx| departments::list(tx, &actor)).await?;
    let all = all.into_iter().map(DepartmentView::from).collect();
    Ok(axum::Json(paging.cut(all, |department: &DepartmentView| &department.id)?))
}

/// Change a department
///
/// What is absent stays. Answers 409 with the code `name_taken` if there is another of that name.
#[utoipa::path(
    patch, path = "/api/v1/departments/{id}", tag = "departments", operation_id = "update_department",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`dep_…`")),
    request_body = UpdateDepartment,
    responses((status = OK, description = "Changed.", body = DepartmentView))
)]
pub(crate) async fn update(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Department>,
    Json { value, .. }: Json<UpdateDepartment>,
) -> Answer<DepartmentView> {
    let change = move |tx: &mut Tx<'_>| {
        let all = departments::list(tx, &actor)?;
        let present = all.into_iter().find(|it| it.id == id).ok_or(AppError::NotFound)?;
        departments::update(tx, &actor, id, &value.onto(present.into())?)
    };
    Ok(axum::Json(web.db.write(change).await?.into()))
}

/// Delete a department
///
/// Chats that wait for it go on as if nobody accepted. A built-in one stays: 409 with the code `built_in`.
#[utoipa::path(
    delete, path = "/api/v1/departments/{id}", tag = "departments", operation_id = "delete_department",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`dep_…`")),
    responses((status = NO_CONTENT, description = "Deleted."))
)]
pub(crate) async fn delete(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Manage>,
    PathId(id): PathId<Department>,
) -> Result<StatusCode, Problem> {
    web.db.write(move |tx| departments::delete(tx, &actor, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
