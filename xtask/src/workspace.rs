//! Where things are in this workspace, and the cargo commands that several steps share.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Every package but the browser journeys, which have a step of their own. Always the same selection, so
/// that cargo builds each package once and not again with other features.
const PACKAGES: [&str; 3] = ["--workspace", "--exclude", "browser"];

/// The folder of the workspace's manifest.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The binary, once it was built with the given profile, below cargo's target folder.
pub fn binary(target: &Path, profile: &str) -> PathBuf {
    target.join(profile).join("leadpost")
}

pub fn has_browser_tests() -> bool {
    root().join("browser/tests").is_dir()
}

/// The fault tests are a test target of their own, which `cargo test` runs only by name
/// (`test = false` in the manifest of `suite`).
pub fn has_fault_tests() -> bool {
    root().join("suite/tests/fault").is_dir()
}

/// `cargo …`, with arguments separated by spaces.
pub fn cargo(args: &str) -> Command {
    let mut command = Command::new("cargo");
    command.args(args.split(' '));
    command
}

/// `cargo test …` for every package but the browser journeys.
pub fn cargo_test(args: &str) -> Command {
    let mut command = cargo("test --no-fail-fast");
    command.args(PACKAGES).args(args.split(' ').filter(|arg| !arg.is_empty()));
    command
}
