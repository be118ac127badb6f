//! Recoveries: many deliveries of a webhook sent again, at a pace that its receiver bears.
//!
//! A recovery walks through its window from the oldest delivery to the newest. Where it stands, and since when it has
//! been allowed the next, is all that it knows: whoever takes it up again goes on exactly there.

use std::{str::FromStr, time::Duration};

use crate::{Account, Delivery, DeliveryState, Id, Invalid, Noun, Timestamp, Webhook};

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
        let when = if self.until.is_some_and(|it| it <= now) { "`until`" } else { "now" };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000 + micros)
    }

    fn asked() -> NewRecovery {
        let webhook_id = Id::from_parts(1, &[1; 10]);
        NewRecovery { webhook_id, since: at(0), until: None, states: None, rate_per_second: None }
    }

    fn recovery(rate: u32, total: u32) -> Recovery {
        let new = NewRecovery { rate_per_second: Some(rate), ..asked() };
        let plan = new.check(at(1)).unwrap();
        let last = Some(Id::from_uuid(crate::id::Uuid::max()));
        Recovery::begin(Id::from_parts(2, &[2; 10]), Id::from_parts(3, &[3; 10]), plan, last, total, at(0))
    }

    fn wait(recovery: &Recovery, now: Timestamp) -> Duration {
        let per_second = recovery.plan.rate_per_second;
        Recovery::wait(Pace { paced_at: recovery.paced_at, active_since: at(0), per_second }, now)
    }

    fn step(recovery: &Recovery, restarted: u32) -> Step {
        Step { place: recovery.place, restarted, passed_over: 0 }
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let plan = asked().check(at(5)).unwrap();
        assert_eq!((plan.until, plan.rate_per_second), (at(5), 10));
        assert_eq!(plan.states, [EndState::Exhausted, EndState::Skipped]);
        let later = NewRecovery { until: Some(at(9)), ..asked() };
        assert_eq!(later.check(at(5)).unwrap().until, at(5), "the future is left out");
        let repeated = vec![EndState::Delivered, EndState::Skipped, EndState::Delivered];
        let plan = NewRecovery { states: Some(repeated), ..asked() }.check(at(5)).unwrap();
        assert_eq!(plan.states, [EndState::Skipped, EndState::Delivered]);
    }

    #[test]
    fn every_wrong_place_is_named() {
        let wrong =
            NewRecovery { until: Some(at(0)), states: Some(Vec::new()), rate_per_second: Some(0), ..asked() };
        let errors = wrong.check(at(5)).unwrap_err().errors;
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/since", "/states", "/rate_per_second"]);
        assert!(asked().check(at(0)).is_err(), "not before now");
        for (rate, good) in [(1, true), (100_000, true), (100_001, false)] {
            let new = NewRecovery { rate_per_second: Some(rate), ..asked() };
            assert_eq!(new.check(at(5)).is_ok(), good, "{rate}");
        }
        let pending = "pending".parse::<EndState>().unwrap_err().to_string();
        assert!(pending.contains("sent anyway"), "{pending}");
    }

    #[test]
    fn the_pace_is_kept_and_never_exceeded() {
        for rate in [1, 3, 7, 10, 1_000, 99_999, 100_000] {
            let (mut recovery, mut now, mut restarted) = (recovery(rate, u32::MAX), 0, 0_u64);
            while now < 5_000_000 {
                // Steps that fit no rate.
                now += 77_773;
                let allowed = recovery.allowance(at(now));
                recovery.advance(step(&recovery, allowed), at(now));
                restarted += u64::from(allowed);
                assert_eq!(recovery.allowance(at(now)), 0);
                let most = u64::from(rate) * u64::try_from(now).unwrap() / 1_000_000;
                assert!(
                    restarted <= most && restarted + 1 + most / 10_000 >= most,
                    "{rate}/s: {restarted} of {most}"
                );
            }
        }
    }

    #[test]
    fn a_long_rest_is_not_made_up_for() {
        let mut recovery = recovery(10, 1_000);
        assert_eq!(recovery.allowance(at(3_600_000_000)), 10);
        recovery.advance(step(&recovery, 4), at(3_600_000_000));
        assert_eq!(recovery.allowance(at(3_600_000_000)), 6);
        assert_eq!(wait(&recovery, at(3_600_000_000)), Duration::ZERO);
        recovery.switch(RecoveryState::Paused, at(3_600_000_000));
        recovery.switch(RecoveryState::Running, at(7_200_000_000));
        assert_eq!(recovery.allowance(at(7_200_000_000)), 0, "resumed, it begins anew");
        assert_eq!(wait(&recovery, at(7_200_000_000)), Duration::from_millis(100));
    }

    #[test]
    fn what_could_not_be_done_while_the_webhook_stood_still_is_not_made_up_for() {
        let mut recovery = recovery(10, 1_000);
        let (now, active_since) = (at(60_050_000), at(60_000_000));
        let pace = Pace { paced_at: recovery.paced_at, active_since, per_second: 10 };
        assert_eq!(Recovery::wait(pace, now), Duration::from_millis(50));
        recovery.rest_until(active_since, now);
        assert_eq!(recovery.allowance(now), 0);
        assert_eq!(recovery.allowance(at(60_100_000)), 1);
        recovery.rest_until(at(99_000_000), at(60_200_000));
        assert_eq!(recovery.allowance(at(60_200_000)), 2, "a state from the future counts for nothing");
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let mut recovery = recovery(10, 1_000);
        let earlier = at(-3_600_000_000);
        assert_eq!((recovery.allowance(earlier), wait(&recovery, earlier)), (0, Duration::ZERO));
        recovery.advance(step(&recovery, 0), earlier);
        assert_eq!(wait(&recovery, earlier), Duration::from_millis(100));
    }

    #[test]
    fn at_its_end_everything_that_matched_is_accounted_for() {
        let mut recovery = recovery(10, 7);
        let place = recovery.last;
        recovery.advance(Step { place, restarted: 4, passed_over: 1 }, at(1_000_000));
        assert_eq!((recovery.state, recovery.ended_at), (RecoveryState::Done, Some(at(1_000_000))));
        assert_eq!((recovery.restarted, recovery.passed_over), (4, 3));
    }

    #[test]
    fn every_state_reads_back_from_its_name() {
        for state in RecoveryState::ALL {
            assert_eq!(RecoveryState::parse(state.as_str()), Some(state));
        }
        for state in EndState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert!(DeliveryState::ALL.iter().any(|known| known.as_str() == state.as_str()));
        }
    }
}
