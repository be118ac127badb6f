//! The three ledgers as they are read. Instants are microseconds since some beginning that all three share.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, de::DeserializeOwned};

/// What one client was told about one event.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The number in the event's data, which tells it from all others.
    pub number: u64,
    /// Whose event it is.
    pub account: String,
    /// The conversation that it belongs to.
    pub conversation: Option<String>,
    /// When it was first sent.
    pub began: u64,
    /// When the client turned to its next event.
    pub ended: u64,
    pub answer: Answer,
    /// The event's id, if it was acknowledged.
    pub id: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Acked,
    Indeterminate,
    Refused,
}

/// One request at a hook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub hook: usize,
    /// Its `webhook-id`.
    pub id: String,
    /// The number in its data.
    pub number: u64,
    /// A hash of its body.
    pub body: String,
    /// Its `webhook-timestamp`, in seconds.
    pub timestamp: i64,
    /// Whether its signature was good.
    pub signature: bool,
    pub arrived: u64,
    /// The status it was answered with; none if it was never answered.
    pub status: Option<u16>,
    pub answered: Option<u64>,
    /// How many servers had come to their end before.
    pub generation: usize,
}

impl Request {
    /// The status that stands for a connection cut on purpose.
    pub const CUT: u16 = 0;

    /// Whether the receiver took it.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One fact about the server or the run.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Fact {
    Hook { hook: usize, account: String, ordered: bool },
    End { at: u64 },
    Pause { from: u64, to: u64 },
    Event { account: String, id: String },
    Delivery(Delivery),
    Ledger(Balance),
    Bounds(Bounds),
}

/// A hook and what it asked for.
#[derive(Clone, Debug)]
pub struct Hook {
    pub account: String,
    /// Whether it keeps the order of conversations.
    pub ordered: bool,
}

/// A delivery as the server shows it in the end.
#[derive(Clone, Debug, Deserialize)]
pub struct Delivery {
    pub event: String,
    pub hook: usize,
    pub state: String,
    pub reason: Option<String>,
    pub attempts: usize,
}

/// An account's ledger as the server shows it in the end.
#[derive(Clone, Debug, Deserialize)]
pub struct Balance {
    pub account: String,
    pub events: usize,
    pub planned: usize,
    pub delivered: usize,
    pub pending: usize,
    pub exhausted: usize,
    pub skipped: usize,
    pub balanced: bool,
}

/// What the run allows.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Bounds {
    /// How many requests may be on the wire at once.
    pub in_flight: usize,
    /// How many results may wait for their commit.
    pub waiting: usize,
    /// A result is stored at most so long after its answer.
    pub commit: u64,
    /// By so many seconds a later `webhook-timestamp` may lie before an earlier one.
    pub skew: i64,
    /// When the last fault was over, and when nothing was pending any more.
    pub calm: u64,
    pub drained: u64,
    /// How long that may take.
    pub drain: u64,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Ledgers {
    pub told: Vec<Told>,
    pub requests: Vec<Request>,
    pub hooks: BTreeMap<usize, Hook>,
    /// When servers came to their end, in order.
    pub ends: Vec<u64>,
    /// From when to when a server stood still.
    pub pauses: Vec<(u64, u64)>,
    /// The account of each event that is stored.
    pub events: HashMap<String, String>,
    pub deliveries: Vec<Delivery>,
    pub balances: Vec<Balance>,
    pub bounds: Bounds,
}

impl Ledgers {
    /// Reads the text of the three files.
    pub fn read(clients: &str, receivers: &str, state: &str) -> Result<Self, String> {
        let mut all = Self {
            told: lines("clients", clients)?,
            requests: lines("receivers", receivers)?,
            ..Self::default()
        };
        let mut bounds = None;
        for fact in lines::<Fact>("state", state)? {
            match fact {
                Fact::Hook { hook, account, ordered } => {
                    all.hooks.insert(hook, Hook { account, ordered });
                }
                Fact::End { at } => all.ends.push(at),
                Fact::Pause { from, to } => all.pauses.push((from, to)),
                Fact::Event { account, id } => {
                    all.events.insert(id, account);
                }
                Fact::Delivery(delivery) => all.deliveries.push(delivery),
                Fact::Ledger(balance) => all.balances.push(balance),
                Fact::Bounds(found) => bounds = Some(found),
            }
        }
        all.bounds = bounds.ok_or("state: no bounds are given")?;
        all.requests.sort_by_key(|request| request.arrived);
        Ok(all)
    }

    /// The requests of each delivery, as hook and `webhook-id`, in the order in which they came.
    pub fn by_delivery(&self) -> BTreeMap<(usize, &str), Vec<&Request>> {
        let mut found: BTreeMap<(usize, &str), Vec<&Request>> = BTreeMap::new();
        for request in &self.requests {
            found.entry((request.hook, &request.id)).or_default().push(request);
        }
        found
    }

    /// The end of a server, as its place, or the pause (counted on from there) that may have lost the result of the
    /// first of two requests.
    pub fn fault_between(&self, first: &Request, second: &Request) -> Option<usize> {
        if first.generation < second.generation {
            return Some(first.generation);
        }
        let answered = first.answered.unwrap_or(first.arrived);
        let overlaps = |&(from, to): &(u64, u64)| {
            answered + self.bounds.commit >= from
                && first.arrived <= to + self.bounds.commit
                && second.arrived >= from
        };
        self.pauses.iter().position(overlaps).map(|place| self.ends.len() + place)
    }
}

fn lines<T: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, String> {
    let read = |(place, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| format!("{file}, line {}: {error}", place + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(read).collect()
}
