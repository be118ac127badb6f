//! A person is erased: what that removes, the name typed once more, and the receipt.

use app::contacts::{self, Receipt};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use domain::{AuditEntry, Contact, Invalid};
use http::StatusCode;

use super::{ContactId, called, path};
use crate::{
    Shared,
    auth::Admin,
    pages::{
        failure::Failure,
        form::{Errors, Form},
        member::ByMember,
        shell::{Place, Shell, render},
        when::filters,
    },
};

#[derive(Template)]
#[template(path = "contacts/erase.html")]
struct ErasePage {
    shell: Shell,
    contact: Contact,
    /// What is to be typed.
    title: String,
    typed: String,
    would: Receipt,
    conversations: u64,
    skipped: u64,
    errors: Errors,
}

pub(super) async fn ask(
    State(web): State<Shared>,
    id: ContactId,
    by: ByMember<Admin>,
) -> Result<Response, Failure> {
    question(&web, &by, id, "", Errors::default(), StatusCode::OK).await
}

async fn question(
    web: &Shared,
    by: &ByMember<Admin>,
    id: ContactId,
    typed: &str,
    errors: Errors,
    status: StatusCode,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let read = move |tx: &mut app::Tx<'_>| {
        Ok::<_, app::AppError>((contacts::get(tx, &actor, id)?, contacts::would_erase(tx, &actor, id)?))
    };
    let (contact, would) = web.db.read(read).await?;
    let title = called(&contact);
    let (conversations, skipped) = (would.conversations.into(), would.skipped.into());
    let shell = Shell::new(web, by, Place::Contacts).below(&title, &path(id)).below("Erase", "");
    render(
        status,
        &ErasePage { shell, contact, title, typed: typed.to_owned(), conversations, skipped, would, errors },
    )
}

pub(super) async fn erase(
    State(web): State<Shared>,
    id: ContactId,
    by: ByMember<Admin>,
    form: Form,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let contact = web.db.read(move |tx| contacts::get(tx, &actor, id)).await?;
    let typed = form.get("name").trim();
    if typed != called(&contact).trim() {
        let errors = Invalid::field("/name", "is not what the contact is called").into();
        let id = Ok(crate::extract::PathId(id));
        return question(&web, &by, id, typed, errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    web.db.write(move |tx| contacts::erase(tx, &actor, id)).await?;
    Ok(Redirect::to(&format!("/contacts/erased/{id}")).into_response())
}

#[derive(Template)]
#[template(path = "contacts/receipt.html")]
struct ReceiptPage {
    shell: Shell,
    entry: AuditEntry,
    /// What was removed, in words.
    removed: Vec<String>,
}

pub(super) async fn receipt(
    State(web): State<Shared>,
    id: ContactId,
    by: ByMember<Admin>,
) -> Result<Response, Failure> {
    let (actor, id) = (by.actor, id?.0);
    let entry = web.db.read(move |tx| contacts::receipt(tx, &actor, id)).await?;
    let removed = entry.detail.as_deref().unwrap_or_default().split(", ").map(str::to_owned).collect();
    let shell = Shell::new(&web, &by, Place::Contacts).below("Receipt of an erasure", "");
    render(StatusCode::OK, &ReceiptPage { shell, entry, removed })
}
