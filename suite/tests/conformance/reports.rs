//! What reports count: each figure by its own instant, from its first to before its last.

use app::{Db, Tx};
use domain::{
    CloseReason, Conversation, Id, MarkerRun, Phase, ReportPeriod, Timestamp,
    report::{CloseCount, DayCount, Execution, Figures, Named, Starts, Zone},
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

#[tokio::test]
async fn starts_count_where_they_began_and_tell_what_became_of_them() {
    for store in stores().await {
        let db = with_runs(&store).await;
        let starts = async |limits| {
            let mut all = read(&db, move |tx| reports::starts(tx, acme().id, limits, &period())).await;
            all.sort_by(|a, b| a.name.cmp(&b.name));
            all
        };
        let row = |name: &str, [starts, completed, not_completed]: [u64; 3]| Starts {
            name: name.into(),
            starts,
            completed,
            not_completed,
        };
        let expected = [row("Trip", [3, 3, 0]), row("trip", [1, 0, 0]), row("Éclair", [1, 0, 1])];
        assert_eq!(starts(Limits::default()).await, expected, "{}", store.engine);
        let department = Limits { department: Some(id(7)), ..Limits::default() };
        let expected = [row("Trip", [1, 1, 0]), row("trip", [0; 3]), row("Éclair", [1, 0, 1])];
        assert_eq!(starts(department).await, expected, "{}", store.engine);
        let other = Limits { chatbot: Some(id(2)), ..Limits::default() };
        assert!(starts(other).await.iter().all(|it| it.starts == 0), "{}", store.engine);
    }
}

#[tokio::test]
async fn executions_count_where_they_ended() {
    for store in stores().await {
        let db = with_runs(&store).await;
        let executions = async |limits| {
            let mut all = read(&db, move |tx| reports::executions(tx, acme().id, limits, &period())).await;
            all.sort_by_key(|it| (it.started_at, it.ended_at));
            all
        };
        let (from, to) = (period().from, period().to);
        let execution = |number, started_at, ended_at| Execution {
            name: "Trip".into(),
            conversation: id::<Conversation>(number).uuid(),
            started_at,
            ended_at,
        };
        let expected =
            [execution(1, before(from), from), execution(1, from, before(to)), execution(2, start(), at(5))];
        assert_eq!(executions(Limits::default()).await, expected, "{}", store.engine);
        let department = Limits { department: Some(id(7)), ..Limits::default() };
        assert_eq!(executions(department).await, expected[2..], "{}", store.engine);
        let other = Limits { chatbot: Some(id(2)), ..Limits::default() };
        assert_eq!(executions(other).await, [], "{}", store.engine);
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
                assert_eq!(reports::starts(tx, account, limits, &period)?, []);
                let department = Limits { department: Some(id(7)), ..limits };
                assert_eq!(reports::starts(tx, account, department, &period)?, []);
                assert_eq!(reports::executions(tx, account, limits, &period)?, []);
                reports::executions(tx, account, department, &period)
            };
            assert_eq!(read(&db, seen).await, [], "{}", store.engine);
        }
    }
}
