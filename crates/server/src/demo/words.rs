//! What the demo prints.

use std::net::SocketAddr;
use std::time::Duration;

use domain::{ApiKeyText, EventType, Secret};
use serde_json::Value;

use crate::out::say;
use crate::pretty;
use crate::receiver::Received;

const MARGIN: &str = "       ";

/// The picture: who talks to whom, and where.
pub fn introduce(url: &str, receiver: SocketAddr) -> anyhow::Result<()> {
    let receiver = format!("http://{receiver}/");
    say!(
        r"
Leadpost demo: what visitors tell your chatbot reaches your own URL, signed, at once.

   a page with the widget     Leadpost                    your receiver
  ┌─────────────────┐        ┌─────────────────────┐     ┌─────────────────────┐
  │ a visitor chats │───────▶│ 1 keep it on disk   │     │ 4 check signature   │
  │                 │◀───────│ 2 answer            │     │ 5 answer 2xx        │
  └─────────────────┘        │ 3 sign and send it  │────▶│                     │
                             └─────────────────────┘     └─────────────────────┘
   this demo                  {url:<28}{receiver}

── a visitor books a trip ───────────────────────────────────────────────────────"
    )
}

/// Something was said, with the answers to choose from.
pub fn line(author: &str, text: &str, ask: &Value) -> anyhow::Result<()> {
    let labels =
        ask["choices"].as_array().into_iter().flatten().filter_map(|choice| choice["label"].as_str());
    let labels: Vec<_> = labels.map(|label| format!("[{label}]")).collect();
    let buttons = if labels.is_empty() { String::new() } else { format!("  {}", labels.join(" ")) };
    say!("  {author:>7}  {text}{buttons}")
}

/// What the visitor did came out.
pub fn arrived(event_type: EventType, request: &Received, after: Duration) -> anyhow::Result<()> {
    let title = format!("── {} arrives: {} {} ", event_type.as_str(), request.method, request.target);
    say!("\n{title:─<81}")?;
    print_request(request)?;
    let verdict = match &request.verdict {
        Ok(()) => "signature verified".to_owned(),
        Err(reason) => format!("NOT TRUSTED: {reason}"),
    };
    say!("       {verdict}, {} after the visitor's last word", milliseconds(after))?;
    say!()
}

/// Something that the visitor sent came out.
pub fn arrived_later(request: &Received) -> anyhow::Result<()> {
    let verdict = request
        .verdict
        .as_ref()
        .map_or_else(|reason| format!("NOT TRUSTED: {reason}"), |()| "signature verified".to_owned());
    say!("  out  {} {}, {verdict}", request.method, request.target)?;
    print_request(request)?;
    say!()
}

fn print_request(request: &Received) -> anyhow::Result<()> {
    let shown = |name: &&str| *name == "content-type" || name.starts_with("webhook-");
    let mut names: Vec<_> =
        request.headers.keys().map(hyper::header::HeaderName::as_str).filter(shown).collect();
    names.sort_unstable();
    for name in names {
        say!("{MARGIN}{name}: {}", request.header(name))?;
    }
    say!("{}", pretty::indented(&request.body, MARGIN))
}

/// What to try next.
pub fn invite(url: &str, key: &ApiKeyText, secret: &Secret) -> anyhow::Result<()> {
    let (key, secret) = (key.reveal(), secret.to_text());
    let secret = secret.reveal();
    say!(
        r#"Now you. This demo stays up until you press Ctrl-C; what you cause shows up here.

  a page    {url}/demo
            chat with the bot; ask for a person, and answer as the operator:
  operator  {url}/conversations

  API       {url}/api/v1   (described in {url}/openapi.json)
  API key   {key}
  secret    {secret}   (of the webhook)

  curl -X POST {url}/api/v1/events \
    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
    -d '{{"type":"Contact Information","data":{{"name":"Ada","email":null,"phone":null}}}}'

  curl {url}/api/v1/deliveries -H 'Authorization: Bearer {key}'
  curl {url}/api/v1/ledger -H 'Authorization: Bearer {key}'
"#
    )
}

/// Who can sign in, and where.
pub fn sign_in(url: &str, email: &str, password: &str) -> anyhow::Result<()> {
    say!("  sign in   {url}/sign-in   {email}   {password}\n")
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
