//! SIGSTOP: a server that stands still, longer than its leases, and goes on as if nothing had happened.

use std::time::{Duration, Instant};

use app::{AppError, StoreUrl, Tx, nodes};
use suite::{
    TestStore,
    store::{postgres_server, skipped},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_postgres::NoTls;

use crate::{
    child::{POLL, Server},
    form::{self, Dice},
    scene::{IN_FLIGHT, Plan, Scene},
};

/// The time of a lease, and a pause that is longer than that and than the 2 s after which the database ends what
/// each of a server's four connections was in the middle of.
const LEASE: &str = "3";
const PAUSE: Duration = Duration::from_secs(14);
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
    // What was signed before a pause may be sent after it, once.
    let skew = PAUSE.as_secs() as i64 + 1;
    let plan = Plan { settings, slowness: (20, 120), trouble: true, skew, ..Plan::default() };
    let mut scene = Scene::start(TestStore::postgres(server).await, plan).await;
    let (first, changes) = (holder_of(&scene).await, watch_leases(&scene.store).await);
    // The clients turn to the other one, so that events come in while the first stands still.
    let (mut beside, mut beside_is_first) = (scene.add_node().await, true);
    let (mut longest, mut taken) = (Duration::ZERO, 0);
    for _ in 0..rounds {
        wait_for_load(&scene).await;
        sleep(dice.millis(0, 300)).await;
        if (holder_of(&scene).await == first) != beside_is_first {
            (beside, beside_is_first) = (scene.exchange(beside), !beside_is_first);
        }
        let from = stand_still(&beside.0).await;
        let before = holder_of(&scene).await;
        // Where nodes are so slow that leases end meanwhile, the wrong one may stand still: no harm, no proof.
        if (before == first) == beside_is_first {
            longest = longest.max(taken_over(&scene, &before, from).await);
            taken += 1;
        }
        sleep(PAUSE.saturating_sub(from.elapsed())).await;
        beside.0.signal("CONT").await;
        scene.pauses.push((from, Instant::now()));
    }
    wait_for_load(&scene).await;
    scene.calm();
    // A node that is too slow to renew its leases loses them, too.
    let changes = changes.borrow().clone();
    scene.pauses.extend(&changes);
    let figures = scene.finish(2).await;
    println!(
        "postgres: {rounds} pauses of {PAUSE:?}, {taken} taken over after at most {longest:.1?}; \
         the leases changed hands {} times; {figures}",
        changes.len()
    );
    assert!(taken * 2 >= rounds, "the holder of the leases was hardly ever the one that stood still");
    let stopped = beside.0.stop().await.0;
    assert!(stopped.success(), "{stopped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_node_that_stands_still_in_a_transaction_keeps_others_waiting_for_a_moment_only() {
    let Some(server) = postgres_server() else {
        return skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; SQLite has but one node");
    };
    let store = TestStore::postgres(server).await;
    let ((one, _), (two, _)) = (store.open().await, store.open().await);
    let take = |tx: &mut Tx<'_>| {
        let node = tx.new_id();
        nodes::renew(tx, node, Duration::ZERO).map(drop)
    };
    let (say, mut said) = watch::channel(false);
    let standing = tokio::spawn(async move {
        one.write(move |tx: &mut Tx<'_>| {
            take(tx)?;
            if !say.send_replace(true) {
                std::thread::sleep(PAUSE);
            }
            Ok::<_, AppError>(())
        })
        .await
    });
    said.wait_for(|said| *said).await.expect("it takes the leases");
    let began = Instant::now();
    let (taken, waited) = (two.write(take).await, began.elapsed());
    assert!(taken.is_ok() && waited < PAUSE / 2, "{taken:?} after {waited:?}");
    let stood = standing.await.expect("nothing panics");
    println!("postgres: waited {waited:.1?}; the one that stood still then got {stood:?}");
    assert!(stood.is_err(), "what it had done is undone");
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

/// Follows when the leases changed hands: between which instants each time.
async fn watch_leases(store: &TestStore) -> watch::Receiver<Vec<(Instant, Instant)>> {
    let StoreUrl::Postgres(url) = &store.url else {
        unreachable!("only nodes that share a store have leases")
    };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
    tokio::spawn(connection);
    let (say, changes) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let (mut epoch, mut seen) = (None, Instant::now());
        // Until the database is gone.
        while let Ok(row) = client.query_one("select max(epoch) from shard_lease", &[]).await {
            let (now, present) = (Instant::now(), row.get::<_, Option<i64>>(0));
            if epoch.replace(present).is_some_and(|before| before != present) {
                say.send_modify(|changes| changes.push((seen, now)));
            }
            seen = now;
            sleep(POLL * 10).await;
        }
    });
    changes
}

/// Waits until the leases have another holder, and for a request of it; after what time that came.
async fn taken_over(scene: &Scene, before: &str, from: Instant) -> Duration {
    let came = async {
        while holder_of(scene).await == before {
            sleep(POLL * 4).await;
        }
        let count = scene.inbox.requests().len();
        while scene.inbox.requests().len() == count {
            sleep(POLL * 4).await;
        }
    };
    let came = timeout(PAUSE, came).await;
    came.expect("leases end, and the other node takes them and sends");
    from.elapsed()
}
