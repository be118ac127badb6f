//! The binary under test as a process: a server that can be killed, and commands that run to their end.

use std::{
    fs, io,
    net::SocketAddr,
    path::PathBuf,
    process::{ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use suite::TestStore;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    time::{sleep, timeout},
};

use crate::{form, wire::Client};

/// Nothing that a process is asked for takes longer, whatever else this machine does.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often something is looked at that cannot tell by itself.
pub const POLL: Duration = Duration::from_millis(5);

/// Where a store lies, for the command line.
#[derive(Clone)]
pub struct Place {
    /// What `--store` takes.
    pub store: String,
    key_file: Option<PathBuf>,
}

impl Place {
    /// That of a store of the kit.
    pub fn of(store: &TestStore) -> Self {
        let beside = matches!(store.url, app::StoreUrl::Sqlite(_));
        Self { store: store.argument(), key_file: (!beside).then(|| store.key_file()) }
    }

    /// A file.
    pub fn file(path: &std::path::Path) -> Self {
        Self { store: format!("sqlite:{}", path.display()), key_file: None }
    }
}

/// The binary with these words, not started yet, and nothing from this process's own environment.
pub fn leadpost(words: &[&str]) -> Command {
    let binary =
        form::variable("LEADPOST_BIN").expect("LEADPOST_BIN names the binary; cargo xtask fault sets it");
    let mut command = Command::new(binary);
    command.args(words).env_clear().envs(form::variable("TMPDIR").map(|folder| ("TMPDIR", folder)));
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// The same about a store.
pub fn about(place: &Place, words: &[&str]) -> Command {
    let mut command = leadpost(words);
    command.args(["--store", &place.store]);
    command.envs(place.key_file.iter().map(|file| ("LEADPOST_SECRETS__KEY_FILE", file)));
    command
}

/// Runs a command to its end.
pub async fn output(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("a command ends").expect("the binary can be started")
}

/// Runs a command that must succeed; what it printed.
pub async fn run(command: Command) -> String {
    let output = output(command).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is text");
    assert!(output.status.success(), "{}\n{}", output.status, text(output.stderr));
    text(output.stdout)
}

/// Makes a key, and with it what is missing of the store.
pub async fn make_key(place: &Place, scope: &str) -> String {
    let made = run(about(place, &["key", "create", "--name", "test", "--scope", scope])).await;
    made.trim_end().to_owned()
}

/// Makes an account of that name; an admin key of it.
pub async fn make_account(place: &Place, name: &str) -> String {
    run(about(place, &["account", "create", "--name", name])).await;
    let words = ["key", "create", "--name", "test", "--scope", "admin", "--account", name];
    run(about(place, &words)).await.trim_end().to_owned()
}

/// A `serve` of that store on a free port that may call everything on this machine, not started yet.
pub fn serve(place: &Place, settings: &[(&str, &str)]) -> Command {
    let mut command = about(place, &["serve", "--listen", "127.0.0.1:0"]);
    command.env("LEADPOST_EGRESS__ALLOW_HTTP", "true").env("LEADPOST_EGRESS__ALLOW_NETWORKS", "127.0.0.0/8");
    command.envs(settings.iter().copied());
    command
}

/// The same command, which may have so many files open.
pub fn with_open_files(command: &Command, most: &str) -> Command {
    let inner = command.as_std();
    let mut outer = Command::new("sh");
    outer.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\"")]);
    outer.arg(inner.get_program()).args(inner.get_args());
    outer.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.stdin(Stdio::null()).kill_on_drop(true);
    outer
}

/// A serving process. Dropping it kills it.
pub struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    address: watch::Receiver<Option<SocketAddr>>,
}

impl Server {
    /// Starts it, without waiting for anything.
    pub fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server can be started");
        let stderr = child.stderr.take().expect("standard error is piped");
        let (say, address) = watch::channel(None);
        let log = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(url) = line.strip_prefix("listening on http://") {
                    say.send_replace(url.trim_end().parse().ok());
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                *kept += &line;
                *kept += "\n";
            }
        });
        Self { child, log, address }
    }

    /// Waits until it listens; where. None if it has said that it cannot start.
    async fn listening(&mut self) -> Option<SocketAddr> {
        let said = timeout(PATIENCE, self.address.wait_for(Option::is_some)).await;
        said.ok().and_then(|said| *said.ok()?)
    }

    /// Waits until it is ready, or has refused to start as it should: with a reason and an exit code.
    pub async fn ready_or_refused(&mut self) -> Option<SocketAddr> {
        if self.listening().await.is_some() {
            return Some(self.ready().await);
        }
        let ended =
            timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it can be waited for");
        assert!(ended.code() == Some(1) && !self.log().is_empty(), "{ended}\n{}", self.log());
        None
    }

    /// Waits until it is ready; where it listens.
    pub async fn ready(&mut self) -> SocketAddr {
        let said = self.listening().await;
        let address = said.unwrap_or_else(|| panic!("the server did not start:\n{}", self.log()));
        let mut client = Client::new(address, "");
        let began = Instant::now();
        while client.call("GET", "//readyz", None, "").await.map(|answer| answer.status).ok() != Some(200) {
            assert!(began.elapsed() < PATIENCE, "the server did not become ready:\n{}", self.log());
            sleep(POLL).await;
        }
        address
    }

    /// Starts it and waits until it is ready.
    pub async fn start(command: Command) -> (Self, SocketAddr) {
        let mut server = Self::spawn(command);
        let address = server.ready().await;
        (server, address)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it with SIGKILL; back when it is no more.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a running process can be killed");
    }

    /// Sends it a signal.
    pub async fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {}", self.id())]).status().await;
        assert!(sent.expect("a shell can be started").success(), "SIG{name} could not be sent");
    }

    /// Asks it with SIGTERM to end; how it did, and after what time.
    pub async fn stop(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        self.signal("TERM").await;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        (ended.expect("it stops").expect("it can be waited for"), began.elapsed())
    }

    /// Stops all its threads; back when each has come out of whatever it was doing in the kernel.
    pub async fn suspend(&self) {
        self.signal("STOP").await;
        let threads = format!("/proc/{}/task", self.child.id().expect("it runs"));
        let began = Instant::now();
        while !all_stopped(&threads) {
            assert!(began.elapsed() < PATIENCE, "the server does not stop");
            sleep(POLL).await;
        }
    }

    /// What it has said.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn all_stopped(threads: &str) -> bool {
    let stopped = |thread: io::Result<fs::DirEntry>| {
        let stat = fs::read_to_string(thread?.path().join("stat"))?;
        // The state stands behind the name, which may hold anything: T, or t where strace looks on.
        Ok::<_, io::Error>(
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['T', 't'])),
        )
    };
    let mut all = fs::read_dir(threads).expect("a process has threads");
    all.all(|thread| stopped(thread).unwrap_or(false))
}
