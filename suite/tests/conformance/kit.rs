//! What these tests share: a store with two accounts, nouns whose ids sort by their number, and ways to do things
//! at the same time.

use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use app::{AppError, Db, StoreError, StoreUrl, Tx};
use domain::{
    Actor, Ambient, Attempt, AttemptError, AttemptKind, BodyForm, Delivery, DeliveryState, EgressPolicy,
    ErrorClass, Event, EventType, Id, Outcome, Phases, Response, Secret, Timestamp, Webhook,
    samples::{acme, globex, start},
};
use store::{
    accounts,
    deliveries::Lease,
    events,
    nodes::{self, Node},
    webhooks,
};
use suite::{ManualClock, SeededRandom, TestStore};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Opens a store that has both accounts of the samples.
pub async fn open(store: &TestStore) -> (Db, Arc<ManualClock>) {
    // Shown if the test fails: which engine it failed on.
    eprintln!("on {}", store.engine);
    let (db, clock) = store.open().await;
    let both = |tx: &mut Tx<'_>| accounts::insert(tx, &acme()).and_then(|()| accounts::insert(tx, &globex()));
    write(&db, both).await;
    (db, clock)
}

/// A clock at its start, and randomness that differs between seeds.
pub fn ambient(seed: u64) -> Ambient {
    Ambient { clock: Arc::<ManualClock>::default(), random: Arc::new(SeededRandom::new(seed)) }
}

/// Writes what the store must take.
pub async fn write<T: Send + 'static>(
    db: &Db,
    body: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    db.write(body).await.expect("the store takes it")
}

/// Reads what the store must answer.
pub async fn read<T: Send + 'static>(
    db: &Db,
    body: impl Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    db.read(body).await.expect("the store answers")
}

/// Carries out a use case that must succeed.
pub async fn carry_out<T: Send + 'static>(
    db: &Db,
    body: impl Fn(&mut Tx<'_>) -> Result<T, AppError> + Send + 'static,
) -> T {
    db.write(body).await.expect("the use case succeeds")
}

/// The constraint that writing this hurts.
pub async fn conflict(
    db: &Db,
    body: impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
) -> String {
    match db.write(body).await {
        Err(StoreError::Conflict { constraint }) => constraint,
        other => panic!("this should be a conflict: {other:?}"),
    }
}

/// Somebody who may do everything in the account that tests act in.
pub fn console() -> Actor {
    Actor::Console { account: acme().id }
}

/// An id; a greater number sorts later. Its last byte, and so a webhook's shard, is the number's.
pub fn id<T>(number: u32) -> Id<T> {
    let [.., third, second, last] = number.to_be_bytes();
    Id::from_parts(
        u64::try_from(start().micros() / 1_000).expect("tests begin after 1970"),
        &[0, 0, 0, 0, 0, 0, 0, third, second, last],
    )
}

/// An instant so many seconds after the start.
pub fn at(seconds: u64) -> Timestamp {
    start() + Duration::from_secs(seconds)
}

/// A webhook of the account that tests act in, for both posted types.
pub fn webhook(number: u32) -> Webhook {
    let new = domain::samples::webhook("https://crm.example.com/in");
    let secret = Secret::from_bytes(&[number.to_be_bytes()[3]; 32]);
    new.into_webhook(&EgressPolicy::default(), id(number), acme().id, secret, start())
        .expect("the sample is good")
}

/// A captured contact in the account that tests act in.
pub fn event(number: u32) -> Event {
    let contact = domain::samples::contact().check().expect("the sample is good");
    contact.to_event(id(number), acme().id, start())
}

/// A pending delivery of an event to a webhook, due at the start.
pub fn delivery(number: u32, event: u32, webhook: u32) -> Delivery {
    Delivery {
        id: id(number),
        account: acme().id,
        event_id: id(event),
        webhook_id: id(webhook),
        event_type: EventType::ContactInformation,
        body: BodyForm::Documented,
        state: DeliveryState::Pending,
        attempts: 0,
        failures: 0,
        due_at: start(),
        started_at: None,
        created_at: start(),
        line: None,
    }
}

/// Stores a webhook and so many events, each with a pending delivery of its own number.
pub async fn backlog(db: &Db, webhook_number: u32, events: std::ops::Range<u32>) {
    let fill = move |tx: &mut Tx<'_>| {
        webhooks::insert(tx, &webhook(webhook_number))?;
        for number in events.clone() {
            events::insert(tx, &Event { planned: 1, ..event(number) })?;
            store::deliveries::insert(tx, &[delivery(number, number, webhook_number)])?;
        }
        Ok(())
    };
    write(db, fill).await;
}

/// An attempt that was answered with this status.
pub fn answered(status: u16) -> Outcome {
    let response = Response { status, headers: Vec::new(), body: b"answer".to_vec() };
    let phases = Phases { total: Duration::from_millis(12), ..Phases::default() };
    Outcome { at: start(), address: Some("192.0.2.1:443".into()), phases, result: Ok(response) }
}

/// An attempt that had no answer.
pub fn unanswered(class: ErrorClass) -> Outcome {
    let error = AttemptError { class, detail: "it did not answer".into() };
    Outcome { address: None, result: Err(error), ..answered(0) }
}

/// A scheduled attempt.
pub fn attempt(number: u32, outcome: Outcome) -> Attempt {
    Attempt { number, kind: AttemptKind::Scheduled, outcome }
}

/// Gives `node` every free shard for a minute; the right to decide about deliveries to `webhook`.
pub async fn lease(db: &Db, node: Id<Node>, webhook: u32) -> Lease {
    let held = write(db, move |tx| nodes::renew(tx, node, at(60), start())).await;
    let shard = Webhook::shard(id(webhook));
    let (_, epoch) = held.into_iter().find(|(held, _)| *held == shard).expect("the shard was free");
    Lease { node, epoch }
}

/// Runs SQL behind the store's back.
pub async fn sabotage(store: &TestStore, sql: &str) {
    store.sabotage(sql, sql).await;
}

/// What a query of the test's own finds, each column as text.
pub async fn rows(store: &TestStore, sqlite: &str, postgres: &str) -> Vec<Vec<String>> {
    match &store.url {
        StoreUrl::Sqlite(path) => sqlite_rows(path, sqlite).expect("the query is good"),
        StoreUrl::Postgres(url) => {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
            tokio::spawn(connection);
            let messages = client.simple_query(postgres).await.expect("the query is good");
            messages.iter().filter_map(postgres_row).collect()
        }
    }
}

fn sqlite_rows(path: &Path, sql: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let connection = rusqlite::Connection::open(path)?;
    let mut statement = connection.prepare(sql)?;
    let width = statement.column_count();
    let read = |row: &rusqlite::Row<'_>| (0..width).map(|i| row.get(i)).collect();
    statement.query_map([], read)?.collect()
}

fn postgres_row(message: &SimpleQueryMessage) -> Option<Vec<String>> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    Some((0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned()).collect())
}

/// A point that transactions reach together.
struct Meeting {
    arrived: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    fn wait_for(&self, number: usize) {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(arrived, |arrived| *arrived < number));
    }

    /// A body that runs again finds everybody there already.
    fn arrive(&self, expected: usize) {
        *self.arrived.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
        self.wait_for(expected);
    }
}

/// Runs two use cases in transactions that overlap: neither goes on before both have begun. SQLite, which has one
/// writer, runs one after the other.
pub async fn overlap<A: Send + 'static, B: Send + 'static>(
    store: &TestStore,
    db: &Db,
    first: impl Fn(&mut Tx<'_>) -> Result<A, AppError> + Send + 'static,
    second: impl Fn(&mut Tx<'_>) -> Result<B, AppError> + Send + 'static,
) -> (Result<A, AppError>, Result<B, AppError>) {
    let expected = if store.engine == "postgres" { 2 } else { 1 };
    let meeting = Arc::new(Meeting { arrived: Mutex::new(0), changed: Condvar::new() });
    let (db, begun, meet) = (db.clone(), meeting.clone(), meeting.clone());
    let one = {
        let (db, meet) = (db.clone(), meeting.clone());
        tokio::spawn(async move {
            let body = move |tx: &mut Tx<'_>| {
                meet.arrive(expected);
                first(tx)
            };
            db.write(body).await
        })
    };
    // Sent only now, so that they do not share one transaction.
    tokio::task::spawn_blocking(move || begun.wait_for(1)).await.expect("waiting does not panic");
    let body = move |tx: &mut Tx<'_>| {
        meet.arrive(expected);
        second(tx)
    };
    let other = db.write(body).await;
    (one.await.expect("writing does not panic"), other)
}
