//! Days on the wall, as instants: a period of a report runs from the first instant of its first day to the first
//! instant behind its last, in a time zone.

use std::str::FromStr;

use jiff::{
    civil::{Date, Time},
    tz::{AmbiguousOffset, TimeZone},
};

use crate::{Invalid, Timestamp};

/// The most days that a report is of.
pub const MOST_DAYS: usize = 400;

/// The years that days may be of: within those that instants can be given for.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=9998;

/// A time zone by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What the calendar there says at an instant.
    pub fn date(&self, at: Timestamp) -> Date {
        let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.0.to_datetime(instant).date()
    }

    /// The first instant of a day there.
    ///
    /// Midnight may come twice, and then the first one counts; or not at all, and then the day begins where the
    /// clocks go forward, which may be before midnight. A day that a zone left out begins with the day behind it.
    fn begin(&self, date: Date) -> Timestamp {
        let midnight = self.0.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
        let skipped = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
        // Dates are of years that all zones have instants for.
        let begin = midnight.compatible().unwrap_or(jiff::Timestamp::MAX);
        let begin = match begin.checked_add(jiff::SignedDuration::from_nanos(1)) {
            Ok(behind) if skipped => self.0.preceding(behind).next().map_or(begin, |it| it.timestamp()),
            _ => begin,
        };
        Timestamp::from_micros(begin.as_microsecond())
    }
}

impl FromStr for Zone {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some()).map(Zone).ok_or_else(|| {
            let message = "must be the name of a time zone (IANA), such as Asia/Kolkata or UTC";
            Invalid::field("/time_zone", message)
        })
    }
}

/// One day of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its date there.
    pub date: Date,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant behind it: 23, 24 or 25 hours later in most cases.
    pub to: Timestamp,
}

/// A period that ends with today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// This day alone.
    Today,
    /// Seven days.
    Last7,
    /// Thirty days.
    Last30,
    /// Ninety days.
    Last90,
}

impl Preset {
    /// All of them, the shortest first.
    pub const ALL: [Preset; 4] = [Preset::Today, Preset::Last7, Preset::Last30, Preset::Last90];

    /// How many days, today among them.
    pub const fn days(self) -> u32 {
        match self {
            Preset::Today => 1,
            Preset::Last7 => 7,
            Preset::Last30 => 30,
            Preset::Last90 => 90,
        }
    }
}

/// Whole days that a report is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPeriod {
    /// The first instant of the first day.
    pub from: Timestamp,
    /// The first instant behind the last day.
    pub to: Timestamp,
    first: Date,
    last: Date,
    zone: Zone,
}

impl ReportPeriod {
    /// From the first instant of `first` to the last of `last`, both dates as in `2026-03-04`. Without a last day it
    /// ends today, at `now`'s date; without a first it has 30 days.
    pub fn between(
        first: Option<&str>,
        last: Option<&str>,
        zone: Zone,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let (begin, end) =
            (first.map(|it| date("/from", it)).transpose(), last.map(|it| date("/to", it)).transpose());
        Invalid::gather([
            begin.as_ref().map(drop).map_err(Clone::clone),
            end.as_ref().map(drop).map_err(Clone::clone),
        ])?;
        let last = end?.unwrap_or_else(|| zone.date(now));
        let first = begin?.unwrap_or_else(|| days_before(last, Preset::Last30.days()));
        if first > last {
            let message = format!("must not be after to, which is {last}; exchange the two");
            return Err(Invalid::field("/from", message));
        }
        let days = (last - first).get_days() as usize + 1;
        if days > MOST_DAYS {
            let message = format!(
                "must be at most {MOST_DAYS} days before to, and this period has {days}; ask for parts"
            );
            return Err(Invalid::field("/from", message));
        }
        Ok(Self::of(first, last, zone))
    }

    /// The days of a preset that end with today.
    pub fn preset(preset: Preset, zone: Zone, now: Timestamp) -> Self {
        let today = zone.date(now);
        Self::of(days_before(today, preset.days()), today, zone)
    }

    fn of(first: Date, last: Date, zone: Zone) -> Self {
        let to = zone.begin(last.tomorrow().unwrap_or(Date::MAX));
        Self { from: zone.begin(first), to, first, last, zone }
    }

    /// The first day.
    pub const fn first(&self) -> Date {
        self.first
    }

    /// The last day, which belongs to it.
    pub const fn last(&self) -> Date {
        self.last
    }

    /// The time zone whose days these are.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Its days, the first one first. They follow each other without a gap.
    pub fn days(&self) -> Vec<Day> {
        let dates = self.first.series(jiff::Span::new().days(1)).take_while(|date| *date <= self.last);
        let mut begins: Vec<_> = dates.map(|date| (date, self.zone.begin(date))).collect();
        begins.push((self.last, self.to));
        begins.windows(2).map(|pair| Day { date: pair[0].0, from: pair[0].1, to: pair[1].1 }).collect()
    }
}

/// The first of `days` days that end with `last`.
fn days_before(last: Date, days: u32) -> Date {
    last.saturating_sub(jiff::Span::new().days(days - 1))
}

/// A date as in `2026-03-04`; the parser reads other forms, too.
fn date(pointer: &str, text: &str) -> Result<Date, Invalid> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = plain.then(|| text.parse::<Date>().ok()).flatten().filter(|date| YEARS.contains(&date.year()));
    date.ok_or_else(|| {
        Invalid::field(pointer, "must be a date such as 2026-03-04, of the years 1970 to 9998")
    })
}

#[cfg(test)]
mod tests;
