//! Conversations that another chat tool pushes: they give the same events, contacts and markers as our own.

use std::collections::BTreeMap;

use domain::Scope;
use serde_json::{Value, json};
use suite::{Answer, Receiver, TestApp, stores};

use crate::webhooks::id;

/// A conversation of another chat tool.
pub async fn begun(app: &TestApp, body: Value) -> Value {
    app.post("/conversations", body, 201).await
}

fn path(conversation: &Value, what: &str) -> String {
    format!("/conversations/{}/{what}", id(conversation))
}

/// Pushes something into it that must be taken.
pub async fn push(app: &TestApp, conversation: &Value, what: &str, body: Value) {
    let answer = app.send("POST", &path(conversation, what), body.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""), "{what} {body}");
}

/// Somebody says something there.
pub async fn say(app: &TestApp, conversation: &Value, author: &str, text: &str) {
    push(app, conversation, "messages", json!({"author": author, "text": text})).await;
}

async fn show(app: &TestApp, conversation: &Value) -> Value {
    app.get(&format!("/conversations/{}", id(conversation))).await
}

/// The bodies that came, by their type.
fn told(receiver: &Receiver) -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for request in receiver.received() {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        all.entry(body["type"].as_str().expect("a type").to_owned()).or_default().push(body);
    }
    all
}

/// Each step of a conversation, with the key that makes its repeat harmless.
fn journey() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("messages", "k-1", json!({"author": "bot", "name": "Robo", "text": "May we quote?"})),
        ("messages", "k-2", json!({"author": "visitor", "text": "Yes\nplease"})),
        ("markers", "k-3", json!({"name": "Quote", "edge": "start"})),
        (
            "contact",
            "k-4",
            json!({
                "name": "Nuala O'Brien", "email": "mailto:Nuala@Example.COM.", "phone": "+91 98111 23456",
                "custom": {"seats": 12, "company": "Äußerst & Söhne", "vip": true},
                "consent": "May we keep your details?",
            }),
        ),
        ("markers", "k-5", json!({"name": " Quote ", "edge": "end"})),
        ("messages", "k-6", json!({"author": "operator", "name": "Priya", "text": "Thank you"})),
        ("close", "k-7", json!({"reason": "visitor_ended"})),
    ]
}

async fn step(app: &TestApp, chat: &Value, (what, key, body): &(&str, &str, Value)) -> Answer {
    app.send_with(&[("idempotency-key", key)], "POST", &path(chat, what), body.to_string()).await
}

/// Begins it, again under the same key, and again under another.
async fn begun_thrice(app: &TestApp, begin: &Value) -> Value {
    let mut chats = Vec::new();
    for key in ["k-0", "k-0", "another"] {
        let headers = [("idempotency-key", key)];
        let answer = app.send_with(&headers, "POST", "/conversations", begin.to_string()).await;
        let chat = answer.expect(201);
        assert_eq!(answer.headers["location"], format!("/api/v1/conversations/{}", id(&chat)));
        chats.push(chat);
    }
    assert!(chats.iter().all(|chat| *chat == chats[0]), "the same goes on: {chats:?}");
    chats.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_conversation_gives_one_contact_and_one_transcript_however_often_each_step_comes() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/documented"), json!({})).await;
        let types = json!(["Contact Information", "Chat Transcript", "Marker Completed"]);
        let more = json!({"body": "extended", "event_types": types});
        let extended = Receiver::start().await;
        app.webhook(&extended.url("/extended"), more).await;
        let bot = app.post("/chatbots", json!({"name": "Desk"}), 201).await;

        let begin =
            json!({"external_id": "cw-1", "page_url": "https://www.example.com/x", "chatbot_id": id(&bot)});
        let chat = &begun_thrice(&app, &begin).await;
        for each in journey() {
            for _ in 0..2 {
                let answer = step(&app, chat, &each).await;
                assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""), "{each:?}");
            }
        }
        // And all of it again, out of order, when it is over.
        for each in journey().iter().rev() {
            assert_eq!(step(&app, chat, each).await.status, 204, "{each:?}");
        }
        let other = step(&app, chat, &("messages", "k-2", json!({"author": "visitor", "text": "No"}))).await;
        assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_key_reused"));
        app.settle().await;

        let documented = told(&receiver);
        assert_eq!(documented.keys().collect::<Vec<_>>(), ["Chat Transcript", "Contact Information"]);
        let contact =
            json!({"name": "Nuala O'Brien", "email": "Nuala@example.com", "phone": "+919811123456"});
        let body =
            json!({"type": "Contact Information", "event_type": "Contact Information", "data": contact});
        assert_eq!(documented["Contact Information"], [body]);
        let [transcript] = &documented["Chat Transcript"][..] else { panic!("{documented:?}") };
        let text = transcript["data"]["chat_transcript"].as_str().expect("a text");
        let lines: Vec<_> = text.lines().map(|line| line.split_once("] ").map_or(line, |it| it.1)).collect();
        assert_eq!(lines, ["Robo: May we quote?", "Visitor: Yes", "  please", "Priya: Thank you"]);

        let extended = told(&extended);
        let counts: Vec<_> = extended.iter().map(|(name, all)| (name.as_str(), all.len())).collect();
        assert_eq!(counts, [("Chat Transcript", 1), ("Contact Information", 1), ("Marker Completed", 1)]);
        let data = &extended["Contact Information"][0]["data"];
        assert_eq!(data["custom"], json!({"seats": 12, "company": "Äußerst & Söhne", "vip": true}));
        assert_eq!(data["consent"]["text"], "May we keep your details?");
        let data = &extended["Chat Transcript"][0]["data"];
        assert_eq!((&data["close_reason"], &data["chatbot"]), (&json!("visitor_ended"), &json!("Desk")));
        assert_eq!((&data["page_url"], &data["conversation_id"]), (&begin["page_url"], &chat["id"]));
        assert_eq!(data["messages"].as_array().map(Vec::len), Some(3));
        assert_eq!(extended["Marker Completed"][0]["data"]["marker"], "Quote");

        let shown = show(&app, chat).await;
        assert_eq!((&shown["message_count"], &shown["reply_count"]), (&json!(3), &json!(1)));
        assert_eq!((&shown["external_id"], &shown["version"]), (&json!("cw-1"), &Value::Null));
        assert_eq!(shown["markers"].as_array().map(Vec::len), Some(1));
        assert!(shown["markers"][0]["completed_at"].is_string());
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_step_at_the_same_time_happens_once() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chat = begun(&app, json!({})).await;
        let each = ("messages", "k", json!({"author": "visitor", "text": "Hello"}));
        let (a, b, c) =
            tokio::join!(step(&app, &chat, &each), step(&app, &chat, &each), step(&app, &chat, &each));
        assert!([a, b, c].iter().all(|answer| answer.status == 204));
        assert_eq!(show(&app, &chat).await["message_count"], 1, "{}", app.engine);
        // The key is not the conversation's but the account's: elsewhere it is another request.
        let elsewhere = begun(&app, json!({})).await;
        assert_eq!(step(&app, &elsewhere, &each).await.code(), "idempotency_key_reused");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_comes_twice_at_once_is_one_conversation() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for number in 0..10 {
            let new = json!({"external_id": format!("tawk-{number}")});
            let begin = || begun(&app, new.clone());
            let (a, b, c, d) = tokio::join!(begin(), begin(), begin(), begin());
            assert!([b, c, d].iter().all(|it| *it == a), "{}", app.engine);
        }
        assert_eq!(app.get("/conversations").await["items"].as_array().map(Vec::len), Some(10));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_conversation_is_final_and_its_name_begins_another() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chat = begun(&app, json!({"external_id": "tawk-7"})).await;
        say(&app, &chat, "visitor", "Hello").await;
        push(&app, &chat, "close", json!({})).await;
        assert_eq!(show(&app, &chat).await["close_reason"], "operator_closed");
        for (what, body) in [
            ("messages", json!({"author": "visitor", "text": "Hello"})),
            ("contact", json!({"email": "a@example.com"})),
            ("markers", json!({"name": "Quote", "edge": "start"})),
            ("close", json!({})),
        ] {
            let late = app.send("POST", &path(&chat, what), body.to_string()).await;
            assert_eq!((late.status.as_u16(), late.code().as_str()), (409, "conversation_closed"), "{what}");
        }
        let next = begun(&app, json!({"external_id": "tawk-7"})).await;
        assert_ne!(next, chat);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_either_kind_close_what_is_pushed_and_no_other_does() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for (scope, reason) in [
            (Scope::Ingest, Some("operator_closed")),
            (Scope::Manage, Some("admin_closed")),
            (Scope::Admin, Some("operator_closed")),
            (Scope::Read, None),
        ] {
            let chat = begun(&app, json!({})).await;
            let key = app.key(scope).await;
            let closed = app.send_as(&key, "POST", &path(&chat, "close"), "").await;
            assert_eq!(closed.status.as_u16(), if reason.is_some() { 204 } else { 403 }, "{scope:?}");
            assert_eq!(show(&app, &chat).await["close_reason"].as_str(), reason, "{scope:?}");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_bot_would_have_taken_is_refused_and_changes_nothing() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chat = begun(&app, json!({})).await;
        let before = show(&app, &chat).await;
        let many: serde_json::Map<_, _> = (0..101).map(|i| (i.to_string(), json!(i))).collect();
        for (body, place) in [
            (json!({}), ""),
            (json!({"name": "John Carter"}), ""),
            (json!({"email": "john@localhost"}), "/email"),
            (json!({"email": "a@example.com", "phone": "911"}), "/phone"),
            (json!({"email": "a@example.com", "phone": "9811123456"}), "/phone"),
            (json!({"email": "a@example.com", "name": "---"}), "/name"),
            (json!({"email": "a@example.com", "consent": " "}), "/consent"),
            (json!({"email": "a@example.com", "custom": {"a/b": "x".repeat(4001)}}), "/custom/a~1b"),
            (json!({"email": "a@example.com", "custom": {"": 1}}), "/custom/"),
            (json!({"email": "a@example.com", "custom": many}), "/custom"),
        ] {
            let refused = app.send("POST", &path(&chat, "contact"), body.to_string()).await;
            assert_eq!(refused.expect(422)["errors"][0]["pointer"], place, "{body}");
        }
        assert_eq!(show(&app, &chat).await, before);
        assert_eq!(app.get("/contacts").await["items"], json!([]));
        // In the region of its chatbot, a number without + is one.
        let bot = json!({"name": "Desk", "settings": {"region": "IN"}});
        let bot = app.post("/chatbots", bot, 201).await;
        let chat = begun(&app, json!({"chatbot_id": id(&bot)})).await;
        push(&app, &chat, "contact", json!({"phone": "9811123456"})).await;
        assert_eq!(app.get("/contacts").await["items"][0]["phone"], "+919811123456");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_is_told_in_the_form_that_is_asked_for() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chat = begun(&app, json!({})).await;
        let hostile = "<script>alert(\"1\")</script> & 'x'\nsecond line";
        say(&app, &chat, "visitor", hostile).await;
        let named = json!({"author": "operator", "name": "<img src=x>", "text": "{{email}}"});
        push(&app, &chat, "messages", named).await;
        let at = path(&chat, "transcript");

        let text = app.send("GET", &at, "").await;
        assert_eq!(text.headers["content-type"], "text/plain; charset=utf-8");
        let lines: Vec<_> = text.body.lines().collect();
        assert!(lines[0].ends_with("] Visitor: <script>alert(\"1\")</script> & 'x'"), "{lines:?}");
        assert_eq!((lines[1], lines.len()), ("  second line", 3));

        let json = app.send_with(&[("accept", "application/json")], "GET", &at, "").await;
        let shown = json.expect(200);
        assert_eq!(
            (&shown["conversation_id"], &shown["messages"][0]["text"]),
            (&chat["id"], &json!(hostile))
        );
        assert_eq!(shown["messages"][1]["name"], "<img src=x>");

        let page = app.send_with(&[("accept", "text/html,*/*;q=0.8")], "GET", &at, "").await;
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let policy = page.headers["content-security-policy"].to_str().expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(page.body.contains("&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62; &#38; &#39;x&#39;"));
        assert!(!page.body.contains("<script") && !page.body.contains("<img"), "{}", page.body);
        assert!(page.body.contains("{{email}}"));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_shown_from_any_number_on() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chat = begun(&app, json!({})).await;
        for number in 1..=5 {
            say(&app, &chat, "visitor", &format!("Number {number}")).await;
        }
        for (after, first, count) in [(0, Some(1), 5), (3, Some(4), 2), (5, None, 0), (99, None, 0)] {
            let shown = app.get(&format!("/conversations/{}?after_number={after}", id(&chat))).await;
            assert_eq!(shown["messages"][0]["number"].as_u64(), first, "after {after}");
            assert_eq!(shown["messages"].as_array().map(Vec::len), Some(count), "after {after}");
            assert_eq!(shown["more_messages"], false);
        }
        app.finish().await;
    }
}
