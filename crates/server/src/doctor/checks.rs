//! The single checks. Each answers findings and never an error: what cannot be checked is a finding too.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use app::{AppError, Db, StoreUrl, accounts, ledger};
use domain::{Actor, Ledger, Timestamp};

use super::{Finding, webhooks};
use crate::config::{Loaded, Settings, Sources};
use crate::disk::FsyncTimes;
use crate::store_args::{self, Purpose};
use crate::{ambient, limits, tls};

/// What the settings were read from: the server may have been started with a file and variables of its own.
pub fn settings(loaded: &Loaded) -> Finding {
    let Sources { file, variables, flags } = &loaded.sources;
    let file = match file {
        Some(name) => format!("file {name}"),
        None => "no file (name the server's with --config)".to_owned(),
    };
    let variables = match variables.as_slice() {
        [] => "no variables LEADPOST_…".to_owned(),
        some => format!("variables of this shell: {}", some.join(", ")),
    };
    let flags = match flags.as_slice() {
        [] => String::new(),
        some => format!("; flags for {}", some.join(", ")),
    };
    Finding::ok("settings", format!("{file}; {variables}{flags}. A server keeps those it was started with"))
}

/// Which store is looked at, so that nobody takes it for another one.
pub fn place(settings: &Settings) -> Finding {
    let text = match &settings.store.url {
        // A relative path leads elsewhere from another folder.
        StoreUrl::Sqlite(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            format!("the store sqlite:{}", path.display())
        }
        url @ StoreUrl::Postgres(_) => format!("the store {url}"),
    };
    Finding::ok("looks at", text)
}

/// The engine's own check, the ledger, and what becomes of webhooks.
pub async fn store(settings: &Settings, deep: bool) -> Vec<Finding> {
    const SUBJECT: &str = "store";
    let url = &settings.store.url;
    let db = match store_args::open(settings, Purpose::Use).await {
        Ok(db) => db,
        Err(error) => return vec![Finding::fail(SUBJECT, format!("{error:#}"))],
    };
    let report = match db.check(deep).await {
        Ok(report) => report,
        Err(error) => return vec![Finding::fail(SUBJECT, format!("{url}: {error}"))],
    };
    let mut findings: Vec<_> = report.problems.iter().map(damage).collect();
    if findings.is_empty() {
        let how = if deep { "read wholly" } else { "looked over; --deep reads all of it" };
        let engine = report.engine.split(" on ").next().unwrap_or_default();
        let text = format!("{url}, {engine}, schema version {}, {how}", report.schema_version);
        findings.push(Finding::ok(SUBJECT, text));
    }
    findings.push(balance(&db).await);
    findings.extend(webhooks::look(&db).await);
    findings
}

fn damage(problem: &String) -> Finding {
    Finding::fail(
        "store",
        format!("{problem}; stop the server, keep a copy of the store, and restore a backup"),
    )
}

/// The ledgers of all accounts.
async fn balance(db: &Db) -> Finding {
    const SUBJECT: &str = "ledger";
    let counted = db.read(|tx| {
        let of = |tx: &mut _, account| ledger::read(tx, &Actor::Console { account });
        accounts::all(tx)?.iter().map(|account| of(tx, account.id)).collect::<Result<Vec<_>, AppError>>()
    });
    match counted.await {
        Err(error) => Finding::fail(SUBJECT, error.to_string()),
        Ok(ledgers) if ledgers.is_empty() => Finding::ok(SUBJECT, "no account yet"),
        Ok(ledgers) if ledgers.iter().all(Ledger::balanced) => {
            let pending: u64 = ledgers.iter().map(|ledger| ledger.pending).sum();
            let accounts = ledgers.len();
            let noun = if accounts == 1 { "account" } else { "accounts" };
            Finding::ok(SUBJECT, format!("{accounts} {noun}, balanced; deliveries pending: {pending}"))
        }
        Ok(_) => Finding::fail(
            SUBJECT,
            "does not balance; `leadpost ledger` shows where. Keep a copy of the store",
        ),
    }
}

/// Whether there is anything beside which a key or a disk could be looked at.
pub fn store_is_there(settings: &Settings) -> bool {
    match &settings.store.url {
        StoreUrl::Sqlite(path) => path.exists(),
        StoreUrl::Postgres(_) => true,
    }
}

/// Whether the key is there, and for nobody else to read.
pub fn key_file(settings: &Settings) -> Option<Finding> {
    const SUBJECT: &str = "key file";
    let path = key_path(settings)?;
    let shown = path.display();
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) => {
            return Some(Finding::fail(
                SUBJECT,
                format!("{shown} cannot be read ({error}); restore it from a backup"),
            ));
        }
    };
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            let text = format!("{shown} can be read by others (mode {mode:o}): chmod 600 {shown}");
            return Some(Finding::warn(SUBJECT, text));
        }
    }
    let _ = metadata;
    Some(Finding::ok(SUBJECT, format!("{shown}, for its owner only; keep a copy apart from the backups")))
}

fn key_path(settings: &Settings) -> Option<PathBuf> {
    let beside = match &settings.store.url {
        StoreUrl::Sqlite(path) => {
            let mut name = path.clone().into_os_string();
            name.push(".key");
            Some(PathBuf::from(name))
        }
        StoreUrl::Postgres(_) => None,
    };
    settings.secrets.key_file.clone().or(beside)
}

/// Whether what is told to be stored outlives a loss of power.
pub fn commits(settings: &Settings) -> Option<Finding> {
    let text =
        "store.sqlite_synchronous is normal: a loss of power loses events that were accepted; set it to full";
    settings.store.loses_commits().then(|| Finding::fail("store", text))
}

/// How long a write takes to last.
pub fn disk(settings: &Settings) -> Option<Finding> {
    const SUBJECT: &str = "disk";
    let folder = store_folder(settings)?;
    let times = match FsyncTimes::measure(&folder) {
        Ok(times) => times,
        Err(error) => return Some(Finding::fail(SUBJECT, format!("{error:#}"))),
    };
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    let measured = format!("write and fsync p50 {}, p99 {}", ms(times.p50), ms(times.p99));
    Some(if times.suspicious() {
        let why = "faster than a disk can be: what is accepted may not outlive a loss of power. Move the store to a disk";
        Finding::warn(SUBJECT, format!("{measured}; {why}"))
    } else if times.p50 > Duration::from_millis(10) {
        let why =
            "slow: a single caller gets few events a second. Post in batches or over several connections";
        Finding::warn(SUBJECT, format!("{measured}; {why}"))
    } else {
        Finding::ok(SUBJECT, measured)
    })
}

/// The folder of the SQLite file.
fn store_folder(settings: &Settings) -> Option<PathBuf> {
    let StoreUrl::Sqlite(path) = &settings.store.url else {
        return None;
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Some(parent.unwrap_or(Path::new(".")).to_owned())
}

/// Signatures carry the time, and receivers refuse what is minutes off.
pub fn clock(settings: &Settings) -> Finding {
    const SUBJECT: &str = "clock";
    let clock = ambient::system().clock;
    let (wall, steady) = (clock.now(), Instant::now());
    if wall < Timestamp::from_micros(EARLIEST) {
        return Finding::fail(SUBJECT, format!("says {wall}, which is long past; set it, best by NTP"));
    }
    std::thread::sleep(Duration::from_millis(200));
    let (passed, really) = (clock.now().since(wall), steady.elapsed());
    if passed.abs_diff(really) > Duration::from_millis(50) {
        let text = format!(
            "moved {} ms in {} ms: it is being set or runs wrong",
            passed.as_millis(),
            really.as_millis()
        );
        return Finding::warn(SUBJECT, text);
    }
    match store_folder(settings).and_then(|folder| file_skew(&folder)) {
        Some(skew) if skew > Duration::from_secs(2) => {
            let text = format!(
                "the file system's time is {} s off: the store lies on another machine",
                skew.as_secs()
            );
            Finding::warn(SUBJECT, format!("{text}, where SQLite is not safe"))
        }
        _ => Finding::ok(SUBJECT, format!("{wall}, steady; that it is right, only NTP can say")),
    }
}

/// 2026-01-01: before this program was made.
const EARLIEST: i64 = 1_767_225_600_000_000;

/// How far the time of a file written now is from the clock.
fn file_skew(folder: &Path) -> Option<Duration> {
    let path = folder.join(format!(".leadpost-clock-{}", std::process::id()));
    fs::write(&path, "").ok()?;
    let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
    let now = ambient::system().clock.now();
    let _ = fs::remove_file(&path);
    let modified = modified.ok()?.duration_since(UNIX_EPOCH).ok()?;
    let now = Duration::from_micros(u64::try_from(now.micros()).ok()?);
    Some(modified.abs_diff(now))
}

/// What webhooks may reach, in words.
pub fn egress(settings: &Settings) -> Vec<Finding> {
    const SUBJECT: &str = "egress";
    let egress = &settings.egress;
    let list = |items: Vec<String>| items.join(", ");
    let mut beyond = Vec::new();
    if !egress.allow_networks.is_empty() {
        beyond.push(format!(
            "networks {}",
            list(egress.allow_networks.iter().map(|n| n.0.to_string()).collect())
        ));
    }
    if !egress.allow_hosts.is_empty() {
        beyond.push(format!("hosts {}", list(egress.allow_hosts.iter().map(ToString::to_string).collect())));
    }
    if !egress.allow_ports.is_empty() {
        beyond.push(format!("ports {}", list(egress.allow_ports.iter().map(ToString::to_string).collect())));
    }
    if egress.allow_nat64 {
        beyond.push("public addresses behind NAT64".to_owned());
    }
    let scheme = if egress.allow_http { "https and http" } else { "https" };
    let beyond = if beyond.is_empty() { String::new() } else { format!("; besides {}", beyond.join("; ")) };
    let mut findings =
        vec![Finding::ok(SUBJECT, format!("webhooks may use {scheme} to public addresses{beyond}"))];
    if egress.allow_networks.iter().any(|network| network.0.prefix_len() == 0) {
        let text =
            "a network in allow_networks covers every address: webhooks can reach all of your own network";
        findings.push(Finding::warn(SUBJECT, text));
    }
    if let Some(path) = &egress.extra_ca_file
        && let Err(error) = fs::read(path)
    {
        findings.push(Finding::fail(SUBJECT, format!("egress.extra_ca_file {}: {error}", path.display())));
    }
    if let Err(error) = tls::connector() {
        findings.push(Finding::fail(SUBJECT, format!("https to webhooks will fail: {error:#}")));
    }
    findings
}

/// How others reach the server.
pub fn serving(settings: &Settings) -> Finding {
    const SUBJECT: &str = "server";
    let server = &settings.server;
    let public = server.public_url.as_ref().map_or(String::new(), |url| format!(", for others {url}"));
    match (&server.tls_cert, &server.tls_key) {
        (Some(certificate), Some(key)) => match tls::acceptor(certificate, key) {
            Ok(_) => Finding::ok(SUBJECT, format!("https on {}{public}", server.listen)),
            Err(error) => Finding::fail(SUBJECT, format!("{error:#}")),
        },
        _ if server.listen.starts_with("127.") || server.listen.starts_with("localhost:") => Finding::ok(
            SUBJECT,
            format!("http on {}, which only this machine reaches{public}", server.listen),
        ),
        _ => {
            let text = "http, where keys can be read on the way: put a proxy with TLS in front or set server.tls_cert";
            Finding::warn(SUBJECT, format!("{} is {text}{public}", server.listen))
        }
    }
}

/// Each connection takes one.
pub fn open_files() -> Option<Finding> {
    const SUBJECT: &str = "files";
    let limit = limits::raise_open_files()?;
    Some(if limit < 1_024 {
        Finding::warn(
            SUBJECT,
            format!("at most {limit} open files, which bounds connections; raise it (ulimit -n)"),
        )
    } else {
        Finding::ok(SUBJECT, format!("at most {limit} open files"))
    })
}
