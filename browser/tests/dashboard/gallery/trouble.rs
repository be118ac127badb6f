//! A house in which things go wrong: webhooks that are held, paused, disabled and gone, deliveries that were given up,
//! recoveries on their way and over, a flow that makes no sense, a chat that waits, and somebody who was erased.

use browser::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    camera::{Shot, shot, submit},
    furniture::settle,
    rooms::{CONFIGURATION, first},
};
use crate::{
    crawl::WEBHOOKS,
    house::{House, id, webhook},
    member::Member,
    seed::{ORIGIN, Visitor},
};

/// What takes days.
const DAYS: &str = "
    update webhook set state = 'held', failures = 10, probe_at = 4102444800000000, state_since = state_since - 7200000000
        where name = 'Held';
    update webhook set state = 'disabled', state_reason = 'gone' where name = 'Gone';
    update recovery set total = 1200, restarted = 410, passed_over = 12 where state <> 'done';
    update event set data = null where id = (select min(id) from event);
    insert into chatbot_sighting (account_id, chatbot_id, origin, admitted, seen_at)
        select account_id, id, 'https://stranger.example', false, created_at from chatbot where name = 'Travel desk';
";

/// Makes the trouble; the pages that show it.
pub async fn make(house: &mut House, owner: &Member) -> Vec<Shot> {
    let mut shots = webhooks(house).await;
    shots.extend(chatbots(house).await);
    shots.extend(people(house, owner).await);
    house.server.stop().await;
    house.store().execute_batch(DAYS).expect("it is SQL");
    house.server.start().await;
    let oldest = "select lower(hex(min(id))) from event";
    let gone: String = house.store().query_row(oldest, [], |row| row.get(0)).expect("there is an event");
    shots.extend([
        shot("event-without-data", format!("/analytics/events/evt_{gone}")).saying("no longer kept"),
        shot("overview", "/analytics").saying("need you"),
        shot("events", "/analytics/events"),
        shot("events-nothing-found", "/analytics/events?q=zebra").saying("No such event"),
        shot("members", "/account/members"),
        shot("audit", "/account/audit"),
    ]);
    shots
}

async fn webhooks(house: &House) -> Vec<Shot> {
    let mut ids = Vec::new();
    for name in ["Given up", "Held", "Paused", "Disabled", "Gone", "Deleted"] {
        let made = house.post("/webhooks", webhook(name, &house.receiver.url())).await;
        ids.push(id(&made).to_owned());
    }
    let [given_up, held, paused, disabled, gone, deleted] = ids.try_into().expect("there are six");
    house.post(&format!("/webhooks/{paused}/pause"), Value::Null).await;
    house.post(&format!("/webhooks/{disabled}/disable"), Value::Null).await;
    fail(house).await;
    house.call(Method::DELETE, &format!("/webhooks/{deleted}"), Value::Null).await;
    let mut shots = recoveries(house, &given_up, &paused).await;
    for (page, webhook, says) in [
        ("webhook-given-up", given_up.clone(), "active"),
        ("webhook-held", held, "held"),
        ("webhook-paused", paused, "paused"),
        ("webhook-disabled", disabled, "disabled"),
        ("webhook-gone", gone, "disabled"),
    ] {
        shots.push(shot(page, format!("{WEBHOOKS}/{webhook}")).saying(says));
    }
    let failed =
        house.get(&format!("/deliveries?state=exhausted&webhook_id={given_up}")).await["items"][0].clone();
    shots.extend([
        shot("delivery-given-up", format!("{WEBHOOKS}/deliveries/{}", id(&failed))).saying("failed"),
        shot(
            "event-given-up",
            format!("/analytics/events/{}", failed["event_id"].as_str().expect("it has an event")),
        ),
        shot("deliveries-given-up", format!("{WEBHOOKS}/{given_up}/deliveries?state=exhausted")),
        shot("deliveries-none", format!("{WEBHOOKS}/{given_up}/deliveries?state=skipped"))
            .saying("No such delivery"),
        shot("deliveries-of-a-deleted-one", format!("{WEBHOOKS}/{deleted}/deliveries")).saying("deleted"),
        shot("webhooks", WEBHOOKS),
        shot("webhooks-held", format!("{WEBHOOKS}?state=held")),
        shot("webhooks-deleted", format!("{WEBHOOKS}?state=deleted")).saying("Deleted"),
    ]);
    shots
}

/// Events that a receiver refuses for good, and one that it takes.
async fn fail(house: &House) {
    let event = |number: usize| {
        json!({"type": "Contact Information", "conversation_id": format!("order-{number}"),
            "data": {"name": format!("Person {number}"), "email": format!("p{number}@example.org"), "phone": null}})
    };
    house.post("/events", event(0)).await;
    settle_but_paused(house).await;
    let headers = [("webhook-delivery".to_owned(), "abort-message".to_owned())].to_vec();
    let body =
        "<h1>It does not work</h1>\n<p>The database is being moved. Come back in an hour.</p>".to_owned();
    house.receiver.answer(Answer { status: 503, headers, body });
    for number in 1..4 {
        house.post("/events", event(number)).await;
    }
    settle_but_paused(house).await;
    house.receiver.answer(Answer::of(200));
}

/// Waits until what can be sent was.
async fn settle_but_paused(house: &House) {
    let names = house.get("/webhooks").await;
    for it in names["items"].as_array().into_iter().flatten().filter(|it| it["state"] == "active") {
        for _ in 0..200 {
            let pending = house.get(&format!("/deliveries?state=pending&webhook_id={}", id(it))).await;
            if pending["items"] == json!([]) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// One on its way, one that somebody paused, one that is over, and one that was cancelled.
async fn recoveries(house: &House, webhook: &str, paused: &str) -> Vec<Shot> {
    let mut shots = Vec::new();
    for (page, webhook, act) in [
        ("recovery-done", webhook, ""),
        ("recovery-waits", paused, ""),
        ("recovery-paused", paused, "paused"),
        ("recovery-cancelled", paused, "cancelled"),
    ] {
        let wanted = json!({"webhook_id": webhook, "since": "2020-01-01T00:00:00Z",
            "states": ["delivered"], "rate_per_second": 1});
        let made = house.post("/recoveries", wanted).await;
        let path = format!("/recoveries/{}", id(&made));
        match act {
            "paused" => drop(house.call(Method::PATCH, &path, json!({"state": "paused"})).await),
            "cancelled" => drop(house.call(Method::DELETE, &path, Value::Null).await),
            _ => {}
        }
        shots.push(shot(page, format!("{WEBHOOKS}/{webhook}{path}")));
    }
    shots
}

async fn chatbots(house: &House) -> Vec<Shot> {
    let flow = json!({"schema": 1, "start": "a", "nodes": [
        {"id": "a", "kind": "message", "text": "Hello", "next": "nowhere"},
        {"id": "b", "kind": "handover", "department": "No such desk", "offline": "c", "next": "c"},
        {"id": "c", "kind": "end", "text": "", "then": "close"}]});
    let bot = json!({"name": "Travel desk", "template": "travel-desk"});
    let bot = house.post("/chatbots", bot).await;
    house.post(&format!("/chatbots/{}/publish", id(&bot)), Value::Null).await;
    house.call(Method::PATCH, &format!("/chatbots/{}", id(&bot)), json!({"flow": flow})).await;
    house.post("/chatbots", json!({"name": "Never published"})).await;
    house.post("/departments", json!({"name": "Closed desk", "disabled": true})).await;
    let bot = format!("/chatbots/{}", id(&bot));
    vec![
        shot("chatbots", "/chatbots"),
        shot("chatbot-with-problems", bot.clone()),
        shot("chatbot-flow-with-problems", format!("{bot}/flow")),
        shot("chatbot-json-with-problems", format!("{bot}/flow/json")),
        shot("chatbot-publish-refused", format!("{bot}/publish")).saying("cannot be published"),
        shot("chatbot-install-kept-out", format!("{bot}/install")).saying("Kept out"),
        shot("departments", format!("{CONFIGURATION}/departments")).saying("disabled"),
    ]
}

async fn people(house: &House, owner: &Member) -> Vec<Shot> {
    let settings = json!({"allowed_origins": [ORIGIN]});
    let bot = json!({"name": "Desk", "template": "travel-desk", "settings": settings});
    let bot = house.post("/chatbots", bot).await;
    house.post(&format!("/chatbots/{}/publish", id(&bot)), Value::Null).await;
    let key = bot["public_key"].as_str().expect("a chatbot has a public key");
    house.call(Method::PUT, "/operators/me", json!({})).await;
    let page = format!("{ORIGIN}/lisbon");
    let mut shots = Vec::new();
    for (name, verb) in
        [("conversation-waits", ""), ("conversation-mine", "accept"), ("conversation-closed", "close")]
    {
        let mut visitor = Visitor::arrive(house, key, &page).await;
        let chat = visitor.says("Talk to someone", &page, json!({})).await;
        let chat = format!("/conversations/{}", chat.as_str().expect("it began"));
        if !verb.is_empty() {
            submit(owner, &format!("{chat}/accept"), json!({})).await;
        }
        if verb == "close" {
            submit(owner, &format!("{chat}/close"), json!({})).await;
        }
        shots.push(shot(name, chat));
    }
    let mut visitor = Visitor::arrive(house, key, &page).await;
    let chat = visitor.says("Book a trip", &page, json!({})).await;
    shots.push(shot(
        "conversation-with-the-bot",
        format!("/conversations/{}", chat.as_str().expect("it began")),
    ));
    shots.push(erased(house, owner).await);
    shots.push(shot("contacts-nobody-found", "/contacts?q=zebra"));
    settle(house).await;
    shots
}

/// Somebody is erased; the page that says so.
async fn erased(house: &House, owner: &Member) -> Shot {
    let chat = house.post("/conversations", json!({})).await;
    let person = json!({"name": "Jonas Weber", "email": "jonas@example.org"});
    house.post(&format!("/conversations/{}/contact", id(&chat)), person).await;
    let contact = first(house, "/contacts").await;
    submit(owner, &format!("/contacts/{}/erase", id(&contact)), json!({"name": "Jonas Weber"})).await;
    shot("contact-erased", format!("/contacts/erased/{}", id(&contact)))
}

/// What a viewer sees of it: no payload, no person.
pub async fn hidden(house: &House) -> Vec<Shot> {
    vec![
        shot("overview", "/analytics"),
        shot("event", format!("/analytics/events/{}", id(&first(house, "/events").await)))
            .saying("does not see payloads"),
        shot("delivery", format!("{WEBHOOKS}/deliveries/{}", id(&first(house, "/deliveries").await))),
        shot("webhook", format!("{WEBHOOKS}/{}", id(&first(house, "/webhooks").await))),
        shot("chatbots", "/chatbots"),
        shot("closing", format!("{CONFIGURATION}/closing")),
    ]
}
