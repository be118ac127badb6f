//! The verifiers: the Rust crate `standardwebhooks` in this process, the packages of that name for Python and
//! JavaScript in theirs, if they are there.

use std::{fmt::Write, path::Path};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use suite::{receiver::Received, store::skipped};
use tempfile::NamedTempFile;
use tokio::process::Command;

/// A request, a key, and what every verifier must think of them.
pub(crate) struct Case {
    what: &'static str,
    secret: String,
    request: Received,
    right: bool,
}

impl Case {
    /// One that must be accepted.
    pub(crate) fn right(what: &'static str, secret: &str, request: &Received) -> Self {
        Self { what, secret: secret.to_owned(), request: request.clone(), right: true }
    }

    /// One that must be refused.
    pub(crate) fn wrong(what: &'static str, secret: &str, request: &Received) -> Self {
        Self { right: false, ..Self::right(what, secret, request) }
    }
}

/// Shows the cases to every verifier that is there; each must think of each what it must.
pub(crate) async fn agree(topic: &str, cases: Vec<Case>) {
    compare(topic, "Rust", &cases, &cases.iter().map(rust).collect::<Vec<_>>());
    let file = written(&cases);
    let scripts = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/oracles"));
    match environment("LEADPOST_TEST_PYTHON") {
        Some(python) => {
            let mut command = Command::new(python);
            command.arg(scripts.join("verify.py")).arg(file.path());
            compare(topic, "Python", &cases, &lines(command).await);
        }
        None => {
            skipped("verifiers", "LEADPOST_TEST_PYTHON names no Python with the package standardwebhooks");
        }
    }
    match environment("LEADPOST_TEST_NODE").zip(environment("LEADPOST_TEST_NODE_MODULES")) {
        Some((node, modules)) => {
            let mut command = Command::new(node);
            command.arg(scripts.join("verify.mjs")).arg(file.path()).arg(modules);
            compare(topic, "JavaScript", &cases, &lines(command).await);
        }
        None => skipped("verifiers", "LEADPOST_TEST_NODE_MODULES holds no package standardwebhooks"),
    }
}

#[expect(clippy::disallowed_methods, reason = "how `cargo xtask test` tells tests what it brought")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn compare(topic: &str, judge: &str, cases: &[Case], verdicts: &[String]) {
    assert_eq!(verdicts.len(), cases.len(), "{topic}: {judge} judged not all: {:?}", verdicts.last());
    let (mut accepted, mut refused) = ((0, 0), (0, 0));
    for (case, verdict) in cases.iter().zip(verdicts) {
        let right = verdict == "accepted";
        assert!(right || verdict.starts_with("refused: "), "{topic}: {judge} says {verdict}");
        let count = if case.right { &mut accepted } else { &mut refused };
        count.1 += 1;
        count.0 += usize::from(right == case.right);
        let body = String::from_utf8_lossy(&case.request.body);
        let headers = &case.request.headers;
        assert_eq!(right, case.right, "{topic}, {}: {judge} says {verdict} to {headers:?} {body}", case.what);
    }
    println!(
        "{topic}: {judge} accepted {}/{} and refused {}/{}",
        accepted.0, accepted.1, refused.0, refused.1
    );
}

fn rust(case: &Case) -> String {
    let mut headers = HeaderMap::new();
    for (name, value) in &case.request.headers {
        let name = HeaderName::try_from(name).expect("a header name");
        if headers.insert(name, HeaderValue::try_from(value).expect("a header value")).is_some() {
            return "refused: a header comes twice".to_owned();
        }
    }
    let judge = standardwebhooks::Webhook::new(&case.secret).expect("a good secret");
    match judge.verify(&case.request.body, &headers) {
        Ok(()) => "accepted".to_owned(),
        Err(error) => format!("refused: {error}"),
    }
}

/// The cases as the scripts read them.
fn written(cases: &[Case]) -> NamedTempFile {
    let cases: Vec<_> = cases
        .iter()
        .map(|case| {
            let body = case.request.body.iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").expect("a string takes everything");
                hex
            });
            json!({"secret": case.secret, "headers": case.request.headers, "body": body})
        })
        .collect();
    let mut file = NamedTempFile::new().expect("a temporary file");
    serde_json::to_writer(&mut file, &cases).expect("a writable temporary file");
    file
}

async fn lines(mut command: Command) -> Vec<String> {
    let output = command.output().await.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}
