//! `leadpost listen`: a receiver at a terminal, to see what Leadpost sends and to rehearse trouble.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use domain::{Secret, Timestamp};
use hyper::StatusCode;
use hyper::service::service_fn;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::out::say;
use crate::receiver::{Behaviour, Received, Receiver};
use crate::{accept, ambient, pretty, signals};

/// What to listen on and how to answer.
#[derive(Args)]
pub struct ListenArgs {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8099")]
    listen: String,
    /// File with the webhook's secret, whsec_…; several lines are several secrets.
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
    /// Status to answer when the signature is good; otherwise it is 401.
    #[arg(long, value_name = "STATUS", default_value = "204")]
    answer: StatusCode,
    /// Hold each answer back for so many milliseconds.
    #[arg(long, value_name = "N", default_value_t = 0)]
    delay_ms: u64,
    /// Answer 503 to the first N good requests.
    #[arg(long, value_name = "N", default_value_t = 0)]
    fail_first: u64,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Listens until it is told to stop.
pub async fn run(args: ListenArgs) -> anyhow::Result<()> {
    let secrets = read_secrets(&args.secret_file)?;
    let listener = TcpListener::bind(&args.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another address with --listen", args.listen))?;
    let address = listener.local_addr()?;
    eprintln!("listening on http://{address}/, stop with Ctrl-C");
    eprintln!("to let a Leadpost on this machine send here, start it with");
    eprintln!("  LEADPOST_EGRESS__ALLOW_HTTP=true LEADPOST_EGRESS__ALLOW_HOSTS={address}");
    let behaviour = Behaviour {
        secrets,
        answer: args.answer,
        delay: Duration::from_millis(args.delay_ms),
        fail_first: args.fail_first,
    };
    let (reports, mut received) = mpsc::unbounded_channel();
    let receiver = Receiver::new(behaviour, ambient::system().clock, reports);
    let service = move |_peer| {
        let receiver = receiver.clone();
        service_fn(move |request| receiver.clone().answer(request))
    };
    let serving = async {
        accept::serve(listener, None, service, signals::first()).await;
        anyhow::Ok(())
    };
    let printing = async {
        while let Some(request) = received.recv().await {
            print(&request, args.json)?;
        }
        anyhow::Ok(())
    };
    // The receiver and with it the channel live in the service, so that printing ends when serving does; and serving
    // ends when nothing can be printed.
    tokio::try_join!(serving, printing).map(|_| ())
}

fn read_secrets(file: &Path) -> anyhow::Result<Vec<Secret>> {
    let text = fs::read_to_string(file).with_context(|| {
        format!("cannot read {}; put the secret there that creating the webhook has shown", file.display())
    })?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let secrets: Vec<_> = lines
        .map(Secret::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| anyhow::anyhow!("{} has a line that is no secret: it {error}", file.display()))?;
    anyhow::ensure!(
        !secrets.is_empty(),
        "{} is empty; put the webhook's secret there, whsec_…",
        file.display()
    );
    Ok(secrets)
}

fn print(request: &Received, json: bool) -> anyhow::Result<()> {
    let text = if json { as_json(request) } else { as_text(request) };
    say!("{text}")
}

fn as_json(request: &Received) -> String {
    let body = match serde_json::from_slice::<&RawValue>(&request.body) {
        Ok(raw) => pretty::on_one_line(raw.get()),
        Err(_) => json!(String::from_utf8_lossy(&request.body)).to_string(),
    };
    let mut line = json!({
        "number": request.number,
        "at": request.at.to_string(),
        "method": request.method.as_str(),
        "target": request.target,
        "event_type": request.header("webhook-event-type"),
        "webhook_id": request.header("webhook-id"),
        "test": request.header("webhook-test") == "true",
        "verified": request.verdict.is_ok(),
        "reason": request.verdict.as_ref().err(),
        "repeat": request.repeat,
        "answered": request.answered.as_u16(),
    })
    .to_string();
    // The body goes in as it came: a parsed copy would lose the order of its members.
    line.pop();
    format!("{line},\"body\":{body}}}")
}

fn as_text(request: &Received) -> String {
    let verdict = match &request.verdict {
        Ok(()) => "signature verified".to_owned(),
        Err(reason) => format!("NOT TRUSTED: {reason}"),
    };
    let or_dash = |text: &str| {
        if text.is_empty() { "-".to_owned() } else { text.to_owned() }
    };
    let mut notes = Vec::new();
    notes.extend((request.header("webhook-test") == "true").then_some("test"));
    notes.extend(request.repeat.then_some("repeat of an id seen before"));
    let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
    let body = match request.body.as_ref() {
        [] => String::new(),
        body => pretty::indented(body, "   ") + "\n",
    };
    format!(
        "#{} {}  {} {}  {}  {}{notes}\n   {verdict}, answered {}\n{body}",
        request.number,
        Timestamp::from_micros(request.at.micros() / 1_000 * 1_000),
        request.method,
        request.target,
        or_dash(request.header("webhook-event-type")),
        or_dash(request.header("webhook-id")),
        request.answered.as_u16(),
    )
}
