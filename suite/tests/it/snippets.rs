//! How README.md tells receivers to verify a signature: what it quotes is what runs here, in each language, against
//! signatures that the product's own code makes.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use domain::{Secret, signature};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use suite::store::skipped;
use tempfile::TempDir;

mod rust {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/snippets/verify.rs"));
}

/// A request as a receiver gets it, and what must be thought of it.
#[derive(Clone)]
struct Case {
    what: &'static str,
    secret: String,
    /// Id, timestamp and signature; None: the header is absent.
    headers: [Option<String>; 3],
    body: String,
    right: bool,
}

const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const ID: &str = "evt_0198c4de5f00700080a1b2c3d4e5f607";
const BODY: &str = r#"{"type":"Contact Information","data":{"name":"Zoë 👩‍💻","email":null,"phone":null}}"#;

impl Case {
    /// A request that is right, signed `age` seconds ago by all of `signers`, at a receiver that knows `known`.
    fn signed(what: &'static str, age: i64, signers: &[&Secret], known: &Secret) -> Self {
        let timestamp = now() - age;
        let signature = signature::header(signers.iter().copied(), ID, timestamp, BODY.as_bytes());
        Self {
            what,
            secret: known.to_text().reveal().to_owned(),
            headers: [Some(ID.to_owned()), Some(timestamp.to_string()), Some(signature)],
            body: BODY.to_owned(),
            right: true,
        }
    }

    /// The same request, spoilt.
    fn but(&self, what: &'static str, spoil: impl FnOnce(&mut Self)) -> Self {
        let mut case = Self { what, right: false, ..self.clone() };
        spoil(&mut case);
        case
    }

    fn header(&self) -> String {
        self.headers[2].clone().unwrap_or_default()
    }

    fn as_json(&self) -> Value {
        let present =
            HEADERS.iter().zip(&self.headers).filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        let headers: serde_json::Map<_, _> =
            present.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        json!({"secret": self.secret, "headers": headers, "body": self.body})
    }
}

#[expect(clippy::disallowed_methods, reason = "the programs under test read the machine's clock")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.expect("it is after 1970").as_secs()).expect("it is not that late")
}

#[expect(clippy::disallowed_methods, reason = "how `cargo xtask test` tells tests what it brought")]
fn interpreter(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

fn cases() -> Vec<Case> {
    let [old, new] = [Secret::from_bytes(&[1; 32]), Secret::from_bytes(&[0xfe; 32])];
    let short = Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX").expect("24 bytes are enough");
    let valid = Case::signed("valid", 0, &[&new], &new);
    let rotated = Case::signed("rotated, the receiver has the old secret", 0, &[&new, &old], &old);
    let wrong = |case: Case| Case { right: false, ..case };
    vec![
        Case::signed("valid with a secret of 24 bytes", 0, &[&short], &short),
        Case::signed("rotated, the receiver has the new secret", 0, &[&new, &old], &new),
        Case::signed("four minutes old", 240, &[&new], &new),
        Case::signed("four minutes ahead", -240, &[&new], &new),
        Case {
            right: true,
            ..valid.but("unknown versions first", |it| it.prefix_signature("v1a,AAAA v2,AAAA "))
        },
        wrong(Case::signed("signed by another", 0, &[&old], &new)),
        wrong(Case::signed("six minutes old", 360, &[&new], &new)),
        wrong(Case::signed("six minutes ahead", -360, &[&new], &new)),
        rotated.but("rotated, body changed", |it| it.body.push(' ')),
        valid.but("body changed", |it| it.body = it.body.replace("Zoë", "Zoe")),
        valid.but("body empty", |it| it.body.clear()),
        valid.but("id changed", |it| it.headers[0] = Some(ID.replace('0', "1"))),
        valid.but("timestamp changed", |it| it.headers[1] = Some((now() - 7).to_string())),
        valid.but("timestamp is no number", |it| it.headers[1] = Some("soon".to_owned())),
        valid.but("timestamp is huge", |it| it.headers[1] = Some("9".repeat(5_000))),
        valid.but("another version", |it| it.headers[2] = Some(it.header().replace("v1,", "v2,"))),
        valid.but("signature cut short", |it| it.headers[2] = Some(it.header()[..20].to_owned())),
        valid.but("signature without digits", |it| it.headers[2] = Some("v1,".to_owned())),
        valid.but("signature without version", |it| it.headers[2] = Some(it.header()[3..].to_owned())),
        valid.but("no id", |it| it.headers[0] = None),
        valid.but("no timestamp", |it| it.headers[1] = None),
        valid.but("no signature", |it| it.headers[2] = None),
        valid,
        rotated,
    ]
}

impl Case {
    fn prefix_signature(&mut self, tokens: &str) {
        self.headers[2] = Some(format!("{tokens}{}", self.header()));
    }
}

/// Shows all cases to a program, which reads them from its input and says `true` or `false` to each.
fn check(language: &str, command: &mut Command) {
    let cases = cases();
    let input = Value::from(cases.iter().map(Case::as_json).collect::<Vec<_>>()).to_string();
    let output = fed(command, &input).expect("a program that was there a moment ago starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{language}: {errors}");
    let verdicts: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    compare(language, &cases, &verdicts);
}

fn compare(language: &str, cases: &[Case], verdicts: &[String]) {
    assert_eq!(verdicts.len(), cases.len(), "{language} judged not all");
    for (case, verdict) in cases.iter().zip(verdicts) {
        assert_eq!(*verdict, case.right.to_string(), "{language}: {}", case.what);
    }
}

fn fed(command: &mut Command, input: &str) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // A program that ends early says why itself.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    child.wait_with_output()
}

/// Whether a program works; if not, a loud line says so.
fn is_there(language: &str, program: &str, version: &str) -> bool {
    let works = fed(Command::new(program).arg(version), "").is_ok_and(|output| output.status.success());
    if !works {
        skipped(&format!("snippet-{language}"), &format!("there is no {program} here"));
    }
    works
}

fn snippet(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snippets").join(file)
}

fn check_interpreted(language: &str, program: &str, file: &str) {
    if is_there(language, program, "--version") {
        check(language, Command::new(program).arg(snippet(file)));
    }
}

#[test]
fn the_javascript_of_the_readme_tells_right_from_wrong() {
    check_interpreted("javascript", &interpreter("LEADPOST_TEST_NODE", "node"), "verify.js");
}

#[test]
fn the_python_of_the_readme_tells_right_from_wrong() {
    check_interpreted("python", &interpreter("LEADPOST_TEST_PYTHON", "python3"), "verify.py");
}

#[test]
fn the_php_of_the_readme_tells_right_from_wrong() {
    check_interpreted("php", "php", "verify.php");
}

#[test]
fn the_ruby_of_the_readme_tells_right_from_wrong() {
    check_interpreted("ruby", "ruby", "verify.rb");
}

#[test]
fn the_go_of_the_readme_tells_right_from_wrong() {
    if !is_there("go", "go", "version") {
        return;
    }
    let folder = TempDir::new().expect("a temporary folder can be made");
    let binary = folder.path().join("verify");
    let mut build = Command::new("go");
    // Nothing but the standard library is needed, so nothing may be fetched, nor a cache of somebody's be used.
    build.env("GOCACHE", folder.path().join("cache")).env("GOFLAGS", "").env("GOPROXY", "off");
    build.args(["build", "-o"]).arg(&binary).arg(snippet("verify.go"));
    let built = fed(&mut build, "").expect("go starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    check("go", &mut Command::new(binary));
}

#[test]
fn the_rust_of_the_readme_tells_right_from_wrong() {
    let cases = cases();
    let verdicts: Vec<String> = cases.iter().map(|case| judged_by_rust(case).to_string()).collect();
    compare("rust", &cases, &verdicts);
}

fn judged_by_rust(case: &Case) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in HEADERS.into_iter().zip(&case.headers) {
        if let Some(value) = value {
            let value = HeaderValue::from_str(value).expect("a header's value");
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    rust::verify(&case.secret, &headers, case.body.as_bytes())
}

/// The code block of the README that follows the comment naming `file`.
fn quoted<'a>(readme: &'a str, file: &str) -> Option<&'a str> {
    let (_, after) = readme.split_once(&format!("<!-- suite/snippets/{file} -->"))?;
    let (_, block) = after.split_once("```")?;
    let (_, code) = block.split_once('\n')?;
    Some(code.split_once("```")?.0)
}

/// The part of a snippet's file between its marks.
fn marked(text: &str) -> Option<String> {
    let is_mark = |line: &&str, mark: &str| matches!(line.strip_prefix("//").or(line.strip_prefix('#')), Some(rest) if rest.trim() == mark);
    let inside = text.lines().skip_while(|line| !is_mark(line, "begin")).skip(1);
    let lines: Vec<&str> = inside.take_while(|line| !is_mark(line, "end")).collect();
    (!lines.is_empty()).then(|| lines.join("\n").trim_end().to_owned() + "\n")
}

#[test]
fn the_readme_quotes_each_snippet_as_it_is() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).expect("there is a README.md");
    for language in ["js", "py", "php", "rb", "go", "rs"] {
        let file = format!("verify.{language}");
        let text = fs::read_to_string(snippet(&file)).expect("the snippet is there");
        let marked = marked(&text).unwrap_or_else(|| panic!("{file} has no marked part"));
        assert_eq!(
            quoted(&readme, &file),
            Some(marked.as_str()),
            "README.md and suite/snippets/{file} differ"
        );
    }
}
