//! Instants and numbers as people read them.

use std::fmt::{self, Display, Write};

use askama::{FastWritable, filters::HtmlSafe};
use domain::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use crate::charts::thousands as count;

/// An instant in the account's time zone, with the exact one on hover.
#[derive(Clone)]
pub(crate) struct When {
    at: Timestamp,
    now: Timestamp,
    zone: TimeZone,
    /// Whether the day is said also of today.
    dated: bool,
}

impl When {
    pub(crate) fn new(at: Timestamp, now: Timestamp, zone: TimeZone) -> Self {
        Self { at, now, zone, dated: false }
    }

    /// With its day in any case: where it stands for long, today becomes yesterday.
    pub(crate) fn dated(self) -> Self {
        Self { dated: true, ..self }
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// An instant as clocks on the wall show it there.
pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> jiff::civil::DateTime {
    zone.to_datetime(instant(at))
}

/// A text in which every instant in RFC 3339 form is written as the clocks of that zone show it.
pub(crate) fn local_times(text: &str, zone: &TimeZone) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
        match bare.parse::<Timestamp>() {
            Ok(at) => format!("{}{}", local(at, zone).strftime("%-d %b, %H:%M:%S"), &word[bare.len()..]),
            Err(_) => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

impl Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (local, today) = (local(self.at, &self.zone), local(self.now, &self.zone));
        let shown = match local {
            _ if local.date() == today.date() && !self.dated => local.strftime("%H:%M:%S"),
            _ if local.year() == today.year() => local.strftime("%-d %b, %H:%M"),
            _ => local.strftime("%-d %b %Y, %H:%M"),
        };
        write!(f, "<time datetime=\"{0}\" title=\"{0}\">{shown}</time>", self.at)
    }
}

impl FastWritable for When {
    fn write_into(&self, dest: &mut dyn Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(write!(dest, "{self}")?)
    }
}

// It is made of digits and names of months.
impl HtmlSafe for When {}

/// How long something takes or took, roughly: `4 min`, `3 h`, `2 days`.
pub(crate) fn duration(length: std::time::Duration) -> String {
    match length.as_secs() {
        0 => format!("{} ms", length.as_millis()),
        s @ 1..120 => format!("{s} s"),
        s @ 120..7_200 => format!("{} min", s / 60),
        s @ 7_200..172_800 => format!("{} h", s / 3_600),
        s => format!("{} days", s / 86_400),
    }
}

/// A text as it is shown where it must not play tricks: what would turn its direction or hide is written out
/// (OWASP ASVS 5.0, 1.3; Unicode TR 36, 3.6). What joins letters of Persian, Hindi and emoji stays.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {
                let _ = write!(shown, "⟨U+{:04X}⟩", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(shown, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Filters for templates: `{{ name|visible }}`.
pub(crate) mod filters {
    use std::fmt::{Display, Write};

    use askama::filters::{Html, Safe, escape};

    /// See [`super::visible`].
    #[askama::filter_fn]
    pub(crate) fn visible(text: impl Display, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(super::visible(&text.to_string()))
    }

    /// A text that breaks behind these before it breaks within a word.
    fn parted(text: impl Display, breaks: &[char]) -> askama::Result<String> {
        let mut shown = String::new();
        for part in super::visible(&text.to_string()).split_inclusive(breaks) {
            let end = if part.ends_with(breaks) { "<wbr>" } else { "" };
            write!(shown, "{}{end}", escape(part, Html)?)?;
        }
        Ok(shown)
    }

    /// A URL as it is shown where it may need several lines.
    #[askama::filter_fn]
    pub(crate) fn url(text: impl Display, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
        Ok(Safe(parted(text, &['/', '?', '&', '.'])?.replace("/<wbr>/", "//")))
    }

    /// The same of an e-mail address.
    #[askama::filter_fn]
    pub(crate) fn email(text: impl Display, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
        Ok(Safe(parted(text, &['@', '.'])?))
    }

    /// See [`super::count`].
    #[askama::filter_fn]
    pub(crate) fn count(number: &u64, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(super::count(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_where_the_account_is() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-04T20:00:00Z");
        let shown = |text: &str| When::new(at(text), now, zone.clone()).to_string();
        assert!(shown("2026-03-04T19:00:00Z").contains(">00:30:00<"), "{}", shown("2026-03-04T19:00:00Z"));
        assert!(shown("2026-03-04T10:15:30Z").contains(">4 Mar, 15:45<"));
        let today = When::new(at("2026-03-04T19:00:00Z"), now, zone.clone()).dated().to_string();
        assert!(today.contains(">5 Mar, 00:30<"), "{today}");
        assert!(shown("2025-12-31T20:00:00Z").contains(">1 Jan, 01:30<"));
        assert!(shown("2025-03-04T10:15:30Z").contains("title=\"2025-03-04T10:15:30Z\">4 Mar 2025, 15:45<"));
    }

    #[test]
    fn instants_in_a_text_are_shown_where_the_account_is() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let text = "Delivered at 2026-03-04T10:15:30.123456Z: status 200, until 2026-03-05T00:00:00Z.";
        let shown = "Delivered at 4 Mar, 15:45:30: status 200, until 5 Mar, 05:30:00.";
        assert_eq!(local_times(text, &zone), shown);
    }

    #[test]
    fn numbers_and_lengths_are_easy_to_read() {
        let shown: Vec<String> = [0_u32, 12, 999, 1_000, 1_204_300].into_iter().map(count).collect();
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,204,300"]);
        let lengths = [3, 119, 600, 10_000, 400_000].map(|s| duration(std::time::Duration::from_secs(s)));
        assert_eq!(lengths, ["3 s", "119 s", "10 min", "2 h", "4 days"]);
    }

    #[test]
    fn what_turns_or_hides_a_text_is_written_out() {
        assert_eq!(visible("a\u{202e}b\u{200b}\u{7}"), "a⟨U+202E⟩b⟨U+200B⟩⟨U+0007⟩");
        assert_eq!(visible("نرگس\u{200c}ها 👩‍💻"), "نرگس\u{200c}ها 👩‍💻");
    }
}
