//! Webhooks: what a user sets up, its states, and the rules for each field.

use std::{collections::BTreeSet, str::FromStr, time::Duration};

use crate::{
    Account, BodyForm, Chatbot, EgressPolicy, EventType, Health, Id, Invalid, Noun, RetryPolicy, Secret,
    SkipReason, Timestamp, WebhookUrl, account::check_name, hold,
};

/// A user's URL that gets the events of some types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// `wh_…`
    pub id: Id<Webhook>,
    /// Whose it is.
    pub account: Id<Account>,
    /// What its owner calls it; need not be unique.
    pub name: String,
    /// Where to POST, in canonical form. Checked again before every attempt, as the settings may have changed.
    pub url: String,
    /// Which events it gets; never empty, in the catalogue's order.
    pub event_types: Vec<EventType>,
    /// Only events of these chatbots; empty means all.
    pub chatbot_ids: Vec<Id<Chatbot>>,
    /// The form of the body.
    pub body: BodyForm,
    /// Headers of the owner's own, added to each request.
    pub headers: Vec<(String, String)>,
    /// Whether events of one conversation wait for each other.
    pub ordering: Ordering,
    /// At most so many requests at once.
    pub max_in_flight: u32,
    /// At most so many attempts started in a second.
    pub rate_per_second: Option<u32>,
    /// When to try again.
    pub retry: RetryPolicy,
    /// Whether deliveries are sent, wait, or are skipped.
    pub state: WebhookState,
    /// Since when it is in that state.
    pub state_since: Timestamp,
    /// How it has been doing.
    pub health: Health,
    /// The keys to sign with, newest first; never empty.
    pub keys: Vec<SigningKey>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When one of its settings last changed.
    pub updated_at: Timestamp,
}

impl Noun for Webhook {
    const PREFIX: &'static str = "wh";
}

/// Whether events of that chatbot, or of none, are among those of `chosen`; an empty choice is all events.
pub fn is_chosen(chosen: &[Id<Chatbot>], chatbot: Option<Id<Chatbot>>) -> bool {
    chosen.is_empty() || chatbot.is_some_and(|id| chosen.contains(&id))
}

/// One of a webhook's secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Counts from 1 with each rotation.
    pub version: u32,
    /// The key itself.
    pub secret: Secret,
    /// When it stops signing; None for the newest.
    pub expires_at: Option<Timestamp>,
}

/// How a webhook sends: what the standing of its deliveries follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// Whether it sends.
    pub state: WebhookState,
    /// Since when.
    pub state_since: Timestamp,
    /// When the next probe is due, while it is held.
    pub probe_at: Option<Timestamp>,
    /// Most attempts in a second.
    pub rate_per_second: Option<u32>,
}

impl Webhook {
    /// How long a replaced secret goes on signing beside the new one. No more than these two sign at any time: the next
    /// rotation ends the one that was replaced before.
    pub const SECRET_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
    /// The limit in flight where none is given.
    pub const DEFAULT_MAX_IN_FLIGHT: u32 = 64;

    /// How it sends.
    pub const fn conduct(&self) -> Conduct {
        Conduct {
            state: self.state,
            state_since: self.state_since,
            probe_at: self.health.probe_at,
            rate_per_second: self.rate_per_second,
        }
    }

    /// The secrets to sign with at `now`, newest first.
    pub fn active_secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let active = move |key: &&SigningKey| key.expires_at.is_none_or(|end| now < end);
        self.keys.iter().filter(active).map(|key| &key.secret)
    }

    /// Whether it wants events of that chatbot, or of none.
    pub fn asks_for(&self, chatbot: Option<Id<Chatbot>>) -> bool {
        is_chosen(&self.chatbot_ids, chatbot)
    }

    /// How many attempts have failed in a row; while it is held, those that led to that and the probes since.
    pub fn failures_in_row(&self) -> u32 {
        match self.state {
            WebhookState::Held => hold::HELD_AFTER + self.health.probes,
            _ => self.health.failures,
        }
    }

    /// Which of the 256 shards carries this webhook's deliveries: the last byte of its id, which is random.
    pub const fn shard(id: Id<Webhook>) -> u8 {
        id.uuid().as_bytes()[15]
    }
}

/// Whether a webhook's deliveries are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WebhookState {
    /// They are sent when due.
    Active,
    /// They wait, untried, until a probe succeeds: the receiver failed too often in a row.
    Held,
    /// They wait because somebody said so.
    Paused,
    /// They are skipped.
    Disabled(DisableReason),
}

/// Why a webhook is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DisableReason {
    /// Somebody said so.
    ByHand,
    /// The receiver answered 410 Gone.
    Gone,
    /// It was held for five days.
    HeldTooLong,
}

impl WebhookState {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            WebhookState::Active => "active",
            WebhookState::Held => "held",
            WebhookState::Paused => "paused",
            WebhookState::Disabled(_) => "disabled",
        }
    }

    /// Why, where there is a reason to tell.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            WebhookState::Disabled(DisableReason::ByHand) => Some("by_hand"),
            WebhookState::Disabled(DisableReason::Gone) => Some("gone"),
            WebhookState::Disabled(DisableReason::HeldTooLong) => Some("held_too_long"),
            _ => None,
        }
    }

    /// Reads the two names back; None if they are no state.
    pub fn parse(state: &str, reason: Option<&str>) -> Option<Self> {
        use DisableReason::{ByHand, Gone, HeldTooLong};
        [Self::Active, Self::Held, Self::Paused]
            .into_iter()
            .chain([ByHand, Gone, HeldTooLong].map(Self::Disabled))
            .find(|known| known.as_str() == state && known.reason() == reason)
    }

    /// Whether schedules and deadlines of pending deliveries stand still.
    pub const fn stands_still(self) -> bool {
        matches!(self, WebhookState::Held | WebhookState::Paused)
    }

    /// Why a delivery planned now is skipped at once, if it is.
    pub const fn skips(self) -> Option<SkipReason> {
        match self {
            WebhookState::Disabled(_) => Some(SkipReason::WebhookDisabled),
            _ => None,
        }
    }
}

/// Whether the deliveries of one conversation wait for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ordering {
    /// Only their first attempts start in order.
    #[default]
    None,
    /// A later one starts when the earlier one is done.
    Conversation,
}

impl Ordering {
    /// The name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ordering::None => "none",
            Ordering::Conversation => "conversation",
        }
    }
}

impl FromStr for Ordering {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Ordering::None, Ordering::Conversation]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| Invalid::field("/ordering", "must be one of none, conversation"))
    }
}

/// A webhook somebody wants to have.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// See [`Webhook::name`].
    pub name: String,
    /// As typed.
    pub url: String,
    /// In any order.
    pub event_types: Vec<EventType>,
    /// See [`Webhook::chatbot_ids`].
    pub chatbot_ids: Vec<Id<Chatbot>>,
    /// See [`Webhook::body`].
    pub body: BodyForm,
    /// See [`Webhook::headers`].
    pub headers: Vec<(String, String)>,
    /// See [`Webhook::ordering`].
    pub ordering: Ordering,
    /// See [`Webhook::max_in_flight`].
    pub max_in_flight: Option<u32>,
    /// See [`Webhook::rate_per_second`].
    pub rate_per_second: Option<u32>,
    /// See [`Webhook::retry`].
    pub retry: RetryPolicy,
    /// A secret that the receiver already has; otherwise one is made.
    pub secret: Option<Secret>,
}

/// Changes to a webhook; what is None stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookUpdate {
    /// See [`Webhook::name`].
    pub name: Option<String>,
    /// As typed.
    pub url: Option<String>,
    /// In any order.
    pub event_types: Option<Vec<EventType>>,
    /// See [`Webhook::chatbot_ids`].
    pub chatbot_ids: Option<Vec<Id<Chatbot>>>,
    /// See [`Webhook::body`]; deliveries already planned keep theirs.
    pub body: Option<BodyForm>,
    /// See [`Webhook::headers`].
    pub headers: Option<Vec<(String, String)>>,
    /// See [`Webhook::ordering`].
    pub ordering: Option<Ordering>,
    /// See [`Webhook::max_in_flight`].
    pub max_in_flight: Option<u32>,
    /// See [`Webhook::rate_per_second`]; `Some(None)` removes the limit.
    pub rate_per_second: Option<Option<u32>>,
    /// See [`Webhook::retry`].
    pub retry: Option<RetryPolicy>,
}

impl NewWebhook {
    /// The webhook that this becomes, all rules checked; all errors at once.
    pub fn into_webhook(
        self,
        policy: &EgressPolicy,
        id: Id<Webhook>,
        account: Id<Account>,
        generated: Secret,
        now: Timestamp,
    ) -> Result<Webhook, Invalid> {
        let key = SigningKey { version: 1, secret: self.secret.unwrap_or(generated), expires_at: None };
        let mut webhook = Webhook {
            id,
            account,
            name: self.name,
            url: self.url,
            event_types: self.event_types,
            chatbot_ids: self.chatbot_ids,
            body: self.body,
            headers: self.headers,
            ordering: self.ordering,
            max_in_flight: self.max_in_flight.unwrap_or(Webhook::DEFAULT_MAX_IN_FLIGHT),
            rate_per_second: self.rate_per_second,
            retry: self.retry,
            state: WebhookState::Active,
            state_since: now,
            health: Health::default(),
            keys: vec![key],
            created_at: now,
            updated_at: now,
        };
        let url = webhook.check_url(policy);
        webhook.normalise(url)?;
        Ok(webhook)
    }
}

impl Webhook {
    /// This webhook with the changes applied and all rules checked.
    pub fn updated(
        mut self,
        update: WebhookUpdate,
        policy: &EgressPolicy,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        fn set<T>(field: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *field = new;
            }
        }
        set(&mut self.name, update.name);
        // A URL that is no longer allowed stands in the way of nothing but itself.
        let new_url = update.url.is_some();
        set(&mut self.url, update.url);
        set(&mut self.event_types, update.event_types);
        set(&mut self.chatbot_ids, update.chatbot_ids);
        set(&mut self.body, update.body);
        set(&mut self.headers, update.headers);
        set(&mut self.ordering, update.ordering);
        set(&mut self.max_in_flight, update.max_in_flight);
        set(&mut self.rate_per_second, update.rate_per_second);
        set(&mut self.retry, update.retry);
        self.updated_at = now;
        let url = if new_url { self.check_url(policy) } else { Ok(()) };
        self.normalise(url)?;
        Ok(self)
    }

    fn check_url(&mut self, policy: &EgressPolicy) -> Result<(), Invalid> {
        WebhookUrl::parse(&self.url, policy)
            .map(|url| self.url = url.to_string())
            .map_err(|refusal| Invalid::coded("refused_url", "/url", refusal.to_string()))
    }

    /// Checks all rules, those of the URL by their outcome.
    fn normalise(&mut self, url: Result<(), Invalid>) -> Result<(), Invalid> {
        self.event_types = self.event_types.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let limit = |pointer: &str, value: u32, max: u32| {
            let message = || Invalid::field(pointer, format!("must be between 1 and {max}"));
            (1..=max).contains(&value).then_some(()).ok_or_else(message)
        };
        let types = if self.event_types.is_empty() {
            Err(Invalid::field("/event_types", "must name at least one event type"))
        } else {
            Ok(())
        };
        Invalid::gather([
            check_name("/name", &self.name),
            url,
            types,
            check_headers(&self.headers),
            limit("/max_in_flight", self.max_in_flight, 1_000),
            self.rate_per_second.map_or(Ok(()), |rate| limit("/rate_per_second", rate, 100_000)),
        ])
    }
}

/// Headers that Leadpost sets itself, or that steer the connection (RFC 9110 7.6.1).
const RESERVED: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn check_headers(headers: &[(String, String)]) -> Result<(), Invalid> {
    if headers.len() > 32 {
        return Err(Invalid::field("/headers", "must be at most 32"));
    }
    let mut names = BTreeSet::new();
    Invalid::gather(headers.iter().map(|(name, value)| {
        let lower = name.to_ascii_lowercase();
        let reserved = RESERVED.contains(&lower.as_str())
            || ["webhook-", "proxy-"].iter().any(|prefix| lower.starts_with(prefix));
        let problem = if name.is_empty() || name.len() > 128 || !name.bytes().all(is_token) {
            Some("is not a header name")
        } else if reserved {
            Some("is set by Leadpost and cannot be overridden")
        } else if !names.insert(lower) {
            Some("is there twice")
        } else if value.len() > 4_096 || !value.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~')) {
            Some("has a value that is not at most 4,096 printable ASCII characters")
        } else if value.trim() != value {
            Some("has a value that begins or ends with white space")
        } else {
            None
        };
        let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        problem.map_or(Ok(()), |problem| Err(Invalid::field(pointer, problem)))
    }))
}

/// `tchar` of RFC 9110 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_break_a_request_are_refused() {
        let check = |name: &str, value: &str| check_headers(&[(name.into(), value.into())]).is_ok();
        assert!(check("Authorization", "Bearer x y"));
        assert!(check("x-~/", "").eq(&false));
        for reserved in
            ["Host", "webhook-id", "Webhook-Signature", "content-length", "TE", "proxy-x", "Content-Type"]
        {
            assert!(!check(reserved, "1"), "{reserved}");
        }
        for bad_value in ["a\r\nb: c", "\0", "é", " a", &"x".repeat(4_097)] {
            assert!(!check("x-a", bad_value), "{bad_value:?}");
        }
        for bad_name in ["", "a b", "a:b", "é", "a\n"] {
            assert!(!check(bad_name, "1"), "{bad_name:?}");
        }
        assert!(check_headers(&[("x-a".into(), "1".into()), ("X-A".into(), "2".into())]).is_err());
    }

    #[test]
    fn every_state_reads_back_from_its_names() {
        use DisableReason::{ByHand, Gone, HeldTooLong};
        use WebhookState::{Active, Disabled, Held, Paused};
        for state in [Active, Held, Paused, Disabled(ByHand), Disabled(Gone), Disabled(HeldTooLong)] {
            assert_eq!(WebhookState::parse(state.as_str(), state.reason()), Some(state));
        }
        assert_eq!(WebhookState::parse("disabled", None), None);
    }
}
