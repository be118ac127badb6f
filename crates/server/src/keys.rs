//! `leadpost key`: API keys, made and revoked at the machine itself, also beside a running server.

use std::time::Duration;

use anyhow::{Context, bail};
use app::{AppError, Tx, accounts};
use clap::Subcommand;
use domain::{Account, Actor, ApiKey, Id, Scope, Timestamp};
use serde_json::json;

use crate::out::say;
use crate::store_args::{ListArgs, Purpose, StoreArgs};

/// What to do with keys.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, this once; on an empty store, make the first account too
    Create {
        /// What the key is for.
        #[arg(long, value_name = "N")]
        name: String,
        /// ingest, read, manage or admin.
        #[arg(long, value_name = "S", default_value = "ingest", value_parser = scope)]
        scope: Scope,
        /// After how many days it opens nothing any more; without it, when it is revoked.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires_in_days: Option<u32>,
        /// Id or name of the account; needed once there are two.
        #[arg(long, value_name = "A")]
        account: Option<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List the keys of all accounts, or of one
    List(ListArgs),
    /// Make a key open nothing, within a second
    Revoke {
        /// The key's id, key_…; `leadpost key list` shows it.
        id: Id<ApiKey>,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// Does it.
pub async fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Create { name, scope, expires_in_days, account, store } => {
            create(name, scope, expires_in_days, account, &store).await
        }
        KeyCommand::List(args) => list(args).await,
        KeyCommand::Revoke { id, store } => revoke(id, &store).await,
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|_| "the scopes are ingest, read, manage and admin".to_owned())
}

async fn create(
    name: String,
    scope: Scope,
    days: Option<u32>,
    account: Option<String>,
    store: &StoreArgs,
) -> anyhow::Result<()> {
    let db = store.open(Purpose::Prepare).await?;
    let lasts = days.map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let made = db.write(move |tx| {
        let account = accounts::resolve(tx, account.as_deref(), true)?;
        let actor = Actor::Console { account: account.id };
        let (key, text) = accounts::create_key(tx, &actor, &name, scope, lasts)?;
        Ok::<_, AppError>((account, key, text))
    });
    let (account, key, text) = made.await?;
    eprintln!(
        "{} of account {}, scope {}; this is the only time the key is shown",
        key.id,
        in_words(&account),
        key.scope.as_str()
    );
    say!("{}", text.reveal())?;
    Ok(())
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let ListArgs { account, json: as_json, store } = args;
    let db = store.open(Purpose::Use).await?;
    let keys = db.read(move |tx| {
        let mut all = Vec::new();
        for account in meant(tx, account.as_deref())? {
            let keys = accounts::keys(tx, &Actor::Console { account: account.id })?;
            all.extend(keys.into_iter().map(|key| (account.clone(), key)));
        }
        Ok::<_, AppError>(all)
    });
    let keys = keys.await?;
    if as_json {
        let items: Vec<_> = keys.iter().map(|(_, key)| item(key)).collect();
        return say!("{}", json!({ "items": items }));
    }
    for (account, key) in keys {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(at)) => format!("open until {at}"),
            (None, None) => "open".to_owned(),
        };
        say!(
            "{}\t{}\t{}\t{}\t{}\t{state}",
            key.id,
            key.scope.as_str(),
            key.created_at,
            key.name,
            in_words(&account)
        )?;
    }
    Ok(())
}

fn item(key: &ApiKey) -> serde_json::Value {
    let shown = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": key.id.to_string(),
        "account_id": key.account.to_string(),
        "name": key.name,
        "scope": key.scope.as_str(),
        "created_at": key.created_at.to_string(),
        "expires_at": shown(key.expires_at),
        "used_at": shown(key.used_at),
        "revoked_at": shown(key.revoked_at),
    })
}

async fn revoke(id: Id<ApiKey>, store: &StoreArgs) -> anyhow::Result<()> {
    let db = store.open(Purpose::Use).await?;
    // A key's id says it all: nobody should have to look up its account to stop it.
    let revoked = db.write(move |tx| {
        for account in accounts::all(tx)? {
            match accounts::revoke_key(tx, &Actor::Console { account: account.id }, id) {
                Err(AppError::NotFound) => {}
                done => return done.map(|()| true),
            }
        }
        Ok::<_, AppError>(false)
    });
    if !revoked.await.context("the key was not revoked")? {
        bail!("there is no open key {id}; `leadpost key list` shows the keys there are");
    }
    eprintln!("{id} opens nothing any more");
    Ok(())
}

/// The accounts that a command is about: the named one, or all.
pub fn meant(tx: &mut Tx<'_>, named: Option<&str>) -> Result<Vec<Account>, AppError> {
    match named {
        Some(_) => Ok(vec![accounts::resolve(tx, named, false)?]),
        None => accounts::all(tx),
    }
}

fn in_words(account: &Account) -> String {
    format!("{} ({})", account.id, account.name)
}
