//! `leadpost serve` as a process of its own that can be killed and started again, always on the same port and store.
//!
//! Must not know what is asked of it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// So long a process may take to start or to end, whatever else this machine does.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server, its store and its log. Dropping it ends all of them.
pub struct Server {
    /// Its own address.
    pub url: String,
    folder: TempDir,
    port: u16,
    /// What its webhooks may call: `host:port`.
    reachable: String,
    process: Option<Child>,
}

impl Server {
    /// A server that does not run yet, on a store that does not exist yet.
    pub fn new(reachable: &str) -> Self {
        let port = port();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let url = format!("http://127.0.0.1:{port}");
        Self { url, folder, port, reachable: reachable.to_owned(), process: None }
    }

    /// A path of it as an address.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The store's file.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("leadpost.db")
    }

    /// Makes an API key, and with it what is missing of the store.
    pub async fn make_key(&self, name: &str, scope: &str) -> String {
        self.say(&["key", "create", &format!("--name={name}"), "--scope", scope]).await
    }

    /// What a command of the binary prints that must succeed, also beside the running server.
    pub async fn say(&self, words: &[&str]) -> String {
        let mut command = self.command(words);
        command.env("LEADPOST_SERVER__PUBLIC_URL", &self.url);
        let made = command.stdout(Stdio::piped()).output().await.expect("the binary can be started");
        assert!(made.status.success(), "{words:?}: {}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).expect("what it prints is text").trim_end().to_owned()
    }

    /// What the server has said on standard error.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The address of a link with which somebody joins, on this server.
    pub async fn invite(&self, email: &str, role: &str) -> String {
        let mut command = self.command(&["member", "add", "--email", email, "--role", role]);
        let made = command.stdout(Stdio::piped()).output().await;
        let made = made.expect("the binary can be started");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let link = String::from_utf8(made.stdout).expect("a link is text");
        let path = link.split_once("://").and_then(|(_, rest)| rest.trim_end().split_once('/'));
        format!("{}/{}", self.url, path.expect("a link has a path").1)
    }

    /// Starts it; back when it is ready.
    pub async fn start(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let address = format!("127.0.0.1:{}", self.port);
        let log = File::options().create(true).append(true).open(self.log()).expect("a log can be written");
        let mut command = self.command(&["serve", "--listen", &address]);
        command
            .env("LEADPOST_EGRESS__ALLOW_HTTP", "true")
            .env("LEADPOST_EGRESS__ALLOW_HOSTS", &self.reachable);
        self.process = Some(command.stderr(log).spawn().expect("the binary can be started"));
        let end = Instant::now() + PATIENCE;
        while !self.is_ready().await {
            assert!(Instant::now() < end, "the server does not become ready");
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn is_ready(&self) -> bool {
        // A connection first: a client would try for longer.
        if TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            return false;
        }
        let answer = reqwest::get(format!("{}/readyz", self.url)).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Ends it with SIGKILL; back when it is no more.
    pub async fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().await.expect("a running process can be killed");
    }

    /// Asks it with SIGTERM to end; back when it has, in good order.
    pub async fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        let id = process.id().expect("it runs").to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status().await;
        assert!(told.expect("kill can be started").success());
        let ended = timeout(PATIENCE, process.wait()).await.expect("it stops").expect("it can be waited for");
        assert!(ended.success(), "{ended}");
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).arg("--store").arg(format!("sqlite:{}", self.store().display()));
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.said();
            let begin = log.char_indices().rev().nth(6_000).map_or(0, |(place, _)| place);
            eprintln!("The end of the server's log:\n{}", &log[begin..]);
        }
    }
}

/// What `cargo xtask` names, or what lies beside this test.
#[expect(clippy::disallowed_methods, reason = "how `cargo xtask` tells tests what to run")]
fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("LEADPOST_BIN") {
        return binary.into();
    }
    let here = std::env::current_exe().expect("a program knows where it is");
    let binary = here.ancestors().nth(2).map_or_else(PathBuf::new, |folder: &Path| folder.join("leadpost"));
    assert!(binary.exists(), "LEADPOST_BIN names no binary, and {} is not there", binary.display());
    binary
}

/// A free port outside the range from which outgoing connections get theirs, so that none of those takes it while
/// nobody listens on it.
pub fn port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 5_000).expect("it is below 5,000");
    loop {
        let port = 20_000 + begin + NEXT.fetch_add(1, Ordering::Relaxed) % 5_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
