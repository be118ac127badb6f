use std::time::Duration;

use super::*;

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

fn execution(name: &str, conversation: u128, start: u64, end: u64) -> Execution {
    let at = |seconds| Timestamp::from_micros(0) + Duration::from_secs(seconds);
    let conversation = Uuid::from_u128(conversation);
    Execution { name: name.into(), conversation, started_at: at(start), ended_at: at(end) }
}

#[test]
fn a_marker_s_row_tells_executions_from_starts() {
    let starts = |name: &str, [starts, completed, not_completed]: [u64; 3]| Starts {
        name: name.into(),
        starts,
        completed,
        not_completed,
    };
    // Of Trip's three executions one began before the period.
    let rows = markers(
        vec![starts("Trip", [4, 2, 1]), starts("Never", [0, 0, 0]), starts("Left", [1, 0, 1])],
        vec![
            execution("Trip", 1, 0, 10),
            execution("Trip", 1, 10, 13),
            execution("Trip", 2, 20, 24),
            execution("Before", 3, 0, 1),
            execution("Before", 4, 0, 2),
        ],
    );
    let shown: Vec<_> = rows
        .iter()
        .map(|it| {
            (
                it.name.as_str(),
                it.executions,
                it.conversations,
                it.starts,
                it.in_progress(),
                it.median_seconds,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("Before", 2, 2, 0, 0, Some(1.5)), ("Left", 0, 0, 1, 0, None), ("Trip", 3, 2, 4, 1, Some(4.0)),]
    );
    assert_eq!(rows.iter().map(MarkerRow::completion_rate).collect::<Vec<_>>(), [None, Some(0.0), Some(0.5)]);
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
