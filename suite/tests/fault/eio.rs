//! A disk that fails to sync, once or from some moment on: no event is accepted whose sync failed, and nothing that was
//! accepted is lost.
//!
//! strace lets the call fail without making it, so that what it was to sync is not on the disk. It counts the calls of
//! each thread for itself: one number meets the writer, the checkpoints and the start, each at its own n-th sync. What
//! it cannot do is to forget the pages of a failed sync, as kernels may; docs/decisions/0007 is about that.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use domain::Secret;
use serde_json::json;
use suite::{TestStore, store::skipped};
use tokio::time::{sleep, timeout};

use crate::{
    child::{POLL, Place, Server, make_key, serve},
    disk::Disk,
    durable::{CALLS, can_trace, under_strace, whole},
    form,
    power::cut,
    scene::{Plan, Scene, make_webhook, wait_for_acked},
    trace,
};

/// How long a number waits for a thread that gets so far.
const REACHED: Duration = Duration::from_secs(20);
/// How long a checkpoint's number is waited for. It may fall on a sync of the log instead.
const CHECKPOINTED: Duration = Duration::from_secs(5);
/// Checkpoints come twice a second, and each syncs first the log and then the store's file: higher numbers would take
/// them too long.
const LATE: usize = 8;
/// What is lost without strace.
const UNSEEN: &str = "it is not there, or may not trace; no sync was failed";

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_one_failed_sync_costs_its_own_events_and_nothing_else() {
    if !can_trace().await {
        return skipped("strace", UNSEEN);
    }
    let (began, all) = (Instant::now(), form::times(6, 100));
    // Each of the first hundred, or some of them.
    let numbers = if all == 100 { (1..=100).collect() } else { vec![1, 3, 4, 16, 45, 66] };
    let mut scene = Scene::start(TestStore::sqlite(), Plan::default()).await;
    scene.load.bear_refusals();
    let (mut starts, mut commits, mut checkpoints) = (0, 0, 0);
    for number in &numbers {
        scene.kill().await;
        let file = scene.store.folder().join(format!("trace-{number}"));
        fail(&mut scene, &file, &number.to_string());
        if scene.restarted().await {
            let log = wait_for_failure(&file, "-wal>", REACHED).await;
            // The same server goes on.
            wait_for_acked(&scene, 30).await;
            commits += log;
            if number % 2 == 0 && *number <= LATE {
                checkpoints += wait_for_failure(&file, ".db>", CHECKPOINTED).await;
                wait_for_acked(&scene, 30).await;
            }
        } else {
            starts += 1;
            scene.wrap(None);
            scene.restart().await;
        }
    }
    let refused = scene.load.look(|book| book.refused);
    scene.wrap(None);
    scene.kill().await;
    scene.restart().await;
    let figures = scene.finish(1).await;
    println!(
        "eio: {} runs; failed syncs of the log {commits}, of the store {checkpoints}; {starts} refused starts; \
         {refused} refusals",
        numbers.len()
    );
    println!("eio: {figures}; {:.1?}", began.elapsed());
    assert!(commits >= numbers.len() / 2, "the commits were hardly met");
    // A commit may have held nothing but results; the single events below leave that to no chance.
    assert!(refused >= form::times(0, 20), "failed commits refuse what they were to store");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_nothing_is_accepted_once_every_sync_fails_and_a_loss_of_power_shows_it() {
    if !can_trace().await {
        return skipped("strace", UNSEEN);
    }
    let Some(disk) = Disk::make(96, "no loss of power after failed syncs was seen").await else { return };
    let outside = TestStore::sqlite();
    let mut scene = Scene::start(TestStore::sqlite_in(&disk.path()), Plan::default()).await;
    scene.load.bear_refusals();
    for number in (0..form::times(1, 5)).map(|i| 20 + 17 * i) {
        scene.kill().await;
        // Not on the disk that is cut off.
        let file = outside.folder().join(format!("trace-{number}"));
        fail(&mut scene, &file, &format!("{number}+"));
        assert!(scene.restarted().await, "a start needs fewer syncs:\n{}", scene.last_words());
        wait_for_failure(&file, "-wal>", REACHED).await;
        let acked = || scene.load.look(super::load::Book::acked);
        wait_for_refusals(&scene, 20).await;
        let before = acked();
        wait_for_refusals(&scene, 20).await;
        assert_eq!(acked(), before, "nothing is accepted any more");
        scene.client().call("GET", "//healthz", None, "").await.expect("the server lives").expect(200);
        cut(&mut scene, &disk).await;
        scene.wrap(None);
        scene.restart().await;
        wait_for_acked(&scene, 50).await;
    }
    let refused = scene.load.look(|book| book.refused);
    let figures = scene.finish(1).await;
    println!("eio, from some sync on, then a loss of power: {refused} refusals; {figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_an_event_whose_sync_failed_is_not_told_to_be_stored() {
    if !can_trace().await {
        return skipped("strace", UNSEEN);
    }
    let store = TestStore::sqlite();
    let (place, file) = (Place::of(&store), store.folder().join("trace"));
    let key = make_key(&place, "admin").await;
    let command = under_strace(serve(&place, &[]), &file, &["-e", CALLS, "-e", &failing("15")]);
    let (server, address) = Server::start(command).await;
    let mut client = crate::wire::Client::new(address, &key);
    let secret = Secret::from_bytes(&[7; 32]);
    let webhook = make_webhook(&mut client, "http://127.0.0.1:65000/", &secret, json!({})).await;
    client.post(&format!("/webhooks/{webhook}/pause"), "", 200).await;
    let body = json!({"type": "Contact Information", "data": {"name": "N", "email": null, "phone": null}});
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..40 {
        match client.call("POST", "/events", None, &body.to_string()).await.expect("an answer").status {
            202 => accepted += 1,
            503 => refused += 1,
            other => panic!("answered with {other}"),
        }
    }
    let (status, _) = server.stop().await;
    assert!(status.success(), "{status}");
    let told = trace::read(&whole(&file).await);
    println!("eio: {accepted} times 202 and {refused} times 503, each 202 after an fsync of the log");
    assert_eq!(told, Ok(accepted), "202s that strace saw, none of them early");
    assert!((1..=2).contains(&refused), "one failed sync refuses one event; here {refused}");
}

/// Starts a server whose syncs fail as `when` says in strace's words.
fn fail(scene: &mut Scene, file: &Path, when: &str) {
    let (file, failing) = (file.to_owned(), failing(when));
    let wrap = move |command| {
        // The filter leaves all other calls at their full speed.
        under_strace(command, &file, &["--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-e", &failing])
    };
    scene.wrap(Some(Box::new(wrap)));
    scene.spawn();
}

fn failing(when: &str) -> String {
    format!("inject=fsync,fdatasync:error=EIO:when={when}")
}

/// How many syncs of files whose name ends so were failed.
fn failures(file: &Path, name: &str) -> usize {
    let trace = fs::read_to_string(file).unwrap_or_default();
    let (mut begun, mut count) = (HashMap::new(), 0);
    for (thread, line) in trace.lines().filter_map(|line| line.split_once(' ')) {
        // The file's name stands where the call began.
        let of_it = line.contains(name) || line.contains("resumed>") && begun.remove(thread) == Some(true);
        if line.contains("<unfinished ...>") {
            begun.insert(thread, of_it);
        }
        count += usize::from(of_it && line.contains("(INJECTED)"));
    }
    count
}

/// Waits until a sync of such a file was failed; how many were: none if no thread that syncs it gets so far.
async fn wait_for_failure(file: &Path, name: &str, patience: Duration) -> usize {
    let failed = async {
        loop {
            let count = failures(file, name);
            if count > 0 {
                return count;
            }
            sleep(POLL * 10).await;
        }
    };
    timeout(patience, failed).await.unwrap_or(0)
}

async fn wait_for_refusals(scene: &Scene, more: usize) {
    let refused = || scene.load.look(|book| book.refused);
    let enough = refused() + more;
    let all = async {
        while refused() < enough {
            sleep(POLL).await;
        }
    };
    timeout(REACHED, all).await.unwrap_or_else(|_| panic!("nothing is refused:\n{}", scene.last_words()));
}
