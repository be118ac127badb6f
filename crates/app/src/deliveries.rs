//! Deliveries: what is due, what an attempt leads to, and sending again.

use domain::{
    Account, Actor, Attempt, AttemptKind, Delivery, DeliveryState, DisableReason, Finish, Id, Outcome,
    Permission, RetryPolicy, SkipReason, Timestamp, Webhook, WebhookState, delivery,
};
pub use store::deliveries::{DeliveryFilter, Due, Lease, Waiting};
use store::{Changed, Signal, Tx, nodes::Node};

use crate::{AppError, Page, PageRequest, access::require, webhooks};

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

/// One delivery with its attempts, oldest first.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Delivery>) -> Result<(Delivery, Vec<Attempt>), AppError> {
    require(actor, Permission::Read)?;
    let delivery = find(tx, actor, id)?;
    let attempts = store::deliveries::attempts(tx, delivery.account, id)?;
    Ok((delivery, attempts))
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
    let now = tx.now();
    if !store::deliveries::restart(tx, account, id, now)? {
        return conflict("still_pending", "the delivery is pending already; it will be tried when it is due");
    }
    tx.emit(Signal::Changed(account, Changed::Deliveries(webhook.id)));
    find(tx, actor, id)
}

/// The sending webhooks on shards of `node` that have something pending, with when it is due.
pub fn waiting(tx: &mut Tx<'_>, node: Id<Node>) -> Result<Vec<Waiting>, AppError> {
    Ok(store::deliveries::waiting(tx, node)?)
}

/// What a lane sends: its webhook as it is now, and the next deliveries that are due.
pub struct Load {
    /// None if it was deleted.
    pub webhook: Option<Webhook>,
    /// In the order they are due.
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
    let now = tx.now();
    let due = store::deliveries::due(tx, webhook, now, after, limit)?;
    Ok(Load { webhook: store::webhooks::find(tx, account, webhook)?, due })
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
    /// How it went.
    pub outcome: Outcome,
    /// By which right the node decides.
    pub lease: Lease,
}

/// Records an attempt and moves its delivery on by the delivery law. The state it is now in; None if the delivery
/// was no longer the reporting node's to decide about, in which case the attempt is only recorded.
pub fn finish(tx: &mut Tx<'_>, report: &Report) -> Result<Option<Delivery>, AppError> {
    let Report { policy, outcome, lease, .. } = report;
    let (now, jitter) = (tx.now(), tx.random_jitter());
    let mut finish = delivery::next(&report.delivery, *policy, outcome, now, jitter);
    if finish == Finish::DisableWebhook && moved(tx, report)? {
        // Who is gone is not who is there now.
        finish = Finish::RetryAt(now + policy.delay(report.delivery.failures + 1, jitter));
    }
    let delivery = after(&report.delivery, finish, outcome);
    let decided = store::deliveries::advance(tx, &delivery, report.delivery.failures, *lease)?;
    if decided {
        record(tx, &delivery, delivery.attempts, outcome)?;
    } else {
        record_late(tx, &delivery, finish, outcome)?;
    }
    if decided && finish == Finish::DisableWebhook {
        disable_gone(tx, &delivery)?;
    }
    tx.emit(Signal::Changed(delivery.account, Changed::Delivery(delivery.id)));
    Ok(decided.then_some(delivery))
}

fn after(delivery: &Delivery, finish: Finish, outcome: &Outcome) -> Delivery {
    let mut next = delivery.clone();
    next.attempts += 1;
    next.started_at.get_or_insert(outcome.at);
    next.state = match finish {
        Finish::Delivered => DeliveryState::Delivered,
        Finish::RetryAt(_) => DeliveryState::Pending,
        Finish::Exhausted(reason) => DeliveryState::Exhausted(reason),
        Finish::DisableWebhook => DeliveryState::Skipped(SkipReason::WebhookDisabled),
    };
    if let Finish::RetryAt(at) = finish {
        next.due_at = at;
    }
    if finish != Finish::Delivered {
        next.failures += 1;
    }
    next
}

fn record(tx: &mut Tx<'_>, delivery: &Delivery, number: u32, outcome: &Outcome) -> Result<(), AppError> {
    let attempt = Attempt { number, kind: AttemptKind::Scheduled, outcome: outcome.clone() };
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
    delivery: &Delivery,
    finish: Finish,
    outcome: &Outcome,
) -> Result<(), AppError> {
    let counted = store::deliveries::count_attempt(tx, delivery.account, delivery.id)?;
    let Some((number, state)) = counted else {
        return Ok(());
    };
    record(tx, delivery, number, outcome)?;
    if finish == Finish::Delivered && state != DeliveryState::Delivered.as_str() {
        store::deliveries::set_delivered(tx, delivery.account, delivery.id)?;
    }
    Ok(())
}

fn disable_gone(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), AppError> {
    if let Some(webhook) = store::webhooks::find_to_change(tx, delivery.account, delivery.webhook_id)? {
        webhooks::set_state(tx, webhook, WebhookState::Disabled(DisableReason::Gone))?;
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
