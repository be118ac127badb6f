//! How long the reports take over 100,000 conversations of thirty days: they are counted from raw rows each time.

use std::time::{Duration, Instant};

use app::{Db, StoreError, Tx, reports::ReportFilter};
use domain::{
    Actor, Author, CloseReason, Conversation, Id, MarkerRun, Message, Phase, ReportPeriod,
    report::Zone,
    samples::{acme, chatbot, start},
};
use store::{accounts, chatbots, conversations, markers, messages};
use suite::{TestStore, stores};

const CONVERSATIONS: u32 = 100_000;
const DAYS: u64 = 30;
const BOTS: u32 = 5;

/// The most that the bot report may take on SQLite: with nothing beside it, it takes 30 ms.
const MOST: Duration = Duration::from_millis(100);

fn id<T>(number: u32) -> Id<T> {
    let mut random = [0; 10];
    random[6..].copy_from_slice(&number.to_be_bytes());
    let millis = u64::try_from(start().micros() / 1_000).expect("tests begin after 1970");
    Id::from_parts(millis + u64::from(number), &random)
}

/// A chat like many: closed, with a state of the flow that makes its row wide; every 33rd a preview, every tenth handed
/// over, two of five with a contact.
fn conversation(number: u32) -> Conversation {
    let apart = Duration::from_secs(86_400 * DAYS) / CONVERSATIONS;
    let opened_at = start() + apart * number;
    let length = Duration::from_secs(60 + u64::from(number) * 7_919 % 1_500);
    let reason = CloseReason::ALL[number as usize * 31 % CloseReason::ALL.len()];
    Conversation {
        chatbot: Some(id(number * 17 % BOTS)),
        version: Some(1),
        preview: number.is_multiple_of(33),
        phase: Phase::Closed,
        department: number.is_multiple_of(10).then(|| id(7)),
        flow_state: Some(format!(r#"{{"variables":"{}"}}"#, "x".repeat(900))),
        opened_at,
        active_at: opened_at + length,
        captured_at: (number % 5 < 2).then(|| opened_at + length / 2),
        handed_over_at: number.is_multiple_of(10).then(|| opened_at + length / 3),
        closed: Some((opened_at + length, reason)),
        messages: 12,
        replies: number % 9,
        ..Conversation::begun(id(number + 1_000), acme().id, opened_at)
    }
}

fn insert(tx: &mut Tx<'_>, number: u32) -> Result<(), StoreError> {
    let it = conversation(number);
    conversations::insert(tx, &it)?;
    let said = Message {
        number: 1,
        author: Author::Visitor,
        name: None,
        text: "Hello".into(),
        ask: None,
        client_id: None,
        at: it.opened_at,
    };
    messages::insert(tx, it.account, it.id, &[said])?;
    for (place, name) in
        ["Book Trip", "Contact Details", "Quote"].into_iter().take(number as usize % 3).enumerate()
    {
        let count = place as u32 + 1;
        let run = MarkerRun { number: count, name: name.into(), started_at: it.opened_at, ended_at: None };
        markers::insert(tx, it.account, it.id, it.chatbot, &run)?;
        if number % 10 < 7 {
            let (ended_at, _) = it.closed.expect("it is closed");
            markers::end(tx, it.account, it.id, count, ended_at)?;
        }
    }
    Ok(())
}

async fn fill(store: &TestStore) -> Db {
    let (db, _) = store.open().await;
    let begin = |tx: &mut Tx<'_>| {
        accounts::insert(tx, &acme())?;
        (0..BOTS).try_for_each(|it| chatbots::insert(tx, &chatbot(id(it))))
    };
    db.write(begin).await.expect("an empty store takes it");
    for first in (0..CONVERSATIONS).step_by(1_000) {
        let some = move |tx: &mut Tx<'_>| (first..first + 1_000).try_for_each(|it| insert(tx, it));
        db.write(some).await.expect("the store takes it");
    }
    db
}

/// The shortest of some times, and what came of it the last time.
async fn timed<T: Send + 'static>(
    db: &Db,
    body: impl Fn(&mut Tx<'_>) -> Result<T, app::AppError> + Send + Clone + 'static,
) -> (Duration, T) {
    let mut best = None;
    let mut last = None;
    for _ in 0..7 {
        let begin = Instant::now();
        last = Some(db.read(body.clone()).await.expect("the store answers"));
        best = best.into_iter().chain([begin.elapsed()]).min();
    }
    best.zip(last).expect("it ran")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_over_a_hundred_thousand_conversations_takes_no_longer_than_a_blink() {
    for store in stores().await {
        let begin = Instant::now();
        let db = fill(&store).await;
        if store.engine == "postgres" {
            // What the server does by itself after some minutes.
            store.sabotage("", "vacuum analyze").await;
        }
        println!(
            "{}: {CONVERSATIONS} conversations written in {:.1} s",
            store.engine,
            begin.elapsed().as_secs_f64()
        );
        let actor = Actor::Console { account: acme().id };
        let days = |first, last| {
            ReportPeriod::between(Some(first), Some(last), Zone::UTC, start()).expect("a period")
        };
        let filter =
            |first, last| ReportFilter { chatbot: None, department: None, period: days(first, last) };
        let all = filter("2026-03-04", "2026-04-03");
        for (what, filter) in [
            ("all 30 days", all.clone()),
            ("one chatbot", ReportFilter { chatbot: Some(id(1)), ..all.clone() }),
            ("one department", ReportFilter { department: Some(id(7)), ..all.clone() }),
            ("one day", filter("2026-03-20", "2026-03-20")),
            ("400 days", filter("2025-03-01", "2026-04-04")),
        ] {
            let asked = filter.clone();
            let (bot, report) = timed(&db, move |tx| app::reports::bot(tx, &actor, &asked)).await;
            let (marker, rows) = timed(&db, move |tx| app::reports::markers(tx, &actor, &filter)).await;
            println!(
                "{}: {what}: {} conversations in {:.1} ms; {} executions in {:.1} ms",
                store.engine,
                report.total.figures.conversations,
                bot.as_secs_f64() * 1e3,
                rows.iter().map(|row| row.executions).sum::<u64>(),
                marker.as_secs_f64() * 1e3,
            );
            if what == "all 30 days" {
                let previews = CONVERSATIONS.div_ceil(33);
                assert_eq!(report.total.figures.conversations, u64::from(CONVERSATIONS - previews));
                assert!(store.engine != "sqlite" || bot <= MOST, "{bot:?}");
            }
        }
    }
}
