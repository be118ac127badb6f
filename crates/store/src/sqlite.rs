//! The SQLite engine: one writer, a reader for each core, and a thread that checkpoints.
//!
//! WAL with `synchronous=FULL`: a commit is on disk when it returns. The checkpoint runs on a connection and thread
//! of its own, so that no commit pays for it; only a log that has grown past [`WAL_CAP`] makes the writer wait for one.
//! After a commit that the disk failed, the writer starts anew on an empty log: docs/decisions/0007 says why.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use rusqlite::{
    CachedStatement, ErrorCode, OpenFlags, ToSql,
    config::DbConfig,
    ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
    types::{ToSqlOutput, ValueRef},
};
use uuid::Uuid;

use crate::{
    StoreError,
    sql::Sql,
    tx::Connection,
    value::{Row, Value},
    worker::Engine,
};

/// Older versions can corrupt a database in WAL mode (<https://www.sqlite.org/wal.html>, "WAL-reset bug").
const OLDEST: i32 = 3_051_003;
/// Beyond so many bytes of log the writer checkpoints itself.
const WAL_CAP: u64 = 64 * 1024 * 1024;
/// How long a connection waits for a lock of another process, such as a command beside the server.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the checkpoint thread runs.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
/// How often the writer looks at the log's size, in commits.
const COMMITS_BETWEEN_LOOKS: u32 = 256;

/// How long the users of a log that is to be emptied are waited for. Whoever posts waits as long.
const EMPTYING_PATIENCE: Duration = Duration::from_millis(500);

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// It does. What was told to be stored outlives a loss of power.
    #[default]
    Full,
    /// It does not: a loss of power takes the last commits back, although they were told. For measuring and for tests.
    Normal,
}

impl FromStr for Synchronous {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "full" => Ok(Self::Full),
            "normal" => Ok(Self::Normal),
            _ => Err("must be full or normal"),
        }
    }
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Writer(Synchronous),
    Reader,
}

impl Role {
    fn settings(self) -> &'static str {
        match self {
            Role::Writer(Synchronous::Full) => "pragma cache_size = -32768;",
            Role::Writer(Synchronous::Normal) => "pragma cache_size = -32768; pragma synchronous = normal;",
            Role::Reader => "pragma cache_size = -8192; pragma query_only = on;",
        }
    }
}

/// A connection and its part in the engine.
pub(crate) struct Sqlite {
    connection: rusqlite::Connection,
    role: Role,
    path: PathBuf,
    wal: PathBuf,
    commits: u32,
    /// Whether the disk failed a commit, and nothing was done about it yet.
    suspect: bool,
}

/// Opens `path` as every connection of the store is opened.
pub(crate) fn connect(path: &Path) -> Result<rusqlite::Connection, StoreError> {
    if rusqlite::version_number() < OLDEST {
        let message = format!("SQLite {} is too old: 3.51.3 or newer is needed", rusqlite::version());
        return Err(StoreError::Refused(message));
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)
        .map_err(|e| StoreError::Refused(format!("{} cannot be opened: {e}", path.display())))?;
    // What is deleted or replaced is overwritten, in pages that become free too: whoever was erased must not be found in
    // the file's bytes. `fast` would leave the free pages as they are.
    let set = connection.busy_timeout(PATIENCE).and_then(|()| {
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;
             pragma foreign_keys = on; pragma wal_autocheckpoint = 0; pragma temp_store = memory;",
        )
    });
    // One plan for a statement, whatever its parameters. Otherwise SQLite prepares statements again and again when
    // bound values could change the plan, which cost a quarter of the writer's time.
    let set = set.and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true));
    set.map_err(|e| StoreError::Refused(format!("{} is not usable: {e}", path.display())))?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

fn connect_as(path: &Path, role: Role) -> Result<rusqlite::Connection, StoreError> {
    let connection = connect(path)?;
    connection.execute_batch(role.settings()).map_err(failed)?;
    Ok(connection)
}

/// Brings all of the log into the store's file, with writes and a sync of their own, so that nothing depends on the
/// log any more, and begins it again. False if somebody else was using it.
pub(crate) fn empty_log(connection: &rusqlite::Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(EMPTYING_PATIENCE)?;
    let busy = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(PATIENCE)?;
    Ok(busy? == 0)
}

/// Makes sure that a file is there which, if it is new, only its owner can read: it holds people's contacts. SQLite
/// gives its companions the same permissions.
pub(crate) fn private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

impl Sqlite {
    pub(crate) fn open(path: &Path, role: Role) -> Result<Self, StoreError> {
        let connection = connect_as(path, role)?;
        let (path, wal) = (path.to_owned(), with_suffix(path, "-wal"));
        Ok(Self { connection, role, path, wal, commits: 0, suspect: false })
    }

    /// Begins anew after a commit that the disk failed, before anything else is stored.
    fn start_anew(&mut self) -> Result<(), StoreError> {
        self.connection = connect_as(&self.path, self.role)?;
        if !empty_log(&self.connection).map_err(failed)? {
            return Err(StoreError::Busy);
        }
        self.suspect = false;
        tracing::info!("the store takes writes again, on an empty log");
        Ok(())
    }

    fn prepare(&self, sql: &'static Sql) -> Result<CachedStatement<'_>, StoreError> {
        self.connection.prepare_cached(sql.sqlite()).map_err(failed)
    }

    fn cap_log(&mut self) {
        self.commits += 1;
        if self.commits.is_multiple_of(COMMITS_BETWEEN_LOOKS)
            && fs::metadata(&self.wal).is_ok_and(|log| log.len() > WAL_CAP)
        {
            // It must not wait for a reader in the middle of something: then it fails, and the next look tries again.
            let _ = self.connection.busy_timeout(Duration::ZERO);
            let _ = self.connection.execute_batch("pragma wal_checkpoint(restart)");
            let _ = self.connection.busy_timeout(PATIENCE);
        }
    }
}

/// `path` with `suffix` put behind its whole name, as SQLite names its companions.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Connection for Sqlite {
    fn query(&mut self, sql: &'static Sql, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.prepare(sql)?;
        let width = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(args)).map_err(failed)?;
        let mut result = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut columns = Vec::with_capacity(width);
            for i in 0..width {
                columns.push(read(row.get_ref(i).map_err(failed)?, sql, i)?);
            }
            result.push(Row::new(sql.name, columns));
        }
        Ok(result)
    }

    fn execute(&mut self, sql: &'static Sql, args: &[Value]) -> Result<u64, StoreError> {
        let changed = self.prepare(sql)?.execute(rusqlite::params_from_iter(args)).map_err(failed)?;
        Ok(changed as u64)
    }

    fn execute_many(&mut self, sql: &'static Sql, rows: &[Vec<Value>]) -> Result<u64, StoreError> {
        let mut statement = self.prepare(sql)?;
        let mut changed = 0;
        for row in rows {
            changed += statement.execute(rusqlite::params_from_iter(row)).map_err(failed)?;
        }
        Ok(changed as u64)
    }

    fn check(&mut self, sql: &'static Sql) -> Result<(), StoreError> {
        self.prepare(sql).map(drop)
    }
}

impl Engine for Sqlite {
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.suspect {
            self.start_anew()?;
        }
        let begin = if self.role == Role::Reader { "begin" } else { "begin immediate" };
        self.connection.prepare_cached(begin).and_then(|mut it| it.execute([])).map(drop).map_err(failed)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let committed = self.connection.prepare_cached("commit").and_then(|mut it| it.execute([]));
        if let Err(error) = committed {
            self.suspect |= error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
            return Err(failed(error));
        }
        if self.role != Role::Reader {
            self.cap_log();
        }
        Ok(())
    }

    fn rollback(&mut self) {
        if !self.connection.is_autocommit() {
            // It fails only when SQLite has rolled back by itself.
            let _ = self.connection.execute_batch("rollback");
        }
    }

    fn clashed(&mut self) -> bool {
        false // There is one writer.
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(it) => ValueRef::Integer(*it),
            Value::Bool(it) => ValueRef::Integer((*it).into()),
            Value::Text(it) => ValueRef::Text(it.as_bytes()),
            Value::Id(it) => ValueRef::Blob(it.as_bytes()),
        }))
    }
}

fn read(value: ValueRef<'_>, sql: &'static Sql, column: usize) -> Result<Value, StoreError> {
    let read = match value {
        ValueRef::Null => Some(Value::Null),
        ValueRef::Integer(it) => Some(Value::Int(it)),
        ValueRef::Text(it) => std::str::from_utf8(it).ok().map(|it| Value::Text(it.to_owned())),
        ValueRef::Blob(it) => Uuid::from_slice(it).ok().map(Value::Id),
        ValueRef::Real(_) => None,
    };
    read.ok_or(StoreError::Corrupt { statement: sql.name, column: column + 1 })
}

pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => match text.split_once("UNIQUE constraint failed: ") {
            Some((_, columns)) => {
                StoreError::Conflict { constraint: constraint_name(columns, is_primary(&error)) }
            }
            None => StoreError::Unavailable(text),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        _ => StoreError::Unavailable(text),
    }
}

fn is_primary(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|it| it.extended_code == SQLITE_CONSTRAINT_PRIMARYKEY)
}

/// `t.a, t.b` becomes `t_a_b_key`, or `t_pkey` for a primary key: the names that PostgreSQL gives them.
fn constraint_name(columns: &str, primary: bool) -> String {
    let mut parts = columns.split(", ").filter_map(|column| column.split_once('.'));
    let Some((table, first)) = parts.next() else {
        return columns.to_owned();
    };
    if primary {
        return format!("{table}_pkey");
    }
    let names: Vec<&str> = [table, first].into_iter().chain(parts.map(|(_, column)| column)).collect();
    names.join("_") + "_key"
}

/// Keeps the log short. Ends when the store is closed, that is, when what is returned is dropped.
pub(crate) fn start_checkpoints(path: &Path) -> Result<Arc<Sender<()>>, StoreError> {
    let connection = connect(path)?;
    let (keep, stop) = channel::<()>();
    let run = move || {
        let mut failing = false;
        while stop.recv_timeout(CHECKPOINT_EVERY) == Err(RecvTimeoutError::Timeout) {
            let done = connection.execute_batch("pragma wal_checkpoint(passive)");
            // The next run writes the same pages again, so a failed sync is not believed later. The log grows until
            // one succeeds, but saying so once is enough.
            if let Err(error) = &done
                && !failing
            {
                tracing::warn!(%error, "the store's log could not be shortened; trying again");
            }
            failing = done.is_err();
        }
    };
    thread::Builder::new()
        .name("checkpoint".into())
        .spawn(run)
        .map_err(|e| StoreError::Refused(format!("no thread for checkpoints could be started: {e}")))?;
    Ok(Arc::new(keep))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_have_the_names_that_postgresql_gives_them() {
        assert_eq!(
            constraint_name("delivery.account_id, delivery.event_id", false),
            "delivery_account_id_event_id_key"
        );
        assert_eq!(constraint_name("api_key.hash", false), "api_key_hash_key");
        assert_eq!(constraint_name("event.account_id, event.id", true), "event_pkey");
    }
}
