//! What each command consists of. `test` is the whole: bring what is needed, start PostgreSQL, build, run
//! the tests, then the browser journeys and the short crash tests. The steps themselves are in `run.rs`.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::keeper::Keeper;
use crate::packages;
use crate::postgres;
use crate::run::Run;
use crate::workspace;

/// What `test` can leave out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    Postgres,
    Browser,
    Fault,
    Verifiers,
}

impl Part {
    /// Reads the name that `--without` uses.
    pub fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "postgres" => Self::Postgres,
            "browser" => Self::Browser,
            "fault" => Self::Fault,
            "verifiers" => Self::Verifiers,
            _ => bail!("no such part: {name:?} (there are postgres, browser, fault and verifiers)"),
        })
    }
}

/// Every test.
pub fn test(without: &[Part]) -> Result<ExitCode> {
    let mut run = Run::start(without)?;
    run_tests(&mut run);
    Ok(run.finish())
}

/// What must hold before a change is done: the cheap checks first, then every test.
pub fn ci(without: &[Part]) -> Result<ExitCode> {
    let mut run = Run::start(without)?;
    run.check_format();
    run.check_lints();
    run.check_dependencies();
    run_tests(&mut run);
    Ok(run.finish())
}

/// The crash and cut tests alone, against the binary as it is shipped.
pub fn fault(long: bool) -> Result<ExitCode> {
    if !workspace::has_fault_tests() {
        bail!("there are no fault tests: suite/tests/fault does not exist");
    }
    let mut run = Run::start(&[Part::Browser, Part::Verifiers])?;
    if run.bring_packages() && run.start_postgres() && run.build_release() {
        run.run_verbose_fault_tests(if long { "long" } else { "short" });
    }
    Ok(run.finish())
}

/// Becomes the given command, with PostgreSQL beside it until it ends.
pub fn with_postgres(command: &[OsString]) -> Result<ExitCode> {
    let (program, args) = command.split_first().context("no command")?;
    packages::bring(&[packages::POSTGRES])?;
    let mut keeper = Keeper::start()?;
    let port = keeper.start_postgres()?;
    Err(keeper.become_command(
        Command::new(program)
            .args(args)
            .env("LEADPOST_TEST_POSTGRES", postgres::url(port))
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", port.to_string())
            .env("PGUSER", "postgres"),
    ))
}

fn run_tests(run: &mut Run) {
    let ready = run.bring_packages() && run.bring_verifiers() && run.start_postgres() && run.build();
    if ready {
        run.run_tests();
        run.run_browser_tests();
        run.run_short_fault_tests();
    } else {
        run.give_up_tests();
    }
}
