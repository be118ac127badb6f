//! Recoveries: many deliveries of a webhook sent again, at a pace that its receiver bears.
//!
//! A recovery walks through its window from the oldest delivery to the newest. Where it stands, and since when it has
//! been allowed the next, is all that it knows: whoever takes it up again goes on exactly there.

mod plan;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use plan::{EndState, NewRecovery, RecoveryCounts, RecoveryPlan};

use crate::{Account, Delivery, Id, Noun, Timestamp};

/// A paced, resumable resend of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// `rec_…`
    pub id: Id<Recovery>,
    /// Whose it is.
    pub account: Id<Account>,
    /// What it sends again, and how fast.
    pub plan: RecoveryPlan,
    /// Where it stands.
    pub state: RecoveryState,
    /// The last delivery that was looked at.
    pub place: Id<Delivery>,
    /// The last one that will be.
    pub last: Id<Delivery>,
    /// How many matched when it was made.
    pub total: u32,
    /// How many were sent again.
    pub restarted: u32,
    /// How many were not: in another state by their turn, or without payload.
    pub passed_over: u32,
    /// Until when the pace has been used up.
    pub paced_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was done or cancelled.
    pub ended_at: Option<Timestamp>,
}

impl Noun for Recovery {
    const PREFIX: &'static str = "rec";
}

/// Where a recovery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryState {
    /// It goes on, at its pace, while its webhook is active.
    Running,
    /// It waits to be resumed.
    Paused,
    /// It has looked at everything.
    Done,
    /// It was ended before.
    Cancelled,
}

impl RecoveryState {
    /// All states.
    pub const ALL: [RecoveryState; 4] =
        [RecoveryState::Running, RecoveryState::Paused, RecoveryState::Done, RecoveryState::Cancelled];

    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            RecoveryState::Running => "running",
            RecoveryState::Paused => "paused",
            RecoveryState::Done => "done",
            RecoveryState::Cancelled => "cancelled",
        }
    }

    /// Reads the name back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }

    /// Whether nothing comes after it.
    pub const fn is_end(self) -> bool {
        matches!(self, RecoveryState::Done | RecoveryState::Cancelled)
    }
}

/// What one step of a recovery did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The last delivery that it looked at.
    pub place: Id<Delivery>,
    /// How many it restarted.
    pub restarted: u32,
    /// How many it could not.
    pub passed_over: u32,
}

impl Recovery {
    /// How many are restarted in a second where nothing is said.
    pub const DEFAULT_RATE: u32 = 10;
    /// The most that can be asked for.
    pub const MAX_RATE: u32 = 100_000;
    /// Never more than what is due in this time at once, however long nothing happened.
    const CATCH_UP: Duration = Duration::from_secs(1);

    /// A recovery of `plan` that begins at `now`; `last` is the newest delivery of the window, None if there is none.
    pub fn begin(
        id: Id<Recovery>,
        account: Id<Account>,
        plan: RecoveryPlan,
        last: Option<Id<Delivery>>,
        total: u32,
        now: Timestamp,
    ) -> Self {
        let (place, _) = plan.ids();
        let state = RecoveryState::Running;
        let (restarted, passed_over, ended_at) = (0, 0, None);
        let (paced_at, created_at, updated_at) = (now, now, now);
        let last = last.unwrap_or(place);
        Self {
            id,
            account,
            plan,
            state,
            place,
            last,
            total,
            restarted,
            passed_over,
            paced_at,
            created_at,
            updated_at,
            ended_at,
        }
    }

    /// How many may be restarted at `now`.
    pub fn allowance(&self, now: Timestamp) -> u32 {
        let elapsed = now.since(self.paced_from(now)).as_micros();
        let allowed = elapsed * u128::from(self.plan.rate_per_second) / 1_000_000;
        u32::try_from(allowed).unwrap_or(u32::MAX)
    }

    /// How long from `now` until there is something to do; zero also where a clock was set back and the pace has to
    /// begin anew.
    pub fn wait(pace: Pace, now: Timestamp) -> Duration {
        let used_until = pace.used_until(now);
        if used_until > now { Duration::ZERO } else { (used_until + time_for(1, pace.per_second)).since(now) }
    }

    /// Begins the pace anew if it stood still until `active_since`.
    pub fn rest_until(&mut self, active_since: Timestamp, now: Timestamp) {
        let pace = Pace { paced_at: self.paced_at, active_since, per_second: self.plan.rate_per_second };
        self.paced_at = pace.used_until(now);
    }

    /// Notes a step made at `now`.
    pub fn advance(&mut self, step: Step, now: Timestamp) {
        self.paced_at = self.paced_from(now) + time_for(step.restarted, self.plan.rate_per_second);
        self.updated_at = now;
        self.place = step.place;
        self.restarted += step.restarted;
        self.passed_over += step.passed_over;
        if self.place >= self.last {
            // Of what matched at the beginning, the rest was in other states by its turn, or gone.
            self.passed_over = self.passed_over.max(self.total.saturating_sub(self.restarted));
            self.switch(RecoveryState::Done, now);
        }
    }

    /// Brings it to another state; the pace begins anew.
    pub fn switch(&mut self, to: RecoveryState, now: Timestamp) {
        self.state = to;
        self.updated_at = now;
        self.ended_at = to.is_end().then_some(now);
        if to == RecoveryState::Running {
            self.paced_at = now;
        }
    }

    fn paced_from(&self, now: Timestamp) -> Timestamp {
        self.paced_at.clamp(now.before(Self::CATCH_UP), now)
    }
}

/// What tells when a recovery may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Until when it has been used up.
    pub paced_at: Timestamp,
    /// Since when its webhook is in its present state: before, it stood still.
    pub active_since: Timestamp,
    /// So many in a second.
    pub per_second: u32,
}

impl Pace {
    fn used_until(self, now: Timestamp) -> Timestamp {
        // A state that begins in what is now the future comes from a clock that was set back.
        if self.active_since > now { self.paced_at } else { self.paced_at.max(self.active_since) }
    }
}

/// How much time so many deliveries take at that pace.
fn time_for(deliveries: u32, rate_per_second: u32) -> Duration {
    let rate = u64::from(rate_per_second.max(1));
    Duration::from_micros((u64::from(deliveries) * 1_000_000).div_ceil(rate))
}
