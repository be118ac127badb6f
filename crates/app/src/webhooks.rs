//! Setting up webhooks, changing their state and secrets, and testing them.

use domain::{
    Actor, Attempt, AttemptKind, Delivery, DeliveryState, DisableReason, EgressPolicy, EventType,
    ExhaustReason, Health, Id, NewWebhook, Notice, Ordering, Outcome, Permission, Secret, SigningKey,
    SkipReason, Timestamp, Webhook, WebhookState, WebhookUpdate, event, hold,
};
pub use store::webhooks::{Deleted, Troubled};
use store::{Changed, Signal, Tx};

use crate::{
    AppError, Page, PageRequest, TestPlan,
    access::require,
    audit::{self, Action, Deed},
    notices,
};

/// So many pending deliveries are skipped in the transaction that disables or deletes their webhook; a chore
/// (`deliveries::settle_closed`) takes the rest, so that no transaction is long.
pub(crate) const SKIP_SLICE: u32 = 1_000;

/// Sets up a webhook. The URL's name has been looked up before, outside the transaction; here its rules count.
pub fn create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: &EgressPolicy,
    new: &NewWebhook,
) -> Result<Webhook, AppError> {
    require(actor, Permission::Manage)?;
    let secret = Secret::from_bytes(&tx.random_bytes());
    let webhook = new.clone().into_webhook(policy, tx.new_id(), actor.account(), secret, tx.now())?;
    store::webhooks::insert(tx, &webhook)?;
    audit::note(
        tx,
        actor,
        Deed::new(Action::WebhookCreated).to(webhook.id).detail(format!("{:?}", webhook.name)),
    )?;
    changed(tx, &webhook);
    Ok(webhook)
}

/// The account's webhooks, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    page: PageRequest<Webhook>,
) -> Result<Page<Webhook, Webhook>, AppError> {
    require(actor, Permission::Read)?;
    let account = actor.account();
    page.fill(|before, limit| Ok(store::webhooks::list(tx, account, before, limit)?), |it| it.id)
}

/// Those in the state of this name, newest first.
pub fn list_in_state(
    tx: &mut Tx<'_>,
    actor: &Actor,
    state: &str,
    page: PageRequest<Webhook>,
) -> Result<Page<Webhook, Webhook>, AppError> {
    require(actor, Permission::Read)?;
    let account = actor.account();
    page.fill(
        |before, limit| Ok(store::webhooks::list_in_state(tx, account, state, before, limit)?),
        |it| it.id,
    )
}

/// What is left of deleted webhooks for the log of their deliveries, newest first.
pub fn list_deleted(
    tx: &mut Tx<'_>,
    actor: &Actor,
    page: PageRequest<Webhook>,
) -> Result<Page<Deleted, Webhook>, AppError> {
    require(actor, Permission::Read)?;
    let account = actor.account();
    page.fill(|before, limit| Ok(store::webhooks::list_deleted(tx, account, before, limit)?), |it| it.id)
}

/// What is left of one of them.
pub fn get_deleted(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Deleted, AppError> {
    require(actor, Permission::Read)?;
    store::webhooks::find_deleted(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// One webhook.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Webhook, AppError> {
    require(actor, Permission::Read)?;
    find(tx, actor, id)
}

fn find(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Webhook, AppError> {
    store::webhooks::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

fn find_to_change(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Webhook, AppError> {
    store::webhooks::find_to_change(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// Changes settings. They hold from the next attempt on, also for deliveries already planned, except the body's form.
pub fn update(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: &EgressPolicy,
    id: Id<Webhook>,
    update: &WebhookUpdate,
) -> Result<Webhook, AppError> {
    require(actor, Permission::Manage)?;
    let before = find_to_change(tx, actor, id)?;
    let (ordering, settings) = (before.ordering, before.clone());
    let now = tx.now();
    let mut webhook = before.updated(update.clone(), policy, now)?;
    if !store::webhooks::update(tx, &webhook)? {
        return Err(AppError::NotFound);
    }
    if ordering == Ordering::Conversation && webhook.ordering == Ordering::None {
        store::lines::release_all(tx, webhook.account, id, now)?;
    }
    if webhook.state == WebhookState::Held {
        // What was changed may be what was wrong.
        store::webhooks::set_probes(tx, webhook.account, id, 0, now)?;
        (webhook.health.probes, webhook.health.probe_at) = (0, Some(now));
    }
    let fields = differing(&settings, &webhook);
    if !fields.is_empty() {
        audit::note(tx, actor, Deed::new(Action::WebhookChanged).to(id).detail(fields.join(", ")))?;
    }
    changed(tx, &webhook);
    Ok(webhook)
}

/// The names of the settings that differ.
fn differing(before: &Webhook, after: &Webhook) -> Vec<&'static str> {
    let all = [
        ("name", before.name != after.name),
        ("url", before.url != after.url),
        ("event_types", before.event_types != after.event_types),
        ("chatbot_ids", before.chatbot_ids != after.chatbot_ids),
        ("body", before.body != after.body),
        ("headers", before.headers != after.headers),
        ("ordering", before.ordering != after.ordering),
        ("max_in_flight", before.max_in_flight != after.max_in_flight),
        ("rate_per_second", before.rate_per_second != after.rate_per_second),
        ("retry", before.retry != after.retry),
    ];
    all.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

/// Lets deliveries wait, untried, until somebody resumes.
pub fn pause(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Webhook, AppError> {
    require(actor, Permission::Manage)?;
    let webhook = find_to_change(tx, actor, id)?;
    if let WebhookState::Disabled(_) = webhook.state {
        let message = "a disabled webhook has nothing to pause; resume it instead".to_owned();
        return Err(AppError::Conflict { code: "webhook_disabled", message });
    }
    by_hand(tx, actor, webhook, WebhookState::Paused, Action::WebhookPaused)
}

/// Sends again, from whatever state. What waited keeps the rest of its schedule.
pub fn resume(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Webhook, AppError> {
    require(actor, Permission::Manage)?;
    let webhook = find_to_change(tx, actor, id)?;
    by_hand(tx, actor, webhook, WebhookState::Active, Action::WebhookResumed)
}

/// Skips what is pending and what comes, until somebody resumes.
pub fn disable(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Webhook, AppError> {
    require(actor, Permission::Manage)?;
    let webhook = find_to_change(tx, actor, id)?;
    by_hand(tx, actor, webhook, WebhookState::Disabled(DisableReason::ByHand), Action::WebhookDisabled)
}

fn by_hand(
    tx: &mut Tx<'_>,
    actor: &Actor,
    webhook: Webhook,
    to: WebhookState,
    action: Action,
) -> Result<Webhook, AppError> {
    let (id, from) = (webhook.id, webhook.state);
    let webhook = set_state(tx, webhook, to)?;
    if from.as_str() != to.as_str() {
        audit::note(tx, actor, Deed::new(action).to(id))?;
    }
    Ok(webhook)
}

/// Moves a webhook to another state with all that follows from it. In that state already: nothing happens.
pub(crate) fn set_state(
    tx: &mut Tx<'_>,
    mut webhook: Webhook,
    to: WebhookState,
) -> Result<Webhook, AppError> {
    let (from, now) = (webhook.state, tx.now());
    if from.as_str() == to.as_str() {
        return Ok(webhook);
    }
    let (account, id) = (webhook.account, webhook.id);
    // Between held and paused the schedule goes on standing still, and since when is kept.
    let goes_on = from.stands_still() && to.stands_still();
    let since = if goes_on { webhook.state_since } else { now };
    let probe_at = (to == WebhookState::Held).then(|| now + hold::probe_delay(0));
    if !store::webhooks::set_state(tx, account, id, from, to, since, probe_at)? {
        let message = "the webhook's state changed at the same moment; look at it and try again".to_owned();
        return Err(AppError::Conflict { code: "state_changed", message });
    }
    if from.stands_still() && to == WebhookState::Active {
        store::deliveries::shift(tx, account, id, now.since(webhook.state_since))?;
    }
    if let Some(reason) = to.skips() {
        store::deliveries::skip(tx, account, id, reason, SKIP_SLICE)?;
    }
    webhook.state = to;
    webhook.state_since = since;
    webhook.health = Health { probe_at, ..Health::default() };
    tell(tx, &mut webhook)?;
    changed(tx, &webhook);
    Ok(webhook)
}

/// Gives notice of a state that its owner has to know of.
fn tell(tx: &mut Tx<'_>, webhook: &mut Webhook) -> Result<(), AppError> {
    match webhook.state {
        WebhookState::Held => {
            webhook.health.notices = Notice::Held.place();
            store::webhooks::set_notices(tx, webhook.account, webhook.id, 0, webhook.health.notices)?;
            notices::give(tx, webhook, Notice::Held)
        }
        WebhookState::Disabled(_) => notices::give(tx, webhook, Notice::Disabled),
        WebhookState::Active | WebhookState::Paused => Ok(()),
    }
}

/// Deletes a webhook. Its pending deliveries are skipped; the log stays until retention.
pub fn delete(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<(), AppError> {
    require(actor, Permission::Manage)?;
    let webhook = find_to_change(tx, actor, id)?;
    let now = tx.now();
    if !store::webhooks::delete(tx, webhook.account, id, now)? {
        return Err(AppError::NotFound);
    }
    store::deliveries::skip(tx, webhook.account, id, SkipReason::WebhookDeleted, SKIP_SLICE)?;
    audit::note(tx, actor, Deed::new(Action::WebhookDeleted).to(id).detail(format!("{:?}", webhook.name)))?;
    changed(tx, &webhook);
    Ok(())
}

/// A secret just made, and until when the one before it goes on signing beside it.
#[derive(Debug)]
pub struct Rotated {
    /// The new secret.
    pub secret: Secret,
    /// The end of the old one.
    pub old_expires_at: Timestamp,
}

/// Gives a webhook a new secret.
pub fn rotate_secret(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Rotated, AppError> {
    require(actor, Permission::Manage)?;
    let webhook = find_to_change(tx, actor, id)?;
    let newest = webhook.keys.first().map_or(0, |key| key.version);
    let secret = Secret::from_bytes(&tx.random_bytes());
    let old_expires_at = tx.now() + Webhook::SECRET_OVERLAP;
    let key = SigningKey { version: newest + 1, secret: secret.clone(), expires_at: None };
    store::webhooks::rotate(tx, &webhook, &key, old_expires_at)?;
    audit::note(tx, actor, Deed::new(Action::WebhookSecretRotated).to(id))?;
    changed(tx, &webhook);
    Ok(Rotated { secret, old_expires_at })
}

/// The secret that signs, for the eyes of somebody who has just given their password. That it was shown is recorded.
pub fn reveal_secret(tx: &mut Tx<'_>, actor: &Actor, id: Id<Webhook>) -> Result<Secret, AppError> {
    require(actor, Permission::Manage)?;
    let webhook = find(tx, actor, id)?;
    let newest = webhook.keys.first().map(|key| key.secret.clone()).ok_or(AppError::NotFound)?;
    audit::note(tx, actor, Deed::new(Action::WebhookSecretRevealed).to(id))?;
    Ok(newest)
}

/// What *Send test* will send: a sample of the chosen type, or of the first that the webhook asks for.
pub fn prepare_test(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Id<Webhook>,
    event_type: Option<EventType>,
) -> Result<TestPlan, AppError> {
    require(actor, Permission::Manage)?;
    let webhook = find(tx, actor, id)?;
    let event_type =
        event_type.or(webhook.event_types.first().copied()).unwrap_or(EventType::ContactInformation);
    let event = event::sample(&webhook, event_type, tx.new_test_id(), tx.now());
    Ok(TestPlan { webhook, event })
}

/// Records a test that was sent, as a delivery with one attempt. It counts nowhere and changes no state.
pub fn record_test(
    tx: &mut Tx<'_>,
    actor: &Actor,
    plan: &TestPlan,
    outcome: &Outcome,
) -> Result<(Id<Delivery>, Attempt), AppError> {
    require(actor, Permission::Manage)?;
    let TestPlan { webhook, event } = plan;
    let accepted = outcome.result.as_ref().is_ok_and(domain::Response::accepted);
    let delivery = Delivery {
        id: tx.new_id(),
        account: webhook.account,
        event_id: event.id,
        webhook_id: webhook.id,
        event_type: event.event_type,
        body: webhook.body,
        state: match accepted {
            true => DeliveryState::Delivered,
            false => DeliveryState::Exhausted(ExhaustReason::ScheduleEnded),
        },
        attempts: 1,
        failures: u32::from(!accepted),
        due_at: outcome.at,
        started_at: Some(outcome.at),
        created_at: event.created_at,
        line: None,
    };
    let attempt = Attempt { number: 1, kind: AttemptKind::Test, outcome: outcome.clone() };
    store::events::insert(tx, event)?;
    store::deliveries::insert(tx, std::slice::from_ref(&delivery))?;
    store::deliveries::insert_attempt(tx, webhook.account, delivery.id, &attempt)?;
    audit::note(tx, actor, Deed::new(Action::WebhookTested).to(webhook.id))?;
    Ok((delivery.id, attempt))
}

fn changed(tx: &mut Tx<'_>, webhook: &Webhook) {
    tx.emit(Signal::Changed(webhook.account, Changed::Webhook(webhook.id)));
}
