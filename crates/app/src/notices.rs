//! Notices: what the owner of a webhook has to know, wherever they look.
//!
//! A notice is a warning in the log, a count in the metrics, and an event of the opt-in type `Webhook Notice` for the
//! other webhooks of the account that ask for it.

use std::sync::Arc;

use domain::{Context, DisableReason, Event, EventType, Notice, Webhook, WebhookState, json};
use store::{Noticed, Signal, Tx};

use crate::{AppError, events};

/// Gives notice of `webhook`, as it is now.
pub(crate) fn give(tx: &mut Tx<'_>, webhook: &Webhook, notice: Notice) -> Result<(), AppError> {
    let (now, reason) = (tx.now(), reason(webhook, notice));
    // The members in the order of the catalogue's sample.
    let data = format!(
        r#"{{"webhook_id":"{}","name":{},"state":"{}","reason":"{reason}","since":"{}"}}"#,
        webhook.id,
        json::quote(&webhook.name),
        webhook.state.as_str(),
        webhook.state_since,
    );
    let event = Event {
        id: tx.new_id(),
        account: webhook.account,
        event_type: EventType::WebhookNotice,
        data: Some(data),
        context: Context::default(),
        occurred_at: now,
        created_at: now,
        planned: 0,
    };
    events::record_if_asked(tx, event, Some(webhook.id))?;
    tx.emit(Signal::Noticed(Arc::new(Noticed {
        account: webhook.account,
        webhook: webhook.id,
        name: webhook.name.clone(),
        state: webhook.state.as_str(),
        reason,
        since: webhook.state_since,
    })));
    Ok(())
}

fn reason(webhook: &Webhook, notice: Notice) -> &'static str {
    match (notice, webhook.state) {
        (Notice::Held, _) => "10 failures in a row",
        (Notice::StillHeld, _) => "held for 24 hours",
        (Notice::AboutToBeDisabled, _) => "held for 4 days; it will be disabled after 5",
        (_, WebhookState::Disabled(DisableReason::Gone)) => "the receiver answered 410 Gone",
        (_, WebhookState::Disabled(DisableReason::HeldTooLong)) => "held for 5 days",
        (Notice::Disabled, _) => "disabled by hand",
    }
}
