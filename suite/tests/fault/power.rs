//! Loss of power at random instants, under load: what a 202 promised is found on the disk that is left.
//!
//! A killed process leaves its writes to the kernel, so killing cannot show that a sync is missing. Here the disk
//! forgets whatever was not synced. The server is stopped (SIGSTOP) at a random instant, what is on the disk then is
//! copied, and the next server starts on the copy. The control shows that this does find a missing sync.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use suite::TestStore;
use tokio::time::sleep;

use crate::{
    backup::event_ids,
    child::{about, output},
    disk::Disk,
    form::{self, Dice},
    scene::{Plan, Scene, wait_for_acked},
};

const MEGABYTES: u32 = 224;
/// How soon a server must be ready on what is left.
const START: Duration = Duration::from_secs(2);
/// How many accepted events each cut waits for, so that there is something to lose.
const EVENTS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_nothing_that_was_accepted_is_lost_however_often_the_power_is() {
    // The long form runs a faster server for longer.
    let megabytes = MEGABYTES * form::times(1, 8) as u32;
    let Some(disk) = Disk::make(megabytes, "no loss of power was seen").await else { return };
    let (dice, began, cuts) = (Dice::new(), Instant::now(), form::times(3, 30));
    println!("power: {cuts} cuts from LEADPOST_FAULT_SEED={}", dice.seed);
    let mut scene =
        Scene::start(TestStore::sqlite_in(&disk.path()), Plan { slowness: (0, 40), ..Plan::default() }).await;
    let (mut slowest, mut open) = (Duration::ZERO, 0);
    for _ in 0..cuts {
        wait_for_acked(&scene, EVENTS).await;
        sleep(dice.millis(0, 1_500)).await;
        open += scene.inbox.open();
        cut(&mut scene, &disk).await;
        let start = scene.restart().await;
        assert!(start < START, "ready only after {start:?}");
        slowest = slowest.max(start);
        let doctor = output(about(&scene.place, &["doctor", "--deep"])).await;
        assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
    }
    let figures = scene.finish(1).await;
    let open = open / cuts;
    println!("power: {cuts} cuts, {open} in flight on average, ready after at most {slowest:.1?}");
    println!("power: {figures}; {:.1?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sync_at_each_commit_a_loss_of_power_takes_accepted_events_and_it_shows() {
    let (dice, runs) = (Dice::new(), form::times(3, 10));
    println!("power control: {runs} cuts from LEADPOST_FAULT_SEED={}", dice.seed);
    let mut lost = Vec::new();
    for _ in 0..runs {
        let Some(disk) = Disk::make(MEGABYTES, "no loss of power was seen").await else { return };
        lost.push(lose_some(&disk, &dice).await);
    }
    println!("power control: of how many accepted events how many were lost: {lost:?}");
    // An instant just after a checkpoint, which syncs, loses nothing.
    let seen = lost.iter().filter(|(_, lost)| *lost > 0).count();
    assert!(seen >= form::times(1, 9), "the harness saw a loss in {seen} of {runs} cuts only");
}

/// Cuts the power of a store whose commits do not wait for the disk: accepted events, and how many of them are gone.
async fn lose_some(disk: &Disk, dice: &Dice) -> (usize, usize) {
    let settings = [("LEADPOST_STORE__SQLITE_SYNCHRONOUS", "normal")];
    let plan = Plan {
        settings: settings.map(|(name, value)| (name, value.to_owned())).to_vec(),
        slowness: (0, 5),
        accounts: 1,
        ..Plan::default()
    };
    let mut scene = Scene::start(TestStore::sqlite_in(&disk.path()), plan).await;
    // Account, key and webhooks shall be there afterwards.
    disk.sync().await;
    wait_for_acked(&scene, EVENTS).await;
    sleep(dice.millis(300, 1_500)).await;
    // While events are being accepted; in a pause a checkpoint, which syncs, would hide what is missing.
    wait_for_acked(&scene, 20).await;
    cut(&mut scene, disk).await;
    scene.spawn();
    scene.ready().await;
    let mut doctor = about(&scene.place, &["doctor"]);
    doctor.envs(settings);
    let doctor = output(doctor).await;
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(!doctor.status.success() && said.contains("sqlite_synchronous is normal"), "{said}");
    let acked: HashSet<String> = scene.load.look(super::load::Book::ids);
    let stored = event_ids(&mut scene.client()).await;
    (acked.len(), acked.difference(&stored).count())
}

/// Cuts the power. The server is no more, and the disk is what was left.
pub async fn cut(scene: &mut Scene, disk: &Disk) {
    scene.suspend().await;
    let remains = disk.remains();
    scene.kill().await;
    disk.lose_power(&remains).await;
}
