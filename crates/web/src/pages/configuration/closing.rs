//! When idle chats end.

use std::time::Duration;

use app::chatbots;
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{CloseReason, Invalid, chatbot::Timers};
use http::StatusCode;

use super::{Chosen, Given, SAVED, asked, named, saved};
use crate::{
    Shared,
    auth::{Manage, Read},
    pages::{
        chatbots::wrong,
        failure::Failure,
        form::{Errors, Form, Query, Reading},
        member::ByMember,
        shell::{Place, Shell, go, render},
        when::filters,
    },
};

/// A time after which something happens, as it is filled in.
struct TimerView {
    name: &'static str,
    label: &'static str,
    help: &'static str,
    number: String,
    unit: String,
    problem: Option<String>,
}

/// Units: name, seconds, words.
const UNITS: [(&str, u64, &str); 4] =
    [("s", 1, "seconds"), ("min", 60, "minutes"), ("h", 3_600, "hours"), ("d", 86_400, "days")];

/// The timers: name, label, what happens.
const TIMERS: [(&str, &str, &str); 4] = [
    (
        "reminder",
        "A visitor who does not answer the bot is reminded after",
        "Once. 0 is never. Nothing is sent to webhooks.",
    ),
    (
        "bot_close",
        "A chat led by the bot ends after",
        "Nobody said anything for so long: closed as idle_bot. Contact Information goes out if a valid e-mail or phone was \
         given and not told yet, then Chat Transcript.",
    ),
    (
        "queue",
        "A chat that no operator accepts goes on after",
        "The flow goes its way for nobody being there, unless the department passes the chat on.",
    ),
    (
        "agent_close",
        "A chat with an operator ends after",
        "Neither said anything for so long: closed as idle_agent, and Chat Transcript goes out.",
    ),
];

#[derive(Template)]
#[template(path = "configuration/closing.html")]
struct ClosingPage {
    shell: Shell,
    place: &'static str,
    chosen: Option<Chosen>,
    timers: Vec<TimerView>,
    reminder_text: String,
    reasons: Vec<(&'static str, &'static str)>,
    errors: Errors,
}

fn spelled(length: Option<Duration>) -> (String, String) {
    let seconds = length.map_or(0, |it| it.as_secs());
    let fits = |unit: &&(&str, u64, &str)| seconds > 0 && seconds.is_multiple_of(unit.1);
    let (name, size, _) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[1]);
    ((seconds / size).to_string(), (*name).to_owned())
}

fn views(timers: &Timers, given: &Given<'_>) -> Vec<TimerView> {
    let stored = [timers.reminder, Some(timers.bot_close), Some(timers.queue), Some(timers.agent_close)];
    let view =
        |((name, label, help), stored): ((&'static str, &'static str, &'static str), Option<Duration>)| {
            let (number, unit) = match given {
                Some((form, _)) => (form.get(name).to_owned(), form.get(&format!("{name}_unit")).to_owned()),
                None => spelled(stored),
            };
            let problem =
                given.as_ref().and_then(|(_, errors)| errors.at(&format!("/{name}")).map(str::to_owned));
            TimerView { name, label, help, number, unit, problem }
        };
    TIMERS.into_iter().zip(stored).map(view).collect()
}

fn meaning(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::VisitorEnded => "The visitor ended it.",
        CloseReason::OperatorClosed => "The operator closed it.",
        CloseReason::BotFinished => "The flow came to its end.",
        CloseReason::IdleBot => "The visitor did not answer the bot any more.",
        CloseReason::IdleAgent => "Nobody said anything any more in a chat with an operator.",
        CloseReason::NoAgent => "No operator came, and there was no bot to go on.",
        CloseReason::AdminClosed => "Somebody who was not in the chat ended it.",
    }
}

async fn page<N>(
    web: &Shared,
    by: &ByMember<N>,
    query: &Form,
    given: Given<'_>,
) -> Result<Response, Failure> {
    let (id, actor) = (asked(given.as_ref().map_or(query, |it| it.0))?, by.actor);
    let chosen = web.db.read(move |tx| Chosen::read(tx, &actor, id)).await?;
    let timers = chosen.as_ref().map(|it| it.bot.settings.timers.clone()).unwrap_or_default();
    let status = if given.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = ClosingPage {
        shell: Shell::new(web, by, Place::Closing).saying(query, SAVED),
        place: Place::Closing.path(),
        timers: views(&timers, &given),
        reminder_text: given.as_ref().map_or(timers.reminder_text, |it| it.0.get("reminder_text").to_owned()),
        reasons: CloseReason::ALL.map(|reason| (reason.as_str(), meaning(reason))).to_vec(),
        chosen,
        errors: given.map(|it| it.1).unwrap_or_default(),
    };
    render(status, &page)
}

pub(super) async fn show(
    State(web): State<Shared>,
    query: Query,
    by: ByMember<Read>,
) -> Result<Response, Failure> {
    page(&web, &by, &query.0, None).await
}

/// The time that is filled in; None for 0.
fn timer(form: &Form, name: &str) -> Result<Option<Duration>, Invalid> {
    let number: u64 = form.number(name)?.unwrap_or(0);
    let unit = form.get(&format!("{name}_unit"));
    let size = UNITS.iter().find(|it| it.0 == unit).map_or(60, |it| it.1);
    let seconds = number.saturating_mul(size);
    match seconds {
        0 if name == "reminder" => Ok(None),
        10.. if seconds <= Timers::MAX.as_secs() => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Invalid::field(format!("/{name}"), "must be 10 seconds to 7 days")),
    }
}

fn read(form: &Form) -> (Timers, Reading) {
    let mut reading = Reading::new();
    let [reminder, bot_close, queue, agent_close] =
        TIMERS.map(|(name, ..)| reading.or(timer(form, name), None));
    let default = Timers::default();
    let timers = Timers {
        reminder,
        reminder_text: form.get("reminder_text").trim().to_owned(),
        bot_close: bot_close.unwrap_or(default.bot_close),
        queue: queue.unwrap_or(default.queue),
        agent_close: agent_close.unwrap_or(default.agent_close),
    };
    (timers, reading)
}

pub(super) async fn save(
    State(web): State<Shared>,
    by: ByMember<Manage>,
    form: Form,
) -> Result<Response, Failure> {
    let (bot, actor) = (named(&form)?, by.actor);
    let (timers, reading) = read(&form);
    let written = web.db.write(move |tx| {
        reading.settle(chatbots::configure(tx, &actor, bot, |settings| settings.timers = timers.clone()))
    });
    match written.await {
        Ok(_) => Ok(go(&saved(Place::Closing, bot), "saved")),
        Err(error) => page(&web, &by, &Form::default(), Some((&form, wrong(error)?))).await,
    }
}
