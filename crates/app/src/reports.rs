//! The bot report and the marker report, counted from raw rows at the moment they are asked for. What each figure means
//! is said in [`domain::report`].

use domain::{
    Account, Actor, BotReport, Chatbot, Department, Id, MarkerRow, Permission, ReportPeriod,
    report::{Preset, Starts, Zone},
};
use store::{
    Tx,
    reports::{self, Limits},
};

use crate::{AppError, access::require};

/// What a report is of.
#[derive(Clone, Debug)]
pub struct ReportFilter {
    /// One chatbot; None for all, and for conversations of none.
    pub chatbot: Option<Id<Chatbot>>,
    /// One department; None for all, and for conversations that none has had.
    pub department: Option<Id<Department>>,
    /// The days.
    pub period: ReportPeriod,
}

impl ReportFilter {
    fn limits(&self) -> Limits {
        Limits { chatbot: self.chatbot, department: self.department }
    }
}

/// The days that were asked for, as text: without them the last 30, and without a zone in the account's.
pub fn period(
    tx: &mut Tx<'_>,
    actor: &Actor,
    from: Option<&str>,
    to: Option<&str>,
    zone: Option<Zone>,
) -> Result<ReportPeriod, AppError> {
    require(actor, Permission::Read)?;
    let zone = match zone {
        Some(zone) => zone,
        None => default_zone(tx, actor.account())?,
    };
    Ok(ReportPeriod::between(from, to, zone, tx.now())?)
}

/// The days of a preset that end with today, in the account's time zone.
pub fn preset(tx: &mut Tx<'_>, actor: &Actor, preset: Preset) -> Result<ReportPeriod, AppError> {
    require(actor, Permission::Read)?;
    let zone = default_zone(tx, actor.account())?;
    Ok(ReportPeriod::preset(preset, zone, tx.now()))
}

/// The time zone whose days an account's reports are of, unless another is asked for. One that this program does not
/// know, because its list is older, is none.
pub(crate) fn default_zone(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Zone, AppError> {
    let account = store::accounts::find(tx, account)?;
    Ok(account.and_then(|account| account.time_zone.parse().ok()).unwrap_or(Zone::UTC))
}

/// The bot report.
pub fn bot(tx: &mut Tx<'_>, actor: &Actor, filter: &ReportFilter) -> Result<BotReport, AppError> {
    require(actor, Permission::Read)?;
    let (account, limits) = (actor.account(), filter.limits());
    let bots = reports::bots(tx, account, limits)?;
    let days = reports::days(tx, account, limits, &filter.period)?;
    let closes = reports::closes(tx, account, limits, &filter.period)?;
    Ok(BotReport::of(&filter.period, bots, &days, &closes))
}

/// The marker report: a row for each marker that was passed, by name.
pub fn markers(tx: &mut Tx<'_>, actor: &Actor, filter: &ReportFilter) -> Result<Vec<MarkerRow>, AppError> {
    require(actor, Permission::Read)?;
    let (account, limits) = (actor.account(), filter.limits());
    let open = reports::in_progress(tx, account, limits, &filter.period)?;
    let mut rows = Vec::new();
    for name in reports::markers(tx, account)? {
        let (starts, completed) = reports::starts(tx, account, &name, limits, &filter.period)?;
        let in_progress = open.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count);
        let executions = reports::executions(tx, account, &name, limits, &filter.period)?;
        rows.extend(MarkerRow::of(name, Starts { starts, completed, in_progress }, &executions));
    }
    Ok(rows)
}
