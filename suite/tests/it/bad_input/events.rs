//! Events that break a rule, alone and as one of many.

use serde_json::{Value, json};

use super::Row;

const POST: &str = "POST /events";
const BATCH: &str = "POST /events/batch";

/// An event that is right, with `member` replaced or added.
fn with(member: &str, value: Value) -> String {
    let mut event = json!({"type": "Chat Transcript", "data": {"chat_transcript": "Hello"}});
    event[member] = value;
    event.to_string()
}

/// A right event of that type with other data.
fn data(event_type: &str, data: &str) -> String {
    format!(r#"{{"type":"{event_type}","data":{data}}}"#)
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = fields();
    rows.extend(types());
    rows.extend(required_data());
    rows.extend(sizes());
    rows.extend(batches());
    rows
}

fn fields() -> Vec<Row> {
    let mut rows = vec![
        Row::new("an event without a type", POST, r#"{"data":{"chat_transcript":"x"}}"#).at("/type"),
        Row::new("an event without data", POST, r#"{"type":"Chat Transcript"}"#).at("/data"),
        Row::new("an event of nothing", POST, "{}").at("/data"),
    ];
    let wrong = [
        ("type", json!([null, 7, true, ["Chat Transcript"], {}])),
        ("data", json!([null, 7, true, "{}", [], [{"chat_transcript": "x"}]])),
        ("conversation_id", json!([7, true, [], {}, "", "x".repeat(129), "é".repeat(129)])),
        ("conversation_id", json!(["a\u{0}", "a\nb", "\u{1f}", "\u{7f}", "\u{85}"])),
        ("occurred_at", json!([7, 1_772_619_330, true, [], {}, "", "now", "yesterday", "1772619330"])),
        (
            "occurred_at",
            json!(["2026-03-04", "2026-03-04T10:15:30", "2026-02-30T00:00:00Z", "2026-03-04T25:00:00Z"]),
        ),
        ("occurred_at", json!(["2026-03-04T10:15:30+99:99", "2026-13-01T00:00:00Z", "10:15:30Z"])),
        // Forms of ISO 8601 that RFC 3339 has not.
        (
            "occurred_at",
            json!(["20260304T101530Z", "2026-03-04T10:15Z", "2026-03-04T10Z", "2026-03-04T10:15:30,5Z"]),
        ),
        (
            "occurred_at",
            json!(["2026-03-04T10:15:30Z[UTC]", "2026-03-04T10:15:30+01", "2026-03-04T10:15:30.Z"]),
        ),
        (
            "occurred_at",
            json!(["+002026-03-04T10:15:30Z", " 2026-03-04T10:15:30Z", "2026-03-04T10:15:30Z\u{0}"]),
        ),
        ("id", json!(["evt_0"])),
        ("event_type", json!(["Chat Transcript"])),
        ("account", json!(["acc_0"])),
        ("test", json!([true])),
    ];
    for (member, values) in wrong {
        for value in values.as_array().into_iter().flatten() {
            let name = format!("an event with {member} {:.40}", value.to_string());
            rows.push(Row::new(name, POST, with(member, value.clone())).at(format!("/{member}")));
        }
    }
    rows
}

fn types() -> Vec<Row> {
    let unknown = [
        "",
        "Lead",
        "contact information",
        "Contact  Information",
        "Chat Transcript ",
        "Chat\u{0}Transcript",
    ];
    let unknown = unknown.map(|name| {
        let row = Row::new(format!("an event of type {name:?}"), POST, with("type", name.into()));
        row.saying(&["Contact Information", "Chat Transcript", "Webhook Notice", "Marker Completed"])
    });
    let made_here = ["Webhook Notice", "Marker Completed"].map(|name| {
        let row = Row::new(format!("an event of type {name}"), POST, with("type", name.into()));
        row.saying(&["cannot be posted"])
    });
    let rows = unknown.into_iter().chain(made_here);
    rows.map(|row| row.refused(422, "unknown_event_type").at("/type")).collect()
}

fn required_data() -> Vec<Row> {
    let mut rows = Vec::new();
    let contact = json!({"name": "A", "email": "a@example.com", "phone": "+1"});
    for member in ["name", "email", "phone"] {
        let mut without = contact.clone();
        without.as_object_mut().expect("an object").remove(member);
        let name = format!("a contact without {member}");
        rows.push(
            Row::new(name, POST, data("Contact Information", &without.to_string()))
                .at(format!("/data/{member}")),
        );
        for value in [json!(7), json!(true), json!([]), json!(["A"]), json!({})] {
            let mut wrong = contact.clone();
            wrong[member] = value.clone();
            let name = format!("a contact with {member} {value}");
            rows.push(
                Row::new(name, POST, data("Contact Information", &wrong.to_string()))
                    .at(format!("/data/{member}")),
            );
        }
    }
    let twice = r#"{"name":"A","email":null,"phone":null,"name":7}"#;
    rows.push(
        Row::new("a contact with a second, wrong name", POST, data("Contact Information", twice))
            .at("/data/name"),
    );
    let renamed = r#"{"Name":"A","E-Mail":"a@example.com","phone":null}"#;
    rows.push(
        Row::new("a contact in other words", POST, data("Contact Information", renamed)).at("/data/email"),
    );
    for transcript in
        ["{}", r#"{"chat_transcript":null}"#, r#"{"chat_transcript":7}"#, r#"{"chat_transcript":["x"]}"#]
    {
        let name = format!("a transcript of {transcript}");
        rows.push(Row::new(name, POST, data("Chat Transcript", transcript)).at("/data/chat_transcript"));
    }
    rows
}

/// Data of a transcript with arrays nested so deep in it; the data itself is one level.
pub(super) fn nested(depth: usize) -> String {
    format!(r#"{{"chat_transcript":"","more":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1))
}

/// Data of a transcript that is so many bytes long.
pub(super) fn long(bytes: usize) -> String {
    let frame = r#"{"chat_transcript":""}"#.len();
    format!(r#"{{"chat_transcript":"{}"}}"#, "x".repeat(bytes - frame))
}

fn sizes() -> Vec<Row> {
    let brackets = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let too_long = data("Chat Transcript", &long(256 * 1024 + 1));
    vec![
        Row::new("data of 65 levels", POST, data("Chat Transcript", &nested(65))).at("/data").saying(&["64"]),
        Row::new("data of 100,000 levels", POST, data("Chat Transcript", &nested(100_000))).at("/data"),
        Row::new("data that is 100,000 arrays", POST, data("Chat Transcript", &brackets)).at("/data"),
        Row::new("data of 256 KiB and a byte", POST, too_long).refused(413, "payload_too_large").at("/data"),
    ]
}

fn batch(events: &[String]) -> String {
    format!(r#"{{"events":[{}]}}"#, events.join(","))
}

fn batches() -> Vec<Row> {
    let mut rows = vec![Row::new("a batch without events", BATCH, "{}").at("/events")];
    let good = data("Chat Transcript", r#"{"chat_transcript":"Hello"}"#);
    for events in ["null", "{}", "7", r#""[]""#, "[]"] {
        rows.push(
            Row::new(format!("a batch of {events}"), BATCH, format!(r#"{{"events":{events}}}"#))
                .at("/events"),
        );
    }
    let many = batch(&vec![good.clone(); 1_001]);
    rows.push(Row::new("a batch of 1,001 events", BATCH, many).at("/events").saying(&["1000", "1001"]));
    for (bad, pointer) in [
        ("7".to_owned(), "/events/17"),
        ("[]".to_owned(), "/events/17"),
        ("null".to_owned(), "/events/17"),
        ("{}".to_owned(), "/events/17/type"),
        (with("type", json!(7)), "/events/17/type"),
        (with("occurred_at", json!("now")), "/events/17/occurred_at"),
        (with("conversation_id", json!("")), "/events/17/conversation_id"),
        (with("colour", json!("red")), "/events/17/colour"),
        (data("Chat Transcript", "[]"), "/events/17/data"),
        (data("Chat Transcript", &nested(65)), "/events/17/data"),
        (data("Contact Information", r#"{"name":null,"phone":null}"#), "/events/17/data/email"),
        (good.replacen('{', r#"{"type":"Chat Transcript","#, 1), "/events/17/type"),
    ] {
        let name = format!("a batch with an 18th event {bad:.60}");
        rows.push(Row::new(name, BATCH, eighteenth(&good, bad)).at(pointer));
    }
    let lead = eighteenth(&good, with("type", json!("Lead")));
    rows.push(
        Row::new("a batch with an 18th event of an unknown type", BATCH, lead)
            .refused(422, "unknown_event_type")
            .at("/events/17/type"),
    );
    let long = eighteenth(&good, data("Chat Transcript", &long(256 * 1024 + 1)));
    rows.push(
        Row::new("a batch with an 18th event that is too long", BATCH, long)
            .refused(413, "payload_too_large")
            .at("/events/17/data"),
    );
    rows
}

/// Twenty events of which the 18th is `bad`.
fn eighteenth(good: &str, bad: String) -> String {
    let mut events = vec![good.to_owned(); 20];
    events[17] = bad;
    batch(&events)
}
