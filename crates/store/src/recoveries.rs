//! Recoveries, and the deliveries that they look at.

use domain::{
    Account, Delivery, EndState, Id, Recovery, RecoveryCounts, RecoveryPlan, RecoveryState, Webhook,
    recovery::Pace,
};

use crate::{
    StoreError, Tx,
    deliveries::{self, columns as delivery_columns},
    nodes::Node,
    sql::sql,
    value::{Row, args},
};

macro_rules! columns {
    () => {
        "account_id, id, webhook_id, since, until, states, rate_per_second, state, place, last, total, restarted, \
         passed_over, paced_at, created_at, updated_at, ended_at"
    };
}

/// What a plan speaks of, but for the states.
macro_rules! window {
    () => {
        "d.account_id = $1 and d.webhook_id = $2 and d.id > $3 and not d.test and d.created_at >= $4 \
         and d.created_at <= $5"
    };
}

sql! {
    INSERT = concat!("insert into recovery (", columns!(), ")
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
    GET = concat!("select ", columns!(), " from recovery where account_id = $1 and id = $2");
    // Held until the transaction ends: two nodes that both believe they own a shard take turns.
    GET_TO_CHANGE = concat!("select ", columns!(), " from recovery
        where account_id = $1 and id = $2 /*pg: for no key update */");
    LIST = concat!("select ", columns!(), " from recovery where account_id = $1 and id < $2 order by id desc limit $3");
    LIST_OF_WEBHOOK = concat!("select ", columns!(), " from recovery
        where account_id = $1 and webhook_id = $4 and id < $2 order by id desc limit $3");
    UPDATE = "update recovery set state = $3, place = $4, restarted = $5, passed_over = $6, paced_at = $7,
            updated_at = $8, ended_at = $9
        where account_id = $1 and id = $2 and state in ('running', 'paused')";
    // Those that can go on, or have to end because their webhook did.
    RUNNING = "select r.account_id, r.id, r.webhook_id, r.paced_at, w.state_since, r.rate_per_second
        from recovery r
        join webhook w on w.account_id = r.account_id and w.id = r.webhook_id
        join shard_lease l on l.shard = w.shard and l.owner = $1
        where r.state = 'running' and (w.state in ('active', 'disabled') or w.deleted_at is not null)
        order by r.id";
    // SQLite would go by the primary key, through the deliveries of all webhooks, so it is told the index.
    COUNT = concat!("select d.state, count(*) from delivery d /*sqlite: indexed by delivery_webhook */
        where ", window!(), " and d.id < $6 group by d.state");
    LAST = "select id from delivery where account_id = $1 and webhook_id = $2 and id > $3 and id < $4
        order by id desc limit 1";
    // The index alone answers it.
    HORIZON = "select id from delivery where account_id = $1 and webhook_id = $2 and id > $3 and id <= $4
        order by id limit 1 offset $5";
    // The index is told as above. What was tried since the recovery began had not ended then. Locked, so that what an attempt that comes late has just delivered is not sent again.
    MATCHING = concat!("select ", delivery_columns!("d."), ", e.data is not null
        from delivery d /*sqlite: indexed by delivery_webhook */
        left join event e on e.account_id = d.account_id and e.id = d.event_id
        where ", window!(), " and d.id <= $6 and d.state in ($7, $8, $9)
          and not exists (select 1 from attempt a
                where a.account_id = d.account_id and a.delivery_id = d.id and a.number = d.attempts and a.at > $11)
        order by d.id limit $10 /*pg: for no key update of d */");
}

/// Adds a recovery.
pub fn insert(tx: &mut Tx<'_>, recovery: &Recovery) -> Result<(), StoreError> {
    let RecoveryPlan { webhook_id, since, until, states, rate_per_second } = &recovery.plan;
    let args = args![
        recovery.account,
        recovery.id,
        *webhook_id,
        *since,
        *until,
        join_states(states),
        *rate_per_second,
        recovery.state.as_str(),
        recovery.place,
        recovery.last,
        recovery.total,
        recovery.restarted,
        recovery.passed_over,
        recovery.paced_at,
        recovery.created_at,
        recovery.updated_at,
        recovery.ended_at,
    ];
    tx.execute(&INSERT, args).map(drop)
}

/// The account's recovery of that id.
pub fn find(tx: &mut Tx<'_>, account: Id<Account>, id: Id<Recovery>) -> Result<Option<Recovery>, StoreError> {
    tx.query_one(&GET, args![account, id])?.map(read).transpose()
}

/// The same, to change it: nobody else does until this transaction ends.
pub fn find_to_change(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    id: Id<Recovery>,
) -> Result<Option<Recovery>, StoreError> {
    tx.query_one(&GET_TO_CHANGE, args![account, id])?.map(read).transpose()
}

/// Recoveries older than `before`, newest first; only those of a webhook, if one is named.
pub fn list(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Option<Id<Webhook>>,
    before: Id<Recovery>,
    limit: u32,
) -> Result<Vec<Recovery>, StoreError> {
    let rows = match webhook {
        Some(webhook) => tx.query(&LIST_OF_WEBHOOK, args![account, before, limit, webhook])?,
        None => tx.query(&LIST, args![account, before, limit])?,
    };
    rows.into_iter().map(read).collect()
}

/// Stores how far a recovery is and in which state. False if it had ended before.
pub fn update(tx: &mut Tx<'_>, recovery: &Recovery) -> Result<bool, StoreError> {
    let args = args![
        recovery.account,
        recovery.id,
        recovery.state.as_str(),
        recovery.place,
        recovery.restarted,
        recovery.passed_over,
        recovery.paced_at,
        recovery.updated_at,
        recovery.ended_at,
    ];
    Ok(tx.execute(&UPDATE, args)? == 1)
}

/// A recovery that is running and does not stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Whose.
    pub account: Id<Account>,
    /// Which.
    pub recovery: Id<Recovery>,
    /// Of which webhook.
    pub webhook: Id<Webhook>,
    /// When it may go on.
    pub pace: Pace,
}

/// The running recoveries of webhooks on shards of `node`, oldest first, without those whose webhook is held or paused.
pub fn running(tx: &mut Tx<'_>, node: Id<Node>) -> Result<Vec<Running>, StoreError> {
    let read = |mut row: Row| {
        Ok(Running {
            account: row.take()?,
            recovery: row.take()?,
            webhook: row.take()?,
            pace: Pace { paced_at: row.take()?, active_since: row.take()?, per_second: row.take()? },
        })
    };
    tx.query(&RUNNING, args![node])?.into_iter().map(read).collect()
}

/// How many deliveries the plan's window holds, by state; none of tests.
pub fn count(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    plan: &RecoveryPlan,
) -> Result<RecoveryCounts, StoreError> {
    let (first, end) = plan.ids();
    let args = args![account, plan.webhook_id, first, plan.since, plan.until, end];
    let mut counts = RecoveryCounts::default();
    for mut row in tx.query(&COUNT, args)? {
        let state: String = row.take()?;
        let counter = match state.as_str() {
            "pending" => &mut counts.pending,
            "delivered" => &mut counts.delivered,
            "exhausted" => &mut counts.exhausted,
            "skipped" => &mut counts.skipped,
            _ => return Err(row.corrupt()),
        };
        *counter = row.take()?;
    }
    Ok(counts)
}

/// The newest delivery that there is now of those that the plan's window can hold.
pub fn last(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    plan: &RecoveryPlan,
) -> Result<Option<Id<Delivery>>, StoreError> {
    let (first, end) = plan.ids();
    let found = tx.query_one(&LAST, args![account, plan.webhook_id, first, end])?;
    found.map(|mut row| row.take()).transpose()
}

/// A part of what a recovery has still to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Those in one of the plan's states, oldest first, each with whether its payload is still there.
    pub matching: Vec<(Delivery, bool)>,
    /// The last delivery that was looked at.
    pub place: Id<Delivery>,
}

/// The next deliveries that match, at most `limit` of them, among the next `look` of its webhook.
pub fn slice(tx: &mut Tx<'_>, recovery: &Recovery, limit: u32, look: u32) -> Result<Slice, StoreError> {
    let Recovery { account, place, last, created_at, .. } = *recovery;
    let RecoveryPlan { webhook_id, since, until, states, .. } = &recovery.plan;
    let horizon = tx.query_one(&HORIZON, args![account, *webhook_id, place, last, look.saturating_sub(1)])?;
    let horizon = horizon.map_or(Ok(last), |mut row| row.take())?;
    let [one, two, three] = [0, 1, 2].map(|n| states.get(n).map(|state: &EndState| state.as_str()));
    // One more than wanted tells whether there is more to come.
    let more = limit.saturating_add(1);
    let args = args![account, *webhook_id, place, *since, *until, horizon, one, two, three, more, created_at];
    let read = |mut row: Row| Ok((deliveries::read(&mut row)?, row.take()?));
    let mut matching: Vec<(Delivery, bool)> =
        tx.query_changing(&MATCHING, args)?.into_iter().map(read).collect::<Result<_, StoreError>>()?;
    let whole = matching.len() <= limit as usize;
    matching.truncate(limit as usize);
    let place = if whole { horizon } else { matching.last().map_or(place, |(delivery, _)| delivery.id) };
    Ok(Slice { matching, place })
}

fn join_states(states: &[EndState]) -> String {
    states.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(",")
}

fn read(mut row: Row) -> Result<Recovery, StoreError> {
    Ok(Recovery {
        account: row.take()?,
        id: row.take()?,
        plan: RecoveryPlan {
            webhook_id: row.take()?,
            since: row.take()?,
            until: row.take()?,
            states: row.parse(|text| text.split(',').map(|name| name.parse().ok()).collect())?,
            rate_per_second: row.take()?,
        },
        state: row.parse(RecoveryState::parse)?,
        place: row.take()?,
        last: row.take()?,
        total: row.take()?,
        restarted: row.take()?,
        passed_over: row.take()?,
        paced_at: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        ended_at: row.take()?,
    })
}
