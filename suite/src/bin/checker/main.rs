//! An independent judge: compares the three ledgers that a run has left, and says what is wrong.
//!
//! `checker CLIENTS RECEIVERS STATE` reads three files of JSON lines: what clients were told, every request that receivers
//! got, and what the server shows in the end. It checks the eight invariants of [`rules`] and knows nothing of the
//! product but the words in these files. It prints each violation, then one line of figures. Exit 0: clean; 1: there are
//! violations; 2: something could not be read.

mod figures;
mod ledgers;
mod rules;
#[cfg(test)]
mod tests;

use std::{fs, process::ExitCode};

use ledgers::Ledgers;

/// So many violations are printed in full.
const SHOWN: usize = 40;

fn main() -> ExitCode {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [clients, receivers, state] = paths.as_slice() else {
        eprintln!("usage: checker CLIENTS RECEIVERS STATE");
        return ExitCode::from(2);
    };
    let text = |path: &String| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let read = || Ledgers::read(&text(clients)?, &text(receivers)?, &text(state)?);
    match read() {
        Ok(ledgers) => judge(&ledgers),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn judge(ledgers: &Ledgers) -> ExitCode {
    let violations = rules::check(ledgers);
    violations.iter().take(SHOWN).for_each(|violation| println!("{violation}"));
    if violations.len() > SHOWN {
        println!("and {} more", violations.len() - SHOWN);
    }
    let verdict = match violations.len() {
        0 => "clean".to_owned(),
        many => format!("{many} violations"),
    };
    println!("{verdict}: {}", figures::Figures::of(ledgers));
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
