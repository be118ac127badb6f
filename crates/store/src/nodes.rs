//! Nodes and the shards they hold a lease on.

use domain::{Id, Noun, Timestamp};

use crate::{
    StoreError, Tx,
    sql::sql,
    value::{Row, args},
};

sql! {
    // One statement, so that two nodes never own the same shard. A change of owner starts a new epoch.
    RENEW = "update shard_lease
        set epoch = case when owner = $1 then epoch else epoch + 1 end, owner = $1, expires_at = $2
        where owner = $1 or owner is null or expires_at < $3";
    HELD = "select shard, epoch from shard_lease where owner = $1 order by shard";
    RELEASE = "update shard_lease set owner = null, expires_at = 0 where owner = $1";
    LIST = "select owner, count(*), max(expires_at) from shard_lease
        where owner is not null group by owner order by owner";
}

/// A running process that carries deliveries.
pub enum Node {}

impl Noun for Node {
    const PREFIX: &'static str = "node";
}

/// A node with the shards it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Which node.
    pub node: Id<Node>,
    /// How many of the 256 shards.
    pub shards: u32,
    /// When its lease ends unless it is renewed.
    pub expires_at: Timestamp,
}

/// Renews the leases of `node` until `until` and takes over those that ended before `ended`. What it now holds:
/// each shard with its epoch.
pub fn renew(
    tx: &mut Tx<'_>,
    node: Id<Node>,
    until: Timestamp,
    ended: Timestamp,
) -> Result<Vec<(u8, i64)>, StoreError> {
    tx.execute(&RENEW, args![node, until, ended])?;
    let read = |mut row: Row| {
        let (shard, epoch): (u32, i64) = (row.take()?, row.take()?);
        Ok((u8::try_from(shard).map_err(|_| row.corrupt())?, epoch))
    };
    tx.query(&HELD, args![node])?.into_iter().map(read).collect()
}

/// Gives all shards of `node` free.
pub fn release(tx: &mut Tx<'_>, node: Id<Node>) -> Result<(), StoreError> {
    tx.execute(&RELEASE, args![node]).map(drop)
}

/// All nodes that hold shards.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Holding>, StoreError> {
    let read = |mut row: Row| Ok(Holding { node: row.take()?, shards: row.take()?, expires_at: row.take()? });
    tx.query(&LIST, args![])?.into_iter().map(read).collect()
}
