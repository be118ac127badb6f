//! Load at a given rate, whether the server keeps up or not, and how long things then take.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep_until};

use crate::{form, wire::Client};

/// How many connections share the posting.
const CLIENTS: u32 = 16;

/// One event.
pub fn event(event_type: &str, number: u64) -> String {
    let data = match event_type {
        "Chat Transcript" => r#""chat_transcript":"[2026-03-04T10:15:30Z] Visitor: hello""#,
        _ => r#""name":"Visitor","email":"visitor@example.com","phone":null"#,
    };
    format!(r#"{{"type":"{event_type}","data":{{{data},"number":{number}}}}}"#)
}

/// Posts so many events of a type a second for that time, numbered from `first`: the instant at which each was to be
/// posted, which counts and not when its turn came, and how long they took to be accepted.
pub async fn post_at(
    server: SocketAddr,
    key: &str,
    event_type: &'static str,
    rate: u32,
    time: Duration,
    first: u64,
) -> (HashMap<u64, Instant>, Times) {
    let (begin, events) = (Instant::now() + Duration::from_millis(50), rate * time.as_secs() as u32);
    let mut clients = JoinSet::new();
    for place in 0..CLIENTS {
        let mut client = Client::new(server, key);
        clients.spawn(async move {
            let mut posted = Vec::new();
            for turn in (place..events).step_by(CLIENTS as usize) {
                let at = begin + Duration::from_secs(1) * turn / rate;
                sleep_until(at.into()).await;
                let number = first + u64::from(turn);
                client.post("/events", &event(event_type, number), 202).await;
                posted.push((number, at, Instant::now()));
            }
            posted
        });
    }
    let all: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    let posted = all.iter().map(|(number, at, _)| (*number, *at)).collect();
    let accepted = all.iter().map(|(number, _, accepted)| (*number, *accepted)).collect();
    let times = Times::between(&posted, &accepted);
    (posted, times)
}

/// How long many of the same took.
pub struct Times(Vec<Duration>);

impl Times {
    /// From the instants at which things were to happen to those at which they did; all must have.
    pub fn between(begun: &HashMap<u64, Instant>, ended: &HashMap<u64, Instant>) -> Self {
        let time = |(number, begun): (&u64, &Instant)| {
            let ended = ended.get(number).unwrap_or_else(|| panic!("{number} never came"));
            ended.saturating_duration_since(*begun)
        };
        let mut times: Vec<Duration> = begun.iter().map(time).collect();
        times.sort();
        Self(times)
    }

    /// So many of a hundred were at least as quick.
    pub fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    /// Checks that nearly all of them stayed within `bound`: 99 of a hundred. The short form looks at 90: it lasts a few
    /// seconds, of which one stall of a shared disk is more than a hundredth; who waits for a bad neighbour waits for
    /// longer than that.
    pub fn check(&self, bound: Duration) -> Result<(), String> {
        let percent = if form::is_long() { 99 } else { 90 };
        let time = self.percentile(percent);
        if time > bound {
            return Err(format!("p{percent} is {time:.1?}, {bound:.1?} are allowed"));
        }
        Ok(())
    }
}

/// Checks that the neighbour of something bad noticed little of it: its p99 is at most `most` times what it was alone.
/// The short form is too short for that, and what else a machine does shows below 20 ms: there only the limit that
/// anybody would notice counts.
pub fn check(beside: &Times, alone: &Times, most: f64) -> Result<(), String> {
    const NOTICED: Duration = Duration::from_millis(250);
    let share = alone.percentile(99).mul_f64(most).clamp(Duration::from_millis(20), NOTICED);
    let bound = if form::is_long() { share } else { NOTICED };
    beside.check(bound)
}

/// Measures, in the short form up to three times until it is as it should be: what else a shared machine does, such as
/// reading a program's pages anew from a slow disk for a second, comes and goes; what the server does comes back.
pub async fn steadily<M: Future<Output = Result<(), String>>>(measure: impl Fn() -> M) {
    let turns = if form::is_long() { 1 } else { 3 };
    for turn in 1.. {
        match measure().await {
            Ok(()) => return,
            Err(why) if turn < turns => println!("measured again: {why}"),
            Err(why) => panic!("{why}, {turn} times"),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, most, worst) = (self.percentile(50), self.percentile(99), self.percentile(100));
        write!(f, "p50 {half:.1?}, p99 {most:.1?}, longest {worst:.1?} of {}", self.0.len())
    }
}

#[tokio::test]
#[should_panic(expected = "p99 is too long")]
async fn what_is_too_slow_however_often_it_is_measured_fails() {
    steadily(async || Err("p99 is too long".to_owned())).await;
}
