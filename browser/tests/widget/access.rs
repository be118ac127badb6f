//! For people who use keys and screen readers.

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::{arrive, begin, choose};

/// Role and name of everything that a screen reader can find, but plain text.
async fn tree(person: &browser::Person) -> Vec<(String, String, Value)> {
    person.tool("Accessibility.enable", json!({})).await;
    let tree = person.tool("Accessibility.getFullAXTree", json!({})).await;
    let nodes = tree["nodes"]
        .as_array()
        .expect("a tree has nodes")
        .iter()
        .filter(|node| node["ignored"] != json!(true));
    nodes
        .map(|node| {
            let word = |of: &Value| of["value"].as_str().unwrap_or_default().to_owned();
            (word(&node["role"]), word(&node["name"]), node["properties"].clone())
        })
        .collect()
}

fn property<'tree>(
    tree: &'tree [(String, String, Value)],
    role: &str,
    name: &str,
    property: &str,
) -> &'tree Value {
    let node = tree.iter().find(|(it, named, _)| it == role && named == name);
    let (.., properties) = node.unwrap_or_else(|| panic!("no {role} {name:?} among {tree:#?}"));
    let found =
        properties.as_array().expect("a node has properties").iter().find(|it| it["name"] == property);
    found.map_or(&Value::Null, |it| &it["value"]["value"])
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_its_role_and_name() {
    let (_double, person) = arrive("").await;
    let closed = tree(&person).await;
    assert_eq!(property(&closed, "button", "Open chat", "expanded"), &json!(false));
    assert!(closed.iter().all(|(role, ..)| role != "dialog" && role != "log"));

    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    let open = tree(&person).await;
    assert_eq!(property(&open, "button", "Close chat", "focusable"), &json!(true));
    assert_eq!(property(&open, "dialog", "Mia", "modal"), &json!(false));
    assert_eq!(property(&open, "log", "Chat", "live"), &json!("polite"));
    assert_eq!(property(&open, "log", "Chat", "relevant"), &json!("additions"));
    assert_eq!(property(&open, "textbox", "Write a message…", "multiline"), &json!(true));
    assert_eq!(property(&open, "button", "Send", "disabled"), &json!(true));
    for (role, name) in [
        ("heading", "Mia"),
        ("group", "Answers to choose from"),
        ("button", "Plan a holiday"),
        ("button", "Change a booking"),
        ("button", "Something else"),
    ] {
        property(&open, role, name, "");
    }
    // The words are there, and who said them, also where that is not shown again; and the title.
    let words: Vec<_> =
        open.iter().filter(|(role, ..)| role == "StaticText").map(|(_, name, _)| name).collect();
    assert!(words.iter().any(|word| *word == "What can I do for you?"));
    assert_eq!(words.iter().filter(|word| **word == "Mia").count(), 3);
    // No button, link or field without a name.
    let nameless = open.iter().filter(|(role, name, _)| {
        matches!(role.as_str(), "button" | "link" | "textbox" | "image") && name.is_empty()
    });
    assert_eq!(nameless.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_closes_and_the_focus_goes_back_where_it_came_from() {
    let (_double, person) = begin("").await;
    person.until("focus() === $('textarea')").await;
    assert_eq!(person.see("$('.launch').getAttribute('aria-expanded')").await, "true");
    person.press(Key::Escape).await;
    person.until("$('.panel').hidden && focus() === $('.launch')").await;
    assert_eq!(person.see("$('.launch').getAttribute('aria-expanded')").await, "false");
    person.press(Key::Space).await;
    person.until("!$('.panel').hidden && focus() === $('textarea')").await;
    assert_eq!(person.see("texts().length").await, 2);
    // A ring shows where one is.
    person.press(Key::Tab).await;
    person.until("getComputedStyle(focus()).outlineStyle === 'solid' && parseFloat(getComputedStyle(focus()).outlineWidth) >= 2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_added_once_to_what_is_read_out() {
    let (_double, person) = choose("").await;
    person
        .run("window.added = []; new MutationObserver((changes) => changes.forEach(({addedNodes}) => addedNodes.forEach((node) => \
            node.querySelector?.('.text') && added.push(node.querySelector('.text').textContent)))).observe($('.list'), {childList: true})")
        .await;
    person.press("Lisbon" + Key::Enter).await;
    person.reads(crate::MAIL).await;
    person.until("$$('.note').every((note) => note.textContent === '')").await;
    assert_eq!(person.see("window.added").await, json!(["Lisbon", crate::MAIL]));
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_within_a_composition_sends_nothing() {
    let (double, person) = begin("").await;
    person.press("にほん").await;
    let enter =
        "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, composed: true, ";
    person.run(&format!("$('textarea').dispatchEvent({enter} isComposing: true}}))")).await;
    person.run(&format!("$('textarea').dispatchEvent({enter} keyCode: 229}}))")).await;
    assert_eq!(person.see("$('textarea').value").await, "にほん");
    assert!(double.calls("messages").is_empty());
    person.press(Key::Enter).await;
    person.reads("にほん").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_thousand_characters_are_counted_as_people_count_them() {
    let (double, person) = begin("").await;
    let fill =
        |text: &str| format!("$('textarea').value = {text}; $('textarea').dispatchEvent(new Event('input'))");
    person.run(&fill("'🙂'.repeat(3700)")).await;
    assert_eq!(person.see("$('.counter').textContent").await, "");
    person.run(&fill("'🙂'.repeat(4001)")).await;
    assert_eq!(
        person.see("[$('.counter').textContent, $('.send').disabled, $('textarea').ariaInvalid]").await,
        json!(["Too long by 1", true, "true"])
    );
    person.press(Key::Enter).await;
    assert!(double.calls("messages").is_empty());
    person.run(&fill("'🙂'.repeat(4000)")).await;
    assert_eq!(
        person.see("[$('.counter').textContent, $('.send').disabled]").await,
        json!(["0 left", false])
    );
    person.press(Key::Enter).await;
    person.reads(&"🙂".repeat(4000)).await;
    assert_eq!(double.said_by("visitor"), ["🙂".repeat(4000)]);
    assert_eq!(person.see("$('.counter').textContent").await, "");
}
