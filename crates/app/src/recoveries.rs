//! Recoveries: sending many deliveries of a webhook again, paced, and never twice by accident.
//!
//! Where a recovery stands is stored in the transaction that restarts deliveries, so one that is cut off goes on
//! exactly there. While its webhook is held or paused it stands still; when its webhook is disabled it is paused.

use std::time::Duration;

use domain::{
    Actor, Id, NewRecovery, Permission, Recovery, RecoveryCounts, RecoveryPlan, RecoveryState, Webhook,
    WebhookState, recovery::Step,
};
pub use store::recoveries::Running;
use store::{Changed, Signal, Tx, nodes::Node};

use crate::{
    AppError, Page, PageRequest,
    access::require,
    audit::{self, Action, Deed},
    deliveries,
};

/// At most so many deliveries are restarted in one transaction.
pub const SLICE: u32 = 500;
/// And at most so many are looked at.
const LOOK: u32 = 1_000;

/// What a recovery would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// What was asked for, with every default.
    pub plan: RecoveryPlan,
    /// What the window holds at present.
    pub counts: RecoveryCounts,
    /// How many of them are in one of the plan's states.
    pub total: u32,
}

/// Counts what a recovery would restart. Only reads, so that counting many keeps nobody from writing.
pub fn preview(tx: &mut Tx<'_>, actor: &Actor, new: &NewRecovery) -> Result<Preview, AppError> {
    require(actor, Permission::Manage)?;
    let plan = new.check(tx.now())?;
    let account = actor.account();
    store::webhooks::find(tx, account, plan.webhook_id)?.ok_or(AppError::NotFound)?;
    let counts = store::recoveries::count(tx, account, &plan)?;
    let total = counts.of(&plan.states);
    Ok(Preview { plan, counts, total })
}

/// Begins a recovery of what was counted.
pub fn create(tx: &mut Tx<'_>, actor: &Actor, preview: &Preview) -> Result<Recovery, AppError> {
    require(actor, Permission::Manage)?;
    let Preview { plan, total, .. } = preview.clone();
    let account = actor.account();
    let webhook = store::webhooks::find_to_change(tx, account, plan.webhook_id)?;
    check_sends(webhook.as_ref().ok_or(AppError::NotFound)?)?;
    let last = store::recoveries::last(tx, account, &plan)?;
    let recovery = Recovery::begin(tx.new_id(), account, plan, last, total, tx.now());
    store::recoveries::insert(tx, &recovery)?;
    let detail = format!("of {}, {} deliveries", recovery.plan.webhook_id, recovery.total);
    audit::note(tx, actor, Deed::new(Action::RecoveryCreated).to(recovery.id).detail(detail))?;
    changed(tx, &recovery);
    Ok(recovery)
}

fn check_sends(webhook: &Webhook) -> Result<(), AppError> {
    match webhook.state {
        WebhookState::Disabled(_) => conflict("webhook_disabled", "the webhook is disabled; resume it first"),
        WebhookState::Active | WebhookState::Held | WebhookState::Paused => Ok(()),
    }
}

fn conflict<T>(code: &'static str, message: &str) -> Result<T, AppError> {
    Err(AppError::Conflict { code, message: message.to_owned() })
}

/// The account's recoveries, newest first; only those of a webhook, if one is named.
pub fn list(
    tx: &mut Tx<'_>,
    actor: &Actor,
    webhook: Option<Id<Webhook>>,
    page: PageRequest<Recovery>,
) -> Result<Page<Recovery, Recovery>, AppError> {
    require(actor, Permission::Read)?;
    let account = actor.account();
    page.fill(|before, limit| Ok(store::recoveries::list(tx, account, webhook, before, limit)?), |it| it.id)
}

/// One recovery.
pub fn get(tx: &mut Tx<'_>, actor: &Actor, id: Id<Recovery>) -> Result<Recovery, AppError> {
    require(actor, Permission::Read)?;
    store::recoveries::find(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// Lets it wait until somebody resumes it.
pub fn pause(tx: &mut Tx<'_>, actor: &Actor, id: Id<Recovery>) -> Result<Recovery, AppError> {
    require(actor, Permission::Manage)?;
    let recovery = find_to_change(tx, actor, id)?;
    switch(tx, actor, recovery, RecoveryState::Paused, Action::RecoveryPaused)
}

/// Lets it go on where it was.
pub fn resume(tx: &mut Tx<'_>, actor: &Actor, id: Id<Recovery>) -> Result<Recovery, AppError> {
    require(actor, Permission::Manage)?;
    let recovery = find_to_change(tx, actor, id)?;
    if !recovery.state.is_end() {
        match store::webhooks::find(tx, recovery.account, recovery.plan.webhook_id)? {
            Some(webhook) => check_sends(&webhook)?,
            None => return conflict("webhook_deleted", "the webhook of this recovery was deleted"),
        }
    }
    switch(tx, actor, recovery, RecoveryState::Running, Action::RecoveryResumed)
}

/// Ends it early. What was restarted stays so.
pub fn cancel(tx: &mut Tx<'_>, actor: &Actor, id: Id<Recovery>) -> Result<Recovery, AppError> {
    require(actor, Permission::Manage)?;
    let recovery = find_to_change(tx, actor, id)?;
    switch(tx, actor, recovery, RecoveryState::Cancelled, Action::RecoveryCancelled)
}

fn find_to_change(tx: &mut Tx<'_>, actor: &Actor, id: Id<Recovery>) -> Result<Recovery, AppError> {
    store::recoveries::find_to_change(tx, actor.account(), id)?.ok_or(AppError::NotFound)
}

/// In that state already: nothing happens.
fn switch(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mut recovery: Recovery,
    to: RecoveryState,
    action: Action,
) -> Result<Recovery, AppError> {
    if recovery.state == to {
        return Ok(recovery);
    }
    if recovery.state.is_end() {
        let message = format!("the recovery is {}; begin another one", recovery.state.as_str());
        return conflict("recovery_ended", &message);
    }
    recovery.switch(to, tx.now());
    store(tx, &recovery)?;
    audit::note(tx, actor, Deed::new(action).to(recovery.id))?;
    Ok(recovery)
}

fn store(tx: &mut Tx<'_>, recovery: &Recovery) -> Result<(), AppError> {
    if store::recoveries::update(tx, recovery)? {
        changed(tx, recovery);
    }
    Ok(())
}

fn changed(tx: &mut Tx<'_>, recovery: &Recovery) {
    tx.emit(Signal::Changed(recovery.account, Changed::Recovery(recovery.id)));
}

/// What there is to do for recoveries on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// [`proceed`] with each of these, so that none has to wait for the end of another.
    pub due: Vec<Running>,
    /// How long until one of the others is due; None if there are no others.
    pub wait: Option<Duration>,
}

/// What to do next for the recoveries of webhooks on shards of `node`.
pub fn next(tx: &mut Tx<'_>, node: Id<Node>) -> Result<Next, AppError> {
    let now = tx.now();
    let wait = |running: &Running| Recovery::wait(running.pace, now);
    let running = store::recoveries::running(tx, node)?;
    let (due, later): (Vec<_>, Vec<_>) = running.into_iter().partition(|running| wait(running).is_zero());
    Ok(Next { due, wait: later.iter().map(wait).min() })
}

/// Chore: takes a recovery one step further, as far as its pace allows at this instant. Looks for itself whether there
/// is something to do, and may run twice.
pub fn proceed(tx: &mut Tx<'_>, running: Running) -> Result<(), AppError> {
    let Running { account, recovery, webhook, .. } = running;
    // Whoever changes both takes the webhook first.
    let webhook = store::webhooks::find_to_change(tx, account, webhook)?;
    let Some(mut recovery) = store::recoveries::find_to_change(tx, account, recovery)? else {
        return Ok(());
    };
    if recovery.state != RecoveryState::Running {
        return Ok(());
    }
    let now = tx.now();
    match webhook.map(|webhook| (webhook.state, webhook.state_since)) {
        None => recovery.switch(RecoveryState::Cancelled, now),
        Some((WebhookState::Disabled(_), _)) => recovery.switch(RecoveryState::Paused, now),
        Some((WebhookState::Held | WebhookState::Paused, _)) => return Ok(()),
        Some((WebhookState::Active, since)) => {
            recovery.rest_until(since, now);
            let step = restart_slice(tx, &recovery, recovery.allowance(now).min(SLICE))?;
            recovery.advance(step, now);
        }
    }
    store(tx, &recovery)
}

fn restart_slice(tx: &mut Tx<'_>, recovery: &Recovery, limit: u32) -> Result<Step, AppError> {
    let mut step = Step { place: recovery.place, restarted: 0, passed_over: 0 };
    if limit == 0 {
        return Ok(step);
    }
    let slice = store::recoveries::slice(tx, recovery, limit, LOOK)?;
    step.place = slice.place;
    for (delivery, has_payload) in &slice.matching {
        if *has_payload && deliveries::restart(tx, delivery)? {
            step.restarted += 1;
        } else {
            step.passed_over += 1;
        }
    }
    if step.restarted > 0 {
        let webhook = recovery.plan.webhook_id;
        tx.emit(Signal::Changed(recovery.account, Changed::Deliveries(webhook)));
    }
    Ok(step)
}
