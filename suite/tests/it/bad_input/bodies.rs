//! Bodies that are wrong whatever they are for.

use super::Row;

/// Every route that takes a body.
const TAKING: [&str; 7] = [
    "POST /webhooks",
    "PATCH /webhooks/{webhook}",
    "POST /webhooks/{webhook}/test",
    "POST /events",
    "POST /events/batch",
    "POST /recoveries",
    "PATCH /recoveries/{recovery}",
];

pub(super) fn rows() -> Vec<Row> {
    TAKING.into_iter().flat_map(rows_for).chain(repeated()).collect()
}

fn rows_for(route: &'static str) -> Vec<Row> {
    let row = |name: &str, body: Vec<u8>| Row::new(format!("{route}: {name}"), route, body);
    let mut rows = Vec::new();
    for (name, body) in NOT_JSON {
        rows.push(row(name, body.into()).refused(400, "not_json"));
    }
    for (name, body) in NOT_UTF8 {
        rows.push(row(name, body.to_vec()).refused(400, "not_utf8"));
    }
    for body in ["[]", "7", "\"text\"", "true"] {
        rows.push(row(body, body.into()).at(""));
    }
    // A test needs no body, so an empty one or null is none.
    if !route.ends_with("/test") {
        rows.push(row("nothing", Vec::new()).refused(400, "not_json"));
        rows.push(row("null", b"null".to_vec()).at(""));
    }
    for (name, body, pointer) in [
        ("an unknown member", r#"{"colour":"red"}"#, "/colour"),
        ("a member without a name", r#"{"":1}"#, "/"),
        ("a name with a slash and a tilde", r#"{"a/b~c":1}"#, "/a~1b~0c"),
        ("a name in other letters", r#"{"Name":"x","Type":"x","Events":[]}"#, "/Name"),
        ("a name with NUL", r#"{"na\u0000me":"x"}"#, "/na\u{0}me"),
    ] {
        rows.push(row(name, body.into()).at(pointer));
    }
    rows.extend(bombs().map(|(name, body, pointer)| row(name, body.into()).at(pointer)));
    rows.push(row("100,000 brackets that stay open", vec![b'['; 100_000]).refused(400, "not_json"));
    rows.push(
        row("50,000 objects that stay open", r#"{"a":"#.repeat(50_000).into()).refused(400, "not_json"),
    );

    let limit = if route.ends_with("/batch") { 8 * 1024 * 1024 } else { 512 * 1024 };
    rows.push(row("a byte too many", vec![b' '; limit + 1]).refused(413, "payload_too_large"));
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json; charset=iso-8859-1",
        "json",
    ] {
        let sent_as =
            row(&format!("sent as {content_type}"), b"{}".to_vec()).header("content-type", &[content_type]);
        rows.push(sent_as.refused(415, "unsupported_media_type"));
    }
    let unannounced = row("sent as nothing", b"{}".to_vec()).header("content-type", &[]);
    rows.push(unannounced.refused(415, "unsupported_media_type"));
    let packed = row("compressed", b"{}".to_vec()).header("content-encoding", &["gzip"]);
    rows.push(packed.refused(415, "unsupported_media_type"));
    rows
}

const NOT_JSON: [(&str, &str); 13] = [
    ("a bare word", r#"{"name": nope}"#),
    ("cut off in a string", r#"{"name": "x"#),
    ("cut off behind a member", r#"{"name": "x","#),
    ("two documents", "{} {}"),
    ("a comma too many", r#"{"name":"x",}"#),
    ("single quotes", "{'name':'x'}"),
    ("a comment", "{/* x */}"),
    ("not a number", r#"{"name":NaN}"#),
    ("a number with a leading zero", r#"{"name":01}"#),
    ("a raw line break in a string", "{\"name\":\"a\nb\"}"),
    ("a raw NUL in a string", "{\"name\":\"a\0b\"}"),
    ("a byte order mark", "\u{feff}{}"),
    ("white space only", " \r\n\t "),
];

const NOT_UTF8: [(&str, &[u8]); 4] = [
    ("a byte that UTF-8 never has", b"{\"name\":\"\xff\"}"),
    ("Latin-1", b"{\"name\":\"M\xfcller\"}"),
    ("an overlong slash", b"{\"name\":\"\xc0\xaf\"}"),
    ("half of a surrogate pair", b"{\"name\":\"\xed\xa0\x80\"}"),
];

/// Bodies that would overflow the stack of a reader that calls itself.
fn bombs() -> [(&'static str, String, &'static str); 3] {
    let nested =
        |open: &str, depth: usize, close: &str| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    [
        ("100,000 arrays in each other", nested("[", 100_000, "]"), ""),
        ("100,000 arrays in a member", format!(r#"{{"x":{}}}"#, nested("[", 100_000, "]")), "/x"),
        ("50,000 objects in each other", nested(r#"{"a":"#, 50_000, "}"), "/a"),
    ]
}

/// A repeated member is wrong even if both say the same.
fn repeated() -> Vec<Row> {
    let row = |to: &'static str, member: &str, value: &str| {
        let body = format!(r#"{{"{member}":{value},"{member}":{value}}}"#);
        Row::new(format!("{to}: {member} twice"), to, body).at(format!("/{member}"))
    };
    let data = r#"{"chat_transcript":"x"}"#;
    let escaped = format!(r#"{{"type":"Chat Transcript","data":{data},"d\u0061ta":{data}}}"#);
    vec![
        row("POST /webhooks", "name", r#""x""#),
        row("POST /webhooks", "headers", "{}"),
        row("PATCH /webhooks/{webhook}", "url", r#""https://hooks.example.com/""#),
        row("PATCH /webhooks/{webhook}", "rate_per_second", "null"),
        row("POST /webhooks/{webhook}/test", "event_type", r#""Chat Transcript""#),
        row("POST /events", "type", r#""Chat Transcript""#),
        row("POST /events", "data", data),
        row("POST /events", "conversation_id", r#""c""#),
        row("POST /events", "occurred_at", r#""2026-03-04T10:15:30Z""#),
        row("POST /events/batch", "events", "[]"),
        row("POST /recoveries", "since", r#""2026-03-04T10:15:30Z""#),
        row("POST /recoveries", "dry_run", "true"),
        row("PATCH /recoveries/{recovery}", "state", r#""paused""#),
        Row::new("POST /events: data twice, once escaped", "POST /events", escaped).at("/data"),
    ]
}
