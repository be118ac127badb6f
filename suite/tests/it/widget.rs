//! The public endpoints that the widget calls: who may, what is heard once, and what comes live.

mod drafts;
mod live;

use app::{
    AppError,
    chatbots::{self, NewChatbot},
};
use axum::body::Body;
use domain::{Actor, Chatbot, ChatbotSettings};
use http::{Request, header};
use serde_json::{Value, json};
use suite::{Answer, TestApp};

/// A page that may embed the chatbot.
const PAGE: &str = "https://www.example.com";

/// The published travel desk.
async fn chatbot(app: &TestApp) -> Chatbot {
    let account = app.acme.0;
    let settings = ChatbotSettings { allowed_origins: vec![PAGE.to_owned()], ..ChatbotSettings::default() };
    let new = NewChatbot {
        name: "Desk".to_owned(),
        template: Some("travel-desk".to_owned()),
        settings,
        ..NewChatbot::default()
    };
    let made = app.db.write(move |tx| {
        let actor = Actor::Console { account };
        let made = chatbots::create(tx, &actor, &new)?;
        chatbots::publish(tx, &actor, made.id)
    });
    let made: Result<_, AppError> = made.await;
    made.expect("the template is valid")
}

fn request(key: &str, verb: &str, origin: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::post(format!("/w/{key}/{verb}")).header(header::CONTENT_TYPE, "text/plain");
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    request.body(Body::from(body.to_string())).expect("a good request")
}

/// A browser with the widget open.
struct Browser<'a> {
    app: &'a TestApp,
    key: String,
    token: Value,
    cursor: Value,
    /// What was asked last.
    ask: Value,
    said: u32,
}

impl<'a> Browser<'a> {
    async fn open(app: &'a TestApp, chatbot: &Chatbot) -> Self {
        let key = chatbot.public_key.clone();
        let (token, cursor, ask) = (Value::Null, Value::Null, Value::Null);
        let mut browser = Self { app, key, token, cursor, ask, said: 0 };
        browser.call("open", json!({})).await.expect(200);
        browser
    }

    /// Another tab of it.
    async fn tab(&self) -> Browser<'a> {
        let mut tab = Browser {
            app: self.app,
            key: self.key.clone(),
            token: self.token.clone(),
            cursor: Value::Null,
            ask: Value::Null,
            said: 1_000,
        };
        tab.call("open", json!({})).await.expect(200);
        tab
    }

    fn request(&self, verb: &str, mut body: Value) -> Request<Body> {
        body["token"] = self.token.clone();
        body["cursor"] = self.cursor.clone();
        request(&self.key, verb, Some(PAGE), &body)
    }

    async fn call(&mut self, verb: &str, body: Value) -> Answer {
        let answer = self.app.call(self.request(verb, body)).await;
        if answer.status == 200 {
            self.learn(&answer.json());
        }
        answer
    }

    fn learn(&mut self, update: &Value) {
        self.cursor = update["cursor"].clone();
        if !update["token"].is_null() {
            self.token = update["token"].clone();
        }
        if let Some(last) = update["messages"].as_array().and_then(|all| all.last()) {
            self.ask = last["ask"].clone();
        }
    }

    fn next_id(&mut self) -> String {
        self.said += 1;
        format!("m{}", self.said)
    }

    async fn types(&mut self, text: &str) -> Value {
        let id = self.next_id();
        self.call("messages", json!({"id": id, "text": text})).await.expect(200)
    }

    async fn presses(&mut self, value: &str) -> Value {
        let (id, question) = (self.next_id(), self.ask["question"].clone());
        self.call("messages", json!({"id": id, "choice": value, "question": question})).await.expect(200)
    }
}

fn texts(update: &Value) -> Vec<&str> {
    let messages = update["messages"].as_array().expect("an update has messages");
    messages.iter().map(|message| message["text"].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_call_and_previews_are_for_our_own() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let open = async |key: &str, origin: Option<&str>, body: Value| {
            let answer = app.call(request(key, "open", origin, &body)).await;
            (answer.status.as_u16(), answer.code())
        };
        let key = bot.public_key.as_str();
        let refused = (403, "origin_not_allowed".to_owned());
        assert_eq!(open(key, Some(PAGE), json!({})).await.0, 200);
        for origin in [None, Some("https://evil.example"), Some("null"), Some("http://www.example.com")] {
            assert_eq!(open(key, origin, json!({})).await, refused, "{origin:?}");
        }
        assert_eq!(
            open(key, Some(suite::OWN_ORIGIN), json!({})).await,
            refused,
            "our own pages only preview"
        );
        assert_eq!(open(key, Some(suite::OWN_ORIGIN), json!({"preview": true})).await.0, 200);
        assert_eq!(open(key, Some(PAGE), json!({"preview": true})).await, refused);
        assert_eq!(open("pk_unknown", Some(PAGE), json!({})).await.0, 404);

        let answer = app.call(request(key, "open", Some("https://evil.example"), &json!({}))).await;
        assert!(answer.json()["detail"].as_str().unwrap().contains("allowed_origins"), "{}", answer.body);
        app.finish().await;
    }
}

#[tokio::test]
async fn scripts_of_other_origins_may_read_the_answers() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let path = format!("/w/{}/open", bot.public_key);
        let preflight = Request::options(&path).header(header::ORIGIN, PAGE).body(Body::empty()).unwrap();
        let preflight = app.call(preflight).await;
        assert_eq!((preflight.status.as_u16(), preflight.body.as_str()), (204, ""));
        let opened = app.call(request(&bot.public_key, "open", Some(PAGE), &json!({}))).await;
        for answer in [preflight, opened] {
            assert_eq!(answer.headers["access-control-allow-origin"], PAGE);
            assert_eq!(answer.headers["vary"], "origin");
            assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        }
        for (content_type, status) in
            [("application/json", 200), ("text/plain;charset=UTF-8", 200), ("x/y", 415)]
        {
            let request = Request::post(&path).header(header::ORIGIN, PAGE);
            let request = request.header(header::CONTENT_TYPE, content_type).body(Body::from("{}")).unwrap();
            assert_eq!(app.call(request).await.status.as_u16(), status, "{content_type}");
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn nothing_is_stored_before_the_first_action_and_what_is_said_is_heard_once() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let mut browser = Browser::open(&app, &bot).await;
        let opened = browser.call("open", json!({})).await.expect(200);
        assert_eq!((opened["state"].as_str(), &opened["conversation"]), (Some("none"), &Value::Null));
        assert_eq!(opened["config"]["name"], "Desk");
        assert_eq!(conversations(&app).await, 0);

        let update = browser.presses("book").await;
        assert_eq!((&update["state"], &update["reset"]), (&json!("bot"), &json!(true)));
        assert_eq!(texts(&update)[2..], ["Book a trip", "Where would you like to go?"]);
        let said = json!({"id": "once", "text": "Lisbon"});
        let first = browser.call("messages", said.clone()).await.expect(200);
        assert_eq!(texts(&first), ["Lisbon", "When do you leave? (e.g. 2026-11-05)"]);
        assert_eq!(first["messages"][0]["client_id"], "once");
        let again = browser.call("messages", said).await.expect(200);
        assert_eq!((texts(&again), &again["reset"]), (vec![], &json!(false)));
        assert_eq!(conversations(&app).await, 1);

        let late = browser.call("messages", json!({"id": "late", "choice": "book", "question": 1})).await;
        assert_eq!(texts(&late.expect(200)), Vec::<&str>::new(), "the question is not asked any more");
        app.finish().await;
    }
}

async fn conversations(app: &TestApp) -> usize {
    let page = app::PageRequest { after: None, limit: 100 };
    let actor = Actor::Console { account: app.acme.0 };
    let listed = app
        .db
        .read(move |tx| app::conversations::list(tx, &actor, app::conversations::Filter::default(), page));
    listed.await.expect("they can be listed").items.len()
}

#[tokio::test]
async fn an_ended_chat_is_final_and_the_next_message_opens_another() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let mut browser = Browser::open(&app, &bot).await;
        let first = browser.presses("status").await["conversation"].clone();
        let ended = browser.call("end", json!({})).await.expect(200);
        assert_eq!((ended["state"].as_str(), &ended["conversation"]), (Some("closed"), &first));
        assert_eq!(browser.call("end", json!({})).await.expect(200)["state"], "closed");
        let update = browser.types("hello again").await;
        assert_ne!(update["conversation"], first);
        assert_eq!((&update["state"], &update["reset"]), (&json!("bot"), &json!(true)));
        assert_eq!(conversations(&app).await, 2);
        app.finish().await;
    }
}

#[tokio::test]
async fn two_tabs_of_a_browser_hold_one_conversation() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let mut first = Browser::open(&app, &bot).await;
        let mut second = first.tab().await;
        let begun = first.presses("status").await;
        let seen = second.call("updates", json!({})).await.expect(200);
        assert_eq!((&seen["conversation"], &seen["reset"]), (&begun["conversation"], &json!(true)));
        assert_eq!(texts(&seen), texts(&begun));
        let answered = second.types("ab123456").await;
        assert_eq!(answered["conversation"], begun["conversation"]);
        assert_eq!(texts(&first.call("updates", json!({})).await.expect(200)), texts(&answered));
        assert_eq!(conversations(&app).await, 1);
        app.finish().await;
    }
}

#[tokio::test]
async fn what_is_too_long_or_makes_no_sense_is_refused_in_words() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let mut browser = Browser::open(&app, &bot).await;
        for (body, status, words) in [
            (json!({"id": "a", "text": "x".repeat(4_001)}), 422, "/text"),
            (json!({"id": "a", "text": "x".repeat(33_000)}), 413, "32768"),
            (json!({"id": "a", "text": "  "}), 422, "/text"),
            (json!({"id": "a", "text": "a\u{0}b"}), 422, "/text"),
            (json!({"text": "x"}), 422, "/id"),
            (json!({"id": "", "text": "x"}), 422, "/id"),
            (json!({"id": "a b", "text": "x"}), 422, "/id"),
            (json!({"id": "a"}), 422, "exactly one"),
            (json!({"id": "a", "text": "x", "skip": true}), 422, "exactly one"),
            (json!({"id": "a", "choice": "book"}), 422, "/question"),
            (json!({"id": "a", "text": "x", "more": 1}), 422, "/more"),
            (json!({"id": "a", "text": "x", "variables": {"a": []}}), 422, "/variables"),
        ] {
            let answer = browser.call("messages", body).await;
            assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
            assert!(answer.body.contains(words), "{words}: {}", answer.body);
        }
        browser.call("messages", json!({"id": "ok", "text": "é".repeat(4_000)})).await.expect(200);
        browser.token = json!("lpv_wrong");
        let answer = browser.call("messages", json!({"id": "b", "text": "x"})).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "visitor_unknown"));
        app.finish().await;
    }
}

#[tokio::test]
async fn a_flood_of_one_visitor_is_refused_and_others_are_not() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let (mut flood, mut other) = (Browser::open(&app, &bot).await, Browser::open(&app, &bot).await);
        let mut refused = 0;
        for number in 0..40 {
            let answer = flood.call("messages", json!({"id": format!("f{number}"), "text": "x"})).await;
            match answer.status.as_u16() {
                200 => assert_eq!(refused, 0),
                429 => {
                    assert_eq!(answer.headers["retry-after"], "1");
                    refused += 1;
                }
                _ => panic!("{}", answer.body),
            }
        }
        assert_eq!(refused, 10, "30 at once");
        other.types("hello").await;
        app.clock.advance(std::time::Duration::from_secs(1));
        let later = flood.call("messages", json!({"id": "later", "text": "x"})).await;
        assert_eq!(later.status.as_u16(), 200);
        app.finish().await;
    }
}
