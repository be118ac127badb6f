//! Attempts: every outcome is kept as it was.

use std::time::Duration;

use app::Tx;
use domain::{
    Attempt, AttemptError, AttemptKind, Delivery, ErrorClass, Outcome, Phases, Response,
    samples::{acme, globex},
};
use store::deliveries;
use suite::stores;

use crate::kit::{answered, at, attempt, conflict, delivery, event, id, open, read, unanswered, write};

async fn record(db: &app::Db, attempts: Vec<Attempt>) {
    let record = move |tx: &mut Tx<'_>| {
        attempts.iter().try_for_each(|attempt| deliveries::insert_attempt(tx, acme().id, id(1), attempt))
    };
    write(db, record).await;
}

async fn recorded(db: &app::Db) -> Vec<Attempt> {
    read(db, |tx| deliveries::attempts(tx, acme().id, id(1))).await
}

fn with_body(number: u32, body: impl Into<Vec<u8>>) -> Attempt {
    let response = Response { status: 200, headers: Vec::new(), body: body.into() };
    attempt(number, Outcome { result: Ok(response), ..answered(200) })
}

#[tokio::test]
async fn every_kind_of_failure_comes_back_oldest_first() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let all: Vec<Attempt> =
            (1..).zip(ErrorClass::ALL).map(|(number, class)| attempt(number, unanswered(class))).collect();
        record(&db, all.iter().rev().cloned().collect()).await;
        assert_eq!(recorded(&db).await, all);
        assert_eq!(read(&db, |tx| deliveries::attempts(tx, acme().id, id(2))).await, []);
    }
}

#[tokio::test]
async fn an_answer_comes_back_with_headers_times_and_bytes() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let headers = [("X-A", "1"), ("x-a", "2"), ("x-é", "\"\\\u{0}\u{1f600}"), ("", "")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let micros = |it| Some(Duration::from_micros(it));
        let phases = Phases {
            dns: micros(0),
            connect: micros(1),
            tls: micros(2_000_000),
            first_byte: micros(3),
            total: Duration::from_micros(u64::from(u32::MAX) + 1),
        };
        let response = Response { status: 999, headers, body: "grüße".into() };
        let address = Some("[2001:db8::1]:443".to_owned());
        let outcome = Outcome { at: at(3), address, phases, result: Ok(response) };
        let full = Attempt { number: 1, kind: AttemptKind::Test, outcome };
        record(&db, vec![full.clone(), attempt(2, answered(200))]).await;
        assert_eq!(recorded(&db).await, [full, attempt(2, answered(200))]);
    }
}

#[tokio::test]
async fn a_body_that_is_no_text_comes_back_byte_for_byte() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let all_bytes: Vec<u8> = (0..=255).collect();
        let bodies: [&[u8]; 6] =
            [b"", b"\0", b"text with \0 inside", b"\xff\xfe", &all_bytes, &[0xf0; Response::MAX_BODY]];
        let all: Vec<Attempt> = (1..).zip(bodies).map(|(number, body)| with_body(number, body)).collect();
        record(&db, all.clone()).await;
        assert_eq!(recorded(&db).await, all);
    }
}

#[tokio::test]
async fn a_reason_that_holds_a_nul_is_kept_without_it() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let error = |detail: &str| AttemptError { class: ErrorClass::ProtocolError, detail: detail.into() };
        let failed = |detail| attempt(1, Outcome { result: Err(error(detail)), ..answered(0) });
        record(&db, vec![failed("a\0b")]).await;
        assert_eq!(recorded(&db).await, [failed("a\u{fffd}b")]);
    }
}

#[tokio::test]
async fn one_number_is_one_attempt_of_a_delivery() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        record(&db, vec![attempt(1, answered(200))]).await;
        let again =
            |tx: &mut Tx<'_>| deliveries::insert_attempt(tx, acme().id, id(1), &attempt(1, answered(500)));
        assert_eq!(conflict(&db, again).await, "attempt_pkey");
        assert_eq!(recorded(&db).await, [attempt(1, answered(200))]);
    }
}

#[tokio::test]
async fn a_foreign_account_sees_no_attempt_and_its_own_are_not_seen() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        record(&db, vec![attempt(1, answered(200))]).await;
        assert_eq!(read(&db, |tx| deliveries::attempts(tx, globex().id, id(1))).await, []);
        let foreign =
            |tx: &mut Tx<'_>| deliveries::insert_attempt(tx, globex().id, id(1), &attempt(2, answered(500)));
        write(&db, foreign).await;
        assert_eq!(recorded(&db).await, [attempt(1, answered(200))]);
    }
}

#[tokio::test]
async fn the_last_outcome_of_each_delivery_of_an_event_is_found_without_what_was_answered() {
    for store in stores().await {
        let (db, _) = open(&store).await;
        let fill = |tx: &mut Tx<'_>| {
            store::events::insert(tx, &event(1))?;
            store::events::insert(tx, &event(2))?;
            let all = [(1, 1, 2), (2, 1, 1), (3, 1, 0), (4, 2, 1)];
            let all = all.map(|(number, of, attempts)| Delivery { attempts, ..delivery(number, of, number) });
            deliveries::insert(tx, &all)?;
            let tried = [(1, 1, answered(500)), (1, 2, answered(404)), (4, 1, answered(503))];
            for (of, number, outcome) in tried {
                deliveries::insert_attempt(tx, acme().id, id(of), &attempt(number, outcome))?;
            }
            deliveries::insert_attempt(tx, acme().id, id(2), &attempt(1, unanswered(ErrorClass::Timeout)))
        };
        write(&db, fill).await;
        let mut found = read(&db, |tx| deliveries::last_outcomes(tx, acme().id, &[id(1)])).await;
        found.sort_unstable_by_key(|(id, _)| *id);
        let bare = Response { status: 404, headers: Vec::new(), body: Vec::new() };
        let bare = Outcome { result: Ok(bare), ..answered(404) };
        assert_eq!(found, [(id(1), bare), (id(2), unanswered(ErrorClass::Timeout))], "{}", store.engine);
        assert_eq!(read(&db, |tx| deliveries::last_outcomes(tx, globex().id, &[id(1)])).await, []);
    }
}
