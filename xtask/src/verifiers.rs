//! Other people's webhook libraries, in Python and in JavaScript: the tests let them verify our
//! signatures. Their versions are pinned here; what was installed once is kept under `target/verifiers`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::keeper::Keeper;
use crate::packages;

const PYTHON_VERSION: &str = "1.1.0";
const NODE_VERSION: &str = "1.1.1";

/// The verifiers that are at hand; a missing one comes with its reason.
#[derive(Default)]
pub struct Verifiers {
    /// A Python that has the library.
    pub python: Option<PathBuf>,
    /// The folder from which Node loads the library.
    pub node_modules: Option<PathBuf>,
    /// Why one or both are absent.
    pub missing: Vec<String>,
}

/// Finds or installs both verifiers below the given folder.
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
    packages::bring(&[packages::NODE])?;
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let npm = keeper.run(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"])
            .args(["--fetch-retries=1", "--fetch-timeout=20000", "--loglevel=error", "--prefix", "."])
            .arg(format!("standardwebhooks@{NODE_VERSION}"))
            .current_dir(folder),
    )?;
    ensure!(npm.success(), "`npm install` failed");
    ensure!(node_has_library(&modules), "the installed library does not load");
    Ok(modules)
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
