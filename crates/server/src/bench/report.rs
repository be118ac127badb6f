//! What a run found, for people and for machines.

use std::fmt;

use serde::Serialize;

use super::track::{Summary, Waits};

/// All figures of a run.
#[derive(Serialize)]
pub struct Report {
    /// Connections that sent at once.
    pub connections: usize,
    /// Which engine, and where.
    pub store: String,
    /// Through Leadpost, under load.
    pub loaded: Load,
    /// Through Leadpost, one event at a time with a pause before each.
    pub unloaded: Latency,
    /// Straight at the receiver: what the tool itself can do here.
    pub ceiling_per_second: f64,
    /// Delivered through Leadpost, as a share of the ceiling.
    pub share_of_ceiling: f64,
    /// Processor time of the server for each delivery of the load, in microseconds.
    pub server_cpu_us: Option<f64>,
    /// Processor time of this tool for the same.
    pub tool_cpu_us: Option<f64>,
    /// The most memory that the server had at once, in MiB.
    pub server_peak_mib: Option<f64>,
    /// A write and fsync in the store's folder, before the run.
    pub fsync_p50_ms: Option<f64>,
    /// The same, of a hundred the slowest but one.
    pub fsync_p99_ms: Option<f64>,
    /// Whether the server's own ledger agrees that nothing was lost.
    pub ledger_balanced: bool,
    /// Remarks on how far to trust the figures.
    pub remarks: Vec<String>,
}

/// The figures of the loaded phase.
#[derive(Serialize)]
pub struct Load {
    /// Events sent.
    pub sent: usize,
    /// Answered with 202.
    pub accepted: usize,
    /// Answered with something else.
    pub refused: usize,
    /// Not answered.
    pub unanswered: usize,
    /// Accepted that arrived.
    pub delivered: usize,
    /// Accepted that never arrived. Must be 0.
    pub lost: usize,
    /// Arrivals after an event's first.
    pub duplicates: u64,
    /// From the first request to the last acceptance.
    pub accepted_per_second: f64,
    /// From the first request to the last arrival.
    pub delivered_per_second: f64,
    /// How long events took.
    #[serde(flatten)]
    pub latency: Latency,
}

/// Waits in milliseconds.
#[derive(Serialize)]
pub struct Latency {
    /// From writing the request to reading the 202.
    pub accept_p50_ms: f64,
    /// The same, of a hundred the slowest but one.
    pub accept_p99_ms: f64,
    /// From writing the request to reading the webhook.
    pub end_to_end_p50_ms: f64,
    /// The same, of a hundred the slowest but one.
    pub end_to_end_p99_ms: f64,
}

impl Latency {
    /// Of the events of a phase.
    pub fn of(summary: &Summary) -> Self {
        let both = |waits: &Waits| (waits.per_mille(500), waits.per_mille(990));
        let ((accept_p50_ms, accept_p99_ms), (end_to_end_p50_ms, end_to_end_p99_ms)) =
            (both(&summary.accept), both(&summary.end_to_end));
        Self { accept_p50_ms, accept_p99_ms, end_to_end_p50_ms, end_to_end_p99_ms }
    }
}

impl Report {
    /// Why the run must not be called good; empty if it may.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        if self.loaded.lost > 0 {
            failures.push(format!("{} accepted events never arrived", self.loaded.lost));
        }
        if !self.ledger_balanced {
            failures.push("the server's ledger does not balance".to_owned());
        }
        failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = &self.loaded;
        let or_unknown = |value: Option<f64>, unit: &str| match value {
            Some(value) => format!("{value:.1} {unit}"),
            None => "not told by this system".to_owned(),
        };
        writeln!(f, "{} events over {} connections, store {}", load.sent, self.connections, self.store)?;
        if let (Some(p50), Some(p99)) = (self.fsync_p50_ms, self.fsync_p99_ms) {
            writeln!(f, "a write and fsync there: p50 {p50:.2} ms, p99 {p99:.2} ms")?;
        }
        writeln!(f)?;
        row(f, "accepted", &format!("{:>10.0} /s", load.accepted_per_second), &load.latency.accept())?;
        row(f, "delivered", &format!("{:>10.0} /s", load.delivered_per_second), &load.latency.end_to_end())?;
        row(f, "one at a time", "   accepted", &self.unloaded.accept())?;
        row(f, "", "  delivered", &self.unloaded.end_to_end())?;
        writeln!(f)?;
        row(f, "lost", &format!("{:>10}", load.lost), "")?;
        row(f, "duplicates", &format!("{:>10}", load.duplicates), "")?;
        if load.refused + load.unanswered > 0 {
            row(f, "refused", &format!("{:>10}", load.refused), "answered, but not with 202")?;
            row(f, "unanswered", &format!("{:>10}", load.unanswered), "")?;
        }
        let ledger = if self.ledger_balanced { "balanced" } else { "NOT BALANCED" };
        row(f, "ledger", &format!("{ledger:>10}"), "")?;
        writeln!(f)?;
        row(
            f,
            "server",
            &or_unknown(self.server_cpu_us, "µs CPU"),
            "for each delivery, acceptance included",
        )?;
        row(f, "", &or_unknown(self.server_peak_mib, "MiB"), "memory at most")?;
        row(f, "this tool", &or_unknown(self.tool_cpu_us, "µs CPU"), "for each delivery")?;
        let ceiling = format!("{:>10.0} /s", self.ceiling_per_second);
        row(f, "ceiling", &ceiling, "the same driver straight at the same receiver")?;
        row(f, "share of it", &format!("{:>10.1} %", self.share_of_ceiling * 100.0), "")?;
        self.remarks.iter().try_for_each(|remark| write!(f, "\n! {remark}"))
    }
}

impl Latency {
    fn accept(&self) -> String {
        format!("p50 {:>7.2} ms   p99 {:>7.2} ms   until 202", self.accept_p50_ms, self.accept_p99_ms)
    }

    fn end_to_end(&self) -> String {
        format!(
            "p50 {:>7.2} ms   p99 {:>7.2} ms   until the webhook was read",
            self.end_to_end_p50_ms, self.end_to_end_p99_ms
        )
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: &str, rest: &str) -> fmt::Result {
    writeln!(f, "{}", format!("{name:<14}{value:<16}{rest}").trim_end())
}
