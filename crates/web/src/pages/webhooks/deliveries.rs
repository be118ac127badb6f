//! The deliveries of one webhook, also of a deleted one, with filters.

use app::{
    AppError, Page, PageRequest, Tx, deliveries, deliveries::DeliveryFilter, standings::Explained, webhooks,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Actor, Delivery, Event, EventType, Id, Invalid, Outcome, Timestamp, Webhook};
use http::StatusCode;

use super::{known, path, words};
use crate::{
    Shared,
    auth::Read,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        parts::{Badge, badge, delivery_path},
        shell::{Place, Shell, render},
        when::{When, filters},
    },
};

/// A line of the list.
pub(super) struct Row {
    pub(super) delivery: Delivery,
    pub(super) path: String,
    pub(super) planned: When,
    pub(super) badge: Badge,
    /// Why it is in its state.
    pub(super) why: String,
    /// The last answer's status, or why there was none.
    pub(super) answer: Option<String>,
    pub(super) next: Option<When>,
}

impl Row {
    pub(super) fn new(shell: &Shell, explained: Explained, last: Option<Outcome>) -> Self {
        let Explained { delivery, next_attempt_at, why } = explained;
        Self {
            path: delivery_path(delivery.id),
            planned: shell.when(&delivery.created_at),
            badge: badge(delivery.state),
            why: shell.local(&why.words),
            answer: last.as_ref().map(words::answer),
            next: next_attempt_at.map(|at| shell.when(&at)),
            delivery,
        }
    }
}

/// The times that a list can be narrowed to: word, label, hours.
const TIMES: [(&str, &str, u64); 4] = [
    ("", "Any time", 0),
    ("1h", "Last hour", 1),
    ("24h", "Last 24 hours", 24),
    ("7d", "Last 7 days", 7 * 24),
];

const STATES: [&str; 4] = ["pending", "delivered", "exhausted", "skipped"];

#[derive(Template)]
#[template(path = "webhooks/deliveries.html")]
struct DeliveriesPage {
    shell: Shell,
    path: String,
    name: String,
    deleted: Option<When>,
    /// What is filled in.
    chosen: Form,
    errors: Errors,
    types: [EventType; 4],
    rows: Vec<Row>,
    /// The address of the next page.
    older: Option<String>,
}

/// What a list can be narrowed by.
const FILTERS: [&str; 4] = ["state", "type", "time", "q"];

impl DeliveriesPage {
    fn is(&self, name: &str, value: &str) -> bool {
        self.chosen.get(name) == value
    }

    fn is_narrowed(&self) -> bool {
        FILTERS.iter().any(|name| self.chosen.filled(name).is_some())
    }
}

/// What the query asks for.
enum Asked {
    List(DeliveryFilter, PageRequest<Delivery>),
    /// Exactly that one.
    One(Id<Delivery>),
    Nonsense(Reading),
}

fn asked(query: &Form, webhook: Id<Webhook>, now: Timestamp) -> Asked {
    let mut reading = Reading::new();
    let state = query.chosen("state", |text| STATES.into_iter().find(|state| *state == text));
    let time = query.chosen("time", |text| TIMES.iter().find(|time| time.0 == text));
    let hours = reading.or(time, None).map(|time| std::time::Duration::from_secs(time.2 * 60 * 60));
    let sought = reading.or(sought(query), Sought::Any);
    let filter = DeliveryFilter {
        webhook_id: Some(webhook),
        event_id: match sought {
            Sought::Event(id) => Some(id),
            _ => None,
        },
        state: reading.or(state, None).map(str::to_owned),
        event_type: reading.or(query.chosen("type", |text| text.parse().ok()), None),
        since: hours.map(|hours| now.before(hours)),
        until: None,
    };
    let after = reading.or(query.after(), None);
    match sought {
        _ if reading.complaints().is_err() => Asked::Nonsense(reading),
        Sought::Delivery(id) => Asked::One(id),
        _ => Asked::List(filter, PageRequest { after, limit: PageRequest::<Delivery>::DEFAULT }),
    }
}

/// Whose id is looked for.
#[derive(Clone, Copy)]
enum Sought {
    Any,
    Event(Id<Event>),
    Delivery(Id<Delivery>),
}

fn sought(query: &Form) -> Result<Sought, Invalid> {
    let Some(text) = query.filled("q") else { return Ok(Sought::Any) };
    match (text.parse(), text.parse()) {
        (Ok(event), _) => Ok(Sought::Event(event)),
        (_, Ok(delivery)) => Ok(Sought::Delivery(delivery)),
        _ => Err(Invalid::field("/q", "is neither the id of an event (evt_…) nor of a delivery (dlv_…)")),
    }
}

/// The webhook's name, and when it was deleted, if it was.
fn name(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<(String, Option<Timestamp>), AppError> {
    match webhooks::get(tx, actor, id) {
        Ok(webhook) => Ok((webhook.name, None)),
        Err(AppError::NotFound) => {
            webhooks::get_deleted(tx, actor, id).map(|it| (it.name, Some(it.deleted_at)))
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn list(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let shell = Shell::new(&web, &by, Place::Webhooks);
    let (filter, errors) = match asked(&query, id, shell.now()) {
        Asked::List(filter, page) => (Some((filter, page)), Errors::default()),
        Asked::One(delivery) => return Ok(Redirect::to(&delivery_path(delivery)).into_response()),
        Asked::Nonsense(reading) => (None, reading.into()),
    };
    let read = move |tx: &mut Tx<'_>| -> Result<_, AppError> {
        let name = name(tx, &actor, id)?;
        let found = match &filter {
            Some((filter, page)) => deliveries::list_explained(tx, &actor, filter, *page)?,
            None => Page { items: Vec::new(), next: None },
        };
        Ok((name, found))
    };
    let ((name, deleted), Page { items, next }) = web.db.read(read).await?;
    let path = path(id);
    let shell = shell.below(&name, &path).below("Deliveries", &format!("{path}/deliveries"));
    let page = DeliveriesPage {
        rows: items.into_iter().map(|(explained, last)| Row::new(&shell, explained, last)).collect(),
        older: next.map(|next| older(&query, next)),
        deleted: deleted.map(|at| shell.when(&at)),
        types: EventType::ALL,
        chosen: query,
        path,
        name,
        errors,
        shell,
    };
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &page)
}

/// The same filters, behind the last of this page.
fn older(query: &Form, next: Id<Delivery>) -> String {
    let mut address = url::form_urlencoded::Serializer::for_suffix("?".to_owned(), 1);
    for name in FILTERS {
        if let Some(value) = query.filled(name) {
            address.append_pair(name, value);
        }
    }
    address.append_pair("after", &next.to_string()).finish()
}
