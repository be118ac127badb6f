//! How long the tests take, and the numbers that their random instants follow from.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use domain::Random;
use suite::SeededRandom;

/// A count in the short form and in the long one.
pub fn times(short: usize, long: usize) -> usize {
    match variable("LEADPOST_FAULT").as_deref() {
        None | Some("short") => short,
        Some("long") => long,
        Some(other) => panic!("LEADPOST_FAULT is short or long, not {other:?}"),
    }
}

/// A variable of the environment, if it is set.
#[expect(clippy::disallowed_methods, reason = "how `cargo xtask` tells tests what to run, and for how long")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Random choices that a printed seed repeats.
pub struct Dice {
    /// What they follow from.
    pub seed: u64,
    numbers: SeededRandom,
}

impl Dice {
    /// From `LEADPOST_FAULT_SEED`, else unlike any run before.
    pub fn new() -> Self {
        static DICE: AtomicU64 = AtomicU64::new(0);
        let seed = match variable("LEADPOST_FAULT_SEED") {
            Some(seed) => seed.parse().expect("LEADPOST_FAULT_SEED is a number"),
            None => RandomState::new().hash_one(DICE.fetch_add(1, Ordering::Relaxed)),
        };
        Self::of(seed)
    }

    /// Those that follow from that seed.
    pub fn of(seed: u64) -> Self {
        Self { seed, numbers: SeededRandom::new(seed) }
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.numbers.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end.max(1)
    }

    /// A time of `from` to `to` milliseconds.
    pub fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from) + Duration::from_micros(self.below((to - from) * 1_000))
    }
}
