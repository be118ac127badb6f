//! What is known of each event of a run: when it was written, when it was accepted, when it arrived.
//!
//! One process drives and receives, so that one clock times both ends.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The marks of all events, numbered from 0. The driver and the sink write, the report reads.
pub struct Track {
    begun: Instant,
    events: Vec<Marks>,
    /// Arrivals of an event after its first.
    duplicates: AtomicU64,
    /// Arrivals that are no event of this run.
    strange: AtomicU64,
}

/// Nanoseconds since the track was made; 0 means that it has not happened.
#[derive(Default)]
struct Marks {
    written: AtomicU64,
    accepted: AtomicU64,
    arrived: AtomicU64,
}

impl Track {
    /// Room for so many events.
    pub fn new(events: usize) -> Self {
        let events = (0..events).map(|_| Marks::default()).collect();
        Self { begun: Instant::now(), events, duplicates: AtomicU64::new(0), strange: AtomicU64::new(0) }
    }

    /// The event is about to be written to the wire.
    pub fn written(&self, event: usize) {
        self.events[event].written.store(self.now(), Ordering::Relaxed);
    }

    /// Its answer said 2xx.
    pub fn accepted(&self, event: usize) {
        self.events[event].accepted.store(self.now(), Ordering::Relaxed);
    }

    /// It came out at the other end; None if what came carries no number.
    pub fn arrived(&self, event: Option<usize>) {
        let now = self.now();
        let counter = match event.and_then(|event| self.events.get(event)) {
            None => &self.strange,
            Some(marks) => {
                if marks.arrived.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                    return;
                }
                &self.duplicates
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How many of these events were accepted and have not arrived.
    pub fn missing(&self, events: Range<usize>) -> usize {
        self.events[events].iter().filter(|marks| is_set(&marks.accepted) && !is_set(&marks.arrived)).count()
    }

    /// Arrivals after the first, of any event of the run.
    pub fn duplicates(&self) -> u64 {
        self.duplicates.load(Ordering::Relaxed)
    }

    /// Arrivals that were no event of the run.
    pub fn strange(&self) -> u64 {
        self.strange.load(Ordering::Relaxed)
    }

    /// What these events add up to.
    pub fn summary(&self, events: Range<usize>) -> Summary {
        let marks = &self.events[events];
        let read = |mark: &AtomicU64| mark.load(Ordering::Relaxed);
        let began = marks.iter().map(|m| read(&m.written)).filter(|at| *at > 0).min().unwrap_or(0);
        let span = |last: Option<u64>| Duration::from_nanos(last.unwrap_or(began).saturating_sub(began));
        let waits = |end: fn(&Marks) -> &AtomicU64| {
            let done = marks.iter().filter(|m| is_set(end(m)));
            let mut waits: Vec<u64> = done.map(|m| read(end(m)).saturating_sub(read(&m.written))).collect();
            waits.sort_unstable();
            Waits(waits)
        };
        let accept = waits(|m| &m.accepted);
        let end_to_end = waits(|m| &m.arrived);
        Summary {
            accepting: span(marks.iter().map(|m| read(&m.accepted)).max()),
            delivering: span(marks.iter().map(|m| read(&m.arrived)).max()),
            accept,
            end_to_end,
        }
    }

    fn now(&self) -> u64 {
        // 584 years fit; the 1 keeps the first nanosecond apart from "never".
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}

fn is_set(mark: &AtomicU64) -> bool {
    mark.load(Ordering::Relaxed) > 0
}

/// Times and counts of a phase.
pub struct Summary {
    /// From the first write to the last acceptance.
    pub accepting: Duration,
    /// From the first write to the last first arrival.
    pub delivering: Duration,
    /// From writing to acceptance, of each accepted event.
    pub accept: Waits,
    /// From writing to arrival, of each that arrived.
    pub end_to_end: Waits,
}

/// Sorted waits in nanoseconds.
pub struct Waits(Vec<u64>);

impl Waits {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The wait that so many of a thousand do not exceed, in milliseconds.
    pub fn per_mille(&self, rank: usize) -> f64 {
        let index = (self.0.len() * rank / 1_000).min(self.0.len().saturating_sub(1));
        self.0.get(index).map_or(0.0, |nanos| *nanos as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_duplicates_and_strangers_are_told_apart() {
        let track = Track::new(4);
        for event in 0..3 {
            track.written(event);
            track.accepted(event);
        }
        track.written(3);
        for arrival in [Some(0), Some(1), Some(1), Some(3), Some(9), None] {
            track.arrived(arrival);
        }
        assert_eq!((track.missing(0..4), track.duplicates(), track.strange()), (1, 1, 2));
        let summary = track.summary(0..4);
        assert_eq!((summary.accept.count(), summary.end_to_end.count()), (3, 3));
        assert!(summary.end_to_end.per_mille(500) <= summary.end_to_end.per_mille(990));
    }
}
