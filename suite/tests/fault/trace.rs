//! Reading what strace wrote, to see whether an acceptance was on disk before it was told.
//!
//! It keeps count of the writes to SQLite's log (`…-wal`) and of those that a finished fsync covers, in the order in
//! which the kernel saw begins and ends. This knows system calls and one file name, nothing of the product.

use std::collections::HashMap;

/// How many writes to the log there were, and how many of them are surely on disk.
#[derive(Clone, Copy, Default)]
struct Log {
    begun: usize,
    ended: usize,
    synced: usize,
}

/// Reads a trace of `strace -f -y -ttt`: how many sends of a 202 there were. An error names each that began while
/// something in the log was not on disk, or without anything having got there since the one before.
pub fn read(trace: &str) -> Result<usize, Vec<String>> {
    let (mut log, mut unfinished) = (Log::default(), HashMap::<&str, (&str, Log)>::new());
    let (mut accepted, mut told, mut faults) = (0, 0, Vec::new());
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let call = rest.trim_start().split_once(' ').map_or("", |(_, call)| call);
        let (call, before, ended) = match call.strip_prefix("<... ").map(|_| unfinished.remove(thread)) {
            Some(Some((begin, before))) => (begin, before, true),
            Some(None) => continue,
            None => {
                log.begun += usize::from(writes_log(call));
                if call.contains("\"HTTP/1.1 202 ") {
                    accepted += 1;
                    if log.synced < log.begun || log.synced == told {
                        faults.push(line.to_owned());
                    }
                    told = log.synced;
                }
                (call, log, !call.ends_with("<unfinished ...>"))
            }
        };
        if !ended {
            unfinished.insert(thread, (call, before));
            continue;
        }
        log.ended += usize::from(writes_log(call));
        if syncs_log(call) && line.ends_with("= 0") {
            // Only what was wholly written when it began.
            log.synced = log.synced.max(before.ended);
        }
    }
    if faults.is_empty() { Ok(accepted) } else { Err(faults) }
}

fn writes_log(call: &str) -> bool {
    (call.starts_with("pwrite64(") || call.starts_with("write(")) && of_log(call)
}

fn syncs_log(call: &str) -> bool {
    (call.starts_with("fsync(") || call.starts_with("fdatasync(")) && of_log(call)
}

/// Whether its descriptor, the first argument, is that of the log.
fn of_log(call: &str) -> bool {
    call.split(['>', ',']).next().is_some_and(|first| first.ends_with("-wal"))
}

#[test]
fn an_acceptance_told_before_its_write_is_on_disk_is_found() {
    const WRITE: &str = "7 1.0 pwrite64(9</s/leadpost.db-wal>, \"\"..., 24, 0) = 24\n";
    const SYNC: &str = "7 1.1 fdatasync(9</s/leadpost.db-wal>) = 0\n";
    const BEGIN: &str = "7 1.1 fdatasync(9</s/leadpost.db-wal> <unfinished ...>\n";
    const END: &str = "7 1.3 <... fdatasync resumed>)     = 0\n";
    const FAILURE: &str = "7 1.3 <... fdatasync resumed>)     = -1 EIO (Input/output error)\n";
    const OTHER: &str = "8 1.2 fdatasync(8</s/leadpost.db>) = 0\n";
    const TOLD: &str =
        "8 1.2 writev(12<TCP:[[1]]>, [{iov_base=\"HTTP/1.1 202 Accepted\\r\\n\"..., 20}], 1) = 20\n";
    let found = |parts: &[&str]| read(&parts.concat()).map_err(|faults| faults.len());
    assert_eq!(found(&[WRITE, SYNC, TOLD, WRITE, WRITE, SYNC, TOLD]), Ok(2));
    assert_eq!(found(&[WRITE, BEGIN, OTHER, END, TOLD]), Ok(1));
    assert_eq!(found(&[WRITE, TOLD, SYNC]), Err(1));
    assert_eq!(found(&[WRITE, OTHER, TOLD]), Err(1));
    assert_eq!(found(&[WRITE, BEGIN, TOLD, END]), Err(1));
    assert_eq!(found(&[WRITE, BEGIN, FAILURE, TOLD]), Err(1));
    assert_eq!(found(&[BEGIN, WRITE.replace('7', "9").as_str(), END, TOLD]), Err(1));
    assert_eq!(found(&[WRITE, SYNC, TOLD, TOLD]), Err(1), "nothing was written for the second");
}
