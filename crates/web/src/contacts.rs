//! Contacts over HTTP: list, show, merge, erase, export.

pub(crate) mod body;
pub(crate) mod export;

use std::time::Duration;

use app::{
    AppError, PageRequest,
    contacts::{self, Filter},
};
use axum::extract::State;
use domain::{Actor, Contact, Invalid, search::Needle};
use utoipa::IntoParams;

use self::body::{ContactView, Erased, MergeContacts};
use crate::{
    Shared,
    auth::{Admin, Caller, Converse, People},
    extract::{Json, PathId},
    list::Paging,
    problem::Problem,
    query::{FromQuery, Params, Query},
    search::{self, Searched, SearchedList, sought},
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
    /// Only those of whom the name has words that begin like these, whose address begins like this or whose number has
    /// these digits. Alone.
    #[param(min_length = 1, max_length = 200, example = "carter")]
    #[param(value_type = Option<String>)]
    q: Option<Needle>,
}

impl FromQuery for ContactParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        let (email, phone) = (params.parsed("email", sought), params.parsed("phone", sought));
        Some(Self { email, phone, q: params.parsed("q", Needle::new) })
    }
}

impl ContactParams {
    fn filter(&self) -> Result<Filter, Invalid> {
        match self {
            Self { email: Some(_), phone: Some(_), .. } => {
                Err(Invalid::field("/phone", "cannot be given together with email"))
            }
            Self { email, phone, q: Some(_) } if email.is_some() || phone.is_some() => {
                Err(Invalid::field("/q", "cannot be given together with email or phone"))
            }
            Self { email, phone, .. } => Ok(Filter { email: email.clone(), phone: phone.clone() }),
        }
    }
}

/// Finds contacts by the beginning of an address or a number where there is an index for it, and otherwise by looking.
pub(crate) async fn search(
    web: &Shared,
    actor: Actor,
    text: Needle,
    page: PageRequest<Contact>,
    patience: Duration,
) -> Result<Searched<Contact>, AppError> {
    let beginning = text.clone();
    let found = web.db.read(move |tx| contacts::beginning(tx, &actor, &beginning, page)).await?;
    if let Some(page) = found {
        return Ok(Searched::by_index(page));
    }
    let slice = |page| web.db.read(move |tx| contacts::list(tx, &actor, &Filter::default(), page));
    search::look(patience, page, slice, move |contact: &Contact| contacts::matches(contact, &text)).await
}

/// List the contacts
///
/// Newest first. In a query, the `+` of a phone number is written `%2B`. With `q` one request looks at 50,000 contacts
/// at most; `next` goes on from there.
#[utoipa::path(
    get, path = "/api/v1/contacts", tag = "contacts", operation_id = "list_contacts",
    security(("key" = ["read"])), params(Paging, ContactParams),
    responses((status = OK, description = "A page of them.", body = SearchedList<ContactView>))
)]
pub(crate) async fn list(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    Query((paging, params)): Query<(Paging, ContactParams)>,
) -> Answer<SearchedList<ContactView>> {
    let (page, filter) = (paging.request()?, params.filter()?);
    if let Some(text) = params.q {
        let searched = search(&web, actor, text, page, search::AT_LENGTH).await?;
        return Ok(axum::Json(SearchedList::searched(searched, ContactView::from)));
    }
    let page = web.db.read(move |tx| contacts::list(tx, &actor, &filter, page)).await?;
    Ok(axum::Json(SearchedList::listed(page, ContactView::from)))
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
