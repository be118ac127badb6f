//! Bringing a store's schema up to date: numbered files, applied in order, never changed once released.
//!
//! A store that knows migrations this program does not is newer than the program and is refused, and so is one whose
//! applied migrations differ from the files.

use refinery::{Migration, Report, Runner, error::Kind};

use crate::{StoreError, sql};

/// All migrations, oldest first: number and name, and the text for both engines.
const FILES: &[(&str, &str)] = &[
    ("V1__initial", include_str!("../migrations/0001_initial.sql")),
    ("V2__courier", include_str!("../migrations/0002_courier.sql")),
    ("V3__conversations", include_str!("../migrations/0003_conversations.sql")),
    ("V4__members", include_str!("../migrations/0004_members.sql")),
    ("V5__search", include_str!("../migrations/0005_search.sql")),
    ("V6__reports", include_str!("../migrations/0006_reports.sql")),
    ("V7__canned_texts", include_str!("../migrations/0007_canned_texts.sql")),
    ("V8__sightings", include_str!("../migrations/0008_sightings.sql")),
    ("V9__lists", include_str!("../migrations/0009_lists.sql")),
    ("V10__audit", include_str!("../migrations/0010_audit.sql")),
    ("V11__departments", include_str!("../migrations/0011_departments.sql")),
    ("V12__drafts", include_str!("../migrations/0012_drafts.sql")),
];

fn runner(for_engine: fn(&str) -> String) -> Result<Runner, StoreError> {
    let migrations: Result<Vec<Migration>, _> =
        FILES.iter().map(|(name, text)| Migration::unapplied(name, &for_engine(text))).collect();
    let runner = Runner::new(&migrations.map_err(refused)?);
    Ok(runner.set_grouped(true).set_abort_divergent(true).set_abort_missing(true))
}

/// Migrates an SQLite store; how many migrations were applied. The caller holds the lock of the key file.
pub(crate) fn sqlite(connection: &mut rusqlite::Connection) -> Result<usize, StoreError> {
    runner(sql::for_sqlite)?.run(connection).map(|report| count(&report)).map_err(refused)
}

/// Migrates a PostgreSQL store. Nodes that start together take turns by an advisory lock of this session.
pub(crate) async fn postgres(client: &mut tokio_postgres::Client) -> Result<usize, StoreError> {
    let lock = |verb: &str| format!("select pg_advisory_{verb}(7163358211)");
    client.batch_execute(&lock("lock")).await.map_err(|e| crate::postgres::failed(&e))?;
    let result = runner(sql::for_postgres)?.run_async(client).await;
    client.batch_execute(&lock("unlock")).await.map_err(|e| crate::postgres::failed(&e))?;
    result.map(|report| count(&report)).map_err(refused)
}

/// Checks that a store whose newest migration is `version` needs none; None is a store that has none yet.
pub(crate) fn check(version: Result<Option<i64>, StoreError>) -> Result<(), StoreError> {
    let known = newest();
    Err(StoreError::Refused(match version {
        Ok(Some(version)) if version == known => return Ok(()),
        Ok(Some(version)) if version > known => newer(&format!("V{version}")),
        Ok(_) => {
            "the store is older than this program; bring it up to date with: leadpost migrate".to_owned()
        }
        Err(error) => {
            format!("the store is not one of Leadpost yet; make it one with: leadpost migrate ({error})")
        }
    }))
}

/// The number of the newest migration.
fn newest() -> i64 {
    let (name, _) = FILES[FILES.len() - 1];
    let number = name.strip_prefix('V').and_then(|rest| rest.split_once("__"));
    number.and_then(|(number, _)| number.parse().ok()).expect("migrations are named by their number")
}

fn newer(migration: &str) -> String {
    format!(
        "the store is newer than this program: it has migration {migration}; use the version that made it, or a newer one"
    )
}

fn count(report: &Report) -> usize {
    report.applied_migrations().len()
}

fn refused(error: refinery::Error) -> StoreError {
    StoreError::Refused(match error.kind() {
        Kind::MissingVersion(migration) => newer(&migration.to_string()),
        Kind::DivergentVersion(_, found) => {
            format!("migration {found} of the store is not the one that this program knows")
        }
        _ => format!("the store could not be migrated: {error}"),
    })
}
