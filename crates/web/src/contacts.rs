//! Contacts over HTTP: list, show, merge, erase, export.

pub(crate) mod body;
pub(crate) mod export;

use app::contacts::{self, Filter};
use axum::extract::State;
use domain::{Contact, Invalid};
use utoipa::IntoParams;

use self::body::{ContactView, Erased, MergeContacts};
use crate::{
    Shared,
    auth::{Admin, Caller, Converse, People},
    extract::{Json, PathId},
    list::{List, Paging},
    problem::Problem,
    query::{FromQuery, Params, Query},
};

type Answer<T> = Result<axum::Json<T>, Problem>;

/// Which contacts are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContactParams {
    /// Only those with this e-mail address, in whatever spelling.
    #[param(min_length = 1, max_length = 320)]
    email: Option<String>,
    /// Only those with this phone number, in E.164. Not together with `email`.
    #[param(min_length = 1, max_length = 320, example = "+919811123456")]
    phone: Option<String>,
}

impl FromQuery for ContactParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        Some(Self { email: params.parsed("email", sought), phone: params.parsed("phone", sought) })
    }
}

fn sought(text: &str) -> Result<String, Invalid> {
    let fits = (1..=320).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Invalid::field("", "must have 1 to 320 characters and no control characters"))
}

impl ContactParams {
    fn filter(self) -> Result<Filter, Invalid> {
        match self {
            Self { email: Some(_), phone: Some(_) } => {
                Err(Invalid::field("/phone", "cannot be given together with email"))
            }
            Self { email, phone } => Ok(Filter { email, phone }),
        }
    }
}

/// List the contacts
///
/// Newest first. In a query, the `+` of a phone number is written `%2B`.
#[utoipa::path(
    get, path = "/api/v1/contacts", tag = "contacts", operation_id = "list_contacts",
    security(("key" = ["read"])), params(Paging, ContactParams),
    responses((status = OK, description = "A page of them.", body = List<ContactView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    Query((paging, params)): Query<(Paging, ContactParams)>,
) -> Answer<List<ContactView>> {
    let (page, filter) = (paging.request()?, params.filter()?);
    let page = web.db.read(move |tx| contacts::list(tx, &actor, &filter, page)).await?;
    Ok(axum::Json(List::of(page, ContactView::from)))
}

/// Show a contact
#[utoipa::path(
    get, path = "/api/v1/contacts/{id}", tag = "contacts", operation_id = "get_contact",
    security(("key" = ["read"])), params(("id" = String, Path, description = "`con_…`")),
    responses((status = OK, description = "The contact.", body = ContactView))
)]
pub(crate) async fn get(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    PathId(id): PathId<Contact>,
) -> Answer<ContactView> {
    let contact = web.db.read(move |tx| contacts::get(tx, &actor, id)).await?;
    Ok(axum::Json(contact.into()))
}

/// Merge two contacts
///
/// What this one does not know it learns from the other, whose conversations become its own; the other is gone. Answers
/// 409 with the code `same_contact` if both are one, and 404 if there is no such other.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/merge", tag = "contacts", operation_id = "merge_contacts",
    security(("key" = ["manage"])), params(("id" = String, Path, description = "`con_…`, the one that stays")),
    request_body = MergeContacts,
    responses((status = OK, description = "The one that stays.", body = ContactView))
)]
pub(crate) async fn merge(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Converse>,
    PathId(id): PathId<Contact>,
    Json { value: MergeContacts { from }, .. }: Json<MergeContacts>,
) -> Answer<ContactView> {
    let contact = web.db.write(move |tx| contacts::merge(tx, &actor, id, from)).await?;
    Ok(axum::Json(contact.into()))
}

/// Erase a person
///
/// The contact, all that was said in its conversations and in others of the same browsers, and what webhooks were or
/// would have been told of them. What is still to be delivered of it is skipped with the reason `erased`; conversations
/// that are open end without a word. Numbers stay.
#[utoipa::path(
    delete, path = "/api/v1/contacts/{id}", tag = "contacts", operation_id = "erase_contact",
    security(("key" = ["admin"])), params(("id" = String, Path, description = "`con_…`")),
    responses((status = OK, description = "Erased: a receipt.", body = Erased))
)]
pub(crate) async fn erase(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Admin>,
    PathId(id): PathId<Contact>,
) -> Answer<Erased> {
    let receipt = web.db.write(move |tx| contacts::erase(tx, &actor, id)).await?;
    Ok(axum::Json(Erased::new(id, receipt)))
}
