//! What the tests need from Debian. Root gets it installed; anybody else is told the exact command.
//! A thing counts as there when it works, wherever it came from.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;

use anyhow::{Context, Result, bail, ensure};

use crate::postgres;

/// Something the tests need, and the packages that bring it.
pub struct Need {
    packages: &'static [&'static str],
    is_there: fn() -> bool,
}

pub const POSTGRES: Need = Need { packages: &["postgresql"], is_there: || postgres::bin_folder().is_some() };
pub const STRACE: Need = Need { packages: &["strace"], is_there: || works("strace", &["--version"]) };
pub const IPROUTE: Need = Need { packages: &["iproute2"], is_there: || works("ip", &["-V"]) };
pub const FAKETIME: Need = Need { packages: &["faketime"], is_there: || works("faketime", &["now", "true"]) };
pub const CHROMIUM: Need = Need {
    packages: &["chromium", "chromium-driver"],
    is_there: || works("chromium", &["--version"]) && works("chromedriver", &["--version"]),
};
pub const PYTHON: Need =
    Need { packages: &["python3-venv"], is_there: || works("python3", &["-c", "import ensurepip, venv"]) };
pub const NODE: Need = Need {
    packages: &["nodejs", "npm"],
    is_there: || works("node", &["--version"]) && works("npm", &["--version"]),
};

/// Installs what is missing, or says how.
pub fn bring(needs: &[Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.is_there)()).collect();
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    if packages.is_empty() {
        return Ok(());
    }
    let install = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !postgres::is_root() {
        bail!("these packages are missing; install them with\n  sudo apt-get update && sudo {install}");
    }

    let _no_cluster = NoDefaultCluster::while_installing(&packages)?;
    static UPDATE: Once = Once::new();
    UPDATE.call_once(|| {
        // Without fresh lists the installation may still work; if not, it says why.
        let _ = apt_get("apt-get update");
    });
    apt_get(&install)?;
    for need in missing {
        ensure!((need.is_there)(), "{} was installed but does not work", need.packages.join(" "));
    }
    Ok(())
}

/// Runs in our own process group, so that Ctrl-C reaches it as it would without us: a package manager
/// must not be killed by force.
fn apt_get(command: &str) -> Result<()> {
    println!("$ {command}");
    let mut words = command.split(' ');
    let status = Command::new(words.next().context("no command")?)
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .context("cannot run apt-get")?;
    ensure!(status.success(), "`{command}` failed");
    Ok(())
}

fn works(program: &str, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// While this lives, installing a PostgreSQL server creates and starts no cluster: the machine is not
/// ours, and nobody asked for a database server on it.
struct NoDefaultCluster;

impl NoDefaultCluster {
    const FOLDER: &str = "/etc/postgresql-common/createcluster.d";
    const FILE: &str = "/etc/postgresql-common/createcluster.d/zz-leadpost-tests.conf";

    fn while_installing(packages: &[&str]) -> Result<Option<Self>> {
        if !POSTGRES.packages.iter().any(|package| packages.contains(package)) {
            return Ok(None);
        }
        fs::create_dir_all(Self::FOLDER)?;
        fs::write(Self::FILE, "# Only while the tests install PostgreSQL.\ncreate_main_cluster = false\n")?;
        Ok(Some(Self))
    }
}

impl Drop for NoDefaultCluster {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(Path::new(Self::FILE)) {
            eprintln!("note: {} could not be removed: {error}", Self::FILE);
        }
    }
}
