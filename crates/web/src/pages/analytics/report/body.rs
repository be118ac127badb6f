//! What the bot report shows of its figures: words, pictures and rows. Must not count anything.

use std::time::Duration;

use domain::{
    BotReport, CloseReason, MarkerRow, ReportPeriod,
    report::{BotRow, Figures, Preset},
};

use super::{Counted, query};
use crate::{
    charts::{Bars, Funnel, Look, Series, Share, Slot},
    pages::{
        form::Form,
        when::{count, duration},
    },
};

/// A report, ready to be shown.
pub(super) struct Shown {
    /// The days, in words.
    pub(super) period: String,
    pub(super) zone: String,
    /// The first and the last of them, as fields have them.
    pub(super) days: [String; 2],
    /// Which preset they are, if they are one.
    pub(super) preset: Option<Preset>,
    /// The headline: what is counted, how many, and what that means.
    pub(super) headline: Vec<(&'static str, String, &'static str)>,
    /// Whether anything happened.
    pub(super) any: bool,
    pub(super) talks: Bars,
    pub(super) contacts: Bars,
    pub(super) closes: Funnel,
    pub(super) bots: Vec<BotLine>,
    /// All of them together, if there are several.
    pub(super) total: Option<BotLine>,
    pub(super) markers: Vec<MarkerLine>,
    /// What the files are asked for with.
    pub(super) query: String,
}

/// What is counted of each chatbot.
pub(super) const FIGURES: [&str; 5] =
    ["Conversations", "Engaged", "Contacts captured", "Handovers", "Closed"];

/// A chatbot as a row.
pub(super) struct BotLine {
    pub(super) name: String,
    /// Its page.
    pub(super) path: Option<String>,
    /// Those of [`FIGURES`].
    counts: [String; 5],
}

impl BotLine {
    /// What is counted, and how many.
    pub(super) fn figures(&self) -> impl Iterator<Item = (&'static str, &String)> {
        FIGURES.into_iter().zip(&self.counts)
    }
}

/// A marker as a row.
pub(super) struct MarkerLine {
    pub(super) name: String,
    pub(super) executions: String,
    pub(super) conversations: String,
    pub(super) starts: String,
    pub(super) rate: String,
    pub(super) median: String,
    pub(super) not_completed: String,
    pub(super) in_progress: String,
}

impl Shown {
    pub(super) fn of(read: Counted, form: &Form) -> Self {
        let Counted { report, markers, period, preset } = read;
        let Figures { conversations, engaged, contacts, handovers } = report.total.figures;
        let closed: u64 = report.total.closed.all().map(|(_, closes)| closes).sum();
        Self {
            period: days_in_words(&period),
            days: [period.first(), period.last()].map(|day| day.to_string()),
            preset,
            zone: period.zone().name().to_owned(),
            headline: vec![
                ("Conversations", count(conversations), "opened by a visitor"),
                ("Engaged", count(engaged), "with a message of the visitor"),
                ("Contacts captured", count(contacts), "conversations that gave one"),
                ("Handovers", count(handovers), "from the bot to operators"),
                ("Closed", count(closed), "for whatever reason"),
            ],
            any: conversations + contacts + handovers + closed > 0,
            talks: talks(&report),
            contacts: captured(&report),
            closes: closes(&report.total),
            total: (report.rows.len() > 1)
                .then(|| BotLine { name: "All together".to_owned(), ..BotLine::from(&report.total) }),
            bots: report.rows.iter().map(BotLine::from).collect(),
            markers: markers.into_iter().map(MarkerLine::from).collect(),
            query: query(form, &[]),
        }
    }
}

fn days_in_words(period: &ReportPeriod) -> String {
    let (first, last) = (period.first(), period.last());
    let whole = |date: jiff::civil::Date| date.strftime("%-d %B %Y").to_string();
    match first == last {
        true => whole(first),
        false if first.year() == last.year() => format!("{} – {}", first.strftime("%-d %B"), whole(last)),
        false => format!("{} – {}", whole(first), whole(last)),
    }
}

/// The slots of a picture by days.
pub(in crate::pages::analytics) fn slot(date: jiff::civil::Date, counts: Vec<u64>) -> Slot {
    Slot {
        label: date.strftime("%-d %b").to_string(),
        title: date.strftime("%-d %B %Y").to_string(),
        counts: Some(counts),
    }
}

fn talks(report: &BotReport) -> Bars {
    let slots = report.days.iter().map(|(day, figures)| {
        let silent = figures.conversations.saturating_sub(figures.engaged);
        slot(day.date, vec![figures.engaged, silent])
    });
    Bars {
        key: "talks".to_owned(),
        title: "Conversations by day".to_owned(),
        of: "Day".to_owned(),
        series: vec![
            Series { name: "engaged".to_owned(), look: Look::Main },
            Series { name: "without a message".to_owned(), look: Look::Other },
        ],
        slots: slots.collect(),
    }
}

fn captured(report: &BotReport) -> Bars {
    Bars {
        key: "contacts".to_owned(),
        title: "Contacts captured by day".to_owned(),
        of: "Day".to_owned(),
        series: vec![Series { name: "contacts captured".to_owned(), look: Look::Good }],
        slots: report.days.iter().map(|(day, figures)| slot(day.date, vec![figures.contacts])).collect(),
    }
}

fn closes(total: &BotRow) -> Funnel {
    let mut rows: Vec<_> = total.closed.all().filter(|(_, closes)| *closes > 0).collect();
    rows.sort_by_key(|(_, closes)| std::cmp::Reverse(*closes));
    let share = |(reason, count)| Share { name: reason_in_words(reason).to_owned(), count, look: Look::Main };
    Funnel {
        key: "closes".to_owned(),
        title: "Why conversations closed".to_owned(),
        of: "Reason".to_owned(),
        rows: rows.into_iter().map(share).collect(),
    }
}

fn reason_in_words(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::VisitorEnded => "The visitor ended it",
        CloseReason::OperatorClosed => "The operator closed it",
        CloseReason::BotFinished => "The flow came to its end",
        CloseReason::IdleBot => "The visitor left the bot",
        CloseReason::IdleAgent => "Nobody said anything any more",
        CloseReason::NoAgent => "No operator came",
        CloseReason::AdminClosed => "Closed from outside",
    }
}

impl From<&BotRow> for BotLine {
    fn from(row: &BotRow) -> Self {
        let Figures { conversations, engaged, contacts, handovers } = row.figures;
        let closed: u64 = row.closed.all().map(|(_, closes)| closes).sum();
        let nameless = if row.chatbot.is_some() { "Without a name" } else { "No chatbot (other chat tools)" };
        Self {
            name: row.name.clone().unwrap_or_else(|| nameless.to_owned()),
            path: row.chatbot.map(|id| format!("/chatbots/{id}")),
            counts: [conversations, engaged, contacts, handovers, closed].map(count),
        }
    }
}

impl From<MarkerRow> for MarkerLine {
    fn from(row: MarkerRow) -> Self {
        let none = || "–".to_owned();
        Self {
            executions: count(row.executions),
            conversations: count(row.conversations),
            starts: count(row.starts),
            rate: row.completion_rate().map_or_else(none, |rate| format!("{:.0} %", rate * 100.0)),
            median: row.median_seconds.map_or_else(none, |it| duration(Duration::from_secs_f64(it.max(0.0)))),
            not_completed: count(row.not_completed),
            in_progress: count(row.in_progress),
            name: row.name,
        }
    }
}
