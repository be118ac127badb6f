//! Chatbots over the API: made, changed, published, and kept as they were.

use serde_json::{Value, json};
use suite::{OWN_ORIGIN, TestApp, stores};

use crate::webhooks::id;

/// The path of a chatbot, with what follows it.
pub fn path(chatbot: &Value, rest: &str) -> String {
    format!("/chatbots/{}{rest}", id(chatbot))
}

async fn make(app: &TestApp, more: Value) -> Value {
    let mut body = json!({"name": "Travel Desk"});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    app.post("/chatbots", body, 201).await
}

async fn change(app: &TestApp, chatbot: &Value, body: Value) -> Value {
    app.send("PATCH", &path(chatbot, ""), body.to_string()).await.expect(200)
}

/// A flow that says this and ends.
fn flow(text: &str) -> Value {
    json!({"schema": 1, "start": "a", "nodes": [
        {"id": "a", "kind": "message", "text": text, "next": "z"},
        {"id": "z", "kind": "end", "then": "close"},
    ]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chatbot_lives_from_its_template_to_its_deletion() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let answer = app.send("POST", "/chatbots", r#"{"name":" Desk ","template":"saas-demo"}"#).await;
        let made = answer.expect(201);
        assert_eq!(answer.headers["location"], format!("/api/v1{}", path(&made, "")));
        let key = made["public_key"].as_str().expect("a key");
        assert!(key.starts_with("pk_") && key.len() == 25, "{key}");
        assert_eq!((&made["name"], &made["version"]), (&json!("Desk"), &Value::Null));
        assert_eq!(made["flow"]["start"], "d01");
        let snippet = made["snippet"].as_str().expect("a snippet");
        let tag = format!("<script src=\"{OWN_ORIGIN}/widget.js\" data-bot=\"{key}\" async></script>");
        assert_eq!(snippet, tag);
        assert_eq!(app.get(&path(&made, "")).await, made);
        assert_eq!(app.get("/chatbots").await["items"][0], made);
        assert_eq!(app.get(&path(&made, "/versions")).await, json!({"items": [], "next": null}));

        let published = app.post(&path(&made, "/publish"), Value::Null, 200).await;
        assert_eq!(published["version"], 1);
        assert_eq!(app.send("DELETE", &path(&made, ""), "").await.status, 204);
        for gone in ["", "/versions", "/versions/1"] {
            assert_eq!(app.send("GET", &path(&made, gone), "").await.status, 404, "{gone}");
        }
        assert_eq!(app.send("DELETE", &path(&made, ""), "").await.status, 404);
        assert_eq!(app.get("/chatbots").await["items"], json!([]));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_goes_in_and_out_byte_for_byte() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        // Neither valid as a flow, nor as anybody's JSON writer would write it.
        let draft = "{ \"start\" : \"\\u0061\",\n\t\"x\":1.50e+01, \"é\":\"\\/\",  \"x\":[ ] }";
        let body = format!(r#"{{"name":"Desk","flow":{draft}}}"#);
        let made = app.send("POST", "/chatbots", body).await;
        assert!(made.body.contains(&format!("\"flow\":{draft},")), "{}", made.body);
        let made = made.expect(201);
        assert!(app.send("GET", &path(&made, ""), "").await.body.contains(draft), "{}", app.engine);
        let other = "{\"a\":   [null]}";
        let changed = app.send("PATCH", &path(&made, ""), format!(r#"{{"flow": {other} }}"#)).await;
        assert!(changed.body.contains(&format!("\"flow\":{other},")), "{}", changed.body);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_stays_while_the_draft_changes() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chatbot = make(&app, json!({"flow": flow("One")})).await;
        for (version, text) in [(1, "One"), (2, "Two"), (3, "Three")] {
            change(&app, &chatbot, json!({"flow": flow(text)})).await;
            app.clock.advance(std::time::Duration::from_secs(1));
            let published = app.post(&path(&chatbot, "/publish"), Value::Null, 200).await;
            assert_eq!(published["version"], version);
        }
        change(&app, &chatbot, json!({"flow": {}})).await;
        for (version, text) in [(1, "One"), (2, "Two"), (3, "Three")] {
            let shown = app.get(&path(&chatbot, &format!("/versions/{version}"))).await;
            assert_eq!(
                (&shown["version"], &shown["flow"]["nodes"][0]["text"]),
                (&json!(version), &json!(text))
            );
        }
        let all = app.get(&path(&chatbot, "/versions")).await;
        let numbers: Vec<_> =
            all["items"].as_array().into_iter().flatten().map(|it| &it["version"]).collect();
        assert_eq!(numbers, [&json!(3), &json!(2), &json!(1)]);
        let page = app.get(&path(&chatbot, "/versions?limit=1&after=3")).await;
        assert_eq!((&page["items"][0]["version"], &page["next"]), (&json!(2), &json!("2")));
        for wrong in ["0", "4", "01", "+1", "x", "1.0", "99999999999", "1/x"] {
            let absent = app.send("GET", &path(&chatbot, &format!("/versions/{wrong}")), "").await;
            assert_eq!(absent.status, 404, "{wrong}");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_makes_no_sense_is_not_published_and_every_wrong_place_is_named() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chatbot = make(&app, json!({"flow": flow("Good")})).await;
        app.post(&path(&chatbot, "/publish"), Value::Null, 200).await;
        let bad = json!({"schema": 1, "start": "a", "nodes": [
            {"id": "a", "kind": "message", "text": "", "next": "nowhere"},
            {"id": "b", "kind": "end", "then": "close"},
        ]});
        for (draft, places) in [
            (bad, &["/flow/nodes/0/text", "/flow/nodes/0/next"][..]),
            (json!({"schema": 1, "start": "a", "nodes": [], "extra": 1}), &["/flow"]),
            (json!({}), &["/flow"]),
        ] {
            change(&app, &chatbot, json!({"flow": draft})).await;
            let refused = app.send("POST", &path(&chatbot, "/publish"), "").await;
            assert_eq!(
                (refused.status.as_u16(), refused.code().as_str()),
                (422, "invalid"),
                "{}",
                refused.body
            );
            let errors = refused.json()["errors"].as_array().cloned().unwrap_or_default();
            for place in places {
                assert!(errors.iter().any(|error| error["pointer"] == *place), "{place}: {}", refused.body);
            }
            assert!(errors.iter().all(|it| it["pointer"].as_str().is_some_and(|it| it.starts_with("/flow"))));
        }
        let shown = app.get(&path(&chatbot, "")).await;
        assert_eq!((&shown["version"], &shown["flow"]), (&json!(1), &json!({})));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_member_by_member() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let settings = json!({
            "allowed_origins": ["https://WWW.Example.com/"], "region": "IN", "time_zone": "Asia/Kolkata",
            "theme": {"color": "#0b57d0", "position": "left"}, "texts": {"send": "Go", "open": "Ask"},
            "mask_cards": true, "timers": {"reminder_s": 0, "queue_s": 30},
        });
        let chatbot = make(&app, json!({"settings": settings})).await;
        let wanted = json!({
            "allowed_origins": ["https://www.example.com"], "region": "IN", "time_zone": "Asia/Kolkata",
            "theme": {"color": "#0b57d0", "position": "left", "dir": null},
            "texts": {"open": "Ask", "send": "Go"}, "mask_cards": true,
            "timers": {
                "reminder_s": 0, "reminder_text": "Are you still there?", "bot_close_s": 900, "queue_s": 30,
                "agent_close_s": 1800,
            },
        });
        assert_eq!(chatbot["settings"], wanted);

        let mut wanted = wanted;
        let changed =
            json!({"theme": {"color": null, "dir": "rtl"}, "timers": {"bot_close_s": 60}, "region": null});
        wanted["theme"] = json!({"color": null, "position": "left", "dir": "rtl"});
        wanted["timers"]["bot_close_s"] = json!(60);
        wanted["region"] = Value::Null;
        assert_eq!(change(&app, &chatbot, json!({"settings": changed})).await["settings"], wanted);
        assert_eq!(change(&app, &chatbot, json!({"name": "Desk"})).await["settings"], wanted);

        let all: serde_json::Map<_, _> =
            wanted.as_object().into_iter().flatten().map(|(name, _)| (name.clone(), Value::Null)).collect();
        let reset = change(&app, &chatbot, json!({"settings": all})).await;
        let fresh = make(&app, json!({})).await;
        assert_eq!((&reset["settings"], &reset["name"]), (&fresh["settings"], &json!("Desk")));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_template_can_be_published_as_it_is() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let templates = app.get("/chatbot-templates").await;
        let templates = templates["items"].as_array().expect("a list");
        assert_eq!(templates.len(), 3);
        for template in templates {
            let chatbot = make(&app, json!({"template": template["key"]})).await;
            assert_eq!(chatbot["flow"], template["flow"]);
            let published = app.post(&path(&chatbot, "/publish"), Value::Null, 200).await;
            assert_eq!(published["version"], 1, "{}", template["key"]);
            assert!(template["description"].as_str().is_some_and(|it| !it.is_empty()));
        }
        app.finish().await;
    }
}
