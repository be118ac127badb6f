//! Maya's bot, and those who talk to it and to the people behind it.

use axum::{Router, response::Html, routing::get};
use browser::Person;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{album, journeys};
use crate::{
    house::{House, id, webhook},
    member::{Hands, Member},
    seed::{ORIGIN, Visitor},
};

journeys! {
    a_bot_is_made_from_a_template_and_put_on_a_page,
    an_operator_takes_a_chat_answers_and_closes_it,
    a_contact_is_found_exported_and_erased,
}

/// A page of somebody else, with this in it; its origin.
async fn page(tag: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
    let html = format!(
        "<!doctype html><html lang=\"en\"><title>Meridian Travel</title><h1>Meridian Travel</h1>{tag}</html>"
    );
    let router = Router::new().route("/", get(async || Html(html)));
    tokio::spawn(async { axum::serve(listener, router).await.expect("it serves") });
    origin
}

async fn a_bot_is_made_from_a_template_and_put_on_a_page(hands: Hands) {
    let house = House::open().await;
    let maya = Member::arrive(&house, "admin", hands).await;
    maya.goes("/").await;
    maya.follows("Chatbots").await;
    maya.arrives("Chatbots").await;
    maya.follows("New chatbot").await;
    maya.arrives("New chatbot").await;
    maya.fills("Name", "Our travel desk").await;
    maya.ticks("Meridian Travel Desk").await;
    maya.presses("Make it").await;
    maya.arrives("Our travel desk").await;
    maya.follows("Publish…").await;
    maya.arrives("Publish Our travel desk").await;
    maya.presses("Publish").await;
    maya.is_told("ublished").await;
    maya.follows("Install and look").await;
    maya.arrives("Install Our travel desk").await;
    let tag = maya.see("document.querySelector('#snippet').textContent").await;
    let page = page(tag.as_str().expect("a line").to_owned()).await;
    // Somebody comes to the page, which is not allowed yet; Maya sees it and lets it in.
    let visitor = Person::start().await;
    visitor.visit(&page).await;
    visitor.click(".launch").await;
    maya.until("document.querySelector('#seen')?.textContent.includes('Kept out')").await;
    maya.person.photograph(&album("kept-out", hands)).await;
    maya.presses("Allow").await;
    maya.reads(&page).await;
    visitor.reload().await;
    visitor.click(".launch").await;
    visitor.reads("What can I do for you?").await;
    maya.until("document.querySelector('#seen .badge.ok')?.textContent === 'seen'").await;
    maya.person.photograph(&album("installed", hands)).await;
}

/// A published bot that pages of [`ORIGIN`] may embed; its public key.
async fn bot(house: &House) -> String {
    let wanted = json!({"name": "Meridian Travel Desk", "template": "travel-desk", "settings": {"allowed_origins": [ORIGIN]}});
    let bot = house.post("/chatbots", wanted).await;
    house.post(&format!("/chatbots/{}/publish", id(&bot)), Value::Null).await;
    bot["public_key"].as_str().expect("a chatbot has a public key").to_owned()
}

async fn an_operator_takes_a_chat_answers_and_closes_it(hands: Hands) {
    let house = House::open().await;
    house.post("/webhooks", webhook("CRM", &house.receiver.url())).await;
    let bot = bot(&house).await;
    let priya = Member::arrive(&house, "operator", hands).await;
    priya.goes("/").await;
    priya.follows("Conversations").await;
    priya.arrives("Conversations").await;
    let here = "find('box', 'I am here')";
    priya.until(&format!("!!{here}")).await;
    if priya.see(&format!("{here}.checked")).await == json!(false) {
        priya.ticks("I am here").await;
    }
    // Whoever is there is known to the server soon.
    for _ in 0..200 {
        if house.get("/operators").await["items"] != json!([]) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let page = format!("{ORIGIN}/lisbon");
    let mut visitor = Visitor::arrive(&house, &bot, &page).await;
    let chat = visitor.says("Talk to someone", &page, json!({})).await;
    let chat = chat.as_str().expect("it began").to_owned();
    let item = format!(
        "words(document.querySelector('#pending .item[data-id=\"{chat}\"]') ?? document.createElement('i'))"
    );
    priya.until(&format!("{item} !== ''")).await;
    priya.person.photograph(&album("pending", hands)).await;
    let name = priya.see(&item).await;
    priya.follows(name.as_str().expect("it has a name")).await;
    priya.presses("Accept").await;
    priya.until("document.querySelector('#composer')?.checkVisibility()").await;
    priya.fills("Reply", "Hello, this is Priya. Lisbon in May is lovely.").await;
    priya.presses("Send").await;
    priya.until("[...document.querySelectorAll('#log .operator .text')].some((it) => it.textContent.includes('Lisbon in May'))").await;
    visitor.says("Thank you, that is all.", &page, json!({})).await;
    priya.until("[...document.querySelectorAll('#log .visitor .text')].some((it) => it.textContent.includes('that is all'))").await;
    priya.person.photograph(&album("chat", hands)).await;
    priya.follows("Close…").await;
    priya.until("!!document.querySelector('dialog[open]') || heading() === 'Close this chat?'").await;
    priya.presses("Close the chat").await;
    let told = house.receiver.expect("Chat Transcript", "Lisbon in May").await;
    assert!(told.data.to_string().contains("Priya"), "{}", told.data);
    assert_eq!(house.get(&format!("/conversations/{chat}")).await["close_reason"], "operator_closed");
}

async fn a_contact_is_found_exported_and_erased(hands: Hands) {
    let house = House::open().await;
    for (name, email) in [("Marta Lindqvist", "marta@example.org"), ("Jonas Weber", "jonas@example.org")] {
        let chat = house.post("/conversations", json!({})).await;
        let path = |what: &str| format!("/conversations/{}/{what}", id(&chat));
        house.post(&path("messages"), json!({"author": "visitor", "text": format!("I am {name}")})).await;
        house.post(&path("contact"), json!({"name": name, "email": email})).await;
    }
    let omar = Member::arrive(&house, "owner", hands).await;
    omar.goes("/").await;
    omar.follows("Contacts").await;
    omar.arrives("Contacts").await;
    omar.fills("Name, e-mail or phone", "lindq").await;
    omar.presses("Search").await;
    omar.until("document.querySelectorAll('#contacts tbody tr').length === 1").await;
    omar.follows("Export…").await;
    omar.arrives("Export contacts").await;
    omar.presses("Export").await;
    omar.until("/^\\D*1\\b/.test(document.querySelector('[data-words]')?.textContent ?? '') && find('button', 'Export') !== null").await;
    omar.person.photograph(&album("exported", hands)).await;
    omar.follows("Back to the contacts").await;
    omar.arrives("Contacts").await;
    omar.follows("Marta Lindqvist").await;
    omar.arrives("Marta Lindqvist").await;
    omar.follows("Erase…").await;
    omar.arrives("Erase Marta Lindqvist?").await;
    omar.presses("Erase for good").await;
    omar.until("find('field', 'To confirm')?.getAttribute('aria-invalid') === 'true'").await;
    omar.fills("To confirm", "Marta Lindqvist").await;
    omar.person.photograph(&album("erase", hands)).await;
    omar.presses("Erase for good").await;
    omar.arrives("Receipt of an erasure").await;
    omar.follows("To the contacts").await;
    omar.reads("Jonas Weber").await;
    assert!(!house.get("/contacts").await.to_string().contains("Marta"));
    omar.goes("/account/audit").await;
    omar.reads("contact.erased").await;
    omar.reads("contact.exported").await;
}
