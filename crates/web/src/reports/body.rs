//! How reports are shown: as JSON, and as rows of CSV. Must not count anything.

use domain::{
    BotReport, CloseReason, MarkerRow, ReportPeriod, csv,
    report::{BotRow, Closes, Figures},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The bot report of a period.
#[derive(Serialize, ToSchema)]
#[schema(as = BotReport)]
pub(crate) struct BotReportView {
    /// The first day.
    from: String,
    /// The last day, which belongs to the period.
    to: String,
    /// The time zone whose days these are.
    time_zone: String,
    /// A row for each chatbot, by name. `chatbot_id` is null for conversations that another chat tool pushed without
    /// naming one.
    items: Vec<BotRowView>,
    /// All of them together.
    total: BotFiguresView,
    /// All of them together, on each day.
    days: Vec<DayView>,
}

/// What is counted of a chatbot in a period.
#[derive(Serialize, ToSchema)]
#[schema(as = BotReportRow)]
struct BotRowView {
    #[schema(required = true)]
    chatbot_id: Option<String>,
    #[schema(required = true)]
    chatbot_name: Option<String>,
    #[serde(flatten)]
    figures: BotFiguresView,
}

/// The figures of a period.
#[derive(Serialize, ToSchema)]
#[schema(as = BotReportFigures)]
struct BotFiguresView {
    /// Opened in the period.
    conversations: u64,
    /// Those of them with a message of the visitor.
    engaged: u64,
    /// Conversations in which a contact was captured first in the period.
    contacts_captured: u64,
    /// Conversations that came from the bot to operators first in the period.
    handovers: u64,
    /// Closed in the period, by reason.
    closed: ClosedView,
}

/// How many conversations were closed for which reason.
#[derive(Serialize, ToSchema)]
#[schema(as = BotReportCloses)]
struct ClosedView {
    visitor_ended: u64,
    operator_closed: u64,
    bot_finished: u64,
    idle_bot: u64,
    idle_agent: u64,
    no_agent: u64,
    admin_closed: u64,
}

/// What is counted on one day.
#[derive(Serialize, ToSchema)]
#[schema(as = BotReportDay)]
struct DayView {
    date: String,
    conversations: u64,
    engaged: u64,
    contacts_captured: u64,
}

impl BotReportView {
    pub(super) fn of(report: &BotReport, period: &ReportPeriod) -> Self {
        let day = |(day, figures): &(domain::report::Day, Figures)| DayView {
            date: day.date.to_string(),
            conversations: figures.conversations,
            engaged: figures.engaged,
            contacts_captured: figures.contacts,
        };
        Self {
            from: period.first().to_string(),
            to: period.last().to_string(),
            time_zone: period.zone().name().to_owned(),
            items: report.rows.iter().map(BotRowView::from).collect(),
            total: BotFiguresView::from(&report.total),
            days: report.days.iter().map(day).collect(),
        }
    }
}

impl From<&BotRow> for BotRowView {
    fn from(row: &BotRow) -> Self {
        Self {
            chatbot_id: row.chatbot.map(|id| id.to_string()),
            chatbot_name: row.name.clone(),
            figures: BotFiguresView::from(row),
        }
    }
}

impl From<&BotRow> for BotFiguresView {
    fn from(BotRow { figures, closed, .. }: &BotRow) -> Self {
        Self {
            conversations: figures.conversations,
            engaged: figures.engaged,
            contacts_captured: figures.contacts,
            handovers: figures.handovers,
            closed: ClosedView::from(closed),
        }
    }
}

impl From<&Closes> for ClosedView {
    fn from(closes: &Closes) -> Self {
        Self {
            visitor_ended: closes.of(CloseReason::VisitorEnded),
            operator_closed: closes.of(CloseReason::OperatorClosed),
            bot_finished: closes.of(CloseReason::BotFinished),
            idle_bot: closes.of(CloseReason::IdleBot),
            idle_agent: closes.of(CloseReason::IdleAgent),
            no_agent: closes.of(CloseReason::NoAgent),
            admin_closed: closes.of(CloseReason::AdminClosed),
        }
    }
}

/// The marker report of a period.
#[derive(Serialize, ToSchema)]
#[schema(as = MarkerReport)]
pub(crate) struct MarkerReportView {
    /// The first day.
    from: String,
    /// The last day, which belongs to the period.
    to: String,
    /// The time zone whose days these are.
    time_zone: String,
    /// A row for each marker that was passed, by name.
    items: Vec<MarkerRowView>,
}

/// What is counted of a marker in a period.
#[derive(Serialize, ToSchema)]
#[schema(as = MarkerReportRow)]
struct MarkerRowView {
    /// The marker. Of the same name in several chatbots it is one row.
    marker: String,
    /// Ends that were passed in the period behind a start in the same conversation.
    executions: u64,
    /// Conversations with at least one of them.
    conversations: u64,
    /// Starts that were passed in the period.
    starts: u64,
    /// Those of these starts whose end was passed, in the period or since.
    completed: u64,
    /// Those of these starts whose conversation is closed without that.
    not_completed: u64,
    /// Those of these starts that may still be completed.
    in_progress: u64,
    /// `completed / starts`; null without starts.
    #[schema(required = true)]
    completion_rate: Option<f64>,
    /// The median time from start to end of the executions, in seconds; null without executions.
    #[schema(required = true)]
    median_s: Option<f64>,
}

impl MarkerReportView {
    pub(super) fn of(rows: &[MarkerRow], period: &ReportPeriod) -> Self {
        Self {
            from: period.first().to_string(),
            to: period.last().to_string(),
            time_zone: period.zone().name().to_owned(),
            items: rows.iter().map(MarkerRowView::from).collect(),
        }
    }
}

impl From<&MarkerRow> for MarkerRowView {
    fn from(row: &MarkerRow) -> Self {
        Self {
            marker: row.name.clone(),
            executions: row.executions,
            conversations: row.conversations,
            starts: row.starts,
            completed: row.completed,
            not_completed: row.not_completed,
            in_progress: row.in_progress,
            completion_rate: row.completion_rate(),
            median_s: row.median_seconds,
        }
    }
}

const FIGURES: [&str; 6] =
    ["chatbot_id", "chatbot_name", "conversations", "engaged", "contacts_captured", "handovers"];

/// The bot report as CSV: a row for each chatbot.
pub(crate) fn bot_rows(report: &BotReport) -> String {
    let mut text = String::new();
    let reasons: Vec<_> = CloseReason::ALL.iter().map(|it| format!("closed_{}", it.as_str())).collect();
    csv::push_row(&mut text, FIGURES.into_iter().chain(reasons.iter().map(String::as_str)));
    for row in &report.rows {
        let id = row.chatbot.map(|id| id.to_string()).unwrap_or_default();
        let Figures { conversations, engaged, contacts, handovers } = row.figures;
        let numbers = [conversations, engaged, contacts, handovers];
        let numbers: Vec<_> = numbers
            .into_iter()
            .chain(row.closed.all().map(|(_, closes)| closes))
            .map(|it| it.to_string())
            .collect();
        let names = [id.as_str(), row.name.as_deref().unwrap_or_default()];
        csv::push_row(&mut text, names.into_iter().chain(numbers.iter().map(String::as_str)));
    }
    text
}

const MARKER_COLUMNS: [&str; 9] = [
    "marker",
    "executions",
    "conversations",
    "starts",
    "completed",
    "not_completed",
    "in_progress",
    "completion_rate",
    "median_s",
];

/// The marker report as CSV: a row for each marker.
pub(crate) fn marker_rows(rows: &[MarkerRow]) -> String {
    let mut text = String::new();
    csv::push_row(&mut text, MARKER_COLUMNS);
    for row in rows {
        let numbers = [
            row.executions,
            row.conversations,
            row.starts,
            row.completed,
            row.not_completed,
            row.in_progress,
        ];
        let parts = [row.completion_rate(), row.median_seconds];
        let parts = parts.map(|part| part.map(|it| it.to_string()).unwrap_or_default());
        let cells: Vec<_> = numbers.map(|it| it.to_string()).into_iter().chain(parts).collect();
        csv::push_row(&mut text, [row.name.as_str()].into_iter().chain(cells.iter().map(String::as_str)));
    }
    text
}
