//! The API as its callers see it, on a store of its own.

use axum::body::Body;
use domain::{Scope, samples};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::kit::{Answer, Kit};

const LEAD: &str =
    r#"{"type":"Contact Information","data":{"name":"A","email":null,"phone":"+1"},"conversation_id":"c-1"}"#;

/// A kit with an admin key.
async fn start() -> (Kit, String) {
    let kit = Kit::start().await;
    let key = kit.key(Scope::Admin).await;
    (kit, key)
}

async fn make_webhook(kit: &Kit, key: &str, more: Value) -> Answer {
    let mut webhook =
        json!({"name": "CRM", "url": "https://example.com/in", "event_types": ["Contact Information"]});
    webhook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    kit.send(key, "POST", "/api/v1/webhooks", webhook.to_string()).await
}

#[tokio::test]
async fn a_webhook_lives_from_creation_to_deletion() {
    let (kit, key) = start().await;
    let made = make_webhook(&kit, &key, json!({"rate_per_second": 5, "headers": {"X-Token": "t"}})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let webhook = made.json();
    let path = format!("/api/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    assert_eq!(made.headers[header::LOCATION], *path);
    assert!(webhook["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(webhook["warnings"], json!([]));

    let shown = kit.send(&key, "GET", &path, "").await.json();
    assert!(shown.get("secret").is_none());
    assert_eq!(shown["headers"], json!({"X-Token": "***"}));
    assert_eq!((&shown["state"], &shown["state_reason"]), (&json!("active"), &Value::Null));

    let change = json!({"url": "https://nowhere.example.com", "headers": {"x-token": "***", "X-New": "n"}, "rate_per_second": null});
    let changed = kit.send(&key, "PATCH", &path, change.to_string()).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let changed = changed.json();
    assert_eq!(changed["warnings"].as_array().unwrap().len(), 1);
    assert_eq!((&changed["rate_per_second"], &changed["max_in_flight"]), (&Value::Null, &json!(64)));

    for (verb, state, reason) in [
        ("pause", "paused", Value::Null),
        ("disable", "disabled", json!("by_hand")),
        ("resume", "active", Value::Null),
    ] {
        let webhook = kit.send(&key, "POST", &format!("{path}/{verb}"), "").await.json();
        assert_eq!((&webhook["state"], &webhook["state_reason"]), (&json!(state), &reason));
    }
    let rotated = kit.send(&key, "POST", &format!("{path}/rotate-secret"), "").await.json();
    assert_ne!(rotated["secret"], webhook["secret"]);
    assert_eq!(rotated["old_expires_at"], "2026-03-05T10:15:30Z");

    assert_eq!(kit.send(&key, "DELETE", &path, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(kit.send(&key, "GET", &path, "").await.problem().0, 404);
}

#[tokio::test]
async fn wrong_webhooks_are_refused_with_every_wrong_place() {
    let (kit, key) = start().await;
    let refusal =
        async |body: Value| kit.send(&key, "POST", "/api/v1/webhooks", body.to_string()).await.problem();
    let invalid =
        |pointers: &[&str]| (422, "invalid".to_owned(), pointers.iter().map(|p| (*p).to_owned()).collect());
    assert_eq!(refusal(json!({})).await, invalid(&["/name", "/url", "/event_types"]));
    assert_eq!(refusal(json!([])).await, invalid(&[""]));
    let wrong = json!({
        "name": 1, "url": "https://example.com", "event_types": ["Contact Information", 7], "retry": "never",
        "headers": {"a/b": 1, "c": "***"}, "colour": "red",
    });
    let places = ["/name", "/event_types/1", "/headers/a~1b", "/retry", "/colour"];
    assert_eq!(refusal(wrong).await, invalid(&places));
    let masked = make_webhook(&kit, &key, json!({"headers": {"c": "***"}})).await.problem();
    assert_eq!(masked, invalid(&["/headers/c"]));
    let unknown = make_webhook(&kit, &key, json!({"event_types": ["Lead"]})).await.problem();
    assert_eq!(unknown, (422, "unknown_event_type".to_owned(), vec!["/event_types/0".to_owned()]));
    let refused = make_webhook(&kit, &key, json!({"url": "https://127.0.0.1/"})).await.problem();
    assert_eq!(refused, (422, "refused_url".to_owned(), vec!["/url".to_owned()]));
}

#[tokio::test]
async fn a_patch_refuses_null_and_masks_of_nothing() {
    let (kit, key) = start().await;
    let made = make_webhook(&kit, &key, json!({})).await.json();
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let patch = async |body: Value| kit.send(&key, "PATCH", &path, body.to_string()).await;
    assert_eq!(patch(json!({"name": null, "secret": "x"})).await.problem().2, ["/name", "/secret"]);
    assert_eq!(patch(json!({"headers": {"X-A": "***"}})).await.problem().2, ["/headers/X-A"]);
    assert_eq!(patch(json!({})).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_test_is_sent_recorded_and_explained() {
    let (kit, key) = start().await;
    let made = make_webhook(&kit, &key, json!({})).await.json();
    let path = format!("/api/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    for body in ["", "null", "{}", r#"{"event_type":"Chat Transcript"}"#] {
        let sent = kit.send(&key, "POST", &path, body).await;
        assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
        let sent = sent.json();
        assert!(sent["event_id"].as_str().unwrap().starts_with("evt_test_"));
        assert_eq!((&sent["attempt"]["kind"], &sent["attempt"]["status"]), (&json!("test"), &json!(200)));
        assert_eq!(sent["attempt"]["response_body"], "thanks");
        assert!(!sent["explanation"].as_str().unwrap().is_empty());
    }
    assert_eq!(kit.send(&key, "POST", &path, r#"{"event_type":"x"}"#).await.problem().2, ["/event_type"]);
}

#[tokio::test]
async fn an_event_is_kept_byte_for_byte_and_planned() {
    let (kit, key) = start().await;
    make_webhook(&kit, &key, json!({})).await;
    let data = r#"{ "phone":null,"name" : "\u00e9","email":null,"n":1.0,"n":1E+2 }"#;
    let posted = kit
        .send(&key, "POST", "/api/v1/events", format!(r#"{{"data":{data},"type":"Contact Information"}}"#))
        .await;
    assert_eq!((posted.status, &posted.json()["deliveries"]), (StatusCode::ACCEPTED, &json!(1)));

    let path = format!("/api/v1/events/{}", posted.json()["id"].as_str().unwrap());
    let shown = kit.send(&key, "GET", &path, "").await;
    assert!(shown.body.contains(data), "{}", shown.body);
    let event = shown.json();
    assert_eq!((&event["unmatched"], &event["reason"]), (&json!(false), &Value::Null));
    let delivery = &event["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!(delivery["next_attempt_at"], samples::start().to_string());

    let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let detail = kit.send(&key, "GET", &path, "").await.json();
    assert_eq!((&detail["attempts"], &detail["attempt_count"]), (&json!([]), &json!(0)));
    let resent = kit.send(&key, "POST", &format!("{path}/resend"), "").await.problem();
    assert_eq!((resent.0, resent.1.as_str()), (409, "still_pending"));

    let ledger = kit.send(&key, "GET", "/api/v1/ledger", "").await.json();
    assert_eq!(
        (&ledger["planned"], &ledger["pending"], &ledger["balanced"]),
        (&json!(1), &json!(1), &json!(true))
    );
}

#[tokio::test]
async fn an_unmatched_event_says_why() {
    let (kit, key) = start().await;
    let posted = kit.send(&key, "POST", "/api/v1/events", LEAD).await.json();
    assert_eq!(posted["deliveries"], 0);
    let event =
        kit.send(&key, "GET", &format!("/api/v1/events/{}", posted["id"].as_str().unwrap()), "").await.json();
    assert_eq!(event["unmatched"], true);
    assert!(event["reason"].as_str().unwrap().contains("Contact Information"));
}

#[tokio::test]
async fn wrong_events_are_refused_with_their_places() {
    let (kit, key) = start().await;
    let post = async |body: &str| kit.send(&key, "POST", "/api/v1/events", body).await.problem();
    let long =
        format!(r#"{{"type":"Chat Transcript","data":{{"chat_transcript":"{}"}}}}"#, "x".repeat(256 * 1024));
    let deep =
        format!(r#"{{"type":"Chat Transcript","data":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let lead = |data: &str| format!(r#"{{"type":"Contact Information","data":{data}}}"#);
    for (body, status, code, pointers) in [
        ("", 415, "unsupported_media_type", &[][..]),
        ("{", 400, "not_json", &[]),
        (r#"{"type":7,"data":{}"#, 400, "not_json", &[]),
        ("null", 422, "invalid", &[""]),
        ("{}", 422, "invalid", &["/type", "/data"]),
        (r#"{"type":"Lead","data":{}}"#, 422, "unknown_event_type", &["/type"]),
        (r#"{"type":"Webhook Notice","data":{}}"#, 422, "unknown_event_type", &["/type"]),
        (&lead("{}"), 422, "invalid", &["/data/name", "/data/email", "/data/phone"]),
        (&lead("null"), 422, "invalid", &["/data"]),
        (&LEAD.replace("\"c-1\"", "\"\""), 422, "invalid", &["/conversation_id"]),
        (
            &LEAD.replace("\"conversation_id\":\"c-1\"", "\"occurred_at\":\"now\""),
            422,
            "invalid",
            &["/occurred_at"],
        ),
        (&LEAD.replace("{\"type\"", "{\"type\":\"x\",\"type\""), 422, "invalid", &["/type", "/type"]),
        (&LEAD.replace("conversation_id", "conversation~id"), 422, "invalid", &["/conversation~0id"]),
        (&long, 413, "payload_too_large", &["/data"]),
        (&deep, 422, "invalid", &["/data"]),
        (&" ".repeat(512 * 1024 + 1), 413, "payload_too_large", &[]),
    ] {
        let pointers: Vec<_> = pointers.iter().map(|p| (*p).to_owned()).collect();
        assert_eq!(post(body).await, (status, code.to_owned(), pointers), "{:.80}", body);
    }
    let latin1 = kit.send(&key, "POST", "/api/v1/events", b"{\"type\":\"\xe9\"}".to_vec()).await.problem();
    assert_eq!((latin1.0, latin1.1.as_str()), (400, "not_utf8"));
}

#[tokio::test]
async fn a_repeated_member_is_an_error_even_if_both_are_right() {
    let (kit, key) = start().await;
    let twice = LEAD.replace("{\"type\"", "{\"type\":\"Contact Information\",\"type\"");
    assert_eq!(
        kit.send(&key, "POST", "/api/v1/events", twice).await.problem(),
        (422, "invalid".into(), vec!["/type".into()])
    );
}

#[tokio::test]
async fn a_batch_is_accepted_wholly_or_not_at_all() {
    let (kit, key) = start().await;
    let batch = async |events: &[&str]| {
        kit.send(&key, "POST", "/api/v1/events/batch", format!(r#"{{"events":[{}]}}"#, events.join(",")))
            .await
    };
    let accepted = batch(&[LEAD, LEAD]).await;
    assert_eq!(
        (accepted.status, accepted.json()["items"].as_array().unwrap().len()),
        (StatusCode::ACCEPTED, 2)
    );
    let broken =
        batch(&[LEAD, r#"{"type":"Contact Information","data":{"name":1,"phone":null}}"#, "7"]).await;
    assert_eq!(
        broken.problem(),
        (
            422,
            "invalid".into(),
            ["/events/1/data/name", "/events/1/data/email", "/events/2"].map(str::to_owned).to_vec()
        )
    );
    assert_eq!(batch(&[]).await.problem().2, ["/events"]);
    assert_eq!(batch(&[LEAD; 1_001]).await.problem().2, ["/events"]);
    assert_eq!(batch(&["{}"; 1_000]).await.problem().2.len(), 100);
    assert_eq!(batch(&[LEAD; 1_000]).await.status, StatusCode::ACCEPTED);
    let ledger = kit.send(&key, "GET", "/api/v1/ledger", "").await.json();
    assert_eq!(ledger["events"], 1_002);
}

#[tokio::test]
async fn an_idempotency_key_repeats_the_answer() {
    let (kit, key) = start().await;
    let post = async |idempotency: &str, body: &'static str| {
        let request = Request::post("/api/v1/events")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header("Idempotency-Key", idempotency);
        kit.call(request.body(Body::from(body)).unwrap()).await
    };
    let first = post("k", LEAD).await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    assert_eq!(post("k", LEAD).await.body, first.body);
    let other = r#"{"type":"Chat Transcript","data":{"chat_transcript":""}}"#;
    assert_eq!(post("k", other).await.problem().1, "idempotency_key_reused");
    assert_eq!(post("k", other).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post(&"k".repeat(256), LEAD).await.problem().0, 422);
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let (kit, key) = start().await;
    make_webhook(&kit, &key, json!({})).await;
    for _ in 0..3 {
        kit.send(&key, "POST", "/api/v1/events", LEAD).await;
        kit.clock.advance_millis(1);
    }
    let get = async |path: &str| kit.send(&key, "GET", &format!("/api/v1{path}"), "").await;
    let first = get("/events?limit=2").await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let rest = get(&format!("/events?limit=2&after={}", first["next"].as_str().unwrap())).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert!(first["items"][1]["id"].as_str() > rest["items"][0]["id"].as_str());

    let count = async |path: &str| get(path).await.json()["items"].as_array().unwrap().len();
    assert_eq!(count("/events?type=Contact%20Information&conversation_id=c-1").await, 3);
    assert_eq!(count("/events?type=Chat+Transcript").await, 0);
    assert_eq!(count("/deliveries?state=pending&event_type=Contact+Information").await, 3);
    assert_eq!(count("/deliveries?state=delivered").await, 0);
    assert_eq!(count("/webhooks").await, 1);
    assert_eq!(count("/event-types?limit=3").await, 3);
    assert_eq!(count("/nodes").await, 0);
    for (query, pointer) in [
        ("/events?limit=0", "/limit"),
        ("/events?after=dlv_1", "/after"),
        ("/events?conversation_id=%00", "/conversation_id"),
        ("/deliveries?state=held", "/state"),
        ("/deliveries?webhook_id=1", "/webhook_id"),
        ("/webhooks?sort=name", "/sort"),
        ("/event-types?after=Lead", "/after"),
    ] {
        assert_eq!(
            get(query).await.problem(),
            (422, get(query).await.json()["code"].as_str().unwrap().into(), vec![pointer.into()])
        );
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_another_accounts_is_404() {
    let (kit, key) = start().await;
    for path in ["/api/v1/webhook", "/api/v1/webhooks/", "/api/v1/webhooks/1", "/api/v1/events/%ff"] {
        assert_eq!(
            kit.send(&key, "GET", path, "").await.problem(),
            (404, "not_found".into(), vec![]),
            "{path}"
        );
    }
    let unknown = format!("/api/v1/webhooks/{}", domain::Id::<domain::Webhook>::from_parts(1, &[1; 10]));
    assert_eq!(kit.send(&key, "GET", &unknown, "").await.problem().0, 404);
    let wrong_method = kit.send(&key, "PUT", "/api/v1/events", "").await;
    assert_eq!(wrong_method.problem(), (405, "method_not_allowed".into(), vec![]));
    let allowed = wrong_method.headers[header::ALLOW].to_str().unwrap();
    assert!(allowed.contains("POST") && allowed.contains("GET"), "{allowed}");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let (kit, key) = start().await;
    for path in ["/healthz", "/api/v1/webhooks", "/nowhere", "/openapi.json"] {
        let answer = kit.send(&key, "GET", path, "").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
    }
}

#[tokio::test]
async fn a_revoked_key_fails_within_a_second() {
    let (kit, admin) = start().await;
    let key = kit.key(Scope::Read).await;
    let status = async || kit.send(&key, "GET", "/api/v1/ledger", "").await.status;
    assert_eq!(status().await, StatusCode::OK);
    let revoke = |tx: &mut app::Tx<'_>| {
        let account = app::accounts::resolve(tx, None, false)?.id;
        let actor = domain::Actor::Console { account };
        let newest = app::accounts::keys(tx, &actor)?.pop().map(|key| key.id).unwrap();
        app::accounts::revoke_key(tx, &actor, newest)
    };
    kit.db.write(revoke).await.unwrap();
    kit.clock.advance_millis(999);
    assert_eq!(status().await, StatusCode::UNAUTHORIZED);
    assert_eq!(kit.send(&admin, "GET", "/api/v1/ledger", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn readiness_follows_the_dispatcher_and_draining() {
    let (kit, _) = start().await;
    let ready = async || kit.send("", "GET", "/readyz", "").await;
    assert_eq!(ready().await.problem().1, "not_ready");
    assert_eq!(ready().await.headers[header::RETRY_AFTER], "1");
    kit.dispatcher.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ready().await.json(), json!({"status": "ready"}));
    kit.readiness.drain();
    assert_eq!(ready().await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(kit.send("", "GET", "/healthz", "").await.json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn the_figures_count_events_and_requests() {
    let (kit, key) = start().await;
    kit.send(&key, "POST", "/api/v1/events", LEAD).await;
    kit.send(&key, "GET", "/api/v1/webhooks/1", "").await;
    let page = kit.send(&key, "GET", "/metrics", "").await;
    assert!(page.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/openmetrics-text"));
    for line in [
        "leadpost_events_accepted_total 1",
        "leadpost_events_unmatched_total 1",
        r#"leadpost_http_requests_total{method="POST",route="/api/v1/events",status="2xx"} 1"#,
        r#"leadpost_http_requests_total{method="GET",route="/api/v1/webhooks/{id}",status="4xx"} 1"#,
    ] {
        assert!(page.body.lines().any(|known| known == line), "{line}\n{}", page.body);
    }
}
