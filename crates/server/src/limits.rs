//! What the operating system allows and knows: open files, and the addresses of the machine.

use std::net::SocketAddr;

/// Raises the limit of open files to what the system allows at most: each connection in and out takes one.
/// Answers the limit that holds now, where there is one.
#[cfg(unix)]
pub fn raise_open_files() -> Option<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    let raised = soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    Some(if raised { hard } else { soft })
}

/// The same where there is no such limit.
#[cfg(not(unix))]
pub fn raise_open_files() -> Option<u64> {
    None
}

/// All addresses at which a listener bound to `bound` can be reached, as far as this machine knows them: no
/// webhook may lead to any of them.
pub fn reachable_at(bound: SocketAddr) -> Vec<SocketAddr> {
    let mut all = vec![bound];
    if bound.ip().is_unspecified() {
        all.extend(interfaces().into_iter().map(|ip| SocketAddr::new(ip, bound.port())));
    }
    all
}

#[cfg(unix)]
fn interfaces() -> Vec<std::net::IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else {
        tracing::warn!(
            "the addresses of this machine cannot be listed; webhooks to its own ports are not all refused"
        );
        return Vec::new();
    };
    let addresses = interfaces.filter_map(|interface| interface.address);
    addresses
        .filter_map(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| v4.ip().into());
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().into()))
        })
        .collect()
}

#[cfg(not(unix))]
fn interfaces() -> Vec<std::net::IpAddr> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reachable_at_loopback() {
        let all = reachable_at("0.0.0.0:8080".parse().unwrap());
        assert!(all.contains(&"127.0.0.1:8080".parse().unwrap()), "{all:?}");
        let one: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(reachable_at(one), [one]);
    }
}
