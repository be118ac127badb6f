//! From a name to addresses, by DNS alone.
//!
//! The name is absolute, so the machine's search domains never apply; the hosts file is not read. Both would
//! let the same URL mean something inside the operator's network that it does not mean outside. Nothing here
//! judges an address: that is the guard's business.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    pin::Pin,
    sync::{PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::op::ResponseCode,
    system_conf::read_system_conf,
};

/// A look-up under way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, LookupError>> + Send + 'a>>;

/// Finds the addresses of a name; tests pass their own.
pub trait Resolve: Send + Sync {
    /// Every address, IPv4 and IPv6, that `name` has now. `name` is absolute although it ends without a dot.
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a>;
}

/// Why a name led to no address. Each may pass: a name that does not exist now can exist in a minute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The DNS says that there is no such name.
    #[error("the name does not exist")]
    NoSuchName,
    /// The name exists, but not with an address.
    #[error("the name has no address")]
    NoAddress,
    /// No server answered in time.
    #[error("no DNS server answered in time")]
    TimedOut,
    /// A server answered with an error.
    #[error("the DNS server answered {0}")]
    Answer(String),
    /// Anything else.
    #[error("the look-up failed: {0}")]
    Failed(String),
}

/// The file that names the DNS servers. Looked at before each look-up, since a machine may get its network
/// after Leadpost has started.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// How long an answer is believed at most, whatever its TTL says; a negative one shorter.
const MAX_TTL: Duration = Duration::from_secs(60);
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(5);

/// Asks the machine's DNS servers and keeps their answers for their TTL.
pub(crate) struct SystemResolver {
    loaded: RwLock<Loaded>,
    /// For one whole look-up.
    budget: Duration,
}

#[derive(Clone)]
struct Loaded {
    resolver: TokioResolver,
    /// When the file was written.
    version: Option<SystemTime>,
}

impl SystemResolver {
    pub(crate) fn new(budget: Duration) -> Result<Self, NetError> {
        Ok(Self {
            loaded: RwLock::new(Loaded::now(budget)?),
            budget,
        })
    }

    fn current(&self) -> Result<TokioResolver, NetError> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone();
        if loaded.version == version() {
            return Ok(loaded.resolver);
        }
        let fresh = Loaded::now(self.budget)?;
        self.loaded
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&fresh);
        Ok(fresh.resolver)
    }
}

impl Resolve for SystemResolver {
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let resolver = self.current().map_err(|error| words(&error))?;
            let answers = resolver
                .lookup_ip(format!("{name}."))
                .await
                .map_err(|error| words(&error))?;
            Ok(answers.iter().collect())
        })
    }
}

impl Loaded {
    fn now(budget: Duration) -> Result<Self, NetError> {
        let version = version();
        // Without the file or a server in it, the machine's own is meant: resolv.conf(5).
        let (config, options) =
            read_system_conf().unwrap_or_else(|_| (own_server(), ResolverOpts::default()));
        let config = ResolverConfig::from_parts(None, Vec::new(), config.name_servers().to_vec());
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = adjusted(options, budget);
        Ok(Self {
            resolver: builder.build()?,
            version,
        })
    }
}

fn version() -> Option<SystemTime> {
    fs::metadata(RESOLV_CONF).and_then(|file| file.modified()).ok()
}

fn own_server() -> ResolverConfig {
    let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    ResolverConfig::from_name_servers(own.map(NameServerConfig::udp_and_tcp).to_vec())
}

/// The machine's options, made to fit the budget: attempts times timeout must end within it, so that one
/// family without an answer does not cost the other's.
fn adjusted(mut options: ResolverOpts, budget: Duration) -> ResolverOpts {
    options.use_hosts_file = ResolveHosts::Never;
    // Both families are asked for, because every answer is to be judged.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.attempts = 1;
    options.timeout = budget * 2 / 5;
    options.positive_max_ttl = Some(MAX_TTL);
    options.negative_max_ttl = Some(MAX_NEGATIVE_TTL);
    options.max_active_requests = 1_024;
    options
}

fn words(error: &NetError) -> LookupError {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NXDomain => {
            LookupError::NoSuchName
        }
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NoError => {
            LookupError::NoAddress
        }
        NetError::Dns(DnsError::NoRecordsFound(none)) => LookupError::Answer(none.response_code.to_string()),
        NetError::Dns(DnsError::ResponseCode(code)) => LookupError::Answer(code.to_string()),
        NetError::Timeout => LookupError::TimedOut,
        other => LookupError::Failed(other.to_string()),
    }
}
