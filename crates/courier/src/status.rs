//! What the courier is doing, in numbers.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// Counted as it happens, read by whoever wants to know.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) attempts: Count,
    pub(crate) delivered: Count,
    pub(crate) notices: Count,
    pub(crate) in_flight: Gauge,
    pub(crate) lanes: Gauge,
}

/// Only grows.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn inc(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Rises and falls.
#[derive(Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    pub(crate) fn inc(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(crate) fn dec(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    pub(crate) fn set(&self, value: usize) {
        self.0.store(value as i64, Relaxed);
    }

    pub(crate) fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// What the courier is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CourierStatus {
    /// Whether it is carrying deliveries, not stopping or stopped.
    pub ready: bool,
    /// Webhooks that had something to send lately.
    pub lanes: i64,
    /// Requests on the wire.
    pub in_flight: i64,
    /// Attempts ended since the start.
    pub attempts: u64,
    /// Deliveries made since the start.
    pub delivered: u64,
    /// Notices given since the start.
    pub notices: u64,
}
