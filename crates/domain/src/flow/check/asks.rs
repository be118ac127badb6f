//! What a question must be: which settings belong to which type, and that an answer is possible.

use jiff::civil::Date;

use super::{
    AtNode,
    fields::{optional_text, text, variable},
};
use crate::{
    answers,
    flow::document::{AskNode, AskType, Bound},
};

/// Most invalid replies that a question may take.
const MAX_ATTEMPTS: u32 = 10;
/// Most days ahead that a date may be restricted to.
const MAX_DAYS: u32 = 36_500;

pub(super) fn check(node: &AskNode, at: &mut AtNode<'_>) {
    text("text", &node.text, at);
    for (index, error) in node.errors.iter().enumerate() {
        text(&format!("errors/{index}"), error, at);
    }
    optional_text("confirm", node.confirm.as_ref(), at);
    if node.attempts.is_some_and(|attempts| !(1..=MAX_ATTEMPTS).contains(&attempts)) {
        at.wrong("attempts", format!("write a number from 1 to {MAX_ATTEMPTS}"));
    }
    match &node.var {
        Some(var) => variable("var", var, at),
        None if node.asks == AskType::Confirm => {}
        None => at.wrong("var", "the answer goes nowhere; name a variable"),
    }
    ways_on(node, at);
    strangers(node, at);
    bounds(node, at);
    sizes(node, at);
    if node.asks == AskType::Regex && node.pattern.is_none() {
        at.wrong("pattern", "type `regex` needs the pattern of an answer");
    }
}

/// A confirm leads to `yes` and `no`, everything else to `next`.
fn ways_on(node: &AskNode, at: &mut AtNode<'_>) {
    let is_confirm = node.asks == AskType::Confirm;
    for (field, target) in [("yes", &node.yes), ("no", &node.no)] {
        match target {
            None if is_confirm => at.wrong(field, format!("type `confirm` needs a target for `{field}`")),
            Some(_) if !is_confirm => {
                at.wrong(field, format!("`{field}` belongs to type `confirm`; use `next` here"));
            }
            _ => {}
        }
    }
    match &node.next {
        None if !is_confirm => at.wrong("next", "this question leads nowhere; give it a `next`"),
        Some(_) if is_confirm => at.wrong("next", "type `confirm` leads to `yes` and `no`; remove `next`"),
        _ => {}
    }
}

/// Settings of other types.
fn strangers(node: &AskNode, at: &mut AtNode<'_>) {
    use AskType::{Confirm, Date, Number, Phone, Regex, Text};
    let owned: [(&str, bool, &[AskType], &str); 9] = [
        ("transform", node.transform.is_some(), &[Text, Regex], "types `text` and `regex`"),
        ("min", node.min.is_some(), &[Number, Date], "types `number` and `date`"),
        ("max", node.max.is_some(), &[Number, Date], "types `number` and `date`"),
        ("integer", node.integer, &[Number], "type `number`"),
        ("weekdays", node.weekdays, &[Date], "type `date`"),
        ("within_days", node.within_days.is_some(), &[Date], "type `date`"),
        ("pattern", node.pattern.is_some(), &[Regex], "type `regex`"),
        ("strict", node.strict.is_some(), &[Phone], "type `phone`"),
        ("max_length", node.max_length.is_some(), &[Text], "type `text`"),
    ];
    for (field, present, types, owners) in owned {
        if present && !types.contains(&node.asks) {
            at.wrong(field, format!("`{field}` belongs to {owners}; remove it"));
        }
    }
    if node.asks == Confirm {
        for (field, present) in [("optional", node.optional), ("confirm", node.confirm.is_some())] {
            if present {
                at.wrong(field, format!("a question of yes or no cannot have `{field}`; remove it"));
            }
        }
    }
}

/// The least and the most are of the right kind, and in order where that can be known.
fn bounds(node: &AskNode, at: &mut AtNode<'_>) {
    let mut valid = true;
    for (field, bound) in [("min", &node.min), ("max", &node.max)] {
        let expected = match (node.asks, bound) {
            (AskType::Number, Some(Bound::Word(word))) if word != "current_year" => {
                "a number or \"current_year\""
            }
            (AskType::Date, Some(Bound::Number(_))) => "a date such as \"2026-11-05\", or \"today\"",
            (AskType::Date, Some(Bound::Word(word))) if word != "today" && date(word).is_none() => {
                "a date such as \"2026-11-05\", or \"today\""
            }
            _ => continue,
        };
        valid = false;
        at.wrong(field, format!("write {expected}"));
    }
    let reversed = match (&node.min, &node.max) {
        (Some(Bound::Number(min)), Some(Bound::Number(max))) => min > max,
        (Some(Bound::Word(min)), Some(Bound::Word(max))) => {
            date(min).zip(date(max)).is_some_and(|(min, max)| min > max)
        }
        _ => false,
    };
    if valid && reversed {
        at.wrong("max", "the most is less than the least; no answer would be taken");
    }
}

/// A bound that is a date of its own.
fn date(word: &str) -> Option<Date> {
    word.parse().ok()
}

fn sizes(node: &AskNode, at: &mut AtNode<'_>) {
    if node.max_length.is_some_and(|max| !(1..=answers::MAX_REPLY).contains(&max)) {
        at.wrong("max_length", format!("write a number from 1 to {}", answers::MAX_REPLY));
    }
    if node.within_days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
        at.wrong("within_days", format!("write a number of days from 1 to {MAX_DAYS}"));
    }
}
