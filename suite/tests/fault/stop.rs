//! SIGTERM under load, with receivers that take their time.

use std::time::{Duration, Instant};

use suite::{
    TestStore,
    store::{postgres_server, skipped},
    stores,
};
use tokio::time::{sleep, timeout};

use crate::{
    child::POLL,
    form::{self, Dice},
    scene::{IN_FLIGHT, Plan, Scene},
};

/// What `server.stop_seconds` allows by default, and five seconds.
fn limit() -> Duration {
    let defaults = include_str!("../../../config.default.toml");
    let seconds = defaults.lines().find_map(|line| line.strip_prefix("stop_seconds = "));
    let seconds: u64 = seconds.and_then(|it| it.parse().ok()).expect("there is a default");
    Duration::from_secs(seconds + 5)
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_stop_loses_nothing_and_sends_nothing_twice() {
    stop_again_and_again(TestStore::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_stop_loses_nothing_and_sends_nothing_twice() {
    let Some(server) = postgres_server() else {
        return skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; it was stopped on SQLite only");
    };
    stop_again_and_again(TestStore::postgres(server).await).await;
}

async fn stop_again_and_again(store: TestStore) {
    let (dice, engine, began) = (Dice::new(), store.engine, Instant::now());
    let stops = form::times(10, 30);
    println!("{engine}: {stops} stops from LEADPOST_FAULT_SEED={}", dice.seed);
    let mut scene = Scene::start(store, Plan { slowness: (100, 1_000), ..Plan::default() }).await;
    let mut longest = Duration::ZERO;
    for _ in 0..stops {
        wait_for_load(&scene).await;
        sleep(dice.millis(0, 300)).await;
        let time = scene.stop().await;
        assert!(time < limit(), "{engine}: it took {time:?} to stop");
        longest = longest.max(time);
        scene.restart().await;
    }
    // What is left over drains faster.
    scene.inbox.slow(0, 20);
    let figures = scene.finish(1).await;
    println!("{engine}: {stops} stops, the longest {longest:.1?}; {figures}; {:.1?}", began.elapsed());
    assert_eq!(figures.number("duplicates"), 0, "{engine}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_receivers_that_are_too_slow_and_they_get_it_again() {
    for store in stores().await {
        let engine = store.engine;
        let settings = vec![("LEADPOST_SERVER__STOP_SECONDS", "1".to_owned())];
        let plan = Plan { settings, slowness: (4_000, 4_000), ..Plan::default() };
        let mut scene = Scene::start(store, plan).await;
        wait_for_load(&scene).await;
        let time = scene.stop().await;
        assert!(time < Duration::from_secs(1 + 5), "{engine}: it took {time:?} to stop");
        scene.inbox.slow(0, 20);
        scene.restart().await;
        let figures = scene.finish(1).await;
        println!("{engine}: stopped after {time:.1?} with hanging receivers; {figures}");
        let duplicates = figures.number("duplicates");
        assert!(duplicates > 0 && duplicates <= IN_FLIGHT, "{engine}: {figures}");
    }
}

/// Waits until as much is in flight as may be. Leases that a stop has given up need not be waited for.
async fn wait_for_load(scene: &Scene) {
    let loaded = async {
        while scene.inbox.open() < IN_FLIGHT {
            sleep(POLL).await;
        }
    };
    timeout(Duration::from_secs(14), loaded).await.expect("leases of 15 s were given up by the stop");
}
