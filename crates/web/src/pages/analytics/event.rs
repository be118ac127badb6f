//! One event: what it says, and why it reached each webhook or did not.

use std::collections::HashMap;

use app::{
    AppError, deliveries,
    events::{self, EventDetail},
    webhooks,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{Actor, Delivery, DeliveryState, Event, Id, Timestamp, Webhook};
use http::StatusCode;

use super::events::{Fate, Talk, about};
use crate::{
    Shared,
    auth::{Manage, Read},
    extract::PathId,
    pages::{
        failure::Failure,
        form::Query,
        member::ByMember,
        parts::{Badge, badge, delivery_path, event_path, webhook_path},
        shell::{Place, Shell, go, render},
        when::filters,
    },
    problem::Problem,
};

#[derive(Template)]
#[template(path = "analytics/event.html")]
struct EventPage {
    shell: Shell,
    event: Event,
    about: Vec<String>,
    conversation: Option<Talk>,
    fate: Fate,
    payload: Payload,
    /// What the extended body tells besides.
    more: Option<String>,
    /// The webhooks that have a delivery of it.
    deliveries: Vec<Line>,
    /// Those that have none.
    others: Vec<Line>,
    more_webhooks: bool,
}

/// What can be shown of an event's data.
enum Payload {
    /// Laid out to be read, or byte for byte.
    Shown { text: String, raw: bool },
    /// The role does not see it.
    Hidden,
    /// Retention or erasure has removed it.
    Gone,
}

/// A webhook, and where the event stands with it.
struct Line {
    name: String,
    /// The webhook's page, unless it was deleted.
    webhook: Option<String>,
    badge: Badge,
    why: String,
    next: Option<Timestamp>,
    /// The delivery's page, and where a form sends it again if it can be.
    delivery: Option<(String, Option<String>)>,
}

/// One event.
pub(super) async fn show(
    State(web): State<Shared>,
    Query(query): Query,
    by: ByMember<Read>,
    id: Result<PathId<Event>, Problem>,
) -> Result<Response, Failure> {
    let PathId(id) = id?;
    let path = event_path(id);
    let shell = Shell::new(&web, &by, Place::Events)
        .below("Event", &path)
        .saying(&query, &[("resent", "It is sent again, with the same id and the same bytes.")]);
    let actor = by.actor;
    let read = move |tx: &mut app::Tx<'_>| {
        let tally = events::tally(tx, &actor, &[id])?;
        let detail = events::get(tx, &actor, id)?;
        let deleted = deleted(tx, &actor, &detail)?;
        Ok::<_, AppError>((detail, deleted, tally))
    };
    let (detail, deleted, tally) = web.db.read(read).await?;
    let EventDetail { event, .. } = &detail;
    let (deliveries, others) = lines(&detail, &deleted, shell.manages());
    let page = EventPage {
        about: about(event),
        conversation: Talk::of(event, shell.sees_people()),
        fate: Fate::of(event, tally.first().copied().unwrap_or_default()),
        payload: Payload::of(event, shell.sees_people(), query.has("show", "raw")),
        more: event.context.more.as_deref().map(domain::json::indented),
        deliveries,
        others,
        more_webhooks: detail.more_webhooks,
        event: detail.event,
        shell,
    };
    render(StatusCode::OK, &page)
}

/// Sends a delivery of the event again.
pub(super) async fn resend(
    State(web): State<Shared>,
    by: ByMember<Manage>,
    Path((event, delivery)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (Ok(event), Ok(id)) = (event.parse::<Id<Event>>(), delivery.parse::<Id<Delivery>>()) else {
        return Err(Problem::not_found().into());
    };
    let actor = by.actor;
    let write = move |tx: &mut app::Tx<'_>| {
        let (found, _) = deliveries::get(tx, &actor, id)?;
        if found.delivery.event_id != event {
            return Err(AppError::NotFound);
        }
        deliveries::resend(tx, &actor, id)
    };
    web.db.write(write).await?;
    Ok(go(&event_path(event), "resent"))
}

impl Payload {
    fn of(event: &Event, sees_people: bool, raw: bool) -> Self {
        match &event.data {
            _ if !sees_people => Self::Hidden,
            None => Self::Gone,
            Some(data) if raw => Self::Shown { text: data.clone(), raw },
            Some(data) => Self::Shown { text: domain::json::indented(data), raw },
        }
    }
}

/// The names of those webhooks with a delivery of the event that were deleted since.
fn deleted(
    tx: &mut app::Tx<'_>,
    actor: &Actor,
    detail: &EventDetail,
) -> Result<HashMap<Id<Webhook>, String>, AppError> {
    let mut names = HashMap::new();
    for (it, _) in detail.deliveries.iter().filter(|(_, name)| name.is_none()) {
        let id = it.delivery.webhook_id;
        names.insert(id, webhooks::get_deleted(tx, actor, id)?.name);
    }
    Ok(names)
}

/// The webhooks with a delivery of the event, and those without one.
fn lines(
    detail: &EventDetail,
    deleted: &HashMap<Id<Webhook>, String>,
    manages: bool,
) -> (Vec<Line>, Vec<Line>) {
    let expired = detail.event.data.is_none() && manages;
    let deliveries = detail.deliveries.iter().map(|(it, name)| {
        let delivery = &it.delivery;
        let again = manages && !expired && name.is_some() && can_be_resent(delivery);
        let known = name.as_ref().or_else(|| deleted.get(&delivery.webhook_id));
        Line {
            name: known.cloned().unwrap_or_default(),
            webhook: name.is_some().then(|| webhook_path(delivery.webhook_id)),
            badge: badge(delivery.state),
            why: it.why.words.clone(),
            next: it.next_attempt_at,
            delivery: Some((
                delivery_path(delivery.id),
                again.then(|| format!("{}/deliveries/{}/resend", event_path(delivery.event_id), delivery.id)),
            )),
        }
    });
    let others = detail.webhooks.iter().filter(|it| it.delivery_id.is_none()).map(|it| Line {
        name: it.name.clone(),
        webhook: Some(webhook_path(it.webhook_id)),
        badge: Badge { word: "no delivery", class: "" },
        why: it.why.words.clone(),
        next: None,
        delivery: None,
    });
    (deliveries.collect(), others.collect())
}

/// Whether it is done, and no test.
fn can_be_resent(delivery: &Delivery) -> bool {
    delivery.state != DeliveryState::Pending && !delivery.event_id.is_test()
}
