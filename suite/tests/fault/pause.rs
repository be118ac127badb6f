//! SIGSTOP: a server that stands still, longer than its leases, and goes on as if nothing had happened.

use std::time::{Duration, Instant};

use suite::{
    TestStore,
    store::{postgres_server, skipped},
};
use tokio::time::{sleep, timeout};

use crate::{
    child::{POLL, Server},
    form::{self, Dice},
    scene::{IN_FLIGHT, Plan, Scene},
};

/// The time of a lease, and a pause that is longer than that and than the 5 s after which the database ends what a
/// server was in the middle of.
const LEASE: &str = "2";
const PAUSE: Duration = Duration::from_secs(9);
/// Without anybody to take over, it may last as long as it likes.
const ALONE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_server_that_stood_still_goes_on_where_it_was() {
    let (dice, rounds) = (Dice::new(), form::times(1, 10));
    println!("sqlite: {rounds} pauses from LEADPOST_FAULT_SEED={}", dice.seed);
    let plan = Plan { slowness: (20, 120), ..Plan::default() };
    let mut scene = Scene::start(TestStore::sqlite(), plan).await;
    for _ in 0..rounds {
        wait_for_load(&scene).await;
        sleep(dice.millis(0, 300)).await;
        let from = stand_still(scene.server()).await;
        sleep(ALONE).await;
        scene.server().signal("CONT").await;
        scene.pauses.push((from, Instant::now()));
    }
    let figures = scene.finish(1).await;
    println!("sqlite: {rounds} pauses of {ALONE:?}; {figures}");
    assert_eq!(
        figures.number("duplicates"),
        0,
        "its answers waited for it, and nobody else sends: {figures}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_server_that_stood_still_decides_nothing_about_what_another_has_taken_over() {
    let Some(server) = postgres_server() else {
        return skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; nobody can take over on SQLite");
    };
    let (dice, rounds) = (Dice::new(), form::times(1, 10));
    println!("postgres: {rounds} pauses from LEADPOST_FAULT_SEED={}", dice.seed);
    let settings = vec![("LEADPOST_DELIVERY__LEASE_TTL_SECONDS", LEASE.to_owned())];
    let plan = Plan { settings, slowness: (20, 120), trouble: true, ..Plan::default() };
    let mut scene = Scene::start(TestStore::postgres(server).await, plan).await;
    // It holds the leases; the other one waits, and takes what clients post.
    let mut holder = scene.add_node().await;
    let mut longest = Duration::ZERO;
    for _ in 0..rounds {
        wait_for_load(&scene).await;
        sleep(dice.millis(0, 300)).await;
        let before = holder_of(&scene).await;
        let from = stand_still(&holder.0).await;
        longest = longest.max(taken_over(&scene, from).await);
        sleep(PAUSE.saturating_sub(from.elapsed())).await;
        assert_ne!(holder_of(&scene).await, before, "another node holds the leases");
        holder.0.signal("CONT").await;
        scene.pauses.push((from, Instant::now()));
        // Now the other one holds them, and is the next to stand still.
        holder = scene.exchange(holder);
    }
    wait_for_load(&scene).await;
    let figures = scene.finish(2).await;
    println!("postgres: {rounds} pauses of {PAUSE:?}, taken over after at most {longest:.1?}; {figures}");
    let (most, stopped) = (figures.number("caused"), holder.0.stop().await.0);
    assert!(most <= IN_FLIGHT + 4 * IN_FLIGHT, "{figures}");
    assert!(stopped.success(), "{stopped}");
}

/// Stops a server; the instant before which it was still running.
async fn stand_still(server: &Server) -> Instant {
    let from = Instant::now();
    server.signal("STOP").await;
    from
}

/// Waits until much is in flight.
async fn wait_for_load(scene: &Scene) {
    let loaded = async {
        while scene.inbox.open() < IN_FLIGHT / 2 {
            sleep(POLL).await;
        }
    };
    timeout(Duration::from_secs(20), loaded).await.expect("the clients go on posting");
}

/// The node that holds the shards.
async fn holder_of(scene: &Scene) -> String {
    let nodes = scene.client().get("/nodes").await;
    let most = nodes["items"].as_array().expect("a list").iter().max_by_key(|node| node["shards"].as_u64());
    most.expect("somebody holds them")["id"].as_str().expect("an id").to_owned()
}

/// Waits for the first request of the server that goes on; after what time it came.
async fn taken_over(scene: &Scene, from: Instant) -> Duration {
    // What the other one has on the wire is answered first.
    while scene.inbox.open() > 0 {
        sleep(POLL).await;
    }
    let before = scene.inbox.requests().len();
    let came = async {
        while scene.inbox.requests().len() == before {
            sleep(POLL * 4).await;
        }
    };
    timeout(PAUSE, came).await.expect("leases of 2 s end, and the other node takes them");
    from.elapsed()
}
