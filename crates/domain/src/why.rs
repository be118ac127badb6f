//! Why an event did, or did not yet, reach a webhook: one code for programs and one sentence or two for people.

use crate::{
    Delivery, DeliveryState, DisableReason, ErrorClass, Event, EventType, ExhaustReason, Id, Outcome,
    SkipReason, Timestamp, Webhook, WebhookState, hold, json, webhook::Conduct,
};

/// Where an event stands with a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Stable, for programs.
    pub code: Code,
    /// For the webhook's owner.
    pub words: String,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $code:ident = $name:literal,)*) => {
        /// What can be the case between an event and a webhook.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $code,)* }

        impl Code {
            /// All codes.
            pub const ALL: &[Code] = &[$(Code::$code),*];

            /// The code's name in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$code => $name,)* }
            }
        }
    };
}

codes! {
    /// The receiver took it.
    Delivered = "delivered",
    /// It is due.
    BeingSent = "being_sent",
    /// Its next attempt comes later.
    RetryScheduled = "retry_scheduled",
    /// It is due, but the webhook's rate lets others go first.
    RateLimited = "rate_limited",
    /// An earlier one of its conversation is not done.
    WaitsInLine = "waits_in_line",
    /// The webhook is held.
    WebhookHeld = "webhook_held",
    /// The webhook is paused.
    WebhookPaused = "webhook_paused",
    /// Given up after the last retry.
    ScheduleEnded = "schedule_ended",
    /// Given up because the receiver said so.
    AbortedByReceiver = "aborted_by_receiver",
    /// Skipped, or about to be: the webhook is disabled.
    WebhookDisabled = "webhook_disabled",
    /// Skipped, or about to be: the webhook was deleted.
    WebhookDeleted = "webhook_deleted",
    /// Skipped: the person was erased.
    Erased = "erased",
    /// A test that the receiver did not take.
    TestFailed = "test_failed",
    /// A test, but of another webhook.
    TestOfAnother = "test_of_another",
    /// A notice about this very webhook.
    AboutItself = "about_itself",
    /// The webhook did not exist yet.
    CreatedLater = "created_later",
    /// The webhook does not ask for the type.
    OtherType = "other_type",
    /// The webhook asks for other chatbots.
    OtherChatbots = "other_chatbots",
    /// The webhook asks for it only since its settings were changed.
    ChangedLater = "changed_later",
    /// The delivery is older than it is kept.
    NotKept = "not_kept",
}

/// A delivery with all that its state follows from.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The delivery.
    pub delivery: &'a Delivery,
    /// Its webhook; None if it was deleted.
    pub webhook: Option<Conduct>,
    /// How its last attempt went, if there was one and it is still known.
    pub last: Option<&'a Outcome>,
    /// Which delivery it waits for, if it waits in line.
    pub ahead: Option<Id<Delivery>>,
    /// The present.
    pub now: Timestamp,
}

impl Standing<'_> {
    /// When it is tried next; None while nobody can tell, because its webhook or its line stands still.
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        let sends = self.webhook.is_some_and(|webhook| webhook.state == WebhookState::Active);
        self.delivery.next_attempt_at().filter(|_| sends)
    }

    /// Where it stands, and why.
    pub fn why(&self) -> Why {
        let (code, words) = match self.delivery.state {
            DeliveryState::Pending => self.pending(),
            DeliveryState::Delivered => (Code::Delivered, self.delivered()),
            DeliveryState::Exhausted(_) if self.delivery.event_id.is_test() => {
                (Code::TestFailed, format!("The test failed, and is not repeated.{}", self.last_failure()))
            }
            DeliveryState::Exhausted(ExhaustReason::ScheduleEnded) => {
                let (attempts, failure) = (self.attempts(), self.last_failure());
                let words = format!("Given up after {attempts}: the retry schedule has ended.{failure}");
                (Code::ScheduleEnded, words)
            }
            DeliveryState::Exhausted(ExhaustReason::AbortedByReceiver) => (
                Code::AbortedByReceiver,
                format!(
                    "Given up after {}: the receiver asked never to be sent this event again (webhook-delivery: abort-message).",
                    self.attempts()
                ),
            ),
            DeliveryState::Skipped(SkipReason::WebhookDisabled) => {
                (Code::WebhookDisabled, format!("Skipped: {}.", self.why_disabled()))
            }
            DeliveryState::Skipped(SkipReason::WebhookDeleted) => {
                (Code::WebhookDeleted, "Skipped: the webhook was deleted.".to_owned())
            }
            DeliveryState::Skipped(SkipReason::Erased) => {
                (Code::Erased, "Skipped: the person it speaks of was erased.".to_owned())
            }
        };
        Why { code, words }
    }

    fn delivered(&self) -> String {
        let attempts = self.delivery.attempts;
        let taken = self.last.and_then(|outcome| Some((outcome.at, outcome.result.as_ref().ok()?)));
        match taken.filter(|(_, response)| response.accepted()) {
            Some((at, response)) => {
                format!("Delivered with attempt {attempts} at {at}: status {}.", response.status)
            }
            None => format!("Delivered; there were {} in all.", self.attempts()),
        }
    }

    fn pending(&self) -> (Code, String) {
        let Some(webhook) = self.webhook else {
            return (Code::WebhookDeleted, "About to be skipped: the webhook was deleted.".to_owned());
        };
        let since = webhook.state_since;
        match webhook.state {
            WebhookState::Active => self.sending(webhook),
            WebhookState::Held => (Code::WebhookHeld, self.held(webhook)),
            WebhookState::Paused => (
                Code::WebhookPaused,
                format!(
                    "The webhook is paused. Its deliveries have waited since {since}, and their schedules stand still, until it is resumed.{}",
                    self.last_failure()
                ),
            ),
            WebhookState::Disabled(_) => {
                (Code::WebhookDisabled, format!("About to be skipped: {}.", self.why_disabled()))
            }
        }
    }

    fn held(&self, webhook: Conduct) -> String {
        let (since, failures) = (webhook.state_since, hold::HELD_AFTER);
        let probe = match webhook.probe_at {
            Some(at) if at > self.now => format!("the next probe is at {at}"),
            _ => "a probe is due now".to_owned(),
        };
        format!(
            "The webhook is held since {since}, as its receiver failed {failures} times in a row: the delivery waits, and its schedule stands still, until a probe gets through; {probe}.{}",
            self.last_failure()
        )
    }

    fn sending(&self, webhook: Conduct) -> (Code, String) {
        let delivery = self.delivery;
        if delivery.waits_in_line() {
            let before = self.ahead.map_or("an earlier one".to_owned(), |ahead| format!("delivery {ahead}"));
            let words = format!(
                "Waits in line behind {before} of the same conversation, whose order the webhook keeps."
            );
            return (Code::WaitsInLine, words);
        }
        let tried = match delivery.attempts {
            0 => "never tried before".to_owned(),
            _ => format!("after {} so far", self.attempts()),
        };
        let (due, failure) = (delivery.due_at, self.last_failure());
        match webhook.rate_per_second {
            _ if due > self.now => {
                let next = if delivery.attempts == 0 { "first" } else { "next" };
                (Code::RetryScheduled, format!("The {next} attempt is at {due}, {tried}.{failure}"))
            }
            Some(rate) => {
                let words = format!(
                    "Due, {tried}; it waits for its turn, as the webhook sends at most {rate} a second.{failure}"
                );
                (Code::RateLimited, words)
            }
            None => (Code::BeingSent, format!("Due, {tried}; it is being sent.{failure}")),
        }
    }

    fn why_disabled(&self) -> &'static str {
        match self.webhook.map(|webhook| webhook.state) {
            Some(WebhookState::Disabled(DisableReason::ByHand)) => "the webhook was disabled by hand",
            Some(WebhookState::Disabled(DisableReason::Gone)) => {
                "the webhook was disabled, as its receiver answered 410 Gone"
            }
            Some(WebhookState::Disabled(DisableReason::HeldTooLong)) => {
                "the webhook was disabled, as it had been held for 5 days"
            }
            // It was resumed or deleted since.
            _ => "the webhook was disabled then",
        }
    }

    fn attempts(&self) -> String {
        match self.delivery.attempts {
            1 => "1 attempt".to_owned(),
            attempts => format!("{attempts} attempts"),
        }
    }

    /// The last attempt in words behind a blank, if it failed.
    fn last_failure(&self) -> String {
        let failed = |outcome: &&Outcome| !outcome.result.as_ref().is_ok_and(crate::Response::accepted);
        let failed = self.last.filter(failed);
        failed.map_or_else(String::new, |outcome| format!(" Last attempt: {}", explain(outcome)))
    }
}

/// Why `event` has no delivery to `webhook`; `kept` says whether all deliveries that were planned are still there.
pub fn without_delivery(event: &Event, webhook: &Webhook, kept: bool) -> Why {
    let name = event.event_type.as_str();
    let (code, words) = if event.id.is_test() {
        (Code::TestOfAnother, "It was a test of another webhook.".to_owned())
    } else if is_about(event, webhook.id) {
        let words = "It tells of this very webhook, and such notices go to the others.".to_owned();
        (Code::AboutItself, words)
    } else if webhook.created_at > event.created_at {
        (Code::CreatedLater, "The webhook was created after this event.".to_owned())
    } else if !webhook.event_types.contains(&event.event_type) {
        (Code::OtherType, format!("The webhook does not ask for {name} events."))
    } else if !webhook.asks_for(event.context.chatbot_id) {
        (Code::OtherChatbots, "The webhook asks only for events of other chatbots.".to_owned())
    } else if !kept {
        (Code::NotKept, "Its delivery, if it had one, is older than this instance keeps them.".to_owned())
    } else {
        let words = "The webhook did not ask for such events when this one was accepted; its settings were changed since.";
        (Code::ChangedLater, words.to_owned())
    };
    Why { code, words }
}

/// Whether it is a notice of that webhook.
fn is_about(event: &Event, webhook: Id<Webhook>) -> bool {
    let members = event.data.as_deref().filter(|_| event.event_type == EventType::WebhookNotice);
    let id = json::quote(&webhook.to_string());
    members
        .and_then(json::Members::of)
        .is_some_and(|members| members.iter().any(|(name, value)| name == "webhook_id" && value == id))
}

/// What an attempt's outcome means.
pub fn explain(outcome: &Outcome) -> String {
    let response = match &outcome.result {
        Ok(response) => response,
        Err(error) => {
            let what = match error.class {
                ErrorClass::BlockedAddress => "Leadpost may not call this URL",
                ErrorClass::DnsError => "The name of the URL could not be resolved",
                ErrorClass::ConnectError => "No connection could be opened",
                ErrorClass::TlsError => "No secure connection could be made",
                ErrorClass::Timeout => "The receiver took too long",
                ErrorClass::ConnectionClosed => "The receiver closed the connection without an answer",
                ErrorClass::ProtocolError => "What answers there does not speak HTTP as it should",
                ErrorClass::InternalError => "Leadpost itself failed; the attempt will be made again",
            };
            return format!("{what}: {}.", error.detail);
        }
    };
    let status = response.status;
    match status {
        200..=299 => format!("The receiver took the event (status {status})."),
        300..=399 => format!("The receiver answered with a redirect (status {status}), which is never followed: give the final URL."),
        401 | 403 => format!("The receiver refused the request (status {status}): it may want a header of its own or does not know the secret."),
        404 => "Nothing is found at this URL (status 404): check its path.".into(),
        405 => "The URL does not accept POST (status 405): webhooks are always sent as POST.".into(),
        410 => "The receiver says that it is gone for good (status 410): such an answer to a real delivery disables the webhook.".into(),
        413 => "The event is too large for the receiver (status 413).".into(),
        415 => "The receiver does not accept JSON (status 415).".into(),
        429 => "The receiver asks for fewer requests (status 429).".into(),
        500..=599 => format!("The receiver failed (status {status})."),
        _ => format!("The receiver did not take the event (status {status})."),
    }
}

#[cfg(test)]
mod tests;
