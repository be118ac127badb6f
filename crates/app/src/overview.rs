//! The first page: how an account is doing at this moment. Everything is bounded, for it is looked at often.

use std::time::Duration;

use domain::{
    Actor, Contact, Permission, ReportPeriod, Tally,
    report::{self, Day, Preset},
};
use store::Tx;
pub use store::overview::{Steps, WebhookGlance};

use crate::{AppError, PageRequest, access::require, contacts, reports};

/// Deliveries are counted up to so many; where there are more, a figure is at least that.
pub const MOST: u32 = 1_000;
/// So many of today's deliveries are looked at: some milliseconds.
pub const MOST_TODAY: u32 = 10_000;
/// So many of the newest deliveries say how long they take.
const TIMED: u32 = 500;
/// So many of the newest webhooks are looked at.
pub const WEBHOOKS: u32 = 200;
/// So many contacts are shown.
const LEADS: u32 = 5;

/// How an account is doing.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The days of the period, each with its conversations and its conversations with a contact. The last is today.
    pub days: Vec<(Day, u64, u64)>,
    /// What became of today's deliveries, of the newest [`MOST_TODAY`] of them.
    pub today: Tally,
    /// Its newest [`WEBHOOKS`] webhooks, with what was given up today; each figure goes up to [`MOST`].
    pub webhooks: Vec<WebhookGlance>,
    /// How long half, and how long all but a twentieth, of the newest deliveries of today that arrived took at most.
    pub times: Option<(Duration, Duration)>,
    /// What it has done so far.
    pub steps: Steps,
    /// Its newest contacts; None for those who may not see them.
    pub leads: Option<Vec<Contact>>,
}

/// How the account is doing, with the days of `preset`.
pub fn read(tx: &mut Tx<'_>, actor: &Actor, preset: Preset) -> Result<Overview, AppError> {
    require(actor, Permission::Read)?;
    let account = actor.account();
    let period = reports::preset(tx, actor, preset)?;
    let days = days(tx, actor, &period)?;
    let today = days.last().map_or(period.from, |(day, ..)| day.from);
    let mut times = store::overview::times(tx, account, today, TIMED)?;
    let mut quantile = |share| report::quantile(&mut times, share).map(Duration::from_micros);
    let leads = match actor.may(Permission::People) {
        true => Some(contacts::list(tx, actor, &contacts::Filter::default(), newest())?.items),
        false => None,
    };
    Ok(Overview {
        days,
        times: quantile(0.5).zip(quantile(0.95)),
        today: store::overview::recent(tx, account, today, MOST_TODAY)?,
        webhooks: store::overview::webhooks(tx, account, today, MOST, WEBHOOKS)?,
        steps: store::overview::steps(tx, account)?,
        leads,
    })
}

fn days(tx: &mut Tx<'_>, actor: &Actor, period: &ReportPeriod) -> Result<Vec<(Day, u64, u64)>, AppError> {
    let counts = store::reports::trend(tx, actor.account(), period)?;
    let days = period.days().into_iter().zip(counts);
    Ok(days.map(|(day, (conversations, contacts))| (day, conversations, contacts)).collect())
}

fn newest() -> PageRequest<Contact> {
    PageRequest { after: None, limit: LEADS }
}
