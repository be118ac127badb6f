//! The server under test, as a process of its own, and what processes cost.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use app::StoreUrl;
use hyper::Uri;

/// A `leadpost serve` that ends with this value.
pub struct Server {
    child: Child,
    /// Its base URL.
    pub url: Uri,
}

/// The environment of every process that the bench starts.
pub struct Environment(Vec<(&'static str, String)>);

impl Environment {
    /// For a store, with nothing from outside, so that runs can be compared. The store goes here and not into
    /// a flag because it may hold a password.
    pub fn new(
        store: &StoreUrl,
        key_file: Option<&Path>,
        receiver: std::net::SocketAddr,
        worker_threads: usize,
    ) -> Self {
        let store = match store {
            StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            StoreUrl::Postgres(url) => url.clone(),
        };
        let mut variables = vec![
            ("LEADPOST_STORE__URL", store),
            ("LEADPOST_SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            ("LEADPOST_EGRESS__ALLOW_HTTP", "true".to_owned()),
            ("LEADPOST_EGRESS__ALLOW_HOSTS", receiver.to_string()),
            ("LEADPOST_LOG__LEVEL", "warn".to_owned()),
            ("LEADPOST_RUNTIME__WORKER_THREADS", worker_threads.to_string()),
        ];
        variables.extend(key_file.map(|file| ("LEADPOST_SECRETS__KEY_FILE", file.display().to_string())));
        Self(variables)
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let binary = std::env::current_exe().context("this program cannot find its own file")?;
        let mut command = Command::new(binary);
        command.args(arguments).env_clear().envs(self.0.iter().map(|(name, value)| (*name, value)));
        command.stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a command of this binary and answers its standard output.
    pub fn output(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(arguments)?.output().context("this program cannot start itself")?;
        if !output.status.success() {
            bail!("leadpost {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Server {
    /// Starts it and waits until it is ready. Blocks.
    pub fn start(environment: &Environment) -> anyhow::Result<Self> {
        let mut command = environment.command(&["serve"])?;
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().context("this program cannot start itself as a server")?;
        let stderr = child.stderr.take().context("the server has no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = Vec::new();
        for line in lines.by_ref() {
            let line = line?;
            if let Some(url) = line.strip_prefix("listening on ") {
                let url = url.trim().parse()?;
                // The pipe must be read on, or a server with much to say would stop.
                std::thread::spawn(move || {
                    lines.map_while(Result::ok).for_each(|line| eprintln!("server: {line}"));
                });
                return Ok(Self { child, url });
            }
            said.push(line);
        }
        let _ = child.wait();
        bail!("the server did not start: {}", said.join("; "))
    }

    /// What it has cost so far.
    pub fn cost(&self) -> Cost {
        Cost::of(self.child.id())
    }
}

impl Drop for Server {
    /// Stops it softly, so that a store that stays is left in order; hard if that takes too long.
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Ok(id) = i32::try_from(self.child.id()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM);
            for _ in 0..100 {
                if matches!(self.child.try_wait(), Ok(Some(_))) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process has used.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    /// Processor time; None where the system does not tell.
    pub cpu: Option<Duration>,
    /// The most memory it had at once, in bytes.
    pub peak_memory: Option<u64>,
}

impl Cost {
    /// Reads `/proc`.
    pub fn of(process: u32) -> Self {
        Self { cpu: cpu(process), peak_memory: peak_memory(process) }
    }

    /// Processor time between an earlier reading and this one.
    pub fn cpu_since(&self, earlier: &Cost) -> Option<Duration> {
        Some(self.cpu?.saturating_sub(earlier.cpu?))
    }
}

/// Fields 14 and 15 of `/proc/PID/stat`, in ticks of which Linux shows a hundred a second (`man 5 proc`).
fn cpu(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the name in parentheses, and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
