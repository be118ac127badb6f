//! Days as instants, where clocks change and where they do not.

use std::time::Duration;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn between(first: &str, last: &str, name: &str) -> ReportPeriod {
    ReportPeriod::between(Some(first), Some(last), zone(name), at("2026-03-04T10:15:30Z")).unwrap()
}

#[test]
fn a_period_begins_with_its_first_day_and_ends_behind_its_last() {
    for (name, first, last, from, to) in [
        ("UTC", "2026-03-04", "2026-03-04", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        ("Asia/Kolkata", "2026-03-04", "2026-03-05", "2026-03-03T18:30:00Z", "2026-03-05T18:30:00Z"),
        // 23 hours, and 25.
        ("America/New_York", "2026-03-08", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        ("America/New_York", "2026-11-01", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
        // The clocks go from 24:00 to 01:00: the day begins at one.
        ("America/Santiago", "2026-09-06", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"),
        // From 24:00 back to 23:00: the day before has 25 hours.
        ("America/Santiago", "2026-04-04", "2026-04-04", "2026-04-04T03:00:00Z", "2026-04-05T04:00:00Z"),
        // From 23:30 to 00:30: the day begins at half past midnight.
        ("America/Toronto", "1919-03-31", "1919-03-31", "1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z"),
        // A day that was left out has no time, and its neighbours meet there.
        ("Pacific/Apia", "2011-12-30", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-29", "2011-12-31", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z"),
        ("Pacific/Apia", "2026-03-04", "2026-03-04", "2026-03-03T11:00:00Z", "2026-03-04T11:00:00Z"),
    ] {
        let period = match first.starts_with("1919") {
            true => ReportPeriod::of(first.parse().unwrap(), last.parse().unwrap(), zone(name)),
            false => between(first, last, name),
        };
        assert_eq!((period.from, period.to), (at(from), at(to)), "{name} {first}");
    }
}

#[test]
fn the_days_of_a_period_meet_and_fill_it() {
    for name in ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia", "Africa/Cairo", "Asia/Beirut"] {
        let period = between("2025-06-01", "2026-06-30", name);
        let days = period.days();
        assert_eq!(days.len(), 395, "{name}");
        assert_eq!((days[0].from, days[394].to), (period.from, period.to), "{name}");
        assert_eq!((days[0].date, days[394].date), (period.first(), period.last()));
        for pair in days.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "{name} {}", pair[0].date);
        }
        for day in &days {
            let hours = day.to.since(day.from).as_secs() / 3_600;
            assert!((23..=25).contains(&hours), "{name} {}: {hours}", day.date);
            // The calendar there agrees at both ends.
            let last = day.to.before(Duration::from_micros(1));
            assert_eq!([day.from, last].map(|at| period.zone().date(at)), [day.date; 2], "{name}");
        }
    }
}

#[test]
fn a_preset_ends_with_the_day_that_it_is_there() {
    let now = at("2026-03-04T10:15:30Z");
    for (name, today) in
        [("UTC", "2026-03-04"), ("Pacific/Apia", "2026-03-04"), ("Pacific/Kiritimati", "2026-03-05")]
    {
        let firsts = Preset::ALL.map(|preset| {
            let period = ReportPeriod::preset(preset, zone(name), now);
            assert_eq!(
                (period.last().to_string().as_str(), period.days().len()),
                (today, preset.days() as usize)
            );
            period.first().to_string()
        });
        assert_eq!(firsts[0], today);
    }
    let thirty = ReportPeriod::preset(Preset::Last30, Zone::UTC, now);
    assert_eq!(thirty.first().to_string(), "2026-02-03");
    assert_eq!(ReportPeriod::between(None, None, Zone::UTC, now), Ok(thirty));
}

#[test]
fn what_is_no_period_says_what_to_do() {
    let now = at("2026-03-04T10:15:30Z");
    let wrong = |first: &str, last: &str| {
        let invalid = ReportPeriod::between(Some(first), Some(last), Zone::UTC, now).unwrap_err();
        invalid.errors.into_iter().map(|it| format!("{} {}", it.pointer, it.message)).collect::<Vec<_>>()
    };
    assert_eq!(
        wrong("2026-03-05", "2026-03-04"),
        ["/from must not be after to, which is 2026-03-04; exchange the two"]
    );
    assert_eq!(wrong("tomorrow", "2026-02-30").len(), 2);
    assert_eq!(wrong("20260304", "2026-03-04").len(), 1);
    assert_eq!(wrong("1969-12-31", "9999-01-01").len(), 2);
    assert!(wrong("2025-01-28", "2026-03-04")[0].contains("this period has 401"));
    assert_eq!(between("2025-01-29", "2026-03-04", "UTC").days().len(), MOST_DAYS);
    assert_eq!(between("9998-12-30", "9998-12-31", "Pacific/Apia").days().len(), 2);
    for name in ["Mars/Olympus", "", "+05:30", "../etc/localtime"] {
        assert!(name.parse::<Zone>().is_err(), "{name}");
    }
    assert_eq!(zone("asia/kolkata").name(), "Asia/Kolkata");
}
