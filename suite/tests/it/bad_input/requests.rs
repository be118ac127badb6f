//! Requests that are wrong around their body: keys, paths, methods, queries, idempotency.

use super::Row;

pub(super) const TRANSCRIPT: &str = r#"{"type":"Chat Transcript","data":{"chat_transcript":"Hello"}}"#;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = keys();
    rows.extend(scopes());
    rows.extend(ids());
    rows.extend(routes());
    rows.extend(queries());
    rows.extend(idempotency());
    rows
}

fn keys() -> Vec<Row> {
    let mut rows = Vec::new();
    let unknown = "Bearer lpk_C2FVsBQIhrscChlQIMVb5sSYspob7oDC2FVsBQIhrsc";
    for (name, values) in [
        ("no key", &[][..]),
        ("an empty key", &["Bearer "]),
        ("no scheme", &["{admin}"]),
        ("another scheme", &["Basic {admin}"]),
        ("garbage", &["Bearer garbage"]),
        ("a key that was never made", &[unknown]),
        ("a key with a character too many", &["Bearer {admin}x"]),
        ("a key in other letters", &["Bearer LPK_{admin}"]),
        ("a revoked key", &["Bearer {revoked}"]),
        ("two keys", &["Bearer {admin}", "Bearer {admin}"]),
        ("two keys in one line", &["Bearer {admin}, Bearer {admin}"]),
    ] {
        for (to, body) in
            [("GET /webhooks", ""), ("POST /events", TRANSCRIPT), ("DELETE /webhooks/{webhook}", "")]
        {
            let row = Row::new(format!("{to} with {name}"), to, body).header("authorization", values);
            rows.push(row.refused(401, "unauthorized"));
        }
    }
    let in_query =
        Row::new("a key in the query", "GET /webhooks?key={admin}", "").header("authorization", &[]);
    rows.push(in_query.refused(401, "unauthorized"));
    rows
}

fn scopes() -> Vec<Row> {
    let reader = |to: &'static str, body: &str| {
        let row = Row::new(format!("{to} with a key to read"), to, body)
            .header("authorization", &["Bearer {read}"]);
        row.refused(403, "scope_missing")
    };
    vec![
        reader("POST /events", TRANSCRIPT).saying(&["ingest"]),
        // Whoever may not is told nothing about the rest of the request.
        reader("POST /webhooks", "{").saying(&["manage"]),
        reader("DELETE /webhooks/{webhook}", ""),
        reader("POST /recoveries", "{").saying(&["manage"]),
        reader("PATCH /recoveries/{recovery}", r#"{"state":"paused"}"#),
        reader("DELETE /recoveries/{recovery}", ""),
        reader("POST /deliveries/wrong/resend", ""),
    ]
}

/// Routes that end in an id, the prefix of those that they take, and a body.
const BY_ID: [(&str, &str, &str); 14] = [
    ("GET /webhooks/", "wh", ""),
    ("PATCH /webhooks/", "wh", r#"{"name":"x"}"#),
    ("DELETE /webhooks/", "wh", ""),
    ("GET /events/", "evt", ""),
    ("GET /deliveries/", "dlv", ""),
    ("GET /recoveries/", "rec", ""),
    ("PATCH /recoveries/", "rec", r#"{"state":"paused"}"#),
    ("DELETE /recoveries/", "rec", ""),
    ("GET /chatbots/", "bot", ""),
    ("PATCH /chatbots/", "bot", r#"{"name":"x"}"#),
    ("PATCH /departments/", "dep", r#"{"name":"x"}"#),
    ("GET /conversations/", "conv", ""),
    ("GET /contacts/", "con", ""),
    ("DELETE /contacts/", "con", ""),
];

fn ids() -> Vec<Row> {
    let mut rows = Vec::new();
    let absent = "0198c4de5f00700080a1b2c3d4e5f607";
    for (to, prefix, body) in BY_ID {
        for id in [
            "x".to_owned(),
            "%00".to_owned(),
            "%ff".to_owned(),
            "..".to_owned(),
            format!("{prefix}_"),
            absent.to_owned(),
            format!("{prefix}_{absent}"),
            format!("{prefix}_{absent}0"),
            format!("{prefix}_{}", &absent[1..]),
            format!("{prefix}_{}", absent.to_uppercase()),
            format!("{prefix}_0198c4de-5f00-7000-80a1-b2c3d4e5f607"),
            format!("{prefix}_test_{absent}"),
            format!("key_{absent}"),
            format!("{prefix}_{absent}%00"),
        ] {
            let mut row = Row::new(format!("{to}{id}"), to, body).refused(404, "not_found");
            row.path.push_str(&id);
            rows.push(row);
        }
    }
    for to in [
        "GET /webhooks/{event}",
        "GET /events/{webhook}",
        "GET /deliveries/{event}",
        "GET /recoveries/{webhook}",
        "DELETE /recoveries/{delivery}",
        "POST /deliveries/{webhook}/resend",
        "POST /webhooks/{delivery}/test",
    ] {
        rows.push(Row::new(format!("{to}, which is another kind"), to, "").refused(404, "not_found"));
    }
    for to in [
        "GET /webhooks/{webhook}",
        "DELETE /webhooks/{webhook}",
        "GET /events/{event}",
        "GET /deliveries/{delivery}",
        "GET /recoveries/{recovery}",
        "DELETE /recoveries/{recovery}",
    ] {
        let row = Row::new(format!("{to} of another account"), to, "")
            .header("authorization", &["Bearer {globex}"]);
        rows.push(row.refused(404, "not_found"));
    }
    rows
}

fn routes() -> Vec<Row> {
    let unknown = [
        "GET ",
        "GET /",
        "GET /nothing",
        "GET /webhook",
        "GET /webhooks/",
        "POST /events/",
        "POST /events/batch/",
        "GET //events",
        "GET /Events",
        "POST /webhooks/{webhook}/test/",
        "POST /webhooks/{webhook}/nothing",
        "GET /webhooks/{webhook}/deliveries",
        "GET /recoveries/",
        "POST /recoveries/{recovery}/pause",
        "GET /../../etc/passwd",
    ];
    let wrong = [
        "PUT /events",
        "DELETE /events",
        "PATCH /events/{event}",
        "DELETE /events/{event}",
        "GET /events/batch",
        "PUT /webhooks/{webhook}",
        "POST /webhooks/{webhook}",
        "GET /webhooks/{webhook}/pause",
        "DELETE /webhooks/{webhook}/disable",
        "GET /webhooks/{webhook}/test",
        "POST /deliveries",
        "DELETE /deliveries/{delivery}",
        "GET /deliveries/{delivery}/resend",
        "PUT /recoveries",
        "POST /recoveries/{recovery}",
        "POST /ledger",
        "OPTIONS /webhooks",
        "TRACE /webhooks",
        "PROPFIND /webhooks",
    ];
    let unknown = unknown.map(|to| Row::new(to, to, "").refused(404, "not_found"));
    let wrong = wrong.map(|to| Row::new(to, to, "").refused(405, "method_not_allowed"));
    unknown.into_iter().chain(wrong).collect()
}

fn queries() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |to: &'static str, query: &str, code: &'static str, pointer: &str| {
        let mut row = Row::new(format!("{to}?{query}"), to, "").refused(422, code).at(pointer);
        row.path = format!("{}?{query}", row.path);
        rows.push(row);
    };
    for list in [
        "GET /webhooks",
        "GET /events",
        "GET /deliveries",
        "GET /recoveries",
        "GET /event-types",
        "GET /nodes",
        "GET /chatbots",
        "GET /chatbot-templates",
        "GET /departments",
        "GET /operators",
        "GET /conversations",
        "GET /contacts",
    ] {
        for limit in ["0", "501", "-1", "1.5", "1e2", "ten", "", "%00", "+5", "99999999999999999999"] {
            add(list, &format!("limit={limit}"), "invalid", "/limit");
        }
        add(list, "limit=1&limit=1", "invalid", "/limit");
        for after in ["", "x", "%00", "acc_0198c4de5f00700080a1b2c3d4e5f607"] {
            add(list, &format!("after={after}"), "invalid", "/after");
        }
        add(list, "sort=name", "invalid", "/sort");
        add(list, "Limit=5", "invalid", "/Limit");
        add(list, "limit=5&na%00me=x", "invalid", "/na\u{0}me");
        add(list, "=", "invalid", "/");
    }
    let long = format!("conversation_id={}", "x".repeat(129));
    for (to, query, code, pointer) in [
        ("GET /events", "type=Lead", "unknown_event_type", "/type"),
        ("GET /events", "type=", "unknown_event_type", "/type"),
        ("GET /events", "conversation_id=", "invalid", "/conversation_id"),
        ("GET /events", "conversation_id=%00", "invalid", "/conversation_id"),
        ("GET /events", &long, "invalid", "/conversation_id"),
        ("GET /events", "after={delivery}", "invalid", "/after"),
        ("GET /events", "state=pending", "invalid", "/state"),
        ("GET /deliveries", "state=", "invalid", "/state"),
        ("GET /deliveries", "state=held", "invalid", "/state"),
        ("GET /deliveries", "state=pending&state=pending", "invalid", "/state"),
        ("GET /recoveries", "webhook_id={event}", "invalid", "/webhook_id"),
        ("GET /recoveries", "webhook_id=", "invalid", "/webhook_id"),
        ("GET /recoveries", "after={webhook}", "invalid", "/after"),
        ("GET /recoveries", "state=running", "invalid", "/state"),
        ("GET /deliveries", "webhook_id={event}", "invalid", "/webhook_id"),
        ("GET /deliveries", "event_id=1", "invalid", "/event_id"),
        ("GET /deliveries", "event_type=Lead", "unknown_event_type", "/event_type"),
        ("GET /deliveries", "type=Chat+Transcript", "invalid", "/type"),
    ] {
        add(to, query, code, pointer);
    }
    rows
}

fn idempotency() -> Vec<Row> {
    let mut rows = Vec::new();
    let (long, other) = ("k".repeat(256), TRANSCRIPT.replace("Hello", "Goodbye"));
    let batch = format!(r#"{{"events":[{TRANSCRIPT}]}}"#);
    for (to, body) in [("POST /events", TRANSCRIPT), ("POST /events/batch", batch.as_str())] {
        for (name, values) in [
            ("an empty key", &[""][..]),
            ("a key of 256 characters", &[long.as_str()]),
            ("a key that is not ASCII", &["schlüssel"]),
            ("two keys", &["a", "b"]),
            ("the same key twice", &["a", "a"]),
        ] {
            let row = Row::new(format!("{to} with {name} of idempotency"), to, body)
                .header("idempotency-key", values);
            rows.push(row.at("/Idempotency-Key"));
        }
    }
    for (name, to, body) in [
        ("a used key with another body", "POST /events", other.as_str()),
        ("a used key with a space more", "POST /events", &format!("{TRANSCRIPT} ")),
        ("a used key on another route", "POST /events/batch", &batch),
    ] {
        let row = Row::new(name, to, body).header("idempotency-key", &["used"]);
        rows.push(row.refused(422, "idempotency_key_reused"));
    }
    rows
}
