//! The operator's side over the API: who is there, and who has a chat.

use std::{collections::BTreeMap, time::Duration};

use app::{
    AppError,
    conversations::visits::{self, Said, Visit, What},
};
use domain::{Scope, VisitorToken};
use serde_json::{Value, json};
use suite::{Answer, Receiver, TestApp, stores};

use crate::{chatbots, departments::named, inbound, webhooks::id};

async fn act(app: &TestApp, key: &str, conversation: &Value, verb: &str, body: Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    app.send_as(key, "POST", &format!("/conversations/{}/{verb}", id(conversation)), body).await
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

fn conflict(code: &str) -> (u16, String) {
    (409, code.to_owned())
}

async fn show(app: &TestApp, conversation: &Value) -> Value {
    app.get(&format!("/conversations/{}", id(conversation))).await
}

/// A published chatbot that a page of example.com may embed, with this flow; its public key.
async fn published(app: &TestApp, flow: Value) -> String {
    let settings = json!({"allowed_origins": ["https://www.example.com"]});
    let body = json!({"name": "Desk", "flow": flow, "settings": settings});
    let chatbot = app.post("/chatbots", body, 201).await;
    app.post(&chatbots::path(&chatbot, "/publish"), Value::Null, 200).await;
    chatbot["public_key"].as_str().expect("a key").to_owned()
}

/// Browser number `browser` says something to the bot of that key; its conversation as the API shows it.
pub async fn visitor_says(app: &TestApp, key: &str, browser: u8, text: &str) -> Value {
    let visit = Visit {
        public_key: key.to_owned(),
        origin: "https://www.example.com".to_owned(),
        own_origin: false,
        preview: false,
        draft: None,
        token: VisitorToken::from_bytes(&[browser; 32]),
        page_url: Some("https://www.example.com/secret-page".to_owned()),
        variables: BTreeMap::new(),
    };
    let said = Said { client_id: text.replace(' ', "-"), what: What::Text(text.to_owned()) };
    let heard = app.db.write(move |tx| visits::hear(tx, &visit, &said, None)).await;
    let heard: Result<_, AppError> = heard;
    let conversation = heard.expect("it is heard").conversation.expect("there is one");
    app.get(&format!("/conversations/{}", conversation.id)).await
}

/// A bot that hands over to Sales, and asks on when it gets the chat back.
pub fn handing_over() -> Value {
    json!({"schema": 1, "start": "a", "nodes": [
        {"id": "a", "kind": "ask", "type": "email", "text": "Your e-mail?", "var": "email", "next": "s"},
        {"id": "s", "kind": "save_contact", "email": "email", "next": "h"},
        {"id": "h", "kind": "handover", "department": "Sales", "next": "b", "offline": "z"},
        {"id": "b", "kind": "ask", "type": "text", "text": "Anything else?", "var": "else", "next": "z"},
        {"id": "z", "kind": "end", "then": "close"},
    ]})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_there_for_a_minute_unless_it_is_said_again() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let sales = named(&app, "Sales").await;
        let there = async || app.get("/operators").await["items"].as_array().map(Vec::len);
        let body = json!({"departments": [id(&sales)]}).to_string();
        let arrived = app.send("PUT", "/operators/me", body).await.expect(200);
        assert_eq!((&arrived["name"], &arrived["departments"]), (&json!("test"), &json!([id(&sales)])));
        assert_eq!(app.get("/operators").await["items"], json!([arrived]));
        // Without a body: for all.
        app.clock.advance(Duration::from_secs(59));
        let again = app.send("PUT", "/operators/me", "").await.expect(200);
        assert_eq!((&again["operator"], &again["departments"]), (&arrived["operator"], &json!([])));
        let other = app.key(Scope::Manage).await;
        app.send_as(&other, "PUT", "/operators/me", "{}").await.expect(200);
        app.clock.advance(Duration::from_secs(59));
        assert_eq!(there().await, Some(2));
        assert_eq!(app.send_as(&other, "DELETE", "/operators/me", "").await.status, 204);
        assert_eq!(app.send_as(&other, "DELETE", "/operators/me", "").await.status, 204);
        assert_eq!(there().await, Some(1));
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(there().await, Some(0));
        let foreign = app.send_as(&app.globex.1, "GET", "/operators", "").await.expect(200);
        assert_eq!(foreign["items"], json!([]));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_accept_at_once_one_gets_the_chat() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let keys = [app.key(Scope::Manage).await, app.key(Scope::Manage).await];
        for _ in 0..10 {
            let chat = app.post("/conversations", json!({}), 201).await;
            let (first, second) = tokio::join!(
                act(&app, &keys[0], &chat, "accept", Value::Null),
                act(&app, &keys[1], &chat, "accept", Value::Null),
            );
            let (won, lost, winner) = match first.status.as_u16() {
                200 => (&first, &second, &keys[0]),
                _ => (&second, &first, &keys[1]),
            };
            assert_eq!(won.expect(200)["state"], "agent", "{}", app.engine);
            assert_eq!(refused(lost), conflict("accepted_by_another"));
            // Once more by the winner changes nothing.
            let again = act(&app, winner, &chat, "accept", Value::Null).await.expect(200);
            assert_eq!(again["operator"], won.json()["operator"]);
            assert_eq!(show(&app, &chat).await["message_count"], 1);
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_from_hand_to_hand_and_its_transcript_tells() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({})).await;
        let (priya, omar) = (app.acme.1.clone(), app.key(Scope::Manage).await);
        let chat = inbound::begun(&app, json!({})).await;
        inbound::say(&app, &chat, "visitor", "Hello").await;
        let hello = json!({"text": "Hi, I am here", "client_id": "m-1"});
        assert_eq!(
            refused(&act(&app, &priya, &chat, "reply", hello.clone()).await),
            conflict("not_accepted")
        );
        act(&app, &priya, &chat, "accept", Value::Null).await.expect(200);
        for _ in 0..2 {
            let said = act(&app, &priya, &chat, "reply", hello.clone()).await.expect(200);
            assert_eq!(said["message_count"], 3, "said once, however often it came");
        }
        // The same name in another chat is another message.
        let other = inbound::begun(&app, json!({})).await;
        act(&app, &priya, &other, "accept", Value::Null).await.expect(200);
        let said = act(&app, &priya, &other, "reply", hello.clone()).await.expect(200);
        assert_eq!(said["message_count"], 2);
        assert_eq!(refused(&act(&app, &omar, &chat, "reply", hello).await), conflict("accepted_by_another"));
        assert_eq!(refused(&act(&app, &priya, &chat, "hand-back", Value::Null).await), conflict("no_bot"));

        let crm = named(&app, "CRM").await;
        let moved = json!({"department_id": id(&crm)});
        let moved = act(&app, &priya, &chat, "transfer", moved).await.expect(200);
        let seen = (&moved["state"], &moved["department_id"], &moved["operator"]);
        assert_eq!(seen, (&json!("queued"), &crm["id"], &Value::Null));
        act(&app, &omar, &chat, "accept", Value::Null).await.expect(200);
        assert_eq!(act(&app, &omar, &chat, "close", Value::Null).await.status, 204);
        let closed = show(&app, &chat).await;
        assert_eq!(
            (&closed["state"], &closed["close_reason"]),
            (&json!("closed"), &json!("operator_closed"))
        );
        for verb in ["accept", "hand-back", "close"] {
            let late = act(&app, &omar, &chat, verb, Value::Null).await;
            assert_eq!(refused(&late), conflict("conversation_closed"), "{verb}");
        }
        app.settle().await;
        let received = receiver.received();
        assert_eq!(received.len(), 1, "one transcript, and no contact");
        let body: Value = serde_json::from_slice(&received[0].body).expect("JSON");
        let transcript = body["data"]["chat_transcript"].as_str().expect("a text");
        let said: Vec<_> =
            transcript.lines().filter_map(|line| line.split_once("] ")).map(|it| it.1).collect();
        let told = [
            "Visitor: Hello",
            "System: test has joined the chat.",
            "test: Hi, I am here",
            "System: The chat was transferred to CRM.",
            "System: test has joined the chat.",
        ];
        assert_eq!(said, told);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_hands_over_and_goes_on_where_it_was_when_it_gets_the_chat_back() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let bot = published(&app, handing_over()).await;
        app.send("PUT", "/operators/me", "").await.expect(200);
        visitor_says(&app, &bot, 1, "Hello").await;
        let chat = visitor_says(&app, &bot, 1, "maya@example.com").await;
        assert_eq!(chat["state"], "queued", "{chat}");
        assert_eq!(app.get("/conversations?state=queued").await["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(app.get("/conversations?state=agent").await["items"], json!([]));
        act(&app, &app.acme.1, &chat, "accept", Value::Null).await.expect(200);
        let back = act(&app, &app.acme.1, &chat, "hand-back", Value::Null).await.expect(200);
        assert_eq!((&back["state"], &back["operator"]), (&json!("bot"), &Value::Null));
        let shown = show(&app, &chat).await;
        let last = shown["messages"].as_array().and_then(|all| all.last()).expect("a message");
        assert_eq!((&last["author"], &last["text"]), (&json!("bot"), &json!("Anything else?")));
        assert!(last["ask"].is_object(), "{last}");

        // Somebody who has not accepted it ends it; what another tool might push here is refused.
        let ingest = app.key(Scope::Ingest).await;
        for (verb, body) in [
            ("messages", json!({"author": "visitor", "text": "Hello"})),
            ("contact", json!({"email": "a@example.com"})),
            ("markers", json!({"name": "Quote", "edge": "start"})),
        ] {
            let pushed = act(&app, &ingest, &chat, verb, body).await;
            assert_eq!(refused(&pushed), conflict("not_inbound"), "{verb}");
        }
        let pushed = act(&app, &ingest, &chat, "close", Value::Null).await;
        assert_eq!(refused(&pushed), (403, "scope_missing".to_owned()));
        let reason = act(&app, &app.acme.1, &chat, "close", json!({"reason": "no_agent"})).await;
        assert_eq!(reason.expect(422)["errors"][0]["pointer"], "/reason");
        let manage = app.key(Scope::Manage).await;
        let closing = format!("/conversations/{}/close", id(&chat));
        let headers = [("authorization", &*format!("Bearer {manage}")), ("idempotency-key", "c")];
        for _ in 0..2 {
            assert_eq!(app.send_with(&headers, "POST", &closing, "").await.status, 204);
        }
        assert_eq!(show(&app, &chat).await["close_reason"], "admin_closed");
        app.finish().await;
    }
}
