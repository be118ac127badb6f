//! The steps that prepare: packages, other people's verifiers, PostgreSQL, and the build. Each tells
//! whether the run may go on.

use crate::commands::Part;
use crate::packages;
use crate::postgres;
use crate::report::Outcome;
use crate::run::Run;
use crate::verifiers;
use crate::workspace::{self, cargo, cargo_test};

impl Run {
    pub fn bring_packages(&mut self) -> bool {
        let mut needs = Vec::new();
        if self.wants(Part::Postgres) {
            needs.push(packages::POSTGRES);
        }
        if self.wants(Part::Fault) {
            needs.push(packages::STRACE);
            needs.push(packages::IPROUTE);
            needs.push(packages::FAKETIME);
        }
        if self.wants(Part::Browser) && workspace::has_browser_tests() {
            needs.push(packages::CHROMIUM);
        }
        self.report.step("packages", |_| packages::bring(&needs).map(|()| Outcome::Ok))
    }

    /// Never stops the run: without the verifiers, the tests that need them say SKIPPED.
    pub fn bring_verifiers(&mut self) -> bool {
        if !self.wants(Part::Verifiers) {
            self.report.skip("verifiers", "left out by --without");
            return true;
        }
        self.report.step("verifiers", |_| {
            let verifiers = verifiers::bring(&mut self.keeper, &self.target);
            self.environment.python = verifiers.python;
            self.environment.node_modules = verifiers.node_modules;
            self.environment.axe = verifiers.axe;
            match verifiers.missing.as_slice() {
                [] => Ok(Outcome::Ok),
                missing => Ok(Outcome::Skipped(missing.join("; "))),
            }
        })
    }

    pub fn start_postgres(&mut self) -> bool {
        if !self.wants(Part::Postgres) {
            self.report.skip("postgres", "left out by --without, so the tests run on SQLite only");
            return true;
        }
        self.report.step("postgres", |_| {
            let url = postgres::url(self.keeper.start_postgres()?);
            println!("listening at {url}");
            self.environment.postgres = Some(url);
            Ok(Outcome::Ok)
        })
    }

    /// Builds the tests and the binary that some of them start.
    pub fn build(&mut self) -> bool {
        self.environment.binary = Some(workspace::binary(&self.target, "debug"));
        let mut commands = vec![cargo_test("--no-run")];
        if self.wants(Part::Fault) && workspace::has_fault_tests() {
            commands.push(cargo_test("--no-run --test fault"));
        }
        // By itself and last: the features that only the tests want must not be in the binary.
        commands.push(cargo("build --package server"));
        self.report.step("build", |_| {
            for mut command in commands {
                if !self.keeper.run(&mut command)?.success() {
                    return Ok(Outcome::Failed);
                }
            }
            Ok(Outcome::Ok)
        })
    }

    /// Builds the binary alone, as it is shipped.
    pub fn build_release(&mut self) -> bool {
        self.environment.binary = Some(workspace::binary(&self.target, "release"));
        self.report
            .step("build", |_| Ok(self.keeper.run(&mut cargo("build --release --package server"))?.into()))
    }
}
