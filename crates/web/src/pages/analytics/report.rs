//! The bot report: what happened in a period, in figures, pictures and tables.

mod body;

use app::{
    AppError, PageRequest, chatbots, departments,
    reports::{self, ReportFilter},
};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{Actor, BotReport, Chatbot, Department, Id, MarkerRow, ReportPeriod, report::Preset};
use http::StatusCode;
use url::form_urlencoded::Serializer;

pub(super) use self::body::slot;
use self::body::{FIGURES, Shown};
use crate::{
    Shared,
    auth::Read,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Place, Shell, render},
        when::filters,
    },
    reports::{body as rows, csv_file},
};

#[derive(Template)]
#[template(path = "analytics/bot-report.html")]
struct ReportPage {
    shell: Shell,
    form: Form,
    errors: Errors,
    /// What can be chosen: id and name.
    bots: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    /// None if it is not known what to show.
    shown: Option<Shown>,
}

/// What the fields say, where they make sense.
struct Asked {
    bot: Option<Id<Chatbot>>,
    department: Option<Id<Department>>,
    preset: Preset,
    from: Option<String>,
    to: Option<String>,
}

impl Asked {
    fn read(form: &Form) -> (Self, Reading) {
        let mut reading = Reading::new();
        let preset = |text: &str| Preset::ALL.into_iter().find(|it| it.days().to_string() == text);
        let day = |name| form.filled(name).map(str::to_owned);
        let asked = Self {
            bot: reading.or(form.chosen("bot", |text| text.parse().ok()), None),
            department: reading.or(form.chosen("department", |text| text.parse().ok()), None),
            preset: reading.or(form.chosen("days", preset), None).unwrap_or(Preset::Last30),
            from: day("from"),
            to: day("to"),
        };
        (asked, reading)
    }

    /// Days that are given go before a preset, unless they are its own: the form shows those. Without either it is the
    /// last 30. Also answers which preset it is.
    fn filter(
        &self,
        tx: &mut app::Tx<'_>,
        actor: &Actor,
    ) -> Result<(ReportFilter, Option<Preset>), AppError> {
        let preset = reports::preset(tx, actor, self.preset)?;
        let own = [preset.first(), preset.last()].map(|day| Some(day.to_string()));
        let given = [self.from.clone(), self.to.clone()];
        let (period, chosen) = match given == [None, None] || given == own {
            true => (preset, Some(self.preset)),
            false => (reports::period(tx, actor, self.from.as_deref(), self.to.as_deref(), None)?, None),
        };
        Ok((ReportFilter { chatbot: self.bot, department: self.department, period }, chosen))
    }
}

/// The report of a period.
pub(super) async fn show(
    State(web): State<Shared>,
    Query(form): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let shell = Shell::new(&web, &by, Place::BotReport);
    let actor = by.actor;
    let (bots, departments) = web.db.read(move |tx| choices(tx, &actor)).await?;
    let (asked, mut reading) = Asked::read(&form);
    for (field, known) in [("bot", &bots), ("department", &departments)] {
        let offered = |text: &str| known.iter().any(|(id, _)| id == text).then_some(());
        reading.or(form.chosen(field, offered), None);
    }
    let (shown, errors) = match read(&web, actor, (asked, reading)).await {
        Ok(read) => (Some(Shown::of(read, &form)), Errors::default()),
        Err(AppError::Invalid(invalid)) => (None, Errors::from(invalid)),
        Err(error) => return Err(error.into()),
    };
    let status = if shown.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &ReportPage { shell, form, errors, bots, departments, shown })
}

/// Ids and names.
type Choices = Vec<(String, String)>;

/// The chatbots and the departments, by name.
fn choices(tx: &mut app::Tx<'_>, actor: &Actor) -> Result<(Choices, Choices), AppError> {
    let all = PageRequest { after: None, limit: PageRequest::<Chatbot>::MAX };
    let bots = chatbots::list(tx, actor, all)?.items.into_iter();
    let mut bots: Choices = bots.map(|it| (it.id.to_string(), it.name)).collect();
    bots.sort_by_cached_key(|(_, name)| name.to_lowercase());
    let departments = departments::list(tx, actor)?.into_iter();
    Ok((bots, departments.map(|it| (it.id.to_string(), it.name)).collect()))
}

/// What is read of a period.
struct Counted {
    report: BotReport,
    markers: Vec<MarkerRow>,
    period: ReportPeriod,
    /// Which preset the period is, if it is one.
    preset: Option<Preset>,
}

/// Both reports, counted beside each other: each takes its time, and a store has several readers.
async fn read(web: &Shared, actor: Actor, asked: (Asked, Reading)) -> Result<Counted, AppError> {
    let (filter, preset) = filter(web, actor, asked).await?;
    let (report, markers) = tokio::try_join!(bot(web, actor, &filter), markers(web, actor, &filter))?;
    Ok(Counted { report, markers, period: filter.period, preset })
}

async fn filter(
    web: &Shared,
    actor: Actor,
    (asked, reading): (Asked, Reading),
) -> Result<(ReportFilter, Option<Preset>), AppError> {
    web.db.read(move |tx| reading.settle(asked.filter(tx, &actor))).await
}

async fn bot(web: &Shared, actor: Actor, filter: &ReportFilter) -> Result<BotReport, AppError> {
    let filter = filter.clone();
    web.db.read(move |tx| reports::bot(tx, &actor, &filter)).await
}

async fn markers(web: &Shared, actor: Actor, filter: &ReportFilter) -> Result<Vec<MarkerRow>, AppError> {
    let filter = filter.clone();
    web.db.read(move |tx| reports::markers(tx, &actor, &filter)).await
}

/// The bot report as a file, with the same fields.
pub(super) async fn bot_csv(
    State(web): State<Shared>,
    Query(form): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (filter, _) = filter(&web, by.actor, Asked::read(&form)).await?;
    let report = bot(&web, by.actor, &filter).await?;
    Ok(csv_file("bot-report", &filter.period, rows::bot_rows(&report)))
}

/// The marker report as a file, with the same fields.
pub(super) async fn marker_csv(
    State(web): State<Shared>,
    Query(form): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (filter, _) = filter(&web, by.actor, Asked::read(&form)).await?;
    let markers = markers(&web, by.actor, &filter).await?;
    Ok(csv_file("marker-report", &filter.period, rows::marker_rows(&markers)))
}

/// The fields of the form that are filled in, without those named, as a query.
fn query(form: &Form, without: &[&str]) -> String {
    let mut query = Serializer::new(String::new());
    for name in ["bot", "department", "days", "from", "to"] {
        if let Some(value) = form.filled(name).filter(|_| !without.contains(&name)) {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

impl ReportPage {
    /// What stands in the fields of the first and the last day: what was given, or what a preset came to.
    fn days(&self) -> [&str; 2] {
        match &self.shown {
            Some(shown) => [&shown.days[0], &shown.days[1]],
            None => [self.form.get("from"), self.form.get("to")],
        }
    }

    /// The presets: their words, where they lead, and whether it is the one shown.
    fn presets(&self) -> Vec<(&'static str, String, bool)> {
        let wrong =
            ["bot", "department"].into_iter().filter(|it| self.errors.at(&format!("/{it}")).is_some());
        let without: Vec<&str> = ["days", "from", "to"].into_iter().chain(wrong).collect();
        let own = query(&self.form, &without);
        let chosen = self.shown.as_ref().and_then(|it| it.preset);
        let link = |preset: Preset| {
            let joint = if own.is_empty() { "" } else { "&" };
            let path = format!("{}?days={}{joint}{own}", Place::BotReport.path(), preset.days());
            (words(preset), path, chosen == Some(preset))
        };
        Preset::ALL.into_iter().map(link).collect()
    }
}

fn words(preset: Preset) -> &'static str {
    match preset {
        Preset::Today => "Today",
        Preset::Last7 => "7 days",
        Preset::Last30 => "30 days",
        Preset::Last90 => "90 days",
    }
}
