//! One delivery: what it was for, why it stands where it stands, and each attempt with its request and its answer.
//!
//! A signature is not shown: it is not kept, and what could be made now would not be what was sent.

use app::{AppError, Tx, deliveries, events, standings::Explained, webhooks};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{Actor, Attempt, AttemptKind, Delivery, DeliveryState, Event, Id, Webhook, why};
use http::StatusCode;

use super::{known, pictures, words};
use crate::{
    Shared,
    auth::{Manage, Read},
    charts::Phases,
    pages::{
        failure::Failure,
        form::Query,
        member::ByMember,
        parts::{Badge, badge, delivery_path as path},
        shell::{Place, Shell, go, render},
        when::{When, filters},
    },
};

/// One attempt as it is shown.
struct AttemptRow {
    number: u32,
    kind: &'static str,
    at: When,
    class: &'static str,
    answer: String,
    explanation: String,
    address: Option<String>,
    phases: Phases,
    /// `webhook-timestamp`, in seconds.
    timestamp: i64,
    /// Headers and body of the answer, if there was one.
    response: Option<(Vec<(String, String)>, String)>,
}

impl AttemptRow {
    fn new(shell: &Shell, attempt: &Attempt) -> Self {
        let outcome = &attempt.outcome;
        let response = outcome.result.as_ref().ok();
        Self {
            number: attempt.number,
            kind: match attempt.kind {
                AttemptKind::Scheduled => "",
                AttemptKind::Probe => "probe",
                AttemptKind::Test => "test",
            },
            at: shell.when(&outcome.at),
            class: if words::went_well(attempt) { "ok" } else { "bad" },
            answer: words::answer(outcome),
            explanation: why::explain(outcome),
            address: outcome.address.clone(),
            phases: pictures::phases(attempt),
            timestamp: outcome.at.micros().div_euclid(1_000_000),
            response: response.map(|it| (it.headers.clone(), text(&it.body))),
        }
    }
}

/// A body as text; what is not UTF-8 as so many bytes.
fn text(body: &[u8]) -> String {
    match str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{} bytes that are not text: {}", body.len(), String::from_utf8_lossy(body)),
    }
}

#[derive(Template)]
#[template(path = "webhooks/delivery.html")]
struct DeliveryPage {
    shell: Shell,
    path: String,
    delivery: Delivery,
    badge: Badge,
    why: String,
    planned: When,
    next: Option<When>,
    /// Newest first.
    attempts: Vec<AttemptRow>,
    /// The webhook, unless it was deleted.
    webhook: Option<Webhook>,
    webhook_path: String,
    name: String,
    /// The body that is sent, if it is still there and may be seen.
    body: Option<String>,
    length: usize,
}

impl DeliveryPage {
    fn is_test(&self) -> bool {
        self.delivery.event_id.is_test()
    }

    /// Why it cannot be sent again, if it cannot.
    fn no_resend(&self) -> Option<&'static str> {
        match &self.webhook {
            _ if self.is_test() => Some("A test is not sent again; send another one."),
            None => Some("It cannot be sent again: its webhook was deleted."),
            Some(it) if it.state.skips().is_some() => {
                Some("Its webhook is disabled; resume it to send this again.")
            }
            Some(_) if self.delivery.state == DeliveryState::Pending => {
                Some("It is pending: it will be tried when it is due.")
            }
            Some(_) if self.body.is_none() && self.shell.sees_people() => {
                Some("It cannot be sent again: the event's data was deleted by retention or erasure.")
            }
            Some(_) => None,
        }
    }
}

struct Found {
    explained: Explained,
    attempts: Vec<Attempt>,
    event: Event,
    webhook: Option<Webhook>,
    name: String,
}

fn read(tx: &mut Tx<'_>, actor: &Actor, id: Id<Delivery>) -> Result<Found, AppError> {
    let (explained, attempts) = deliveries::get(tx, actor, id)?;
    let event = events::find(tx, actor, explained.delivery.event_id)?;
    let id = explained.delivery.webhook_id;
    let (webhook, name) = match webhooks::get(tx, actor, id) {
        Ok(webhook) => {
            let name = webhook.name.clone();
            (Some(webhook), name)
        }
        Err(AppError::NotFound) => (None, webhooks::get_deleted(tx, actor, id)?.name),
        Err(error) => return Err(error),
    };
    Ok(Found { explained, attempts, event, webhook, name })
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Delivery>(&id)?, by.actor);
    let found = web.db.read(move |tx| read(tx, &actor, id)).await?;
    let webhook_path = super::path(found.explained.delivery.webhook_id);
    let shell = Shell::new(&web, &by, Place::Webhooks)
        .below(&found.name, &webhook_path)
        .below("Deliveries", &format!("{webhook_path}/deliveries"))
        .below("Delivery", &path(id))
        .saying(
            &query,
            &[
                ("resent", "It is sent again, with the same id and the same bytes."),
                ("tested", "The test was sent. This is how it went."),
            ],
        );
    render(StatusCode::OK, &fill(shell, webhook_path, found))
}

fn fill(shell: Shell, webhook_path: String, found: Found) -> DeliveryPage {
    let Found { explained: Explained { delivery, next_attempt_at, why }, attempts, event, webhook, name } =
        found;
    let body = event.body(delivery.body).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    DeliveryPage {
        path: path(delivery.id),
        badge: badge(delivery.state),
        why: shell.local(&why.words),
        planned: shell.when(&delivery.created_at),
        next: next_attempt_at.map(|at| shell.when(&at)),
        attempts: attempts.iter().rev().map(|attempt| AttemptRow::new(&shell, attempt)).collect(),
        length: body.as_ref().map_or(0, String::len),
        body,
        delivery,
        webhook,
        webhook_path,
        name,
        shell,
    }
}

pub(super) async fn resend(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Delivery>(&id)?, by.actor);
    web.db.write(move |tx| deliveries::resend(tx, &actor, id)).await?;
    Ok(go(&path(id), "resent"))
}
