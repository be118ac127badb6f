//! Which addresses are forbidden, written down a second time: from the registries of special-purpose addresses, without
//! the product's tables and without its libraries.

use std::net::{IpAddr, Ipv6Addr};

/// Networks in which nothing may be called.
const V4: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 \
                  192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 \
                  224.0.0.0/4 240.0.0.0/4 168.63.129.16/32";

/// The same, of what lies in `2000::/3`; all else is forbidden anyway.
const V6: &str = "2001::/23 2001:db8::/32 2002::/16 3fff::/20 2620:4f:8000::/48";

/// Whether nothing may connect to that address.
pub fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => within(V4, u128::from(ip.to_bits()), 32),
        IpAddr::V6(ip) => ip.to_bits() >> 125 != 1 || within(V6, ip.to_bits(), 128) || is_isatap(ip),
    }
}

fn is_isatap(ip: Ipv6Addr) -> bool {
    let identifier = (ip.to_bits() >> 32) as u32;
    identifier == 0x0000_5efe || identifier == 0x0200_5efe
}

fn within(networks: &str, ip: u128, width: u32) -> bool {
    networks.split_whitespace().any(|network| {
        let (base, length) = network.split_once('/').expect("a network has a length");
        let base = match base.parse().expect("a network begins with an address") {
            IpAddr::V4(base) => u128::from(base.to_bits()),
            IpAddr::V6(base) => base.to_bits(),
        };
        let host = width - length.parse::<u32>().expect("a length is a number");
        (ip ^ base) >> host == 0
    })
}
