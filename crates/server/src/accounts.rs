//! `leadpost account`: accounts, made and listed at the machine itself, also beside a running server.

use app::AppError;
use clap::Subcommand;
use domain::Account;
use serde_json::json;

use crate::columns;
use crate::out::say;
use crate::store_args::{Purpose, StoreArgs};

/// What to do with accounts.
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Make an account and print its id
    Create {
        /// What people call it.
        #[arg(long, value_name = "N")]
        name: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List all accounts, oldest first: id, since when, time zone, name
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// Does it.
pub async fn run(command: AccountCommand) -> anyhow::Result<()> {
    match command {
        AccountCommand::Create { name, store } => {
            let db = store.open(Purpose::Prepare).await?;
            let account = db.write(move |tx| app::accounts::create(tx, &name)).await;
            say!("{}", account.map_err(|error: AppError| error)?.id)
        }
        AccountCommand::List { json, store } => {
            let db = store.open(Purpose::Use).await?;
            let accounts: Result<_, AppError> = db.read(app::accounts::all).await;
            list(&accounts?, json)
        }
    }
}

fn list(accounts: &[Account], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let item = |it: &Account| {
            json!({ "id": it.id.to_string(), "name": it.name, "time_zone": it.time_zone,
                    "created_at": it.created_at.to_string() })
        };
        return say!("{}", json!({ "items": accounts.iter().map(item).collect::<Vec<_>>() }));
    }
    if accounts.is_empty() {
        eprintln!("the store has no account yet; make one with: leadpost account create --name NAME");
    }
    let row = |it: &Account| {
        [
            it.id.to_string(),
            columns::to_the_second(it.created_at).to_string(),
            it.time_zone.clone(),
            it.name.clone(),
        ]
    };
    columns::lines(&accounts.iter().map(row).collect::<Vec<_>>()).iter().try_for_each(|line| say!("{line}"))
}
