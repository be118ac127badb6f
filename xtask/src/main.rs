//! `cargo xtask`: the commands that look after the project. This file is the command line only;
//! what the commands do is in `commands.rs`. Nothing here is shipped, and nothing here knows the product
//! beyond the names of its packages and of its binary.

mod checks;
mod commands;
mod groups;
mod keeper;
mod packages;
mod postgres;
mod prepare;
mod report;
mod run;
mod tally;
mod verifiers;
mod watch;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::commands::Part;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--without PART,…]   every test; PART is postgres, browser, fault or verifiers
  ci [--without PART,…]     formatting, lints and dependency rules, then `test`
  fault [--long]            the crash and cut tests alone, against the release binary
  with-postgres -- CMD …    run a command beside a private PostgreSQL, whose address it finds in
                            LEADPOST_TEST_POSTGRES (and psql by itself)
";

enum Command {
    Test {
        without: Vec<Part>,
    },
    Ci {
        without: Vec<Part>,
    },
    Fault {
        long: bool,
    },
    WithPostgres {
        command: Vec<OsString>,
    },
    /// Not for people: the process that tidies up after its parent, see `keeper.rs`.
    Keep {
        parent: u32,
    },
    Help,
}

fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1).collect()).and_then(run) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Test { without } => commands::test(&without),
        Command::Ci { without } => commands::ci(&without),
        Command::Fault { long } => commands::fault(long),
        Command::WithPostgres { command } => commands::with_postgres(&command),
        Command::Keep { parent } => watch::watch(parent).map(|()| ExitCode::SUCCESS),
        Command::Help => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn parse(args: Vec<OsString>) -> Result<Command> {
    let mut args = args.into_iter();
    let name = args.next().and_then(|name| name.into_string().ok()).unwrap_or_default();
    if name == "with-postgres" {
        let command: Vec<_> = args.skip_while(|arg| arg == "--").collect();
        if command.is_empty() {
            bail!("with-postgres needs a command to run: cargo xtask with-postgres -- psql");
        }
        return Ok(Command::WithPostgres { command });
    }

    let mut rest = Vec::new();
    for arg in args {
        rest.push(arg.into_string().ok().context("an argument is not UTF-8")?);
    }
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (name.as_str(), rest.as_slice()) {
        ("test", options) => Ok(Command::Test { without: parse_without(options)? }),
        ("ci", options) => Ok(Command::Ci { without: parse_without(options)? }),
        ("fault", []) => Ok(Command::Fault { long: false }),
        ("fault", ["--long"]) => Ok(Command::Fault { long: true }),
        (keeper::COMMAND, [parent]) => Ok(Command::Keep { parent: parent.parse()? }),
        ("help" | "--help" | "-h", []) => Ok(Command::Help),
        _ => bail!("no such command or option\n\n{USAGE}"),
    }
}

fn parse_without(options: &[&str]) -> Result<Vec<Part>> {
    let mut without = Vec::new();
    let mut options = options.iter();
    while let Some(&option) = options.next() {
        let list = match option.strip_prefix("--without=") {
            Some(list) => list,
            None if option == "--without" => options.next().context("--without needs a list of parts")?,
            None => bail!("no such option: {option}\n\n{USAGE}"),
        };
        for name in list.split(',') {
            without.push(Part::parse(name)?);
        }
    }
    Ok(without)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_to_leave_out_are_read_from_either_spelling() {
        let parts = parse_without(&["--without", "postgres,fault", "--without=browser"]).unwrap();
        assert_eq!(parts, [Part::Postgres, Part::Fault, Part::Browser]);
        assert!(parse_without(&["--without", "postgre"]).is_err());
        assert!(parse_without(&["--without"]).is_err());
        assert!(parse_without(&["--with"]).is_err());
    }

    #[test]
    fn with_postgres_hands_every_argument_on() {
        let args = ["with-postgres", "--", "psql", "-c", "--", "select 1"];
        let Ok(Command::WithPostgres { command }) = parse(args.map(OsString::from).to_vec()) else {
            panic!("not read as with-postgres");
        };
        assert_eq!(command, ["psql", "-c", "--", "select 1"]);
    }
}
