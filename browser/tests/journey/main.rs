//! The whole product as people use it, in real browsers, against `leadpost serve` as a process: a visitor of a page of
//! another origin leaves an address and talks to an operator, the receiver of the events is told, also after it was
//! down, and the visitor is forgotten when asked. Once as it goes on a good day, once with the server killed at every
//! step: it must come to the same.

mod office;
mod people;
mod traces;

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    office::{Fate, Office},
    people::{Lead, NOT_AN_EMAIL, Operator, Visitor, WRONG_EMAIL},
};

const MARTA: Lead =
    Lead { name: "Marta Lindqvist", email: "marta.lindqvist@example.org", phone: "+919811123456" };
const JONAS: Lead = Lead { name: "Jonas Weber", email: "jonas.weber@example.org", phone: "+4915228817386" };

const HELLO: &str = "Hello, this is Priya. Lisbon in May is lovely.";
const THANKS: &str = "Thank you, that is all.";
const BYE: &str = "Then I wish you a good journey!";

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_captured_told_and_forgotten() {
    journey(Fate::Calm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_to_the_same_when_the_server_is_killed_at_every_step() {
    journey(Fate::Deadly).await;
}

async fn journey(fate: Fate) {
    let prefix = if fate == Fate::Calm { "journey" } else { "journey-killed" };
    let mut office = Office::open(fate).await;
    let operator = Operator::arrive(&mut office, &format!("{prefix}-operator")).await;

    let visitor = Visitor::arrive(&mut office, &format!("{prefix}-visitor")).await;
    visitor.books(&mut office, &MARTA).await;
    let told = office.receiver.expect("Contact Information", MARTA.email).await;
    assert_eq!(told.data, json!({"name": MARTA.name, "email": MARTA.email, "phone": MARTA.phone}));
    let (contact, conversation) = captured(&mut office, &MARTA).await;
    talk(&mut office, &visitor, &operator, &MARTA).await;
    let told = office.receiver.expect("Chat Transcript", MARTA.email).await;
    check_transcript(&told.data, &MARTA);
    check_conversation(&office, &conversation, &MARTA, &visitor.shown().await).await;
    drop(visitor);

    office.receiver.kill().await;
    let visitor = Visitor::arrive(&mut office, &format!("{prefix}-second")).await;
    visitor.books(&mut office, &JONAS).await;
    let (_, second) = captured(&mut office, &JONAS).await;
    talk(&mut office, &visitor, &operator, &JONAS).await;
    check_conversation(&office, &second, &JONAS, &visitor.shown().await).await;
    drop(visitor);
    wait_for_failures(&office, &second).await;
    office.server.stop().await;
    office.receiver.revive().await;
    office.server.start().await;
    office.receiver.expect("Contact Information", JONAS.email).await;
    check_transcript(&office.receiver.expect("Chat Transcript", JONAS.email).await.data, &JONAS);

    for (conversation, lead, failed) in [(&conversation, &MARTA, false), (&second, &JONAS, true)] {
        check_deliveries(&office, conversation, lead, failed, fate).await;
    }
    traces::expect(&office, &conversation, &MARTA).await;
    office.pause().await;
    office.call(Method::DELETE, &format!("/contacts/{contact}"), None).await;
    office.pause().await;
    traces::expect_none(&mut office, &contact, &conversation, &MARTA).await;
}

/// The contact and the conversation of somebody who has just left an address; their ids.
async fn captured(office: &mut Office, lead: &Lead) -> (String, String) {
    office.pause().await;
    let contacts = office.get(&format!("/contacts?email={}", lead.email)).await;
    let [contact] = items(&contacts) else { panic!("expected one contact: {contacts}") };
    assert_eq!(
        json!([contact["name"], contact["email"], contact["phone"], contact["custom"]["destination"]]),
        json!([lead.name, lead.email, lead.phone, "Lisbon"])
    );
    let contact = text(&contact["id"]);
    let conversations = office.get(&format!("/conversations?contact_id={contact}")).await;
    let [conversation] = items(&conversations) else { panic!("expected one conversation: {conversations}") };
    let conversation = text(&conversation["id"]);
    let passed = office.get(&format!("/conversations/{conversation}")).await;
    let mut executions = BTreeMap::<_, usize>::new();
    for marker in passed["markers"].as_array().expect("markers are a list") {
        *executions.entry(text(&marker["name"])).or_default() +=
            usize::from(marker["completed_at"].is_string());
    }
    assert_eq!(executions, [("Book Trip".to_owned(), 1), ("Contact Details".to_owned(), 1)].into());
    (contact, conversation)
}

/// Visitor and operator meet, talk, and the operator ends it.
async fn talk(office: &mut Office, visitor: &Visitor, operator: &Operator, lead: &Lead) {
    visitor.wants_a_person(office).await;
    operator.accepts(office).await;
    operator.meets(lead.name).await;
    visitor.meets("Priya").await;
    operator.replies(office, HELLO).await;
    visitor.hears(HELLO).await;
    visitor.writes(office, THANKS).await;
    visitor.hears(THANKS).await;
    operator.reads(THANKS).await;
    operator.sees_nobody_typing().await;
    operator.replies(office, BYE).await;
    visitor.hears(BYE).await;
    visitor.photograph("5-talked").await;
    operator.closes(office).await;
    visitor.sees_the_end().await;
    visitor.photograph("6-ended").await;
}

/// What is said in a conversation behind the greeting, by bot and people.
fn said(lead: &Lead) -> Vec<(&'static str, &'static str)> {
    vec![
        ("bot", "What can I do for you?"),
        ("visitor", "Book a trip"),
        ("bot", "Where would you like to go?"),
        ("visitor", "Lisbon"),
        ("bot", "When do you leave? (e.g. 2026-11-05)"),
        ("visitor", "2031-05-14"),
        ("bot", "How many travellers?"),
        ("visitor", "2"),
        ("bot", "Budget per person?"),
        ("visitor", "500 to 1500"),
        ("bot", "Whom may I address?"),
        ("visitor", lead.name),
        ("bot", "Which e-mail for the offer?"),
        ("visitor", WRONG_EMAIL),
        ("bot", NOT_AN_EMAIL),
        ("visitor", lead.email),
        ("bot", "A number in case of questions?"),
        ("visitor", lead.phone),
        ("bot", "May we keep these details to prepare your offer?"),
        ("visitor", "Yes"),
        ("bot", "Anything else?"),
        ("visitor", "Yes"),
        ("bot", "What can I do for you?"),
        ("visitor", "Talk to someone"),
        ("operator", HELLO),
        ("visitor", THANKS),
        ("operator", BYE),
    ]
}

/// Everything was said once and in order, in the store and in the widget.
async fn check_conversation(office: &Office, id: &str, lead: &Lead, shown: &Value) {
    let stored = office.get(&format!("/conversations/{id}")).await;
    assert_eq!(json!([stored["state"], stored["close_reason"]]), json!(["closed", "operator_closed"]));
    let messages = stored["messages"].as_array().expect("messages are a list");
    let words = |message: &Value| (text(&message["author"]), text(&message["text"]));
    let (notes, stored): (Vec<_>, Vec<_>) =
        messages.iter().skip(1).map(words).partition(|(author, _)| author == "system");
    let expected: Vec<_> =
        said(lead).into_iter().map(|(author, text)| (author.to_owned(), text.to_owned())).collect();
    assert_eq!(stored, expected);
    assert_eq!(notes, [("system".to_owned(), "Priya has joined the chat.".to_owned())]);
    let shown: Vec<_> = shown.as_array().expect("texts are a list").iter().skip(1).map(text).collect();
    assert_eq!(shown, expected.into_iter().map(|(_, text)| text).collect::<Vec<_>>());
}

/// The transcript has a line for each message, in order.
fn check_transcript(data: &Value, lead: &Lead) {
    let transcript = text(&data["chat_transcript"]);
    let lines: Vec<_> = transcript.lines().collect();
    assert_eq!(lines.len(), said(lead).len() + 2, "{transcript}");
    let mut rest = lines.iter();
    for (author, text) in said(lead) {
        assert!(
            rest.any(|line| line.ends_with(&format!(": {text}"))),
            "{author}: {text} is not in {transcript}"
        );
    }
    assert!(transcript.contains(&format!("Priya: {HELLO}")), "{transcript}");
}

/// The deliveries of a conversation's events, by their events' type.
async fn deliveries(office: &Office, conversation: &str) -> BTreeMap<String, Value> {
    let events = office.get(&format!("/events?conversation_id={conversation}")).await;
    let mut found = BTreeMap::new();
    for event in items(&events) {
        let detail = office.get(&format!("/events/{}", text(&event["id"]))).await;
        let [delivery] = detail["deliveries"].as_array().expect("deliveries are a list").as_slice() else {
            panic!("expected one delivery: {detail}")
        };
        let delivery = office.get(&format!("/deliveries/{}", text(&delivery["id"]))).await;
        let other = found.insert(text(&event["type"]), delivery);
        assert!(other.is_none(), "expected one event of each type: {events}");
    }
    found
}

/// Waits until both events of a conversation were tried in vain.
async fn wait_for_failures(office: &Office, conversation: &str) {
    patiently(async || {
        let deliveries = deliveries(office, conversation).await;
        let tried = |delivery: &Value| delivery["attempt_count"].as_u64() > Some(0);
        deliveries.len() == 2 && deliveries.values().all(tried)
    })
    .await;
}

/// There is one event of each type, it has arrived, and the log says how.
async fn check_deliveries(office: &Office, conversation: &str, lead: &Lead, failed: bool, fate: Fate) {
    patiently(async || {
        let deliveries = deliveries(office, conversation).await;
        deliveries.values().all(|delivery| delivery["state"] == "delivered")
    })
    .await;
    let deliveries = deliveries(office, conversation).await;
    assert_eq!(deliveries.keys().collect::<Vec<_>>(), ["Chat Transcript", "Contact Information"]);
    for (kind, delivery) in deliveries {
        let received = office.receiver.about(&kind, lead.email);
        let once = received.len() == 1 || fate == Fate::Deadly;
        assert!(once && received.iter().all(|it| delivery["event_id"] == it.id.as_str()), "{received:?}");
        let attempts = delivery["attempts"].as_array().expect("attempts are a list");
        let [before @ .., last] = attempts.as_slice() else { panic!("no attempt: {delivery}") };
        assert_eq!(last["status"], 200, "{delivery}");
        assert_eq!(!before.is_empty(), failed, "{delivery}");
        assert!(
            before.iter().all(|it| it["status"].is_null() && it["error"] == "connect_error"),
            "{delivery}"
        );
    }
}

/// Waits until something is so.
async fn patiently(so: impl AsyncFn() -> bool) {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while !so().await {
        assert!(tokio::time::Instant::now() < end, "it never was so");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("a page has items")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}
