//! Sending many again: what would be sent, counted first; and a recovery on its way.

use app::{AppError, Tx, recoveries, recoveries::Preview, webhooks};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{Actor, EndState, Id, Invalid, NewRecovery, Recovery, RecoveryState, Timestamp, Webhook};
use http::StatusCode;
use jiff::{civil::DateTime, tz::TimeZone};

use super::{known, path, pictures, words};
use crate::{
    Shared,
    auth::{Manage, Read},
    charts::Steps,
    pages::{
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        parts::Badge,
        shell::{Place, Shell, go, render},
        when::{When, count, duration, filters, local},
    },
    problem::Problem,
};

/// A recovery in the list of its webhook.
pub(super) struct RecoveryRow {
    pub(super) path: String,
    pub(super) created: When,
    pub(super) badge: Badge,
    pub(super) restarted: String,
    pub(super) total: String,
}

impl RecoveryRow {
    pub(super) fn new(shell: &Shell, recovery: Recovery) -> Self {
        Self {
            path: recovery_path(&recovery),
            created: shell.when(&recovery.created_at),
            badge: words::recovery_badge(recovery.state),
            restarted: count(recovery.restarted),
            total: count(recovery.total),
        }
    }
}

fn recovery_path(recovery: &Recovery) -> String {
    format!("{}/recoveries/{}", path(recovery.plan.webhook_id), recovery.id)
}

#[derive(Template)]
#[template(path = "webhooks/recover.html")]
struct RecoverPage {
    shell: Shell,
    path: String,
    name: String,
    /// What is filled in.
    chosen: Form,
    errors: Errors,
    preview: Option<Shown>,
}

/// What was counted.
struct Shown {
    total: String,
    is_empty: bool,
    /// Name and number of each state in the window.
    counts: [(&'static str, String); 4],
    /// How long it would take.
    takes: String,
}

impl From<Preview> for Shown {
    fn from(Preview { plan, counts, total }: Preview) -> Self {
        let seconds = u64::from(total).div_ceil(u64::from(plan.rate_per_second).max(1));
        Self {
            is_empty: total == 0,
            total: count(total),
            counts: [
                ("exhausted", count(counts.exhausted)),
                ("skipped", count(counts.skipped)),
                ("delivered", count(counts.delivered)),
                ("pending", count(counts.pending)),
            ],
            takes: duration(std::time::Duration::from_secs(seconds.max(1))),
        }
    }
}

/// How a field `datetime-local` writes an instant (the HTML standard, 2.3.5.7), without seconds.
const LOCAL: &str = "%Y-%m-%dT%H:%M";

/// What is filled in to begin with: the last day, whatever was not delivered.
fn suggested(shell: &Shell) -> Form {
    let day_ago = shell.now().before(std::time::Duration::from_secs(24 * 60 * 60));
    let since = local(day_ago, shell.zone()).strftime(LOCAL).to_string();
    Form::of(&[
        ("since", &since),
        ("states", "exhausted"),
        ("states", "skipped"),
        ("rate_per_second", &Recovery::DEFAULT_RATE.to_string()),
    ])
}

/// What is asked for, all that is wrong with it at once.
fn asked(form: &Form, webhook: Id<Webhook>, zone: &TimeZone, now: Timestamp) -> Result<NewRecovery, Invalid> {
    let mut reading = Reading::new();
    let missing = || Invalid::field("/since", "is missing: say from when on");
    let since = instant(form, "since", zone).and_then(|since| since.ok_or_else(missing));
    let states = EndState::ALL.into_iter().filter(|state| form.has("states", state.as_str()));
    let new = NewRecovery {
        webhook_id: webhook,
        since: reading.or(since, Timestamp::from_micros(0)),
        until: reading.or(instant(form, "until", zone), None),
        states: Some(states.collect()),
        rate_per_second: reading.or(form.number("rate_per_second"), None),
    };
    Invalid::gather([reading.complaints(), new.check(now).map(drop)])?;
    Ok(new)
}

/// An instant as the clocks of the account show it.
fn instant(form: &Form, name: &str, zone: &TimeZone) -> Result<Option<Timestamp>, Invalid> {
    let wrong = || Invalid::field(format!("/{name}"), "must be a day and a time, such as 2026-03-04T10:15");
    let Some(text) = form.filled(name) else { return Ok(None) };
    let at = text.parse::<DateTime>().map_err(|_| wrong())?;
    let at = zone.to_timestamp(at).map_err(|_| wrong())?;
    Ok(Some(Timestamp::from_micros(at.as_microsecond())))
}

/// The form; and, if it was filled in, what a recovery of that would send again.
pub(super) async fn ask(
    State(web): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let id = known::<Webhook>(&id)?;
    answer(&web, &by, id, query, Errors::default()).await
}

async fn answer(
    web: &Shared,
    by: &ByMember<Manage>,
    id: Id<Webhook>,
    form: Form,
    mut errors: Errors,
) -> Result<Response, Failure> {
    let shell = Shell::new(web, by, Place::Webhooks);
    let actor = by.actor;
    let is_asked = !errors.is_empty() || form.filled("since").is_some() || form.has("count", "yes");
    let mut new = None;
    if is_asked && errors.is_empty() {
        match asked(&form, id, shell.zone(), shell.now()) {
            Ok(asked) => new = Some(asked),
            Err(invalid) => errors = invalid.into(),
        }
    }
    let read = move |tx: &mut Tx<'_>| -> Result<_, AppError> {
        let name = webhooks::get(tx, &actor, id)?.name;
        let counted = match &new {
            None => Ok(None),
            Some(new) => match recoveries::preview(tx, &actor, new) {
                Err(AppError::Invalid(invalid)) => Err(invalid),
                other => Ok(Some(other?)),
            },
        };
        Ok((name, counted))
    };
    let (name, counted) = web.db.read(read).await?;
    let preview = counted.unwrap_or_else(|invalid| {
        errors = invalid.into();
        None
    });
    let path = path(id);
    let shell = shell.below(&name, &path).below("Recover", &format!("{path}/recover"));
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let chosen = if is_asked { form } else { suggested(&shell) };
    render(status, &RecoverPage { shell, path, name, chosen, errors, preview: preview.map(Into::into) })
}

pub(super) async fn begin(
    State(web): State<Shared>,
    Path(id): Path<String>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (id, actor) = (known::<Webhook>(&id)?, by.actor);
    let shell = Shell::new(&web, &by, Place::Webhooks);
    let asked = asked(&form, id, shell.zone(), shell.now());
    let new = match asked {
        Ok(new) => new,
        Err(invalid) => return answer(&web, &by, id, form, invalid.into()).await,
    };
    // Counting many keeps nobody from writing.
    let preview = match web.db.read(move |tx| recoveries::preview(tx, &actor, &new)).await {
        Err(AppError::Invalid(invalid)) => return answer(&web, &by, id, form, invalid.into()).await,
        other => other?,
    };
    let begun = web.db.write(move |tx| recoveries::create(tx, &actor, &preview)).await?;
    Ok(go(&recovery_path(&begun), "begun"))
}

#[derive(Template)]
#[template(path = "webhooks/recovery.html")]
struct RecoveryPage {
    shell: Shell,
    path: String,
    webhook_path: String,
    name: String,
    recovery: Recovery,
    badge: Badge,
    steps: Steps,
    since: When,
    until: When,
    created: When,
    ended: Option<When>,
    /// Why it does not go on though it runs.
    waits: Option<String>,
    left: String,
}

impl RecoveryPage {
    fn restarted(&self) -> String {
        count(self.recovery.restarted)
    }

    fn passed_over(&self) -> String {
        count(self.recovery.passed_over)
    }
}

fn read(
    tx: &mut Tx<'_>,
    actor: &Actor,
    webhook: Id<Webhook>,
    id: Id<Recovery>,
) -> Result<(Recovery, Option<Webhook>, String), AppError> {
    let recovery = recoveries::get(tx, actor, id)?;
    if recovery.plan.webhook_id != webhook {
        return Err(AppError::NotFound);
    }
    match webhooks::get(tx, actor, webhook) {
        Ok(found) => Ok((recovery, Some(found.clone()), found.name)),
        Err(AppError::NotFound) => {
            let name = webhooks::get_deleted(tx, actor, webhook)?.name;
            Ok((recovery, None, name))
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn show(
    State(web): State<Shared>,
    Path((webhook, id)): Path<(String, String)>,
    Query(query): Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    let (webhook, id, actor) = (known::<Webhook>(&webhook)?, known::<Recovery>(&id)?, by.actor);
    let (recovery, found, name) = web.db.read(move |tx| read(tx, &actor, webhook, id)).await?;
    let (webhook_path, path) = (path(webhook), recovery_path(&recovery));
    let shell = Shell::new(&web, &by, Place::Webhooks)
        .below(&name, &webhook_path)
        .below("Recovery", &path)
        .saying(&query, &[("begun", "The recovery has begun."), ("switched", "Done.")]);
    let stands = found.filter(|it| it.state.stands_still() && recovery.state == RecoveryState::Running);
    let left = recovery.total.saturating_sub(recovery.restarted.saturating_add(recovery.passed_over));
    let seconds = u64::from(left).div_ceil(u64::from(recovery.plan.rate_per_second).max(1));
    let page = RecoveryPage {
        badge: words::recovery_badge(recovery.state),
        steps: pictures::steps(&recovery),
        since: shell.when(&recovery.plan.since),
        until: shell.when(&recovery.plan.until),
        created: shell.when(&recovery.created_at),
        ended: recovery.ended_at.map(|at| shell.when(&at)),
        waits: stands.map(|it| format!("It waits: the webhook is {}.", it.state.as_str())),
        left: duration(std::time::Duration::from_secs(seconds.max(1))),
        shell,
        path,
        webhook_path,
        name,
        recovery,
    };
    render(StatusCode::OK, &page)
}

pub(super) async fn switch(
    State(web): State<Shared>,
    Path((webhook, id, to)): Path<(String, String, String)>,
    by: ByMember<Manage>,
) -> Result<Response, Failure> {
    let (webhook, id, actor) = (known::<Webhook>(&webhook)?, known::<Recovery>(&id)?, by.actor);
    let to = match to.as_str() {
        "pause" => recoveries::pause,
        "resume" => recoveries::resume,
        "cancel" => recoveries::cancel,
        _ => return Err(Problem::not_found().into()),
    };
    let change = move |tx: &mut Tx<'_>| {
        read(tx, &actor, webhook, id)?;
        to(tx, &actor, id)
    };
    let recovery = web.db.write(change).await?;
    Ok(go(&recovery_path(&recovery), "switched"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_account_and_all_that_is_wrong_is_said_at_once() {
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        let id = Id::from_parts(1, &[0; 10]);
        let form =
            Form::parse(b"since=2026-03-04T10:15&until=2026-03-04T11:15:30&states=skipped&rate_per_second=5");
        let now = "2026-03-04T06:00:00Z".parse().unwrap();
        let new = asked(&form, id, &zone, now).unwrap();
        assert_eq!(new.since.to_string(), "2026-03-04T04:45:00Z");
        assert_eq!(new.until.unwrap().to_string(), "2026-03-04T05:45:30Z");
        assert_eq!((new.states, new.rate_per_second), (Some(vec![EndState::Skipped]), Some(5)));

        let form = Form::parse(b"since=yesterday&until=x&rate_per_second=much");
        let wrong = asked(&form, id, &zone, now).unwrap_err().errors;
        let pointers: Vec<&str> = wrong.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(pointers, ["/since", "/until", "/rate_per_second", "/states"]);
    }
}
