//! How much a visitor may ask for, and an address.
//!
//! Counted in memory, before the store is asked anything: a flood costs whoever sends it, not the others.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::Timestamp;

use crate::{allowance::Allowance, problem::Problem};

/// What the operator can choose.
#[derive(Clone, Copy, Debug)]
pub struct WidgetLimits {
    /// How many messages a visitor may send in a second, in the long run.
    pub messages_per_second: u32,
    /// And at once.
    pub message_burst: u32,
    /// How many streams a visitor may have open.
    pub streams_per_visitor: u32,
    /// How many new visitors may come from an address in a minute.
    pub visitors_per_address_per_minute: u32,
    /// How many streams may be open to an address.
    pub streams_per_address: u32,
}

impl Default for WidgetLimits {
    fn default() -> Self {
        Self {
            messages_per_second: 5,
            message_burst: 30,
            streams_per_visitor: 5,
            visitors_per_address_per_minute: 300,
            streams_per_address: 1_000,
        }
    }
}

/// What was used of the limits.
pub(crate) struct Limits {
    limits: WidgetLimits,
    messages: Allowance<String>,
    looks: Allowance<String>,
    newcomers: Allowance<IpAddr>,
    visitors: Allowance<IpAddr>,
    streams: Arc<Mutex<Streams>>,
}

/// Open streams by visitor and by address.
#[derive(Default)]
struct Streams {
    of_visitors: HashMap<String, u32>,
    of_addresses: HashMap<IpAddr, u32>,
}

impl Limits {
    pub(crate) fn new(limits: WidgetLimits) -> Self {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        let per_minute = limits.visitors_per_address_per_minute;
        Self {
            limits,
            messages: Allowance::new(limits.messages_per_second, second, limits.message_burst),
            looks: Allowance::new(limits.messages_per_second, second, limits.message_burst),
            newcomers: Allowance::new(per_minute, minute, per_minute),
            visitors: Allowance::new(per_minute, minute, per_minute),
            streams: Arc::default(),
        }
    }

    /// Counts something that the visitor with this token says.
    pub(super) async fn admit_message(&self, token_hash: &str, now: Timestamp) -> Result<(), Problem> {
        let admitted = self.messages.admit(token_hash.to_owned(), now);
        or_refuse(admitted, "too many messages in a short time; wait a little").await
    }

    /// Counts a look at what is new.
    pub(super) async fn admit_look(&self, token_hash: &str, now: Timestamp) -> Result<(), Problem> {
        let admitted = self.looks.admit(token_hash.to_owned(), now);
        or_refuse(admitted, "too many requests in a short time; wait a little").await
    }

    /// Counts a browser that opens the widget for the first time.
    pub(super) async fn admit_newcomer(&self, peer: IpAddr, now: Timestamp) -> Result<(), Problem> {
        let admitted = self.newcomers.admit(network(peer), now);
        or_refuse(admitted, "too many new visitors from one address; wait a little").await
    }

    /// Counts a visitor who acts for the first time.
    pub(super) async fn admit_visitor(&self, peer: IpAddr, now: Timestamp) -> Result<(), Problem> {
        let admitted = self.visitors.admit(network(peer), now);
        or_refuse(admitted, "too many new visitors from one address; wait a little").await
    }

    /// Counts a stream for as long as the pass lives.
    pub(super) fn admit_stream(&self, token_hash: &str, peer: IpAddr) -> Result<StreamPass, Problem> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = network(peer);
        let visitors = streams.of_visitors.get(token_hash).copied().unwrap_or_default();
        let addresses = streams.of_addresses.get(&peer).copied().unwrap_or_default();
        if visitors >= self.limits.streams_per_visitor || addresses >= self.limits.streams_per_address {
            let detail = "too many open streams; ask for updates now and then instead";
            return Err(Problem::too_many_requests(detail, Duration::from_secs(10)));
        }
        *streams.of_visitors.entry(token_hash.to_owned()).or_default() += 1;
        *streams.of_addresses.entry(peer).or_default() += 1;
        Ok(StreamPass { streams: Arc::clone(&self.streams), visitor: token_hash.to_owned(), peer })
    }
}

/// How long a refusal takes: whoever asks again at once, whatever the answer says, is held up on each connection and
/// leaves the processor to the others.
const REFUSAL: Duration = Duration::from_millis(20);

async fn or_refuse(admitted: Result<(), Duration>, detail: &str) -> Result<(), Problem> {
    match admitted {
        Ok(()) => Ok(()),
        Err(wait) => {
            tokio::time::sleep(REFUSAL).await;
            Err(Problem::too_many_requests(detail, wait))
        }
    }
}

/// An open stream. Dropping it ends the counting.
pub(super) struct StreamPass {
    streams: Arc<Mutex<Streams>>,
    visitor: String,
    peer: IpAddr,
}

impl Drop for StreamPass {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        give_back(&mut streams.of_visitors, &self.visitor);
        give_back(&mut streams.of_addresses, &self.peer);
    }
}

fn give_back<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

/// Whom an address stands for: with IPv6, whoever has one has the whole /64 (RFC 6177).
pub(super) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_while_they_are_open() {
        let limits = Limits::new(WidgetLimits { streams_per_visitor: 2, ..WidgetLimits::default() });
        let peer = "192.0.2.1".parse().unwrap();
        let first = limits.admit_stream("a", peer).ok().unwrap();
        let _second = limits.admit_stream("a", peer).ok().unwrap();
        assert!(limits.admit_stream("a", peer).is_err());
        assert!(limits.admit_stream("b", peer).is_ok());
        drop(first);
        assert!(limits.admit_stream("a", peer).is_ok());
    }

    #[test]
    fn addresses_of_one_household_count_together() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }
}
