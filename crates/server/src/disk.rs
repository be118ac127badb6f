//! How long the disk takes to make a write last: the figure that every acceptance of an event waits for.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

/// Measured times of a write of a page and its fsync.
pub struct FsyncTimes {
    /// Half took at most this.
    pub p50: Duration,
    /// Of a hundred, 99 took at most this.
    pub p99: Duration,
}

impl FsyncTimes {
    const WRITES: usize = 200;
    const PAGE: [u8; 4096] = [0; 4096];

    /// Measures in this folder, with a file that is removed afterwards. Blocks for as long as that takes.
    pub fn measure(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(format!(".leadpost-fsync-{}", std::process::id()));
        let times = Self::write(&path);
        let _ = fs::remove_file(&path);
        let mut times = times.with_context(|| format!("cannot write in {}", folder.display()))?;
        times.sort_unstable();
        Ok(Self { p50: times[times.len() / 2], p99: times[times.len() * 99 / 100] })
    }

    fn write(path: &Path) -> std::io::Result<Vec<Duration>> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut times = Vec::with_capacity(Self::WRITES);
        for _ in 0..Self::WRITES {
            let begun = Instant::now();
            file.write_all(&Self::PAGE)?;
            file.sync_data()?;
            times.push(begun.elapsed());
        }
        Ok(times)
    }

    /// Whether no disk can have been that fast, so that nothing here outlives a loss of power.
    pub fn suspicious(&self) -> bool {
        self.p50 < Duration::from_micros(15)
    }
}
