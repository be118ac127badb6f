//! The settings: one struct, filled from four layers.
//!
//! `config.default.toml` is compiled in and is the defaults, the manual and the list of known keys at once.
//! Over it go a file, the environment and the flags of the command, in this order. This is the only place
//! that reads the environment; every other part gets the struct, or a piece of it.

mod layers;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use app::{StoreUrl, Synchronous};
use domain::{EgressPolicy, HostRule};
use serde::Deserialize;
use tracing_subscriber::filter::Targets;
use web::WidgetLimits;

use layers::Layers;
use values::{Network, each_parsed, optional, parsed};

/// All settings. The comments on the keys are in `config.default.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Our own side of HTTP.
    pub server: Server,
    /// The database.
    pub store: Store,
    /// Where the key lies that encrypts secrets.
    pub secrets: Secrets,
    /// What webhooks may reach.
    pub egress: Egress,
    /// How deliveries are carried.
    pub delivery: Delivery,
    /// How long things are kept.
    pub retention: Retention,
    /// How much callers may ask for.
    pub limits: Limits,
    /// Who may read the metrics.
    pub metrics: Metrics,
    /// What is said on standard error.
    pub log: Log,
    /// The asynchronous runtime.
    pub runtime: Runtime,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Resolved when it is bound, so a name such as `localhost:8080` will do.
    pub listen: String,
    /// Without a slash at its end.
    #[serde(deserialize_with = "optional")]
    pub public_url: Option<values::PublicUrl>,
    /// Together with `tls_key`.
    #[serde(deserialize_with = "optional")]
    pub tls_cert: Option<PathBuf>,
    /// Together with `tls_cert`.
    #[serde(deserialize_with = "optional")]
    pub tls_key: Option<PathBuf>,
    #[serde(deserialize_with = "each_parsed")]
    trusted_proxies: Vec<Network>,
    stop_seconds: u32,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// SQLite file or PostgreSQL database.
    #[serde(deserialize_with = "parsed")]
    pub url: StoreUrl,
    connections: usize,
    /// See [`OpenOptions::synchronous`](app::OpenOptions::synchronous).
    #[serde(deserialize_with = "parsed")]
    pub sqlite_synchronous: Synchronous,
}

/// `[secrets]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// None: beside the SQLite file.
    #[serde(deserialize_with = "optional")]
    pub key_file: Option<PathBuf>,
}

/// `[egress]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// See [`EgressPolicy::allow_http`].
    pub allow_http: bool,
    /// See [`EgressPolicy::allow_networks`].
    #[serde(deserialize_with = "each_parsed")]
    pub allow_networks: Vec<Network>,
    /// See [`EgressPolicy::allow_hosts`].
    #[serde(deserialize_with = "each_parsed")]
    pub allow_hosts: Vec<HostRule>,
    /// See [`EgressPolicy::allow_ports`].
    pub allow_ports: Vec<u16>,
    /// See [`EgressPolicy::allow_nat64`].
    pub allow_nat64: bool,
    /// Authorities to trust besides the system's.
    #[serde(deserialize_with = "optional")]
    pub extra_ca_file: Option<PathBuf>,
}

/// `[delivery]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    tick_ms: u32,
    lease_ttl_seconds: u32,
    /// Requests that all webhooks share, beyond one for each.
    pub max_in_flight: usize,
}

/// `[retention]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    payload_days: u32,
    record_days: u32,
    audit_address_days: u32,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    api_per_key_per_second: u32,
    visitor_messages_per_second: u32,
    visitor_message_burst: u32,
    visitor_streams: u32,
    visitors_per_address_per_minute: u32,
    streams_per_address: u32,
}

/// `[metrics]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Whether `/metrics` needs no key.
    pub open: bool,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level, or levels per part.
    #[serde(deserialize_with = "parsed")]
    pub level: Targets,
    /// For people or for machines.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One line of text each.
    Text,
    /// One JSON object each.
    Json,
}

/// `[runtime]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// 0 means automatic.
    pub worker_threads: usize,
}

/// The settings, and where they came from.
#[derive(Debug)]
pub struct Loaded {
    /// What holds.
    pub settings: Settings,
    /// The layers that said something.
    pub sources: Sources,
}

/// Which layers said something besides the defaults.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The file, as it was named.
    pub file: Option<String>,
    /// The variables of the environment, in the order of the alphabet.
    pub variables: Vec<String>,
    /// The settings that were flags.
    pub flags: Vec<&'static str>,
}

/// What a command's flags override: the key's path (`store.url`) and the value, if the flag was given.
pub type Flag<'a> = (&'static str, Option<&'a str>);

/// Reads all four layers.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn load(file: Option<&Path>, flags: &[Flag<'_>]) -> anyhow::Result<Loaded> {
    let mut layers = Layers::default();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the settings file {}", path.display()))?;
        layers.add_file(&path.display().to_string(), &text)?;
    }
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        // What is not Unicode is still seen, so that it is refused instead of skipped.
        Some((name, value.to_string_lossy().into_owned()))
    });
    layers.add_environment(environment)?;
    layers.add_flags(flags)?;
    let loaded = layers.finish()?;
    loaded.settings.check()?;
    Ok(loaded)
}

/// The settings of `config.default.toml` alone.
pub fn defaults() -> anyhow::Result<Settings> {
    Ok(Layers::default().finish()?.settings)
}

impl Settings {
    fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.server.tls_cert.is_some() == self.server.tls_key.is_some(),
            "server.tls_cert and server.tls_key belong together: set both, or neither"
        );
        anyhow::ensure!(self.delivery.tick_ms > 0, "delivery.tick_ms must be at least 1");
        anyhow::ensure!(self.delivery.lease_ttl_seconds > 0, "delivery.lease_ttl_seconds must be at least 1");
        anyhow::ensure!(self.delivery.max_in_flight > 0, "delivery.max_in_flight must be at least 1");
        anyhow::ensure!(
            self.retention.payload_days > 0 && self.retention.record_days >= self.retention.payload_days,
            "retention.payload_days must be at least 1, and retention.record_days not less than that"
        );
        Ok(())
    }

    /// What webhooks may reach, for a server that listens on `own_listeners`.
    pub fn egress_policy(&self, own_listeners: Vec<SocketAddr>) -> EgressPolicy {
        EgressPolicy {
            allow_http: self.egress.allow_http,
            allow_networks: self.egress.allow_networks.iter().map(|network| network.0).collect(),
            allow_hosts: self.egress.allow_hosts.clone(),
            allow_ports: self.egress.allow_ports.clone(),
            allow_nat64: self.egress.allow_nat64,
            own_listeners,
        }
    }
}

impl Store {
    /// Whether a loss of power takes back what was told to be stored.
    pub fn loses_commits(&self) -> bool {
        matches!(self.url, StoreUrl::Sqlite(_)) && self.sqlite_synchronous != Synchronous::Full
    }

    /// How many connections write to PostgreSQL, and how many read.
    pub fn connections(&self) -> usize {
        const AUTOMATIC: usize = 4;
        if self.connections == 0 { AUTOMATIC } else { self.connections }
    }
}

impl Server {
    /// How long a stop waits for what is in flight.
    pub fn stop_patience(&self) -> Duration {
        Duration::from_secs(self.stop_seconds.into())
    }

    /// Networks of proxies whose word counts for where a request came from.
    pub fn trusted_proxies(&self) -> Vec<ipnet::IpNet> {
        self.trusted_proxies.iter().map(|network| network.0).collect()
    }
}

impl Retention {
    /// As the chores take it.
    pub fn rules(&self) -> app::retention::Retention {
        let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        app::retention::Retention {
            payloads: days(self.payload_days),
            records: days(self.record_days),
            addresses: days(self.audit_address_days),
        }
    }
}

impl Limits {
    /// How many requests a key may make in a second, if there is a limit.
    pub fn per_key_per_second(&self) -> Option<u32> {
        Some(self.api_per_key_per_second).filter(|limit| *limit > 0)
    }

    /// How much visitors of web pages may ask for.
    pub fn widget(&self) -> WidgetLimits {
        WidgetLimits {
            messages_per_second: self.visitor_messages_per_second,
            message_burst: self.visitor_message_burst,
            streams_per_visitor: self.visitor_streams,
            visitors_per_address_per_minute: self.visitors_per_address_per_minute,
            streams_per_address: self.streams_per_address,
        }
    }
}

impl Delivery {
    /// How often the store is searched for what is due.
    pub fn tick(&self) -> Duration {
        Duration::from_millis(self.tick_ms.into())
    }

    /// How long a lease holds without renewal.
    pub fn lease_ttl(&self) -> Duration {
        Duration::from_secs(self.lease_ttl_seconds.into())
    }
}
