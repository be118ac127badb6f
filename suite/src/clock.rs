//! Time that stands and randomness that repeats.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::{Ambient, Clock, Random, Timestamp, samples};

/// A clock that stands until it is moved.
pub struct ManualClock(AtomicI64);

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(samples::start().micros()))
    }
}

impl ManualClock {
    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap_or(0), Ordering::SeqCst);
    }

    /// Sets it to an instant that is not in its past.
    pub fn advance_to(&self, to: Timestamp) {
        self.0.fetch_max(to.micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// The numbers that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A clock to move, and the surroundings that read it.
pub fn ambient() -> (Arc<ManualClock>, Ambient) {
    let clock = Arc::<ManualClock>::default();
    let ambient = Ambient { clock: clock.clone(), random: Arc::new(SeededRandom::new(7)) };
    (clock, ambient)
}
