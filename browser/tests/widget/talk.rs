//! Journeys through a conversation that goes well.

use serde_json::json;
use thirtyfour::Key;

use crate::{MAIL, WHERE, arrive, begin, choose, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_greeting_to_the_lead_with_keys_alone() {
    let (double, person) = arrive("").await;
    // The page's one link, then the widget.
    person.press(Key::Tab + Key::Tab).await;
    person.until("focus() === $('.launch')").await;
    person.press(Key::Enter).await;
    person.reads("What can I do for you?").await;
    person.until("focus() === $('textarea')").await;
    person.photograph("open").await;

    person.press(Key::Tab + Key::Tab).await;
    person.until("focus().textContent === 'Change a booking'").await;
    person.press(Key::Tab).await;
    person.photograph("choice").await;
    person.press_with(Key::Shift, Key::Tab).await;
    person.press_with(Key::Shift, Key::Tab).await;
    person.until("focus().textContent === 'Plan a holiday'").await;
    person.press(Key::Enter).await;
    person.reads(WHERE).await;
    person
        .until("focus() === $('textarea') && $$('.tray .chip').every((chip) => chip.textContent === 'Skip')")
        .await;

    person.press("Lisbon,").await;
    person.press_with(Key::Shift, Key::Enter).await;
    person.press("in May" + Key::Enter).await;
    person.reads(MAIL).await;
    assert_eq!(person.see("$('textarea').inputMode").await, "email");
    person.press("ada at example.com" + Key::Enter).await;
    person.until("texts().at(-1).startsWith('That doesn’t look like')").await;
    person.photograph("error").await;
    person.press("ada@example.com" + Key::Enter).await;
    person.until("texts().at(-1).startsWith('Thank you!')").await;

    assert_eq!(
        double.said_by("visitor"),
        ["Plan a holiday", "Lisbon,\nin May", "ada at example.com", "ada@example.com"]
    );
    let calls = double.calls("messages");
    assert_eq!((&calls[0]["choice"], &calls[0]["question"]), (&json!("holiday"), &json!(1)));
    assert_eq!(calls[0]["text"], json!(null));
    assert_eq!((&calls[3]["question"], calls.len()), (&json!(3), 4));
    assert!(calls.iter().all(|call| call["page_url"] == json!(format!("{}/", double.page))));
    // Every message stands there once, also those that came by stream and as an answer.
    person.until("texts().length === 10").await;
    assert_eq!(person.see("$$('.note').map((note) => note.textContent).join('')").await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_may_be_typed_and_an_optional_question_skipped() {
    let (double, person) = begin("").await;
    person.press("plan a holiday").await;
    // Over the choices to the button.
    person.press(Key::Tab + Key::Tab).await;
    person.press(Key::Tab + Key::Tab).await;
    person.press(Key::Enter).await;
    person.until("focus() === $('textarea')").await;
    person.reads(WHERE).await;
    assert_eq!(person.see("$$('.tray .chip').map((chip) => chip.textContent)").await, json!(["Skip"]));
    person.click(".tray .chip").await;
    person.reads(MAIL).await;
    let calls = double.calls("messages");
    assert_eq!((&calls[0]["text"], &calls[0]["choice"]), (&json!("plan a holiday"), &json!(null)));
    assert_eq!((&calls[1]["skip"], &calls[1]["question"]), (&json!(true), &json!(2)));
    assert_eq!(person.see("$('.tray').children.length").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_on_after_a_reload_without_being_read_out_again() {
    let (double, person) = choose("").await;
    let note = "const set = Element.prototype.setAttribute; window.lives = []; \
        Element.prototype.setAttribute = function (name, value) { \
        if (name === 'aria-live') window.lives.push([value, this.childElementCount]); set.call(this, name, value); }";
    person.tool("Page.addScriptToEvaluateOnNewDocument", json!({"source": note})).await;
    person.reload().await;
    person.reads(WHERE).await;
    // The panel was open, so it is; but the page has the focus.
    assert_eq!(
        person.see("[$('.panel').hidden, document.activeElement.tagName]").await,
        json!([false, "BODY"])
    );
    // Silent before the first message was put in, and not again before all were.
    person.until("window.lives.length === 3").await;
    assert_eq!(person.see("window.lives").await, json!([["polite", 0], ["off", 1], ["polite", 5]]));
    assert_eq!(person.see("texts().length").await, 4);
    let opened = double.calls("open");
    assert_eq!((opened.len(), &opened[1]["token"]), (2, &double.calls("messages")[0]["token"]));
    person.click("textarea").await;
    person.press("Lisbon" + Key::Enter).await;
    person.reads(MAIL).await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday", "Lisbon"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_are_in_step() {
    let (double, person) = choose("").await;
    let first = person.driver.window().await.unwrap();
    let second = person.driver.new_tab().await.unwrap();
    person.driver.switch_to_window(second.clone()).await.unwrap();
    person.visit(&double.page).await;
    // A tab that was not open before counts what comes in; what was read elsewhere is not new.
    assert_eq!(person.see("$('.panel')").await, json!(null));
    double.bot_says("Are you still there?");
    person.until("$('.badge').textContent === '1'").await;
    assert_eq!(person.see("$('.launch').ariaLabel").await, "Open chat, 1 new");
    person.click(".launch").await;
    person.reads("Are you still there?").await;
    person.until("$('.badge').textContent === ''").await;
    person.press("Lisbon" + Key::Enter).await;
    person.reads(MAIL).await;

    person.driver.switch_to_window(first).await.unwrap();
    person.reads(MAIL).await;
    person.reads("Lisbon").await;
    person.click("textarea").await;
    person.press("ada@example.com" + Key::Enter).await;
    person.until("texts().at(-1).startsWith('Thank you!')").await;
    person.driver.switch_to_window(second).await.unwrap();
    person.until("texts().at(-1).startsWith('Thank you!')").await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday", "Lisbon", "ada@example.com"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_nobody_used_goes_along_with_the_one_that_is_used() {
    let (double, person) = arrive("").await;
    let idle = person.driver.window().await.unwrap();
    let used = person.driver.new_tab().await.unwrap();
    person.driver.switch_to_window(used).await.unwrap();
    person.visit(&double.page).await;
    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    assert_eq!(double.calls("open").len(), 1);
    person.click(".tray .chip").await;
    person.reads(WHERE).await;
    person.driver.switch_to_window(idle).await.unwrap();
    person.click(".launch").await;
    person.reads(WHERE).await;
    assert_eq!(double.calls("open").len(), 2);
    assert_eq!(double.calls("open")[1]["token"], double.calls("messages")[0]["token"]);
    person.press("Lisbon" + Key::Enter).await;
    person.reads(MAIL).await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday", "Lisbon"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_takes_over_types_and_the_visitor_ends_the_chat() {
    let (double, person) = choose("").await;
    double.queue();
    person.until("$('.status').textContent === 'Finding someone for you…'").await;
    double.take_over("Anna");
    person.until("$('h2').textContent === 'Anna' && $('.status').textContent === 'Online'").await;
    double.operator_types(true);
    person
        .until("$('.status').textContent === 'Anna is typing…' && css('.dots', 'display') === 'flex'")
        .await;
    // Nobody says that they stop.
    person.until("$('.status').textContent === 'Online' && css('.dots', 'display') === 'none'").await;
    double.operator_says("Hello! Lisbon is lovely in May.");
    person.reads("Hello! Lisbon is lovely in May.").await;
    person.until("css('.dots', 'display') === 'none'").await;
    person.press("How lovely").await;
    eventually(|| double.calls("typing").len() == 1).await;
    person.press(Key::Enter).await;
    person.reads("How lovely").await;
    person.photograph("operator").await;

    person.click("[aria-label='End chat']").await;
    person.until("focus().textContent === 'Keep chatting'").await;
    person.photograph("end").await;
    person.press(Key::Escape).await;
    person.until("$('.confirm').hidden && !$('.panel').hidden && focus() === $('textarea')").await;
    person.click("[aria-label='End chat']").await;
    person.press_with(Key::Shift, Key::Tab).await;
    person.press(Key::Enter).await;
    person.until("$('.end span')?.textContent === 'Chat ended'").await;
    assert_eq!(double.calls("end").len(), 1);
    person.photograph("ended").await;

    person.press("One more thing" + Key::Enter).await;
    person.until("texts().at(-1) === 'What can I do for you?'").await;
    // What was said stays above; the line between says so once.
    assert_eq!(person.see("$$('.end').map((line) => line.textContent)").await, json!(["Chat ended"]));
    person.reads("Hello! Lisbon is lovely in May.").await;
}
