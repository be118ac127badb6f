//! Recoveries that break a rule, and changes that a recovery does not take.

use serde_json::{Value, json};

use super::Row;

const CREATE: &str = "POST /recoveries";
const UPDATE: &str = "PATCH /recoveries/{recovery}";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = missing();
    for (member, values) in WRONG {
        let values: Value = serde_json::from_str(values).expect("the table is JSON");
        for value in values.as_array().into_iter().flatten() {
            rows.push(new(member, value.clone()).at(format!("/{member}")));
        }
    }
    rows.extend(states());
    rows.extend(windows());
    rows.extend(changes());
    rows.extend(strangers());
    rows
}

/// A good recovery, but for this member.
fn new(member: &str, value: Value) -> Row {
    let name = format!("{CREATE}: {member} {:.60}", value.to_string());
    let mut body = json!({"webhook_id": "{webhook}", "since": "2026-01-01T00:00:00Z"});
    body[member] = value;
    Row::new(name, CREATE, body.to_string())
}

fn missing() -> Vec<Row> {
    let without =
        |name: &str| Row::new(format!("a recovery without {name}"), CREATE, "{}").at(format!("/{name}"));
    vec![
        without("webhook_id"),
        without("since"),
        Row::new("a change of a recovery without its state", UPDATE, "{}").at("/state"),
    ]
}

/// Members with values that are wrong as a whole.
const WRONG: [(&str, &str); 11] = [
    ("webhook_id", r#"[7, null, "", "CRM", "evt_0198c4de5f00700080a1b2c3d4e5f607", ["x"], {}]"#),
    ("since", r#"[7, null, "", "yesterday", "2026-03-04", "2026-02-30T00:00:00Z", 1767225600, [], {}]"#),
    ("until", r#"[7, "", "now", "2026-03-04T10:15:30", [], {}, false]"#),
    ("states", r#"[7, "exhausted", [], {}, true]"#),
    ("rate_per_second", r#"[0, 100001, -1, 1.5, 1e2, "5", 4294967296, true, [], {}]"#),
    ("dry_run", r#"[0, 1, "true", "", [], {}]"#),
    ("dry-run", "[true]"),
    ("event_types", r#"[["Chat Transcript"]]"#),
    ("state", r#"["running"]"#),
    ("place", r#"["dlv_0198c4de5f00700080a1b2c3d4e5f607"]"#),
    ("account", r#"["x"]"#),
];

fn states() -> Vec<Row> {
    let mut rows = Vec::new();
    for (value, place) in [
        (json!(["lost"]), 0),
        (json!(["Exhausted"]), 0),
        (json!([""]), 0),
        (json!([7]), 0),
        (json!(["exhausted", null]), 1),
        (json!(["skipped", ["exhausted"]]), 1),
    ] {
        rows.push(new("states", value).at(format!("/states/{place}")));
    }
    for value in [json!(["pending"]), json!(["exhausted", "pending"])] {
        let place = format!("/states/{}", value.as_array().map_or(0, |all| all.len() - 1));
        rows.push(new("states", value).at(place).saying(&["what is pending is sent anyway"]));
    }
    rows
}

fn windows() -> Vec<Row> {
    let window = |since: &str, until: Option<&str>| {
        let mut body = json!({"webhook_id": "{webhook}", "since": since, "dry_run": true});
        if let Some(until) = until {
            body["until"] = json!(until);
        }
        let name = format!("a recovery from {since} to {until:?}");
        Row::new(name, CREATE, body.to_string()).at("/since")
    };
    vec![
        window("2026-01-02T00:00:00Z", Some("2026-01-01T00:00:00Z")).saying(&["before until"]),
        window("2026-01-01T00:00:00Z", Some("2026-01-01T00:00:00Z")),
        window("2026-01-01T00:00:00Z", Some("2026-01-01T01:00:00+01:00")),
        window("9999-01-01T00:00:00Z", None).saying(&["before now"]),
        window("9998-01-01T00:00:00Z", Some("9999-01-01T00:00:00Z")).saying(&["before now"]),
    ]
}

fn changes() -> Vec<Row> {
    let mut rows = Vec::new();
    for value in
        [json!(7), json!(null), json!(""), json!("done"), json!("cancelled"), json!("Paused"), json!([])]
    {
        let body = json!({"state": value}).to_string();
        rows.push(Row::new(format!("{UPDATE}: state {value}"), UPDATE, body).at("/state"));
    }
    for member in ["rate_per_second", "until", "webhook_id", "id"] {
        let body = json!({"state": "paused", member: 5}).to_string();
        rows.push(Row::new(format!("{UPDATE}: {member}"), UPDATE, body).at(format!("/{member}")));
    }
    rows
}

/// What belongs to somebody else, or to nobody, is not there.
fn strangers() -> Vec<Row> {
    let absent = json!("wh_0198c4de5f00700080a1b2c3d4e5f607");
    let mut rows = vec![new("webhook_id", absent).refused(404, "not_found")];
    for dry_run in [false, true] {
        let body =
            format!(r#"{{"webhook_id":"{{webhook}}","since":"2026-01-01T00:00:00Z","dry_run":{dry_run}}}"#);
        let name = format!("a recovery of another account's webhook, dry run {dry_run}");
        let row = Row::new(name, CREATE, body).header("authorization", &["Bearer {globex}"]);
        rows.push(row.refused(404, "not_found"));
    }
    let paused = r#"{"state":"paused"}"#;
    let row = Row::new("a change of another account's recovery", UPDATE, paused);
    rows.push(row.header("authorization", &["Bearer {globex}"]).refused(404, "not_found"));
    rows
}
