//! The one place where Leadpost opens connections, and so the one place that decides where to.
//!
//! Literals and names take the same way: find all addresses, refuse all if one is refused, connect to one of
//! those very addresses, and ask once more about the peer. No name is looked up between verdict and
//! connection, so an answer that changes in between (DNS rebinding) changes nothing. Proxy variables of the
//! environment are not read and redirects are not followed, since either would connect past this place.

use std::{collections::VecDeque, io, mem, net::SocketAddr, sync::Arc, time::Duration};

use domain::{AttemptError, EgressPolicy, ErrorClass, Refusal, WebhookUrl};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use url::Host;

use crate::{
    attempt::{Stage, Trace, blocked, failed},
    resolver::{LookupError, Resolve},
};

/// More addresses than this no honest receiver has; each of them costs a verdict and perhaps a connection.
const MAX_ADDRESSES: usize = 16;

/// How long an address may stay silent before the next one is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Resolves, judges and connects.
pub(crate) struct Guard {
    pub(crate) policy: Arc<EgressPolicy>,
    pub(crate) resolver: Arc<dyn Resolve>,
    /// For a look-up.
    pub(crate) lookup_limit: Duration,
}

/// Why a URL has no address to connect to.
#[derive(Debug)]
pub(crate) enum Unreachable {
    /// One of its addresses is refused.
    Refused(Refusal),
    /// The name leads to no usable set of addresses; the words continue "the host …".
    Unresolved(String),
}

impl Guard {
    /// All addresses of `url`, each of them allowed.
    pub(crate) async fn vet(&self, url: &WebhookUrl) -> Result<Vec<SocketAddr>, Unreachable> {
        let ips = match url.host() {
            Host::Ipv4(ip) => vec![ip.into()],
            Host::Ipv6(ip) => vec![ip.into()],
            Host::Domain(name) => {
                let lookup = timeout(self.lookup_limit, self.resolver.addresses(name)).await;
                lookup.unwrap_or(Err(LookupError::TimedOut)).map_err(|error| unresolved(name, &error))?
            }
        };
        if ips.is_empty() {
            return Err(unresolved(url.host_text(), &LookupError::NoAddress));
        }
        if ips.len() > MAX_ADDRESSES {
            let many = format!("{} has {} addresses, more than {MAX_ADDRESSES}", url.host_text(), ips.len());
            return Err(Unreachable::Unresolved(many));
        }
        let addresses: Vec<_> = ips.into_iter().map(|ip| SocketAddr::new(ip, url.port())).collect();
        for address in &addresses {
            self.policy.check_address(url, *address).map_err(Unreachable::Refused)?;
        }
        Ok(addresses)
    }

    /// A TCP connection to one of the addresses of `url`. The caller limits the time.
    pub(crate) async fn connect(
        &self,
        url: &WebhookUrl,
        trace: &mut Trace,
    ) -> Result<(TcpStream, SocketAddr), AttemptError> {
        let begun = Instant::now();
        trace.enter(Stage::Lookup);
        let addresses = self.vet(url).await;
        if matches!(url.host(), Host::Domain(_)) {
            trace.phases.dns = Some(begun.elapsed());
        }
        let addresses = addresses.map_err(|unreachable| match unreachable {
            Unreachable::Refused(refusal) => blocked(&refusal),
            Unreachable::Unresolved(words) => failed(ErrorClass::DnsError, format!("the host {words}")),
        })?;
        let begun = Instant::now();
        trace.enter(Stage::Connect);
        let connected = dial(addresses).await;
        trace.phases.connect = Some(begun.elapsed());
        let (stream, peer) = connected.map_err(|error| unconnected(url, &error))?;
        self.policy.check_address(url, peer).map_err(|refusal| blocked(&refusal))?;
        Ok((stream, peer))
    }
}

fn unresolved(name: &str, error: &LookupError) -> Unreachable {
    Unreachable::Unresolved(format!("{name} could not be resolved: {error}"))
}

/// Connects to the first address that answers. The next one is tried as soon as one fails, or beside it after
/// a short head start, so that a family without a route does not use up the time (RFC 8305).
async fn dial(addresses: Vec<SocketAddr>) -> io::Result<(TcpStream, SocketAddr)> {
    if let [only] = addresses[..] {
        return connect(only).await;
    }
    let mut waiting = alternated(addresses);
    let mut dials = JoinSet::new();
    let mut failure = None;
    loop {
        match waiting.pop_front() {
            Some(address) => drop(dials.spawn(connect(address))),
            None if dials.is_empty() => break,
            None => {}
        }
        let ended = if waiting.is_empty() {
            dials.join_next().await
        } else {
            tokio::select! {
                ended = dials.join_next() => ended,
                () = sleep(HEAD_START) => continue,
            }
        };
        match ended {
            Some(Ok(Ok(connected))) => return Ok(connected),
            Some(Ok(Err(error))) => failure = Some(error),
            Some(Err(error)) => failure = Some(io::Error::other(error)),
            None => {}
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

/// One family after the other in turn, beginning with the first one's (RFC 8305, section 4).
fn alternated(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (mut here, mut there): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first);
    let mut order = VecDeque::with_capacity(here.len() + there.len());
    while let Some(address) = here.pop_front() {
        order.push_back(address);
        if !there.is_empty() {
            mem::swap(&mut here, &mut there);
        }
    }
    order
}

async fn connect(address: SocketAddr) -> io::Result<(TcpStream, SocketAddr)> {
    let stream = TcpStream::connect(address).await?;
    let peer = stream.peer_addr()?;
    if peer != address {
        return Err(io::Error::other("the connection leads elsewhere"));
    }
    // A request is written at once and its end must not wait for the acknowledgement of its beginning.
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

fn unconnected(url: &WebhookUrl, error: &io::Error) -> AttemptError {
    let (class, why) = match (error.kind(), error.raw_os_error()) {
        // ENFILE and EMFILE: the machine or the process is short of them, not the receiver.
        (_, Some(23 | 24)) => (ErrorClass::InternalError, "this server has no free file descriptor"),
        (io::ErrorKind::AddrNotAvailable, _) => {
            (ErrorClass::ConnectError, "this server has no address or port to connect from")
        }
        (io::ErrorKind::ConnectionRefused, _) => (ErrorClass::ConnectError, "the connection was refused"),
        (io::ErrorKind::ConnectionReset, _) => (ErrorClass::ConnectError, "the connection was reset"),
        (io::ErrorKind::NetworkUnreachable, _) => (ErrorClass::ConnectError, "the network is unreachable"),
        (io::ErrorKind::HostUnreachable, _) => (ErrorClass::ConnectError, "the host is unreachable"),
        (io::ErrorKind::TimedOut, _) => (ErrorClass::Timeout, "nothing answered in time"),
        _ => (ErrorClass::ConnectError, "the connection failed"),
    };
    failed(class, format!("could not connect to {}, port {}: {why}", url.host_text(), url.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| -> Vec<SocketAddr> {
            text.split(' ').map(|ip| SocketAddr::new(ip.parse().unwrap(), 443)).collect()
        };
        let order = alternated(parse("1.1.1.1 1.1.1.2 1.1.1.3 2606::1 2606::2"));
        assert_eq!(order, parse("1.1.1.1 2606::1 1.1.1.2 2606::2 1.1.1.3"));
        assert_eq!(alternated(parse("2606::1 1.1.1.1")), parse("2606::1 1.1.1.1"));
        assert_eq!(alternated(parse("2606::1 2606::2")), parse("2606::1 2606::2"));
    }
}
