//! Where the pages are: those that there always are, and those of the newest thing of each kind.

use serde_json::Value;

use super::camera::{Shot, shot};
use crate::{
    crawl::WEBHOOKS,
    house::{House, id},
};

pub const CONFIGURATION: &str = "/analytics/settings/conversation-configuration";

/// Pages that lead to others.
pub fn places() -> Vec<Shot> {
    let configured = |place: &str| format!("{CONFIGURATION}/{place}");
    vec![
        shot("overview", "/analytics"),
        shot("bot-report", "/analytics/bot-report"),
        shot("events", "/analytics/events"),
        shot("webhooks", WEBHOOKS),
        shot("closing", configured("closing")),
        shot("departments", configured("departments")),
        shot("texts", configured("texts")),
        shot("privacy", configured("privacy")),
        shot("chatbots", "/chatbots"),
        shot("contacts", "/contacts"),
        shot("conversations", "/conversations"),
        shot("canned-texts", "/conversations/texts"),
        shot("profile", "/account"),
        shot("members", "/account/members"),
        shot("sessions", "/account/sessions"),
        shot("keys", "/account/keys"),
        shot("account-settings", "/account/settings"),
        shot("audit", "/account/audit"),
    ]
}

/// Forms that make something.
pub fn forms() -> Vec<Shot> {
    vec![
        shot("webhook-new", format!("{WEBHOOKS}/new")),
        shot("department-new", format!("{CONFIGURATION}/departments/new")),
        shot("chatbot-new", "/chatbots/new"),
        shot("canned-text-new", "/conversations/texts/new"),
        shot("contacts-export", "/contacts/export"),
        shot("member-new", "/account/members/new"),
        shot("key-new", "/account/keys/new"),
    ]
}

/// Links that open a window: what its pictures are called, where the link is, and its name.
pub const WINDOWS: [(&str, &str, &str); 2] =
    [("window-webhook-new", WEBHOOKS, "NEW WEBHOOK"), ("window-key-new", "/account/keys", "New key")];

/// The first thing that a list of the API shows.
pub async fn first(house: &House, list: &str) -> Value {
    house.get(list).await["items"][0].clone()
}

/// Pages of one thing of each kind.
pub async fn things(house: &House) -> Vec<Shot> {
    let mut all = of_webhooks(house).await;
    all.extend(of_chatbots(house).await);
    all.extend(of_people(house).await);
    all.extend(of_account(house).await);
    all
}

async fn of_webhooks(house: &House) -> Vec<Shot> {
    let webhook = format!("{WEBHOOKS}/{}", id(&first(house, "/webhooks").await));
    let delivery = first(house, "/deliveries").await;
    let event = first(house, "/events").await;
    let mut all = vec![
        shot("event", format!("/analytics/events/{}", id(&event))),
        shot("delivery", format!("{WEBHOOKS}/deliveries/{}", id(&delivery))),
        shot("webhook", webhook.clone()),
    ];
    for page in ["edit", "secret", "secret/rotate", "test", "recover", "deliveries", "disable", "delete"] {
        all.push(shot(&format!("webhook-{}", page.replace('/', "-")), format!("{webhook}/{page}")));
    }
    let counted = "recover?count=yes&since=2020-01-01T00%3A00&states=delivered&rate_per_second=10";
    all.push(shot("webhook-recover-counted", format!("{webhook}/{counted}")));
    all
}

async fn of_chatbots(house: &House) -> Vec<Shot> {
    let bot = first(house, "/chatbots").await;
    let bot = format!("/chatbots/{}", id(&bot));
    let start = house.get(&bot).await["flow"]["start"].clone();
    let step = format!("{bot}/flow/step/{}", start.as_str().expect("a flow starts somewhere"));
    vec![
        shot("chatbot", bot.clone()),
        shot("chatbot-flow", format!("{bot}/flow")),
        shot("chatbot-json", format!("{bot}/flow/json")),
        shot("chatbot-step-new", format!("{bot}/flow/new")),
        shot("chatbot-step", step.clone()),
        shot("chatbot-step-delete", format!("{step}/delete")),
        shot("chatbot-versions", format!("{bot}/versions")),
        shot("chatbot-version", format!("{bot}/versions/1")),
        shot("chatbot-install", format!("{bot}/install")),
        shot("chatbot-publish", format!("{bot}/publish")),
        shot("chatbot-delete", format!("{bot}/delete")),
    ]
}

async fn of_people(house: &House) -> Vec<Shot> {
    let contact = format!("/contacts/{}", id(&first(house, "/contacts").await));
    let chat = format!("/conversations/{}", id(&first(house, "/conversations").await));
    let mut all = vec![shot("contact", contact.clone())];
    for page in ["edit", "merge", "erase"] {
        all.push(shot(&format!("contact-{page}"), format!("{contact}/{page}")));
    }
    all.push(shot("conversation", chat.clone()));
    for page in ["close", "transfer"] {
        all.push(shot(&format!("conversation-{page}"), format!("{chat}/{page}")));
    }
    for (page, table, place) in
        [("canned-text", "canned_text", "/conversations/texts"), ("key", "api_key", "/account/keys")]
    {
        let Some(id) = newest(house, table) else { continue };
        match page {
            "key" => all.push(shot("key-revoke", format!("{place}/key_{id}/revoke"))),
            _ => {
                all.push(shot("canned-text", format!("{place}/txt_{id}")));
                all.push(shot("canned-text-delete", format!("{place}/txt_{id}/delete")));
            }
        }
    }
    all
}

async fn of_account(house: &House) -> Vec<Shot> {
    let departments = house.get("/departments").await;
    let own = departments["items"].as_array().into_iter().flatten().find(|it| it["built_in"] != true);
    let department = format!("{CONFIGURATION}/departments/{}", id(own.expect("one was made")));
    vec![shot("department", department.clone()), shot("department-delete", format!("{department}/delete"))]
}

/// The digits of the newest thing in that table, for those that no list of the API shows.
pub fn newest(house: &House, table: &str) -> Option<String> {
    let newest = format!("select lower(hex(id)) from {table} order by created_at desc, id desc limit 1");
    house.store().query_row(&newest, [], |row| row.get(0)).ok()
}
