//! Deliveries: what is due, what an attempt leads to, and sending again.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use domain::{
    Account, Actor, Attempt, AttemptKind, Delivery, DeliveryState, ExhaustReason, Finish, Id, Outcome,
    Permission, RetryPolicy, SkipReason, Timestamp, Webhook, WebhookState, delivery, hold,
};
pub use store::deliveries::{DeliveryFilter, Due, Lease, Waiting};
use store::{Changed, Planned, Signal, Tx, nodes::Node};

use crate::{
    AppError, Page, PageRequest,
    access::require,
    audit::{self, Action, Deed},
    holds::{self, Effect},
    standings::{self, Explained},
    webhooks,
};

/// The account's deliveries, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    filter: &DeliveryFilter,
    page: PageRequest<Delivery>,
) -> Result<Page<Delivery, Delivery>, AppError> {
    require(actor, Permission::Read)?;
    let account = actor.account();
    page.fill(|before, limit| Ok(store::deliveries::list(tx, account, filter, before, limit)?), |it| it.id)
}

/// The same, each with why it is where it is and how its last attempt went, without headers and body of the answer.
pub fn list_explained(
    tx: &mut Tx<'_>,
    actor: &Actor,
    filter: &DeliveryFilter,
    page: PageRequest<Delivery>,
) -> Result<Page<(Explained, Option<Outcome>), Delivery>, AppError> {
    let Page { items, next } = list(tx, actor, filter, page)?;
    let (account, mut webhooks) = (actor.account(), HashMap::new());
    let mut explained = Vec::with_capacity(items.len());
    for delivery in items {
        let webhook = match webhooks.entry(delivery.webhook_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(store::webhooks::find(tx, account, delivery.webhook_id)?)
            }
        };
        let last = store::hours::last_outcome(tx, account, delivery.id)?;
        explained.push((standings::explain(tx, delivery, webhook.as_ref(), last.as_ref())?, last));
    }
    Ok(Page { items: explained, next })
}

/// One delivery with its attempts, oldest first, and why it is where it is.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Delivery>) -> Result<(Explained, Vec<Attempt>), AppError> {
    require(actor, Permission::Read)?;
    let delivery = find(tx, actor, id)?;
    let mut attempts = store::deliveries::attempts(tx, delivery.account, id)?;
    let webhook = store::webhooks::find(tx, delivery.account, delivery.webhook_id)?;
    let last = attempts.last().map(|attempt| &attempt.outcome);
    let explained = standings::explain(tx, delivery, webhook.as_ref(), last)?;
    if !actor.may(Permission::People) {
        // Receivers like to say in their answer what they were sent.
        for response in attempts.iter_mut().filter_map(|it| it.outcome.result.as_mut().ok()) {
            response.body.clear();
            response.headers.clear();
        }
    }
    Ok((explained, attempts))
}

fn find(tx: &mut Tx<'_>, actor: &Actor, id: Id<Delivery>) -> Result<Delivery, AppError> {
    store::deliveries::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// Sends a finished delivery again, whatever became of it: the same id, the same bytes, a fresh schedule.
pub fn resend(tx: &mut Tx<'_>, actor: &Actor, id: Id<Delivery>) -> Result<Delivery, AppError> {
    require(actor, Permission::Manage)?;
    let conflict = |code, message: &str| Err(AppError::Conflict { code, message: message.to_owned() });
    let delivery = find(tx, actor, id)?;
    let account = delivery.account;
    let Some(webhook) = store::webhooks::find(tx, account, delivery.webhook_id)? else {
        return conflict("webhook_deleted", "the webhook of this delivery was deleted");
    };
    if let WebhookState::Disabled(_) = webhook.state {
        return conflict("webhook_disabled", "the webhook is disabled; resume it first");
    }
    if delivery.event_id.is_test() {
        return conflict("is_test", "a test is not sent again; send another one");
    }
    let event = store::events::find(tx, account, delivery.event_id)?;
    if event.is_none_or(|event| event.data.is_none()) {
        return conflict("payload_expired", "the event's data was deleted by retention or erasure");
    }
    if !restart(tx, &delivery)? {
        return conflict("still_pending", "the delivery is pending already; it will be tried when it is due");
    }
    audit::note(tx, actor, Deed::new(Action::DeliveryResent).to(id))?;
    tx.emit(Signal::Changed(account, Changed::Deliveries(webhook.id)));
    find(tx, actor, id)
}

/// Gives a finished delivery a fresh schedule; behind what is pending before it, where its webhook keeps order. False if
/// it is pending already.
pub(crate) fn restart(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<bool, AppError> {
    let Delivery { account, id, webhook_id, .. } = *delivery;
    let mut due_at = tx.now();
    if let Some(line) = &delivery.line {
        store::webhooks::lock(tx, account, webhook_id)?;
        due_at = Delivery::joining(store::lines::last(tx, webhook_id, line)?, due_at);
    }
    Ok(store::deliveries::restart(tx, account, id, due_at)?)
}

/// The sending webhooks on shards of `node` that have something pending, with when it is due.
pub fn waiting(tx: &mut Tx<'_>, node: Id<Node>) -> Result<Vec<Waiting>, AppError> {
    Ok(store::deliveries::waiting(tx, node)?)
}

/// What a lane sends: its webhook as it is now, and the next deliveries that are due.
pub struct Load {
    /// None if it was deleted.
    pub webhook: Option<Webhook>,
    /// When it was read.
    pub at: Timestamp,
    /// In the order they are due; of a held webhook the one to probe with, if that is due.
    pub due: Vec<Due>,
}

/// Reads a webhook and up to `limit` of its due deliveries after the place `after`.
pub fn load(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
    after: (Timestamp, Id<Delivery>),
    limit: u32,
) -> Result<Load, AppError> {
    let (id, now) = (webhook, tx.now());
    let webhook = store::webhooks::find(tx, account, id)?;
    let due = match webhook.as_ref().map(|webhook| (webhook.state, webhook.health)) {
        _ if limit == 0 => Vec::new(),
        Some((WebhookState::Active, _)) => store::deliveries::due(tx, id, now, after, limit)?,
        Some((WebhookState::Held, health)) if health.probe_at.is_some_and(|at| at <= now) => {
            let chosen = match hold::probed_place(health.probes) {
                0 => None,
                place => store::deliveries::first_due(tx, id, place)?,
            };
            let chosen = if chosen.is_some() { chosen } else { store::deliveries::oldest(tx, id)? };
            chosen.into_iter().collect()
        }
        _ => Vec::new(),
    };
    Ok(Load { webhook, at: now, due })
}

/// An attempt that has ended, reported by the node that made it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The delivery as it was when the attempt began.
    pub delivery: Delivery,
    /// The retry policy that its webhook has.
    pub policy: RetryPolicy,
    /// The URL that was asked.
    pub url: String,
    /// Whether it followed the schedule or was a probe.
    pub kind: AttemptKind,
    /// Whether the webhook is known to have failed before.
    pub troubled: bool,
    /// How it went.
    pub outcome: Outcome,
    /// By which right the node decides.
    pub lease: Lease,
}

/// What became of an attempt that decided about its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The delivery as it is now.
    pub delivery: Delivery,
    /// What followed for the webhook.
    pub effect: Effect,
}

/// Records an attempt, moves its delivery on by the delivery law, and draws the conclusions for its webhook. None if the
/// delivery was no longer the reporting node's to decide about, in which case the attempt is only recorded.
pub fn finish(tx: &mut Tx<'_>, report: &Report) -> Result<Option<Finished>, AppError> {
    let finish = decide(tx, report)?;
    let mut delivery = after(report, finish);
    let probe = report.kind == AttemptKind::Probe;
    if finish != Finish::Delivered || report.troubled || probe || delivery.line.is_some() {
        // Whoever changes both takes the webhook first, so that nobody waits for the other crosswise.
        store::webhooks::lock(tx, delivery.account, delivery.webhook_id)?;
    }
    if probe && let Some(stored) = store::deliveries::find(tx, delivery.account, delivery.id)? {
        // Whoever resumed the webhook while the probe was under way has moved the schedule.
        (delivery.due_at, delivery.started_at) = (stored.due_at, stored.started_at);
    }
    let decided = store::deliveries::advance(tx, &delivery, report.delivery.failures, report.lease)?;
    tx.emit(Signal::Changed(delivery.account, Changed::Delivery(delivery.id)));
    if !decided {
        record_late(tx, report, &delivery, finish)?;
        return Ok(None);
    }
    record(tx, report, delivery.attempts)?;
    let effect = holds::conclude(tx, report, finish)?;
    release_next(tx, &delivery)?;
    Ok(Some(Finished { delivery, effect }))
}

/// What the delivery law says. A probe uses up nothing of the schedule.
fn decide(tx: &mut Tx<'_>, report: &Report) -> Result<Finish, AppError> {
    let Report { policy, outcome, delivery, .. } = report;
    let (now, jitter) = (tx.now(), tx.random_jitter());
    let finish = delivery::next(delivery, *policy, outcome, now, jitter);
    Ok(match finish {
        // Who is gone is not who is there now.
        Finish::DisableWebhook if moved(tx, report)? => {
            Finish::RetryAt(now + policy.delay(delivery.failures + 1, jitter))
        }
        Finish::RetryAt(_) | Finish::Exhausted(ExhaustReason::ScheduleEnded)
            if report.kind == AttemptKind::Probe =>
        {
            Finish::RetryAt(delivery.due_at)
        }
        other => other,
    })
}

fn after(report: &Report, finish: Finish) -> Delivery {
    let mut next = report.delivery.clone();
    next.attempts += 1;
    next.state = match finish {
        Finish::Delivered => DeliveryState::Delivered,
        Finish::RetryAt(_) => DeliveryState::Pending,
        Finish::Exhausted(reason) => DeliveryState::Exhausted(reason),
        Finish::DisableWebhook => DeliveryState::Skipped(SkipReason::WebhookDisabled),
    };
    if let Finish::RetryAt(at) = finish {
        next.due_at = at;
    }
    if report.kind == AttemptKind::Scheduled {
        next.started_at.get_or_insert(report.outcome.at);
        next.failures += u32::from(finish != Finish::Delivered);
    }
    next
}

/// Lets the next of a line come to its turn once the delivery is done.
fn release_next(tx: &mut Tx<'_>, done: &Delivery) -> Result<(), AppError> {
    let (Some(line), false) = (&done.line, done.state == DeliveryState::Pending) else {
        return Ok(());
    };
    let now = tx.now();
    if let Some(Due { delivery, event }) =
        store::lines::release_next(tx, done.account, done.webhook_id, line, now)?
    {
        tx.emit(Signal::DeliveriesDue(Arc::new(Planned { event, deliveries: vec![delivery] })));
    }
    Ok(())
}

fn record(tx: &mut Tx<'_>, report: &Report, number: u32) -> Result<(), AppError> {
    let Report { delivery, kind, outcome, .. } = report;
    let attempt = Attempt { number, kind: *kind, outcome: outcome.clone() };
    Ok(store::deliveries::insert_attempt(tx, delivery.account, delivery.id, &attempt)?)
}

/// Whether the webhook has another URL by now than the one that was asked.
fn moved(tx: &mut Tx<'_>, report: &Report) -> Result<bool, AppError> {
    let Delivery { account, webhook_id, .. } = report.delivery;
    Ok(store::webhooks::find(tx, account, webhook_id)?.is_some_and(|webhook| webhook.url != report.url))
}

/// The delivery was disabled, resent or taken over while the attempt was under way. That the attempt happened stays
/// true; and what the receiver took is delivered, whoever reports it.
fn record_late(
    tx: &mut Tx<'_>,
    report: &Report,
    delivery: &Delivery,
    finish: Finish,
) -> Result<(), AppError> {
    let counted = store::deliveries::count_attempt(tx, delivery.account, delivery.id)?;
    let Some((number, state)) = counted else {
        return Ok(());
    };
    record(tx, report, number)?;
    if finish == Finish::Delivered && state != DeliveryState::Delivered.as_str() {
        store::deliveries::set_delivered(tx, delivery.account, delivery.id)?;
        release_next(tx, delivery)?;
    }
    Ok(())
}

/// Chore: skips pending deliveries of webhooks that are disabled or deleted, a slice for each. Whether more are left.
pub fn settle_closed(tx: &mut Tx<'_>) -> Result<bool, AppError> {
    let mut more = false;
    for closed in store::webhooks::closed(tx)? {
        let (account, webhook) = (closed.account, closed.webhook);
        let now = store::webhooks::find_to_change(tx, account, webhook)?;
        if now.is_some_and(|webhook| webhook.state.skips().is_none()) {
            // Somebody resumed it a moment ago.
            continue;
        }
        let reason = if closed.deleted { SkipReason::WebhookDeleted } else { SkipReason::WebhookDisabled };
        let skipped = store::deliveries::skip(tx, account, webhook, reason, webhooks::SKIP_SLICE)?;
        more |= skipped == u64::from(webhooks::SKIP_SLICE);
        tx.emit(Signal::Changed(account, Changed::Deliveries(webhook)));
    }
    Ok(more)
}

/// Chore: makes due what is due later than any law allows, because the clock was ahead when it was planned and has been
/// set back since. Else it would wait for as long as the clock was wrong.
pub fn settle_clock(tx: &mut Tx<'_>) -> Result<(), AppError> {
    // A receiver may ask for a day; an hour is for what happens meanwhile.
    let (now, hour) = (tx.now(), std::time::Duration::from_secs(60 * 60));
    store::deliveries::advance_beyond(tx, now, now + RetryPolicy::MAX_RETRY_AFTER + hour)?;
    store::webhooks::probe_beyond(tx, now, now + hour)?;
    Ok(())
}

/// Whose webhooks something waits for in line, and which: for [`settle_line`].
pub fn waited_for(tx: &mut Tx<'_>) -> Result<Vec<store::webhooks::Owned>, AppError> {
    Ok(store::lines::waited_for(tx)?)
}

/// Chore: lets those of a webhook come to their turn that wait in line for nobody, which erasure or a skipped delivery may
/// leave.
pub fn settle_line(tx: &mut Tx<'_>, account: Id<Account>, webhook: Id<Webhook>) -> Result<(), AppError> {
    store::webhooks::lock(tx, account, webhook)?;
    let now = tx.now();
    if store::lines::release_stuck(tx, account, webhook, now)? > 0 {
        tx.emit(Signal::Changed(account, Changed::Deliveries(webhook)));
    }
    Ok(())
}
