//! The deliveries of one webhook, also of a deleted one, with filters.

use app::{
    AppError, Page, PageRequest, Tx, deliveries, deliveries::DeliveryFilter, standings::Explained, webhooks,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Actor, Delivery, Event, EventType, Id, Outcome, Timestamp, Webhook};
use http::StatusCode;

use super::{known, path, words};
use crate::{
    Shared,
    auth::Read,
    pages::{
        failure::Failure,
        form::{Form, Query},
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
    /// What was looked for and is no id.
    problem: Option<&'static str>,
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
    List(DeliveryFilter),
    /// Exactly that one.
    One(Id<Delivery>),
    Nonsense,
}

fn asked(query: &Form, webhook: Id<Webhook>, now: Timestamp) -> Asked {
    let state = STATES.into_iter().find(|state| *state == query.get("state")).map(str::to_owned);
    let hours = TIMES.iter().find(|time| time.0 == query.get("time")).map_or(0, |time| time.2);
    let mut filter = DeliveryFilter {
        webhook_id: Some(webhook),
        event_id: None,
        state,
        event_type: query.get("type").parse().ok(),
        since: (hours > 0).then(|| now.before(std::time::Duration::from_secs(hours * 60 * 60))),
        until: None,
    };
    match query.filled("q") {
        None => Asked::List(filter),
        Some(text) => match (text.parse::<Id<Event>>(), text.parse::<Id<Delivery>>()) {
            (Ok(event), _) => {
                filter.event_id = Some(event);
                Asked::List(filter)
            }
            (_, Ok(delivery)) => Asked::One(delivery),
            _ => Asked::Nonsense,
        },
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
    let (filter, problem) = match asked(&query, id, shell.now()) {
        Asked::List(filter) => (Some(filter), None),
        Asked::One(delivery) => return Ok(Redirect::to(&delivery_path(delivery)).into_response()),
        Asked::Nonsense => (None, Some("is neither the id of an event (evt_…) nor of a delivery (dlv_…)")),
    };
    let page =
        PageRequest { after: query.get("after").parse().ok(), limit: PageRequest::<Delivery>::DEFAULT };
    let read = move |tx: &mut Tx<'_>| -> Result<_, AppError> {
        let name = name(tx, &actor, id)?;
        let found = match &filter {
            Some(filter) => deliveries::list_explained(tx, &actor, filter, page)?,
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
        problem,
        shell,
    };
    render(if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
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
