//! All contacts as one file, page by page: never all of them in memory.
//!
//! If the store fails on the way, the answer is cut off before its end, so that nobody takes a part for the whole.

use std::io;

use app::{
    AppError, Page, PageRequest,
    contacts::{self, Filter},
};
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{Actor, Contact, Id, Invalid, csv, search::Needle};
use futures_util::stream;
use http::{HeaderValue, header};
use utoipa::IntoParams;

use super::body::ContactView;
use crate::{
    Shared,
    auth::{Caller, People},
    problem::Problem,
    query::{FromQuery, Params, Query},
    search,
};

/// What programs read contacts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A row for each.
    Csv,
    /// An array of what the list shows.
    Json,
}

/// How the contacts are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// `csv` or `json`.
    #[param(required = false, default = "csv", value_type = String)]
    format: Format,
    /// Only those that such a search in the list finds.
    #[param(min_length = 1, max_length = 200, value_type = Option<String>)]
    q: Option<Needle>,
}

impl FromQuery for ExportParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        let format = params.parsed("format", |text| match text {
            "csv" => Ok(Format::Csv),
            "json" => Ok(Format::Json),
            _ => Err(Invalid::field("", "must be one of csv, json")),
        });
        Some(Self { format: format.unwrap_or(Format::Csv), q: params.parsed("q", filled).flatten() })
    }
}

/// A form that is left empty looks for nothing.
fn filled(text: &str) -> Result<Option<Needle>, Invalid> {
    (!text.is_empty()).then(|| Needle::new(text)).transpose()
}

/// Export the contacts
///
/// All of them, or those that a search finds, newest first; the audit log keeps that it was done. CSV (RFC 4180, UTF-8) has the columns `id`, `name`, `email`, `phone`, `consent_text`,
/// `consent_at`, `created_at`, `seen_at` and `custom`, which is JSON; a cell that a spreadsheet would run as a formula
/// has an apostrophe before it. JSON is an array of contacts as the list shows them.
#[utoipa::path(
    get, path = "/api/v1/contacts/export", tag = "contacts", operation_id = "export_contacts",
    security(("key" = ["read"])), params(ExportParams),
    responses((status = OK, description = "The file.",
        content((String = "text/csv"), (Vec<ContactView> = "application/json"))))
)]
pub(crate) async fn export(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<People>,
    Query(ExportParams { format, q }): Query<ExportParams>,
) -> Result<Response, Problem> {
    let what = if q.is_some() { "those of a search" } else { "all" };
    let export = Export { web, actor, format, q };
    // Read before anything is answered: what is wrong now can still be told.
    let first = export.read(None).await?;
    export.web.db.write(move |tx| contacts::export_begins(tx, &actor, what)).await?;
    let start = Place::Page { page: first, begins: true };
    let pages = stream::unfold((export, start), |(export, place)| async move {
        let (piece, place) = export.proceed(place).await?;
        Some((piece, (export, place)))
    });
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "attachment; filename=\"contacts.csv\""),
        Format::Json => ("application/json", "attachment; filename=\"contacts.json\""),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

type ContactPage = Page<Contact, Contact>;

/// What is exported, for whom.
struct Export {
    web: Shared,
    actor: Actor,
    format: Format,
    q: Option<Needle>,
}

/// How far an export is.
enum Place {
    /// This page is to be written; the file begins with it or does not.
    Page { page: ContactPage, begins: bool },
    /// The page behind that contact is to be read.
    Behind { last: Id<Contact>, begins: bool },
    /// All is written, or it was cut off.
    End,
}

impl Export {
    async fn read(&self, after: Option<Id<Contact>>) -> Result<ContactPage, AppError> {
        let (actor, request) = (self.actor, PageRequest { after, limit: PageRequest::<Contact>::MAX });
        match &self.q {
            Some(text) => {
                Ok(super::search(&self.web, actor, text.clone(), request, search::AT_LENGTH).await?.page)
            }
            None => self.web.db.read(move |tx| contacts::list(tx, &actor, &Filter::default(), request)).await,
        }
    }

    /// The next piece of the file, and where the export is then.
    async fn proceed(&self, place: Place) -> Option<(Result<Bytes, io::Error>, Place)> {
        let (page, begins) = match place {
            Place::End => return None,
            Place::Page { page, begins } => (page, begins),
            Place::Behind { last, begins } => match self.read(Some(last)).await {
                Ok(page) => (page, begins),
                Err(error) => {
                    tracing::error!(error = %error, "an export of contacts was cut off");
                    return Some((Err(io::Error::other(error)), Place::End));
                }
            },
        };
        let ends = page.next.is_none();
        // A page of a search may be empty though more come.
        let still_begins = begins && page.items.is_empty() && self.format == Format::Json;
        let next = page.next.map_or(Place::End, |last| Place::Behind { last, begins: still_begins });
        let piece = match self.format {
            Format::Csv => rows(page, begins),
            Format::Json => array(page, begins, ends),
        };
        Some((Ok(piece.into()), next))
    }
}

const COLUMNS: [&str; 9] =
    ["id", "name", "email", "phone", "consent_text", "consent_at", "created_at", "seen_at", "custom"];

fn rows(page: ContactPage, begins: bool) -> String {
    let mut text = String::new();
    if begins {
        csv::push_row(&mut text, COLUMNS);
    }
    for contact in page.items.into_iter().map(ContactView::from) {
        let custom = serde_json::Value::Object(contact.custom).to_string();
        let known = |field: &'static str| match field {
            "id" => contact.id.as_str(),
            "name" => contact.name.as_deref().unwrap_or_default(),
            "email" => contact.email.as_deref().unwrap_or_default(),
            "phone" => contact.phone.as_deref().unwrap_or_default(),
            "consent_text" => contact.consent.as_ref().map(|it| it.text.as_str()).unwrap_or_default(),
            "consent_at" => contact.consent.as_ref().map(|it| it.at.as_str()).unwrap_or_default(),
            "created_at" => contact.created_at.as_str(),
            "seen_at" => contact.seen_at.as_str(),
            _ => custom.as_str(),
        };
        csv::push_row(&mut text, COLUMNS.map(known));
    }
    text
}

fn array(page: ContactPage, begins: bool, ends: bool) -> String {
    let mut text = String::new();
    for (number, contact) in page.items.into_iter().map(ContactView::from).enumerate() {
        text.push(if begins && number == 0 { '[' } else { ',' });
        text.push_str(&serde_json::to_string(&contact).expect("a contact has string keys only"));
    }
    if text.is_empty() && begins && ends {
        text.push('[');
    }
    if ends {
        text.push(']');
    }
    text
}
