//! What is just allowed, beside the table of what is not.

use axum::body::Body;
use http::Request;
use serde_json::json;
use suite::{TestApp, stores};

use super::events::{long, nested};

#[tokio::test(flavor = "multi_thread")]
async fn what_just_keeps_a_rule_is_taken() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let event = |data: &str, more: &str| format!(r#"{{"type":"Chat Transcript","data":{data}{more}}}"#);
        let conversation = |id: &str| format!(r#","conversation_id":"{id}""#);
        let hello = r#"{"chat_transcript":"Hello"}"#;
        for body in [
            event(&nested(64), ""),
            event(&long(256 * 1024), ""),
            event(hello, &conversation(&"x".repeat(128))),
            event(hello, &conversation(&"👩".repeat(128))),
            event(hello, r#","conversation_id":null,"occurred_at":null"#),
            event(hello, r#","occurred_at":"2026-03-04T11:15:30.123456+01:00""#),
            event(hello, r#","occurred_at":"0000-01-01 00:00:00-00:00""#),
            event(hello, r#","occurred_at":"1969-12-31t23:59:59z""#),
            format!("{}{}", event(hello, ""), " ".repeat(512 * 1024 - event(hello, "").len())),
            r#"{"type":"Contact Information","data":{"name":"","email":"not one","phone":null,"more":[{}]}}"#
                .to_owned(),
        ] {
            let answer = app.send("POST", "/events", body.as_str()).await;
            assert_eq!(answer.status, 202, "{body:.120}: {}", answer.body);
        }
        let batch = |body: String| async { app.send("POST", "/events/batch", body).await.status.as_u16() };
        let thousand = vec![event(hello, ""); 1_000].join(",");
        assert_eq!(batch(format!(r#"{{"events":[{thousand}]}}"#)).await, 202);
        let full = vec![event(&long(256 * 1024), ""); 31].join(",");
        let full = format!(r#"{{"events":[{full}]}}"#);
        let padding = " ".repeat(8 * 1024 * 1024 - full.len());
        assert_eq!(batch(full + &padding).await, 202, "exactly 8 MiB");
        assert_eq!(app.get("/ledger").await["events"], 1_041);

        let key = "k".repeat(255);
        let request = Request::post("/api/v1/events")
            .header("authorization", format!("bearer {}", app.acme.1))
            .header("content-type", "Application/JSON; charset=UTF-8")
            .header("idempotency-key", key);
        let answer = app.call(request.body(Body::from(event(hello, ""))).expect("a request")).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_may_go_to_each_limit() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let url = "http://127.0.0.1:8081/";
        let headers: serde_json::Map<_, _> = (0..32).map(|n| (format!("X-{n}"), json!("v"))).collect();
        for more in [
            json!({"name": "👩".repeat(200)}),
            json!({"url": format!("{url}{}", "x".repeat(2_048 - url.len()))}),
            json!({"headers": headers}),
            json!({"headers": {"X-A": "x".repeat(4_096), "!#$%&'*+-.^_`|~1aZ": "\t tab inside is not at an end".trim()}}),
            json!({"max_in_flight": 1, "rate_per_second": 1}),
            json!({"max_in_flight": 1_000, "rate_per_second": 100_000}),
            json!({"secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"}),
            json!({"event_types": ["Marker Completed", "Webhook Notice", "Marker Completed"]}),
            json!({"chatbot_ids": null, "body": null, "headers": null, "ordering": null, "max_in_flight": null,
                "rate_per_second": null, "retry": null, "secret": null}),
        ] {
            let webhook = app.webhook(url, more).await;
            assert_eq!(webhook["state"], "active");
        }
        app.finish().await;
    }
}
