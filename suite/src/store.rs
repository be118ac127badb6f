//! A store of its own for each test, on either engine.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use app::{Db, OpenOptions, StoreUrl, Synchronous};
use domain::Ambient;
use serde_json::Value;
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::clock::{ManualClock, ambient};

/// Where a store lies that no other test uses; gone when this is dropped.
pub struct TestStore {
    /// `sqlite` or `postgres`, for messages.
    pub engine: &'static str,
    /// Where it is.
    pub url: StoreUrl,
    folder: TempDir,
    database: Option<(String, String)>,
}

/// An empty store on each engine. Without a PostgreSQL server (`LEADPOST_TEST_POSTGRES`), only on SQLite, and a loud
/// line says so.
pub async fn stores() -> Vec<TestStore> {
    let mut stores = vec![TestStore::sqlite()];
    match postgres_server() {
        Some(server) => stores.push(TestStore::postgres(server).await),
        None => skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; tests ran on SQLite only"),
    }
    stores
}

/// Writes the line that counts a check as left out.
pub fn skipped(topic: &str, reason: &str) {
    // Not `eprintln!`, which the test harness swallows.
    let _ = writeln!(std::io::stderr(), "SKIPPED {topic}: {reason}");
}

/// The server to test on, if there is one.
#[expect(clippy::disallowed_methods, reason = "how `cargo xtask test` tells tests what it brought")]
pub fn postgres_server() -> Option<String> {
    std::env::var("LEADPOST_TEST_POSTGRES").ok()
}

impl TestStore {
    /// A file in a folder of its own.
    pub fn sqlite() -> Self {
        Self::sqlite_in(&std::env::temp_dir())
    }

    /// The same below that folder, such as one on a disk of its own.
    pub fn sqlite_in(parent: &Path) -> Self {
        let folder = TempDir::new_in(parent).expect("a temporary folder can be made");
        let url = StoreUrl::Sqlite(folder.path().join("leadpost.db"));
        Self { engine: "sqlite", url, folder, database: None }
    }

    /// A database of its own on `server`.
    pub async fn postgres(server: String) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        run(&server, &format!("create database {name}")).await;
        let (base, _) = server.rsplit_once('/').expect("the server's address ends in a database");
        let url = StoreUrl::Postgres(format!("{base}/{name}"));
        Self { engine: "postgres", url, folder: folder(), database: Some((server, name)) }
    }

    /// The folder beside the store, for whatever a test needs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The key file of the store.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("leadpost.db.key")
    }

    /// As `--store` takes it, with the password if there is one.
    pub fn argument(&self) -> String {
        match &self.url {
            StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            StoreUrl::Postgres(url) => url.clone(),
        }
    }

    /// Options to open it with.
    pub fn options(&self, ambient: Ambient) -> OpenOptions {
        OpenOptions {
            ambient,
            key_file: Some(self.key_file()),
            exclusive: matches!(self.url, StoreUrl::Sqlite(_)),
            migrate: true,
            connections: 2,
            synchronous: Synchronous::Full,
        }
    }

    /// Opens it with a clock to move.
    pub async fn open(&self) -> (Db, Arc<ManualClock>) {
        let (clock, ambient) = ambient();
        let db = Db::open(&self.url, self.options(ambient)).await.expect("a new store opens");
        (db, clock)
    }

    /// Runs SQL behind the product's back, as an accident would.
    pub async fn sabotage(&self, sqlite: &str, postgres: &str) {
        match &self.url {
            StoreUrl::Sqlite(path) => {
                // A store that was just dropped may still be closing, and a server may be writing.
                let mut shell = tokio::process::Command::new("sqlite3");
                shell.args(["-cmd", ".timeout 10000"]).arg(path).arg(sqlite);
                let output = shell.output().await.expect("sqlite3 runs");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
            StoreUrl::Postgres(url) => run(url, postgres).await,
        }
    }

    /// The rows of a table as a JSON array of objects.
    pub async fn rows(&self, table: &str) -> Value {
        match &self.url {
            StoreUrl::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).expect("the store is there");
                let mut query = connection.prepare(&format!("select * from {table}")).expect("a table");
                let rows = query.query_map([], object).expect("its rows");
                rows.collect::<Result<_, _>>().map(Value::Array).expect("its rows")
            }
            StoreUrl::Postgres(url) => {
                let (client, connection) =
                    tokio_postgres::connect(url, NoTls).await.expect("the server answers");
                tokio::spawn(connection);
                let query = format!("select row_to_json(t)::text from {table} t");
                let rows = client.query(&query, &[]).await.expect("its rows");
                rows.iter().map(|row| serde_json::from_str::<Value>(row.get(0)).expect("JSON")).collect()
            }
        }
    }

    /// Everything in all tables, as text.
    pub async fn dump(&self) -> String {
        match &self.url {
            StoreUrl::Sqlite(path) => {
                let mut shell = tokio::process::Command::new("sqlite3");
                shell.args(["-cmd", ".timeout 10000"]).arg(path).arg(".dump");
                let output = shell.output().await.expect("sqlite3 runs");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8_lossy(&output.stdout).into_owned()
            }
            StoreUrl::Postgres(url) => dump_postgres(url).await,
        }
    }
}

/// A row as a JSON object; ids as their hexadecimal digits.
fn object(row: &rusqlite::Row<'_>) -> rusqlite::Result<Value> {
    use rusqlite::types::ValueRef;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut object = serde_json::Map::new();
    for (place, name) in row.as_ref().column_names().enumerate() {
        let value = match row.get_ref(place)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            ValueRef::Blob(bytes) => hex(bytes).into(),
        };
        object.insert(name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

async fn dump_postgres(url: &str) -> String {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
    tokio::spawn(connection);
    let tables = "select tablename from pg_tables where schemaname = current_schema() order by tablename";
    let tables = client.query(tables, &[]).await.expect("there are tables");
    let mut dump = String::new();
    for table in tables {
        let table: String = table.get(0);
        let rows = client.query(&format!("select t::text from \"{table}\" t"), &[]).await.expect("its rows");
        for row in rows {
            dump.push_str(&format!("{table} {}\n", row.get::<_, &str>(0)));
        }
    }
    dump
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if let Some((server, name)) = self.database.take() {
            // The server is thrown away after the run; until then this keeps it small.
            tokio::spawn(async move { run(&server, &format!("drop database {name} with (force)")).await });
        }
    }
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder can be made")
}

async fn run(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
    tokio::spawn(connection);
    client.batch_execute(sql).await.expect("the test server does what it is asked");
}
