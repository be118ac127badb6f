//! The endpoint URL of a webhook, known to be one that this instance may call.
//!
//! The text is parsed once, by the WHATWG URL parser, and the parsed object is what gets called: a second
//! parser that reads the same text differently is how such checks are bypassed. It knows nothing of DNS; what
//! a name resolves to is judged later, by [`EgressPolicy::check_address`].

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, ParseError, Position, Url};

use crate::address::{EgressPolicy, Refusal, Verdict};

/// Longest endpoint URL in bytes, as typed and in its canonical form.
pub const MAX_LENGTH: usize = 2048;

/// The address of a receiver, checked and in canonical ASCII form (WHATWG URL, "URL serializing").
///
/// Always `http` or `https`, always with a host, never with a user, a password or a fragment. The debug form
/// leaves out path and query, since receivers keep secrets there and debug forms end up in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Reads a URL and applies every rule that needs no DNS; a literal address goes through
    /// [`EgressPolicy::check_address`].
    ///
    /// A stored URL is read again before it is called: the operator may have changed the policy since.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] in this order of rules: `length`, `raw.chars`, `parse` (WHATWG URL), `scheme`,
    /// `userinfo`, `fragment`, then for a name `host.empty-label`, `host.label-length`, `host.length`
    /// (RFC 1035), `host.single-label`, `host.special-use` (RFC 6761) and `host.trailing-dot`, for a literal
    /// those of `check_address`, and last `port`.
    pub fn parse(text: &str, policy: &EgressPolicy) -> Result<WebhookUrl, Refusal> {
        check_length(text)?;
        check_characters(text)?;
        let parsed = Url::parse(text).map_err(unreadable)?;
        check_scheme(&parsed, policy)?;
        if has_userinfo(text) {
            return Err(refuse("userinfo", "the URL has a user name, a password or an @ before its host"));
        }
        if parsed.fragment().is_some() {
            return Err(refuse("fragment", "the URL has a fragment (#), which is never sent"));
        }
        check_length(parsed.as_str())?;
        let url = WebhookUrl(parsed);
        match url.host() {
            Host::Domain(name) => check_name(name, &url, policy)?,
            Host::Ipv4(ip) => policy.check_address(&url, SocketAddr::new(IpAddr::V4(ip), url.port()))?,
            Host::Ipv6(ip) => policy.check_address(&url, SocketAddr::new(IpAddr::V6(ip), url.port()))?,
        }
        check_port(&url, policy)?;
        Ok(url)
    }

    /// The whole URL in canonical form.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host as the parser understood it: whatever its spelling, an address is an address.
    pub fn host(&self) -> Host<&str> {
        self.0.host().expect("the parser gives every http and https URL a host")
    }

    /// The host as the URL writes it; an IPv6 address keeps its brackets.
    pub fn host_text(&self) -> &str {
        self.0.host_str().expect("the parser gives every http and https URL a host")
    }

    /// The port to connect to, which the scheme implies if the URL names none.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().expect("http and https have default ports")
    }

    /// True if the connection is to be encrypted.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The value of the `Host` header (RFC 9110, section 7.2): the port only where it is not the scheme's own.
    pub fn authority(&self) -> &str {
        &self.0[Position::BeforeHost..Position::AfterPort]
    }

    /// The request target (RFC 9112, section 3.2.1). It starts with a slash.
    pub fn path_and_query(&self) -> &str {
        &self.0[Position::BeforePath..Position::AfterQuery]
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}://{}/…)", self.0.scheme(), self.authority())
    }
}

fn refuse(rule: &'static str, what: &str) -> Refusal {
    Refusal::new(rule, None, &what)
}

fn check_length(text: &str) -> Result<(), Refusal> {
    if text.len() <= MAX_LENGTH {
        return Ok(());
    }
    Err(Refusal::new("length", None, &format_args!("the URL is longer than {MAX_LENGTH} bytes")))
}

/// Refuses what the parser would silently drop or rewrite, so that the URL says what its reader sees.
fn check_characters(text: &str) -> Result<(), Refusal> {
    let unsafe_character = |c: char| c == '\\' || c.is_control() || c.is_whitespace() || is_invisible(c);
    let Some(found) = text.chars().find(|c| unsafe_character(*c)) else {
        return Ok(());
    };
    let what = match found {
        '\\' => "a backslash",
        c if c.is_control() => "a control character",
        c if c.is_whitespace() => "white space",
        _ => "an invisible character",
    };
    let code = u32::from(found);
    Err(Refusal::new("raw.chars", None, &format_args!("the URL contains {what} (U+{code:04X})")))
}

fn is_invisible(c: char) -> bool {
    let code = u32::from(c);
    INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

fn unreadable(error: ParseError) -> Refusal {
    match error {
        ParseError::RelativeUrlWithoutBase => refuse("parse", "the URL does not start with https://"),
        other => Refusal::new("parse", None, &format_args!("the text is not a valid URL: {other}")),
    }
}

fn check_scheme(url: &Url, policy: &EgressPolicy) -> Result<(), Refusal> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if policy.allow_http => Ok(()),
        "http" => {
            let what = "the URL uses http, which does not encrypt what is sent";
            Err(Refusal::new("scheme", Some("egress.allow_http"), &what))
        }
        _ => Err(refuse("scheme", "the URL does not use https")),
    }
}

/// Looks at the raw text, because the parser drops an empty user name without a trace. For `http` and `https`
/// the authority follows any number of slashes; backslashes are refused by now.
fn has_userinfo(text: &str) -> bool {
    let after_scheme = text.split_once(':').map_or("", |(_, rest)| rest).trim_start_matches('/');
    after_scheme.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

fn check_name(name: &str, url: &WebhookUrl, policy: &EgressPolicy) -> Result<(), Refusal> {
    let undotted = name.strip_suffix('.').unwrap_or(name);
    if let Some(Verdict { rule, what }) = malformed_name(undotted) {
        return Err(Refusal::new(rule, None, &format_args!("the host {what}")));
    }
    if !policy.names_host(url) && !policy.allows_as_localhost(url) {
        // Allowing a host does not help the same name with a dot at its end.
        let setting = (undotted == name).then_some("egress.allow_hosts");
        if !undotted.contains('.') {
            let what = format_args!("the host {name} has no domain and so means this network only");
            return Err(Refusal::new("host.single-label", setting, &what));
        }
        if let Some(domain) = SPECIAL_USE.iter().find(|domain| is_under(undotted, domain)) {
            let what = format_args!("the host {name} is under {domain}, which is not part of the public DNS");
            return Err(Refusal::new("host.special-use", setting, &what));
        }
    }
    if undotted != name {
        return Err(refuse("host.trailing-dot", "the host ends with a dot"));
    }
    Ok(())
}

/// Why a parsed host cannot be a DNS name (RFC 1035, section 2.3.4); the words continue "the host …".
pub(crate) fn malformed_name(name: &str) -> Option<Verdict> {
    let mut labels = name.split('.');
    if labels.clone().any(str::is_empty) {
        return Some(Verdict { rule: "host.empty-label", what: "has an empty part between its dots" });
    }
    if labels.any(|label| label.len() > 63) {
        return Some(Verdict { rule: "host.label-length", what: "has a part longer than 63 bytes" });
    }
    (name.len() > 253).then_some(Verdict { rule: "host.length", what: "is longer than 253 bytes" })
}

fn is_under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn check_port(url: &WebhookUrl, policy: &EgressPolicy) -> Result<(), Refusal> {
    let port = url.port();
    let usual = match port {
        80 => policy.allow_http,
        443 => true,
        other => other >= 1024 && !BAD_PORTS.contains(&other) && !DATA_PORTS.contains(&other),
    };
    if port != 0 && (usual || policy.allow_ports.contains(&port) || policy.names_host(url)) {
        return Ok(());
    }
    let setting = (port != 0).then_some("egress.allow_ports");
    Err(Refusal::new("port", setting, &format_args!("webhooks are not sent to port {port}")))
}

/// Domains whose names a public resolver does not answer, or answers differently on each network: IANA
/// Special-Use Domain Names (RFC 6761, RFC 6762, RFC 7686; `arpa` includes `home.arpa` of RFC 8375), the name
/// collision domains of ICANN, and what routers and cloud platforms use inside.
const SPECIAL_USE: &[&str] = &[
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "test",
];

/// WHATWG Fetch, "bad port": the ports from 1024 on, since those below are refused anyway.
const BAD_PORTS: &[u16] = &[
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
    6697, 10080,
];

/// Where data stores, container engines and orchestrators listen, often without a password.
const DATA_PORTS: &[u16] =
    &[2375, 2376, 2379, 2380, 3306, 5432, 5984, 6379, 6443, 8500, 9200, 9300, 10250, 11211, 27017];

/// First and last of each run of characters without a shape of their own: Unicode general category Cf, and
/// the property `Default_Ignorable_Code_Point`, which IDNA mapping (UTS #46) drops from a host.
const INVISIBLE: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),   // soft hyphen
    (0x034F, 0x034F),   // combining grapheme joiner
    (0x0600, 0x0605),   // Arabic number signs
    (0x061C, 0x061C),   // Arabic letter mark
    (0x06DD, 0x06DD),   // Arabic end of ayah
    (0x070F, 0x070F),   // Syriac abbreviation mark
    (0x0890, 0x0891),   // Arabic currency marks
    (0x08E2, 0x08E2),   // Arabic disputed end of ayah
    (0x115F, 0x1160),   // Hangul fillers
    (0x17B4, 0x17B5),   // Khmer inherent vowels
    (0x180B, 0x180F),   // Mongolian selectors
    (0x200B, 0x200F),   // zero width, joiners, direction marks
    (0x202A, 0x202E),   // direction embeddings and overrides
    (0x2060, 0x206F),   // word joiner, invisible operators, direction isolates
    (0x3164, 0x3164),   // Hangul filler
    (0xFE00, 0xFE0F),   // variation selectors
    (0xFEFF, 0xFEFF),   // byte order mark
    (0xFFA0, 0xFFA0),   // half-width Hangul filler
    (0xFFF0, 0xFFFB),   // unassigned, interlinear annotation
    (0x110BD, 0x110BD), // Kaithi number signs
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F), // Egyptian hieroglyph joiners
    (0x1BCA0, 0x1BCA3), // shorthand format controls
    (0x1D173, 0x1D17A), // musical format controls
    (0xE0000, 0xE0FFF), // tags, variation selectors supplement
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIXTURE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../suite/fixtures/urls.tsv"));

    struct Row {
        text: String,
        accepted: bool,
        /// None where the text does not parse or has no host.
        host: Option<&'static str>,
        rule: &'static str,
    }

    fn rows() -> Vec<Row> {
        let rows: Vec<Row> = FIXTURE.lines().filter(|line| !line.is_empty()).map(row).collect();
        assert!(rows.len() > 60, "the fixture has only {} rows", rows.len());
        rows
    }

    fn row(line: &'static str) -> Row {
        let [text, verdict, host, reason] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        Row {
            text: text.replace("\\t", "\t").replace("\\r", "\r").replace("\\n", "\n"),
            accepted: verdict == "A",
            host: (host != "-").then_some(host),
            rule: reason.split(" (").next().unwrap(),
        }
    }

    fn open() -> EgressPolicy {
        EgressPolicy { allow_http: true, ..EgressPolicy::default() }
    }

    fn accepted(text: &str, policy: &EgressPolicy) -> WebhookUrl {
        WebhookUrl::parse(text, policy).unwrap_or_else(|refusal| panic!("{text:?}: {refusal}"))
    }

    fn refusal(text: &str, policy: &EgressPolicy) -> Refusal {
        WebhookUrl::parse(text, policy).expect_err(text)
    }

    #[track_caller]
    fn check(text: &str, rule: &str, setting: Option<&str>) {
        let refusal = refusal(text, &EgressPolicy::default());
        assert_eq!((refusal.rule, refusal.setting), (rule, setting), "{text:?}");
        let message = refusal.to_string();
        assert!(message.contains(rule), "{message}");
        assert!(setting.is_none_or(|setting| message.contains(setting)), "{message}");
    }

    #[test]
    fn the_fixture_gets_its_verdicts_and_reasons() {
        for row in rows() {
            match WebhookUrl::parse(&row.text, &EgressPolicy::default()) {
                Ok(url) => {
                    assert!(row.accepted, "{} was accepted", row.text);
                    assert_eq!(Some(url.host_text()), row.host);
                }
                Err(refusal) => {
                    assert!(!row.accepted, "{}: {refusal}", row.text);
                    assert_eq!(refusal.rule, row.rule, "{}: {refusal}", row.text);
                }
            }
        }
    }

    #[test]
    fn the_parser_reads_the_hosts_as_the_fixture_says() {
        for row in rows() {
            let parsed = Url::parse(&row.text);
            assert_eq!(parsed.as_ref().ok().and_then(Url::host_str), row.host, "{}", row.text);
            assert!(row.rule != "parse" || parsed.is_err(), "{} parses", row.text);
        }
    }

    #[test]
    fn a_url_comes_apart_as_a_request_needs_it() {
        let url = accepted("HTTPS://Bücher.Example.COM:443/a%20b?q=é", &open());
        assert_eq!(url.as_str(), "https://xn--bcher-kva.example.com/a%20b?q=%C3%A9");
        assert_eq!(url.to_string(), url.as_str());
        assert_eq!(url.host(), Host::Domain("xn--bcher-kva.example.com"));
        assert_eq!(url.authority(), "xn--bcher-kva.example.com");
        assert_eq!(url.path_and_query(), "/a%20b?q=%C3%A9");
        assert_eq!((url.port(), url.is_https()), (443, true));

        let url = accepted("http://[2606:4700::0001]:8443", &open());
        assert_eq!((url.host_text(), url.authority()), ("[2606:4700::1]", "[2606:4700::1]:8443"));
        assert_eq!((url.port(), url.is_https(), url.path_and_query()), (8443, false, "/"));

        assert_eq!(accepted("https://hooks.example.com:80/", &open()).authority(), "hooks.example.com:80");
        assert_eq!(accepted("http://hooks.example.com:443/", &open()).authority(), "hooks.example.com:443");
    }

    #[test]
    fn the_debug_form_keeps_path_and_query_to_itself() {
        let url = accepted("https://hooks.example.com:8443/secret?key=secret", &open());
        assert_eq!(format!("{url:?}"), "WebhookUrl(https://hooks.example.com:8443/…)");
    }

    #[test]
    fn characters_that_hide_are_refused_wherever_they_stand() {
        for c in ['\\', '\t', '\n', '\r', '\0', '\u{7f}', '\u{85}', ' ', '\u{a0}', '\u{3000}', '\u{2028}']
            .into_iter()
            .chain([
                '\u{ad}',
                '\u{200b}',
                '\u{200d}',
                '\u{202e}',
                '\u{2066}',
                '\u{feff}',
                '\u{fe0f}',
                '\u{e0041}',
            ])
        {
            for text in [
                "https://hooks.exXample.com/",
                "https://hooks.example.com/aXb",
                "https:X//hooks.example.com/",
            ] {
                check(&text.replace('X', &c.to_string()), "raw.chars", None);
            }
            check(&format!("{c}https://hooks.example.com/"), "raw.chars", None);
            check(&format!("https://hooks.example.com/{c}"), "raw.chars", None);
        }
    }

    #[test]
    fn only_https_unless_http_is_allowed() {
        check("http://hooks.example.com/", "scheme", Some("egress.allow_http"));
        check("HTTP://hooks.example.com/", "scheme", Some("egress.allow_http"));
        for text in
            ["ftp://hooks.example.com/", "ws://hooks.example.com/", "data:,x", "javascript:x", "unix:/run/x"]
        {
            check(text, "scheme", None);
            assert_eq!(refusal(text, &open()).rule, "scheme");
        }
        assert_eq!(accepted("http://hooks.example.com/", &open()).port(), 80);
    }

    #[test]
    fn a_text_that_is_no_url_is_refused_in_words() {
        for text in
            ["", "hooks.example.com", "/in", "https://", "https://hooks.example.com:65536/", "https://[::1/"]
        {
            check(text, "parse", None);
        }
        let message = refusal("hooks.example.com/in", &open()).to_string();
        assert_eq!(message, "the URL does not start with https:// (rule parse)");
    }

    #[test]
    fn user_names_are_refused_even_empty_ones() {
        for text in ["https://a@b.example.com/", "https:a@b.example.com", "https:///:@b.example.com?x"] {
            check(text, "userinfo", None);
        }
        for text in ["https://b.example.com/@", "https://b.example.com?@", "https:////b.example.com/a@b"] {
            accepted(text, &open());
        }
    }

    #[test]
    fn the_length_counts_as_typed_and_as_sent() {
        let base = "https://hooks.example.com/";
        let exact = format!("{base}{}", "a".repeat(MAX_LENGTH - base.len()));
        accepted(&exact, &open());
        check(&format!("{exact}a"), "length", None);
        check(&format!("{base}{}", "é".repeat(500)), "length", None);
    }

    #[test]
    fn names_must_be_whole_public_names() {
        let hosts = Some("egress.allow_hosts");
        check("https://kubernetes/", "host.single-label", hosts);
        check("https://localhost/", "host.single-label", hosts);
        check("https://localhost./", "host.single-label", None);
        check("https://com/", "host.single-label", hosts);
        check("https://svc.cluster.local/", "host.special-use", hosts);
        check("https://printer.home.arpa/", "host.special-use", hosts);
        check("https://metadata.google.internal./", "host.special-use", None);
        check("https://.example.com/", "host.empty-label", None);
        check("https://a.example.com../", "host.empty-label", None);
        check(&format!("https://{}.example.com/", "a".repeat(64)), "host.label-length", None);
        accepted(&format!("https://{}.example.com/", "a".repeat(63)), &open());
        let long = "a.".repeat(121) + "example.com";
        assert_eq!(long.len(), 253);
        accepted(&format!("https://{long}/"), &open());
        check(&format!("https://a{long}/"), "host.length", None);
        for name in ["mylocalhost.com", "internal.example.com", "test.org", "localhost.example.com"] {
            accepted(&format!("https://{name}/"), &open());
        }
    }

    #[test]
    fn ports_that_other_services_use_are_refused() {
        let ports = Some("egress.allow_ports");
        for port in [1, 21, 22, 25, 80, 442, 444, 1023].iter().chain(BAD_PORTS).chain(DATA_PORTS) {
            check(&format!("https://hooks.example.com:{port}/"), "port", ports);
            let policy = EgressPolicy { allow_ports: vec![*port], ..EgressPolicy::default() };
            accepted(&format!("https://hooks.example.com:{port}/"), &policy);
        }
        for port in [443, 1024, 3000, 8080, 8443, 65535] {
            accepted(&format!("https://hooks.example.com:{port}/"), &EgressPolicy::default());
        }
    }

    #[test]
    fn port_zero_is_never_allowed() {
        let policy = EgressPolicy {
            allow_ports: vec![0],
            allow_hosts: vec!["hooks.example.com".parse().unwrap()],
            ..EgressPolicy::default()
        };
        let refusal = refusal("https://hooks.example.com:0/", &policy);
        assert_eq!((refusal.rule, refusal.setting), ("port", None));
    }

    #[test]
    fn an_allowed_host_is_free_of_name_port_and_address_rules() {
        let policy = EgressPolicy {
            allow_hosts: vec![
                "intern".parse().unwrap(),
                "Crm.LAN:22".parse().unwrap(),
                "10.0.0.1:9000".parse().unwrap(),
            ],
            ..EgressPolicy::default()
        };
        for text in ["https://intern/", "https://INTERN:6379/", "https://crm.lan:22/", "https://10.1:9000/"] {
            accepted(text, &policy);
        }
        for (text, rule) in [
            ("https://intern./", "host.single-label"),
            ("https://a.intern:6379/", "port"),
            ("https://crm.lan:23/", "host.special-use"),
            ("https://a.crm.lan:22/", "host.special-use"),
            ("https://10.0.0.1:9001/", "ip.rfc1918"),
            ("https://10.0.0.2:9000/", "ip.rfc1918"),
            ("http://intern/", "scheme"),
        ] {
            assert_eq!(refusal(text, &policy).rule, rule, "{text}");
        }
    }

    #[test]
    fn localhost_comes_with_the_whole_loopback_network() {
        let with = |network: &str| EgressPolicy {
            allow_networks: vec![network.parse().unwrap()],
            ..EgressPolicy::default()
        };
        let whole = with("127.0.0.0/8");
        for text in ["https://localhost:8443/", "https://127.0.0.1/", "https://[::ffff:127.0.0.1]/"] {
            accepted(text, &whole);
        }
        for (text, rule) in [
            ("https://foo.localhost/", "host.special-use"),
            ("https://localhost./", "host.single-label"),
            ("https://kubernetes/", "host.single-label"),
            ("https://[::1]/", "ip6.reserved-block"),
            ("https://localhost:22/", "port"),
        ] {
            assert_eq!(refusal(text, &whole).rule, rule, "{text}");
        }
        assert_eq!(refusal("https://localhost/", &with("127.0.0.1/32")).rule, "host.single-label");
        assert_eq!(refusal("https://localhost/", &with("10.0.0.0/8")).rule, "host.single-label");
        accepted("https://localhost/", &with("0.0.0.0/0"));
    }

    /// Pieces that parsers disagree about, put together at random.
    fn nasty_url() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "https:",
            "http:",
            "HTTPS:",
            "/",
            "//",
            "\\",
            "@",
            ":",
            "#",
            "?",
            ".",
            "[",
            "]",
            "%",
            "%2e",
            "%40",
            "%c2%ad",
            "。",
            "\u{ad}",
            "\t",
            " ",
            "127.0.0.1",
            "0x7f",
            "2130706433",
            "①",
            "::1",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "localhost",
            "hooks.example.com",
            "xn--",
            "a",
            ":8443",
            ":22",
            ":443",
        ]);
        prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("https:{}", pieces.concat()))
    }

    fn check_accepted(url: &WebhookUrl, policy: &EgressPolicy) {
        let again = accepted(url.as_str(), policy);
        assert_eq!(again.as_str(), url.as_str());
        assert!(url.as_str().is_ascii() && url.as_str().len() <= MAX_LENGTH);
        assert!(url.0.username().is_empty() && url.0.password().is_none() && url.0.fragment().is_none());
        assert!(url.path_and_query().starts_with('/'));
        assert_eq!(url.authority(), url.0.authority());
        let whole = format!("{}://{}{}", url.0.scheme(), url.authority(), url.path_and_query());
        assert_eq!(whole, url.as_str());
        match url.host() {
            Host::Domain(name) => assert!(name.contains('.') && !name.ends_with('.')),
            Host::Ipv4(ip) => assert!(!ip.is_loopback() && !ip.is_private()),
            Host::Ipv6(ip) => assert!(ip.segments()[0] >> 13 == 1),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_accepted_is_canonical_and_plain(text in nasty_url()) {
            if let Ok(url) = WebhookUrl::parse(&text, &open()) {
                check_accepted(&url, &open());
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>(), tail in "\\PC*") {
            let policy = EgressPolicy { allow_nat64: true, ..open() };
            let hosts = [format!("https://{text}"), format!("https://{tail}"), format!("https://a.b/{tail}")];
            for text in hosts.into_iter().chain([text]) {
                if let Ok(url) = WebhookUrl::parse(&text, &policy) {
                    check_accepted(&url, &policy);
                }
            }
        }
    }
}
