//! The keeper's own side: take orders, watch the parent, and leave nothing behind. See `keeper.rs`.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::parent_id;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::groups;
use crate::postgres::Cluster;

const POLL: Duration = Duration::from_millis(50);

/// Runs until the parent is gone or says stop, then tidies up.
pub fn watch(parent: u32) -> Result<()> {
    let orders = read_orders();
    let mut running = BTreeSet::new();
    let mut cluster: Option<Cluster> = None;
    while parent_id() == parent {
        let order = match orders.recv_timeout(POLL) {
            Ok(order) => order,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(POLL);
                continue;
            }
        };
        match order.split_once(' ') {
            Some(("group", id)) => drop(running.insert(id.parse()?)),
            Some(("forget", id)) => drop(running.remove(&id.parse()?)),
            None if order == "postgres" => {
                // On this thread, which lasts as long as the process: the kernel sends the parent death
                // signal when the thread that started a child ends.
                let started = Cluster::start()?;
                // A parent that has gone meanwhile is noticed on the next round.
                let _ = writeln!(io::stdout(), "ready {}", started.port);
                cluster = Some(started);
            }
            _ => break,
        }
    }
    for group in running {
        groups::end(group, Duration::ZERO);
    }
    drop(cluster);
    Ok(())
}

fn read_orders() -> Receiver<String> {
    let (sender, orders) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    orders
}
