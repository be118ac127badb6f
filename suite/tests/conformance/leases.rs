//! Which node holds which shards.

use std::{collections::BTreeSet, time::Duration};

use app::Tx;
use domain::{DeliveryState, Id, Timestamp, Webhook, samples::start};
use store::{
    deliveries::{self, Lease},
    nodes::{self, Holding, Node},
};
use suite::stores;
use tokio::task::JoinSet;

use crate::kit::{at, backlog, carry_out, delivery, id, lease, open, read, sabotage, write};

async fn renew(db: &app::Db, node: u32, until: Timestamp, ended: Timestamp) -> Vec<(u8, i64)> {
    write(db, move |tx| nodes::renew(tx, id(node), until, ended)).await
}

/// All shards in one epoch.
fn all(epoch: i64) -> Vec<(u8, i64)> {
    (0..=255).map(|shard| (shard, epoch)).collect()
}

#[tokio::test]
async fn a_lease_is_kept_while_renewed_and_taken_over_in_a_new_epoch_once_it_ended() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        assert_eq!(read(&db, nodes::list).await, []);
        assert_eq!(renew(&db, 1, at(15), at(0)).await, all(1));
        assert_eq!(renew(&db, 2, at(16), at(1)).await, []);
        assert_eq!(renew(&db, 1, at(20), at(5)).await, all(1), "a renewal is no new epoch");
        assert_eq!(renew(&db, 2, at(35), at(20)).await, [], "it has not ended at its last instant");
        assert_eq!(
            renew(&db, 1, at(20), at(90)).await,
            all(1),
            "one that ended and was not taken over is still held"
        );
        assert_eq!(renew(&db, 2, at(36), at(21)).await, all(2));
        assert_eq!(renew(&db, 1, at(37), at(22)).await, []);
        let holding = Holding { node: id(2), shards: 256, expires_at: at(36) };
        assert_eq!(read(&db, nodes::list).await, [holding]);
    }
}

#[tokio::test]
async fn releasing_frees_what_a_node_holds_and_nothing_else() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        renew(&db, 1, at(15), at(0)).await;
        write(&db, |tx| nodes::release(tx, id(2))).await;
        assert_eq!(renew(&db, 2, at(15), at(0)).await, []);
        write(&db, |tx| nodes::release(tx, id(1))).await;
        assert_eq!(read(&db, nodes::list).await, []);
        assert_eq!(renew(&db, 2, at(15), at(0)).await, all(2));
    }
}

#[tokio::test]
async fn the_only_server_takes_all_shards_whoever_held_them() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        renew(&db, 1, at(15), at(0)).await;
        // Each server before ended without a word, as in a crash.
        for (node, epoch) in [(2, 2), (3, 3), (4, 4)] {
            clock.advance(Duration::from_secs(1));
            let leases = carry_out(&db, move |tx| app::nodes::take_all(tx, id(node))).await;
            let held: Vec<_> = (0..=255).zip(leases.epochs.iter().copied()).collect();
            let expected: Vec<_> = (0..=255).map(|shard: u8| (shard, Some(epoch))).collect();
            assert_eq!(held, expected, "server {node}");
            clock.advance(Duration::from_secs(60 * 60 * 24 * 365 * 100));
            let now = db.ambient().clock.now();
            assert_eq!(renew(&db, 9, now, now).await, [], "what the only server holds does not end");
        }
    }
}

#[tokio::test]
async fn renewing_by_use_case_lasts_as_long_as_asked() {
    for store in stores().await {
        let (db, clock) = open(&store).await;
        let ttl = Duration::from_secs(15);
        let held = |node: u32| {
            let leases = carry_out(&db, move |tx| app::nodes::renew(tx, id(node), ttl));
            async { leases.await.epochs.iter().flatten().count() }
        };
        assert_eq!(held(1).await, 256);
        clock.advance(ttl);
        assert_eq!(held(2).await, 0);
        clock.advance(Duration::from_micros(1));
        assert_eq!(held(2).await, 256);
        assert_eq!(held(1).await, 0);
        carry_out(&db, |tx| app::nodes::release(tx, id(2))).await;
        assert_eq!(held(1).await, 256);
    }
}

#[tokio::test]
async fn a_result_under_a_former_lease_matches_nothing() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        backlog(&db, 1, 1..2).await;
        let former = lease(&db, id(1), 1).await;
        renew(&db, 2, at(200), at(100)).await;
        renew(&db, 1, at(400), at(300)).await;
        let done = domain::Delivery { state: DeliveryState::Delivered, attempts: 1, ..delivery(1, 1, 1) };
        let advance = |lease: Lease| {
            let done = done.clone();
            write(&db, move |tx| deliveries::advance(tx, &done, 0, lease))
        };
        assert!(!advance(former).await, "the node holds the shard again, but in another epoch");
        assert!(!advance(Lease { node: id(2), epoch: 3 }).await, "another node");
        assert!(!advance(Lease { node: id(1), epoch: 5 }).await, "an epoch to come");
        let shard = Webhook::shard(id(1));
        let lose = format!("update shard_lease set owner = null where shard = {shard}");
        sabotage(&store, &lose).await;
        assert!(!advance(Lease { node: id(1), epoch: 3 }).await, "of all shards it has lost this one");
        let lose = format!("update shard_lease set owner = null where shard <> {shard}");
        renew(&db, 1, at(600), at(500)).await;
        sabotage(&store, &lose).await;
        assert!(!advance(Lease { node: id(1), epoch: 3 }).await, "it got the shard back in a new epoch");
        assert!(advance(Lease { node: id(1), epoch: 4 }).await, "of all shards it has this one alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_renew_at_once_never_hold_the_same_shard() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let mut epochs = vec![0; 256];
        for round in 0..20 {
            // Every lease of the round before has ended, and none of this one.
            let (until, ended) = (at(round * 10 + 10), at(round * 10 + 1));
            let mut tasks = JoinSet::new();
            for node in 1..=6 {
                let db = db.clone();
                tasks.spawn(async move {
                    let renew = move |tx: &mut Tx<'_>| nodes::renew(tx, id::<Node>(node), until, ended);
                    (node, db.write(renew).await.unwrap())
                });
            }
            let held: Vec<(u32, u8, i64)> = tasks
                .join_all()
                .await
                .into_iter()
                .flat_map(|(node, held)| held.into_iter().map(move |(shard, epoch)| (node, shard, epoch)))
                .collect();
            let shards: BTreeSet<u8> = held.iter().map(|(_, shard, _)| *shard).collect();
            assert_eq!((held.len(), shards.len()), (256, 256), "each shard has one owner");
            for (_, shard, epoch) in held {
                let before = std::mem::replace(&mut epochs[usize::from(shard)], epoch);
                assert!(epoch >= before, "epochs only grow");
            }
        }
        let holdings = read(&db, nodes::list).await;
        let nodes: BTreeSet<Id<Node>> = holdings.iter().map(|it| it.node).collect();
        assert_eq!(nodes.len(), holdings.len());
        assert_eq!(holdings.iter().map(|it| it.shards).sum::<u32>(), 256);
        assert!(holdings.iter().all(|it| it.expires_at > start()));
    }
}
