//! A transaction, as the floors above see it.

use domain::{Ambient, Id, Timestamp};

use crate::{
    StoreError,
    signal::Signal,
    sql::Sql,
    value::{Row, Value},
    vault::Vault,
};

/// What an engine does inside a transaction. All SQL goes through these three.
pub(crate) trait Connection {
    fn query(&mut self, sql: &'static Sql, args: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// How many rows it touched.
    fn execute(&mut self, sql: &'static Sql, args: &[Value]) -> Result<u64, StoreError>;
    /// The same statement for many rows: SQLite loops over it, PostgreSQL pipelines.
    fn execute_many(&mut self, sql: &'static Sql, rows: &[Vec<Value>]) -> Result<u64, StoreError>;
    /// Only prepares it: whether the engine understands the statement and the schema has what it names.
    fn check(&mut self, sql: &'static Sql) -> Result<(), StoreError>;
}

/// One transaction: one instant, one closure, all or nothing.
///
/// Only this crate can run SQL on it; floors above call the functions of the noun modules.
pub struct Tx<'a> {
    pub(crate) connection: &'a mut dyn Connection,
    pub(crate) surroundings: &'a mut Surroundings,
    now: Timestamp,
    pub(crate) signals: Vec<Signal>,
    /// Whether there is anything to undo.
    pub(crate) dirty: bool,
    /// How the last statement that failed did so. PostgreSQL has given the transaction up, whatever the body makes
    /// of it.
    pub(crate) failed: Option<StoreError>,
}

/// What a database thread keeps for its transactions.
pub(crate) struct Surroundings {
    ambient: Ambient,
    pub(crate) vault: Vault,
    ids: IdSource,
}

impl Surroundings {
    pub(crate) fn new(ambient: Ambient, vault: Vault) -> Self {
        Self { ambient, vault, ids: IdSource::default() }
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a mut dyn Connection, surroundings: &'a mut Surroundings) -> Self {
        let now = surroundings.ambient.clock.now();
        Self { connection, surroundings, now, signals: Vec::new(), dirty: false, failed: None }
    }

    /// The instant of this transaction.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id. Ids made one after the other by one transaction sort in that order.
    pub fn new_id<T>(&mut self) -> Id<T> {
        let (millis, bytes) = self.id_parts();
        Id::from_parts(millis, &bytes)
    }

    /// A new id that says it belongs to a test.
    pub fn new_test_id<T>(&mut self) -> Id<T> {
        let (millis, bytes) = self.id_parts();
        Id::test_from_parts(millis, &bytes)
    }

    fn id_parts(&mut self) -> (u64, [u8; 10]) {
        let Surroundings { ambient, ids, .. } = &mut *self.surroundings;
        ids.next(self.now, ambient)
    }

    /// 32 random bytes, fit for a key.
    pub fn random_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.surroundings.ambient.random.fill(&mut bytes);
        bytes
    }

    /// A random number in −1…1.
    pub fn random_jitter(&mut self) -> f64 {
        let mut bytes = [0; 8];
        let Surroundings { ambient, ids, .. } = &mut *self.surroundings;
        ids.random(&mut bytes, ambient);
        (u64::from_le_bytes(bytes) as f64 / u64::MAX as f64) * 2.0 - 1.0
    }

    pub(crate) fn seal(&self, place: &str, text: &str) -> String {
        self.surroundings.vault.seal(place, text, &*self.surroundings.ambient.random)
    }

    pub(crate) fn unseal(&self, place: &str, sealed: &str) -> Result<String, StoreError> {
        let damaged = || StoreError::Unavailable(format!("the secret {place} cannot be decrypted"));
        self.surroundings.vault.open(place, sealed).ok_or_else(damaged)
    }

    /// Tells listeners about a change, once it is committed.
    pub fn emit(&mut self, signal: Signal) {
        self.signals.push(signal);
    }

    pub(crate) fn query(&mut self, sql: &'static Sql, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let result = self.connection.query(sql, args);
        self.note_failure(result)
    }

    pub(crate) fn query_one(&mut self, sql: &'static Sql, args: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, args)?.into_iter().next())
    }

    /// A statement that changes rows and answers them.
    pub(crate) fn query_changing(
        &mut self,
        sql: &'static Sql,
        args: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.query(sql, args)?;
        self.dirty |= !rows.is_empty();
        Ok(rows)
    }

    /// Why a statement cannot be prepared on this store; None if it can.
    pub(crate) fn unpreparable(&mut self, sql: &'static Sql) -> Option<String> {
        let error = self.connection.check(sql).err()?;
        Some(format!("statement {}: {error}", sql.name))
    }

    pub(crate) fn execute(&mut self, sql: &'static Sql, args: &[Value]) -> Result<u64, StoreError> {
        let result = self.connection.execute(sql, args);
        // A statement that touched nothing leaves nothing to undo.
        self.dirty |= !matches!(result, Ok(0));
        self.note_failure(result)
    }

    pub(crate) fn execute_many(&mut self, sql: &'static Sql, rows: &[Vec<Value>]) -> Result<u64, StoreError> {
        self.dirty |= !rows.is_empty();
        let result = self.connection.execute_many(sql, rows);
        self.note_failure(result)
    }

    fn note_failure<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.dirty = true;
            self.failed = Some(error.clone());
        }
        result
    }
}

/// Makes ids: time, then a counter for the same microsecond, then randomness drawn in lots.
struct IdSource {
    last: i64,
    counter: u16,
    pool: [u8; 1_024],
    used: usize,
}

impl Default for IdSource {
    fn default() -> Self {
        Self { last: 0, counter: 0, pool: [0; 1_024], used: 1_024 }
    }
}

impl IdSource {
    /// Milliseconds and the ten bytes after them in a UUID of version 7: the fraction of the millisecond (RFC 9562
    /// 6.2, method 3), 14 bits of counter, 48 random bits.
    fn next(&mut self, now: Timestamp, ambient: &Ambient) -> (u64, [u8; 10]) {
        let micros = now.micros().max(0);
        if micros > self.last {
            (self.last, self.counter) = (micros, 0);
        } else {
            self.counter += 1;
            if self.counter >= 1 << 14 {
                (self.last, self.counter) = (self.last + 1, 0);
            }
        }
        let fraction = (self.last % 1_000) as u16 * 4;
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&fraction.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.counter.to_be_bytes());
        self.random(&mut bytes[4..], ambient);
        ((self.last / 1_000) as u64, bytes)
    }

    fn random(&mut self, bytes: &mut [u8], ambient: &Ambient) {
        if self.used + bytes.len() > self.pool.len() {
            ambient.random.fill(&mut self.pool);
            self.used = 0;
        }
        bytes.copy_from_slice(&self.pool[self.used..self.used + bytes.len()]);
        self.used += bytes.len();
    }
}
