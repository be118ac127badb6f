//! Omar lets people and programs in, each with as much as they need.

use reqwest::{Client, StatusCode};
use serde_json::json;

use super::{album, journeys};
use crate::{
    crawl::WEBHOOKS,
    house::{House, webhook},
    member::{Hands, Member, PASSWORD},
};

journeys! {
    somebody_is_invited_and_sees_no_more_than_their_role,
    a_key_opens_what_its_scope_says,
}

async fn somebody_is_invited_and_sees_no_more_than_their_role(hands: Hands) {
    let house = House::open().await;
    house.post("/webhooks", webhook("CRM", &house.receiver.url())).await;
    let omar = Member::arrive(&house, "owner", hands).await;
    omar.goes("/").await;
    omar.follows("Members").await;
    omar.arrives("Members").await;
    omar.follows("Invite somebody").await;
    omar.arrives("Invite somebody").await;
    omar.fills("E-mail address", "vera@example.com").await;
    omar.ticks("viewer").await;
    omar.presses("Make the link").await;
    omar.until("!!document.querySelector('#link')").await;
    omar.person.photograph(&album("invited", hands)).await;
    let link = omar.see("document.querySelector('#link').textContent").await;
    let link = link.as_str().expect("a link").replace(&house.server.url, "");

    let vera = Member::stranger(&house, hands).await;
    vera.goes(&link).await;
    vera.fills("Your name", "Vera").await;
    vera.fills("Password", PASSWORD).await;
    vera.presses("Join").await;
    vera.arrives("Overview").await;
    // The navigation names no more than what opens.
    let places = vera.see("[...document.querySelectorAll('header nav a')].map(words)").await.to_string();
    for missing in ["Contacts", "Conversations\"", "Members", "API keys", "Audit log"] {
        assert!(!places.contains(missing), "{missing}: {places}");
    }
    vera.follows("Webhooks").await;
    vera.arrives("Webhooks").await;
    assert_eq!(vera.see("find('link', 'NEW WEBHOOK')").await, json!(null));
    vera.follows("CRM").await;
    vera.arrives("CRM").await;
    assert_eq!(vera.see("scope().querySelector('main form, main a[data-window]')").await, json!(null));
    for path in ["/contacts", "/account/members", &format!("{WEBHOOKS}/new")] {
        vera.goes(path).await;
        vera.arrives("You may not do this").await;
    }
    vera.person.photograph(&album("refused", hands)).await;

    omar.follows("Done").await;
    omar.arrives("Members").await;
    omar.presses("Shut out").await;
    omar.reads("shut out").await;
    vera.goes(WEBHOOKS).await;
    vera.arrives("Sign in").await;
}

async fn a_key_opens_what_its_scope_says(hands: Hands) {
    let house = House::open().await;
    let omar = Member::arrive(&house, "owner", hands).await;
    omar.goes("/").await;
    omar.follows("API keys").await;
    omar.arrives("API keys").await;
    omar.follows("New key").await;
    omar.arrives("New key").await;
    omar.fills("Name", "Web shop").await;
    omar.ticks("ingest").await;
    omar.presses("Make the key").await;
    omar.until("!!document.querySelector('#key')").await;
    omar.person.photograph(&album("key", hands)).await;
    let key = omar.see("document.querySelector('#key').textContent").await;
    let key = key.as_str().expect("a key");
    let event = json!({"type": "Chat Transcript", "data": {"chat_transcript": "Hello"}});
    let post = async || {
        let request = Client::new().post(house.server.at("/api/v1/events")).bearer_auth(key).json(&event);
        request.send().await.expect("the server answers").status()
    };
    assert_eq!(post().await, StatusCode::ACCEPTED);
    let request = Client::new().get(house.server.at("/api/v1/webhooks")).bearer_auth(key);
    assert_eq!(request.send().await.expect("the server answers").status(), StatusCode::FORBIDDEN);

    omar.follows("Done").await;
    omar.arrives("API keys").await;
    omar.reads("Web shop").await;
    assert!(!omar.see("document.body.textContent").await.to_string().contains(key), "it is shown once");
    // The newest stands first.
    omar.follows("Revoke").await;
    omar.arrives("Revoke Web shop?").await;
    omar.presses("Revoke").await;
    omar.arrives("API keys").await;
    omar.reads("revoked").await;
    for _ in 0..100 {
        if post().await == StatusCode::UNAUTHORIZED {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the key still opens something");
}
