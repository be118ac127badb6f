//! Deliveries: one event on its way to one webhook, its attempts, and what an attempt's outcome leads to.

use std::time::Duration;

use crate::{Account, BodyForm, Event, EventType, Id, Noun, RetryPolicy, Timestamp, Webhook, retry};

/// One event for one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `dlv_…`
    pub id: Id<Delivery>,
    /// Whose it is.
    pub account: Id<Account>,
    /// What is delivered.
    pub event_id: Id<Event>,
    /// Where to.
    pub webhook_id: Id<Webhook>,
    /// The event's type.
    pub event_type: EventType,
    /// The body's form, fixed when the delivery was planned.
    pub body: BodyForm,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts there were in all; the last one has this number.
    pub attempts: u32,
    /// How many failed attempts the present schedule has seen; a resend starts again at 0.
    pub failures: u32,
    /// When the next attempt is due; meaningful while pending.
    pub due_at: Timestamp,
    /// When the first attempt of the present schedule started.
    pub started_at: Option<Timestamp>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// The conversation whose order its webhook keeps; None where there is none to keep.
    pub line: Option<String>,
}

impl Delivery {
    /// From here on, `due_at` is no instant but the place of a pending delivery that waits in its line.
    pub const IN_LINE: Timestamp = Timestamp::from_micros(i64::MAX / 2);

    /// Whether it waits for the one before it in its line.
    pub fn waits_in_line(&self) -> bool {
        self.state == DeliveryState::Pending && self.due_at >= Self::IN_LINE
    }

    /// The `due_at` of what joins a line whose last pending delivery has this one; None if nothing of it is pending.
    pub fn joining(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        last.map_or(now, |last| last.max(Self::IN_LINE) + Duration::from_micros(1))
    }

    /// When its next attempt is due, as far as the delivery itself can tell; None unless it is pending, and while it
    /// waits in line.
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        (self.state == DeliveryState::Pending && !self.waits_in_line()).then_some(self.due_at)
    }
}

impl Noun for Delivery {
    const PREFIX: &'static str = "dlv";
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// To be tried at its time.
    Pending,
    /// Answered with 2xx.
    Delivered,
    /// Given up.
    Exhausted(ExhaustReason),
    /// Not to be made.
    Skipped(SkipReason),
}

/// How many deliveries are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answered with 2xx.
    pub delivered: u64,
    /// To be tried.
    pub pending: u64,
    /// Given up.
    pub exhausted: u64,
    /// Not to be made.
    pub skipped: u64,
}

impl Tally {
    /// All of them.
    pub const fn all(&self) -> u64 {
        self.delivered + self.pending + self.exhausted + self.skipped
    }

    /// Counts some more; those of no known state are none.
    pub fn add(&mut self, state: Option<DeliveryState>, count: u64) {
        match state {
            Some(DeliveryState::Delivered) => self.delivered += count,
            Some(DeliveryState::Pending) => self.pending += count,
            Some(DeliveryState::Exhausted(_)) => self.exhausted += count,
            Some(DeliveryState::Skipped(_)) => self.skipped += count,
            None => {}
        }
    }
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExhaustReason {
    /// The retry schedule has ended.
    ScheduleEnded,
    /// The receiver answered with `webhook-delivery: abort-message`.
    AbortedByReceiver,
}

/// Why a delivery is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// Its webhook is disabled.
    WebhookDisabled,
    /// Its webhook was deleted.
    WebhookDeleted,
    /// The person it speaks of was erased.
    Erased,
}

impl DeliveryState {
    /// Every state with every reason.
    pub const ALL: [DeliveryState; 7] = [
        DeliveryState::Pending,
        DeliveryState::Delivered,
        DeliveryState::Exhausted(ExhaustReason::ScheduleEnded),
        DeliveryState::Exhausted(ExhaustReason::AbortedByReceiver),
        DeliveryState::Skipped(SkipReason::WebhookDisabled),
        DeliveryState::Skipped(SkipReason::WebhookDeleted),
        DeliveryState::Skipped(SkipReason::Erased),
    ];

    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Exhausted(_) => "exhausted",
            DeliveryState::Skipped(_) => "skipped",
        }
    }

    /// Why, where there is a reason to tell.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            DeliveryState::Pending | DeliveryState::Delivered => None,
            DeliveryState::Exhausted(ExhaustReason::ScheduleEnded) => Some("schedule_ended"),
            DeliveryState::Exhausted(ExhaustReason::AbortedByReceiver) => Some("aborted_by_receiver"),
            DeliveryState::Skipped(SkipReason::WebhookDisabled) => Some("webhook_disabled"),
            DeliveryState::Skipped(SkipReason::WebhookDeleted) => Some("webhook_deleted"),
            DeliveryState::Skipped(SkipReason::Erased) => Some("erased"),
        }
    }

    /// Reads the two names back; None if they are no state.
    pub fn parse(state: &str, reason: Option<&str>) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == state && known.reason() == reason)
    }
}

/// One try that has ended, as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Counts from 1 within its delivery.
    pub number: u32,
    /// What led to it.
    pub kind: AttemptKind,
    /// How it went.
    pub outcome: Outcome,
}

/// What led to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptKind {
    /// The schedule.
    Scheduled,
    /// Whether a held webhook's receiver is back. It uses up none of the schedule.
    Probe,
    /// *Send test*.
    Test,
}

impl AttemptKind {
    /// All kinds.
    pub const ALL: [AttemptKind; 3] = [AttemptKind::Scheduled, AttemptKind::Probe, AttemptKind::Test];

    /// The kind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            AttemptKind::Scheduled => "scheduled",
            AttemptKind::Probe => "probe",
            AttemptKind::Test => "test",
        }
    }
}

/// How one try went: a fact that the courier reports, whatever it leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// When the try began.
    pub at: Timestamp,
    /// The address connected to, with its port; None if none was reached or allowed.
    pub address: Option<String>,
    /// How long each part took.
    pub phases: Phases,
    /// The answer, or why there is none.
    pub result: Result<Response, AttemptError>,
}

/// How long the parts of a try took. None: that part did not happen (a kept connection has no connect).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Looking up the name.
    pub dns: Option<Duration>,
    /// Opening the TCP connection.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the request's start to the answer's first byte.
    pub first_byte: Option<Duration>,
    /// Everything.
    pub total: Duration,
}

/// A receiver's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The headers in their order; text that is not UTF-8 made readable.
    pub headers: Vec<(String, String)>,
    /// At most the first 64 KiB, as it came.
    pub body: Vec<u8>,
}

impl Response {
    /// So much of an answer's body is read and kept.
    pub const MAX_BODY: usize = 64 * 1024;

    /// The status by which a receiver says that it is gone for good (RFC 9110 15.5.11).
    pub const GONE: u16 = 410;

    /// Whether the receiver took the event: 2xx.
    pub const fn accepted(&self) -> bool {
        self.status >= 200 && self.status <= 299
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the receiver asks never to be sent this event again.
    pub fn aborts(&self) -> bool {
        self.header("webhook-delivery").is_some_and(|value| value.trim() == "abort-message")
    }
}

/// Why a try had no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct AttemptError {
    /// The kind, stable, for programs.
    pub class: ErrorClass,
    /// What happened, in words for the webhook's owner.
    pub detail: String,
}

/// The kinds of failure before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The URL or its address is one that Leadpost must not call.
    BlockedAddress,
    /// The name could not be resolved.
    DnsError,
    /// No connection: refused, unreachable, reset while connecting.
    ConnectError,
    /// The TLS handshake failed, e.g. for a certificate that is not trusted.
    TlsError,
    /// A time limit passed.
    Timeout,
    /// The connection ended before an answer.
    ConnectionClosed,
    /// The answer is not HTTP.
    ProtocolError,
    /// A fault in Leadpost itself.
    InternalError,
}

impl ErrorClass {
    /// All classes.
    pub const ALL: [ErrorClass; 8] = [
        ErrorClass::BlockedAddress,
        ErrorClass::DnsError,
        ErrorClass::ConnectError,
        ErrorClass::TlsError,
        ErrorClass::Timeout,
        ErrorClass::ConnectionClosed,
        ErrorClass::ProtocolError,
        ErrorClass::InternalError,
    ];

    /// The class's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorClass::BlockedAddress => "blocked_address",
            ErrorClass::DnsError => "dns_error",
            ErrorClass::ConnectError => "connect_error",
            ErrorClass::TlsError => "tls_error",
            ErrorClass::Timeout => "timeout",
            ErrorClass::ConnectionClosed => "connection_closed",
            ErrorClass::ProtocolError => "protocol_error",
            ErrorClass::InternalError => "internal_error",
        }
    }
}

/// What an attempt's outcome leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// Done.
    Delivered,
    /// Try again then.
    RetryAt(Timestamp),
    /// Give up.
    Exhausted(ExhaustReason),
    /// The receiver says it is gone for good (410): its webhook is to be disabled, which skips this delivery.
    DisableWebhook,
}

/// The delivery law: where `delivery` goes after an attempt that ended at `now` with `outcome`.
///
/// `jitter` in −1…1 places the retry within its range.
pub fn next(
    delivery: &Delivery,
    policy: RetryPolicy,
    outcome: &Outcome,
    now: Timestamp,
    jitter: f64,
) -> Finish {
    let hint = match &outcome.result {
        Ok(response) if response.accepted() => return Finish::Delivered,
        Ok(response) if response.status == Response::GONE => return Finish::DisableWebhook,
        Ok(response) if response.aborts() => return Finish::Exhausted(ExhaustReason::AbortedByReceiver),
        Ok(response) => response.header("retry-after").and_then(|value| retry::retry_after(value, now)),
        Err(_) => None,
    };
    let delay = policy.delay(delivery.failures + 1, jitter).max(hint.unwrap_or_default());
    let at = now + delay;
    let first = delivery.started_at.unwrap_or(outcome.at);
    if at.since(first) > policy.lifetime() {
        Finish::Exhausted(ExhaustReason::ScheduleEnded)
    } else {
        Finish::RetryAt(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Delivery {
        Delivery {
            id: Id::from_parts(1, &[1; 10]),
            account: Id::from_parts(1, &[2; 10]),
            event_id: Id::from_parts(1, &[3; 10]),
            webhook_id: Id::from_parts(1, &[4; 10]),
            event_type: EventType::ContactInformation,
            body: BodyForm::Documented,
            state: DeliveryState::Pending,
            attempts: 0,
            failures: 0,
            due_at: Timestamp::default(),
            started_at: None,
            created_at: Timestamp::default(),
            line: None,
        }
    }

    fn answered(status: u16, headers: &[(&str, &str)]) -> Outcome {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let result = Ok(Response { status, headers, body: Vec::new() });
        Outcome { at: Timestamp::default(), address: None, phases: Phases::default(), result }
    }

    fn after(status: u16, headers: &[(&str, &str)]) -> Finish {
        next(&delivery(), RetryPolicy::ThreeDays, &answered(status, headers), Timestamp::default(), 0.0)
    }

    #[test]
    fn only_2xx_delivers() {
        for status in 100..=999 {
            let delivered = after(status, &[]) == Finish::Delivered;
            assert_eq!(delivered, (200..=299).contains(&status), "{status}");
        }
    }

    #[test]
    fn special_answers_have_their_effects() {
        let seconds = |s| Finish::RetryAt(Timestamp::default() + Duration::from_secs(s));
        assert_eq!(after(500, &[]), seconds(5));
        assert_eq!(after(410, &[]), Finish::DisableWebhook);
        assert_eq!(after(503, &[("Retry-After", "3600")]), seconds(3_600));
        assert_eq!(after(404, &[("retry-after", "1")]), seconds(5));
        assert_eq!(after(500, &[("retry-after", "1e300")]), seconds(5));
        let aborted = Finish::Exhausted(ExhaustReason::AbortedByReceiver);
        assert_eq!(after(400, &[("Webhook-Delivery", "abort-message")]), aborted);
    }

    #[test]
    fn a_dead_receiver_sees_thirteen_attempts_within_three_days() {
        let (mut delivery, mut now) = (delivery(), Timestamp::default());
        let start = now;
        let attempts = loop {
            let outcome = Outcome { at: now, ..answered(500, &[]) };
            delivery.started_at.get_or_insert(now);
            match next(&delivery, RetryPolicy::ThreeDays, &outcome, now, 0.0) {
                Finish::RetryAt(at) => now = at,
                other => {
                    assert_eq!(other, Finish::Exhausted(ExhaustReason::ScheduleEnded));
                    break delivery.failures + 1;
                }
            }
            delivery.failures += 1;
        };
        assert_eq!(attempts, 13);
        assert!(now.since(start) <= RetryPolicy::ThreeDays.lifetime());
    }

    #[test]
    fn every_state_reads_back_from_its_names() {
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::parse(state.as_str(), state.reason()), Some(state));
        }
        assert_eq!(DeliveryState::parse("skipped", None), None);
    }
}
