//! The bot report and the marker report: what the figures of a period are, and the sums that are rules, not SQL.
//!
//! **Which instant dates what.** Every figure counts what happened within the period, by an instant of its own:
//!
//! | figure | counts | dated by |
//! |---|---|---|
//! | conversations | conversations | the visitor's first action (`opened_at`) |
//! | engaged | those of them with a message of the visitor | the same |
//! | contacts captured | conversations in which a contact was captured, however often it was corrected | the first capture |
//! | handovers | conversations that came from the bot to operators: queued by the flow while somebody was there, or taken over | the first time |
//! | closed, by reason | conversations | the close |
//! | executions | pairs of a marker's start and its end in one conversation | the end |
//! | starts | passed starts that were not open already | the start |
//!
//! So a chat that is opened before midnight and closed behind it is a conversation of the one day and a close of the
//! other, and no column need be a part of another. Engaged conversations are a part of conversations; a marker's
//! completed starts are a part of its starts.
//!
//! **What never counts:** a preview, in which an owner only tries the chatbot out; an end without a start; a start and
//! an end in two conversations. A start while one is open keeps the first ([`marker::pass`](crate::marker::pass)).
//! Contacts that were erased or merged since still count: the conversation remembers that there was one, and not who.
//!
//! **The department** that figures are limited to is the one that a conversation was last handed to, or was to be; a
//! chat that no handover was reached in has none.
//!
//! Nothing here knows how rows are stored.

mod period;

pub use period::{Day, MOST_DAYS, Preset, ReportPeriod, Zone};

use std::{collections::BTreeMap, time::Duration};

use uuid::Uuid;

use crate::{Chatbot, CloseReason, Id};

/// The figures of a chatbot, or of several, in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Conversations that were opened.
    pub conversations: u64,
    /// Those of them in which the visitor said something.
    pub engaged: u64,
    /// Conversations in which a contact was captured.
    pub contacts: u64,
    /// Conversations that came from the bot to operators.
    pub handovers: u64,
}

impl Figures {
    fn add(&mut self, other: &Figures) {
        self.conversations += other.conversations;
        self.engaged += other.engaged;
        self.contacts += other.contacts;
        self.handovers += other.handovers;
    }
}

/// How many conversations were closed for each reason, in the order of [`CloseReason::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closes([u64; CloseReason::ALL.len()]);

impl Closes {
    /// Those closed for that reason.
    pub fn of(&self, reason: CloseReason) -> u64 {
        self.0[reason as usize]
    }

    /// Every reason with its number.
    pub fn all(&self) -> impl Iterator<Item = (CloseReason, u64)> + '_ {
        CloseReason::ALL.into_iter().map(|reason| (reason, self.of(reason)))
    }

    fn add(&mut self, reason: CloseReason, closes: u64) {
        self.0[reason as usize] += closes;
    }
}

/// What is counted for a chatbot on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The chatbot; None for conversations that another chat tool pushed for none.
    pub chatbot: Option<Id<Chatbot>>,
    /// Which day of the period, from 0.
    pub day: usize,
    /// The figures.
    pub figures: Figures,
}

/// How many conversations of a chatbot were closed for one reason in the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCount {
    /// The chatbot, as in [`DayCount`].
    pub chatbot: Option<Id<Chatbot>>,
    /// The reason.
    pub reason: CloseReason,
    /// How many.
    pub closes: u64,
}

/// A chatbot that has a row even if nothing happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The chatbot.
    pub chatbot: Id<Chatbot>,
    /// What it is called.
    pub name: String,
    /// Whether it is gone: then it has a row only if something happened.
    pub deleted: bool,
}

/// One row of the bot report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotRow {
    /// The chatbot; None for conversations that another chat tool pushed for none.
    pub chatbot: Option<Id<Chatbot>>,
    /// What it is called.
    pub name: Option<String>,
    /// Its figures.
    pub figures: Figures,
    /// How its conversations ended.
    pub closed: Closes,
}

/// The bot report of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotReport {
    /// A row for each chatbot, by name; those of no chatbot last.
    pub rows: Vec<BotRow>,
    /// All rows together.
    pub total: BotRow,
    /// The figures of all rows on each day of the period.
    pub days: Vec<(Day, Figures)>,
}

impl BotReport {
    /// The report that these counts are.
    pub fn of(period: &ReportPeriod, bots: Vec<Named>, counts: &[DayCount], closes: &[CloseCount]) -> Self {
        let mut rows: BTreeMap<Option<Id<Chatbot>>, BotRow> = BTreeMap::new();
        let mut days: Vec<_> = period.days().into_iter().map(|day| (day, Figures::default())).collect();
        let mut total = BotRow::default();
        for count in counts {
            rows.entry(count.chatbot).or_default().figures.add(&count.figures);
            total.figures.add(&count.figures);
            if let Some((_, figures)) = days.get_mut(count.day) {
                figures.add(&count.figures);
            }
        }
        for count in closes {
            rows.entry(count.chatbot).or_default().closed.add(count.reason, count.closes);
            total.closed.add(count.reason, count.closes);
        }
        rows.retain(|_, row| row.figures != Figures::default() || row.closed != Closes::default());
        for bot in bots {
            if !bot.deleted || rows.contains_key(&Some(bot.chatbot)) {
                rows.entry(Some(bot.chatbot)).or_default().name = Some(bot.name);
            }
        }
        let mut rows: Vec<_> = rows.into_iter().map(|(chatbot, row)| BotRow { chatbot, ..row }).collect();
        rows.sort_by(|a, b| {
            (a.chatbot.is_none(), &a.name, a.chatbot).cmp(&(b.chatbot.is_none(), &b.name, b.chatbot))
        });
        Self { rows, total, days }
    }
}

/// A marker's passed starts in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starts {
    /// How many.
    pub starts: u64,
    /// Those of them whose end was passed, in the period or since.
    pub completed: u64,
    /// Those of them whose end was not passed, in a conversation that is still open.
    pub in_progress: u64,
}

/// One execution of a marker in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    /// Tells conversations apart, and nothing else.
    pub conversation: Uuid,
    /// From the start, which may lie before the period, to the end.
    pub length: Duration,
}

/// One row of the marker report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarkerRow {
    /// The marker. Of the same name in several chatbots it is one row, unless the report is of one chatbot.
    pub name: String,
    /// Executions that ended in the period: the headline.
    pub executions: u64,
    /// Conversations with at least one of them.
    pub conversations: u64,
    /// Starts that were passed in the period.
    pub starts: u64,
    /// Those of these starts that were completed, in the period or since.
    pub completed: u64,
    /// Those of these starts that never will be: started, not completed, and the conversation is closed.
    pub not_completed: u64,
    /// Those of these starts that may still be completed: their conversation is open.
    pub in_progress: u64,
    /// Half of the executions took at most so many seconds from start to end; of an even number of them, the mean of
    /// the two in the middle. None without executions.
    pub median_seconds: Option<f64>,
}

impl MarkerRow {
    /// The row of a marker; None if it was not passed in the period.
    pub fn of(name: String, starts: Starts, executions: &[Execution]) -> Option<Self> {
        if starts.starts == 0 && executions.is_empty() {
            return None;
        }
        let Starts { starts, completed, in_progress } = starts;
        let mut conversations: Vec<_> = executions.iter().map(|it| it.conversation).collect();
        conversations.sort_unstable();
        conversations.dedup();
        let micros = |it: &Execution| u64::try_from(it.length.as_micros()).unwrap_or(u64::MAX);
        let mut lengths: Vec<_> = executions.iter().map(micros).collect();
        Some(Self {
            name,
            executions: executions.len() as u64,
            conversations: conversations.len() as u64,
            starts,
            completed,
            not_completed: starts - completed - in_progress,
            in_progress,
            median_seconds: median(&mut lengths).map(|micros| micros / 1e6),
        })
    }

    /// `completed / starts`: of those who began in the period, the part that came to the end. None without starts.
    ///
    /// Both sides are the same starts, so it is never above 1. `executions / starts` would be: an execution is dated
    /// at its end, and may have begun before the period.
    pub fn completion_rate(&self) -> Option<f64> {
        (self.starts > 0).then(|| self.completed as f64 / self.starts as f64)
    }
}

/// The least of these lengths that at least this share of them does not exceed (the nearest rank); None without any. They
/// are brought into another order.
pub fn quantile(lengths: &mut [u64], share: f64) -> Option<u64> {
    let place = (lengths.len() as f64 * share).ceil() as usize;
    let place = place.clamp(1, lengths.len().max(1)) - 1;
    (place < lengths.len()).then(|| *lengths.select_nth_unstable(place).1)
}

/// The median of lengths, which are brought into another order.
fn median(lengths: &mut [u64]) -> Option<f64> {
    let (count, middle) = (lengths.len(), lengths.len() / 2);
    let (below, upper, _) = (count > 0).then(|| lengths.select_nth_unstable(middle))?;
    let upper = *upper;
    let lower = if count.is_multiple_of(2) { below.iter().copied().max().unwrap_or(upper) } else { upper };
    Some(lower.midpoint(upper) as f64 + if (lower ^ upper) & 1 == 1 { 0.5 } else { 0.0 })
}

#[cfg(test)]
mod tests;
