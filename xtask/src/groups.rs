//! Process groups: sending a signal, and making sure that nobody is left. Signals go through the shell's
//! own `kill`, because the standard library cannot send any and the workspace forbids unsafe code.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);

/// Sends a signal to a process, if there is one of that id.
pub fn signal_process(signal: &str, id: u32) {
    kill(signal, &id.to_string());
}

/// Waits a moment for a group to become empty, then ends who is left: politely, then for certain.
/// Tells whether somebody had to be ended.
pub fn end(group: u32, patience: Duration) -> bool {
    if wait_until_empty(group, patience) {
        return false;
    }
    kill("TERM", &format!("-{group}"));
    if !wait_until_empty(group, Duration::from_secs(2)) {
        kill("KILL", &format!("-{group}"));
        wait_until_empty(group, Duration::from_secs(2));
    }
    true
}

fn wait_until_empty(group: u32, patience: Duration) -> bool {
    let began = Instant::now();
    while has_members(group) {
        if began.elapsed() >= patience {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}

/// Zombies do not count: they do nothing any more, and it is not for us to collect them.
fn has_members(group: u32) -> bool {
    let group = group.to_string();
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    processes.flatten().any(|process| {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // `id (name) state parent group …`, where the name may contain anything.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let state = fields.next().unwrap_or("Z");
        state != "Z" && state != "X" && fields.nth(1) == Some(group.as_str())
    })
}

fn kill(signal: &str, target: &str) {
    // Its failure means that nobody is there to get the signal.
    let _ = Command::new("sh")
        .args(["-c", r#"kill -s "$0" -- "$1""#, signal, target])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_grandchild_is_ended_with_its_group() {
        let mut child = Command::new("sh").args(["-c", "sleep 60 & echo"]).process_group(0).spawn().unwrap();
        let group = child.id();
        child.wait().unwrap();
        assert!(end(group, Duration::ZERO), "the sleeping grandchild was not found");
        assert!(!end(group, Duration::ZERO), "the sleeping grandchild is still there");
    }
}
