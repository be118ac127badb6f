//! Which addresses may be called: the one verdict for literals in a URL, for every DNS answer and for the
//! connected peer.
//!
//! It knows nothing of DNS, sockets or interfaces; whoever connects asks [`EgressPolicy::check_address`] about
//! each address, and again about the peer. The form of the URL is `webhook_url`'s business.
//!
//! The order is fixed: what the operator allowed (a host, then a network), then the tables of refused
//! networks, and last the server's own listeners, which nothing overrides.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Host;

use crate::webhook_url::{WebhookUrl, malformed_name};

/// Why an address or a URL is refused.
///
/// Its text is one clause for people: what is wrong, the rule, and the settings that would allow it. It repeats
/// the host as the URL writes it, never an address that a name resolved to: that would let anybody who can
/// create a webhook read the internal DNS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable short name of the rule, such as `ip.loopback`, `host.trailing-dot` or `port`.
    pub rule: &'static str,
    /// The setting with which an operator could allow it, the one that opens least; none if nothing can.
    pub setting: Option<&'static str>,
    message: String,
}

impl Refusal {
    pub(crate) fn new(rule: &'static str, setting: Option<&'static str>, what: &dyn fmt::Display) -> Refusal {
        let message = match setting {
            Some(setting) => format!("{what} (rule {rule}); the operator can allow it with {setting}"),
            None => format!("{what} (rule {rule})"),
        };
        Refusal { rule, setting, message }
    }

    /// Of an address: first what opens only its host, then what opens more.
    fn of_address(rule: &'static str, what: &dyn fmt::Display) -> Refusal {
        let refusal = Refusal::new(rule, Some("egress.allow_hosts"), what);
        let message = format!("{}, or its whole network with egress.allow_networks", refusal.message);
        Refusal { message, ..refusal }
    }
}

/// What the operator of this instance lets webhooks reach beyond the public Internet over `https`.
///
/// The default allows nothing extra. It belongs to the instance, never to an account: whoever may create a
/// webhook must not be able to widen it.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    /// Lets URLs use `http`, and port 80.
    pub allow_http: bool,
    /// Networks exempt from every address rule. An IPv4 network covers its IPv4-mapped IPv6 form as well.
    pub allow_networks: Vec<IpNet>,
    /// Hosts exempt from the name, port and address rules.
    pub allow_hosts: Vec<HostRule>,
    /// Ports allowed in addition to the usual ones. Port 0 stays refused.
    pub allow_ports: Vec<u16>,
    /// Judges a NAT64 address (RFC 6052, `64:ff9b::/96`) by the IPv4 address in it instead of refusing it.
    pub allow_nat64: bool,
    /// Where this server listens. An unspecified address (`0.0.0.0`, `::`) stands for every loopback address;
    /// the other interfaces cannot be known here, so the caller lists them beside it.
    pub own_listeners: Vec<SocketAddr>,
}

impl EgressPolicy {
    /// Decides whether a connection for `url` may go to `address`.
    ///
    /// The same question is asked of a literal in the URL, of every answer of the resolver, and of the peer
    /// once connected. With `127.0.0.0/8` allowed, the host `localhost` may also resolve to `::1`.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with a rule `ip.…` or `ip6.…` when the address lies in a refused network (IANA IPv4 and
    /// IPv6 Special-Purpose Address Registries, RFC 6890), with `ip.self` when it is a listener of this
    /// server, and with `port` when it is not the port of the URL.
    pub fn check_address(&self, url: &WebhookUrl, address: SocketAddr) -> Result<(), Refusal> {
        if address.port() != url.port() {
            return Err(Refusal::new("port", None, &"the connection goes to another port than the URL's"));
        }
        let host = Destination(url);
        let exempt = self.names_host(url) || (self.allows_as_localhost(url) && address.ip().is_loopback());
        if !exempt && let Some(Verdict { rule, what }) = self.refused_network(address.ip()) {
            let what = format_args!("{host} {what}");
            return Err(match rule {
                rule if rule == NAT64.rule => Refusal::new(rule, Some("egress.allow_nat64"), &what),
                rule => Refusal::of_address(rule, &what),
            });
        }
        if self.is_own_listener(address) {
            return Err(Refusal::new("ip.self", None, &format_args!("{host} this server itself")));
        }
        Ok(())
    }

    /// True if `allow_hosts` has the URL's host, for its port.
    pub(crate) fn names_host(&self, url: &WebhookUrl) -> bool {
        self.allow_hosts
            .iter()
            .any(|rule| rule.host == url.host_text() && rule.port.is_none_or(|port| port == url.port()))
    }

    /// True if the URL's host is the name `localhost` and the whole IPv4 loopback network is allowed.
    pub(crate) fn allows_as_localhost(&self, url: &WebhookUrl) -> bool {
        let loopback = IpNet::V4(LOOPBACK);
        url.host_text() == "localhost"
            && self.allow_networks.iter().any(|network| network.contains(&loopback))
    }

    fn refused_network(&self, ip: IpAddr) -> Option<Verdict> {
        let canonical = ip.to_canonical();
        if self.allow_networks.iter().any(|network| network.contains(&ip) || network.contains(&canonical)) {
            return None;
        }
        match ip {
            IpAddr::V4(ip) => find(REFUSED_V4, |network| network.contains(&ip)),
            IpAddr::V6(ip) => match nat64_target(ip) {
                Some(target) if self.allow_nat64 => self.refused_network(IpAddr::V4(target)),
                Some(_) => Some(NAT64),
                None => refused_v6(ip),
            },
        }
    }

    fn is_own_listener(&self, address: SocketAddr) -> bool {
        let ip = reached(address.ip());
        self.own_listeners.iter().any(|listener| {
            let own = listener.ip().to_canonical();
            listener.port() == address.port() && (own == ip || (own.is_unspecified() && ip.is_loopback()))
        })
    }
}

/// One entry of `allow_hosts`: a host, on one port or on any.
///
/// It is read from `host`, `host:port`, `[IPv6]` or `[IPv6]:port` and keeps the host in the form that the
/// WHATWG URL parser gives the host of a URL, so that the two compare as strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRule {
    host: String,
    /// None for any port.
    port: Option<u16>,
}

impl FromStr for HostRule {
    type Err = HostRuleError;

    fn from_str(text: &str) -> Result<HostRule, HostRuleError> {
        // The colons inside brackets belong to an IPv6 address.
        let after_brackets = text.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match text[after_brackets..].rfind(':') {
            Some(colon) => {
                let (host, port) = text.split_at(after_brackets + colon);
                (host, Some(parse_port(&port[1..])?))
            }
            None => (text, None),
        };
        let host = Host::parse(host)?;
        if let Host::Domain(name) = &host {
            check_exact_name(name).map_err(HostRuleError::Name)?;
        }
        Ok(HostRule { host: host.to_string(), port })
    }
}

/// Writes the rule as it may be read again.
impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// Why a text is not a [`HostRule`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostRuleError {
    /// The host does not parse (WHATWG URL, host parsing). An IPv6 address needs its brackets.
    #[error("not a host, host:port, [IPv6 address] or [IPv6 address]:port")]
    Host(#[from] url::ParseError),
    /// What follows the last colon is not a port.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// The host parses, but no accepted URL has it: it is no DNS name (RFC 1035, section 2.3.4) or a pattern.
    #[error("the host {0}")]
    Name(&'static str),
}

/// Refuses a name that no accepted URL has; such a rule would silently match nothing.
fn check_exact_name(name: &str) -> Result<(), &'static str> {
    if name.ends_with('.') {
        return Err("ends with a dot");
    }
    if name.contains('*') {
        return Err("is a pattern, but only exact hosts can be allowed");
    }
    malformed_name(name).map_or(Ok(()), |malformed| Err(malformed.what))
}

fn parse_port(text: &str) -> Result<u16, HostRuleError> {
    // A sign is a number to `parse`, but not a port.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0).ok_or(HostRuleError::Port)
}

/// A rule and what an address under it is, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) rule: &'static str,
    pub(crate) what: &'static str,
}

/// The beginning of a sentence that a [`Verdict`] ends. For a name it does not tell the address.
struct Destination<'a>(&'a WebhookUrl);

impl fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if matches!(self.0.host(), Host::Domain(_)) { "leads to" } else { "is" };
        write!(f, "the host {} {verb}", self.0.host_text())
    }
}

type Row<N> = (N, Verdict);

fn find<N>(table: &[Row<N>], contains: impl Fn(&N) -> bool) -> Option<Verdict> {
    table.iter().find(|(network, _)| contains(network)).map(|(_, verdict)| *verdict)
}

fn refused_v6(ip: Ipv6Addr) -> Option<Verdict> {
    find(REFUSED_V6, |network| network.contains(&ip))
        .or_else(|| (!GLOBAL_UNICAST.contains(&ip)).then_some(NOT_GLOBAL))
        .or_else(|| is_isatap(ip).then_some(ISATAP))
}

/// RFC 5214, section 6.1: the interface identifier `0:5efe` or `200:5efe` before an IPv4 address.
fn is_isatap(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [_, _, _, _, 0x0000 | 0x0200, 0x5efe, _, _])
}

/// The IPv4 address that a NAT64 gateway would call (RFC 6052, section 2.1).
fn nat64_target(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = ip.octets();
    NAT64_WELL_KNOWN.contains(&ip).then_some(Ipv4Addr::new(a, b, c, d))
}

/// The address that answers in the end: an unspecified destination reaches this machine, a mapped one IPv4.
fn reached(ip: IpAddr) -> IpAddr {
    let ip = match ip {
        IpAddr::V6(v6) => nat64_target(v6).map_or(ip.to_canonical(), IpAddr::V4),
        IpAddr::V4(_) => ip,
    };
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

const fn verdict(rule: &'static str, what: &'static str) -> Verdict {
    Verdict { rule, what }
}

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// From the first four groups: no network here needs the others.
const fn v6([a, b, c, d]: [u16; 4], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)
}

const LOOPBACK: Ipv4Net = v4([127, 0, 0, 0], 8);
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0], 3); // RFC 4291, section 2.4
const NAT64_WELL_KNOWN: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96); // RFC 6052, section 2.1

// Each continues "the host … is" or "leads to".
const AMT: Verdict = verdict("ip.amt", "an address of the multicast tunnel relays");
const AS112: Verdict = verdict("ip.as112", "an address of the AS112 anycast service");
const AZURE: Verdict = verdict("ip.azure-wireserver", "an address of Azure's own services");
const BENCHMARK: Verdict = verdict("ip.benchmark", "an address for benchmarks");
const DISCARD: Verdict = verdict("ip6.discard", "an address whose packets are discarded");
const DOCUMENTATION: Verdict = verdict("ip.documentation", "an address for documentation");
const DUMMY: Verdict = verdict("ip6.dummy", "an address of the dummy prefix");
const IETF: Verdict = verdict("ip.ietf-192.0.0/24", "an address for protocols");
const IETF_V6: Verdict = verdict("ip6.2001-block", "an address for protocols");
const ISATAP: Verdict = verdict("ip6.isatap", "an ISATAP tunnel address");
const LINK_LOCAL: Verdict = verdict("ip.link-local", "a link-local address");
const LOCAL_HOST: Verdict = verdict("ip.loopback", "a loopback address");
const MULTICAST: Verdict = verdict("ip.multicast", "a multicast address");
const NAT64: Verdict = verdict("ip6.nat64", "an address behind a NAT64 gateway");
const NOT_GLOBAL: Verdict = verdict("ip6.not-global-unicast", "no public IPv6 address");
const PRIVATE: Verdict = verdict("ip.rfc1918", "an address of a private network");
const RESERVED: Verdict = verdict("ip.reserved/broadcast", "a reserved address");
const RESERVED_V6: Verdict = verdict("ip6.reserved-block", "an address of the block ::/8");
const SHARED: Verdict = verdict("ip.cgnat", "a shared address of a provider");
const SITE_LOCAL: Verdict = verdict("ip.site-local", "a site-local address");
const SIX_TO_FOUR: Verdict = verdict("ip6.6to4", "a 6to4 tunnel address");
const SIX_TO_FOUR_RELAY: Verdict = verdict("ip.6to4-relay", "an address of the 6to4 relays");
const SRV6: Verdict = verdict("ip.srv6", "a segment routing identifier");
const THIS_NETWORK: Verdict = verdict("ip.this-network", "an unspecified address");
const UNIQUE_LOCAL: Verdict = verdict("ip.ula", "a unique local address");

/// IANA IPv4 Special-Purpose Address Registry, and multicast.
const REFUSED_V4: &[Row<Ipv4Net>] = &[
    (v4([0, 0, 0, 0], 8), THIS_NETWORK), // RFC 791
    (v4([10, 0, 0, 0], 8), PRIVATE),     // RFC 1918
    (v4([100, 64, 0, 0], 10), SHARED),   // RFC 6598
    (LOOPBACK, LOCAL_HOST),              // RFC 1122
    // Public by number, yet on an Azure machine it is the platform's agent service.
    (v4([168, 63, 129, 16], 32), AZURE),
    (v4([169, 254, 0, 0], 16), LINK_LOCAL), // RFC 3927; most clouds serve metadata here
    (v4([172, 16, 0, 0], 12), PRIVATE),     // RFC 1918
    (v4([192, 0, 0, 0], 24), IETF),         // RFC 6890
    (v4([192, 0, 2, 0], 24), DOCUMENTATION), // RFC 5737
    (v4([192, 31, 196, 0], 24), AS112),     // RFC 7535
    (v4([192, 52, 193, 0], 24), AMT),       // RFC 7450
    (v4([192, 88, 99, 0], 24), SIX_TO_FOUR_RELAY), // RFC 7526
    (v4([192, 168, 0, 0], 16), PRIVATE),    // RFC 1918
    (v4([192, 175, 48, 0], 24), AS112),     // RFC 7534
    (v4([198, 18, 0, 0], 15), BENCHMARK),   // RFC 2544
    (v4([198, 51, 100, 0], 24), DOCUMENTATION), // RFC 5737
    (v4([203, 0, 113, 0], 24), DOCUMENTATION), // RFC 5737
    (v4([224, 0, 0, 0], 4), MULTICAST),     // RFC 5771
    (v4([240, 0, 0, 0], 4), RESERVED),      // RFC 1112, with broadcast (RFC 919)
];

/// IANA IPv6 Special-Purpose Address Registry. The rows outside `2000::/3` only give the refusal a better name:
/// without them `ip6.not-global-unicast` would refuse the same addresses.
const REFUSED_V6: &[Row<Ipv6Net>] = &[
    // RFC 4291: unspecified, loopback, IPv4-compatible and -mapped; RFC 8215: local NAT64.
    (v6([0, 0, 0, 0], 8), RESERVED_V6),
    (v6([0x100, 0, 0, 0], 64), DISCARD), // RFC 6666
    (v6([0x100, 0, 0, 1], 64), DUMMY),   // RFC 9780
    // RFC 2928; inside it Teredo (RFC 4380), benchmarks (RFC 5180), ORCHID (RFC 7343) and others.
    (v6([0x2001, 0, 0, 0], 23), IETF_V6),
    (v6([0x2001, 0xdb8, 0, 0], 32), DOCUMENTATION), // RFC 3849
    (v6([0x2002, 0, 0, 0], 16), SIX_TO_FOUR),       // RFC 3056
    (v6([0x2620, 0x4f, 0x8000, 0], 48), AS112),     // RFC 7534
    (v6([0x3fff, 0, 0, 0], 20), DOCUMENTATION),     // RFC 9637
    (v6([0x5f00, 0, 0, 0], 16), SRV6),              // RFC 9602
    (v6([0xfc00, 0, 0, 0], 7), UNIQUE_LOCAL),       // RFC 4193
    (v6([0xfe80, 0, 0, 0], 10), LINK_LOCAL),        // RFC 4291
    (v6([0xfec0, 0, 0, 0], 10), SITE_LOCAL),        // RFC 3879
    (v6([0xff00, 0, 0, 0], 8), MULTICAST),          // RFC 4291
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> WebhookUrl {
        let policy = EgressPolicy {
            allow_http: true,
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            allow_hosts: vec!["intern".parse().unwrap()],
            ..EgressPolicy::default()
        };
        WebhookUrl::parse(text, &policy).unwrap()
    }

    fn with_networks(networks: &[&str]) -> EgressPolicy {
        EgressPolicy {
            allow_networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
            ..EgressPolicy::default()
        }
    }

    /// The rule that refuses this address as an answer for a name; empty if none does.
    fn rule(policy: &EgressPolicy, ip: &str) -> &'static str {
        let address = SocketAddr::new(ip.parse().unwrap(), 443);
        let verdict = policy.check_address(&url("https://hooks.example.com/"), address);
        verdict.map_or_else(|refusal| refusal.rule, |()| "")
    }

    /// The same for a literal.
    fn literal_rule(policy: &EgressPolicy, host: &str) -> &'static str {
        WebhookUrl::parse(&format!("https://{host}/"), policy).map_or_else(|refusal| refusal.rule, |_| "")
    }

    #[test]
    fn each_network_is_refused_from_its_first_to_its_last_address() {
        let policy = EgressPolicy::default();
        for (network, verdict) in REFUSED_V4 {
            for ip in [network.network(), network.broadcast()] {
                assert_eq!(rule(&policy, &ip.to_string()), verdict.rule, "{ip}");
                assert_eq!(literal_rule(&policy, &ip.to_string()), verdict.rule, "{ip}");
            }
        }
        for (network, verdict) in REFUSED_V6 {
            for ip in [network.network(), network.broadcast()] {
                assert_eq!(rule(&policy, &ip.to_string()), verdict.rule, "{ip}");
                assert_eq!(literal_rule(&policy, &format!("[{ip}]")), verdict.rule, "{ip}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_refused_networks_are_accepted() {
        let neighbours = "9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
            169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 \
            192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 \
            203.0.114.0 223.255.255.255 168.63.129.15 168.63.129.17 192.31.195.255 192.31.197.0 192.52.192.255 \
            192.52.194.0 192.175.47.255 192.175.49.0 1.0.0.0 2000::1 2001:200:: 2001:db7:ffff::1 2001:db9:: \
            2001:ffff:: 2003:: 2620:4f:7fff::1 2620:4f:8001:: 3ffe:ffff::1 3fff:1000:: 3fff:ffff::1 \
            2606:4700::5eff:a00:1 2606:4700::100:5efe:a00:1";
        for ip in neighbours.split_whitespace() {
            assert_eq!(rule(&EgressPolicy::default(), ip), "", "{ip}");
            let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
            assert_eq!(literal_rule(&EgressPolicy::default(), &host), "", "{ip}");
        }
    }

    #[test]
    fn ipv6_outside_global_unicast_is_refused_whatever_it_embeds() {
        for (ip, expected) in [
            ("::", "ip6.reserved-block"),
            ("::ffff:8.8.8.8", "ip6.reserved-block"),
            ("::ffff:0:127.0.0.1", "ip6.reserved-block"),
            ("64:ff9b:1::808:808", "ip6.reserved-block"),
            ("64:ff9b::808:808", "ip6.nat64"),
            ("ff:ffff::1", "ip6.reserved-block"),
            ("100:0:0:2::1", "ip6.not-global-unicast"),
            ("1fff:ffff::1", "ip6.not-global-unicast"),
            ("4000::", "ip6.not-global-unicast"),
            ("e000::1", "ip6.not-global-unicast"),
            ("fe00::1", "ip6.not-global-unicast"),
            ("2001:1ff:ffff::1", "ip6.2001-block"),
            ("2002:7f00:1::1", "ip6.6to4"),
            ("2606:4700::200:5efe:a00:1", "ip6.isatap"),
        ] {
            assert_eq!(rule(&EgressPolicy::default(), ip), expected, "{ip}");
        }
    }

    #[test]
    fn an_allowed_network_overrides_every_address_rule() {
        let policy = with_networks(&["127.0.0.0/8", "10.1.0.0/16", "fd00::/8", "224.0.0.0/4"]);
        for ip in ["127.0.0.1", "10.1.2.3", "fd00::1", "224.0.0.1", "::ffff:10.1.0.0"] {
            assert_eq!(rule(&policy, ip), "", "{ip}");
        }
        assert_eq!(rule(&policy, "10.2.0.0"), "ip.rfc1918");
        assert_eq!(rule(&policy, "::1"), "ip6.reserved-block");
        assert_eq!(rule(&policy, "::7f00:1"), "ip6.reserved-block");
        assert_eq!(rule(&policy, "64:ff9b::7f00:1"), "ip6.nat64");
        assert_eq!(rule(&with_networks(&["::/0"]), "127.0.0.1"), "ip.loopback");
    }

    #[test]
    fn nat64_inherits_the_verdict_of_the_ipv4_address_when_allowed() {
        let policy = EgressPolicy { allow_nat64: true, ..with_networks(&["10.0.0.0/8"]) };
        assert_eq!(rule(&policy, "64:ff9b::808:808"), "");
        assert_eq!(rule(&policy, "64:ff9b::a9fe:a9fe"), "ip.link-local");
        assert_eq!(rule(&policy, "64:ff9b::a00:1"), "");
        assert_eq!(rule(&policy, "64:ff9b:1::808:808"), "ip6.reserved-block");
        let refusal = WebhookUrl::parse("https://[64:ff9b::808:808]/", &EgressPolicy::default()).unwrap_err();
        assert_eq!(refusal.setting, Some("egress.allow_nat64"));
    }

    #[test]
    fn localhost_may_be_either_loopback_where_the_ipv4_one_is_allowed() {
        let policy = with_networks(&["127.0.0.0/8"]);
        let localhost = url("https://localhost:8443/");
        for ip in ["127.0.0.1:8443", "127.9.9.9:8443", "[::1]:8443"] {
            assert_eq!(policy.check_address(&localhost, ip.parse().unwrap()), Ok(()), "{ip}");
        }
        let elsewhere = policy.check_address(&localhost, "10.0.0.1:8443".parse().unwrap());
        assert_eq!(elsewhere.unwrap_err().rule, "ip.rfc1918");
        let closed = EgressPolicy::default().check_address(&localhost, "[::1]:8443".parse().unwrap());
        assert_eq!(closed.unwrap_err().rule, "ip6.reserved-block");
    }

    #[test]
    fn nothing_overrides_the_rule_about_own_listeners() {
        let policy = |listeners: &[&str]| EgressPolicy {
            allow_hosts: vec!["intern".parse().unwrap()],
            own_listeners: listeners.iter().map(|text| text.parse().unwrap()).collect(),
            ..with_networks(&["0.0.0.0/0", "::/0"])
        };
        let check = |listener: &str, to: &str, own: bool| {
            let address = to.parse().unwrap();
            let verdict = policy(&[listener]).check_address(&url("https://intern:8080/"), address);
            let rule = verdict.map_or_else(|refusal| refusal.rule, |()| "");
            assert_eq!(rule, if own { "ip.self" } else { "" }, "{listener} and {to}");
        };
        for wildcard in ["0.0.0.0:8080", "[::]:8080"] {
            for to in [
                "127.0.0.1",
                "127.9.9.9",
                "[::1]",
                "[::ffff:127.0.0.1]",
                "0.0.0.0",
                "[::]",
                "[64:ff9b::7f00:1]",
            ] {
                check(wildcard, &format!("{to}:8080"), true);
            }
            check(wildcard, "10.0.0.1:8080", false);
        }
        check("127.0.0.1:8080", "127.0.0.1:8080", true);
        check("127.0.0.1:8080", "0.0.0.0:8080", true);
        check("127.0.0.1:8080", "[::ffff:127.0.0.1]:8080", true);
        check("[::ffff:127.0.0.1]:8080", "127.0.0.1:8080", true);
        check("127.0.0.1:8080", "127.0.0.2:8080", false);
        check("127.0.0.1:8081", "127.0.0.1:8080", false);
        check("11.0.0.5:8080", "11.0.0.5:8080", true);
        check("[2003::5]:8080", "[2003::5]:8080", true);
    }

    #[test]
    fn a_literal_of_an_own_listener_is_refused_when_the_url_is_read() {
        let policy =
            EgressPolicy { own_listeners: vec!["11.0.0.5:8443".parse().unwrap()], ..EgressPolicy::default() };
        assert_eq!(literal_rule(&policy, "11.0.0.5:8443"), "ip.self");
        assert_eq!(literal_rule(&policy, "11.0.0.5"), "");
    }

    #[test]
    fn a_connection_to_another_port_than_the_urls_is_refused() {
        let to = "11.0.0.5:0".parse().unwrap();
        let refusal =
            EgressPolicy::default().check_address(&url("https://hooks.example.com/"), to).unwrap_err();
        assert_eq!((refusal.rule, refusal.setting), ("port", None));
    }

    #[test]
    fn a_refusal_names_rule_and_setting_but_no_address_that_was_not_typed() {
        let to = "127.0.0.1:443".parse().unwrap();
        let refusal =
            EgressPolicy::default().check_address(&url("https://hooks.example.com/"), to).unwrap_err();
        let expected = "the host hooks.example.com leads to a loopback address (rule ip.loopback); \
            the operator can allow it with egress.allow_hosts, or its whole network with egress.allow_networks";
        assert_eq!((refusal.setting, refusal.to_string().as_str()), (Some("egress.allow_hosts"), expected));
        let refusal = WebhookUrl::parse("https://2130706433/", &EgressPolicy::default()).unwrap_err();
        assert!(
            refusal.to_string().starts_with("the host 127.0.0.1 is a loopback address (rule ip.loopback)")
        );
    }

    #[test]
    fn a_host_rule_is_read_in_canonical_form_and_written_back() {
        for (text, written) in [
            ("Hooks.Example.com", "hooks.example.com"),
            ("bücher.example:8443", "xn--bcher-kva.example:8443"),
            ("localhost:443", "localhost:443"),
            ("0x7f.1:80", "127.0.0.1:80"),
            ("[0:0::1]", "[::1]"),
            ("[::1]:65535", "[::1]:65535"),
        ] {
            let rule: HostRule = text.parse().unwrap();
            assert_eq!(rule.to_string(), written);
            assert_eq!(written.parse(), Ok(rule));
        }
    }

    #[test]
    fn a_host_rule_that_could_never_match_is_an_error() {
        for text in [
            "",
            ":80",
            "a:",
            "a:0",
            "a:+1",
            "a:65536",
            "a:b",
            "::1",
            "fd00::1",
            "[::1",
            "[::1]x",
            "[::1]x:1",
            "a b",
            "a/b",
            "https://a",
            "u@a",
            "a.",
            "a..b",
            "*.example.com",
            "10.0.0.0/8",
        ] {
            assert!(text.parse::<HostRule>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_rule_for_one_port_frees_no_other() {
        let policy = EgressPolicy {
            allow_hosts: vec!["hooks.example.com:8443".parse().unwrap()],
            ..EgressPolicy::default()
        };
        let check = |text: &str, to: &str| policy.check_address(&url(text), to.parse().unwrap()).is_ok();
        assert!(check("https://hooks.example.com:8443/", "10.0.0.1:8443"));
        assert!(!check("https://hooks.example.com:8444/", "10.0.0.1:8444"));
        assert!(!check("https://example.com:8443/", "10.0.0.1:8443"));
    }

    fn refused_v4_address() -> impl Strategy<Value = (Ipv4Addr, &'static str)> {
        (0..REFUSED_V4.len(), any::<u32>()).prop_map(|(row, offset)| {
            let (network, verdict) = &REFUSED_V4[row];
            let host_bits = !u32::from(network.netmask()) & offset;
            (Ipv4Addr::from_bits(network.network().to_bits() | host_bits), verdict.rule)
        })
    }

    /// All the ways in which a URL may write an IPv4 address.
    fn spellings(ip: Ipv4Addr) -> Vec<String> {
        let (n, [a, b, c, d]) = (ip.to_bits(), ip.octets());
        let dotted = ip.to_string();
        let full_width = |c: char| char::from_u32(u32::from(c) - 0x21 + 0xff01).unwrap();
        vec![
            format!("{n}"),
            format!("{n:#x}"),
            format!("{n:#X}").replace("0X", "0X000"),
            format!("0{n:o}"),
            format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
            format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            format!("{a}.{}", n & 0xff_ffff),
            format!("{a}.{b:#x}.0{:o}", n & 0xffff),
            format!("{dotted}."),
            dotted.replace('.', "%2e"),
            dotted.replace('.', "。"),
            dotted.chars().map(full_width).collect(),
            dotted.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            dotted,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_refused_ipv4_address_is_refused_in_every_spelling((ip, expected) in refused_v4_address()) {
            let policy = EgressPolicy { allow_nat64: true, ..EgressPolicy::default() };
            prop_assert_eq!(rule(&policy, &ip.to_string()), expected);
            for host in spellings(ip) {
                prop_assert_eq!(literal_rule(&policy, &host), expected, "{}", host);
            }
            let [a, b] = [ip.to_bits() >> 16, ip.to_bits() & 0xffff];
            prop_assert_eq!(literal_rule(&policy, &format!("[64:ff9b::{ip}]")), expected);
            for host in [
                format!("[::ffff:{ip}]"),
                format!("[::ffff:{a:x}:{b:x}]"),
                format!("[0:0:0:0:0:FFFF:{a:X}:{b:X}]"),
                format!("[::ffff:0:{ip}]"),
                format!("[::{ip}]"),
                format!("[64:ff9b:1::{ip}]"),
            ] {
                prop_assert_eq!(literal_rule(&policy, &host), "ip6.reserved-block", "{}", host);
            }
            prop_assert_eq!(literal_rule(&policy, &format!("[2002:{a:x}:{b:x}::1]")), "ip6.6to4");
            prop_assert_eq!(literal_rule(&policy, &format!("[2003::5efe:{a:x}:{b:x}]")), "ip6.isatap");
        }

        #[test]
        fn only_global_unicast_ipv6_is_ever_accepted(bits in any::<u128>()) {
            let ip = Ipv6Addr::from_bits(bits);
            let accepted = rule(&EgressPolicy::default(), &ip.to_string()).is_empty();
            prop_assert!(!accepted || (0x2000..0x4000).contains(&ip.segments()[0]));
        }

        #[test]
        fn no_text_makes_a_host_rule_panic(text in any::<String>(), port in any::<u16>()) {
            for text in [text.clone(), format!("{text}:{port}"), format!("[{text}]:{port}")] {
                if let Ok(rule) = text.parse::<HostRule>() {
                    prop_assert_eq!(rule.to_string().parse(), Ok(rule));
                }
            }
        }
    }
}
