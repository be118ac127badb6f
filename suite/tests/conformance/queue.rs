//! The queue before the database threads: long, but not endless.

use std::{sync::mpsc, time::Duration};

use app::{Db, OpenOptions, StoreError, Tx};
use store::{accounts, events};
use suite::stores;
use tokio::{task::JoinSet, time::timeout};

use crate::kit::{ambient, event, id, read, write};

/// So much can wait, and so much wants to.
const ROOM: u32 = 4_096;
const TOO_MUCH: u32 = 6_000;

/// Has the only writer wait until the sender that is answered is used or dropped.
async fn block(db: &Db) -> mpsc::Sender<()> {
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let body = move |_: &mut Tx<'_>| {
        // Neither end is there any more if the body runs again.
        let _ = begun.send(());
        let _ = may_go_on.recv();
        Ok::<_, StoreError>(())
    };
    let db = db.clone();
    tokio::spawn(async move { db.write(body).await });
    let begun = tokio::task::spawn_blocking(move || has_begun.recv()).await;
    begun.expect("waiting does not panic").expect("the body begins");
    go_on
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_busy_and_loses_nothing_that_it_took() {
    for store in stores().await {
        let options = OpenOptions { connections: 1, ..store.options(ambient(7)) };
        let db = Db::open(&store.url, options).await.unwrap();
        write(&db, |tx| accounts::insert(tx, &domain::samples::acme())).await;
        let go_on = block(&db).await;
        let mut tasks = JoinSet::new();
        for number in 0..TOO_MUCH {
            let db = db.clone();
            tasks
                .spawn(async move { (number, db.write(move |tx| events::insert(tx, &event(number))).await) });
        }
        // While nothing is written, only those are answered that there is no room for.
        for _ in ROOM..TOO_MUCH {
            let (_, answer) = tasks.join_next().await.unwrap().unwrap();
            assert!(matches!(answer, Err(StoreError::Busy)), "{answer:?}");
        }
        read(&db, accounts::list).await;

        go_on.send(()).unwrap();
        let mut taken = Vec::new();
        while let Some(answer) = tasks.join_next().await {
            match answer.unwrap() {
                (number, Ok(())) => taken.push(number),
                // It waited too long, and was not done.
                (_, Err(StoreError::Busy)) => {}
                (_, other) => panic!("{other:?}"),
            }
        }
        taken.sort_unstable();
        let all = |tx: &mut Tx<'_>| {
            events::list(
                tx,
                domain::samples::acme().id,
                &events::EventFilter::default(),
                id(TOO_MUCH),
                TOO_MUCH,
            )
        };
        let stored: Vec<_> = read(&db, all).await.iter().rev().map(|event| event.id).collect();
        assert_eq!(stored, taken.into_iter().map(id).collect::<Vec<_>>());
        write(&db, |tx| events::insert(tx, &event(TOO_MUCH))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_whose_caller_has_gone_is_done_all_the_same() {
    for store in stores().await {
        let options = OpenOptions { connections: 1, ..store.options(ambient(7)) };
        let db = Db::open(&store.url, options).await.unwrap();
        let go_on = block(&db).await;
        // It is asked for once, which puts it into the queue, and then no longer wanted.
        let asked = timeout(Duration::ZERO, db.write(|tx| events::insert(tx, &event(1)))).await;
        assert!(asked.is_err());
        go_on.send(()).unwrap();
        write(&db, |tx| events::insert(tx, &event(2))).await;
        let found = read(&db, |tx| events::find(tx, domain::samples::acme().id, id(1))).await;
        assert_eq!(found, Some(event(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_wait_goes_behind_what_somebody_waits_for() {
    for store in stores().await {
        let options = OpenOptions { connections: 1, ..store.options(ambient(7)) };
        let db = Db::open(&store.url, options).await.unwrap();
        let go_on = block(&db).await;
        let (done, order) = mpsc::channel();
        let mut asked = Vec::new();
        for number in 0..1_000 {
            let (db, done) = (db.clone(), done.clone());
            let note = move |_: &mut Tx<'_>| {
                let _ = done.send(number);
                Ok::<_, StoreError>(())
            };
            // Polled once, which puts it into the queue.
            let mut job: std::pin::Pin<Box<dyn Future<Output = _> + Send>> = match number {
                999 => Box::pin(async move { db.write(note).await }),
                _ => Box::pin(async move { db.write_behind(note).await }),
            };
            assert!(timeout(Duration::ZERO, &mut job).await.is_err());
            asked.push(job);
        }
        go_on.send(()).unwrap();
        for job in asked {
            job.await.expect("it is done");
        }
        let order: Vec<i32> = order.try_iter().collect();
        assert_eq!(order[0], 999, "{}", store.engine);
        assert_eq!(order[1..], (0..999).collect::<Vec<_>>());
    }
}
