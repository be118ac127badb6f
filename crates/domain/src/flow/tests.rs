//! Tests of flows. A conversation is a script: what goes in and all that comes out, line by line (see [`play`]).

mod check;
mod document;
mod engine;
mod random;
mod runs;

use std::collections::BTreeMap;

use super::{Ask, Effect, Ending, Env, Flow, Input, State, Step, Turn, Value, early_contact, step};
use crate::flow::document::Edge;

/// A Thursday morning, in London.
fn env() -> Env {
    Env {
        now: "2026-10-22T10:15:00".parse().unwrap(),
        region: Some("GB".into()),
        reference: "MER-4711".into(),
    }
}

fn template(key: &str) -> Flow {
    let template = super::templates().iter().find(|template| template.key == key).unwrap();
    Flow::parse(template.text).unwrap()
}

/// A flow of the given nodes, the first of which begins it.
fn flow(nodes: serde_json::Value) -> Flow {
    flow_with(nodes, &[])
}

/// The same with prefilled variables.
fn flow_with(nodes: serde_json::Value, prefill: &[&str]) -> Flow {
    let document = serde_json::json!({
        "schema": 1, "start": nodes[0]["id"], "prefill": prefill, "nodes": nodes,
    });
    Flow::parse(&document.to_string()).unwrap()
}

/// Plays a script and compares all of it with what happens. Lines that do something:
///
/// - `begin a=b c=d` begins the conversation, with variables that the page brought along
/// - `> text` types a reply, `# value` presses a button, `skip`, `offline`, `returned`
/// - `? name = …` shows a variable, `early …` the contact of an early close
///
/// All others are what comes of it: `heard` for what a button leaves in the transcript, `bot:` with the buttons in
/// brackets, `+` and `-` for markers, `consent`, `save`, `handover`, `close`, `stale`. An `…` stands for any words:
/// how a refused reply is worded is for the tests of answers to say.
#[track_caller]
fn play(flow: &Flow, script: &str) -> State {
    play_in(flow, &env(), State::default(), script)
}

#[track_caller]
fn play_in(flow: &Flow, env: &Env, mut state: State, script: &str) -> State {
    let expected: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut actual: Vec<String> = Vec::new();
    for line in &expected {
        if let Some(rest) = line.strip_prefix("? ") {
            let name = rest.split(" =").next().unwrap();
            let value = state.variables.get(name).map(Value::to_string).unwrap_or_default();
            actual.push(format!("? {name} = {value}").trim_end().to_owned());
        } else if line.starts_with("early") {
            let contact = early_contact(flow, &state);
            actual.push(format!("early {}", contact.map_or("nothing".into(), |c| shown_contact(&c))));
        } else if let Some(input) = input(line, &state) {
            let turn = step(flow, &state, &input, env);
            actual.push((*line).to_owned());
            actual.extend(shown(&input, &turn));
            state = through_json(&turn.state);
        }
    }
    let same = actual.len() == expected.len() && actual.iter().zip(&expected).all(|(a, e)| fits(a, e));
    assert!(same, "it went otherwise:\n{}\n(end)", actual.join("\n"));
    state
}

fn fits(actual: &str, expected: &str) -> bool {
    let Some((before, after)) = expected.split_once('…') else { return actual == expected };
    actual.len() > before.len() + after.len() && actual.starts_with(before) && actual.ends_with(after)
}

fn through_json(state: &State) -> State {
    let restored: State = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
    assert_eq!(restored, *state);
    restored
}

fn input(line: &str, state: &State) -> Option<Input> {
    let question = state.questions;
    Some(match line.split_once(' ').unwrap_or((line, "")) {
        ("begin", rest) => {
            let pairs = rest.split_whitespace().filter_map(|pair| pair.split_once('='));
            Input::Begin { variables: pairs.map(|(k, v)| (k.to_owned(), Value::from(v))).collect() }
        }
        (">", text) => Input::Answer { text: text.to_owned(), question: Some(question) },
        ("#", value) => Input::Choose { value: value.to_owned(), question },
        ("skip", _) => Input::Skip { question },
        ("offline", _) => Input::Offline,
        ("returned", _) => Input::Returned,
        _ => return None,
    })
}

fn shown(input: &Input, turn: &Turn) -> Vec<String> {
    let mut lines = Vec::new();
    if turn.stale {
        lines.push("stale".to_owned());
    }
    match (input, &turn.heard) {
        (Input::Answer { text, .. }, Some(heard)) => assert_eq!(text, heard),
        (_, Some(heard)) => lines.push(format!("heard {heard}")),
        _ => {}
    }
    lines.extend(turn.steps.iter().map(|step| match step {
        Step::Said(said) => {
            format!("bot: {}{}", said.text, said.ask.as_ref().map_or(String::new(), shown_ask))
        }
        Step::Effect(effect) => shown_effect(effect),
    }));
    lines
}

fn shown_ask(ask: &Ask) -> String {
    let labels: Vec<&str> = ask.choices.iter().map(|choice| choice.label.as_str()).collect();
    let buttons = if labels.is_empty() { String::new() } else { format!(" [{}]", labels.join(" | ")) };
    format!("{buttons}{}", if ask.optional { " (optional)" } else { "" })
}

fn shown_contact(contact: &crate::contact::Fields) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or("null".into());
    format!("name={} email={} phone={}", part(&contact.name), part(&contact.email), part(&contact.phone))
}

fn shown_effect(effect: &Effect) -> String {
    match effect {
        Effect::Marker { name, edge: Edge::Start } => format!("+ {name}"),
        Effect::Marker { name, edge: Edge::End } => format!("- {name}"),
        Effect::Consent { given, text } => format!("consent {given}: {text}"),
        Effect::Save { contact, custom } => {
            let custom: Vec<String> = custom.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("save {}{}", shown_contact(contact), custom.concat())
        }
        Effect::Handover { department } => format!("handover {department}"),
        Effect::Close { reason: Ending::Finished } => "close".into(),
        Effect::Close { reason: Ending::Budget } => "close budget".into(),
    }
}

/// Plays from the beginning without looking, up to where a test begins.
fn after(flow: &Flow, replies: &[&str]) -> State {
    let begin = Input::Begin { variables: BTreeMap::new() };
    let begun = step(flow, &State::default(), &begin, &env()).state;
    replies.iter().fold(begun, |state, reply| {
        let answer = Input::Answer { text: (*reply).to_owned(), question: None };
        step(flow, &state, &answer, &env()).state
    })
}
