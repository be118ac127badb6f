//! What is wrong on the conversation side: chatbots, departments, operators, conversations, contacts.

use serde_json::{Value, json};

use super::Row;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = members();
    rows.extend(rules());
    rows.extend(queries());
    rows.extend(strangers());
    rows
}

/// A route, a body that it takes, and values that are wrong for a member of it.
const WRONG: [(&str, &str, &str, &str); 55] = [
    ("POST /chatbots", r#"{"name":"x"}"#, "name", r#"[7, null, "", " ", "a\nb", [], {}]"#),
    ("POST /chatbots", r#"{"name":"x"}"#, "template", r#"[7, "", "Travel-Desk", [], {}, true]"#),
    ("POST /chatbots", r#"{"name":"x"}"#, "flow", r#"[7, "{}", [], true]"#),
    ("POST /chatbots", r#"{"name":"x"}"#, "settings", r#"[7, "", [], true]"#),
    ("POST /chatbots", r#"{"name":"x"}"#, "version", "[1]"),
    ("PATCH /chatbots/{chatbot}", "{}", "name", r#"[7, null, "", "\u0000"]"#),
    ("PATCH /chatbots/{chatbot}", "{}", "flow", r#"[7, null, "{}", [], false]"#),
    ("PATCH /chatbots/{chatbot}", "{}", "settings", "[7, null, []]"),
    ("PATCH /chatbots/{chatbot}", "{}", "template", r#"["travel-desk"]"#),
    ("PATCH /chatbots/{chatbot}", "{}", "public_key", r#"["pk_x"]"#),
    ("POST /departments", r#"{"name":"x"}"#, "name", r#"[7, null, "", "a\u0000b", [], {}]"#),
    ("POST /departments", r#"{"name":"x"}"#, "email", r#"[7, "", "x", "a@localhost", []]"#),
    ("POST /departments", r#"{"name":"x"}"#, "disabled", r#"[0, "false", []]"#),
    ("POST /departments", r#"{"name":"x","transfer_after_s":60}"#, "transfer_to", r#"[7, "", "Sales", []]"#),
    (
        "POST /departments",
        r#"{"name":"x","transfer_after_s":60}"#,
        "transfer_to",
        r#"["dep_0198c4de5f00700080a1b2c3d4e5f607"]"#,
    ),
    (
        "POST /departments",
        r#"{"name":"x","transfer_to":"{department}"}"#,
        "transfer_after_s",
        r#"[0, 9, 86401, -1, 1.5, "60"]"#,
    ),
    ("POST /departments", r#"{"name":"x"}"#, "built_in", "[true]"),
    ("PATCH /departments/{department}", "{}", "name", r#"[null, "", "\u0000", 7]"#),
    ("PATCH /departments/{department}", "{}", "disabled", r#"[null, 1]"#),
    ("PATCH /departments/{department}", "{}", "email", r#"["x", 7]"#),
    ("PATCH /departments/{department}", "{}", "built_in", "[false]"),
    ("PUT /operators/me", "{}", "departments", r#"[7, "x", {}, ["dep_0198c4de5f00700080a1b2c3d4e5f607"]]"#),
    ("PUT /operators/me", "{}", "name", r#"["x"]"#),
    (
        "POST /conversations",
        "{}",
        "chatbot_id",
        r#"[7, "", "x", "bot_0198c4de5f00700080a1b2c3d4e5f607", []]"#,
    ),
    ("POST /conversations", "{}", "external_id", r#"[7, "", " ", "a\u0000b", []]"#),
    ("POST /conversations", "{}", "page_url", r#"[7, "", "a\nb", []]"#),
    ("POST /conversations", "{}", "id", r#"["x"]"#),
    (
        "POST /conversations/{conversation}/messages",
        r#"{"author":"visitor","text":"x"}"#,
        "author",
        r#"[7, null, "", "system", "Visitor"]"#,
    ),
    (
        "POST /conversations/{conversation}/messages",
        r#"{"author":"visitor","text":"x"}"#,
        "text",
        r#"[7, null, "", " ", "a\u0000b", []]"#,
    ),
    (
        "POST /conversations/{conversation}/messages",
        r#"{"author":"visitor","text":"x"}"#,
        "name",
        r#"[7, "", "a\nb", []]"#,
    ),
    (
        "POST /conversations/{conversation}/messages",
        r#"{"author":"visitor","text":"x"}"#,
        "at",
        r#"["2026-03-04T10:15:30Z"]"#,
    ),
    (
        "POST /conversations/{conversation}/contact",
        r#"{"email":"a@example.com"}"#,
        "name",
        r#"[7, "", "12345", "a\u0000b", []]"#,
    ),
    (
        "POST /conversations/{conversation}/contact",
        r#"{"phone":"+919811123456"}"#,
        "email",
        r#"[7, "", "x", "a@b@example.com", []]"#,
    ),
    (
        "POST /conversations/{conversation}/contact",
        r#"{"email":"a@example.com"}"#,
        "phone",
        r#"[7, "", "12345", "+0 123 456 7890", []]"#,
    ),
    (
        "POST /conversations/{conversation}/contact",
        r#"{"email":"a@example.com"}"#,
        "custom",
        r#"[7, "", []]"#,
    ),
    (
        "POST /conversations/{conversation}/contact",
        r#"{"email":"a@example.com"}"#,
        "consent",
        r#"[7, "", true, "a\u0000b"]"#,
    ),
    ("POST /conversations/{conversation}/contact", r#"{"email":"a@example.com"}"#, "company", r#"["x"]"#),
    (
        "POST /conversations/{conversation}/markers",
        r#"{"name":"x","edge":"end"}"#,
        "name",
        r#"[7, null, "", " ", "a\u0000b"]"#,
    ),
    (
        "POST /conversations/{conversation}/markers",
        r#"{"name":"x","edge":"end"}"#,
        "edge",
        r#"[7, null, "", "Start", "both"]"#,
    ),
    ("POST /conversations/{conversation}/markers", r#"{"name":"x","edge":"end"}"#, "at", r#"["x"]"#),
    ("POST /conversations/{conversation}/close", "{}", "reason", r#"[7, "", "done", []]"#),
    ("POST /conversations/{conversation}/close", "{}", "why", r#"["x"]"#),
    (
        "POST /conversations/{conversation}/reply",
        r#"{"text":"x"}"#,
        "text",
        r#"[7, null, "", " ", "a\u0000b"]"#,
    ),
    (
        "POST /conversations/{conversation}/reply",
        r#"{"text":"x"}"#,
        "client_id",
        r#"[7, "", "a\u0000b", []]"#,
    ),
    ("POST /conversations/{conversation}/reply", r#"{"text":"x"}"#, "author", r#"["bot"]"#),
    ("POST /conversations/{conversation}/transfer", "{}", "department_id", r#"[7, null, "", "Sales"]"#),
    (
        "POST /conversations/{conversation}/transfer",
        "{}",
        "department_id",
        r#"["dep_0198c4de5f00700080a1b2c3d4e5f607"]"#,
    ),
    (
        "POST /conversations/{conversation}/transfer",
        r#"{"department_id":"{department}"}"#,
        "reason",
        r#"["x"]"#,
    ),
    ("POST /contacts/{contact}/merge", "{}", "from", r#"[7, null, "", "{conversation}", []]"#),
    ("POST /contacts/{contact}/merge", r#"{"from":"{contact}"}"#, "into", r#"["{contact}"]"#),
    ("PATCH /chatbots/{chatbot}", "{}", "id", r#"["{chatbot}"]"#),
    ("PATCH /chatbots/{chatbot}", "{}", "version", "[7]"),
    ("PATCH /departments/{department}", "{}", "transfer_to", r#"[7, "", "{chatbot}"]"#),
    (
        "PATCH /departments/{department}",
        r#"{"transfer_to":"{department}"}"#,
        "transfer_after_s",
        r#"[0, "60", [], 1.5]"#,
    ),
    ("POST /chatbots", r#"{"name":"x"}"#, "settings/", "[1]"),
];

fn members() -> Vec<Row> {
    let mut rows = Vec::new();
    for (to, good, member, values) in WRONG {
        let values: Value = serde_json::from_str(values).expect("the table is JSON");
        for value in values.as_array().into_iter().flatten() {
            let mut body: Value = serde_json::from_str(good).expect("the table is JSON");
            body[member] = value.clone();
            let pointer = format!("/{}", member.replace('/', "~1"));
            let row = Row::new(format!("{to}: {member} {value}"), to, body.to_string());
            // An array is wrong at its item.
            rows.push(match value {
                Value::Array(items) if member == "departments" && !items.is_empty() => row,
                _ => row.at(pointer),
            });
        }
    }
    rows
}

/// Settings with one member that is wrong, and where.
const SETTINGS: [(&str, &str); 22] = [
    (r#"{"allowed_origins":"x"}"#, "/allowed_origins"),
    (r#"{"allowed_origins":["*"]}"#, "/allowed_origins/0"),
    (r#"{"allowed_origins":["https://a.example","https://b.example/x"]}"#, "/allowed_origins/1"),
    (r#"{"region":"XX"}"#, "/region"),
    (r#"{"region":91}"#, "/region"),
    (r#"{"time_zone":"Mars/Olympus"}"#, "/time_zone"),
    (r#"{"theme":[]}"#, "/theme"),
    (r#"{"theme":{"color":"red"}}"#, "/theme/color"),
    (r#"{"theme":{"position":"top"}}"#, "/theme/position"),
    (r#"{"theme":{"dir":"up"}}"#, "/theme/dir"),
    (r#"{"theme":{"font":"x"}}"#, "/theme/font"),
    (r#"{"texts":["x"]}"#, "/texts"),
    (r#"{"texts":{"open":7}}"#, "/texts/open"),
    (r#"{"mask_cards":"yes"}"#, "/mask_cards"),
    (r#"{"timers":60}"#, "/timers"),
    (r#"{"timers":{"queue_s":9}}"#, "/timers/queue_s"),
    (r#"{"timers":{"queue_s":0}}"#, "/timers/queue_s"),
    (r#"{"timers":{"bot_close_s":604801}}"#, "/timers/bot_close_s"),
    (r#"{"timers":{"agent_close_s":"60"}}"#, "/timers/agent_close_s"),
    (r#"{"timers":{"reminder_text":""}}"#, "/timers/reminder_text"),
    (r#"{"timers":{"close_s":60}}"#, "/timers/close_s"),
    (r#"{"colour":"red"}"#, "/colour"),
];

fn rules() -> Vec<Row> {
    let mut rows = Vec::new();
    for (settings, place) in SETTINGS {
        for (to, body) in [
            ("POST /chatbots", format!(r#"{{"name":"x","settings":{settings}}}"#)),
            ("PATCH /chatbots/{chatbot}", format!(r#"{{"settings":{settings}}}"#)),
        ] {
            rows.push(Row::new(format!("{to}: {settings}"), to, body).at(format!("/settings{place}")));
        }
    }
    let long = json!({"author": "bot", "text": "x".repeat(4_001)}).to_string();
    rows.push(
        Row::new("a message too long", "POST /conversations/{conversation}/messages", long).at("/text"),
    );
    let flow = format!(r#"{{"name":"x","flow":{{"a":"{}"}}}}"#, "x".repeat(256 * 1024));
    let row = Row::new("a flow too long", "POST /chatbots", flow);
    rows.push(row.refused(413, "payload_too_large").at("/flow"));
    let both = r#"{"name":"x","template":"travel-desk","flow":{}}"#;
    rows.push(Row::new("a template and a flow", "POST /chatbots", both).at("/flow"));
    let known = Row::new("no such template", "POST /chatbots", r#"{"name":"x","template":"other"}"#);
    rows.push(known.at("/template").saying(&["travel-desk, car-quote, saas-demo"]));
    let many = json!({"departments": vec!["dep_0198c4de5f00700080a1b2c3d4e5f607"; 101]}).to_string();
    rows.push(Row::new("too many departments", "PUT /operators/me", many).at("/departments"));
    for value in ["null", "[]", "{}"] {
        let body = format!(r#"{{"email":"a@example.com","custom":{{"a~b":{value}}}}}"#);
        let row = Row::new(format!("custom {value}"), "POST /conversations/{conversation}/contact", body);
        rows.push(row.at("/custom/a~0b"));
    }
    let key = "k".repeat(256);
    for (to, body) in [
        ("POST /conversations", "{}"),
        ("POST /conversations/{conversation}/messages", r#"{"author":"visitor","text":"x"}"#),
        ("POST /conversations/{conversation}/contact", r#"{"email":"a@example.com"}"#),
        ("POST /conversations/{conversation}/markers", r#"{"name":"x","edge":"start"}"#),
        ("POST /conversations/{conversation}/close", ""),
    ] {
        let row = Row::new(format!("{to} with a long key"), to, body).header("idempotency-key", &[&key]);
        rows.push(row.at("/Idempotency-Key"));
        let row = Row::new(format!("{to} with a used key"), to, body).header("idempotency-key", &["used"]);
        rows.push(row.refused(422, "idempotency_key_reused"));
    }
    rows
}

fn queries() -> Vec<Row> {
    let mut rows = Vec::new();
    for (to, query, pointer) in [
        ("GET /conversations", "state=", "/state"),
        ("GET /conversations", "state=open", "/state"),
        ("GET /conversations", "contact_id=x", "/contact_id"),
        ("GET /conversations", "contact_id={conversation}", "/contact_id"),
        ("GET /conversations", "state=bot&contact_id={contact}", "/state"),
        ("GET /conversations/{conversation}", "after_number=x", "/after_number"),
        ("GET /conversations/{conversation}", "after_number=-1", "/after_number"),
        ("GET /conversations/{conversation}", "limit=1", "/limit"),
        ("GET /contacts", "email=", "/email"),
        ("GET /contacts", "email=%00", "/email"),
        ("GET /contacts", "phone=%00", "/phone"),
        ("GET /contacts", "phone=", "/phone"),
        ("GET /contacts", "email=a@example.com&phone=1", "/phone"),
        ("GET /contacts", "name=x", "/name"),
        ("GET /contacts/export", "format=xml", "/format"),
        ("GET /contacts/export", "limit=1", "/limit"),
        ("GET /chatbots/{chatbot}/versions", "after=x", "/after"),
    ] {
        let mut row = Row::new(format!("{to}?{query}"), to, "").at(pointer);
        row.path = format!("{}?{query}", row.path);
        rows.push(row);
    }
    rows
}

/// What is another account's, or another kind, is not there.
fn strangers() -> Vec<Row> {
    let mut rows = Vec::new();
    for to in [
        "GET /chatbots/{conversation}",
        "GET /chatbots/{chatbot}/versions/x",
        "GET /chatbots/{chatbot}/versions/1/flow",
        "DELETE /departments/{chatbot}",
        "GET /conversations/{contact}",
        "GET /conversations/{contact}/transcript",
        "POST /conversations/{contact}/accept",
        "GET /contacts/{conversation}",
        "DELETE /contacts/{conversation}",
        "GET /operators/me/departments",
        "GET /chatbot-templates/travel-desk",
    ] {
        rows.push(Row::new(format!("{to}, which is not there"), to, "").refused(404, "not_found"));
    }
    for to in [
        "PUT /chatbots/{chatbot}",
        "GET /chatbots/{chatbot}/publish",
        "GET /departments/{department}",
        "GET /operators/me",
        "POST /operators",
        "DELETE /conversations/{conversation}",
        "GET /conversations/{conversation}/messages",
        "POST /contacts",
        "POST /contacts/export",
    ] {
        rows.push(Row::new(to, to, "").refused(405, "method_not_allowed"));
    }
    let body = r#"{"chatbot_id":"{chatbot}"}"#;
    let row = Row::new("a conversation for another account's chatbot", "POST /conversations", body);
    rows.push(row.header("authorization", &["Bearer {globex}"]).at("/chatbot_id"));
    rows
}
