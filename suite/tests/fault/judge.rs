//! The three ledgers of a run, written into a folder, and the checker's verdict on them.
//!
//! The judge is a program of its own (`src/bin/checker`), which shares nothing with the product.

use std::{
    fmt, fs,
    path::Path,
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{inbox::Inbox, load::Book, wire::Client};

/// What a node may have under way when it ends, whatever the webhooks' limits: results that wait for their commit.
const WAITING_RESULTS: usize = 1_024;
/// A result is stored long before so much time has passed since its answer.
const COMMIT_LIMIT: Duration = Duration::from_secs(5);
/// From here instants are counted, in all three ledgers.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// To be called before anything happens that is told to the judge.
pub fn begin() {
    LazyLock::force(&BEGINNING);
}

/// What there is to judge.
pub struct Case<'a> {
    /// What clients were told.
    pub book: &'a Book,
    /// What receivers got.
    pub inbox: &'a Inbox,
    /// Of each account, a caller of the server.
    pub clients: Vec<Client>,
    /// The webhook of each hook and the place of its account; which of them keep order.
    pub hooks: Vec<(String, usize, bool)>,
    /// From when to when a server stood still.
    pub pauses: &'a [(Instant, Instant)],
    /// How many requests may be on the wire.
    pub in_flight: usize,
    /// By how many seconds a later request may say an earlier time.
    pub skew: i64,
    /// When the last fault was over, when nothing was pending any more, and how long that may take.
    pub drain: (Instant, Instant, Duration),
}

/// The checker's last line.
pub struct Figures(String);

impl Figures {
    /// The number that stands before that word.
    pub fn number(&self, word: &str) -> usize {
        let words: Vec<&str> = self.0.split([' ', ',', '(']).filter(|it| !it.is_empty()).collect();
        let place = words.iter().position(|it| *it == word);
        let number = place.and_then(|place| words.get(place.checked_sub(1)?)?.parse().ok());
        number.unwrap_or_else(|| panic!("no number of {word} in: {}", self.0))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes the ledgers into the folder and has them judged; fails with the violations, if there are any.
pub async fn judge(folder: &Path, mut case: Case<'_>) -> Figures {
    let [clients, receivers, state] =
        ["clients", "receivers", "state"].map(|name| folder.join(format!("{name}.jsonl")));
    write(&clients, &told(case.book));
    write(&receivers, &requests(case.inbox));
    write(&state, &facts(&mut case).await);
    let checker =
        Command::new(env!("CARGO_BIN_EXE_checker")).args([clients, receivers, state]).output().await;
    let checker = checker.expect("the checker can be started");
    let said = String::from_utf8_lossy(&checker.stdout).into_owned();
    assert!(checker.status.success(), "{said}{}", String::from_utf8_lossy(&checker.stderr));
    Figures(said.trim_end().to_owned())
}

fn write(path: &Path, lines: &[Value]) {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(path, text.join("\n")).expect("a ledger can be written");
}

fn micros(at: Instant) -> u64 {
    at.saturating_duration_since(*BEGINNING).as_micros() as u64
}

fn account(place: usize) -> String {
    format!("account {place}")
}

fn told(book: &Book) -> Vec<Value> {
    let entry = |(number, entry): (&u64, &crate::load::Entry)| {
        json!({
            "number": number, "account": account(entry.account), "conversation": entry.conversation,
            "began": micros(entry.began), "ended": micros(entry.ended), "id": entry.id,
            "answer": if entry.id.is_some() { "acked" } else { "indeterminate" },
        })
    };
    book.entries.iter().map(entry).collect()
}

fn requests(inbox: &Inbox) -> Vec<Value> {
    let request = |request: crate::arrival::Request| {
        let body: String = request.body.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "hook": request.hook, "id": request.id, "number": request.number, "body": body,
            "timestamp": request.timestamp, "signature": request.signature.is_ok(),
            "arrived": micros(request.arrived), "status": request.status,
            "answered": request.answered.map(micros), "generation": request.generation,
        })
    };
    inbox.requests().into_iter().map(request).collect()
}

async fn facts(case: &mut Case<'_>) -> Vec<Value> {
    let mut facts = Vec::new();
    for (hook, (_, owner, ordered)) in case.hooks.iter().enumerate() {
        facts.push(json!({"kind": "hook", "hook": hook, "account": account(*owner), "ordered": ordered}));
    }
    facts.extend(case.inbox.ends().iter().map(|end| json!({"kind": "end", "at": micros(*end)})));
    let pause =
        |(from, to): &(Instant, Instant)| json!({"kind": "pause", "from": micros(*from), "to": micros(*to)});
    facts.extend(case.pauses.iter().map(pause));
    for (place, client) in case.clients.iter_mut().enumerate() {
        for event in all(client, "/events").await {
            facts.push(json!({"kind": "event", "account": account(place), "id": event["id"]}));
        }
        for delivery in all(client, "/deliveries").await {
            let hook = case.hooks.iter().position(|(id, ..)| delivery["webhook_id"] == id.as_str());
            facts.push(json!({
                "kind": "delivery", "event": delivery["event_id"], "hook": hook.expect("a webhook of the scene"),
                "state": delivery["state"], "reason": delivery["reason"], "attempts": delivery["attempts"],
            }));
        }
        let mut ledger = client.get("/ledger").await;
        let line = ledger.as_object_mut().expect("the ledger is an object");
        line.remove("unmatched");
        line.insert("kind".to_owned(), json!("ledger"));
        line.insert("account".to_owned(), json!(account(place)));
        facts.push(ledger);
    }
    let (calm, drained, drain) = case.drain;
    facts.push(json!({
        "kind": "bounds", "in_flight": case.in_flight, "waiting": WAITING_RESULTS,
        "commit": COMMIT_LIMIT.as_micros() as u64, "skew": case.skew, "calm": micros(calm), "drained": micros(drained),
        "drain": drain.as_micros() as u64,
    }));
    facts
}

/// All items of a list.
pub async fn all(client: &mut Client, path: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let mut page = client.get(&format!("{path}?limit=500{after}")).await;
        items.append(page["items"].as_array_mut().expect("a list has items"));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}
