//! Two contacts become one: which other, then both side by side and what stays, then it is done.

use app::contacts;
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{Contact, Invalid};
use http::StatusCode;

use super::{ContactId, Found, called, find, path};
use crate::{
    Shared,
    auth::Converse,
    pages::{
        failure::Failure,
        form::{Form, Query},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
    problem::Problem,
};

/// What the contacts of [`MergePage::three`] are in it.
const SIDES: [&str; 3] = ["Stays", "Goes into it", "Becomes"];

#[derive(Template)]
#[template(path = "contacts/merge.html")]
struct MergePage {
    shell: Shell,
    contact: Contact,
    title: String,
    q: String,
    /// Who could be the other, while none is chosen.
    found: Option<Found>,
    /// The one that stays, the one that goes into it, and what they become; empty while none is chosen.
    three: Vec<Contact>,
}

impl MergePage {
    /// A custom field's value as it is shown.
    fn text(value: &serde_json::Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
}

pub(super) async fn choose(
    State(web): State<Shared>,
    id: ContactId,
    query: Query,
    by: ByMember<Converse>,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let from = query.0.filled("from").map(str::parse).transpose().map_err(|_| Problem::not_found())?;
    let read = move |tx: &mut app::Tx<'_>| {
        let contact = contacts::get(tx, &actor, id)?;
        let other = from.map(|from| contacts::get(tx, &actor, from)).transpose()?;
        Ok::<_, app::AppError>((contact, other))
    };
    let (contact, other) = web.db.read(read).await?;
    let found = match (&other, query.0.filled("q")) {
        (None, Some(_)) => Some(find(&web, &by, &query.0, 20).await?),
        _ => None,
    };
    let (title, q) = (called(&contact), query.0.get("q").trim().to_owned());
    let three = match other.filter(|other| other.id != id) {
        Some(other) => vec![contact.clone(), other.clone(), contacts::merged(contact.clone(), &other)],
        None => Vec::new(),
    };
    let shell = Shell::new(&web, &by, Place::Contacts).below(&title, &path(id)).below("Merge", "");
    let is_wrong = found.as_ref().is_some_and(|found| !found.errors.is_empty());
    let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    render(status, &MergePage { shell, contact, title, q, found, three })
}

pub(super) async fn merge(
    State(web): State<Shared>,
    id: ContactId,
    by: ByMember<Converse>,
    form: Form,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let wrong = |_| Invalid::field("/from", "choose the contact that goes into this one");
    let from = form.get("from").parse().map_err(wrong)?;
    web.db.write(move |tx| contacts::merge(tx, &actor, id, from)).await?;
    Ok(go(&path(id), "merged"))
}
