//! What comes by the live stream: what others say, in order, once, and from where the widget left off.

use std::{collections::VecDeque, time::Duration};

use app::conversations::operators;
use axum::body::Body;
use domain::{Actor, Id};
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use suite::TestApp;

use super::{Browser, chatbot, texts};

/// A server-sent event.
#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

/// An open stream.
struct Stream {
    body: Body,
    text: String,
    waiting: VecDeque<Event>,
}

impl Stream {
    async fn open(app: &TestApp, request: Request<Body>) -> Self {
        let response = app.respond(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no", "a proxy passes each on as it comes");
        Self { body: response.into_body(), text: String::new(), waiting: VecDeque::new() }
    }

    /// The next event. Heartbeats do not count.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let frame = tokio::time::timeout(Duration::from_secs(30), self.body.frame());
            let frame = frame.await.expect("something comes")?.expect("the stream is whole");
            self.text += str::from_utf8(&frame.into_data().expect("data")).expect("UTF-8");
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                self.waiting.extend(event(block));
                self.text = rest.to_owned();
            }
        }
    }

    async fn update(&mut self) -> Value {
        let event = self.next().await.expect("the stream goes on");
        assert_eq!((event.name.as_str(), event.id.as_deref()), ("update", event.data["cursor"].as_str()));
        event.data
    }
}

fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let data = serde_json::from_str(field("data:")?).expect("data is JSON");
    Some(Event { name: field("event:")?.to_owned(), id: field("id:").map(str::to_owned), data })
}

fn operator(app: &TestApp) -> Actor {
    Actor::Console { account: app.acme.0 }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tab_and_an_operator_are_seen_at_once_and_in_order() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let mut browser = Browser::open(&app, &bot).await;
        let mut live = Stream::open(&app, browser.request("stream", json!({}))).await;
        assert_eq!(live.update().await["messages"], json!([]), "it has the greeting");
        // Before the first word there is nobody whose stream it is.
        let begun = browser.presses("human").await;
        let seen = live.update().await;
        assert_eq!((&seen["reset"], texts(&seen)), (&json!(true), texts(&begun)));

        let id: Id<domain::Conversation> = begun["conversation"].as_str().unwrap().parse().unwrap();
        let actor = operator(&app);
        app.db.write(move |tx| operators::accept(tx, &actor, id)).await.unwrap();
        let accepted = live.update().await;
        assert_eq!(accepted["operator"]["name"], "Console");
        assert_eq!(
            (accepted["state"].as_str(), texts(&accepted)),
            (Some("agent"), vec!["Console has joined the chat."])
        );
        for text in ["One", "Two"] {
            app.db.write(move |tx| operators::reply(tx, &actor, id, text, None)).await.unwrap();
            let said = live.update().await;
            assert_eq!((texts(&said), &said["messages"][0]["author"]), (vec![text], &json!("operator")));
        }
        app.send("POST", &format!("/conversations/{id}/typing"), "").await;
        assert_eq!(live.next().await.map(|it| (it.name, it.id)), Some(("typing".to_owned(), None)));
        app.db.write(move |tx| operators::close(tx, &actor, id)).await.unwrap();
        let closed = live.update().await;
        assert_eq!((closed["state"].as_str(), texts(&closed)), (Some("closed"), vec![]));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_where_the_widget_was_and_beyond_five_there_is_none() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let mut browser = Browser::open(&app, &bot).await;
        browser.presses("status").await;
        let mut tab = browser.tab().await;
        let missed = tab.types("ab123456").await;
        let mut live = Stream::open(&app, browser.request("stream", json!({}))).await;
        let update = live.update().await;
        assert_eq!((&update["reset"], texts(&update)), (&json!(false), texts(&missed)));

        // A browser's own reconnection says it in a header, which is newer.
        let mut request = browser.request("stream", json!({}));
        request.headers_mut().insert("last-event-id", tab.cursor.as_str().unwrap().parse().unwrap());
        let mut resumed = Stream::open(&app, request).await;
        assert_eq!(texts(&resumed.update().await), Vec::<&str>::new());

        let mut open = vec![live, resumed];
        for _ in 0..3 {
            open.push(Stream::open(&app, browser.request("stream", json!({}))).await);
        }
        let refused = app.call(browser.request("stream", json!({}))).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "too_many_requests"));
        drop(open);
        Stream::open(&app, browser.request("stream", json!({}))).await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_hear_of_every_change_in_their_account_alone() {
    for store in suite::stores().await {
        let app = TestApp::start(store).await;
        let bot = chatbot(&app).await;
        let follow = |key: &str| {
            Request::get("/api/v1/conversations/stream")
                .header(header::AUTHORIZATION, format!("Bearer {key}"))
                .body(Body::empty())
                .unwrap()
        };
        let mut own = Stream::open(&app, follow(&app.acme.1)).await;
        let mut foreign = Stream::open(&app, follow(&app.globex.1)).await;
        let mut browser = Browser::open(&app, &bot).await;
        let begun = browser.presses("status").await;
        let heard = own.next().await.unwrap();
        assert_eq!(
            (heard.name.as_str(), &heard.data),
            ("conversation", &json!({"id": begun["conversation"], "state": "bot"}))
        );
        browser.call("typing", json!({})).await;
        let heard = own.next().await.unwrap();
        assert_eq!((heard.name.as_str(), &heard.data), ("typing", &json!({"id": begun["conversation"]})));
        let nothing = tokio::time::timeout(Duration::from_millis(200), foreign.next()).await;
        assert!(nothing.is_err(), "{nothing:?}");
        app.finish().await;
    }
}
