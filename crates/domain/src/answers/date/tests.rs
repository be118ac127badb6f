//! Dates as people type them, seen from Thursday, 5 November 2026.

use jiff::civil::date as on;

use super::*;

const ANY: DateRules = DateRules { today: on(2026, 11, 5), min: None, max: None, weekdays: false };

fn code(reply: &str, rules: &DateRules) -> Result<Date, &'static str> {
    date(reply, rules).map_err(|rejected| rejected.code)
}

#[test]
fn one_day_is_read_in_all_its_forms() {
    for reply in [
        "2026-11-05",
        "2026-11-5",
        "2026/11/05",
        "2026.11.05",
        "2026-11-05.",
        "05.11.2026",
        "5.11.2026",
        "5. 11. 2026",
        "5 Nov 2026",
        "5 November 2026",
        "5th of November 2026",
        "the 5th of November, 2026",
        "Nov 5, 2026",
        "Nov. 5 2026",
        "NOVEMBER 5TH 2026",
        "5-Nov-2026",
        "5nov2026",
        "Thu, 5 Nov 2026",
        "Thursday 5 November 2026",
        "on November 5, 2026",
        "2026 Nov 5",
        "5. Nov. 2026",
        "२०२६-११-०५",
        "２０２６-１１-０５",
        "today",
        "Today!",
        " today ",
        "5 November",
        "Nov 5",
        "November 5th",
        "Thu 5 Nov",
    ] {
        assert_eq!(code(reply, &ANY), Ok(on(2026, 11, 5)), "{reply}");
    }
}

#[test]
fn other_days_have_their_words() {
    assert_eq!(code("tomorrow", &ANY), Ok(on(2026, 11, 6)));
    assert_eq!(code("Yesterday.", &ANY), Ok(on(2026, 11, 4)));
    let end = DateRules { today: Date::MAX, ..ANY };
    assert_eq!(code("tomorrow", &end), Err("date_not_a_day"));
}

#[test]
fn slashes_and_hyphens_are_read_where_only_one_order_makes_a_date() {
    for reply in ["25/12/2026", "12/25/2026", "25-12-2026", "12-25-2026", "25 / 12 / 2026"] {
        assert_eq!(code(reply, &ANY), Ok(on(2026, 12, 25)), "{reply}");
    }
    assert_eq!(code("05/05/2026", &ANY), Ok(on(2026, 5, 5)));

    assert_eq!(code("30/03/2026", &ANY), Ok(on(2026, 3, 30)));
}

#[test]
fn two_possible_dates_are_asked_about_with_both_written_out() {
    let rejected = date("03/04/2026", &ANY).unwrap_err();
    assert_eq!(rejected.code, "date_ambiguous");
    assert!(
        rejected.message.contains("2026-03-04") && rejected.message.contains("2026-04-03"),
        "{}",
        rejected.message
    );
    assert_eq!(code("3-4-2026", &ANY), Err("date_ambiguous"));
}

#[test]
fn a_date_without_a_year_is_the_next_or_else_the_last() {
    assert_eq!(code("4 November", &ANY), Ok(on(2027, 11, 4)));
    assert_eq!(code("6 November", &ANY), Ok(on(2026, 11, 6)));
    assert_eq!(code("29 February", &ANY), Ok(on(2028, 2, 29)));
    let past = DateRules { max: Some(ANY.today), ..ANY };
    assert_eq!(code("6 November", &past), Ok(on(2025, 11, 6)));
    assert_eq!(code("29 Feb", &past), Ok(on(2024, 2, 29)));
}

#[test]
fn what_is_no_date_is_refused_with_its_reason() {
    for (reply, expected) in [
        ("", "text_empty"),
        ("soon", "date_invalid"),
        ("next Friday", "date_invalid"),
        ("Friday", "date_invalid"),
        ("November 2026", "date_invalid"),
        ("5", "date_invalid"),
        ("5 Nov Dec 2026", "date_invalid"),
        ("5 6 Nov 2026", "date_invalid"),
        ("20261105", "date_invalid"),
        ("05.11.", "date_invalid"),
        ("2026-11-05T10:00", "date_invalid"),
        ("2026-11/05", "date_invalid"),
        ("5 Nov 2026 at noon", "date_invalid"),
        ("th 5 Nov 2026", "date_invalid"),
        ("-5 11 2026", "date_invalid"),
        ("5/11/26", "date_year"),
        ("5.11.26", "date_year"),
        ("5 Nov 26", "date_year"),
        ("5 Nov '26", "date_year"),
        ("0026-11-05", "date_year"),
        ("2026-02-29", "date_not_a_day"),
        ("31.04.2026", "date_not_a_day"),
        ("31 April", "date_not_a_day"),
        ("13/13/2026", "date_not_a_day"),
        ("11.25.2026", "date_not_a_day"),
        ("0/0/2026", "date_not_a_day"),
        ("999/1/2026", "date_not_a_day"),
        ("Friday, 5 Nov 2026", "date_other_weekday"),
    ] {
        assert_eq!(code(reply, &ANY), Err(expected), "{reply}");
    }
}

#[test]
fn rules_are_held_at_their_edges() {
    let rules = DateRules { min: Some(on(2026, 11, 6)), max: Some(on(2026, 11, 30)), weekdays: true, ..ANY };
    assert_eq!(code("2026-11-05", &rules), Err("date_too_early"));
    assert_eq!(code("2026-11-06", &rules), Ok(on(2026, 11, 6)));
    assert_eq!(code("2026-11-30", &rules), Ok(on(2026, 11, 30)));
    assert_eq!(code("2026-12-01", &rules), Err("date_too_late"));
    assert_eq!(code("2026-11-07", &rules), Err("date_weekend"));
    assert_eq!(code("2026-11-08", &rules), Err("date_weekend"));
    assert_eq!(code("2026-11-09", &rules), Ok(on(2026, 11, 9)));
}
