//! `leadpost ledger`: what each account's events and deliveries add up to.

use std::process::ExitCode;

use app::{AppError, ledger};
use clap::Args;
use domain::{Account, Actor, Ledger};
use serde_json::json;

use crate::keys::meant;
use crate::out::say;
use crate::store_args::{ListArgs, Purpose};

/// Whose ledger, and how.
#[derive(Args)]
pub struct LedgerArgs {
    /// Exit with 1 if an account does not balance.
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    list: ListArgs,
}

/// Counts anew from raw rows, in one transaction, and prints.
pub async fn run(args: LedgerArgs) -> anyhow::Result<ExitCode> {
    let db = args.list.store.open(Purpose::Use).await?;
    let named = args.list.account.clone();
    let ledgers = db.read(move |tx| {
        let mut all = Vec::new();
        for account in meant(tx, named.as_deref())? {
            let ledger = ledger::read(tx, &Actor::Console { account: account.id })?;
            all.push((account, ledger));
        }
        Ok::<_, AppError>(all)
    });
    let ledgers = ledgers.await?;
    say!("{}", if args.list.json { as_json(&ledgers) } else { as_table(&ledgers) })?;
    let balanced = ledgers.iter().all(|(_, ledger)| ledger.balanced());
    if !balanced {
        eprintln!(
            "the ledger does not balance: deliveries were lost or made twice; keep a copy of the store"
        );
    }
    Ok(if args.verify && !balanced { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn as_json(ledgers: &[(Account, Ledger)]) -> String {
    let items: Vec<_> = ledgers
        .iter()
        .map(|(account, ledger)| {
            json!({
                "account_id": account.id.to_string(),
                "account_name": account.name,
                "events": ledger.events,
                "unmatched": ledger.unmatched,
                "planned": ledger.planned,
                "delivered": ledger.delivered,
                "pending": ledger.pending,
                "exhausted": ledger.exhausted,
                "skipped": ledger.skipped,
                "balanced": ledger.balanced(),
            })
        })
        .collect();
    let balanced = ledgers.iter().all(|(_, ledger)| ledger.balanced());
    json!({ "items": items, "balanced": balanced }).to_string()
}

fn as_table(ledgers: &[(Account, Ledger)]) -> String {
    if ledgers.is_empty() {
        return "the store has no account yet".to_owned();
    }
    let lines = ledgers.iter().map(|(account, ledger)| {
        format!(
            "{} ({})\n  events {}, {} of them unmatched\n  \
             planned {} {} delivered {} + pending {} + exhausted {} + skipped {}   {}",
            account.id,
            account.name,
            ledger.events,
            ledger.unmatched,
            ledger.planned,
            if ledger.balanced() { "=" } else { "≠" },
            ledger.delivered,
            ledger.pending,
            ledger.exhausted,
            ledger.skipped,
            if ledger.balanced() { "balanced" } else { "NOT BALANCED" },
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
