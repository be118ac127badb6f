//! Webhooks that break a rule, new ones and changes.

use serde_json::{Value, json};

use super::Row;

const CREATE: &str = "POST /webhooks";
const UPDATE: &str = "PATCH /webhooks/{webhook}";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = missing();
    for (member, values) in WRONG {
        let values: Value = serde_json::from_str(values).expect("the table is JSON");
        for value in values.as_array().into_iter().flatten() {
            rows.extend(both(member, value, &format!("/{member}")));
        }
    }
    rows.extend(names());
    rows.extend(urls());
    rows.extend(inside());
    rows.extend(headers());
    rows.extend(only_one_of_both());
    rows
}

/// The same wrong member in a new webhook and in a change.
fn both(member: &str, value: &Value, pointer: &str) -> [Row; 2] {
    let mut new =
        json!({"name": "CRM", "url": "https://hooks.example.com/", "event_types": ["Chat Transcript"]});
    new[member] = value.clone();
    let change = json!({ member: value });
    [(CREATE, new), (UPDATE, change)].map(|(to, body)| {
        Row::new(format!("{to}: {member} {:.60}", value.to_string()), to, body.to_string()).at(pointer)
    })
}

fn missing() -> Vec<Row> {
    let member =
        |name: &str| Row::new(format!("a webhook without {name}"), CREATE, "{}").at(format!("/{name}"));
    vec![member("name"), member("url"), member("event_types")]
}

/// Members with values that are wrong as a whole, for a new webhook and for a change.
const WRONG: [(&str, &str); 11] = [
    ("name", r#"[7, true, [], {}, "", " ", "\t", "a\u0000b", "a\nb", "\u0085"]"#),
    ("url", "[7, true, [], {}]"),
    ("event_types", r#"[7, "Chat Transcript", {}, []]"#),
    ("chatbot_ids", r#"[7, "bot_1", {}]"#),
    ("body", r#"[7, "", "Exact", "json", ["exact"]]"#),
    ("headers", r#"[7, "X-A: b", [], [["X-A", "b"]]]"#),
    ("ordering", r#"[7, "", "fifo", "None"]"#),
    ("max_in_flight", r#"[0, 1001, -1, 1.5, 1e2, "5", 4294967296, true, [], {}]"#),
    ("rate_per_second", r#"[0, 100001, -1, 0.5, "5", 99999999999999999999, true, []]"#),
    ("retry", r#"[7, "", "5d", "3D", 10]"#),
    ("state", r#"["paused", 7]"#),
];

fn names() -> Vec<Row> {
    let long = json!("é".repeat(201));
    both("name", &long, "/name").into_iter().collect()
}

/// URLs that must not be called, with the rule, and the setting if one could allow them.
const REFUSED: [(&str, &[&str]); 20] = [
    ("", &["parse"]),
    ("hooks.example.com/in", &["parse"]),
    ("//hooks.example.com/in", &["parse"]),
    ("https://", &["parse"]),
    ("http://hooks.example.com/", &["scheme", "egress.allow_http"]),
    ("ftp://hooks.example.com/", &["scheme"]),
    ("https://user@hooks.example.com/", &["userinfo"]),
    ("https://hooks.example.com/#top", &["fragment"]),
    (" https://hooks.example.com/", &["raw.chars"]),
    ("https://hooks.example.com/a b", &["raw.chars"]),
    ("https://hooks.example.com/\n", &["raw.chars"]),
    ("https://hooks.example.com/\0", &["raw.chars"]),
    ("https://127.0.0.1/", &["ip.loopback", "egress.allow_hosts, or"]),
    ("https://10.1.2.3/", &["ip.rfc1918", "egress.allow_hosts, or"]),
    ("https://[fe80::1]/", &["ip.link-local", "egress.allow_hosts, or"]),
    ("https://[64:ff9b::7f00:1]/", &["ip6.nat64", "egress.allow_nat64"]),
    ("https://localhost/", &["host.single-label", "egress.allow_hosts"]),
    ("https://metadata.google.internal/", &["host.special-use", "egress.allow_hosts"]),
    ("https://hooks.example.com./", &["host.trailing-dot"]),
    ("https://hooks.example.com:25/", &["port", "egress.allow_ports"]),
];

fn urls() -> Vec<Row> {
    let long = format!("https://hooks.example.com/{}", "x".repeat(2_048));
    let long = both("url", &json!(long), "/url").map(|row| row.saying(&["length"]));
    let refused = REFUSED
        .into_iter()
        .flat_map(|(url, words)| both("url", &json!(url), "/url").map(|row| row.saying(words)));
    let rows = refused.chain(long);
    rows.map(|row| row.refused(422, "refused_url")).collect()
}

/// Lists with one wrong item.
fn inside() -> Vec<Row> {
    let mut rows = Vec::new();
    for (member, value, pointer) in [
        ("event_types", json!([7]), "/event_types/0"),
        ("event_types", json!(["Chat Transcript", null]), "/event_types/1"),
        ("chatbot_ids", json!([7]), "/chatbot_ids/0"),
        ("chatbot_ids", json!(["bot_x"]), "/chatbot_ids/0"),
        ("chatbot_ids", json!(["wh_0198c4de5f00700080a1b2c3d4e5f607"]), "/chatbot_ids/0"),
        ("chatbot_ids", json!(["bot_0198c4de5f00700080a1b2c3d4e5f607", "a\u{0}"]), "/chatbot_ids/1"),
    ] {
        rows.extend(both(member, &value, pointer));
    }
    for (value, pointer) in [
        (json!(["Lead"]), "/event_types/0"),
        (json!([""]), "/event_types/0"),
        (json!(["Contact Information", "chat transcript"]), "/event_types/1"),
    ] {
        let rows_of = both("event_types", &value, pointer);
        rows.extend(rows_of.map(|row| row.refused(422, "unknown_event_type").saying(&["Webhook Notice"])));
    }
    rows
}

fn headers() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |name: &str, value: Value, pointer: &str| {
        rows.extend(both("headers", &json!({ name: value }), pointer));
    };
    for value in [json!(7), json!(null), json!(["v"]), json!({})] {
        add("X-A", value, "/headers/X-A");
    }
    for value in ["a\r\nb: c", "a\nb", "a\u{0}", "\u{7f}", "é", " a", "a ", "\ta"] {
        add("X-A", json!(value), "/headers/X-A");
    }
    add("X-Long", json!("x".repeat(4_097)), "/headers/X-Long");
    add("X-Masked", json!("***"), "/headers/X-Masked");
    for name in ["", "a b", "a:b", "é", "a\r\nb", "a\u{0}", "(a)"] {
        add(name, json!("v"), &format!("/headers/{name}"));
    }
    add("x/y~z", json!("v"), "/headers/x~1y~0z");
    let long = "x".repeat(129);
    add(&long, json!("v"), &format!("/headers/{long}"));
    for name in [
        "Host",
        "host",
        "Content-Length",
        "content-type",
        "Content-Encoding",
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "webhook-id",
        "Webhook-Timestamp",
        "WEBHOOK-SIGNATURE",
        "webhook-test",
        "webhook-anything",
        "Proxy-Authorization",
        "proxy-connection",
    ] {
        add(name, json!("v"), &format!("/headers/{name}"));
    }
    let many: serde_json::Map<_, _> = (0..33).map(|n| (format!("X-{n}"), json!("v"))).collect();
    rows.extend(both("headers", &json!(many), "/headers"));
    rows.extend(both("headers", &json!({"X-A": "1", "x-a": "2"}), "/headers/x-a"));
    rows
}

/// What only a new webhook or only a change can get wrong.
fn only_one_of_both() -> Vec<Row> {
    let mut rows = Vec::new();
    for secret in [
        json!(7),
        json!(""),
        json!("whsec_"),
        json!("whsec_AAAA"),
        json!("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY="),
        json!(format!("whsec_{}", "AAAA".repeat(22))),
        json!("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        json!("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"),
        json!("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFR-_"),
        json!("whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"),
    ] {
        // A secret is changed by rotating it, so a change has no such member.
        rows.extend(both("secret", &secret, "/secret"));
    }
    for member in
        ["name", "url", "event_types", "chatbot_ids", "body", "headers", "ordering", "max_in_flight", "retry"]
    {
        let nothing = json!({ member: null }).to_string();
        rows.push(
            Row::new(format!("a change of {member} to null"), UPDATE, nothing).at(format!("/{member}")),
        );
    }
    for member in ["id", "secret", "state_reason", "created_at", "account"] {
        let body = json!({ member: "x" }).to_string();
        rows.push(Row::new(format!("a change of {member}"), UPDATE, body).at(format!("/{member}")));
    }
    let test = "POST /webhooks/{webhook}/test";
    for (value, code) in
        [(json!(7), "invalid"), (json!(""), "unknown_event_type"), (json!("Lead"), "unknown_event_type")]
    {
        let body = json!({"event_type": value}).to_string();
        rows.push(
            Row::new(format!("a test of type {value}"), test, body).refused(422, code).at("/event_type"),
        );
    }
    rows.push(Row::new("a test with data", test, r#"{"data":{}}"#).at("/data"));
    let several = r#"{"name":7,"url":7,"event_types":7,"headers":7,"retry":7,"colour":7}"#;
    for pointer in ["/name", "/url", "/event_types", "/headers", "/retry", "/colour"] {
        rows.push(Row::new(format!("much that is wrong, with {pointer}"), CREATE, several).at(pointer));
    }
    rows
}
