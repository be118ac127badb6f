//! Where hostile text gets into the store by a door of its own: the API, the widget, and what a receiver answers.

use browser::Answer;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::corpus::{all, packed};
use crate::{
    house::{House, id, webhook},
    seed::{ORIGIN, Visitor},
};

/// Several at a time: none of them waits for another.
const AT_ONCE: usize = 8;

/// Puts all strings into every field.
pub async fn fill(house: &House) {
    answers(house).await;
    let names = packed(200, false);
    let bots = chatbots(house, &names).await;
    visitors(house, &bots).await;
    pushed(house, &names).await;
    each(&names, async |name| {
        house.post("/webhooks", webhook(&name, &house.receiver.url())).await;
    })
    .await;
    each(&packed(200, false), async |name| {
        house.post("/departments", json!({"name": name})).await;
    })
    .await;
    for (number, name) in names.iter().enumerate() {
        // A key of each name would take long: every one is a process.
        if number % 10 == 0 {
            house.server.make_key(name, "read").await;
        }
    }
}

async fn each(texts: &[String], act: impl AsyncFn(String)) {
    stream::iter(texts.to_vec()).for_each_concurrent(AT_ONCE, |text| act(text)).await;
}

/// Events with hostile data and keys go to a receiver that answers hostile things.
async fn answers(house: &House) {
    let mut wanted = webhook("CRM", &house.receiver.url());
    let visible = |text: &String| text.chars().all(|c| matches!(c, ' '..='~'));
    let headers = packed(4_000, false);
    wanted["headers"] = headers
        .iter()
        .map(|text| text.chars().filter(|c| visible(&c.to_string())).collect::<String>())
        .enumerate()
        .map(|(number, text)| (format!("x-own-{number}"), json!(text)))
        .collect::<Map<_, _>>()
        .into();
    wanted["body"] = json!("extended");
    house.post("/webhooks", wanted).await;
    let lines = |text: &str| text.replace(['\0', '\n', '\r', '\u{7f}'], " ");
    let headers = packed(2_000, false).into_iter().enumerate();
    let headers = headers.map(|(number, text)| (format!("x-answer-{number}"), lines(&text))).collect();
    let body = all().join("\n");
    house.receiver.answer(Answer { status: 200, headers, body });
    let mut events = Vec::new();
    for text in packed(8_000, true) {
        let text = text.replace('\0', "");
        events
            .push(json!({"type": "Contact Information", "conversation_id": packed(120, false)[events.len()],
            "data": {"name": text, "email": text, "phone": text, text.clone(): {text.clone(): [text]}}}));
        events.push(json!({"type": "Chat Transcript", "data": {"chat_transcript": text}}));
    }
    house.post("/events/batch", json!({"events": events})).await;
    for _ in 0..500 {
        let pending = house.get("/deliveries?state=pending").await;
        if pending["items"] == json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Bots of all names; the public keys of some, which also say hostile things.
async fn chatbots(house: &House, names: &[String]) -> Vec<String> {
    each(names, async |name| {
        house.post("/chatbots", json!({"name": name})).await;
    })
    .await;
    let mut keys = Vec::new();
    for text in packed(3_900, false) {
        let flow = |text: &str| {
            json!({"schema": 1, "start": "a", "nodes": [
            {"id": "a", "kind": "message", "text": text, "next": "b"},
            {"id": "b", "kind": "ask", "type": "text", "text": "Your name?", "var": "name", "next": "c"},
            {"id": "c", "kind": "ask", "type": "text", "text": "And?", "var": "more", "next": "b"}]})
        };
        let settings = json!({"allowed_origins": [ORIGIN], "texts": {"placeholder": text.chars().take(900).collect::<String>()}});
        let bot = json!({"name": text.chars().take(200).collect::<String>(), "flow": flow(&text.replace('{', "{ ")), "settings": settings});
        let bot = house.post("/chatbots", bot).await;
        house.post(&format!("/chatbots/{}/publish", id(&bot)), Value::Null).await;
        // What is published makes sense; a draft need not.
        house.call(Method::PATCH, &format!("/chatbots/{}", id(&bot)), json!({"flow": flow(&text)})).await;
        keys.push(bot["public_key"].as_str().expect("a chatbot has a public key").to_owned());
    }
    keys
}

/// Visitors who say them, on pages whose addresses hold them.
async fn visitors(house: &House, bots: &[String]) {
    let pages = packed(1_900, false);
    let values = packed(200, false);
    for (number, text) in packed(3_900, false).iter().enumerate() {
        let text = text.replace('\0', "");
        let page = pages.get(number).map_or("javascript:alert(9)", String::as_str);
        let mut visitor = Visitor::arrive(house, &bots[number % bots.len()], page).await;
        let variables: Map<String, Value> = values
            .iter()
            .skip(number * 40)
            .take(40)
            .enumerate()
            .map(|(at, value)| (format!("v{at}"), json!(value)))
            .collect();
        visitor.says(&text, page, variables.into()).await;
        visitor.says(&text.chars().rev().collect::<String>(), page, json!({})).await;
    }
}

/// Chats of another tool, with people of hostile names.
async fn pushed(house: &House, names: &[String]) {
    let texts = packed(3_900, false);
    let numbered: Vec<String> = (0..names.len()).map(|number| number.to_string()).collect();
    each(&numbered, async |number| {
        let number: usize = number.parse().expect("it is a number");
        let (name, text) = (&names[number], texts[number % texts.len()].replace('\0', ""));
        let chat = house.post("/conversations", json!({"page_url": name})).await;
        let path = |what: &str| format!("/conversations/{}/{what}", id(&chat));
        house.post(&path("messages"), json!({"author": "operator", "name": name, "text": text})).await;
        house.post(&path("markers"), json!({"name": name.chars().take(100).collect::<String>(), "edge": "start"})).await;
        let person = json!({"name": name, "email": format!("p{number}@example.org"),
            "custom": {"company": name, "note": text.chars().take(900).collect::<String>()}, "consent": name});
        // A name with letters that nobody sees is refused, and so it comes another way: as a field of their own.
        let (status, _) = house.offer(Method::POST, &path("contact"), &person).await;
        if !status.is_success() {
            let person = json!({"email": format!("p{number}@example.org"), "custom": person["custom"], "consent": name});
            house.post(&path("contact"), person).await;
        }
    })
    .await;
}

/// Browsers that call themselves such things are signed in, too.
pub fn call_browsers(house: &House) {
    let store = house.store();
    for agent in packed(1_000, false) {
        let session = "insert into session (account_id, id, member_id, token_hash, agent, address, created_at, seen_at, \
            confirmed_at) select account_id, randomblob(16), member_id, hex(randomblob(32)), ?1, ?1, created_at, seen_at, \
            confirmed_at from session limit 1";
        assert_eq!(store.execute(session, [&agent]).expect("it is SQL"), 1);
    }
}

/// The pages of what was made, as far as lists show only some of it.
pub async fn pages(house: &House) -> Vec<String> {
    let mut pages = Vec::new();
    for (list, page) in [
        ("/contacts", "/contacts"),
        ("/conversations", "/conversations"),
        ("/chatbots", "/chatbots"),
        ("/webhooks", "/analytics/settings/conversation-configuration/webhooks"),
        ("/events", "/analytics/events"),
    ] {
        let items = house.get(&format!("{list}?limit=60")).await;
        pages.extend(items["items"].as_array().into_iter().flatten().map(|it| format!("{page}/{}", id(it))));
    }
    pages
}
