//! What a recovery is asked to send again, and what follows of that.

use std::{str::FromStr, time::Duration};

use super::Recovery;
use crate::{Delivery, DeliveryState, Id, Invalid, Timestamp, Webhook};

/// What to recover, as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecovery {
    /// Deliveries to this webhook.
    pub webhook_id: Id<Webhook>,
    /// Planned not before this.
    pub since: Timestamp,
    /// And not after this; now if None.
    pub until: Option<Timestamp>,
    /// In one of these states; exhausted and skipped if None.
    pub states: Option<Vec<EndState>>,
    /// So many in a second; [`Recovery::DEFAULT_RATE`] if None.
    pub rate_per_second: Option<u32>,
}

impl NewRecovery {
    /// What follows of it at `now`. An end in the future is the present: what does not exist yet needs no recovery.
    pub fn check(&self, now: Timestamp) -> Result<RecoveryPlan, Invalid> {
        let until = self.until.map_or(now, |until| until.min(now));
        let rate_per_second = self.rate_per_second.unwrap_or(Recovery::DEFAULT_RATE);
        let asked = self.states.as_deref().unwrap_or(&[EndState::Exhausted, EndState::Skipped]);
        let states: Vec<_> = EndState::ALL.into_iter().filter(|state| asked.contains(state)).collect();
        let when = if self.until.is_some_and(|it| it <= now) { "until" } else { "now" };
        let max = Recovery::MAX_RATE;
        let rule = |holds: bool, pointer: &str, message: String| {
            if holds { Ok(()) } else { Err(Invalid::field(pointer, message)) }
        };
        Invalid::gather([
            rule(self.since < until, "/since", format!("must be before {when}")),
            rule(!states.is_empty(), "/states", "must name at least one state".to_owned()),
            rule(
                (1..=max).contains(&rate_per_second),
                "/rate_per_second",
                format!("must be from 1 to {max}"),
            ),
        ])?;
        Ok(RecoveryPlan { webhook_id: self.webhook_id, since: self.since, until, states, rate_per_second })
    }
}

/// Which deliveries are sent again, and how fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryPlan {
    /// Those to this webhook.
    pub webhook_id: Id<Webhook>,
    /// Planned not before this.
    pub since: Timestamp,
    /// And not after this.
    pub until: Timestamp,
    /// In one of these states; each once, in the order of [`EndState::ALL`].
    pub states: Vec<EndState>,
    /// So many in a second.
    pub rate_per_second: u32,
}

/// A state in which a delivery has ended, from which it can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndState {
    /// Given up.
    Exhausted,
    /// Not made.
    Skipped,
    /// Answered with 2xx.
    Delivered,
}

impl EndState {
    /// All of them; the first two are recovered unless something else is asked for.
    pub const ALL: [EndState; 3] = [EndState::Exhausted, EndState::Skipped, EndState::Delivered];

    /// The name that the delivery's state has.
    pub const fn as_str(self) -> &'static str {
        match self {
            EndState::Exhausted => "exhausted",
            EndState::Skipped => "skipped",
            EndState::Delivered => "delivered",
        }
    }
}

impl FromStr for EndState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let pending = text == DeliveryState::Pending.as_str();
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| {
            let why = if pending { "what is pending is sent anyway; " } else { "" };
            Invalid::field("", format!("{why}must be one of exhausted, skipped, delivered"))
        })
    }
}

impl RecoveryPlan {
    /// Clocks may be set back a little while ids go on rising, so a delivery's id may be so much younger than it.
    const SLACK: Duration = Duration::from_secs(60 * 60);

    /// The ids that deliveries of the window can have: more than the first, less than the second.
    pub fn ids(&self) -> (Id<Delivery>, Id<Delivery>) {
        (Id::first_at(self.since), Id::first_at(self.until + Self::SLACK))
    }
}

/// How many deliveries a window holds, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoveryCounts {
    /// On their way.
    pub pending: u32,
    /// Answered with 2xx.
    pub delivered: u32,
    /// Given up.
    pub exhausted: u32,
    /// Not made.
    pub skipped: u32,
}

impl RecoveryCounts {
    /// How many are in one of these states.
    pub fn of(&self, states: &[EndState]) -> u32 {
        let count = |state: &EndState| match state {
            EndState::Exhausted => self.exhausted,
            EndState::Skipped => self.skipped,
            EndState::Delivered => self.delivered,
        };
        states.iter().map(count).sum()
    }
}
