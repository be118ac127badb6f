//! Which node carries which shards.

use std::time::Duration;

use domain::{Actor, Id, Permission, Timestamp};
use store::Tx;
pub use store::nodes::{Holding, Node};

use crate::{AppError, access::require};

/// All nodes that hold shards.
pub fn list(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Holding>, AppError> {
    require(actor, Permission::Read)?;
    Ok(store::nodes::list(tx)?)
}

/// The end of a lease that does not end. A little before the end of time, at which it will have ended: the next server
/// of the store takes over from one that was killed.
pub const NEVER: Timestamp = Timestamp::from_micros(i64::MAX - 1);

/// The shards that a node holds, each with its epoch.
#[derive(Clone, Debug)]
pub struct Leases {
    /// By shard; None where another node holds it.
    pub epochs: Box<[Option<i64>; 256]>,
}

/// Takes all shards, whoever held them: the right of the only process that can serve the store. They do not end.
pub fn take_all(tx: &mut Tx<'_>, node: Id<Node>) -> Result<Leases, AppError> {
    renew_until(tx, node, NEVER, Timestamp::from_micros(i64::MAX))
}

/// Renews what `node` holds for `ttl` and takes over what others let end.
pub fn renew(tx: &mut Tx<'_>, node: Id<Node>, ttl: Duration) -> Result<Leases, AppError> {
    let now = tx.now();
    renew_until(tx, node, now + ttl, now)
}

fn renew_until(
    tx: &mut Tx<'_>,
    node: Id<Node>,
    until: Timestamp,
    ended: Timestamp,
) -> Result<Leases, AppError> {
    let mut epochs = Box::new([None; 256]);
    for (shard, epoch) in store::nodes::renew(tx, node, until, ended)? {
        epochs[usize::from(shard)] = Some(epoch);
    }
    Ok(Leases { epochs })
}

/// Gives up what `node` holds, so that others need not wait for the end of its leases.
pub fn release(tx: &mut Tx<'_>, node: Id<Node>) -> Result<(), AppError> {
    Ok(store::nodes::release(tx, node)?)
}
