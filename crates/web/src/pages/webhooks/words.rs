//! States and answers of webhooks in words, as their pages say them.
//!
//! Must not decide anything: what a state means is `domain`'s.

use std::time::Duration;

use domain::{
    Attempt, BodyForm, DisableReason, Ordering, Outcome, RecoveryState, RetryPolicy, Webhook, WebhookState,
    hold,
};

use crate::pages::{parts::Badge, when::duration};

pub(super) fn recovery_badge(state: RecoveryState) -> Badge {
    let class = match state {
        RecoveryState::Running => "on",
        RecoveryState::Done => "ok",
        RecoveryState::Paused => "warn",
        RecoveryState::Cancelled => "",
    };
    Badge { word: state.as_str(), class }
}

/// Why a webhook is in its state, and what to do about it.
pub(super) fn standing(webhook: &Webhook) -> String {
    let days = duration(hold::DISABLED_AFTER);
    match webhook.state {
        WebhookState::Active if webhook.health.failures > 0 => format!(
            "{} failed in a row; {} hold it.",
            plural(webhook.health.failures, "attempt"),
            hold::HELD_AFTER
        ),
        WebhookState::Active => "Events are sent as they happen.".to_owned(),
        WebhookState::Held => format!(
            "{} attempts in a row failed, so nothing is sent but probes. Everything waits and nothing is lost: when a \
             probe gets through, all of it is sent. After {days} the webhook is disabled. If the receiver is well \
             again, resume it.",
            webhook.failures_in_row()
        ),
        WebhookState::Paused => {
            "Somebody paused it. Deliveries wait, untried, and their schedules stand still until it is resumed."
                .to_owned()
        }
        WebhookState::Disabled(reason) => {
            let why = match reason {
                DisableReason::ByHand => "Somebody disabled it.".to_owned(),
                DisableReason::Gone => "Its receiver answered that it is gone for good (status 410).".to_owned(),
                DisableReason::HeldTooLong => format!("Its receiver failed for {days}."),
            };
            format!(
                "{why} Events are skipped. Mend the receiver or change the URL, resume the webhook, and then recover \
                 what was skipped."
            )
        }
    }
}

/// `1 attempt`, `3 attempts`.
pub(super) fn plural(count: u32, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The status of an answer, or why there was none.
pub(super) fn answer(outcome: &Outcome) -> String {
    match &outcome.result {
        Ok(response) => response.status.to_string(),
        Err(error) => error.class.as_str().replace('_', " "),
    }
}

/// Whether the receiver took it.
pub(super) fn went_well(attempt: &Attempt) -> bool {
    attempt.outcome.result.as_ref().is_ok_and(domain::Response::accepted)
}

pub(super) const fn body_form(form: BodyForm) -> &'static str {
    match form {
        BodyForm::Documented => "Documented",
        BodyForm::Exact => "Exact",
        BodyForm::Extended => "Extended",
    }
}

pub(super) const fn retry(policy: RetryPolicy) -> &'static str {
    match policy {
        RetryPolicy::ThreeDays => {
            "Over 3 days: 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h, 10 h, then every 12 h"
        }
        RetryPolicy::TenMinutes => "Over 10 minutes: 1 s, 5 s, 15 s, 30 s, then every minute",
    }
}

pub(super) const fn ordering(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::None => "Each event on its own",
        Ordering::Conversation => "Those of one conversation wait for each other",
    }
}

/// Milliseconds, as pictures take them.
pub(super) fn millis(length: Duration) -> f64 {
    length.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use domain::{EgressPolicy, Id, Secret, samples};

    use super::*;

    #[test]
    fn a_state_says_why_and_what_to_do() {
        let now = samples::start();
        let new = samples::webhook("https://crm.example.com/");
        let (id, account) = (Id::from_parts(0, &[0; 10]), samples::acme().id);
        let secret = Secret::from_bytes(&[0; 32]);
        let mut webhook = new.into_webhook(&EgressPolicy::default(), id, account, secret, now).unwrap();
        let mut said = |state, failures| {
            webhook.state = state;
            webhook.health.failures = failures;
            standing(&webhook)
        };
        assert_eq!(said(WebhookState::Active, 0), "Events are sent as they happen.");
        assert_eq!(said(WebhookState::Active, 1), "1 attempt failed in a row; 10 hold it.");
        let held = said(WebhookState::Held, 10);
        assert!(held.contains("nothing is lost") && held.contains("After 5 days"), "{held}");
        assert!(!held.contains("probe is"), "the page says when the next is, as an instant: {held}");
        assert!(said(WebhookState::Paused, 0).contains("until it is resumed"));
        for (reason, why) in [
            (DisableReason::ByHand, "Somebody disabled it."),
            (DisableReason::Gone, "410"),
            (DisableReason::HeldTooLong, "failed for 5 days"),
        ] {
            let disabled = said(WebhookState::Disabled(reason), 0);
            assert!(disabled.contains(why) && disabled.contains("recover what was skipped"), "{disabled}");
        }
    }
}
