//! `leadpost account`: accounts, made at the machine itself.

use app::AppError;
use clap::Subcommand;

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
}

/// Does it.
pub async fn run(command: AccountCommand) -> anyhow::Result<()> {
    let AccountCommand::Create { name, store } = command;
    let db = store.open(Purpose::Prepare).await?;
    let account = db.write(move |tx| app::accounts::create(tx, &name)).await;
    say!("{}", account.map_err(|error: AppError| error)?.id)?;
    Ok(())
}
