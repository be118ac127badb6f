//! Flows and replies that nobody thought of: whatever comes in, nothing panics, every turn ends within its budget,
//! and a state that was stored goes on as one that was not.

mod generator;

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{TestCaseError, TestRunner},
};

use super::super::{
    Ask, Effect, Ending, Flow, MAX_STEPS, MAX_TEXT, Place, State, Step, Turn, document::Node, early_contact,
    pending_ask, step,
};
use crate::answers;
use generator::{Act, Gene, acts, genes};

/// How many flows are made; 20 things happen in each.
#[expect(clippy::disallowed_methods, reason = "how long the test may take is for its caller to say")]
fn cases() -> u32 {
    std::env::var("LEADPOST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_flow_takes_any_replies(genes in genes(), acts in acts(20)) {
        let flow = grown(&genes)?;
        prop_assert_eq!(&Flow::parse(&flow.text()).unwrap(), &flow);
        live(&flow, &acts, |_| {})?;
    }
}

/// What the test above rests on: its conversations get far, and everywhere.
#[test]
fn random_conversations_come_to_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    let mut tally: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..200 {
        let flow = grown(&genes().new_tree(&mut runner).unwrap().current()).unwrap();
        let acts = acts(20).new_tree(&mut runner).unwrap().current();
        let count = |turn: &Turn| {
            let mut seen = |what| *tally.entry(what).or_default() += 1;
            seen(if turn.stale { "stale" } else { "turn" });
            turn.said().for_each(|said| seen(if said.ask.is_some() { "question" } else { "message" }));
            turn.effects().for_each(|effect| {
                seen(match effect {
                    Effect::Marker { .. } => "marker",
                    Effect::Consent { .. } => "consent",
                    Effect::Save { .. } => "save",
                    Effect::Handover { .. } => "handover",
                    Effect::Close { .. } => "close",
                });
            });
            if early_contact(&flow, &turn.state).is_some() {
                seen("early contact");
            }
        };
        live(&flow, &acts, count).unwrap();
    }
    println!("{tally:?}");
    for what in
        ["stale", "message", "question", "marker", "consent", "save", "handover", "close", "early contact"]
    {
        assert!(tally.get(what).is_some_and(|&times| times >= 10), "{what}: {tally:?}");
    }
    assert!(tally["turn"] > 3 * tally["stale"], "{tally:?}");
}

/// One thing after the other happens; where a conversation ends the next one begins.
fn live(flow: &Flow, acts: &[Act], mut seen: impl FnMut(&Turn)) -> Result<(), TestCaseError> {
    let mut state = State::default();
    for act in acts {
        if state.is_done() {
            state = State::default();
        }
        let input = act.at(pending_ask(flow, &state), &state);
        let turn = step(flow, &state, &input, &super::env());
        let stored = serde_json::to_string(&state).unwrap();
        let restored: State = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(&step(flow, &restored, &input, &super::env()), &turn);
        sound(flow, &state, &turn)?;
        seen(&turn);
        state = turn.state;
    }
    Ok(())
}

/// What the generator makes is a flow.
fn grown(genes: &[Gene]) -> Result<Flow, TestCaseError> {
    let document = generator::document(genes).to_string();
    Flow::parse(&document).map_err(|invalid| TestCaseError::fail(format!("{invalid:?} in {document}")))
}

/// What holds after every turn.
fn sound(flow: &Flow, before: &State, turn: &Turn) -> Result<(), TestCaseError> {
    prop_assert!(turn.entered <= MAX_STEPS);
    prop_assert!(turn.said().all(|said| said.text.chars().count() <= MAX_TEXT));
    if turn.stale {
        prop_assert_eq!(&turn.state, before);
        prop_assert!(turn.steps.is_empty() && turn.heard.is_none());
        return Ok(());
    }
    let last = turn.steps.last();
    match &turn.state.place {
        Place::Unbegun => prop_assert!(false, "a turn that is not stale begins"),
        Place::Asking(asking) => {
            let Some(Step::Said(said)) = last else { return Err(TestCaseError::fail("nothing was asked")) };
            prop_assert_eq!(&said.ask, &pending_ask(flow, &turn.state));
            prop_assert_eq!(said.ask.as_ref().map(|ask: &Ask| ask.question), Some(before.questions + 1));
            if let Some(Node::Ask(node)) = flow.node(&asking.node) {
                prop_assert!(asking.attempts < node.limit());
            }
        }
        Place::HandedOver { .. } if turn.entered == 0 => prop_assert!(turn.steps.is_empty()),
        Place::HandedOver { .. } => {
            let called = matches!(last, Some(Step::Effect(Effect::Handover { .. })));
            prop_assert!(called, "operators were not called");
        }
        Place::Done => {
            prop_assert_eq!(last, Some(&Step::Effect(Effect::Close { reason: Ending::Finished })));
        }
    }
    let asked = turn.said().filter(|said| said.ask.is_some()).count();
    prop_assert_eq!(asked, usize::from(turn.state.pending().is_some()));
    contacts(flow, turn)
}

/// Only contacts that can be reached are told, and none against the visitor's will.
fn contacts(flow: &Flow, turn: &Turn) -> Result<(), TestCaseError> {
    let saved = turn.effects().filter_map(|effect| match effect {
        Effect::Save { contact, .. } => Some(contact.clone()),
        _ => None,
    });
    let early = early_contact(flow, &turn.state);
    if early.is_some() {
        prop_assert!(!flow.asks_consent() || turn.state.consent == Some(true));
    }
    for contact in saved.chain(early) {
        prop_assert!(contact.is_reachable());
        if let Some(email) = &contact.email {
            prop_assert_eq!(answers::email(email).map(|valid| valid.address).ok(), Some(email.clone()));
        }
        if let Some(phone) = &contact.phone {
            let digits = phone.strip_prefix('+').unwrap_or_default();
            prop_assert!(
                (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()),
                "{}",
                phone
            );
        }
    }
    Ok(())
}
