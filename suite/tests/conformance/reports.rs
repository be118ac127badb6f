//! What reports count: each figure by its own instant, from its first to before its last.

use std::time::Duration;

use app::{Db, Tx};
use domain::{
    CloseReason, Conversation, Id, MarkerRun, Phase, ReportPeriod, Timestamp,
    report::{CloseCount, DayCount, Execution, Figures, Named, Zone},
    samples::{acme, chatbot, globex, start},
};
use store::{
    chatbots, conversations, markers,
    reports::{self, Limits},
};
use suite::stores;

use crate::{
    conversations::begun,
    kit::{at, id, open, read, write},
};

/// From that day to that one, in UTC.
fn days(first: &str, last: &str) -> ReportPeriod {
    ReportPeriod::between(Some(first), Some(last), Zone::UTC, start()).expect("a period")
}

/// 4 and 5 March 2026; the start is on the first of them.
fn period() -> ReportPeriod {
    days("2026-03-04", "2026-03-05")
}

/// The last microsecond before an instant.
fn before(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros() - 1)
}

async fn insert(db: &Db, it: Conversation) {
    write(db, move |tx| conversations::insert(tx, &it)).await;
}

async fn with_bots(store: &suite::TestStore) -> Db {
    let (db, _) = open(store).await;
    write(&db, |tx| (1..=2).try_for_each(|it| chatbots::insert(tx, &chatbot(id(it))))).await;
    db
}

fn of(bot: u32, number: u32, opened_at: Timestamp) -> Conversation {
    let chatbot = (bot > 0).then(|| id(bot));
    Conversation { chatbot, opened_at, replies: 1, ..begun(number) }
}

async fn figures(db: &Db, limits: Limits, period: ReportPeriod) -> Vec<(Option<u32>, usize, [u64; 4])> {
    let counts = read(db, move |tx| reports::days(tx, acme().id, limits, &period)).await;
    let bot = |it: Option<Id<_>>| it.map(|it| if it == id(1) { 1 } else { 2 });
    let flat = |it: Figures| [it.conversations, it.engaged, it.contacts, it.handovers];
    let mut all: Vec<_> = counts
        .into_iter()
        .map(|DayCount { chatbot, day, figures }| (bot(chatbot), day, flat(figures)))
        .collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn each_figure_counts_on_the_day_of_its_own_instant() {
    for store in stores().await {
        let db = with_bots(&store).await;
        let (from, to) = (period().from, period().to);
        let next = days("2026-03-04", "2026-03-04").to;
        insert(&db, of(1, 1, before(from))).await;
        insert(&db, of(1, 2, from)).await;
        insert(&db, of(1, 3, before(next))).await;
        insert(&db, of(1, 4, next)).await;
        insert(&db, of(1, 5, before(to))).await;
        insert(&db, of(1, 6, to)).await;
        insert(&db, Conversation { replies: 0, ..of(2, 7, next) }).await;
        insert(&db, of(0, 8, from)).await;
        // Opened before the period, captured in it, handed over behind it.
        let late =
            Conversation { captured_at: Some(from), handed_over_at: Some(to), ..of(2, 9, before(from)) };
        insert(&db, late).await;
        let there =
            Conversation { captured_at: Some(to), handed_over_at: Some(before(to)), ..of(2, 10, from) };
        insert(&db, there).await;
        let all = figures(&db, Limits::default(), period()).await;
        let expected = [
            (None, 0, [1, 1, 0, 0]),
            (Some(1), 0, [2, 2, 0, 0]),
            (Some(1), 1, [2, 2, 0, 0]),
            (Some(2), 0, [1, 1, 1, 0]),
            (Some(2), 1, [1, 0, 0, 1]),
        ];
        assert_eq!(all, expected, "{}", store.engine);
        let only = |bot| Limits { chatbot: Some(id(bot)), ..Limits::default() };
        assert_eq!(figures(&db, only(1), period()).await, expected[1..3], "{}", store.engine);
        assert_eq!(figures(&db, only(3), period()).await, [], "{}", store.engine);
    }
}

#[tokio::test]
async fn previews_and_other_departments_do_not_count() {
    for store in stores().await {
        let db = with_bots(&store).await;
        let everything = |number| Conversation {
            captured_at: Some(at(1)),
            handed_over_at: Some(at(2)),
            department: Some(id(number)),
            phase: Phase::Closed,
            closed: Some((at(3), CloseReason::IdleBot)),
            ..of(1, number, start())
        };
        insert(&db, everything(1)).await;
        insert(&db, everything(2)).await;
        insert(&db, Conversation { preview: true, ..everything(3) }).await;
        insert(&db, Conversation { department: None, ..everything(4) }).await;
        for (department, count) in [(None, 3), (Some(1), 1), (Some(3), 0)] {
            let limits = Limits { department: department.map(id), ..Limits::default() };
            let found = figures(&db, limits, period()).await;
            let expected = (count > 0).then_some((Some(1), 0, [count; 4]));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{} {department:?}", store.engine);
            let closes = read(&db, move |tx| reports::closes(tx, acme().id, limits, &period())).await;
            assert_eq!(closes.iter().map(|it| it.closes).sum::<u64>(), count, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn closes_count_by_their_reason_and_instant() {
    for store in stores().await {
        let db = with_bots(&store).await;
        let (from, to) = (period().from, period().to);
        let mut number = 0;
        for (place, reason) in CloseReason::ALL.into_iter().enumerate() {
            for (bot, at) in [(1, from), (1, before(from)), (2, before(to)), (2, to), (0, from)] {
                for _ in 0..=place {
                    number += 1;
                    let closed = Some((at, reason));
                    insert(&db, Conversation { phase: Phase::Closed, closed, ..of(bot, number, start()) })
                        .await;
                }
            }
        }
        let closes = |limits| read(&db, move |tx| reports::closes(tx, acme().id, limits, &period()));
        let all = closes(Limits::default()).await;
        for chatbot in [Some(id(1)), Some(id(2)), None] {
            let expected = CloseReason::ALL.into_iter().zip(1..);
            let expected = expected.map(|(reason, closes)| CloseCount { chatbot, reason, closes });
            for count in expected {
                assert!(all.contains(&count), "{}: {count:?} in {all:?}", store.engine);
            }
        }
        assert_eq!(all.len(), 3 * CloseReason::ALL.len(), "{}", store.engine);
        let second = closes(Limits { chatbot: Some(id(2)), ..Limits::default() }).await;
        assert_eq!(second.len(), CloseReason::ALL.len(), "{}", store.engine);
    }
}

/// A run of a conversation that has its number; `ended` may be None.
async fn run(db: &Db, number: u32, name: &'static str, started_at: Timestamp, ended: Option<Timestamp>) {
    let fill = move |tx: &mut Tx<'_>| {
        let count = markers::list(tx, acme().id, id(number))?.len() as u32 + 1;
        let run = MarkerRun { number: count, name: name.into(), started_at, ended_at: None };
        markers::insert(tx, acme().id, id(number), Some(id(1)), &run)?;
        match ended {
            Some(at) => markers::end(tx, acme().id, id(number), count, at).map(drop),
            None => Ok(()),
        }
    };
    write(db, fill).await;
}

/// Conversations 1 (open), 2 (closed, of a department) and 3 (a preview), and their runs.
async fn with_runs(store: &suite::TestStore) -> Db {
    let db = with_bots(store).await;
    insert(&db, of(1, 1, start())).await;
    let closed = Some((at(9), CloseReason::IdleBot));
    let ended = Conversation { phase: Phase::Closed, closed, department: Some(id(7)), ..of(1, 2, start()) };
    insert(&db, ended).await;
    insert(&db, Conversation { preview: true, ..of(1, 3, start()) }).await;
    let (from, to) = (period().from, period().to);
    run(&db, 1, "Trip", before(from), Some(from)).await;
    run(&db, 1, "Trip", from, Some(before(to))).await;
    run(&db, 1, "Trip", before(to), Some(to)).await;
    run(&db, 1, "Trip", to, None).await;
    run(&db, 1, "trip", start(), None).await;
    run(&db, 2, "Trip", start(), Some(at(5))).await;
    run(&db, 2, "Éclair", start(), None).await;
    run(&db, 3, "Trip", start(), Some(at(5))).await;
    run(&db, 3, "Preview", start(), None).await;
    db
}

/// The limits that tests of markers ask for: none, a department, another chatbot.
fn limits() -> [Limits; 3] {
    [
        Limits::default(),
        Limits { department: Some(id(7)), ..Limits::default() },
        Limits { chatbot: Some(id(2)), ..Limits::default() },
    ]
}

#[tokio::test]
async fn every_marker_is_named_once_in_the_order_of_its_bytes() {
    for store in stores().await {
        let db = with_runs(&store).await;
        let names = read(&db, |tx| reports::markers(tx, acme().id)).await;
        assert_eq!(names, ["Trip", "trip", "Éclair"], "{}", store.engine);
    }
}

#[tokio::test]
async fn starts_count_where_they_began_and_tell_what_became_of_them() {
    for store in stores().await {
        let db = with_runs(&store).await;
        let starts = async |name: &'static str| {
            let count =
                move |tx: &mut Tx<'_>, limits| reports::starts(tx, acme().id, name, limits, &period());
            let [all, department, other] = limits();
            read(&db, move |tx| Ok([count(tx, all)?, count(tx, department)?, count(tx, other)?])).await
        };
        assert_eq!(starts("Trip").await, [(3, 3), (1, 1), (0, 0)], "{}", store.engine);
        assert_eq!(starts("trip").await, [(1, 0), (0, 0), (0, 0)], "{}", store.engine);
        assert_eq!(starts("Éclair").await, [(1, 0), (1, 0), (0, 0)], "{}", store.engine);
        assert_eq!(starts("Preview").await, [(0, 0); 3], "{}", store.engine);
    }
}

#[tokio::test]
async fn a_start_in_an_open_conversation_is_in_progress() {
    for store in stores().await {
        let db = with_runs(&store).await;
        let mut found = Vec::new();
        for limits in limits() {
            found.push(read(&db, move |tx| reports::in_progress(tx, acme().id, limits, &period())).await);
        }
        // Trip's is behind the period, and that of Éclair in a conversation that is closed.
        assert_eq!(found, [vec![("trip".to_owned(), 1)], vec![], vec![]], "{}", store.engine);
        let next = days("2026-03-06", "2026-03-06");
        let later = read(&db, move |tx| reports::in_progress(tx, acme().id, Limits::default(), &next)).await;
        assert_eq!(later, [("Trip".to_owned(), 1)], "{}", store.engine);
    }
}

#[tokio::test]
async fn executions_count_where_they_ended() {
    for store in stores().await {
        let db = with_runs(&store).await;
        let executions = async |limits| {
            let body = move |tx: &mut Tx<'_>| reports::executions(tx, acme().id, "Trip", limits, &period());
            let mut all = read(&db, body).await;
            all.sort_by_key(|it| it.length);
            all
        };
        let execution =
            |number, length| Execution { conversation: id::<Conversation>(number).uuid(), length };
        let (micro, seconds) = (Duration::from_micros(1), Duration::from_secs(5));
        let expected = [
            execution(1, micro),
            execution(2, seconds),
            execution(1, Duration::from_secs(2 * 86_400) - micro),
        ];
        let [all, department, other] = limits();
        assert_eq!(executions(all).await, expected, "{}", store.engine);
        assert_eq!(executions(department).await, expected[1..2], "{}", store.engine);
        assert_eq!(executions(other).await, [], "{}", store.engine);
    }
}

#[tokio::test]
async fn runs_count_with_the_department_that_their_conversation_has_now() {
    for store in stores().await {
        let db = with_runs(&store).await;
        for (department, counts) in [(8, [0, 2]), (7, [2, 0])] {
            let moved = Conversation { department: Some(id(department)), ..of(1, 1, start()) };
            write(&db, move |tx| conversations::update(tx, &moved)).await;
            let count = move |tx: &mut Tx<'_>, department| {
                let limits = Limits { department: Some(id(department)), ..Limits::default() };
                let (starts, _) = reports::starts(tx, acme().id, "Trip", limits, &period())?;
                let ends = reports::executions(tx, acme().id, "Trip", limits, &period())?;
                Ok::<_, app::StoreError>((starts, ends.len() as u64))
            };
            let [seven, eight] = counts.map(|it| (it, it));
            // One of the seventh's is in a conversation that was its from the start.
            let seven = (seven.0 + 1, seven.1 + 1);
            assert_eq!(read(&db, move |tx| count(tx, 7)).await, seven, "{}", store.engine);
            assert_eq!(read(&db, move |tx| count(tx, 8)).await, eight, "{}", store.engine);
        }
    }
}

#[tokio::test]
async fn deleted_chatbots_keep_their_names_in_reports() {
    for store in stores().await {
        let db = with_bots(&store).await;
        write(&db, |tx| chatbots::delete(tx, acme().id, id(2), at(1))).await;
        let name = chatbot(id(1)).name;
        let named = |number, deleted| Named { chatbot: id(number), name: name.clone(), deleted };
        let bots = |limits| read(&db, move |tx| reports::bots(tx, acme().id, limits));
        let mut all = bots(Limits::default()).await;
        all.sort_by_key(|it| it.chatbot);
        assert_eq!(all, [named(1, false), named(2, true)], "{}", store.engine);
        let second = Limits { chatbot: Some(id(2)), ..Limits::default() };
        assert_eq!(bots(second).await, [named(2, true)], "{}", store.engine);
    }
}

#[tokio::test]
async fn a_foreign_account_counts_nothing() {
    for store in stores().await {
        let db = with_runs(&store).await;
        for chatbot in [None, Some(id(1))] {
            let limits = Limits { chatbot, department: None };
            let seen = move |tx: &mut Tx<'_>| {
                let (account, period) = (globex().id, period());
                assert_eq!(reports::bots(tx, account, limits)?, []);
                assert_eq!(reports::days(tx, account, limits, &period)?, []);
                assert_eq!(reports::closes(tx, account, limits, &period)?, []);
                assert_eq!(reports::markers(tx, account)?, Vec::<String>::new());
                assert_eq!(reports::in_progress(tx, account, limits, &period)?, []);
                let department = Limits { department: Some(id(7)), ..limits };
                for limits in [limits, department] {
                    assert_eq!(reports::starts(tx, account, "Trip", limits, &period)?, (0, 0));
                }
                assert_eq!(reports::executions(tx, account, "Trip", limits, &period)?, []);
                reports::executions(tx, account, "Trip", department, &period)
            };
            assert_eq!(read(&db, seen).await, [], "{}", store.engine);
        }
    }
}
