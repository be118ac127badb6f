//! `leadpost send`: posts one event to a running Leadpost, as a program would, and shows the answer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bytes::Bytes;
use clap::Args;
use domain::ApiKeyText;
use hyper::Uri;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::out::say;

/// The path of events below a server's base URL.
pub const EVENTS: &str = "/api/v1/events";

/// What to send, and where.
#[derive(Args)]
pub struct SendArgs {
    /// The Leadpost's base URL, such as http://127.0.0.1:8080.
    #[arg(long, value_name = "URL")]
    url: Uri,
    /// File with an API key of the scope ingest or admin, lpk_….
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The event's type, such as "Contact Information" or "Chat Transcript".
    #[arg(long = "type", value_name = "TYPE")]
    event_type: String,
    /// The event's data: a JSON object, or @FILE to read it from a file (@- from standard input).
    #[arg(long, value_name = "JSON|@FILE")]
    data: String,
    /// Your own name of the conversation it belongs to.
    #[arg(long, value_name = "C")]
    conversation_id: Option<String>,
    /// The same key again gives the same answer and no second event.
    #[arg(long, value_name = "K")]
    idempotency_key: Option<String>,
}

/// The body of `POST /api/v1/events`.
#[derive(Serialize)]
pub struct EventBody<'a> {
    /// See the catalogue of types.
    #[serde(rename = "type")]
    pub event_type: &'a str,
    /// Goes byte for byte.
    pub data: &'a RawValue,
    /// Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<&'a str>,
}

/// Sends the event; an answer that is no success is an error.
pub async fn run(args: SendArgs) -> anyhow::Result<()> {
    let key = read_key(&args.key_file)?;
    let data = read_data(&args.data)?;
    let body = EventBody {
        event_type: &args.event_type,
        data: &data,
        conversation_id: args.conversation_id.as_deref(),
    };
    let json = Bytes::from(serde_json::to_vec(&body)?);
    let headers: Vec<_> = args.idempotency_key.iter().map(|key| ("idempotency-key", key.as_str())).collect();
    let mut client = Client::connect(&args.url, Some(&key)).await?;
    let answer = client.post(EVENTS, &headers, json).await?;
    let accepted = answer.json()?;
    say!("{}", String::from_utf8_lossy(&answer.body))?;
    if accepted["deliveries"] == 0 {
        eprintln!("accepted, but no webhook asks for {:?}: nothing will be sent", args.event_type);
    }
    Ok(())
}

/// Reads an API key from a file, which keeps it out of the list of processes and the shell's history.
pub fn read_key(file: &Path) -> anyhow::Result<ApiKeyText> {
    let text = fs::read_to_string(file).with_context(|| {
        format!("cannot read {}; `leadpost key create --name N > FILE` makes a key", file.display())
    })?;
    ApiKeyText::parse(text.trim())
        .with_context(|| format!("{} holds no API key: it must be lpk_… and nothing else", file.display()))
}

fn read_data(argument: &str) -> anyhow::Result<Box<RawValue>> {
    let text = match argument.strip_prefix('@') {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?,
        Some(file) => fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?,
        None => argument.to_owned(),
    };
    RawValue::from_string(text.trim().to_owned()).context("--data is not JSON")
}
