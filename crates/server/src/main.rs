//! `leadpost`: the commands, and the wiring of the floors below into a program.
//!
//! Results go to standard output, logs and remarks to standard error. An error is one sentence that says what
//! to do, and exit status 1; a command line that cannot be understood is 2.

mod accept;
mod accounts;
mod ambient;
mod backup;
mod bench;
mod client;
mod columns;
mod config;
mod demo;
mod disk;
mod doctor;
mod keys;
mod ledger;
mod limits;
mod listen;
mod members;
mod metrics;
mod out;
mod pretty;
mod receiver;
mod scratch;
mod send;
mod serve;
mod signals;
mod store_args;
mod telemetry;
mod tls;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sends what happens on your site to your own URLs: signed, at once, and never lost.
#[derive(Parser)]
#[command(name = "leadpost", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show in a minute what Leadpost does; needs nothing and leaves nothing behind
    Demo(demo::DemoArgs),
    /// Serve the API and send webhooks
    Serve(serve::ServeArgs),
    /// Receive webhooks at this terminal, verify and print them
    Listen(listen::ListenArgs),
    /// Post one event to a running Leadpost
    Send(send::SendArgs),
    /// Accounts
    #[command(subcommand)]
    Account(accounts::AccountCommand),
    /// API keys
    #[command(subcommand)]
    Key(keys::KeyCommand),
    /// Members: who they are, links to join with and to choose a new password
    #[command(subcommand)]
    Member(members::MemberCommand),
    /// Bring a store up to this version; `serve` does it by itself
    Migrate(store_args::StoreArgs),
    /// Write a consistent copy of the store and of its key, also while serving
    Backup(backup::BackupArgs),
    /// Check settings, store, webhooks, disk and clock, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Show each account's ledger: planned = delivered + pending + exhausted + skipped
    Ledger(ledger::LedgerArgs),
    /// Measure on this machine how fast events come in and webhooks go out
    Bench(bench::BenchArgs),
}

fn main() -> ExitCode {
    let ended = run(Cli::parse().command);
    telemetry::finish();
    match ended {
        Ok(code) => code,
        Err(error) if error.is::<out::Closed>() => ExitCode::from(out::Closed::STATUS),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(args) => on_runtime(0, demo::run(args)),
        Command::Serve(args) => {
            let settings = args.load()?;
            on_runtime(settings.runtime.worker_threads, serve::run(&settings))
        }
        Command::Listen(args) => on_runtime(0, listen::run(args)),
        Command::Send(args) => on_runtime(1, send::run(args)),
        Command::Account(command) => on_runtime(1, accounts::run(command)),
        Command::Key(command) => on_runtime(1, keys::run(command)),
        Command::Member(command) => on_runtime(1, members::run(command)),
        Command::Migrate(args) => on_runtime(1, store_args::migrate(args)),
        Command::Backup(args) => on_runtime(1, backup::run(args)),
        Command::Doctor(args) => return on_runtime(1, doctor::run(args)),
        Command::Ledger(args) => return on_runtime(1, ledger::run(args)),
        Command::Bench(args) => on_runtime(0, bench::run(args)),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a command on a runtime with so many threads; 0 means one for each core.
fn on_runtime<T>(threads: usize, command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if threads > 0 {
        builder.worker_threads(threads);
    }
    builder.enable_all().build().context("the asynchronous runtime cannot start")?.block_on(command)
}
