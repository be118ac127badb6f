//! Where a request came from: the peer of its connection, or whom a proxy names that the operator trusts.
//!
//! Anybody can write `X-Forwarded-For`. It counts only on connections from a trusted network, and of the addresses in
//! it only the last one that is not a trusted proxy: what stands before it was written by whoever called (OWASP ASVS
//! 5.0, 15.3.4).

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};
use ipnet::IpNet;

use crate::Shared;

/// The peer of the connection, put into a request by whoever accepts connections.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub(crate) IpAddr);

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin(pub(crate) IpAddr);

impl FromRequestParts<Shared> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Infallible> {
        Ok(Self(origin(parts, &web.settings.trusted_proxies)))
    }
}

/// The address that a request came from. Without a connection, which only tests are, this machine.
pub(crate) fn origin(parts: &Parts, trusted: &[IpNet]) -> IpAddr {
    let peer = parts.extensions.get().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Peer(peer)| *peer);
    named(peer, &parts.headers, trusted)
}

fn named(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        return peer;
    }
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or_default()).collect();
    let mut origin = peer;
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // What cannot be read was not written by a proxy that should be trusted with more than its own address.
        let Some(address) = read(entry.trim()) else { return origin };
        origin = address;
        if !is_trusted(address) {
            break;
        }
    }
    origin
}

/// An address, with or without a port, as the proxies in use write it.
fn read(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| entry.parse().ok().map(|it: SocketAddr| it.ip()));
    address.map(|it: IpAddr| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn origin(peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8:ffff::/48".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        named(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn strangers_are_not_believed() {
        assert_eq!(origin("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(origin("203.0.113.9", &["10.0.0.1"]), "203.0.113.9");
        assert_eq!(origin("2001:db8::9", &["198.51.100.1"]), "2001:db8::9");
    }

    #[test]
    fn a_trusted_proxy_names_the_last_address_that_is_not_a_proxy() {
        for (lines, expected) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (&["1.1.1.1, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            (&["1.1.1.1", "198.51.100.1", "10.2.3.4"], "198.51.100.1"),
            (&["2001:db8::7"], "2001:db8::7"),
            (&["[2001:db8::7]:4711"], "2001:db8::7"),
            (&["[2001:db8::7]"], "2001:db8::7"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["::ffff:198.51.100.1"], "198.51.100.1"),
            (&["198.51.100.1,2001:db8:ffff::1"], "198.51.100.1"),
            (&["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
            (&[], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&["unknown"], "10.0.0.1"),
            (&["198.51.100.1, unknown"], "10.0.0.1"),
            (&["198.51.100.1, unknown, 10.2.3.4"], "10.2.3.4"),
            (&["198.51.100.1; DROP TABLE"], "10.0.0.1"),
            (&["ł"], "10.0.0.1"),
        ] {
            assert_eq!(origin("10.0.0.1", lines), expected, "{lines:?}");
        }
        assert_eq!(origin("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }
}
