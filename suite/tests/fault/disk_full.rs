//! A full disk: nothing is accepted that cannot be kept, nothing that was accepted is forgotten, and all goes on by
//! itself once there is room.

use std::time::{Duration, Instant};

use suite::TestStore;
use tokio::time::{sleep, timeout};

use crate::{
    child::POLL,
    disk::Disk,
    form::{self, Dice},
    scene::{Plan, Scene, wait_for_acked},
    wire::Client,
};

/// Roomy enough for the log, which may grow to 64 MiB and some more, beside what it is for: without room for both the
/// disk would stay full.
const MEGABYTES: u32 = 384;
/// How soon a request must be refused.
const REFUSED: Duration = Duration::from_secs(1);
/// How soon a server must accept again when there is room.
const RECOVERED: Duration = Duration::from_secs(5);
/// The load fills what room the store's own files have left by then.
const FULL: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_full_disk_refuses_events_and_loses_none() {
    let Some(disk) = Disk::make(MEGABYTES, "no disk was filled").await else { return };
    let (dice, began, cycles) = (Dice::new(), Instant::now(), form::times(2, 20));
    println!("disk full: {cycles} times from LEADPOST_FAULT_SEED={}", dice.seed);
    let scene = Scene::start(TestStore::sqlite_in(&disk.path()), Plan::default()).await;
    scene.load.bear_refusals();
    let mut slowest = (Duration::ZERO, Duration::ZERO);
    for _ in 0..cycles {
        wait_for_acked(&scene, 50).await;
        disk.fill();
        wait_for_refusals(&scene).await;
        look_at_it_full(&mut scene.client()).await;
        sleep(dice.millis(0, 1_500)).await;
        disk.free();
        let (accepts, ready) = recovered(&scene).await;
        slowest = (slowest.0.max(accepts), slowest.1.max(ready));
    }
    let (refused, longest) = scene.load.look(|book| (book.refused, book.slowest_refusal));
    let figures = scene.finish(1).await;
    println!(
        "disk full: {cycles} times, {refused} refusals, the slowest after {longest:.0?}; \
         accepting again after at most {:.0?}, ready after {:.0?}",
        slowest.0, slowest.1
    );
    println!("disk full: {figures}; {:.1?}", began.elapsed());
    assert!(longest < REFUSED, "a request was refused only after {longest:?}");
    assert_eq!(
        figures.number("duplicates"),
        0,
        "results that could not be stored are kept until they can be"
    );
}

async fn wait_for_refusals(scene: &Scene) {
    let refused = || scene.load.look(|book| book.refused);
    let before = refused();
    let full = async {
        while refused() < before + 20 {
            sleep(POLL).await;
        }
    };
    timeout(FULL, full)
        .await
        .unwrap_or_else(|_| panic!("a full disk does not refuse:\n{}", scene.last_words()));
}

/// What still works on a full disk, and who tells of it. What little room is left lets small writes through, so that
/// readiness may come and go.
async fn look_at_it_full(client: &mut Client) {
    let told = async {
        loop {
            let answer = client.call("GET", "//readyz", None, "").await.expect("the server answers");
            if answer.status == 503 {
                return answer.json();
            }
            sleep(POLL).await;
        }
    };
    let told = timeout(RECOVERED, told).await.expect("readiness tells of a full disk");
    assert_eq!(told["code"], "not_ready", "{told}");
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("takes no writes")), "{told}");
    client.call("GET", "//healthz", None, "").await.expect("the server answers").expect(200);
    assert_eq!(client.get("/ledger").await["balanced"], true);
}

/// How long it takes until an event is accepted, and until the server says that it is ready.
async fn recovered(scene: &Scene) -> (Duration, Duration) {
    let freed = Instant::now();
    let accepting = async {
        wait_for_acked(scene, 1).await;
        freed.elapsed()
    };
    let mut client = scene.client();
    let ready = async {
        while client.call("GET", "//readyz", None, "").await.map(|answer| answer.status).ok() != Some(200) {
            sleep(POLL).await;
        }
        freed.elapsed()
    };
    let both = timeout(RECOVERED, async { tokio::join!(accepting, ready) });
    both.await.unwrap_or_else(|_| panic!("with room on the disk all goes on:\n{}", scene.last_words()))
}
