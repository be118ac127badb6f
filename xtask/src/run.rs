//! A run of steps, and what they hand to each other. A step that cannot run does not pass silently: it is
//! FAILED, or, where something was left out or is not there, SKIPPED and counted as such.
//! The steps that only prepare are in `prepare.rs`, those that only look at the sources in `checks.rs`.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::commands::Part;
use crate::keeper::Keeper;
use crate::report::Report;
use crate::workspace::{self, cargo, cargo_test};

/// A run of some steps.
pub struct Run {
    pub without: Vec<Part>,
    pub keeper: Keeper,
    pub report: Report,
    /// Cargo's target folder.
    pub target: PathBuf,
    pub environment: Environment,
}

/// What the tests find in their environment. What is absent here is taken out of theirs, and the
/// tests that need it say SKIPPED.
#[derive(Default)]
pub struct Environment {
    pub binary: Option<PathBuf>,
    /// The address of a server in which the tests make databases of their own.
    pub postgres: Option<String>,
    pub python: Option<PathBuf>,
    pub node_modules: Option<PathBuf>,
    pub axe: Option<PathBuf>,
}

impl Run {
    /// Prepares a run in the root of the workspace, whatever folder it was called from.
    pub fn start(without: &[Part]) -> Result<Self> {
        env::set_current_dir(workspace::root())?;
        // Cargo put this executable into TARGET/PROFILE.
        let executable = env::current_exe()?;
        let target = executable.ancestors().nth(2).context("not started by cargo")?.to_owned();
        Ok(Self {
            without: without.to_vec(),
            keeper: Keeper::start()?,
            report: Report::default(),
            target,
            environment: Environment::default(),
        })
    }

    /// Prints the summary, when everything that was started has ended.
    pub fn finish(self) -> ExitCode {
        drop(self.keeper);
        self.report.finish()
    }

    /// Whether a part was not left out.
    pub fn wants(&self, part: Part) -> bool {
        !self.without.contains(&part)
    }

    pub fn run_tests(&mut self) {
        self.report.step("tests", |tally| {
            let mut command = cargo_test("");
            self.environment.apply(&mut command);
            Ok(self.keeper.run_counted(&mut command, tally)?.into())
        });
    }

    pub fn run_browser_tests(&mut self) {
        if !self.wants(Part::Browser) {
            return self.report.skip("browser", "left out by --without");
        }
        if !workspace::has_browser_tests() {
            return self.report.skip("browser", "browser/tests does not exist");
        }
        self.report.step("browser", |tally| {
            let mut command = cargo("test --no-fail-fast --package browser");
            self.environment.apply(&mut command);
            Ok(self.keeper.run_counted(&mut command, tally)?.into())
        });
    }

    /// Runs the short form of the crash and cut tests.
    pub fn run_short_fault_tests(&mut self) {
        if !self.wants(Part::Fault) {
            return self.report.skip("fault", "left out by --without");
        }
        if !workspace::has_fault_tests() {
            return self.report.skip("fault", "suite/tests/fault does not exist");
        }
        self.run_fault_tests("short", "");
    }

    /// Runs the crash and cut tests with everything that they print.
    pub fn run_verbose_fault_tests(&mut self, form: &str) {
        self.run_fault_tests(form, "--nocapture");
    }

    /// What is measured runs by itself, one test at a time.
    fn run_fault_tests(&mut self, form: &str, args: &str) {
        for (step, which) in [("fault", "--skip figures::"), ("figures", "figures:: --test-threads 1")] {
            self.report.step(step, |tally| {
                let mut command = cargo_test(&format!("--test fault -- {args} {which}"));
                self.environment.apply(&mut command);
                command.env("LEADPOST_FAULT", form);
                Ok(self.keeper.run_counted(&mut command, tally)?.into())
            });
        }
    }

    /// Names the steps that an earlier failure leaves without a chance.
    pub fn give_up_tests(&mut self) {
        for step in ["tests", "browser", "fault", "figures"] {
            self.report.skip(step, "an earlier step failed");
        }
    }
}

impl Environment {
    fn apply(&self, command: &mut Command) {
        let node = self.node_modules.as_ref().map(|_| "node".into());
        let postgres = self.postgres.as_ref().map(Into::into);
        for (name, value) in [
            ("LEADPOST_BIN", &self.binary),
            ("LEADPOST_TEST_POSTGRES", &postgres),
            ("LEADPOST_TEST_PYTHON", &self.python),
            ("LEADPOST_TEST_NODE", &node),
            ("LEADPOST_TEST_NODE_MODULES", &self.node_modules),
            ("LEADPOST_TEST_AXE", &self.axe),
        ] {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}
