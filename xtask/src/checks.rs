//! The steps that look at the sources without running them.

use std::process::Stdio;

use crate::run::Run;
use crate::workspace::{self, cargo};

impl Run {
    pub fn check_format(&mut self) {
        self.report.step("format", |_| Ok(self.keeper.run(&mut cargo("fmt --all --check"))?.into()));
    }

    pub fn check_lints(&mut self) {
        self.report.step("lints", |_| {
            let mut clippy = cargo("clippy --workspace --all-targets -- -D warnings");
            let mut status = self.keeper.run(&mut clippy)?;
            // "All targets" leaves out what `cargo test` runs only by name.
            if status.success() && workspace::has_fault_tests() {
                clippy = cargo("clippy --workspace --test fault -- -D warnings");
                status = self.keeper.run(&mut clippy)?;
            }
            Ok(status.into())
        });
    }

    /// Licences, sources, banned and doubled crates; the rules are in `deny.toml`.
    pub fn check_dependencies(&mut self) {
        let version = cargo("deny --version").stdin(Stdio::null()).output();
        if !version.is_ok_and(|output| output.status.success()) {
            let reason = "cargo-deny is not installed (cargo install --locked cargo-deny)";
            return self.report.skip("dependencies", reason);
        }
        self.report.step("dependencies", |_| {
            Ok(self.keeper.run(&mut cargo("deny check bans licenses sources"))?.into())
        });
    }
}
