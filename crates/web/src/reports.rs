//! The bot report and the marker report over HTTP, as JSON or as rows for a spreadsheet.

pub(crate) mod body;

use app::reports::{self, ReportFilter};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Actor, Chatbot, Department, Id, Invalid, report::Zone};
use http::{HeaderValue, header};
use utoipa::IntoParams;

use self::body::{BotReportView, MarkerReportView};
use crate::{
    Shared,
    auth::{Caller, Read},
    problem::Problem,
    query::{FromQuery, Params, Query},
};

/// What programs read a report as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// What a report is wanted of.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportParams {
    /// Only this chatbot.
    #[param(value_type = Option<String>)]
    chatbot_id: Option<Id<Chatbot>>,
    /// Only conversations whose last department is this one.
    #[param(value_type = Option<String>)]
    department_id: Option<Id<Department>>,
    /// The first day, such as `2026-03-04`; without it, the period has 30 days.
    from: Option<String>,
    /// The last day, which belongs to the period; without it, today.
    to: Option<String>,
    /// The time zone (IANA) that the days are of; without it, the account's.
    #[param(value_type = Option<String>)]
    time_zone: Option<Zone>,
    /// `json` or `csv`.
    #[param(required = false, default = "json", value_type = String)]
    format: Format,
}

impl FromQuery for ReportParams {
    fn from_query(params: &mut Params<'_>) -> Option<Self> {
        let zone = |text: &str| {
            text.parse().map_err(|_| {
                Invalid::field("", "must be the name of a time zone (IANA), such as Asia/Kolkata or UTC")
            })
        };
        let format = params.parsed("format", |text| match text {
            "json" => Ok(Format::Json),
            "csv" => Ok(Format::Csv),
            _ => Err(Invalid::field("", "must be one of json, csv")),
        });
        Some(Self {
            chatbot_id: params.optional("chatbot_id"),
            department_id: params.optional("department_id"),
            from: params.optional("from"),
            to: params.optional("to"),
            time_zone: params.parsed("time_zone", zone),
            format: format.unwrap_or(Format::Json),
        })
    }
}

impl ReportParams {
    fn filter(&self, tx: &mut app::Tx<'_>, actor: &Actor) -> Result<ReportFilter, app::AppError> {
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        let period = reports::period(tx, actor, from, to, self.time_zone.clone())?;
        Ok(ReportFilter { chatbot: self.chatbot_id, department: self.department_id, period })
    }
}

/// Show the bot report
///
/// What happened in the period, for each chatbot, for all of them, and on each day; previews never count. Each figure
/// counts by an instant of its own: `conversations` and `engaged` (those with a message of the visitor) by the opening,
/// `contacts_captured` (conversations in which one was) by the first capture, `handovers` (conversations that came from
/// the bot to operators) by the first, `closed` by the close. CSV has a row for each chatbot, without sums.
#[utoipa::path(
    get, path = "/api/v1/reports/bot", tag = "reports", operation_id = "get_bot_report",
    security(("key" = ["read"])), params(ReportParams),
    responses((status = OK, description = "The report.",
        content((BotReportView = "application/json"), (String = "text/csv"))))
)]
pub(crate) async fn bot(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query(params): Query<ReportParams>,
) -> Result<Response, Problem> {
    let format = params.format;
    let read = move |tx: &mut app::Tx<'_>| {
        let filter = params.filter(tx, &actor)?;
        let report = reports::bot(tx, &actor, &filter)?;
        Ok::<_, app::AppError>((report, filter.period))
    };
    let (report, period) = web.db.read(read).await?;
    Ok(match format {
        Format::Json => axum::Json(BotReportView::of(&report, &period)).into_response(),
        Format::Csv => csv_file("bot-report", &period, body::bot_rows(&report)),
    })
}

/// Show the marker report
///
/// A row for each marker that was passed in the period, by name. `executions` counts ends that were passed in the
/// period behind a start in the same conversation, `starts` counts starts; so an execution that began before the period
/// is one without a start. `completion_rate` is `completed` divided by `starts`: both are of the starts of the period,
/// so it is never above 1. CSV has the same rows.
#[utoipa::path(
    get, path = "/api/v1/reports/markers", tag = "reports", operation_id = "get_marker_report",
    security(("key" = ["read"])), params(ReportParams),
    responses((status = OK, description = "The report.",
        content((MarkerReportView = "application/json"), (String = "text/csv"))))
)]
pub(crate) async fn markers(
    State(web): State<Shared>,
    Caller { actor, .. }: Caller<Read>,
    Query(params): Query<ReportParams>,
) -> Result<Response, Problem> {
    let format = params.format;
    let read = move |tx: &mut app::Tx<'_>| {
        let filter = params.filter(tx, &actor)?;
        let rows = reports::markers(tx, &actor, &filter)?;
        Ok::<_, app::AppError>((rows, filter.period))
    };
    let (rows, period) = web.db.read(read).await?;
    Ok(match format {
        Format::Json => axum::Json(MarkerReportView::of(&rows, &period)).into_response(),
        Format::Csv => csv_file("marker-report", &period, body::marker_rows(&rows)),
    })
}

/// A file to be saved, named by what it is and its days.
pub(crate) fn csv_file(what: &str, period: &domain::ReportPeriod, rows: String) -> Response {
    let name = format!("attachment; filename=\"{what}-{}-{}.csv\"", period.first(), period.last());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(name).expect("dates and letters fit a header")),
    ];
    (headers, rows).into_response()
}
