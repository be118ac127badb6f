//! Which store a command works on, and opening it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use app::{Db, OpenOptions, StoreUrl};
use clap::Args;

use crate::config::{self, Flag, Loaded, Settings};
use crate::out::say;
use crate::{ambient, telemetry};

/// The flags that every command on a store has.
#[derive(Args)]
pub struct StoreArgs {
    /// Where the store is: sqlite:PATH or postgres://… [default: sqlite:leadpost-data/leadpost.db]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// File with settings; see config.default.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The flags of a command that shows what accounts have.
#[derive(Args)]
pub struct ListArgs {
    /// Id or name of one account; otherwise all.
    #[arg(long, value_name = "A")]
    pub account: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub store: StoreArgs,
}

/// What a command needs of the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To look at or change one that is there.
    Use,
    /// To have one, made or migrated if need be.
    Prepare,
    /// The same, as the only server of it.
    Serve,
}

impl StoreArgs {
    /// Reads the settings, with these and further flags on top, and starts logging as they say.
    pub fn load(&self, more: &[Flag<'_>]) -> anyhow::Result<Loaded> {
        let mut flags = vec![("store.url", self.store.as_deref())];
        flags.extend_from_slice(more);
        let loaded = config::load(self.config.as_deref(), &flags)?;
        telemetry::start(&loaded.settings.log);
        Ok(loaded)
    }

    /// Opens the store that the flags and settings name.
    pub async fn open(&self, purpose: Purpose) -> anyhow::Result<Db> {
        open(&self.load(&[])?.settings, purpose).await
    }
}

/// Opens the store of these settings.
pub async fn open(settings: &Settings, purpose: Purpose) -> anyhow::Result<Db> {
    let options = OpenOptions {
        ambient: ambient::system(),
        key_file: settings.secrets.key_file.clone(),
        exclusive: purpose == Purpose::Serve,
        migrate: purpose != Purpose::Use,
        connections: if purpose == Purpose::Serve { settings.store.connections() } else { 1 },
        synchronous: settings.store.sqlite_synchronous,
    };
    let url = &settings.store.url;
    if let StoreUrl::Sqlite(path) = url
        && purpose == Purpose::Use
        && !path.exists()
    {
        bail!(
            "there is no store at {}; name another with --store, or make this one with `leadpost migrate`",
            path.display()
        );
    }
    Db::open(url, options).await.with_context(|| format!("the store {url} cannot be opened"))
}

/// `leadpost migrate`
pub async fn migrate(args: StoreArgs) -> anyhow::Result<()> {
    let db = args.open(Purpose::Prepare).await?;
    let report = db.check(false).await?;
    say!("{} is at schema version {} ({})", db.url(), report.schema_version, report.engine)?;
    Ok(())
}
