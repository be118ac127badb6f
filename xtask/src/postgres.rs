//! A private PostgreSQL cluster in a temporary folder. It is thrown away, but while it lives it keeps its
//! word as a real one does: fsync is on, because the fault tests rely on what a commit promises. Its text
//! sorts as a language does (ICU, en-US), because an operator's will, and so that a query that silently
//! relies on byte order fails here first.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::groups;

const INSTALLED: &str = "/usr/lib/postgresql";
const PATIENCE_TO_START: Duration = Duration::from_secs(60);
const PATIENCE_TO_STOP: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// A running cluster; dropping it stops the server, then deletes the folder.
pub struct Cluster {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    // The order matters: fields are dropped from top to bottom.
    server: Server,
    folder: Folder,
}

impl Cluster {
    /// Makes a new cluster and starts it; returns when it accepts connections. The server stops when the
    /// calling thread ends, whatever ended it.
    pub fn start() -> Result<Self> {
        let bin = bin_folder().context("no PostgreSQL server is installed")?;
        let folder = Folder::create()?;
        folder.fill(&bin)?;
        for _ in 0..3 {
            let (mut server, port) = folder.launch(&bin)?;
            if folder.wait_until_ready(&mut server)? {
                return Ok(Self { port, server, folder });
            }
        }
        bail!("PostgreSQL found its port taken, three times");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(Some(status)) = self.server.0.try_wait() {
            let log = fs::read_to_string(self.folder.log()).unwrap_or_default();
            // Our parent, and with it the reader of this, may have gone.
            let _ = writeln!(io::stderr(), "note: PostgreSQL had ended before ({status}):\n{log}");
        }
    }
}

/// The address of a cluster by its port, as a superuser who needs no password.
pub fn url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}

/// The programs of the newest PostgreSQL server that Debian's packages have installed.
pub fn bin_folder() -> Option<PathBuf> {
    let versions = fs::read_dir(INSTALLED).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let bin = entry.path().join("bin");
        (bin.join("initdb").exists() && bin.join("postgres").exists()).then_some((version, bin))
    });
    versions.max().map(|(_, bin)| bin)
}

/// Whether this process may do everything, so that PostgreSQL would refuse to run as its user.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Holds `data`, `log` and the socket; owned by the user that the server runs as.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self> {
        // A folder for temporary files may be closed to the server's user.
        for parent in [std::env::temp_dir(), PathBuf::from("/tmp")] {
            let output = as_server_user(Path::new("mktemp"))
                .args(["-d", "leadpost-postgres-XXXXXXXX", "-p"])
                .arg(parent)
                .current_dir("/")
                .stderr(Stdio::inherit())
                .output()
                .context("cannot run setpriv")?;
            if output.status.success() {
                return Ok(Self(PathBuf::from(String::from_utf8(output.stdout)?.trim_end())));
            }
        }
        bail!("cannot make a temporary folder for PostgreSQL")
    }

    fn fill(&self, bin: &Path) -> Result<()> {
        let output = as_server_user(&bin.join("initdb"))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"])
            .args(["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"])
            .arg(self.data())
            .current_dir(&self.0)
            .output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "initdb failed (PostgreSQL 15 or newer is needed): {error}");
        Ok(())
    }

    fn launch(&self, bin: &Path) -> Result<(Server, u16)> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::create(self.log())?;
        let server = as_server_user(&bin.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")])
            .args(["-c", &format!("unix_socket_directories={}", self.0.display())])
            .args(["-c", "max_connections=200", "-c", "fsync=on", "-c", "synchronous_commit=on"])
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok((Server(server), port))
    }

    /// False if another program took the port between our choosing it and the server's binding it.
    fn wait_until_ready(&self, server: &mut Server) -> Result<bool> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE_TO_START {
            if server.0.try_wait()?.is_some() {
                let log = fs::read_to_string(self.log())?;
                if log.contains("could not bind") {
                    return Ok(false);
                }
                bail!("PostgreSQL ended while starting:\n{log}");
            }
            // The eighth line is the server's own word on its state; a connection would not tell
            // whether it is this server that answers.
            let state = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(true);
            }
            thread::sleep(POLL);
        }
        bail!("PostgreSQL was not ready after {PATIENCE_TO_START:?}:\n{}", fs::read_to_string(self.log())?)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn log(&self) -> PathBuf {
        self.0.join("log")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be deleted is in a folder for temporary files, named after us.
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // QUIT is PostgreSQL's immediate stop: it ends its children and frees shared memory, but writes
        // nothing more, which nobody would read.
        for signal in ["QUIT", "KILL"] {
            let began = Instant::now();
            while matches!(self.0.try_wait(), Ok(None)) && began.elapsed() < PATIENCE_TO_STOP {
                if began.elapsed() < POLL {
                    groups::signal_process(signal, self.0.id());
                }
                thread::sleep(POLL);
            }
        }
    }
}

/// A command that runs as the server's user and is stopped by the kernel when its parent is gone.
fn as_server_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    command
}
