//! What of an account's webhooks whoever looks after the instance should know of.
//!
//! It is asked for when something looks wrong, perhaps beside a busy server: nothing is counted further than to a
//! bound, and of each webhook only what has waited longest is looked at. How it is said is the caller's business.

use std::time::Duration;

use domain::{Account, Actor, DisableReason, Id, Outcome, Permission, Timestamp, Webhook, WebhookState};
use store::{Tx, overview::WebhookGlance};

use crate::{AppError, access::require};

/// Deliveries of a webhook are counted up to so many; where there are more, a figure is at least that.
pub const MOST: u32 = 1_000;
/// So many of an account's newest webhooks are looked at.
pub const WEBHOOKS: u32 = 10_000;
/// Deliveries planned within this time and given up since are told.
pub const GIVEN_UP_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// What waits longer than this is worth a word.
const LONG: Duration = Duration::from_secs(60 * 60);
/// What is due for longer than this is late: the tick would have found it many times over.
const LATE: Duration = Duration::from_secs(60);
/// A last failure is looked for among so many of a webhook's newest deliveries.
const OF_FAILURE: u32 = 20;

/// How an account's webhooks are doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Troubles {
    /// How many webhooks were looked at.
    pub webhooks: usize,
    /// What there is to tell, the newest webhook first; of one there may be two things.
    pub found: Vec<Trouble>,
}

/// Something about a webhook that somebody should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// Which.
    pub webhook: Id<Webhook>,
    /// Its name.
    pub name: String,
    /// Since when it has been in its state.
    pub since: Timestamp,
    /// How many deliveries are pending, up to [`MOST`].
    pub pending: u64,
    /// What it is.
    pub what: What,
}

/// What can be the trouble.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// It is held: its deliveries wait until a probe gets through.
    Held {
        /// When the next probe is due.
        probe_at: Option<Timestamp>,
        /// The last attempt that failed.
        last: Option<Outcome>,
    },
    /// It was disabled by what its receiver did: what comes is skipped.
    Disabled(DisableReason),
    /// It sends, but something was due at that instant and is not sent.
    Late(Timestamp),
    /// Somebody paused it, and something has waited since that instant.
    Paused(Timestamp),
    /// It sends, but something has not got through since that instant.
    Failing {
        /// When the delivery that waits longest was tried first.
        since: Timestamp,
        /// The last attempt that failed.
        last: Option<Outcome>,
    },
    /// So many deliveries, up to [`MOST`], were given up and not sent again since.
    GivenUp(u64),
}

/// What there is to tell of the account's webhooks.
pub fn read(tx: &mut Tx<'_>, actor: &Actor) -> Result<Troubles, AppError> {
    require(actor, Permission::Read)?;
    let (account, since) = (actor.account(), tx.now().before(GIVEN_UP_WITHIN));
    let glances = store::overview::webhooks(tx, account, since, MOST, WEBHOOKS)?;
    let mut found = Vec::new();
    for glance in &glances {
        let stands = stands(tx, account, glance)?;
        let given_up = (glance.exhausted > 0).then_some(What::GivenUp(glance.exhausted));
        found.extend(stands.into_iter().chain(given_up).map(|what| Trouble {
            webhook: glance.id,
            name: glance.name.clone(),
            since: glance.state_since,
            pending: glance.pending,
            what,
        }));
    }
    Ok(Troubles { webhooks: glances.len(), found })
}

/// Why what is pending does not go out as it should, or would not.
fn stands(tx: &mut Tx<'_>, account: Id<Account>, glance: &WebhookGlance) -> Result<Option<What>, AppError> {
    Ok(match glance.state {
        WebhookState::Disabled(DisableReason::ByHand) => None,
        WebhookState::Disabled(reason) => Some(What::Disabled(reason)),
        WebhookState::Held => {
            let webhook = store::webhooks::find(tx, account, glance.id)?;
            let probe_at = webhook.and_then(|it| it.health.probe_at);
            Some(What::Held { probe_at, last: last_failure(tx, account, glance.id)? })
        }
        WebhookState::Active | WebhookState::Paused if glance.pending == 0 => None,
        WebhookState::Paused => waits_since(tx, glance.id)?.map(What::Paused),
        WebhookState::Active => match late_since(tx, glance.id)? {
            Some(since) => Some(What::Late(since)),
            None => match waits_since(tx, glance.id)? {
                Some(since) => Some(What::Failing { since, last: last_failure(tx, account, glance.id)? }),
                None => None,
            },
        },
    })
}

/// When the delivery that is due first should have been sent, if that was long ago.
fn late_since(tx: &mut Tx<'_>, webhook: Id<Webhook>) -> Result<Option<Timestamp>, AppError> {
    let bound = tx.now().before(LATE);
    let first = store::deliveries::first_due(tx, webhook, 0)?;
    Ok(first.map(|due| due.delivery.due_at).filter(|due_at| *due_at < bound))
}

/// Since when the oldest delivery has waited, if that is long. A delivery that is sent again begins anew.
fn waits_since(tx: &mut Tx<'_>, webhook: Id<Webhook>) -> Result<Option<Timestamp>, AppError> {
    let bound = tx.now().before(LONG);
    let oldest = store::deliveries::oldest(tx, webhook)?.map(|due| due.delivery);
    let since = oldest.map(|delivery| delivery.started_at.unwrap_or(delivery.due_at));
    Ok(since.filter(|since| *since < bound))
}

fn last_failure(
    tx: &mut Tx<'_>,
    account: Id<Account>,
    webhook: Id<Webhook>,
) -> Result<Option<Outcome>, AppError> {
    let last = store::hours::last_failure(tx, account, webhook, OF_FAILURE)?;
    Ok(last.map(|attempt| attempt.outcome))
}
