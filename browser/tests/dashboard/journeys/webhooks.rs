//! Devi and Maya: webhooks, from the first minute to the last.

use browser::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use super::{album, journeys};
use crate::{
    crawl::WEBHOOKS,
    house::{House, id, webhook},
    member::{Hands, Member, PASSWORD},
};

journeys! {
    somebody_sets_up_and_makes_the_first_webhook,
    a_webhook_is_made_where_the_manual_says_and_its_first_delivery_shows_by_itself,
    what_a_receiver_missed_is_sent_again,
    a_secret_is_changed_while_both_are_good,
    a_webhook_is_deleted,
    an_event_is_found_by_a_name_in_it,
}

/// What the path of the manual is called.
const PATH: &str = "Dashboard Analytics Settings Conversation Configuration Webhooks";

fn ada(number: usize) -> Value {
    json!({"type": "Contact Information", "data": {"name": format!("Ada Lovelace {number}"), "email": "ada@example.com", "phone": null}})
}

async fn somebody_sets_up_and_makes_the_first_webhook(hands: Hands) {
    let house = House::bare().await;
    let maya = Member::stranger(&house, hands).await;
    maya.goes(&house.set_up_link()).await;
    maya.arrives("Set up Leadpost").await;
    maya.fills("Name of your company or team", "Meridian Travel").await;
    maya.fills("Your name", "Maya").await;
    maya.fills("Your e-mail address", "maya@example.com").await;
    maya.fills("Password", "short").await;
    maya.presses("Set up").await;
    // It says so, and keeps what was typed.
    maya.until("document.querySelector('[aria-invalid=true], input:invalid')?.id === 'password' && find('field', 'Your name').value === 'Maya'").await;
    maya.person.photograph(&album("set-up", hands)).await;
    maya.fills("Password", PASSWORD).await;
    maya.presses("Set up").await;
    maya.arrives("Overview").await;
    makes(&maya, &house).await;
    maya.follows("To the webhook").await;
    maya.arrives("CRM").await;
    // Signing out and in again.
    maya.presses("Sign out").await;
    maya.arrives("Sign in").await;
    maya.fills("E-mail address", "maya@example.com").await;
    maya.fills("Password", "something else altogether").await;
    maya.presses("Sign in").await;
    maya.until("!!document.querySelector('.problem, [role=alert]')").await;
    maya.fills("Password", PASSWORD).await;
    maya.presses("Sign in").await;
    maya.arrives("Overview").await;
}

/// Goes the literal path and fills in the window.
async fn makes(maya: &Member, house: &House) {
    maya.follows("Webhooks").await;
    maya.arrives("Webhooks").await;
    let crumbs = maya
        .see("plain([...document.querySelectorAll('.crumbs li')].map((it) => it.textContent).join(' '))")
        .await;
    assert_eq!((crumbs, maya.see("location.pathname").await), (json!(PATH), json!(WEBHOOKS)));
    maya.follows("NEW WEBHOOK").await;
    maya.arrives("New webhook").await;
    maya.until("!!document.querySelector('dialog[open]')").await;
    let asked = maya.see("[...scope().querySelectorAll('label, legend')].filter((it) => it.checkVisibility()).map(words).slice(0, 3)").await;
    assert_eq!(asked, json!(["Name", "URL", "Event"]), "in this order");
    maya.fills("Name", "CRM").await;
    maya.fills("URL", "nowhere").await;
    maya.ticks("Contact Information").await;
    maya.presses("Create webhook").await;
    maya.until("find('field', 'URL')?.getAttribute('aria-invalid') === 'true'").await;
    maya.fills("URL", &house.receiver.url()).await;
    maya.presses("Create webhook").await;
    maya.arrives("CRM is ready").await;
    maya.until("document.querySelector('.secret code')?.textContent.startsWith('whsec_')").await;
}

/// Whether one of the latest deliveries is in that state.
fn latest(state: &str) -> String {
    format!(
        "[...document.querySelectorAll('#latest .badge')].some((it) => plain(it.textContent) === {})",
        json!(state)
    )
}

async fn a_webhook_is_made_where_the_manual_says_and_its_first_delivery_shows_by_itself(hands: Hands) {
    let house = House::open().await;
    let maya = Member::arrive(&house, "admin", hands).await;
    maya.goes("/").await;
    sees_the_first_delivery(&house, &maya).await;
    maya.person.photograph(&album("first-delivery", hands)).await;
}

async fn sees_the_first_delivery(house: &House, maya: &Member) {
    makes(maya, house).await;
    let secret = maya.see("document.querySelector('.secret code').textContent").await;
    house.receiver.know(&[secret.as_str().expect("a secret")]);
    maya.presses("Send test").await;
    maya.is_told("The test was sent").await;
    house.receiver.expect("Contact Information", "").await;
    maya.goes(WEBHOOKS).await;
    maya.follows("CRM").await;
    maya.reads("Nothing was planned for it yet").await;
    maya.see("(window.same = true)").await;
    house.post("/events", ada(1)).await;
    house.receiver.expect("Contact Information", "Ada Lovelace 1").await;
    maya.until(&latest("delivered")).await;
    assert_eq!(maya.see("window.same").await, true, "without being loaded again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_a_phone() {
    let house = House::open().await;
    let maya = Member::arrive(&house, "admin", Hands::Mouse).await;
    maya.takes_a_phone().await;
    maya.goes("/").await;
    maya.arrives("Overview").await;
    maya.presses("Menu").await;
    sees_the_first_delivery(&house, &maya).await;
    assert_eq!(maya.see("document.documentElement.scrollWidth").await, 390);
    maya.person.photograph("journey-first-delivery-phone").await;
}

async fn what_a_receiver_missed_is_sent_again(hands: Hands) {
    let house = House::open().await;
    house.post("/webhooks", webhook("CRM", &house.receiver.url())).await;
    let devi = Member::arrive(&house, "admin", hands).await;
    let abort = vec![("webhook-delivery".to_owned(), "abort-message".to_owned())];
    house.receiver.answer(Answer { status: 500, headers: abort, body: "out of order".to_owned() });
    for number in 1..=3 {
        house.post("/events", ada(number)).await;
    }
    devi.goes(WEBHOOKS).await;
    devi.follows("CRM").await;
    devi.until(&format!("!{} && {}", latest("pending"), latest("exhausted"))).await;
    devi.person.photograph(&album("recovery", hands)).await;
    // Why, in words, and what the receiver said.
    devi.follows("All deliveries").await;
    devi.until("location.pathname.endsWith('/deliveries')").await;
    let before = house.receiver.about("Contact Information", "Ada").len();
    house.receiver.answer(Answer::of(200));
    devi.follows("CRM").await;
    devi.arrives("CRM").await;
    devi.follows("Recover").await;
    devi.arrives("Recover deliveries of CRM").await;
    devi.presses("Count first").await;
    devi.reads("3 would be sent again").await;
    devi.presses("Send 3 again").await;
    devi.arrives("Recovery of CRM").await;
    devi.until("plain(document.querySelector('#recovery .badge')?.textContent) === 'done'").await;
    devi.person.photograph(&album("recovered", hands)).await;
    for number in 1..=3 {
        let received = house.receiver.about("Contact Information", &format!("Ada Lovelace {number}"));
        assert!(received.len() >= 2, "{received:?}");
        assert!(received.iter().all(|it| it.id == received[0].id), "the same id each time");
    }
    assert_eq!(before, 3);
    devi.follows("CRM").await;
    devi.until(&format!("!{} && {}", latest("exhausted"), latest("delivered"))).await;
}

/// What the webhook and its receiver both know at first.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw8gMDlmq5YRk=";

async fn a_secret_is_changed_while_both_are_good(hands: Hands) {
    let house = House::open().await;
    let mut wanted = webhook("CRM", &house.receiver.url());
    wanted["secret"] = json!(SECRET);
    house.post("/webhooks", wanted).await;
    let devi = Member::arrive(&house, "admin", hands).await;
    devi.goes(WEBHOOKS).await;
    devi.follows("CRM").await;
    devi.follows("Secret and snippets").await;
    devi.arrives("Secret of CRM").await;
    devi.presses("Show the secret").await;
    devi.until(&format!("document.querySelector('#secret')?.textContent === '{SECRET}'")).await;
    devi.follows("Rotate…").await;
    devi.until("heading().startsWith('Rotate')").await;
    devi.presses("Rotate").await;
    devi.is_told("There is a new secret").await;
    devi.person.photograph(&album("rotated", hands)).await;
    if devi.see("!document.querySelector('#secret')").await == json!(true) {
        devi.presses("Show the secret").await;
    }
    devi.until("!!document.querySelector('#secret')").await;
    let new = devi.see("document.querySelector('#secret').textContent").await;
    let new = new.as_str().expect("a secret");
    assert_ne!(new, SECRET);
    for (number, secret) in [SECRET, new].into_iter().enumerate() {
        house.receiver.know(&[secret]);
        house.post("/events", ada(number)).await;
        house.receiver.expect("Contact Information", &format!("Ada Lovelace {number}")).await;
    }
}

async fn a_webhook_is_deleted(hands: Hands) {
    let house = House::open().await;
    house.post("/webhooks", webhook("CRM", &house.receiver.url())).await;
    let maya = Member::arrive(&house, "admin", hands).await;
    maya.goes(WEBHOOKS).await;
    maya.follows("CRM").await;
    maya.follows("Delete…").await;
    maya.arrives("Delete CRM?").await;
    maya.follows("Cancel").await;
    maya.arrives("CRM").await;
    maya.follows("Delete…").await;
    maya.arrives("Delete CRM?").await;
    maya.person.photograph(&album("delete", hands)).await;
    maya.presses("Delete").await;
    maya.arrives("Webhooks").await;
    maya.is_told("The webhook is deleted").await;
    maya.reads("No webhook yet").await;
    assert_eq!(house.post("/events", ada(1)).await["deliveries"], 0);
}

async fn an_event_is_found_by_a_name_in_it(hands: Hands) {
    let house = House::open().await;
    let made = house.post("/webhooks", webhook("CRM", &house.receiver.url())).await;
    house.call(Method::POST, &format!("/webhooks/{}/pause", id(&made)), Value::Null).await;
    for name in ["Grace Hopper", "Ada Lovelace", "Mary Somerville"] {
        let data = json!({"name": name, "email": null, "phone": null});
        house.post("/events", json!({"type": "Contact Information", "data": data})).await;
    }
    let devi = Member::arrive(&house, "admin", hands).await;
    devi.goes("/analytics/events").await;
    devi.arrives("Events").await;
    devi.until("document.querySelectorAll('#events tbody tr').length === 3").await;
    devi.fills("Text in the payload", "lovelace").await;
    devi.presses("Find").await;
    devi.until("document.querySelectorAll('#events tbody tr').length === 1").await;
    devi.reads("Ada Lovelace").await;
    devi.person.photograph(&album("search", hands)).await;
    let link = devi.see("words(document.querySelector('#events tbody a'))").await;
    devi.follows(link.as_str().expect("a link has a name")).await;
    devi.arrives("Contact Information").await;
    devi.until("document.querySelector('#data')?.textContent.includes('Ada Lovelace')").await;
    devi.reads("1 pending").await;
}
