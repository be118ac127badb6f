//! The pictures of webhooks' pages, made from figures.

use std::time::Duration;

use app::hours::{self, Lately, Stretch};
use domain::{Attempt, Id, Recovery, RecoveryState, Timestamp, Webhook, WebhookState, why};

use super::words;
use crate::{
    charts::{Band, BandKind, Bucket, Health, Pace, Phases, Spark, Steps},
    pages::{shell::Shell, when::local},
};

/// The row of a list.
pub(super) fn spark(id: Id<Webhook>, lately: &Lately) -> Spark {
    let over = format!("Last 24 hours, at most the newest {} of each hour", lately.of_each);
    Spark { key: id.to_string(), over, slots: lately.hours.to_vec() }
}

/// What a webhook's page shows of its past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The word in the query.
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    /// One part of it.
    pub(super) length: Duration,
    pub(super) count: u32,
    part: &'static str,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) const SPANS: [Span; 2] = [
    Span { word: "24h", label: "24 hours", length: HOUR, count: 24, part: "Hour" },
    Span { word: "7d", label: "7 days", length: HOUR.saturating_mul(6), count: 28, part: "6 hours" },
];

pub(super) fn health(shell: &Shell, webhook: &Webhook, span: Span, stretches: &[Stretch]) -> Health {
    let label = |at: Timestamp| {
        let format = if span.count == 24 { "%H:%M" } else { "%-d %b" };
        local(at, shell.zone()).strftime(format).to_string()
    };
    let bucket = |it: &Stretch| Bucket {
        label: label(it.from),
        title: format!(
            "{} to {}{}",
            local(it.from, shell.zone()).strftime("%-d %b, %H:%M"),
            local(it.to, shell.zone()).strftime("%H:%M"),
            if it.more { format!(", the newest {}", hours::OF_PAGE) } else { String::new() }
        ),
        delivered: it.delivered,
        failed: it.failed,
        p50_ms: it.p50.map(whole_millis),
        p95_ms: it.p95.map(whole_millis),
    };
    Health {
        key: "health".to_owned(),
        title: format!("Deliveries of the last {}", span.label),
        of: span.part.to_owned(),
        buckets: stretches.iter().map(bucket).collect(),
        bands: band(shell, webhook, stretches).into_iter().collect(),
    }
}

fn whole_millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// The time for which it stands still, if it does.
fn band(shell: &Shell, webhook: &Webhook, stretches: &[Stretch]) -> Option<Band> {
    let (kind, word) = match webhook.state {
        WebhookState::Held => (BandKind::Held, "Held"),
        WebhookState::Paused => (BandKind::Paused, "Paused"),
        WebhookState::Active | WebhookState::Disabled(_) => return None,
    };
    let from = stretches.iter().position(|it| it.to > webhook.state_since)?;
    let since = local(webhook.state_since, shell.zone()).strftime("%-d %b, %H:%M");
    Some(Band { from, to: stretches.len(), kind, title: format!("{word} since {since}") })
}

/// Where an attempt's time went.
pub(super) fn phases(attempt: &Attempt) -> Phases {
    let phases = attempt.outcome.phases;
    Phases {
        key: format!("phases {}", attempt.number),
        title: format!("Attempt {}: {:.0} ms", attempt.number, words::millis(phases.total)),
        dns_ms: phases.dns.map(words::millis),
        connect_ms: phases.connect.map(words::millis),
        tls_ms: phases.tls.map(words::millis),
        first_byte_ms: phases.first_byte.map(words::millis),
        total_ms: words::millis(phases.total),
        without: why::explain(&attempt.outcome),
    }
}

/// How far a recovery is.
pub(super) fn steps(recovery: &Recovery) -> Steps {
    let done = u64::from(recovery.restarted) + u64::from(recovery.passed_over);
    Steps {
        key: "progress".to_owned(),
        title: "Progress".to_owned(),
        unit: "deliveries".to_owned(),
        done,
        total: u64::from(recovery.total).max(done),
        pace: match recovery.state {
            RecoveryState::Running => Pace::Running,
            RecoveryState::Paused => Pace::Paused,
            RecoveryState::Done | RecoveryState::Cancelled => Pace::Ended,
        },
    }
}
