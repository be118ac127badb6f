//! How it looks: sides, colours, dark, right-to-left, phones.

use serde_json::json;
use thirtyfour::Key;

use crate::{MAIL, arrive, begin, choose};

/// The contrast of a text upon what lies under it (WCAG 2), as pixels.
const CONTRAST: &str = "((selector) => { \
    const grounds = [], canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true}); \
    for (let node = $(selector); node; node = node.parentElement) grounds.unshift(getComputedStyle(node).backgroundColor); \
    const light = () => { const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255) \
        .map((value) => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4); \
        return .2126 * r + .7152 * g + .0722 * b; }; \
    const fill = (color) => { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }; \
    grounds.forEach(fill); const ground = light(); fill(getComputedStyle($(selector)).color); \
    const [a, b] = [light(), ground].sort((x, y) => y - x); return (a + .05) / (b + .05); })";

#[tokio::test(flavor = "multi_thread")]
async fn every_text_can_be_read_in_light_and_dark_on_any_colour() {
    for (attributes, theme) in [
        ("", "light"),
        ("", "dark"),
        ("data-color='#ffd400'", "light"),
        ("data-color='#00a37a'", "light"),
        ("data-color='#111827' data-theme='light'", "dark"),
        ("data-color='#e11d48' data-theme='dark'", "light"),
    ] {
        let (double, person) = arrive(attributes).await;
        person.prefer("prefers-color-scheme", theme).await;
        person.click(".launch").await;
        person.reads("What can I do for you?").await;
        person.press("plan a holiday" + Key::Enter).await;
        person.reads(crate::WHERE).await;
        if theme == "dark" && attributes.is_empty() {
            person.press("Lisbon" + Key::Enter).await;
            person.reads(MAIL).await;
            person.photograph("dark").await;
            double.close();
            person.until("!!$('.end')").await;
        }
        if attributes.contains("ffd400") {
            person.photograph("yellow").await;
        }
        let selectors = "['h2', '.status', '.bot .text', '.visitor .text', '.name', '.face', '.end span', '.tray .chip', '.ghost', '.m time', '.avatar']";
        let low = person
            .see(&format!("{selectors}.filter($).map((it) => [it, {CONTRAST}(it)]).filter(([, ratio]) => !(ratio >= 4.5))"))
            .await;
        assert_eq!(low, json!([]), "{attributes} {theme}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn right_to_left_turns_everything_round() {
    let texts = r#"{"placeholder":"اكتب رسالة…","send":"إرسال","online":"متصل الآن","skip":"تخطي"}"#;
    let (double, person) = begin(&format!("data-dir='rtl' data-lang='ar' data-texts='{texts}'")).await;
    double.bot_says("مرحبا! كيف يمكنني مساعدتك اليوم؟");
    person.reads("مرحبا! كيف يمكنني مساعدتك اليوم؟").await;
    person.press("Plan a holiday" + Key::Enter).await;
    person.until("texts().length === 5").await;
    person.photograph("right-to-left").await;
    let boxes = "[$('.panel').getBoundingClientRect().left < 40, $('.launch').getBoundingClientRect().left < 40, \
        $('.visitor .text').getBoundingClientRect().left < $('.bot .text').getBoundingClientRect().left, \
        $('.send').getBoundingClientRect().left < $('textarea').getBoundingClientRect().left, \
        $('textarea').placeholder, $('.lp').lang]";
    assert_eq!(person.see(boxes).await, json!([true, true, true, true, "اكتب رسالة…", "ar"]));
    // Each text has the direction of its own letters.
    let directions = "$$('.bot .text').map((node) => getComputedStyle(node).direction)";
    let directions = person.see(directions).await;
    assert_eq!((&directions[0], &directions[2]), (&json!("ltr"), &json!("rtl")));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_it_fills_the_screen_and_brings_up_no_keyboard() {
    let (_double, person) = arrive("").await;
    person.hold_a_phone().await;
    person.reload().await;
    person.photograph("phone-closed").await;
    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    // It grows while it opens.
    person.until("$('.panel').getAnimations().length === 0").await;
    person.photograph("phone-sized").await;
    let shape = "(() => { const {left, top, width, height} = $('.panel').getBoundingClientRect(); \
        return [left, top, width === innerWidth, height === visualViewport.height, css('.launch', 'display'), focus() === $('.panel'), \
        parseFloat(css('textarea', 'fontSize')) >= 16]; })()";
    assert_eq!(person.see(shape).await, json!([0, 0, true, true, "none", true, true]));
    person.click(".tray .chip").await;
    person.reads(crate::WHERE).await;
    assert_eq!(person.see("focus() === $('.panel')").await, true);
    person.click(".head[aria-label='Close chat']").await;
    person.until("$('.panel').hidden && focus() === $('.launch')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_chooses_and_the_bot_suggests() {
    let (double, person) = arrive("data-position='left' data-color='#0f766e'").await;
    double.configure(json!({
        "name": "Ozan", "online": false, "theme": {"position": "right", "color": "#aa0000"},
        "texts": {"away": "Back on Monday", "placeholder": "Ask Ozan"},
    }));
    person.run("window.leadpostTexts = {placeholder: 'Ask us'}").await;
    person.click(".launch").await;
    person.until("$('.status').textContent === 'Back on Monday'").await;
    let looks = "[$('.launch').getBoundingClientRect().left < 40, css('.launch', 'backgroundColor'), $('textarea').placeholder, $('.avatar').textContent]";
    assert_eq!(person.see(looks).await, json!([true, "rgb(15, 118, 110)", "Ask us", "O"]));

    // Without a word of the page, the bot's looks count; nothing of the page's own style comes in.
    double.put_on_page("", "");
    person.reload().await;
    person.click(".launch").await;
    person.until("css('.launch', 'backgroundColor') === 'rgb(170, 0, 0)'").await;
    assert_eq!(person.see("[css('.send', 'borderTopWidth'), css('.text', 'textTransform'), css('.text', 'letterSpacing')]").await, json!(["0px", "none", "normal"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_motion_gets_none() {
    let (_double, person) = arrive("").await;
    person.prefer("prefers-reduced-motion", "reduce").await;
    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    assert_eq!(person.see("[css('.panel', 'animationName'), css('.m', 'animationName'), css('.launch', 'transitionProperty')]").await, json!(["none", "none", "none"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_shows_beside_a_message_that_is_pointed_at() {
    let (_double, person) = choose("data-lang='en-GB'").await;
    assert_eq!(person.see("css('.m time', 'opacity')").await, "0");
    assert!(person.see("$('.m time').textContent").await.as_str().unwrap().starts_with("04/03/2026"));
    let message = person
        .driver
        .execute("return document.querySelector('leadpost-chat').shadowRoot.querySelector('.m')", vec![])
        .await
        .unwrap();
    let message = message.element().unwrap();
    person.driver.action_chain().move_to_element_center(&message).perform().await.unwrap();
    person.until("css('.m time', 'opacity') === '1'").await;
    person.photograph("hover").await;
}
