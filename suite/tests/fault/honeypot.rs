//! A network without an outside, in which every address there is leads to a sink.
//!
//! A scenario runs in a process of its own: the same test, started again in new network and mount namespaces. There,
//! all addresses of both families are local to the loopback interface, so that whatever is connected to, wherever it
//! lies and whatever it is for, is accepted and counted by [`Sinks`] under its address. The answer to "did it connect?"
//! is thus the kernel's and not the product's. The namespaces end with the process; nothing of this machine is changed.
//!
//! It takes `unshare` (util-linux) and `ip` (iproute2), and root or unprivileged user namespaces. Without them the
//! scenarios say SKIPPED.

use std::{
    any::type_name_of_val,
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use suite::{store::skipped, tls_fixture::Authority};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    dns::Dns,
    form::{times, variable},
    sinks::Sinks,
};

/// Stand for what lies outside; all other addresses of these tests are forbidden ones.
pub const PUBLIC: [&str; 2] = ["93.184.216.34", "2606:2800:220:1::1"];

/// Addresses that nothing may connect to: neighbours, metadata services, and the many ways to write an IPv4 address
/// into an IPv6 one.
pub const FORBIDDEN: [&str; 34] = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.42.42",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.7",
    "240.0.0.1",
    "0.1.2.3",
    "::1",
    "::7f00:1",
    "::ffff:0:7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "100::1",
    "2001:0:a9fe:a9fe::1",
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2606:4700::5efe:a00:1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fec0::1",
];

/// Where the DNS is.
const DNS: &str = "10.53.53.53";
/// What the sinks' certificate is for. Names under `example.org` are for other tests.
const NAMES: [&str; 3] = ["*.example.com", PUBLIC[0], PUBLIC[1]];
/// Set for the process inside.
const INSIDE: &str = "LEADPOST_FAULT_INSIDE";
/// Makes all addresses local.
const NETWORK: &str = "set -e; ip link set lo up; ip route add local 0.0.0.0/0 dev lo; \
                       ip -6 route add local ::/0 dev lo";

/// What a scenario finds.
pub struct Honeypot {
    /// Answers for all names.
    pub dns: Dns,
    /// Answer at all addresses.
    pub sinks: Sinks,
    /// Signs the sinks' certificate, which is for every name right under `example.com`.
    pub authority: Authority,
    files: TempDir,
}

/// Runs a scenario inside. To be called by a test function with an async closure, and by nothing else: the name of the
/// closure's type is how the process inside knows which test it is.
pub fn within(scenario: impl AsyncFnOnce(Honeypot)) {
    if variable(INSIDE).is_none() {
        let function = type_name_of_val(&scenario).trim_end_matches("::{{closure}}");
        let (_, name) = function.split_once("::").expect("a path begins with its crate");
        return enter(name);
    }
    // The harness has begun a line.
    println!();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let patience = Duration::from_secs(if times(0, 1) == 0 { 120 } else { 3_600 });
        timeout(patience, async { scenario(Honeypot::start().await).await }).await.expect("it ends");
    });
}

/// Starts the test of that name again, inside, and passes on what it says.
fn enter(name: &str) {
    let unshare = match way_in() {
        Ok(unshare) => unshare,
        Err(reason) => return skipped("honeypot", &format!("no network of its own ({reason})")),
    };
    let binary = env::current_exe().expect("a test has a file");
    let mut command = Command::new("unshare");
    command.args(unshare).arg(binary).args(["--exact", name, "--nocapture", "--test-threads=1"]);
    let output = command.env(INSIDE, "1").stdin(Stdio::null()).output().expect("unshare was there just now");
    let [stdout, stderr] = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    // Without the second half, a name that fits no test would be a success.
    let passed = output.status.success() && stdout.contains("test result: ok. 1 passed");
    // Indented, so that nobody counts its results as more tests.
    let all = || format!("{stdout}\n{stderr}").replace('\n', "\n    ");
    assert!(passed, "{name}, inside: {}\n    {}", output.status, all());
    // What the harness inside says would be taken for its own tests' results.
    let harness = |line: &&str| ["running ", "test "].iter().any(|it| line.starts_with(it)) || *line == "ok";
    let said = stdout.lines().filter(|line| !line.is_empty() && !harness(line));
    said.for_each(|line| println!("{line}"));
}

/// The arguments of `unshare` that work here, or why none do.
fn way_in() -> Result<&'static [&'static str], &'static str> {
    static WAY: OnceLock<Result<&'static [&'static str], String>> = OnceLock::new();
    let ways: [&[&str]; 2] = [&["--net", "--mount", "--"], &["--map-root-user", "--net", "--mount", "--"]];
    let find = || {
        let mut reason = String::new();
        for way in ways {
            match Command::new("unshare").args(way).args(["sh", "-c", NETWORK]).output() {
                Ok(tried) if tried.status.success() => return Ok(way),
                Ok(tried) => reason = String::from_utf8_lossy(&tried.stderr).trim().replace('\n', "; "),
                Err(error) => reason = format!("unshare: {error}"),
            }
        }
        Err(reason)
    };
    WAY.get_or_init(find).as_ref().map(|way| *way).map_err(String::as_str)
}

impl Honeypot {
    async fn start() -> Self {
        run(NETWORK);
        for address in PUBLIC {
            let (length, more) = if address.contains(':') { (128, "nodad") } else { (32, "") };
            run(&format!("ip addr add {address}/{length} dev lo {more}"));
        }
        let authority = Authority::new();
        let sinks = Sinks::start(authority.valid_for(&NAMES)).await;
        let dns = Dns::start(format!("{DNS}:53").parse().expect("an address")).await;
        let pot = Self { dns, sinks, authority, files: TempDir::new().expect("a temporary folder") };
        pot.put("/etc/resolv.conf", &format!("nameserver {DNS}\n"));
        pot.put("/etc/hosts", "127.0.0.1 localhost\n");
        pot
    }

    /// More lines for `/etc/resolv.conf`.
    pub fn configure_dns(&self, lines: &str) {
        self.put("/etc/resolv.conf", &format!("nameserver {DNS}\n{lines}"));
    }

    /// Makes that the text of a file of the system, for this process and those that it starts.
    pub fn put(&self, path: &str, text: &str) {
        let name = Path::new(path).file_name().expect("the path of a file");
        let file = self.files.path().join(name);
        let mounted = file.exists();
        fs::write(&file, text).expect("a temporary folder can be written to");
        if !mounted {
            run(&format!("mount --bind {} {path}", file.display()));
        }
    }

    /// How many TCP connections anybody in here has begun, apart from the sinks themselves: the kernel's own count,
    /// which knows also of those that nobody accepted.
    pub fn begun(&self) -> usize {
        let text = fs::read_to_string("/proc/self/net/snmp").expect("the kernel counts");
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
        let (names, values) = (lines.next().expect("names"), lines.next().expect("values"));
        let mut columns = names.split(' ').zip(values.split(' '));
        let (_, count) = columns.find(|(name, _)| *name == "ActiveOpens").expect("a known column");
        count.parse::<usize>().expect("a number") - self.sinks.knocks()
    }
}

fn run(script: &str) {
    let done = Command::new("sh").args(["-c", script]).output().expect("a shell can be started");
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
}
