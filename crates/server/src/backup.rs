//! `leadpost backup`: a copy that can be put back, taken while others go on writing.

use std::path::PathBuf;

use clap::Args;

use crate::out::say;
use crate::store_args::{Purpose, StoreArgs};

/// What to copy, and where to.
#[derive(Args)]
pub struct BackupArgs {
    /// File to write; the encryption key goes to FILE.key beside it.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    store: StoreArgs,
}

/// Copies, and names what was written.
pub async fn run(args: BackupArgs) -> anyhow::Result<()> {
    let db = args.store.open(Purpose::Use).await?;
    let [copy, key] = db.backup_to(&args.to).await?;
    say!("{}", copy.display())?;
    say!("{}", key.display())?;
    eprintln!(
        "keep both, apart from each other if you can: secrets in the copy can only be read with the key. \
         To restore, put them at PATH and PATH.key in an empty folder (what an older store left there, such as PATH-wal, would \
         damage it); `leadpost doctor --store sqlite:PATH` checks them"
    );
    Ok(())
}
