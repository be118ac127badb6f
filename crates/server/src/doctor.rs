//! `leadpost doctor`: looks at everything that can be wrong around a server, and says what to do about it.

mod checks;
mod webhooks;

use std::fmt;
use std::process::ExitCode;

use clap::Args;

use crate::out::say;
use crate::store_args::StoreArgs;

/// What to look at.
#[derive(Args)]
pub struct DoctorArgs {
    /// Read the whole store, not only its frame; takes as long as reading the file.
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Ok,
    /// Works, but somebody should know.
    Warn,
    /// Does not work, or data is in danger.
    Fail,
}

/// A line of the table.
struct Finding {
    grade: Grade,
    /// One word: what was looked at.
    subject: &'static str,
    /// What was found and, unless it is fine, what to do.
    text: String,
}

impl Finding {
    fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        Self { grade: Grade::Ok, subject, text: text.into() }
    }

    fn warn(subject: &'static str, text: impl Into<String>) -> Self {
        Self { grade: Grade::Warn, subject, text: text.into() }
    }

    fn fail(subject: &'static str, text: impl Into<String>) -> Self {
        Self { grade: Grade::Fail, subject, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Ok => "ok",
            Grade::Warn => "WARN",
            Grade::Fail => "FAIL",
        };
        write!(f, "{grade:<5} {:<9} {}", self.subject, self.text)
    }
}

/// Looks, prints the table, and fails if something does.
pub async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let loaded = args.store.load(&[])?;
    let settings = &loaded.settings;
    let mut findings = vec![checks::settings(&loaded), checks::place(settings)];
    findings.extend(checks::store(settings, args.deep).await);
    findings.extend(checks::commits(settings));
    if checks::store_is_there(settings) {
        findings.extend(checks::key_file(settings));
        findings.extend(checks::disk(settings));
    }
    findings.push(checks::clock(settings));
    findings.extend(checks::egress(settings));
    findings.push(checks::serving(settings));
    findings.extend(checks::open_files());
    for finding in &findings {
        say!("{finding}")?;
    }
    let failed = findings.iter().any(|finding| finding.grade == Grade::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
