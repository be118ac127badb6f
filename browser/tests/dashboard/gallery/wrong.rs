//! Forms and questions that are sent wrong.

use super::{
    camera::{Shot, Wrong, shot},
    rooms::{CONFIGURATION, first},
};
use crate::{
    crawl::WEBHOOKS,
    house::{House, id},
};

/// Forms of members, each with what is wrong in it.
pub async fn forms(house: &House) -> Vec<Wrong> {
    let webhook = format!("{WEBHOOKS}/{}", id(&first(house, "/webhooks").await));
    let bot = format!("/chatbots/{}", id(&first(house, "/chatbots").await));
    let contact = format!("/contacts/{}", id(&first(house, "/contacts").await));
    let wrong = |page, path: &str, action, text: &str| Wrong {
        page,
        path: path.to_owned(),
        action,
        text: text.to_owned(),
    };
    let long = "much-too-long-".repeat(30);
    vec![
        wrong("webhook-new-empty", &format!("{WEBHOOKS}/new"), "", ""),
        wrong("webhook-new-nonsense", &format!("{WEBHOOKS}/new"), "", &long),
        wrong("webhook-edit", &format!("{webhook}/edit"), "", "ftp://no such place"),
        wrong("chatbot-new", "/chatbots/new", "", ""),
        wrong("chatbot-json", &format!("{bot}/flow/json"), "", "{\"schema\": 1,\n oops"),
        wrong("chatbot-install", &format!("{bot}/install"), "/install", "no such thing"),
        wrong("contact-edit", &format!("{contact}/edit"), "", &long),
        wrong("contact-erase", &format!("{contact}/erase"), "", "somebody else"),
        wrong("canned-text-new", "/conversations/texts/new", "", ""),
        wrong("department-new", &format!("{CONFIGURATION}/departments/new"), "", &long),
        wrong("closing", &format!("{CONFIGURATION}/closing"), "", "soon"),
        wrong("texts", &format!("{CONFIGURATION}/texts"), "", &"too long ".repeat(200)),
        wrong("profile-name", "/account", "/account", ""),
        wrong("profile-password", "/account", "/password", "short"),
        wrong("member-new", "/account/members/new", "", "nobody"),
        wrong("key-new", "/account/keys/new", "", ""),
        wrong("account-settings", "/account/settings", "", "Nowhere/At all"),
    ]
}

/// Forms of those who are not in.
pub fn doors(join: &str) -> Vec<Wrong> {
    let wrong = |page, path: &str, text: &str| Wrong {
        page,
        path: path.to_owned(),
        action: "",
        text: text.to_owned(),
    };
    vec![wrong("sign-in-wrong", "/sign-in", "somebody@example.com"), wrong("join-wrong", join, "")]
}

/// A password that is not somebody's.
pub fn guess() -> Wrong {
    Wrong {
        page: "sign-in-too-often",
        path: "/sign-in".to_owned(),
        action: "",
        text: "guess@example.com".to_owned(),
    }
}

/// Questions in addresses that nobody can answer.
pub async fn questions(house: &House) -> Vec<Shot> {
    let webhook = format!("{WEBHOOKS}/{}", id(&first(house, "/webhooks").await));
    vec![
        shot("bot-report", "/analytics/bot-report?from=yesterday&to=soon").answering(422),
        shot("events", "/analytics/events?since=never&email=nobody&id=x").answering(422),
        shot("deliveries", format!("{webhook}/deliveries?q=nonsense")).answering(422),
        shot("webhook-recover", format!("{webhook}/recover?count=yes&since=never&rate_per_second=0"))
            .answering(422),
        shot("no-such-contact", "/contacts/con_00000000000000000000000000000000").answering(404),
    ]
}
