//! The widget and the page around it: calls, events, hostile texts, a tag that is there twice.

use browser::{Double, Person};
use serde_json::json;
use thirtyfour::Key;

use crate::{MAIL, arrive, begin, choose};

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_shown_as_they_are() {
    let (double, person) = begin("").await;
    person.run("window.hurt = 0; window.alert = () => { window.hurt++; }").await;
    let hostile = [
        "<img src=x onerror=\"window.hurt++\">",
        "</script><script>window.hurt++</script>",
        "{{email}} ${window.hurt++} &lt;b&gt;",
        "javascript:window.hurt++ data:text/html,<script>window.hurt++</script>",
        "<a href=\"javascript:window.hurt++\">x</a> **bold** _it_ `code`",
        "שלום hello مرحبا\nsecond line\u{2028}third \u{202e}desrever",
        "=HYPERLINK(\"http://x\") '; DROP TABLE contacts;--",
    ];
    for text in hostile {
        double.bot_says(text);
        person.reads(text).await;
    }
    person.press("<svg onload=window.hurt++> {{name}}" + Key::Enter).await;
    person.reads("<svg onload=window.hurt++> {{name}}").await;
    double.take_over("<b>Anna</b>");
    person.until("$('h2').textContent === '<b>Anna</b>'").await;
    double.operator_says(&"𝒂".repeat(4000));
    person.reads(&"𝒂".repeat(4000)).await;
    person.photograph("hostile").await;
    assert_eq!(person.see("window.hurt").await, 0);
    assert_eq!(person.see("$$('.list img, .list svg, .list script, .list b, h2 *').length").await, 0);
    assert_eq!(
        person.see("$$('.list a').map((link) => link.getAttribute('href'))").await,
        json!(["http://x"])
    );
    // Nothing runs out of its bubble, and the list does not scroll sideways.
    assert_eq!(person.see("$('.list').scrollWidth <= $('.list').clientWidth").await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_become_links_that_tell_nothing_about_the_page() {
    let (double, person) = choose("").await;
    double.bot_says("See https://example.com/a?b=c#d, (http://example.org/x_y). ftp://no https://");
    person.until("$$('.list a').length === 2").await;
    let links = "$$('.list a').map((link) => [link.href, link.rel, link.target, link.textContent])";
    assert_eq!(
        person.see(links).await,
        json!([
            ["https://example.com/a?b=c#d", "noopener nofollow", "_blank", "https://example.com/a?b=c#d"],
            ["http://example.org/x_y", "noopener nofollow", "_blank", "http://example.org/x_y"],
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_calls_the_widget_and_hears_from_it() {
    let double = Double::start("data-lang='en'").await;
    let person = Person::start().await;
    person
        .tool("Page.addScriptToEvaluateOnNewDocument", json!({"source":
            "window.heard = []; (window.leadpost = window.leadpost || []).push(['prefill', {plan: 'pro', seats: 3, nothing: null, more: {}}], ['on', 'open', () => heard.push('open')]);"}))
        .await;
    person.visit(&double.page).await;
    person
        .run("for (const name of ['close', 'message', 'state']) Leadpost.on(name, (detail) => heard.push(name + ' ' + (detail?.text || detail?.state || '')));\
            Leadpost.on('open', () => { throw new Error('the page is at fault'); }); window.off = Leadpost.on('open', () => heard.push('twice'));\
            off(); Leadpost.open(); Leadpost.open()")
        .await;
    person.reads("What can I do for you?").await;
    assert_eq!(double.calls("open")[0]["variables"], json!({"plan": "pro", "seats": 3}));
    person.run("Leadpost.prefill({plan: 'free'})").await;
    person.click(".tray .chip").await;
    person.reads(crate::WHERE).await;
    person.press("Lisbon" + Key::Enter).await;
    person.reads(MAIL).await;
    let calls = double.calls("messages");
    assert_eq!((&calls[0]["variables"], &calls[1]["variables"]), (&json!({"plan": "free"}), &json!(null)));
    person.run("Leadpost.end()").await;
    person.until("heard.includes('state closed')").await;
    person.run("Leadpost.toggle(); leadpost.push(['open']); Leadpost.close()").await;
    person.until("heard.filter((word) => word === 'close ').length === 2").await;
    let heard = person.see("heard").await;
    assert_eq!(
        heard,
        json!([
            "open",
            "message Hi, I’m Mia from Meridian Travel Desk 👋",
            "message What can I do for you?",
            "message Plan a holiday",
            "message Lovely. Where would you like to go, and when?",
            "state bot",
            "message Lisbon",
            "message Which e-mail address may we send the offer to?",
            "state closed",
            "close ",
            "open",
            "close ",
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_is_there_twice_makes_one_widget() {
    let (double, person) = arrive("").await;
    let tag = format!("<script src='{}/widget.js' data-bot='pk_demo' async></script>", double.service);
    double.put_on_page("", &tag);
    person.reload().await;
    person.until("document.readyState === 'complete'").await;
    assert_eq!(person.see("document.querySelectorAll('leadpost-chat').length").await, 1);
    assert_eq!(person.see("$$('.launch').length").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_and_a_tag_that_opens_it_say_so() {
    let double = Double::start("data-open data-preview").await;
    let person = Person::start().await;
    person.visit(&double.page).await;
    person.reads("What can I do for you?").await;
    assert_eq!(person.see("document.activeElement.tagName").await, "BODY");
    assert_eq!(double.calls("open")[0]["preview"], true);
    person.click(".tray .chip").await;
    person.reads(crate::WHERE).await;
    assert_eq!(double.calls("messages")[0]["preview"], true);
    // What is tried out is not the visitor's chat.
    assert_eq!(person.see("Object.keys(localStorage)").await, json!(["leadpost:pk_demo/preview"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_where_the_browser_keeps_nothing() {
    let double = Double::start("").await;
    let person = Person::start().await;
    person
        .tool("Page.addScriptToEvaluateOnNewDocument", json!({"source":
            "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError'); }})"}))
        .await;
    person.visit(&double.page).await;
    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    person.click(".tray .chip").await;
    person.reads(crate::WHERE).await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday"]);
}
