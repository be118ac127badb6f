//! What other people wrote to judge with: webhook libraries in Python and in JavaScript, which verify our
//! signatures, and axe-core, which looks for what not everybody can use on our pages. Their versions are pinned
//! here; what was installed once is kept under `target/verifiers`. Nothing of them is in this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::keeper::Keeper;
use crate::packages;

const PYTHON_VERSION: &str = "1.1.0";
const NODE_VERSION: &str = "1.1.1";
const AXE_VERSION: &str = "4.14.1";

/// The verifiers that are at hand; a missing one comes with its reason.
#[derive(Default)]
pub struct Verifiers {
    /// A Python that has the library.
    pub python: Option<PathBuf>,
    /// The folder from which Node loads the library.
    pub node_modules: Option<PathBuf>,
    /// The script that browsers run.
    pub axe: Option<PathBuf>,
    /// Why some are absent.
    pub missing: Vec<String>,
}

/// Finds or installs all of them below the given folder.
pub fn bring(keeper: &mut Keeper, target: &Path) -> Verifiers {
    let mut verifiers = Verifiers::default();
    match bring_python(keeper, &target.join("verifiers/py")) {
        Ok(python) => verifiers.python = Some(python),
        Err(error) => verifiers.missing.push(format!("no Python verifier, {error:#}")),
    }
    match bring_node(keeper, &target.join("verifiers/js")) {
        Ok(modules) => verifiers.node_modules = Some(modules),
        Err(error) => verifiers.missing.push(format!("no JavaScript verifier, {error:#}")),
    }
    match bring_axe(keeper, &target.join("verifiers/axe")) {
        Ok(script) => verifiers.axe = Some(script),
        Err(error) => verifiers.missing.push(format!("no axe-core, {error:#}")),
    }
    verifiers
}

fn bring_python(keeper: &mut Keeper, folder: &Path) -> Result<PathBuf> {
    let python = folder.join("bin/python");
    if python_has_library(&python) {
        return Ok(python);
    }
    packages::bring(&[packages::PYTHON])?;
    let made = keeper.run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    ensure!(made.success(), "`python3 -m venv` failed");
    let pip = keeper.run(
        Command::new(&python)
            .args(["-m", "pip", "--disable-pip-version-check", "--timeout=20", "--retries=1"])
            // Wheels only: nothing that was downloaded is run in order to install it.
            .args(["install", "--quiet", "--only-binary=:all:"])
            .arg(format!("standardwebhooks=={PYTHON_VERSION}")),
    )?;
    ensure!(pip.success(), "`pip install` failed");
    ensure!(python_has_library(&python), "the installed library does not load");
    Ok(python)
}

fn python_has_library(python: &Path) -> bool {
    let program = "import sys, standardwebhooks\n\
                   from importlib.metadata import version\n\
                   sys.exit(version('standardwebhooks') != sys.argv[1])";
    succeeds(Command::new(python).args(["-c", program, PYTHON_VERSION]))
}

fn bring_node(keeper: &mut Keeper, folder: &Path) -> Result<PathBuf> {
    let modules = folder.join("node_modules");
    if node_has_library(&modules) {
        return Ok(modules);
    }
    npm_install(keeper, folder, &format!("standardwebhooks@{NODE_VERSION}"))?;
    ensure!(node_has_library(&modules), "the installed library does not load");
    Ok(modules)
}

fn bring_axe(keeper: &mut Keeper, folder: &Path) -> Result<PathBuf> {
    let script = folder.join("node_modules/axe-core/axe.min.js");
    if !is_axe(&script) {
        npm_install(keeper, folder, &format!("axe-core@{AXE_VERSION}"))?;
        ensure!(is_axe(&script), "the installed script is not of that version");
    }
    Ok(script)
}

/// The script begins with a comment that names its version.
fn is_axe(script: &Path) -> bool {
    fs::read_to_string(script).is_ok_and(|text| text.starts_with(&format!("/*! axe v{AXE_VERSION}\n")))
}

/// Installs a package into a folder of its own, without running anything of it.
fn npm_install(keeper: &mut Keeper, folder: &Path, package: &str) -> Result<()> {
    packages::bring(&[packages::NODE])?;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let npm = keeper.run(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"])
            .args(["--fetch-retries=1", "--fetch-timeout=20000", "--loglevel=error", "--prefix", "."])
            .arg(package)
            .current_dir(folder),
    )?;
    ensure!(npm.success(), "`npm install` failed");
    Ok(())
}

fn node_has_library(modules: &Path) -> bool {
    let library = modules.join("standardwebhooks");
    let program = "const [library, version] = process.argv.slice(1);\n\
                   require(library);\n\
                   process.exit(require(library + '/package.json').version === version ? 0 : 1);";
    succeeds(Command::new("node").args(["-e", program]).arg(library).arg(NODE_VERSION))
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
