//! The chat widget as visitors and pages see it: in Chromium, on a page of another origin, against the test double.
//!
//! What a visitor does is done with keys and clicks; scripts only look.

mod access;
mod faults;
mod looks;
mod page;
mod talk;
mod weight;

use std::time::Duration;

use browser::{Double, Person};

/// A page with the widget on it, and somebody who has come to it.
async fn arrive(attributes: &str) -> (Double, Person) {
    let double = Double::start(attributes).await;
    let person = Person::start().await;
    person.visit(&double.page).await;
    (double, person)
}

/// The same, with the chat opened by a click and the bot's first question read.
async fn begin(attributes: &str) -> (Double, Person) {
    let (double, person) = arrive(attributes).await;
    person.click(".launch").await;
    person.reads("What can I do for you?").await;
    (double, person)
}

/// The same, with a conversation under way: the first choice is made.
async fn choose(attributes: &str) -> (Double, Person) {
    let (double, person) = begin(attributes).await;
    person.click(".tray .chip").await;
    person.reads(WHERE).await;
    (double, person)
}

/// Waits until something is so at the server's end.
async fn eventually(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to be");
}

/// What the bot asks after the choice.
const WHERE: &str = "Lovely. Where would you like to go, and when?";
/// What it asks after that.
const MAIL: &str = "Which e-mail address may we send the offer to?";
