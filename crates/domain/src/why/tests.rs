//! Every case, word for word.

use std::time::Duration;

use super::*;
use crate::{
    AttemptError, Chatbot, EgressPolicy, Health, Phases, Response, Secret,
    samples::{acme, contact, start, webhook as new_webhook},
};

fn id<T>(number: u8) -> Id<T> {
    Id::from_parts(1, &[number; 10])
}

fn webhook(state: WebhookState) -> Webhook {
    let secret = Secret::from_bytes(&[1; 32]);
    let new = new_webhook("https://crm.example.com/in");
    let webhook = new.into_webhook(&EgressPolicy::default(), id(1), acme().id, secret, start());
    Webhook { state, ..webhook.unwrap() }
}

fn event() -> Event {
    contact().check().unwrap().to_event(id(2), acme().id, start())
}

fn delivery(state: DeliveryState, attempts: u32) -> Delivery {
    Delivery {
        id: id(3),
        account: acme().id,
        event_id: id(2),
        webhook_id: id(1),
        event_type: EventType::ContactInformation,
        body: crate::BodyForm::Documented,
        state,
        attempts,
        failures: attempts,
        due_at: start(),
        started_at: None,
        created_at: start(),
        line: None,
    }
}

fn answered(status: u16) -> Outcome {
    let result = Ok(Response { status, headers: Vec::new(), body: Vec::new() });
    Outcome { at: start(), address: None, phases: Phases::default(), result }
}

fn timeout() -> Outcome {
    let detail = "no answer within 15 s".to_owned();
    Outcome { result: Err(AttemptError { class: ErrorClass::Timeout, detail }), ..answered(0) }
}

fn check(standing: &Standing<'_>, code: Code, words: &str, next: Option<Timestamp>) {
    assert_eq!(standing.why(), Why { code, words: words.to_owned() });
    assert_eq!(standing.next_attempt_at(), next, "{code:?}");
}

#[test]
fn a_pending_delivery_of_an_active_webhook_is_due_or_waits_for_its_time_its_turn_or_its_line() {
    use DeliveryState::Pending;
    let (active, failed, now) = (webhook(WebhookState::Active), timeout(), start());
    let rated = Webhook { rate_per_second: Some(5), ..active.clone() };
    let (due, tried) = (delivery(Pending, 0), delivery(Pending, 2));
    let standing = Standing { delivery: &due, webhook: Some(active.conduct()), last: None, ahead: None, now };
    check(&standing, Code::BeingSent, "Due, never tried before; it is being sent.", Some(now));
    let of_rated = Standing { webhook: Some(rated.conduct()), ..standing };
    let words = "Due, never tried before; it waits for its turn, as the webhook sends at most 5 a second.";
    check(&of_rated, Code::RateLimited, words, Some(now));
    let tried_standing = Standing { delivery: &tried, last: Some(&failed), ..standing };
    let words = "Due, after 2 attempts so far; it is being sent. Last attempt: The receiver took too long: no answer within 15 s.";
    check(&tried_standing, Code::BeingSent, words, Some(now));

    let later = now + Duration::from_secs(30);
    let waits = Delivery { due_at: later, ..tried.clone() };
    let words = "The next attempt is at 2026-03-04T10:16:00Z, after 2 attempts so far. Last attempt: The receiver took too long: no answer within 15 s.";
    let of_rated = Standing { delivery: &waits, webhook: Some(rated.conduct()), ..tried_standing };
    check(&of_rated, Code::RetryScheduled, words, Some(later));
    let untried = Delivery { due_at: later, ..due.clone() };
    let words = "The first attempt is at 2026-03-04T10:16:00Z, never tried before.";
    check(&Standing { delivery: &untried, ..standing }, Code::RetryScheduled, words, Some(later));

    let in_line = Delivery { due_at: Delivery::IN_LINE, line: Some("c".into()), ..due.clone() };
    let in_line =
        Standing { delivery: &in_line, ahead: Some(id(9)), webhook: Some(rated.conduct()), ..standing };
    let words = format!(
        "Waits in line behind delivery {} of the same conversation, whose order the webhook keeps.",
        id::<Delivery>(9)
    );
    check(&in_line, Code::WaitsInLine, &words, None);
    let words =
        "Waits in line behind an earlier one of the same conversation, whose order the webhook keeps.";
    check(&Standing { ahead: None, ..in_line }, Code::WaitsInLine, words, None);
}

#[test]
fn a_pending_delivery_of_a_webhook_that_does_not_send_says_until_when() {
    let (failed, now) = (answered(500), start());
    let pending = delivery(DeliveryState::Pending, 1);
    let probe = Health { probe_at: Some(now + Duration::from_secs(30)), ..Health::default() };
    let held = Webhook { health: probe, ..webhook(WebhookState::Held) };
    let standing =
        Standing { delivery: &pending, webhook: Some(held.conduct()), last: Some(&failed), ahead: None, now };
    let words = "The webhook is held since 2026-03-04T10:15:30Z, as its receiver failed 10 times in a row: the delivery waits, and its schedule stands still, until a probe gets through; the next probe is at 2026-03-04T10:16:00Z. Last attempt: The receiver failed (status 500).";
    check(&standing, Code::WebhookHeld, words, None);
    let late = Standing { now: now + Duration::from_secs(30), last: None, ..standing };
    assert!(late.why().words.ends_with("; a probe is due now."), "{}", late.why().words);
    let paused = webhook(WebhookState::Paused);
    let words = "The webhook is paused. Its deliveries have waited since 2026-03-04T10:15:30Z, and their schedules stand still, until it is resumed.";
    let paused = Standing { webhook: Some(paused.conduct()), last: None, ..standing };
    check(&paused, Code::WebhookPaused, words, None);
    // For as long as a chore takes to get there.
    let disabled = webhook(WebhookState::Disabled(DisableReason::HeldTooLong));
    let words = "About to be skipped: the webhook was disabled, as it had been held for 5 days.";
    check(&Standing { webhook: Some(disabled.conduct()), ..paused }, Code::WebhookDisabled, words, None);
    let words = "About to be skipped: the webhook was deleted.";
    check(&Standing { webhook: None, ..paused }, Code::WebhookDeleted, words, None);
}

#[test]
fn a_finished_delivery_says_how_it_ended() {
    use DeliveryState::{Delivered, Exhausted, Skipped};
    let active = webhook(WebhookState::Active);
    let (taken, failed) = (answered(204), answered(404));
    let check = |state, attempts, webhook: Option<&Webhook>, last, code, words| {
        let delivery = delivery(state, attempts);
        let webhook = webhook.map(Webhook::conduct);
        let standing = Standing { delivery: &delivery, webhook, last, ahead: None, now: start() };
        check(&standing, code, words, None);
    };
    let words = "Delivered with attempt 3 at 2026-03-04T10:15:30Z: status 204.";
    check(Delivered, 3, Some(&active), Some(&taken), Code::Delivered, words);
    let words = "Delivered; there were 2 attempts in all.";
    check(Delivered, 2, None, Some(&failed), Code::Delivered, words);
    let words = "Given up after 13 attempts: the retry schedule has ended. Last attempt: Nothing is found at this URL (status 404): check its path.";
    let ended = Exhausted(ExhaustReason::ScheduleEnded);
    check(ended, 13, Some(&active), Some(&failed), Code::ScheduleEnded, words);
    let words = "Given up after 1 attempt: the receiver asked never to be sent this event again (webhook-delivery: abort-message).";
    let aborted = Exhausted(ExhaustReason::AbortedByReceiver);
    check(aborted, 1, Some(&active), Some(&failed), Code::AbortedByReceiver, words);

    let disabled = Skipped(SkipReason::WebhookDisabled);
    for (reason, words) in [
        (DisableReason::ByHand, "Skipped: the webhook was disabled by hand."),
        (DisableReason::Gone, "Skipped: the webhook was disabled, as its receiver answered 410 Gone."),
        (DisableReason::HeldTooLong, "Skipped: the webhook was disabled, as it had been held for 5 days."),
    ] {
        let webhook = webhook(WebhookState::Disabled(reason));
        check(disabled, 0, Some(&webhook), None, Code::WebhookDisabled, words);
    }
    let words = "Skipped: the webhook was disabled then.";
    check(disabled, 0, Some(&active), None, Code::WebhookDisabled, words);
    let words = "Skipped: the webhook was deleted.";
    check(Skipped(SkipReason::WebhookDeleted), 0, None, None, Code::WebhookDeleted, words);
    let words = "Skipped: the person it speaks of was erased.";
    check(Skipped(SkipReason::Erased), 0, Some(&active), None, Code::Erased, words);
}

#[test]
fn a_webhook_without_a_delivery_has_a_reason_too() {
    let (event, webhook) = (event(), webhook(WebhookState::Active));
    let code = |event: &Event, webhook: &Webhook| without_delivery(event, webhook, true).code;
    assert_eq!(code(&event, &webhook), Code::ChangedLater);
    assert_eq!(without_delivery(&event, &webhook, false).code, Code::NotKept);
    let later = start() + Duration::from_micros(1);
    assert_eq!(code(&event, &Webhook { created_at: later, ..webhook.clone() }), Code::CreatedLater);
    let other = Webhook { event_types: vec![EventType::ChatTranscript], ..webhook.clone() };
    let why = without_delivery(&event, &other, true);
    assert_eq!(
        (why.code, &*why.words),
        (Code::OtherType, "The webhook does not ask for Contact Information events.")
    );
    let bot = |number: u8| id::<Chatbot>(number);
    let chosen = Webhook { chatbot_ids: vec![bot(5), bot(6)], ..webhook.clone() };
    let of = |chatbot_id| Event {
        context: crate::Context { chatbot_id, ..event.context.clone() },
        ..event.clone()
    };
    assert_eq!(code(&of(None), &chosen), Code::OtherChatbots);
    assert_eq!(code(&of(Some(bot(7))), &chosen), Code::OtherChatbots);
    assert_eq!(code(&of(Some(bot(6))), &chosen), Code::ChangedLater);

    let notice = |about: Id<Webhook>| Event {
        event_type: EventType::WebhookNotice,
        data: Some(format!(r#"{{"webhook_id":"{about}","name":"CRM"}}"#)),
        ..event.clone()
    };
    assert_eq!(code(&notice(webhook.id), &webhook), Code::AboutItself);
    assert_eq!(code(&notice(id(8)), &webhook), Code::OtherType);
    let contact = Event { event_type: EventType::ContactInformation, ..notice(webhook.id) };
    assert_eq!(code(&contact, &webhook), Code::ChangedLater, "only a notice is about a webhook");
}

#[test]
fn every_code_has_a_name_of_its_own() {
    let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
}
