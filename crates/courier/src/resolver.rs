//! From a name to addresses, by DNS alone.
//!
//! The name is absolute, so the machine's search domains never apply; the hosts file is not read. Both would
//! let the same URL mean something inside the operator's network that it does not mean outside. Nothing here
//! judges an address: that is the guard's business.

use std::{
    collections::HashSet,
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
    proto::{
        op::ResponseCode,
        rr::{Name, RecordType},
    },
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
    /// A URL may have it as its host, but the DNS cannot be asked for it.
    #[error("the name has characters that no DNS name has")]
    NotAName,
    /// There are too many aliases on the way to an address.
    #[error("the name leads through more than {MAX_ALIASES} others")]
    TooManyAliases,
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

/// So many aliases (CNAME) may lead from a name to its addresses. An honest one has two or three; resolvers end
/// a chain that they follow themselves at about the same length, but not one that comes in a single answer.
const MAX_ALIASES: usize = 8;

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
        Ok(Self { loaded: RwLock::new(Loaded::now(budget)?), budget })
    }

    fn current(&self) -> Result<TokioResolver, NetError> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone();
        if loaded.version == version() {
            return Ok(loaded.resolver);
        }
        let fresh = Loaded::now(self.budget)?;
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).clone_from(&fresh);
        Ok(fresh.resolver)
    }
}

impl Resolve for SystemResolver {
    fn addresses<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let resolver = self.current().map_err(|error| words(&error))?;
            look_up(&resolver, name).await
        })
    }
}

impl Loaded {
    fn now(budget: Duration) -> Result<Self, NetError> {
        let version = version();
        // Without the file or a server in it, the machine's own is meant: resolv.conf(5).
        let (config, options) =
            read_system_conf().unwrap_or_else(|_| (own_server(), ResolverOpts::default()));
        let resolver = build(&config, options, budget)?;
        Ok(Self { resolver, version })
    }
}

fn build(
    config: &ResolverConfig,
    options: ResolverOpts,
    budget: Duration,
) -> Result<TokioResolver, NetError> {
    // The servers alone, without the search domains.
    let config = ResolverConfig::from_parts(None, Vec::new(), config.name_servers().to_vec());
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = adjusted(options, budget);
    builder.build()
}

async fn look_up(resolver: &TokioResolver, name: &str) -> Result<Vec<IpAddr>, LookupError> {
    // The dot makes the name absolute. It is in its last form already: to map it once more would be a second
    // reading of the URL, which refuses underscores on the way.
    let name = Name::from_ascii(format!("{name}.")).map_err(|_| LookupError::NotAName)?;
    let found = resolver.lookup_ip(name).await.map_err(|error| words(&error))?;
    let answers = found.as_lookup().answers().iter();
    // Both families bring the same aliases.
    let aliases: HashSet<_> =
        answers.filter(|it| it.record_type() == RecordType::CNAME).map(|it| &it.name).collect();
    if aliases.len() > MAX_ALIASES {
        return Err(LookupError::TooManyAliases);
    }
    Ok(found.iter().collect())
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
    // Aliases are counted.
    options.preserve_intermediates = true;
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

#[cfg(test)]
mod tests {
    use std::{
        net::SocketAddr,
        sync::{Arc, Mutex},
    };

    use hickory_resolver::{
        config::ConnectionConfig,
        proto::{
            op::Message,
            rr::{
                RData, Record,
                rdata::{A, AAAA, CNAME},
            },
        },
    };
    use tokio::{net::UdpSocket, time::Instant};

    use super::*;

    const BUDGET: Duration = Duration::from_millis(600);

    type Queries = Arc<Mutex<Vec<(String, RecordType)>>>;

    /// A DNS server that answers by the first label of the name; and what it was asked.
    async fn server() -> (SocketAddr, Queries) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (address, queries) = (socket.local_addr().unwrap(), Queries::default());
        let asked = Arc::clone(&queries);
        tokio::spawn(async move {
            let mut buffer = [0; 1_500];
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                let message = Message::from_vec(&buffer[..length]).unwrap();
                let query = message.queries[0].clone();
                let name = query.name().to_string();
                asked.lock().unwrap().push((name.clone(), query.query_type()));
                let mut answer = Message::response(message.metadata.id, message.metadata.op_code);
                answer.add_query(query.clone());
                let v4 = query.query_type() == RecordType::A;
                match name.split('.').next().unwrap() {
                    "silent" => continue,
                    "half" if !v4 => continue,
                    "missing" => answer.metadata.response_code = ResponseCode::NXDomain,
                    "broken" => answer.metadata.response_code = ResponseCode::ServFail,
                    label if label.starts_with("aliases") => {
                        let count: usize = label["aliases".len()..].parse().unwrap();
                        let link = |n: usize| Name::from_ascii(format!("n{n}.example.com.")).unwrap();
                        let mut owner = query.name().clone();
                        for next in (0..count).map(link) {
                            let data = RData::CNAME(CNAME(next.clone()));
                            answer.add_answer(Record::from_rdata(owner, 3_600, data));
                            owner = next;
                        }
                        if v4 {
                            let data = RData::A(A::new(192, 0, 2, 1));
                            answer.add_answer(Record::from_rdata(owner, 3_600, data));
                        }
                    }
                    "half" | "good" => {
                        let data = if v4 {
                            RData::A(A::new(192, 0, 2, 1))
                        } else {
                            RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))
                        };
                        answer.add_answer(Record::from_rdata(query.name().clone(), 3_600, data));
                    }
                    _ => {}
                }
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        (address, queries)
    }

    fn asking(servers: &[SocketAddr]) -> TokioResolver {
        let servers = servers.iter().map(|server| {
            let mut connection = ConnectionConfig::udp();
            connection.port = server.port();
            NameServerConfig::new(server.ip(), true, vec![connection])
        });
        let search = vec![Name::from_ascii("cluster.example.").unwrap()];
        let config = ResolverConfig::from_parts(None, search, servers.collect());
        let mut options = ResolverOpts::default();
        options.ndots = 5;
        build(&config, options, BUDGET).unwrap()
    }

    #[tokio::test]
    async fn a_name_is_asked_for_as_it_stands_once_in_each_family_and_then_remembered() {
        let (address, queries) = server().await;
        let resolver = asking(&[address]);
        for _ in 0..2 {
            let found = look_up(&resolver, "good.example.com").await;
            let both = ["192.0.2.1", "2001:db8::1"].map(|ip| ip.parse().unwrap());
            assert_eq!(found, Ok(both.to_vec()));
        }
        let mut queries = queries.lock().unwrap().clone();
        queries.sort_by_key(|(_, kind)| u16::from(*kind));
        let asked = |kind| ("good.example.com.".to_owned(), kind);
        assert_eq!(queries, [asked(RecordType::A), asked(RecordType::AAAA)]);
    }

    #[tokio::test]
    async fn what_is_no_address_is_told_apart() {
        let (address, _) = server().await;
        let resolver = asking(&[address]);
        let error = async |name| look_up(&resolver, name).await.unwrap_err();
        assert_eq!(error("missing.example.com").await, LookupError::NoSuchName);
        assert_eq!(error("empty.example.com").await, LookupError::NoAddress);
        assert_eq!(error("broken.example.com").await, LookupError::Answer("Server Failure".to_owned()));
    }

    #[tokio::test]
    async fn a_few_aliases_are_followed_and_many_are_not() {
        let (address, _) = server().await;
        let resolver = asking(&[address]);
        for _ in 0..2 {
            let found = async |name| look_up(&resolver, name).await;
            assert_eq!(found("aliases8.example.com").await.unwrap().len(), 1);
            assert_eq!(found("aliases9.example.com").await, Err(LookupError::TooManyAliases));
        }
    }

    #[tokio::test]
    async fn a_name_may_have_underscores_but_not_every_character_of_a_url() {
        let (address, queries) = server().await;
        let resolver = asking(&[address]);
        assert_eq!(look_up(&resolver, "good.my_host.example.com").await.unwrap().len(), 2);
        queries.lock().unwrap().clear();
        for name in ["good,host.example.com", "good~.example.com", "good.(host).example.com"] {
            assert_eq!(look_up(&resolver, name).await, Err(LookupError::NotAName), "{name}");
        }
        assert!(queries.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_answer_is_believed_for_a_minute_at_most() {
        let (address, _) = server().await;
        let resolver = asking(&[address]);
        // The server allows an hour; the second answer is the remembered one.
        for _ in 0..2 {
            let found = resolver.lookup_ip("good.example.com.").await.unwrap();
            assert!(found.valid_until() <= std::time::Instant::now() + MAX_TTL);
        }
    }

    #[tokio::test]
    async fn silence_ends_within_the_budget_and_does_not_cost_the_other_family() {
        let (address, _) = server().await;
        let resolver = asking(&[address]);
        for (name, found) in [("silent.example.com", 0), ("half.example.com", 1)] {
            let begun = Instant::now();
            let answer = look_up(&resolver, name).await;
            assert!(begun.elapsed() < BUDGET, "{name}: {:?}", begun.elapsed());
            match found {
                0 => assert_eq!(answer, Err(LookupError::TimedOut)),
                _ => assert_eq!(answer.unwrap().len(), found, "{name}"),
            }
        }
    }

    #[tokio::test]
    async fn a_dead_server_does_not_stop_the_other() {
        let dead = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (alive, _) = server().await;
        let resolver = asking(&[dead.local_addr().unwrap(), alive]);
        assert_eq!(look_up(&resolver, "good.example.com").await.unwrap().len(), 2);
    }

    #[test]
    fn the_hosts_file_is_never_asked() {
        let options = adjusted(ResolverOpts::default(), BUDGET);
        assert_eq!(options.use_hosts_file, ResolveHosts::Never);
    }
}
