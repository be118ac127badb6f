//! The PostgreSQL engine: threads that each drive one connection.
//!
//! A thread runs its connection's protocol only while it works on a transaction, on a small runtime of its own. Many
//! rows for one statement are pipelined: sent without waiting for each answer.

use std::{collections::HashMap, error::Error, time::Duration};

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{
    Client, Config, NoTls, Statement,
    config::Host,
    error::SqlState,
    types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};
use uuid::Uuid;

use crate::{
    StoreError,
    sql::Sql,
    tx::Connection,
    value::{Row, Value},
    worker::Engine,
};

/// A connection, its runtime and its prepared statements.
pub(crate) struct Postgres {
    config: Config,
    begin: &'static str,
    runtime: Runtime,
    client: Client,
    /// By the statement's address, which is enough: each is a static.
    statements: HashMap<usize, Statement>,
    clashed: bool,
}

/// A process that stands still in the middle of a transaction (a suspended machine) would keep its locks, and all other
/// nodes waiting, for as long as it stands still. No transaction of ours waits for anything but the database. Short,
/// because its connections may wait for each other, so that their times add up.
const GIVE_UP: &str = "set idle_in_transaction_session_timeout = '2s'";

/// Reads a `postgres://` address.
pub(crate) fn config(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(|e| {
        StoreError::Refused(format!("the address of the PostgreSQL store cannot be read: {e}"))
    })?;
    config
        .application_name("leadpost")
        .connect_timeout(Duration::from_secs(10))
        // A network that swallows everything is noticed, so that callers get an answer.
        .tcp_user_timeout(Duration::from_secs(30));
    Ok(config)
}

/// What a PostgreSQL server listens on where nothing else is said.
const DEFAULT_PORT: u16 = 5_432;

/// The address without what is secret, or only secret with it.
pub(crate) fn place(url: &str) -> String {
    let Ok(config) = url.parse::<Config>() else { return "postgres://…".to_owned() };
    let hosts = config.get_hosts().iter().map(|host| match host {
        // What stands before an @ here is the end of a password that holds one, which it may not.
        Host::Tcp(name) => name.rsplit('@').next().unwrap_or_default().to_owned(),
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts: Vec<String> = hosts.collect();
    // Of several hosts, what reads as a port may be the middle of a password, as above.
    let port = match (config.get_hosts(), config.get_ports()) {
        ([Host::Tcp(_)], [port]) if *port != DEFAULT_PORT => format!(":{port}"),
        _ => String::new(),
    };
    format!("postgres://{}{port}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

/// A runtime for one connection, and the connection.
pub(crate) fn connect(config: &Config) -> Result<(Runtime, Client), StoreError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| StoreError::Refused(format!("no runtime for a database connection: {e}")))?;
    let client = runtime.block_on(open(config))?;
    Ok((runtime, client))
}

async fn open(config: &Config) -> Result<Client, StoreError> {
    let (client, connection) = config.connect(NoTls).await.map_err(|e| failed(&e))?;
    tokio::spawn(async move {
        // The client sees the same error at its next statement.
        let _ = connection.await;
    });
    client.batch_execute(GIVE_UP).await.map_err(|e| failed(&e))?;
    Ok(client)
}

impl Postgres {
    /// A connection whose transactions begin with `begin`.
    pub(crate) fn open(config: Config, begin: &'static str) -> Result<Self, StoreError> {
        let (runtime, client) = connect(&config)?;
        Ok(Self { config, begin, runtime, client, statements: HashMap::new(), clashed: false })
    }

    /// Runs `work` with the connection; notes whether it failed for a clash.
    fn drive<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let Self { runtime, client, clashed, .. } = self;
        runtime.block_on(work(client)).map_err(|error| {
            *clashed |= error.code().is_some_and(|code| CLASHES.contains(code));
            failed(&error)
        })
    }

    fn prepare(&mut self, sql: &'static Sql) -> Result<Statement, StoreError> {
        let address = std::ptr::from_ref(sql).addr();
        if let Some(statement) = self.statements.get(&address) {
            return Ok(statement.clone());
        }
        let statement = self.drive(async |client| client.prepare(sql.postgres()).await)?;
        self.statements.insert(address, statement.clone());
        Ok(statement)
    }

    fn reconnect(&mut self) -> Result<(), StoreError> {
        self.statements.clear();
        self.client = self.runtime.block_on(open(&self.config))?;
        Ok(())
    }
}

const CLASHES: [SqlState; 2] = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];

impl Connection for Postgres {
    fn query(&mut self, sql: &'static Sql, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql)?;
        let rows = self.drive(async |client| client.query(&statement, &as_params(args)).await)?;
        rows.iter().map(|row| read(row, sql)).collect()
    }

    fn execute(&mut self, sql: &'static Sql, args: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql)?;
        self.drive(async |client| client.execute(&statement, &as_params(args)).await)
    }

    fn execute_many(&mut self, sql: &'static Sql, rows: &[Vec<Value>]) -> Result<u64, StoreError> {
        let statement = &self.prepare(sql)?;
        let changed = self.drive(async |client| {
            try_join_all(rows.iter().map(|row| async { client.execute(statement, &as_params(row)).await }))
                .await
        })?;
        Ok(changed.into_iter().sum())
    }

    fn check(&mut self, sql: &'static Sql) -> Result<(), StoreError> {
        self.prepare(sql).map(drop)
    }
}

impl Engine for Postgres {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.clashed = false;
        let begin = self.begin;
        let first = self.drive(async |client| client.batch_execute(begin).await);
        if first.is_ok() {
            return first;
        }
        // The server restarted, or dropped an idle connection. Nothing is lost with it yet, so a new one will do.
        self.reconnect()?;
        self.drive(async |client| client.batch_execute(begin).await)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        // A transaction that a statement's error has spoiled would answer COMMIT with ROLLBACK and no error; the
        // worker never gets here with one, because a failed statement marks its transaction dirty.
        self.drive(async |client| client.batch_execute("commit").await)
    }

    fn rollback(&mut self) {
        // Without a connection there is nothing to roll back.
        let _ = self.drive(async |client| client.batch_execute("rollback").await);
    }

    fn clashed(&mut self) -> bool {
        self.clashed
    }
}

fn as_params(args: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(it) if *ty == Type::INT4 => i32::try_from(*it)?.to_sql(ty, out),
            Value::Int(it) => it.to_sql(ty, out),
            Value::Bool(it) => it.to_sql(ty, out),
            Value::Text(it) => it.to_sql(ty, out),
            Value::Id(it) => it.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn read(row: &tokio_postgres::Row, sql: &'static Sql) -> Result<Row, StoreError> {
    let columns = row.columns().iter().enumerate().map(|(i, column)| {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(i).map(|it| it.map(Value::Int)),
            Type::INT4 => row.try_get::<_, Option<i32>>(i).map(|it| it.map(|it| Value::Int(it.into()))),
            Type::BOOL => row.try_get::<_, Option<bool>>(i).map(|it| it.map(Value::Bool)),
            Type::UUID => row.try_get::<_, Option<Uuid>>(i).map(|it| it.map(Value::Id)),
            _ => row.try_get::<_, Option<String>>(i).map(|it| it.map(Value::Text)),
        };
        value
            .map(|it| it.unwrap_or(Value::Null))
            .map_err(|_| StoreError::Corrupt { statement: sql.name, column: i + 1 })
    });
    Ok(Row::new(sql.name, columns.collect::<Result<_, _>>()?))
}

/// What to tell the floors above. The server's own message names columns and values, so it is for the log.
pub(crate) fn failed(error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(db) if *db.code() == SqlState::UNIQUE_VIOLATION => {
            StoreError::Conflict { constraint: db.constraint().unwrap_or_default().to_owned() }
        }
        Some(db) => StoreError::Unavailable(format!("{} ({})", db.message(), db.code().code())),
        None => StoreError::Unavailable(match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        }),
    }
}

/// Runs something once on a connection of its own, outside the threads: migrations, checks.
pub(crate) fn with_connection<T>(
    config: &Config,
    work: impl AsyncFnOnce(&mut Client) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let (runtime, mut client) = connect(config)?;
    runtime.block_on(work(&mut client))
}
