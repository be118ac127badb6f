//! The engine: from a state and an input to the next state and what is said and done on the way.

mod replies;
mod walk;

use super::{
    Flow,
    document::{AskNode, ChoiceNode, ConsentNode, Node},
    say,
    scope::Env,
    state::{Asking, Place, State},
    turn::{Ask, AskKind, Choice, Input, Turn},
    value::Value,
};
use crate::answers;
use walk::Walk;

/// What the visitor does at a question.
#[derive(Clone, Copy)]
enum Reply<'a> {
    Typed(&'a str),
    Pressed(&'a str),
    Skipped,
}

/// What follows from an input.
///
/// A reply is matched to the pending question by its number: one that belongs to another question is stale and
/// changes nothing, even if its text would answer the pending one, because the visitor has not seen that one. A
/// typed reply without a number is taken as the answer to the pending question. A question that is asked again is
/// a new one, so that a reply sent twice counts once.
///
/// An invalid reply to an `ask` is asked for again, at most [`attempts`](AskNode::attempts) times; then the
/// variable stays empty and the flow goes on. A `choice` and a `consent` are asked again for ever: their buttons
/// are answers that always work, so nobody is trapped, and to guess an answer would be worse.
///
/// One input leads through at most [`MAX_STEPS`](super::MAX_STEPS) nodes. The check refuses flows that could need
/// more; should one get here all the same, the conversation is closed with [`Ending::Budget`](super::Ending): to
/// go back to the last question would lead the visitor through the same nodes again and again, while after a close
/// the next message begins a new conversation.
pub fn step(flow: &Flow, state: &State, input: &Input, env: &Env) -> Turn {
    let current = |question: u32| question == state.questions;
    match (&state.place, input) {
        (Place::Unbegun, Input::Begin { variables }) => {
            let mut walk = Walk::new(flow, env, state);
            let declared = variables.iter().filter(|(name, _)| flow.document().prefill.contains(name));
            let sound = declared.filter_map(|(name, value)| Some((name.clone(), sound(value)?)));
            walk.state.variables.extend(sound);
            walk.go(&flow.document().start);
            walk.finish()
        }
        (Place::Asking(asking), Input::Answer { text, question }) if question.is_none_or(current) => {
            replied(flow, state, asking, Reply::Typed(text), env)
        }
        (Place::Asking(asking), Input::Choose { value, question }) if current(*question) => {
            replied(flow, state, asking, Reply::Pressed(value), env)
        }
        (Place::Asking(asking), Input::Skip { question }) if current(*question) => {
            replied(flow, state, asking, Reply::Skipped, env)
        }
        (Place::HandedOver { .. }, Input::Answer { text, .. }) => {
            let mut walk = Walk::new(flow, env, state);
            walk.heard = Some(text.clone());
            walk.finish()
        }
        (Place::HandedOver { node }, Input::Offline | Input::Returned) => match flow.node(node) {
            Some(Node::Handover(handover)) => {
                let mut walk = Walk::new(flow, env, state);
                let back = handover.next.as_ref().filter(|_| *input == Input::Returned);
                walk.go(back.unwrap_or(&handover.offline));
                walk.finish()
            }
            _ => stale(state),
        },
        _ => stale(state),
    }
}

/// A value that the page brought along, if it could as well have been typed.
fn sound(value: &Value) -> Option<Value> {
    match value {
        Value::Text(text) => answers::text(text, answers::MAX_REPLY).ok().map(Value::Text),
        Value::Number(_) | Value::Bool(_) => Some(value.clone()),
    }
}

fn stale(state: &State) -> Turn {
    Turn { state: state.clone(), heard: None, steps: Vec::new(), stale: true, entered: 0 }
}

fn replied(flow: &Flow, state: &State, asking: &Asking, reply: Reply<'_>, env: &Env) -> Turn {
    let mut walk = Walk::new(flow, env, state);
    match flow.node(&asking.node) {
        Some(Node::Ask(node)) => walk.answer(node, asking, reply),
        Some(Node::Choice(node)) => walk.choose(node, asking, reply),
        Some(Node::Consent(node)) => walk.consent(node, asking, reply),
        _ => return stale(state),
    }
    walk.finish()
}

/// How the pending question can be answered, for a client that comes back to it; None if there is none.
pub fn pending_ask(flow: &Flow, state: &State) -> Option<Ask> {
    let Place::Asking(asking) = &state.place else { return None };
    let mut ask = match flow.node(&asking.node)? {
        Node::Ask(node) if asking.confirming.is_some() => confirm_back(node),
        Node::Ask(node) => ask_of(node),
        Node::Choice(node) => choice_of(node),
        Node::Consent(node) => consent_of(node),
        _ => return None,
    };
    ask.question = state.questions;
    Some(ask)
}

/// The question of an ask node; here as below its number is still to be given.
fn ask_of(node: &AskNode) -> Ask {
    let kind = AskKind::from(node.asks);
    let choices = if kind == AskKind::Confirm { yes_no(say::YES, say::NO) } else { Vec::new() };
    Ask { question: 0, kind, optional: node.optional, choices }
}

/// The question that gives an answer back.
fn confirm_back(node: &AskNode) -> Ask {
    let choices = yes_no(say::YES, say::NO);
    Ask { question: 0, kind: AskKind::Confirm, optional: node.optional, choices }
}

fn choice_of(node: &ChoiceNode) -> Ask {
    let choices = node
        .options
        .iter()
        .map(|option| Choice { value: option.value.clone(), label: option.shown().to_owned() })
        .collect();
    Ask { question: 0, kind: AskKind::Choice, optional: false, choices }
}

fn consent_of(node: &ConsentNode) -> Ask {
    let (yes, no) = consent_labels(node);
    Ask { question: 0, kind: AskKind::Consent, optional: false, choices: yes_no(yes, no) }
}

fn consent_labels(node: &ConsentNode) -> (&str, &str) {
    (node.yes_label.as_deref().unwrap_or(say::YES), node.no_label.as_deref().unwrap_or(say::NO))
}

fn yes_no(yes: &str, no: &str) -> Vec<Choice> {
    [("yes", yes), ("no", no)]
        .map(|(value, label)| Choice { value: value.into(), label: label.into() })
        .into()
}
