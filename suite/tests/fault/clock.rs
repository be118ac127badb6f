//! The wall clock jumps by an hour and by ten days, both ways, while the server runs.
//!
//! `libfaketime` stands between the server and its wall clock; the clock that nobody sets stays the real one.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::json;
use suite::{
    TestStore,
    store::{postgres_server, skipped},
};
use tokio::time::{sleep, timeout};

use crate::{
    arrival::Request,
    child::POLL,
    form,
    scene::{Plan, Scene},
};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// By how many seconds the clock is ahead, one after the other: jumps by an hour and by ten days, both ways.
const AHEAD: [i64; 7] = [0, HOUR, 0, -HOUR, 0, 10 * DAY, 0];
/// A jump takes so long to be seen by whoever has just read the clock; and a timestamp has whole seconds.
const BLUR: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_clock_that_jumps_loses_nothing_and_leaves_nothing_lying() {
    jump(TestStore::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_clock_that_jumps_loses_nothing_and_leaves_nothing_lying() {
    match postgres_server() {
        Some(server) if form::times(0, 1) > 0 => jump(TestStore::postgres(server).await).await,
        Some(_) => skipped("clock", "the clock jumps on SQLite only in the short form"),
        None => {
            skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; the clock jumped on SQLite only");
        }
    }
}

async fn jump(store: TestStore) {
    let Some(library) = library() else {
        return skipped("faketime", "libfaketime is not there; the server's clock did not jump");
    };
    let (engine, file) = (store.engine, store.folder().join("ahead"));
    set(&file, 0);
    let settings = vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let plan = Plan { settings, slowness: (5, 50), skew: 20 * DAY, trouble: true, ..Plan::default() };
    let mut scene = Scene::start(store, plan).await;
    scene.inbox.believe();
    let mut jumps: Vec<(Instant, i64)> = Vec::new();
    for ahead in AHEAD {
        // What waits across a jump ahead is exhausted if it fails once more: its ten minutes are over.
        scene.inbox.trouble(jumps.last().is_none_or(|(_, before)| ahead < *before));
        jumps.push((Instant::now(), ahead));
        set(&file, ahead);
        // What failed before a jump back waits that much longer, and is not to keep clients from posting.
        scene.load.widen();
        wait_for_more(&scene).await;
        // What waited for its time is due now, if that came; a lane that has enough to do looks for it every 5 s.
        let wait = if ahead == 10 * DAY { 8 } else { form::times(2, 10) };
        sleep(Duration::from_secs(wait as u64)).await;
        scene.inbox.trouble(true);
        sleep(Duration::from_secs(form::times(2, 10) as u64)).await;
    }
    if form::times(0, 1) == 0 {
        wake_chores(&scene).await;
    }
    let requests = scene.inbox.requests();
    scene.calm();
    let figures = scene.finish(1).await;
    let (times, waits) = (right_times(&requests, &jumps), patient_waits(&requests, &jumps));
    println!(
        "{engine}: {} jumps; {times} timestamps were right, {waits} waits long enough; {figures}",
        jumps.len() - 1
    );
    assert!(times > 100 && waits > 0, "{engine}: too little to tell anything");
    assert_eq!(figures.number("duplicates"), 0, "{engine}");
}

/// The library, wherever this system keeps it.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists())
}

/// Sets by how many seconds the server's clock is ahead.
fn set(file: &Path, ahead: i64) {
    let next = file.with_extension("next");
    fs::write(&next, format!("{ahead:+}\n")).expect("the folder can be written to");
    fs::rename(&next, file).expect("a file can be replaced");
}

/// First attempts go on, whatever the clock says.
async fn wait_for_more(scene: &Scene) {
    let mut distinct = scene.inbox.distinct();
    let goal = *distinct.borrow() + 100;
    let came = timeout(Duration::from_secs(10), distinct.wait_for(|count| *count >= goal)).await;
    assert!(came.is_ok(), "{}: new deliveries wait for the clock", scene.store.engine);
}

/// Chores run every minute, and when a webhook has changed.
async fn wake_chores(scene: &Scene) {
    let mut client = scene.client();
    let webhooks = client.get("/webhooks").await;
    let path = format!("/webhooks/{}", webhooks["items"][0]["id"].as_str().expect("an id"));
    let renamed = client.call("PATCH", &path, None, &json!({"name": "Another"}).to_string()).await;
    renamed.expect("the server answers").expect(200);
    sleep(POLL).await;
}

/// How many requests say the time that the server's clock had when they were sent; fails if one does not.
fn right_times(requests: &[Request], jumps: &[(Instant, i64)]) -> usize {
    let mut right = 0;
    for request in requests {
        let past: Vec<&(Instant, i64)> = jumps.iter().filter(|(at, _)| *at <= request.arrived).collect();
        let Some((since, ahead)) = past.last() else { continue };
        if request.arrived.duration_since(*since) > BLUR {
            let wrong = (request.ahead - ahead).abs();
            let (id, late) = (&request.id, request.arrived.duration_since(*since));
            assert!(
                wrong <= 2,
                "{id} says {}, {late:.1?} after the server's clock was set to {ahead}, at jump {} of {}",
                request.ahead,
                past.len(),
                jumps.len()
            );
            right += 1;
        }
    }
    right
}

/// How many retries came when their schedule allowed it; fails if one came before, but for those that the clock itself
/// made due by jumping ahead.
fn patient_waits(requests: &[Request], jumps: &[(Instant, i64)]) -> usize {
    let ahead = jumps.windows(2).filter(|pair| pair[0].1 < pair[1].1).map(|pair| pair[1].0);
    let ahead: Vec<Instant> = ahead.collect();
    let mut refused: HashMap<(usize, &str), (usize, Instant)> = HashMap::new();
    let mut waits = 0;
    for request in requests {
        let key = (request.hook, request.id.as_str());
        if let Some((failures, answered)) = refused.get(&key).copied() {
            // Of 1 s and 5 s, a fifth may be missing.
            let least = Duration::from_millis([800, 4_000][failures.min(2) - 1]);
            let jumped = ahead.iter().any(|at| (answered - BLUR..request.arrived).contains(at));
            let wait = request.arrived.duration_since(answered);
            assert!(
                jumped || wait >= least,
                "{key:?} was tried again after {wait:?}, refused {failures} times"
            );
            waits += usize::from(!jumped);
        }
        if let (Some(500 | 503), Some(answered)) = (request.status, request.answered) {
            let failures = refused.get(&key).map_or(0, |(failures, _)| *failures) + 1;
            refused.insert(key, (failures, answered));
        } else {
            refused.remove(&key);
        }
    }
    waits
}
