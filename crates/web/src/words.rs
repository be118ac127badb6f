//! The words that some fields choose from, for the API document; taken from the domain, so that both agree.
//!
//! Nothing here has values: these types only stand in for a text in a schema.

use std::borrow::Cow;

use domain::{
    AttemptKind, Author, BodyForm, CloseReason, DeliveryState, DisableReason, EndState, ErrorClass,
    EventType, Ordering, Phase, RecoveryState, RetryPolicy, WebhookState, why::Code,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident as $title:literal: $values:expr;)*) => {$(
        $(#[doc = $doc])*
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some($values));
                object.description(Some([$($doc.trim()),*].join(" "))).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                $title.into()
            }
        }
    )*};
}

words! {
    /// A type of event. `GET /api/v1/event-types` says more.
    EventTypeWord as "EventType": EventType::ALL.map(EventType::as_str);
    /// A type of event that can be posted.
    PostedTypeWord as "PostedEventType":
        EventType::ALL.into_iter().filter(|known| known.can_be_posted()).map(EventType::as_str);
    /// The form of the body that a webhook gets: `{"type","event_type","data"}`, `{"type","data"}`, or
    /// `{"id","type","event_type","timestamp","data"}` with all that is known in `data`.
    BodyFormWord as "BodyForm": BodyForm::ALL.map(BodyForm::as_str);
    /// `none`: only the first attempts of one conversation start in order. `conversation`: a delivery waits for
    /// the one before it in its conversation, through all retries.
    OrderingWord as "Ordering": [Ordering::None, Ordering::Conversation].map(Ordering::as_str);
    /// For how long a failed delivery is tried again: three days, or ten minutes for real-time use.
    RetryWord as "Retry": [RetryPolicy::ThreeDays, RetryPolicy::TenMinutes].map(RetryPolicy::as_str);
    /// `active`: deliveries are sent. `held`: they wait, untried, until a probe succeeds. `paused`: they wait
    /// until the webhook is resumed. `disabled`: they are skipped.
    WebhookStateWord as "WebhookState": [
        WebhookState::Active,
        WebhookState::Held,
        WebhookState::Paused,
        WebhookState::Disabled(DisableReason::ByHand),
    ].map(WebhookState::as_str);
    /// Why a webhook is disabled: somebody said so, the receiver answered 410, or it was held for five days.
    DisableReasonWord as "DisableReason":
        [DisableReason::ByHand, DisableReason::Gone, DisableReason::HeldTooLong]
            .map(|reason| WebhookState::Disabled(reason).reason());
    /// Where a delivery stands.
    DeliveryStateWord as "DeliveryState": ["pending", "delivered", "exhausted", "skipped"];
    /// Why a delivery was given up or is not made.
    DeliveryReasonWord as "DeliveryReason":
        DeliveryState::ALL.into_iter().filter_map(DeliveryState::reason);
    /// A state of deliveries that a recovery can send again.
    EndStateWord as "EndState": EndState::ALL.map(EndState::as_str);
    /// `running`: it goes on at its pace, and stands still only while its webhook is held or paused. `paused`: it waits
    /// to be resumed; so it does after its webhook was disabled. `done`: it has looked at everything. `cancelled`: it was
    /// ended before.
    RecoveryStateWord as "RecoveryState": RecoveryState::ALL.map(RecoveryState::as_str);
    /// Where an event stands with a webhook, for programs; `explanation` says it in words.
    WhyWord as "Why": Code::ALL.iter().map(|code| code.as_str());
    /// What led to an attempt: the schedule, whether a held webhook's receiver is back, or *Send test*.
    AttemptKindWord as "AttemptKind": AttemptKind::ALL.map(AttemptKind::as_str);
    /// Why an attempt had no answer.
    ErrorWord as "AttemptError": ErrorClass::ALL.map(ErrorClass::as_str);
    /// Who is to speak next in a conversation: the `bot`, whoever accepts it (`queued`), or the operator who has (`agent`).
    /// `closed`: it is over, and final.
    PhaseWord as "ConversationState": Phase::ALL.map(Phase::as_str);
    /// Why a conversation ended.
    CloseReasonWord as "CloseReason": CloseReason::ALL.map(CloseReason::as_str);
    /// Who said something; `system` is Leadpost itself, about the chat.
    AuthorWord as "Author": Author::ALL.map(Author::as_str);
    /// Who said something in another chat tool.
    PushedAuthorWord as "PushedAuthor": Author::PUSHED.map(Author::as_str);
    /// Which edge of a marker was passed.
    EdgeWord as "MarkerEdge": ["start", "end"];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_out_states_are_the_domains() {
        let mut states: Vec<_> = DeliveryState::ALL.map(DeliveryState::as_str).to_vec();
        states.dedup();
        assert_eq!(states, ["pending", "delivered", "exhausted", "skipped"]);
    }
}
