//! Steps: each is announced, timed and remembered; the end is a table and one line with the counts.

use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::tally::Tally;

/// How a step ended.
#[derive(PartialEq)]
pub enum Outcome {
    Ok,
    Failed,
    /// Nothing was checked, or not everything, for this reason.
    Skipped(String),
}

impl From<ExitStatus> for Outcome {
    fn from(status: ExitStatus) -> Self {
        if status.success() { Self::Ok } else { Self::Failed }
    }
}

/// The steps of one run.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    tally: Tally,
}

struct Row {
    step: &'static str,
    elapsed: Duration,
    outcome: Outcome,
}

impl Report {
    /// Runs a step; true unless it failed. The step is given the counts, to add its tests to.
    pub fn step(&mut self, step: &'static str, work: impl FnOnce(&mut Tally) -> Result<Outcome>) -> bool {
        println!("\n== {step}");
        let began = Instant::now();
        let failed_before = self.tally.failed;
        let outcome = work(&mut self.tally).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome::Failed
        });
        let elapsed = began.elapsed();
        match &outcome {
            Outcome::Ok => println!("== {step}: ok, {}", seconds(elapsed)),
            Outcome::Failed => {
                println!("== {step}: FAILED, {}", seconds(elapsed));
                // Whatever failed was not a test that was counted: a build, or a test binary that crashed.
                self.tally.failed += u64::from(self.tally.failed == failed_before);
            }
            Outcome::Skipped(reason) => {
                println!("SKIPPED {step}: {reason}");
                self.tally.skip(step);
            }
        }
        let passed = outcome != Outcome::Failed;
        self.rows.push(Row { step, elapsed, outcome });
        passed
    }

    /// Leaves a step out, loudly.
    pub fn skip(&mut self, step: &'static str, reason: &str) {
        self.step(step, |_| Ok(Outcome::Skipped(reason.to_owned())));
    }

    /// Prints the table and the counts.
    pub fn finish(self) -> ExitCode {
        println!("\n{:<12} {:>9}  result", "step", "time");
        for row in &self.rows {
            let (step, time) = (row.step, seconds(row.elapsed));
            match &row.outcome {
                Outcome::Ok => println!("{step:<12} {time:>9}  ok"),
                Outcome::Failed => println!("{step:<12} {time:>9}  FAILED"),
                Outcome::Skipped(reason) => println!("{step:<12} {time:>9}  SKIPPED ({reason})"),
            }
        }
        let Tally { passed, failed, .. } = self.tally;
        println!("\n{passed} passed, {failed} failed, {} skipped", self.tally.skipped());
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
