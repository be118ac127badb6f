//! A house of somebody who has used it for a month: more of everything than a page shows.

use reqwest::Method;
use serde_json::{Value, json};

use super::furniture::settle;
use crate::{
    house::{House, id, webhook},
    seed::{ORIGIN, Visitor},
};

const PEOPLE: [&str; 8] = [
    "Marta Lindqvist",
    "Jonas Weber",
    "Aiko Tanaka",
    "Nuala O'Brien",
    "Omar El-Sayed",
    "Priya Raman",
    "Luca Bianchi",
    "Zoë de Vries",
];

const REASONS: [&str; 4] = ["visitor_ended", "operator_closed", "idle_bot", "bot_finished"];

/// What takes a month, in SQL: `number` is the place of a row among all of its table.
const MONTH: &str = "
    update conversation set opened_at = opened_at - place * 86400000000, active_at = active_at - place * 86400000000,
        captured_at = captured_at - place * 86400000000, closed_at = closed_at - place * 86400000000,
        handed_over_at = handed_over_at - place * 86400000000
    from (select id as row, (row_number() over (order by id)) * (row_number() over (order by id)) % 29 as place from conversation)
    where conversation.id = row;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
    insert into member (account_id, id, email, email_key, name, role, password, created_at, disabled_at)
    select account_id, randomblob(16), 'colleague' || i || '@example.com', 'colleague' || i || '@example.com', 'Colleague ' || i,
        case i % 4 when 0 then 'viewer' when 1 then 'operator' when 2 then 'admin' else 'owner' end, password,
        created_at - i * 3600000000, case when i % 9 = 0 then created_at end from member, n;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 60)
    insert into api_key (account_id, id, name, scope, hash, created_at, revoked_at, used_at)
    select account_id, randomblob(16), 'Shop ' || i, case i % 3 when 0 then 'read' when 1 then 'ingest' else 'manage' end,
        hex(randomblob(32)), created_at - i * 3600000000, case when i % 5 = 0 then created_at end, null from api_key, n;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 12)
    insert into session (account_id, id, member_id, token_hash, agent, address, created_at, seen_at, confirmed_at)
    select account_id, randomblob(16), member_id, hex(randomblob(32)), agent, '198.51.100.' || i, created_at, seen_at,
        confirmed_at from session, n;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 30)
    insert into canned_text (account_id, id, title, body, created_at)
    select id, randomblob(16), 'Answer ' || i, 'Hello {{name|there}}, thank you for your question number ' || i ||
        '. We are at the desk from nine to five, and answer within the hour.', created_at + i from account, n;
";

/// Fills it.
pub async fn fill(house: &mut House) {
    for number in 0..60 {
        let mut wanted = webhook(&format!("Receiver {number}"), &house.receiver.url());
        let types = if number == 59 {
            json!(["Contact Information", "Chat Transcript"])
        } else {
            json!(["Webhook Notice"])
        };
        wanted["event_types"] = types;
        house.post("/webhooks", wanted).await;
    }
    for number in 0..30 {
        house.post("/departments", json!({"name": format!("Desk {number}")})).await;
        house
            .post("/chatbots", json!({"name": format!("Assistant {number}"), "template": "saas-demo"}))
            .await;
    }
    people(house).await;
    let event = |number: usize| {
        json!({"type": "Contact Information", "conversation_id": format!("order-{}", number % 7),
            "data": {"name": PEOPLE[number % PEOPLE.len()], "email": format!("p{number}@example.org"), "phone": null}})
    };
    house.post("/events/batch", json!({"events": (0..300).map(event).collect::<Vec<_>>()})).await;
    chats(house).await;
    settle(house).await;
    house.server.stop().await;
    house.store().execute_batch(MONTH).expect("it is SQL");
    house.server.start().await;
}

/// Chats that are over, and those who were in them.
async fn people(house: &House) {
    for number in 0..120 {
        let chat = house.post("/conversations", json!({"page_url": format!("{ORIGIN}/{number}")})).await;
        let path = |what: &str| format!("/conversations/{}/{what}", id(&chat));
        let name = PEOPLE[number % PEOPLE.len()];
        house
            .post(
                &path("messages"),
                json!({"author": "visitor", "text": "Is the house by the sea free in May?"}),
            )
            .await;
        if number % 3 != 0 {
            let person =
                json!({"name": name, "email": format!("{number}@example.org"), "phone": "+4915228817386"});
            house.post(&path("contact"), person).await;
        }
        for edge in ["start", "end"].iter().take(1 + number % 2) {
            house.post(&path("markers"), json!({"name": format!("Step {}", number % 9), "edge": edge})).await;
        }
        if number % 10 != 9 {
            house.post(&path("close"), json!({"reason": REASONS[number % REASONS.len()]})).await;
        }
    }
}

/// A long chat, and many that wait.
async fn chats(house: &House) {
    let wanted = json!({"name": "Meridian Travel Desk", "template": "travel-desk", "settings": {"allowed_origins": [ORIGIN]}});
    let bot = house.post("/chatbots", wanted).await;
    house.post(&format!("/chatbots/{}/publish", id(&bot)), Value::Null).await;
    house.call(Method::PUT, "/operators/me", json!({})).await;
    let key = bot["public_key"].as_str().expect("a chatbot has a public key");
    let page = format!("{ORIGIN}/lisbon");
    for number in 0..30 {
        let mut visitor = Visitor::arrive(house, key, &page).await;
        visitor.says(if number % 2 == 0 { "Talk to someone" } else { "Book a trip" }, &page, json!({})).await;
    }
    let mut visitor = Visitor::arrive(house, key, &page).await;
    visitor.says("Book a trip", &page, json!({})).await;
    for number in 0..24 {
        visitor
            .says(&format!("Somewhere warm, please, and that is wish number {number}"), &page, json!({}))
            .await;
    }
}
