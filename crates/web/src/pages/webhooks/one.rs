//! One webhook: how it stands, how it has been doing, and what can be done with it.

use app::{
    AppError, PageRequest, Tx, chatbots, deliveries,
    deliveries::DeliveryFilter,
    hours::{self, Stretch},
    recoveries, webhooks,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Actor, Chatbot, Delivery, EventType, Id, Recovery, Webhook, WebhookState};
use http::StatusCode;

use super::{
    deliveries::Row,
    known, path,
    pictures::{self, SPANS, Span},
    recoveries::RecoveryRow,
    words,
};
use crate::{
    Shared,
    auth::{Manage, Read},
    charts::Health,
    pages::{
        failure::Failure,
        form::{Form, Query},
        member::ByMember,
        parts::{Badge, delivery_path, webhook_badge},
        shell::{Place, Shell, go, render},
        when::{When, count, duration, filters},
    },
};

/// What was just done, by the word in the query.
const DONE: [(&str, &str); 6] = [
    ("saved", "The changes are saved. They hold from the next attempt on."),
    ("paused", "The webhook is paused. What comes waits."),
    ("resumed", "The webhook is active. What waited is being sent."),
    ("disabled", "The webhook is disabled. Events are skipped."),
    ("rotated", "The webhook has a new secret. The old one goes on signing beside it for 24 hours."),
    ("created", "The webhook is made."),
];

/// When a held webhook is tried next.
enum Probe {
    Due,
    At(When),
}

impl Probe {
    fn of(shell: &Shell, webhook: &Webhook) -> Option<Self> {
        let at = webhook.health.probe_at?;
        Some(if at > shell.now() { Self::At(shell.when(&at)) } else { Self::Due })
    }
}

#[derive(Template)]
#[template(path = "webhooks/one.html")]
struct OnePage {
    shell: Shell,
    path: String,
    webhook: Webhook,
    badge: Badge,
    since: When,
    standing: String,
    probe: Option<Probe>,
    span: Span,
    health: Health,
    delivered: String,
    failed: String,
    /// How long half of the answers took at most, in the last part that had any.
    typical: Option<String>,
    /// Whether more was planned than was looked at.
    more: bool,
    chatbots: Vec<String>,
    created: When,
    rows: Vec<Row>,
    recoveries: Vec<RecoveryRow>,
}

impl OnePage {
    fn is_active(&self) -> bool {
        self.webhook.state == WebhookState::Active
    }

    fn is_disabled(&self) -> bool {
        matches!(self.webhook.state, WebhookState::Disabled(_))
    }
}

/// What the page reads, in one transaction.
struct Found {
    webhook: Webhook,
    stretches: Vec<Stretch>,
    deliveries: Vec<(app::standings::Explained, Option<domain::Outcome>)>,
    recoveries: Vec<Recovery>,
    chatbots: Vec<Chatbot>,
}

fn read(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>, span: Span) -> Result<Found, AppError> {
    let webhook = webhooks::get(tx, actor, id)?;
    let filter = DeliveryFilter { webhook_id: Some(id), ..DeliveryFilter::default() };
    let newest = PageRequest::<Delivery> { after: None, limit: 8 };
    let last = PageRequest::<Recovery> { after: None, limit: 5 };
    Ok(Found {
        stretches: hours::stretches(tx, actor, id, span.length, span.count)?,
        deliveries: deliveries::list_explained(tx, actor, &filter, newest)?.items,
        recoveries: recoveries::list(tx, actor, Some(id), last)?.items,
        chatbots: chosen(tx, actor, &webhook)?,
        webhook,
    })
}

/// The chatbots that it is limited to; those that are gone are left out.
fn chosen(tx: &mut Tx<'_>, actor: &Actor, webhook: &Webhook) -> Result<Vec<Chatbot>, AppError> {
    let mut found = Vec::new();
    for id in &webhook.chatbot_ids {
        match chatbots::get(tx, actor, *id) {
            Ok(chatbot) => found.push(chatbot),
            Err(AppError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let span = SPANS.into_iter().find(|span| span.word == query.get("span")).unwrap_or(SPANS[0]);
    let read = web.db.read(move |tx| match read(tx, &actor, id, span) {
        // Of a deleted one its log is left.
        Err(AppError::NotFound) => webhooks::get_deleted(tx, &actor, id).map(|_| None),
        other => other.map(Some),
    });
    let Some(read) = read.await? else {
        return Ok(Redirect::to(&format!("{}/deliveries", path(id))).into_response());
    };
    let shell =
        Shell::new(&web, &by, Place::Webhooks).below(&read.webhook.name, &path(id)).saying(&query, &DONE);
    render(StatusCode::OK, &fill(shell, span, read))
}

fn fill(shell: Shell, span: Span, read: Found) -> OnePage {
    let Found { webhook, stretches, deliveries, recoveries, chatbots } = read;
    let all = |of: fn(&Stretch) -> u64| count(stretches.iter().map(of).sum::<u64>());
    OnePage {
        path: path(webhook.id),
        badge: webhook_badge(webhook.state),
        since: shell.when(&webhook.state_since).dated(),
        standing: words::standing(&webhook),
        probe: Probe::of(&shell, &webhook),
        health: pictures::health(&shell, &webhook, span, &stretches),
        delivered: all(|it| it.delivered),
        failed: all(|it| it.failed),
        typical: stretches.iter().rev().find_map(|it| it.p50).map(duration),
        more: stretches.iter().any(|it| it.more),
        chatbots: chatbots.into_iter().map(|it| it.name).collect(),
        created: shell.when(&webhook.created_at),
        rows: deliveries.into_iter().map(|(explained, last)| Row::new(&shell, explained, last)).collect(),
        recoveries: recoveries.into_iter().map(|it| RecoveryRow::new(&shell, it)).collect(),
        span,
        webhook,
        shell,
    }
}

type Switch = fn(&mut Tx<'_>, &Actor, Id<Webhook>) -> Result<Webhook, AppError>;

async fn switch(
    web: &Shared,
    by: ByMember<Manage>,
    id: &str,
    to: Switch,
    done: &str,
) -> Result<Response, Failure> {
    let (id, actor) = (known(id)?, by.actor);
    web.db.write(move |tx| to(tx, &actor, id)).await?;
    Ok(go(&path(id), done))
}

pub(super) async fn pause(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    switch(&web, by, &id, webhooks::pause, "paused").await
}

pub(super) async fn resume(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    switch(&web, by, &id, webhooks::resume, "resumed").await
}

pub(super) async fn disable(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    switch(&web, by, &id, webhooks::disable, "disabled").await
}

pub(super) async fn delete(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (known(&id)?, by.actor);
    web.db.write(move |tx| webhooks::delete(tx, &actor, id)).await?;
    Ok(go(Place::Webhooks.path(), "deleted"))
}

/// A question before something that cannot be undone.
#[derive(Template)]
#[template(path = "webhooks/ask.html")]
pub(super) struct AskPage {
    pub(super) shell: Shell,
    /// Back to the webhook.
    pub(super) path: String,
    pub(super) name: String,
    /// The verb of the question and of its button.
    pub(super) verb: &'static str,
    pub(super) consequences: &'static [&'static str],
}

pub(super) async fn ask(
    web: &Shared,
    by: ByMember<Manage>,
    id: &str,
    (step, verb): (&str, &'static str),
    consequences: &'static [&'static str],
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(id)?, by.actor);
    let webhook = web.db.read(move |tx| webhooks::get(tx, &actor, id)).await?;
    let path = path(id);
    let shell = Shell::new(web, &by, Place::Webhooks)
        .below(&webhook.name, &path)
        .below(verb.trim_end_matches(" of"), &format!("{path}/{step}"));
    render(StatusCode::OK, &AskPage { shell, path, name: webhook.name, verb, consequences })
}

pub(super) async fn ask_disable(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let consequences = &[
        "What waits to be sent is skipped, and so is everything that comes until it is resumed.",
        "Skipped deliveries stay in the log and can be sent by a recovery as long as their data is kept.",
        "If the receiver is only away for a while, pause the webhook instead: then everything waits.",
    ];
    ask(&web, by, &id, ("disable", "Disable"), consequences).await
}

pub(super) async fn ask_delete(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let consequences = &[
        "What waits to be sent is skipped, and the secret is gone. This cannot be undone.",
        "The log of its deliveries stays until retention removes it, under the filter Deleted.",
    ];
    ask(&web, by, &id, ("delete", "Delete"), consequences).await
}

#[derive(Template)]
#[template(path = "webhooks/test.html")]
struct TestPage {
    shell: Shell,
    path: String,
    webhook: Webhook,
    types: [EventType; 4],
}

impl TestPage {
    /// Whether that is the type that is chosen unless somebody chooses.
    fn is_first(&self, event_type: &EventType) -> bool {
        self.webhook.event_types.first() == Some(event_type)
    }
}

pub(super) async fn ask_test(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let webhook = web.db.read(move |tx| webhooks::get(tx, &actor, id)).await?;
    let path = path(id);
    let shell = Shell::new(&web, &by, Place::Webhooks)
        .below(&webhook.name, &path)
        .below("Send test", &format!("{path}/test"));
    render(StatusCode::OK, &TestPage { shell, path, webhook, types: EventType::ALL })
}

pub(super) async fn test(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let event_type = form.filled("event_type").map(str::parse::<EventType>).transpose()?;
    let plan =
        std::sync::Arc::new(web.db.read(move |tx| webhooks::prepare_test(tx, &actor, id, event_type)).await?);
    let outcome = web.outbound.send_test(&plan).await;
    let (sent, _) = web.db.write(move |tx| webhooks::record_test(tx, &actor, &plan, &outcome)).await?;
    Ok(go(&delivery_path(sent), "tested"))
}
