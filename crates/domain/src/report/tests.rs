//! Sums of rows, and the row of a marker.

use std::time::Duration;

use super::*;
use crate::Timestamp;

fn bot(number: u8) -> Id<Chatbot> {
    Id::from_parts(1, &[number; 10])
}

fn period() -> ReportPeriod {
    let now = Timestamp::from_micros(0);
    ReportPeriod::between(Some("2026-03-04"), Some("2026-03-05"), Zone::UTC, now).unwrap()
}

#[test]
fn the_total_and_the_days_are_the_sums_of_the_rows() {
    let count = |chatbot, day, conversations| DayCount {
        chatbot,
        day,
        figures: Figures { conversations, engaged: 1, contacts: 0, handovers: 2 },
    };
    let named = |number, name: &str, deleted| Named { chatbot: bot(number), name: name.into(), deleted };
    let bots =
        vec![named(1, "Zoe", false), named(2, "Ada", false), named(3, "Gone", true), named(4, "Old", true)];
    let counts =
        [count(Some(bot(1)), 0, 3), count(Some(bot(1)), 1, 4), count(Some(bot(4)), 1, 5), count(None, 0, 6)];
    let closes = [CloseCount { chatbot: None, reason: CloseReason::NoAgent, closes: 7 }];
    let report = BotReport::of(&period(), bots, &counts, &closes);
    let rows: Vec<_> = report.rows.iter().map(|it| (it.name.as_deref(), it.figures.conversations)).collect();
    assert_eq!(rows, [(Some("Ada"), 0), (Some("Old"), 5), (Some("Zoe"), 7), (None, 6)]);
    let total = Figures { conversations: 18, engaged: 4, contacts: 0, handovers: 8 };
    assert_eq!((report.total.figures, report.total.closed.of(CloseReason::NoAgent)), (total, 7));
    let days: Vec<_> = report.days.iter().map(|(day, it)| (day.date.to_string(), it.conversations)).collect();
    assert_eq!(days, [("2026-03-04".to_owned(), 9), ("2026-03-05".to_owned(), 9)]);
}

#[test]
fn a_marker_s_row_tells_executions_from_starts() {
    let execution = |conversation, seconds| Execution {
        conversation: Uuid::from_u128(conversation),
        length: Duration::from_secs(seconds),
    };
    let row = |[starts, completed, in_progress]: [u64; 3], executions: &[Execution]| {
        MarkerRow::of("Trip".into(), Starts { starts, completed, in_progress }, executions)
    };
    // One of the three executions began before the period.
    let trip = row([4, 2, 1], &[execution(1, 10), execution(2, 4), execution(1, 3)]).unwrap();
    let expected = MarkerRow {
        name: "Trip".into(),
        executions: 3,
        conversations: 2,
        starts: 4,
        completed: 2,
        not_completed: 1,
        in_progress: 1,
        median_seconds: Some(4.0),
    };
    assert_eq!((trip.completion_rate(), trip), (Some(0.5), expected));
    let before = row([0; 3], &[execution(3, 1), execution(4, 2)]).unwrap();
    assert_eq!((before.completion_rate(), before.median_seconds), (None, Some(1.5)));
    let left = row([1, 0, 0], &[]).unwrap();
    assert_eq!((left.completion_rate(), left.not_completed, left.median_seconds), (Some(0.0), 1, None));
    assert_eq!(row([0; 3], &[]), None);
}

#[test]
fn a_median_is_in_the_middle() {
    for (lengths, expected) in [
        (&mut [][..], None),
        (&mut [7][..], Some(7.0)),
        (&mut [9, 1][..], Some(5.0)),
        (&mut [4, 1][..], Some(2.5)),
        (&mut [9, 1, 2][..], Some(2.0)),
        (&mut [5, 5, 1, 9][..], Some(5.0)),
        (&mut [10, 2, 4, 1][..], Some(3.0)),
    ] {
        assert_eq!(median(lengths), expected);
    }
}

#[test]
fn a_quantile_is_one_of_the_lengths() {
    let mut lengths: Vec<u64> = (1..=100).rev().collect();
    assert_eq!([0.0, 0.5, 0.95, 1.0].map(|share| quantile(&mut lengths, share).unwrap()), [1, 50, 95, 100]);
    assert_eq!((quantile(&mut [7], 0.95), quantile(&mut [], 0.5)), (Some(7), None));
}
