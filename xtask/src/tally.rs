//! Counting tests by what cargo prints. Three kinds of lines matter: `test result:`, of which there is
//! one per test binary, and `SKIPPED topic: reason`, by which a test (or this program) says that something
//! was left out. A topic counts once, however many tests say it.

use std::collections::BTreeSet;

/// The counts so far.
#[derive(Default)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    ignored: u64,
    skipped: BTreeSet<String>,
}

impl Tally {
    /// Looks at one line of output.
    pub fn read_line(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.ignored += count(counts, "ignored");
        } else if let Some((topic, _)) = line.strip_prefix("SKIPPED ").and_then(|rest| rest.split_once(':')) {
            self.skip(topic);
        }
    }

    /// Counts a topic as left out.
    pub fn skip(&mut self, topic: &str) {
        self.skipped.insert(topic.to_owned());
    }

    /// Tests that cargo ignored, and topics that were left out.
    pub fn skipped(&self) -> u64 {
        self.ignored + self.skipped.len() as u64
    }
}

/// The number before a word, as in `ok. 12 passed; 0 failed; 1 ignored`.
fn count(counts: &str, word: &str) -> u64 {
    let mut words = counts.split([' ', ';']).filter(|word| !word.is_empty());
    let mut before = "";
    words
        .find_map(|next| {
            if next == word {
                before.parse().ok()
            } else {
                before = next;
                None
            }
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_are_summed() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s",
            "a line that only mentions test result: ok. 5 passed; 5 failed",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.2s",
        ] {
            tally.read_line(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.skipped()), (13, 2, 1));
    }

    #[test]
    fn a_topic_that_many_tests_skip_counts_once() {
        let mut tally = Tally::default();
        tally.read_line("SKIPPED postgres: no server");
        tally.read_line("SKIPPED postgres: no server, says another test");
        tally.read_line("SKIPPED loop device: needs root");
        tally.read_line("SKIPPED without a colon");
        tally.skip("postgres");
        assert_eq!((tally.passed, tally.failed, tally.skipped()), (0, 0, 2));
    }
}
