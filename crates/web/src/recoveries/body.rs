//! Recoveries as the API takes and shows them.

use app::recoveries::Preview;
use domain::{EndState, Id, Invalid, NewRecovery, Recovery, RecoveryState, Timestamp, Webhook};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    read::{FromObject, Object},
    words::{EndStateWord, RecoveryStateWord},
};

/// A recovery to begin.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "webhook_id": "wh_0198c4de5f00700080a1b2c3d4e5f607",
    "since": "2026-03-04T08:00:00Z",
    "dry_run": true
}))]
pub(crate) struct CreateRecovery {
    /// Deliveries to this webhook.
    #[schema(value_type = String)]
    webhook_id: Id<Webhook>,
    /// Planned not before this.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// And not after this; now if absent or in the future.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// In one of these states; `exhausted` and `skipped` if absent. `delivered` sends again what the receiver took.
    #[schema(value_type = Option<Vec<EndStateWord>>, min_items = 1)]
    states: Option<Vec<EndState>>,
    /// So many in a second.
    #[schema(minimum = 1, maximum = 100_000, default = 10)]
    rate_per_second: Option<u32>,
    /// Only count.
    #[schema(default = false)]
    dry_run: Option<bool>,
}

impl FromObject for CreateRecovery {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        // All are taken before the first is asked for, so that every wrong one is named.
        let webhook_id = object.required("webhook_id");
        let since = object.required("since");
        let until = object.optional("until");
        let states = object.optional("states");
        let rate_per_second = object.optional("rate_per_second");
        let dry_run = object.optional("dry_run");
        Some(Self { webhook_id: webhook_id?, since: since?, until, states, rate_per_second, dry_run })
    }
}

impl CreateRecovery {
    /// What is asked for, and whether only to count it.
    pub(super) fn into_parts(self) -> (NewRecovery, bool) {
        let Self { webhook_id, since, until, states, rate_per_second, dry_run } = self;
        (NewRecovery { webhook_id, since, until, states, rate_per_second }, dry_run.unwrap_or(false))
    }
}

/// Pausing or resuming a recovery.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "paused"}))]
pub(crate) struct UpdateRecovery {
    /// `paused` or `running`.
    #[schema(value_type = RecoveryStateWord)]
    state: RecoveryState,
}

impl FromObject for UpdateRecovery {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let state: String = object.required("state")?;
        let known = RecoveryState::parse(&state).filter(|state| !state.is_end());
        let wrong = || Invalid::field("/state", "must be one of paused, running");
        Some(Self { state: object.accept(known.ok_or_else(wrong))? })
    }
}

impl UpdateRecovery {
    /// Whether it is to pause, rather than to go on.
    pub(super) fn pauses(&self) -> bool {
        self.state == RecoveryState::Paused
    }
}

/// What a recovery would send again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryPreview {
    /// Always true: nothing was begun.
    dry_run: bool,
    webhook_id: String,
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    until: String,
    #[schema(value_type = Vec<EndStateWord>)]
    states: Vec<&'static str>,
    rate_per_second: u32,
    /// How many it would send again, but for those whose payload retention has removed.
    total: u32,
    /// What the window holds, by state.
    counts: WindowCounts,
}

/// How many deliveries of a window are in each state.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowCounts {
    pending: u32,
    delivered: u32,
    exhausted: u32,
    skipped: u32,
}

impl From<&Preview> for RecoveryPreview {
    fn from(Preview { plan, counts, total }: &Preview) -> Self {
        Self {
            dry_run: true,
            webhook_id: plan.webhook_id.to_string(),
            since: plan.since.to_string(),
            until: plan.until.to_string(),
            states: names(&plan.states),
            rate_per_second: plan.rate_per_second,
            total: *total,
            counts: WindowCounts {
                pending: counts.pending,
                delivered: counts.delivered,
                exhausted: counts.exhausted,
                skipped: counts.skipped,
            },
        }
    }
}

fn names(states: &[EndState]) -> Vec<&'static str> {
    states.iter().map(|state| state.as_str()).collect()
}

/// A paced, resumable resend of many.
#[derive(Serialize, ToSchema)]
#[schema(as = Recovery)]
pub(crate) struct RecoveryView {
    #[schema(example = "rec_0198c4de5f00700080a1b2c3d4e5f607")]
    id: String,
    webhook_id: String,
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    until: String,
    #[schema(value_type = Vec<EndStateWord>)]
    states: Vec<&'static str>,
    rate_per_second: u32,
    #[schema(value_type = RecoveryStateWord)]
    state: &'static str,
    /// How many matched when it was begun.
    total: u32,
    /// How many it has sent again.
    restarted: u32,
    /// How many it has not: by their turn they were in another state, or had lost their payload to retention.
    passed_over: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Null until it is done or cancelled.
    #[schema(required = true, format = DateTime)]
    ended_at: Option<String>,
}

impl From<Recovery> for RecoveryView {
    fn from(recovery: Recovery) -> Self {
        Self {
            id: recovery.id.to_string(),
            webhook_id: recovery.plan.webhook_id.to_string(),
            since: recovery.plan.since.to_string(),
            until: recovery.plan.until.to_string(),
            states: names(&recovery.plan.states),
            rate_per_second: recovery.plan.rate_per_second,
            state: recovery.state.as_str(),
            total: recovery.total,
            restarted: recovery.restarted,
            passed_over: recovery.passed_over,
            created_at: recovery.created_at.to_string(),
            updated_at: recovery.updated_at.to_string(),
            ended_at: recovery.ended_at.map(|at| at.to_string()),
        }
    }
}
