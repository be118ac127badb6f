//! SIGKILL at random instants: while events come in and deliveries go out, and while the server starts.

use std::time::{Duration, Instant};

use suite::{
    TestStore,
    store::{postgres_server, skipped},
    stores,
};
use tokio::time::{sleep, timeout};

use crate::{
    child::{POLL, Place, Server, about, make_key, output, serve},
    form::{self, Dice},
    scene::{IN_FLIGHT, Plan, Scene},
};

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_nothing_that_was_accepted_is_lost_however_often_the_server_is_killed() {
    kill_again_and_again(TestStore::sqlite(), kills(300), usize::MAX).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_nothing_that_was_accepted_is_lost_however_often_the_server_is_killed() {
    let Some(server) = postgres_server() else {
        return skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; it was killed on SQLite only");
    };
    let store = TestStore::postgres(server).await;
    kill_again_and_again(store, kills(60), form::times(20, 3)).await;
}

/// How often: 50 times in the short form, else so often in the long one; or as often as was asked for.
fn kills(long: usize) -> usize {
    let asked = form::variable("LEADPOST_FAULT_KILLS");
    asked.map_or(form::times(50, long), |asked| asked.parse().expect("LEADPOST_FAULT_KILLS is a number"))
}

/// Every `patience`th time, the leases of the killed node are waited for; else they are ended by hand.
async fn kill_again_and_again(store: TestStore, kills: usize, patience: usize) {
    let (dice, engine, began) = (Dice::new(), store.engine, Instant::now());
    println!("{engine}: {kills} kills from LEADPOST_FAULT_SEED={}", dice.seed);
    let settings = vec![("LEADPOST_DELIVERY__LEASE_TTL_SECONDS", "5".to_owned())];
    let plan = Plan { settings, slowness: (20, 120), trouble: true, ..Plan::default() };
    let mut scene = Scene::start(store, plan).await;
    let (mut early, mut open, mut up) = (0, 0, true);
    for kill in 1..=kills {
        if up && dice.below(2) == 0 {
            wait_until_full(&scene).await;
        }
        sleep(if up { dice.millis(0, 400) } else { dice.millis(0, 100) }).await;
        (early, open) = (early + usize::from(!up), open + scene.inbox.open());
        scene.kill().await;
        let patient = up && kill.is_multiple_of(patience);
        if !patient {
            scene.let_leases_end().await;
        }
        up = patient || kill == kills || dice.below(5) > 0;
        if up {
            scene.restart().await;
        } else {
            scene.spawn();
        }
        if patient {
            wait_for_a_delivery(&scene).await;
        }
    }
    let figures = scene.finish(1).await;
    let (mean, time) = (open / kills, began.elapsed());
    println!("{engine}: {kills} kills ({early} of them while it started), {mean} in flight on average");
    println!("{engine}: {figures}; {time:.1?}");
}

/// Waits until as much is in flight as may be. At most a moment: the backlog may be too small for that.
async fn wait_until_full(scene: &Scene) {
    let began = Instant::now();
    while scene.inbox.open() < IN_FLIGHT && began.elapsed() < Duration::from_secs(1) {
        sleep(POLL).await;
    }
}

/// Waits for the first delivery of a server that has to wait until its predecessor's leases end.
async fn wait_for_a_delivery(scene: &Scene) {
    let (began, mut distinct) = (Instant::now(), scene.inbox.distinct());
    timeout(Duration::from_secs(20), distinct.changed())
        .await
        .expect("leases of 5 s end, and another node takes them")
        .expect("the inbox lives");
    println!("{}: delivering again {:.1?} after the start", scene.store.engine, began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_while_it_makes_its_store_leaves_one_that_can_be_served() {
    let dice = Dice::new();
    println!("first starts: LEADPOST_FAULT_SEED={}", dice.seed);
    for _ in 0..form::times(5, 30) {
        for store in stores().await {
            let place = Place::of(&store);
            for _ in 0..3 {
                let server = Server::spawn(serve(&place, &[]));
                sleep(dice.millis(0, 60)).await;
                server.kill().await;
            }
            let (server, _) = Server::start(serve(&place, &[])).await;
            make_key(&place, "read").await;
            let doctor = output(about(&place, &["doctor"])).await;
            assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
            server.kill().await;
        }
    }
}
