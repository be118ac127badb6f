//! Holding webhooks whose receivers fail, probing them, and letting go.

use domain::{
    Account, AttemptKind, DisableReason, Finish, Id, Notice, Response, Timestamp, Webhook, WebhookState,
    delivery::Delivery,
    hold::{self, Sign},
};
use store::Tx;

use crate::{AppError, deliveries::Report, notices, webhooks};

/// What an attempt changed of its webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Whether its row of failures has begun (true) or ended (false); None if neither.
    pub troubled: Option<bool>,
    /// Whether its state or its probes changed.
    pub changed: bool,
}

/// Draws the conclusions from an attempt for its webhook: ten failures in a row hold it, a probe that gets through lets
/// it go.
pub(crate) fn conclude(tx: &mut Tx<'_>, report: &Report, finish: Finish) -> Result<Effect, AppError> {
    let Report { delivery: Delivery { account, webhook_id, .. }, outcome, .. } = report;
    let (account, id, now) = (*account, *webhook_id, tx.now());
    if finish == Finish::DisableWebhook {
        set_state(tx, account, id, WebhookState::Disabled(DisableReason::Gone))?;
        return Ok(Effect { changed: true, ..Effect::default() });
    }
    let sign = Sign::of(outcome);
    if report.kind == AttemptKind::Probe {
        // Who calls an event off is there, and works.
        let called_off = outcome.result.as_ref().is_ok_and(Response::aborts);
        return conclude_probe(tx, account, id, sign == Sign::Well || called_off, now);
    }
    if sign == Sign::Well {
        if report.troubled {
            store::webhooks::clear_failures(tx, account, id)?;
        }
        return Ok(Effect { troubled: report.troubled.then_some(false), changed: false });
    }
    if !sign.is_failure() {
        return Ok(Effect::default());
    }
    let failures = store::webhooks::count_failure(tx, account, id, outcome.at, now)?;
    let hold = failures.is_some_and(|failures| failures >= hold::HELD_AFTER);
    if hold {
        set_state(tx, account, id, WebhookState::Held)?;
    }
    Ok(Effect { troubled: failures.map(|_| true), changed: hold })
}

fn conclude_probe(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
    succeeded: bool,
    now: Timestamp,
) -> Result<Effect, AppError> {
    let held = store::webhooks::find(tx, account, id)?.filter(|webhook| webhook.state == WebhookState::Held);
    if let Some(webhook) = held {
        let probes = webhook.health.probes + 1;
        if succeeded {
            set_state(tx, account, id, WebhookState::Active)?;
        } else {
            store::webhooks::set_probes(tx, account, id, probes, now + hold::probe_delay(probes))?;
        }
    }
    Ok(Effect { troubled: None, changed: true })
}

fn set_state(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Webhook>,
    to: WebhookState,
) -> Result<(), AppError> {
    if let Some(webhook) = store::webhooks::find_to_change(tx, account, id)? {
        webhooks::set_state(tx, webhook, to)?;
    }
    Ok(())
}

/// Chore: tells the owners of webhooks that have long been held, and disables those that were held too long. One at a
/// time; whether there may be more.
pub fn watch(tx: &mut Tx<'_>) -> Result<bool, AppError> {
    let now = tx.now();
    for (account, id) in store::webhooks::held(tx, now.before(hold::STILL_HELD_AFTER))? {
        let Some(webhook) = store::webhooks::find_to_change(tx, account, id)? else { continue };
        if webhook.state != WebhookState::Held {
            continue;
        }
        let given = webhook.health.notices;
        match Notice::due(now.since(webhook.state_since), given) {
            None => continue,
            Some(Notice::Disabled) => {
                // What has nothing to be probed with is not known to be away still.
                let probed = store::deliveries::oldest(tx, id)?.is_some();
                let disabled = WebhookState::Disabled(DisableReason::HeldTooLong);
                webhooks::set_state(tx, webhook, if probed { disabled } else { WebhookState::Active })?;
            }
            Some(notice) => {
                store::webhooks::set_notices(tx, account, id, given, notice.place())?;
                notices::give(tx, &webhook, notice)?;
            }
        }
        return Ok(true);
    }
    Ok(false)
}
