//! Journeys through bad networks and servers in trouble: nothing is lost, nothing is said twice.

use browser::Streams;
use serde_json::json;
use thirtyfour::Key;

use crate::{MAIL, WHERE, arrive, begin, choose, eventually};

const UNSENT: &str = "$$('.note').some((note) => note.textContent === 'Not sent yet – will be sent')";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_offline_is_sent_once_also_after_a_reload() {
    let (double, person) = choose("").await;
    person.set_offline(true).await;
    person.until("$('.banner').textContent.startsWith('You are offline')").await;
    person.press("Lisbon" + Key::Enter).await;
    person.until(UNSENT).await;
    person.photograph("offline").await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday"]);
    person.set_offline(false).await;
    // A page that is left takes nothing along but what the browser keeps.
    person.reads(MAIL).await;
    person.until("$('.banner').textContent === ''").await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday", "Lisbon"]);

    double.refuse("messages", 503, 3);
    person.press("ada@example.com" + Key::Enter).await;
    person.until(UNSENT).await;
    person.reload().await;
    person.until("texts().at(-1).startsWith('Thank you!')").await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday", "Lisbon", "ada@example.com"]);
    assert_eq!(person.see("texts().filter((text) => text === 'ada@example.com').length").await, 1);
    let calls = double.calls("messages");
    assert_eq!(calls[calls.len() - 1]["id"], calls[calls.len() - 2]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_is_repeated_under_its_id() {
    let (double, person) = choose("").await;
    double.set_streams(Streams::Refused);
    double.lose_answer("messages");
    person.press("Lisbon" + Key::Enter).await;
    person.reads(MAIL).await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday", "Lisbon"]);
    assert_eq!(person.see("texts().filter((text) => text === 'Lisbon').length").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stream_the_widget_asks_and_it_takes_the_stream_when_it_is_back() {
    let (double, person) = choose("").await;
    double.set_streams(Streams::Empty);
    double.bot_says("Told by an answer");
    person.reads("Told by an answer").await;
    assert!(!double.calls("updates").is_empty());
    assert_eq!(person.see("$('.banner').textContent").await, "");

    double.set_streams(Streams::Refused);
    double.bot_says("Told by another");
    person.reads("Told by another").await;

    double.set_streams(Streams::Working);
    let streams = double.calls("stream").len();
    // The next stream delivers; from then on nothing is asked.
    eventually(|| double.calls("stream").len() > streams).await;
    double.bot_says("Told by the stream");
    person.reads("Told by the stream").await;
    let asked = double.calls("updates").len();
    person.run("window.later = 0; setTimeout(() => { window.later = 1; }, 6500)").await;
    person.until("window.later === 1").await;
    assert_eq!(double.calls("updates").len(), asked);
    assert_eq!(
        person.see("texts().slice(-3)").await,
        json!(["Told by an answer", "Told by another", "Told by the stream"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_goes_on_where_it_was() {
    let (double, person) = choose("").await;
    double.set_streams(Streams::Working);
    double.bot_says("While it was broken");
    person.reads("While it was broken").await;
    let streams = double.calls("stream");
    assert_eq!(streams.last().unwrap()["cursor"], "4");
    assert_eq!(person.see("texts().length").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_wait_as_long_as_they_are_told() {
    let (double, person) = choose("").await;
    double.refuse("messages", 429, 3);
    person.run("window.begun = performance.now()").await;
    person.press("Lisbon" + Key::Enter).await;
    person.until(UNSENT).await;
    // Also somebody impatient does not make it come sooner.
    person.press("in May" + Key::Enter).await;
    assert_eq!(double.calls("messages").len(), 2);
    person.until("texts().at(-1).startsWith('That doesn’t look')").await;
    let waited = person.see("performance.now() - window.begun").await.as_f64().unwrap();
    assert!(waited >= 3_000.0, "{waited}");
    assert_eq!(double.said_by("visitor"), ["Plan a holiday", "Lisbon", "in May"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgot_the_visitor_gets_what_is_unsent_anew() {
    let (double, person) = choose("").await;
    double.set_streams(Streams::Refused);
    double.forget_visitors();
    person.press("plan a holiday" + Key::Enter).await;
    // What it shows then stands there from before, too.
    eventually(|| !double.said_by("visitor").is_empty()).await;
    person.reads(WHERE).await;
    assert_eq!(double.said_by("visitor"), ["plan a holiday"]);
    let opened = double.calls("open");
    assert_eq!(opened.last().unwrap()["token"], json!(null));
    person.until("texts().length === 4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_opening_that_fails_is_tried_again_and_sends_what_was_written() {
    let (double, person) = arrive("").await;
    double.refuse("open", 503, 2);
    person.click(".launch").await;
    person.until("$('.banner').textContent === 'No connection. Trying again…'").await;
    person.press("Plan a holiday" + Key::Enter).await;
    person.until(UNSENT).await;
    person.reads(WHERE).await;
    person.until("$('.banner').textContent === ''").await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_chat_it_says_so_and_leaves_the_server_alone() {
    let (double, person) = arrive("").await;
    double.refuse("open", 404, 0);
    person.click(".launch").await;
    person
        .until("$('.banner').textContent === 'This chat is not available right now.' && $('form').hidden")
        .await;
    let calls = double.call_count();
    person.run("window.later = 0; setTimeout(() => { window.later = 1; }, 4000)").await;
    person.until("window.later === 1").await;
    assert_eq!(double.call_count(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_for_good_is_marked_and_holds_nothing_up() {
    let (double, person) = begin("").await;
    double.refuse("messages", 422, 0);
    person.press("refused" + Key::Enter).await;
    person.until("$('.failed .note')?.textContent === 'Could not be sent'").await;
    person.press("Plan a holiday" + Key::Enter).await;
    person.reads(WHERE).await;
    assert_eq!(double.said_by("visitor"), ["Plan a holiday"]);
    assert_eq!(double.calls("messages").len(), 2);
}
