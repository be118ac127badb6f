//! What reports count, from raw rows: there are no sums kept anywhere that could differ from them.
//!
//! SQLite groups by sorting, which takes longer than counting. So every count goes along one range of an index that
//! holds all it looks at (`0006_reports.sql`), for each chatbot and day, chatbot and reason, or marker: over 100,000
//! conversations in 30 days that takes a third of the time of `group by`.

use std::time::Duration;

use domain::{
    Account, Chatbot, CloseReason, Department, Id, ReportPeriod,
    report::{CloseCount, DayCount, Execution, Figures, Named},
};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

/// Only rows with that value, if there is one. Whether there is comes first: without one SQLite leaves the column
/// unread, which over many rows is a quarter of the time. PostgreSQL has to be told what a parameter is that it meets
/// there.
macro_rules! limit {
    ($column:literal, $value:literal) => {
        concat!(" and (", $value, "/*pg: ::uuid*/ is null or ", $column, " = ", $value, ")")
    };
}

/// Counts conversations along an index: of whose chatbot, by which instant, between which, and what else.
macro_rules! count {
    ($chatbot:literal, $instant:literal, $from:literal, $to:literal, $more:literal) => {
        concat!(
            "(select count(*) from conversation c where c.account_id = $1 and ",
            $chatbot,
            " and not c.preview and c.",
            $instant,
            " >= ",
            $from,
            " and c.",
            $instant,
            " < ",
            $to,
            limit!("c.department_id", "$3"),
            $more,
            ")"
        )
    };
}

/// The figures of each day.
macro_rules! figures {
    ($chatbot:literal) => {
        concat!(
            count!($chatbot, "opened_at", "d.begins", "d.ends", ""),
            ", ",
            count!($chatbot, "opened_at", "d.begins", "d.ends", " and c.replies > 0"),
            ", ",
            count!($chatbot, "captured_at", "d.begins", "d.ends", ""),
            ", ",
            count!($chatbot, "handed_over_at", "d.begins", "d.ends", "")
        )
    };
}

/// The two of them that a glance needs.
macro_rules! trend {
    ($chatbot:literal) => {
        concat!(
            count!($chatbot, "opened_at", "d.begins", "d.ends", ""),
            ", ",
            count!($chatbot, "captured_at", "d.begins", "d.ends", "")
        )
    };
}

/// The closes for each reason.
macro_rules! closes {
    ($chatbot:literal) => {
        count!($chatbot, "closed_at", "$4", "$5", " and c.close_reason = r.reason")
    };
}

/// The days: the only way to pass a list that both engines have is JSON, which each takes apart in its own words.
macro_rules! days {
    () => {
        "/*sqlite: (select key as day, value ->> 0 as begins, value ->> 1 as ends from json_each($2)) d */
         /*pg: (select n - 1 as day, (span ->> 0)::bigint as begins, (span ->> 1)::bigint as ends
             from json_array_elements($2::text::json) with ordinality as j (span, n)) d */"
    };
}

/// The reasons for a close, in the same way.
macro_rules! reasons {
    () => {
        "/*sqlite: (select value as reason from json_each($2)) r */
         /*pg: (select value as reason from json_array_elements_text($2::text::json)) r */"
    };
}

/// Runs of a marker between two instants.
macro_rules! runs {
    ($what:literal, $instant:literal) => {
        concat!(
            "select ",
            $what,
            " from marker_run r where r.account_id = $1 and r.name = $2 and not r.preview and r.",
            $instant,
            " >= $3 and r.",
            $instant,
            " < $4",
            limit!("r.chatbot_id", "$5"),
            limit!("r.department_id", "$6")
        )
    };
}

sql! {
    BOTS = "select id, name, case when deleted_at is null then 0 else 1 end from chatbot
        where account_id = $1 and (id = $2 or $2 is null)";
    DAYS = concat!("select b.id, d.day, ", figures!("c.chatbot_id = b.id"), " from chatbot b cross join ", days!(),
        " where b.account_id = $1 and (b.id = $4 or $4 is null)");
    DAYS_OF_NONE = concat!("select null, d.day, ", figures!("c.chatbot_id is null"), " from ", days!());
    CLOSES = concat!("select b.id, r.reason, ", closes!("c.chatbot_id = b.id"), " from chatbot b cross join ",
        reasons!(), " where b.account_id = $1 and (b.id = $6 or $6 is null)");
    CLOSES_OF_NONE = concat!("select null, r.reason, ", closes!("c.chatbot_id is null"), " from ", reasons!());
    TREND = concat!("select d.day, ", trend!("c.chatbot_id = b.id"), " from chatbot b cross join ", days!(),
        " where b.account_id = $1");
    TREND_OF_NONE = concat!("select d.day, ", trend!("c.chatbot_id is null"), " from ", days!());
    // Each marker that was ever passed is found by one step along the index.
    MARKERS = "with recursive marker (name) as (
            select min(name) from marker_run where account_id = $1 and not preview
            union all
            select (select min(r.name) from marker_run r
                where r.account_id = $1 and not r.preview and r.name > m.name)
            from marker m where m.name is not null)
        select name from marker where name is not null order by name";
    STARTS = runs!("count(*), count(r.ended_at)", "started_at");
    EXECUTIONS = runs!("r.conversation_id, r.ended_at - r.started_at", "ended_at");
    // Few conversations are open, so it begins with these.
    IN_PROGRESS = "select r.name, count(*) from conversation c cross join marker_run r
        where c.account_id = $1 and c.state in ('bot', 'queued', 'agent') and not c.preview
          and (c.department_id = $2 or $2 is null)
          and r.account_id = $1 and r.conversation_id = c.id and r.ended_at is null
          and r.started_at >= $3 and r.started_at < $4 and (r.chatbot_id = $5 or $5 is null)
        group by r.name";
}

/// What a report is limited to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// One chatbot.
    pub chatbot: Option<Id<Chatbot>>,
    /// One department.
    pub department: Option<Id<Department>>,
}

/// The chatbots that have a row in the bot report, and their names.
pub fn bots(tx: &mut Tx<'_>, account: Id<Account>, limits: Limits) -> Result<Vec<Named>, StoreError> {
    let read = |mut row: Row| Ok(Named { chatbot: row.take()?, name: row.take()?, deleted: row.take()? });
    tx.query(&BOTS, args![account, limits.chatbot])?.into_iter().map(read).collect()
}

/// The figures of each chatbot on each day of the period on which there are any.
pub fn days(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    limits: Limits,
    period: &ReportPeriod,
) -> Result<Vec<DayCount>, StoreError> {
    let spans = spans(period);
    let Limits { chatbot, department } = limits;
    let mut rows = tx.query(&DAYS, args![account, &spans, department, chatbot])?;
    if chatbot.is_none() {
        rows.extend(tx.query(&DAYS_OF_NONE, args![account, &spans, department])?);
    }
    let read = |mut row: Row| {
        let (chatbot, day): (_, u32) = (row.take()?, row.take()?);
        let (conversations, engaged) = (row.take()?, row.take()?);
        let figures = Figures { conversations, engaged, contacts: row.take()?, handovers: row.take()? };
        Ok(DayCount { chatbot, day: day as usize, figures })
    };
    let counts: Result<Vec<DayCount>, _> = rows.into_iter().map(read).collect();
    Ok(counts?.into_iter().filter(|count| count.figures != Figures::default()).collect())
}

/// When each day begins and ends, as the statements take it.
fn spans(period: &ReportPeriod) -> String {
    let spans: Vec<_> = period.days().iter().map(|day| [day.from.micros(), day.to.micros()]).collect();
    serde_json::to_string(&spans).expect("numbers can be written as JSON")
}

/// Conversations and contacts on each day of the period, of all chatbots and of none: half of the work of [`days`].
pub fn trend(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    period: &ReportPeriod,
) -> Result<Vec<(u64, u64)>, StoreError> {
    let spans = spans(period);
    let any = None::<Id<Department>>;
    let mut rows = tx.query(&TREND, args![account, &spans, any])?;
    rows.extend(tx.query(&TREND_OF_NONE, args![account, &spans, any])?);
    let mut days = vec![(0, 0); period.days().len()];
    for mut row in rows {
        let (day, conversations, contacts): (u32, u64, u64) = (row.take()?, row.take()?, row.take()?);
        if let Some(sums) = days.get_mut(day as usize) {
            *sums = (sums.0 + conversations, sums.1 + contacts);
        }
    }
    Ok(days)
}

/// How many conversations of each chatbot were closed in the period for each reason for which any was.
pub fn closes(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    limits: Limits,
    period: &ReportPeriod,
) -> Result<Vec<CloseCount>, StoreError> {
    let reasons = CloseReason::ALL.map(CloseReason::as_str);
    let reasons = serde_json::to_string(&reasons).expect("words can be written as JSON");
    let (Limits { chatbot, department }, from, to) = (limits, period.from, period.to);
    let mut rows = tx.query(&CLOSES, args![account, &reasons, department, from, to, chatbot])?;
    if chatbot.is_none() {
        rows.extend(tx.query(&CLOSES_OF_NONE, args![account, &reasons, department, from, to])?);
    }
    let read = |mut row: Row| {
        let chatbot = row.take()?;
        let reason = row.parse(|text| text.parse().ok())?;
        Ok(CloseCount { chatbot, reason, closes: row.take()? })
    };
    let counts: Result<Vec<CloseCount>, _> = rows.into_iter().map(read).collect();
    Ok(counts?.into_iter().filter(|count| count.closes > 0).collect())
}

/// Every marker that was ever passed, by name.
pub fn markers(tx: &mut Tx<'_>, account: Id<Account>) -> Result<Vec<String>, StoreError> {
    tx.query(&MARKERS, args![account])?.into_iter().map(|mut row| row.take()).collect()
}

/// How many starts of a marker were passed in the period, and how many of these were completed since.
pub fn starts(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    marker: &str,
    limits: Limits,
    period: &ReportPeriod,
) -> Result<(u64, u64), StoreError> {
    let args = args![account, marker, period.from, period.to, limits.chatbot, limits.department];
    let mut row = tx.query_one(&STARTS, args)?.expect("a count has one row");
    Ok((row.take()?, row.take()?))
}

/// How many of the starts in the period are not completed and may still be, for each marker of which there are any.
pub fn in_progress(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    limits: Limits,
    period: &ReportPeriod,
) -> Result<Vec<(String, u64)>, StoreError> {
    let args = args![account, limits.department, period.from, period.to, limits.chatbot];
    tx.query(&IN_PROGRESS, args)?.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// The executions of a marker that ended in the period.
pub fn executions(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    marker: &str,
    limits: Limits,
    period: &ReportPeriod,
) -> Result<Vec<Execution>, StoreError> {
    let args = args![account, marker, period.from, period.to, limits.chatbot, limits.department];
    let read = |mut row: Row| {
        let (conversation, micros) = (row.take()?, row.take()?);
        Ok(Execution { conversation, length: Duration::from_micros(micros) })
    };
    tx.query(&EXECUTIONS, args)?.into_iter().map(read).collect()
}
