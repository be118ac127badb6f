//! What each node must be by itself.

use super::{AtNode, MAX_NAME, MAX_TEXT, asks, own_name, short};
use crate::{
    answers,
    flow::{
        document::{
            ChoiceNode, ConditionNode, ConsentNode, EndNode, Literal, Node, Op, SaveNode, SetNode, Source,
            Test,
        },
        say::{self, Piece, pieces},
        value::{Value, folded},
    },
};

pub(super) fn check(node: &Node, at: &mut AtNode<'_>) {
    id(node.id(), at);
    match node {
        Node::Message(message) => text("text", &message.text, at),
        Node::Ask(ask) => asks::check(ask, at),
        Node::Choice(node) => choice(node, at),
        Node::Condition(node) => condition(node, at),
        Node::Set(node) => set(node, at),
        Node::Marker(marker) => label("name", &marker.name, MAX_NAME, at),
        Node::Consent(node) => consent(node, at),
        Node::SaveContact(node) => save(node, at),
        Node::Handover(handover) => {
            label("department", &handover.department, MAX_NAME, at);
            optional_text("text", handover.text.as_ref(), at);
        }
        Node::Jump(_) => {}
        Node::End(EndNode { text, .. }) => optional_text("text", text.as_ref(), at),
    }
}

fn id(id: &str, at: &mut AtNode<'_>) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.is_empty() || id.len() > 64 || !id.chars().all(allowed) {
        at.wrong("id", format!("`{id}` is no id; use 1 to 64 of A-Z, a-z, 0-9, _ and -"));
    }
}

/// A text in which values are put.
pub(super) fn text(field: &str, text: &str, at: &mut AtNode<'_>) {
    label_or_text(field, text, MAX_TEXT, at);
}

pub(super) fn optional_text(field: &str, value: Option<&String>, at: &mut AtNode<'_>) {
    if let Some(value) = value {
        text(field, value, at);
    }
}

/// A text that is shown and compared as it is.
fn label(field: &str, label: &str, max: usize, at: &mut AtNode<'_>) {
    label_or_text(field, label, max, at);
    if pieces(label).iter().any(|piece| matches!(piece, Piece::Slot(_))) {
        at.wrong(field, "values are put into texts, not into this; remove {{…}}");
    }
}

fn label_or_text(field: &str, text: &str, max: usize, at: &mut AtNode<'_>) {
    let length = text.chars().count();
    if text.trim().is_empty() {
        at.wrong(field, "this is empty; write something, or remove it");
    } else if length > max {
        at.wrong(field, format!("this has {length} characters; at most {max} are taken"));
    } else if answers::clean(text).is_none() {
        at.wrong(field, "this has control characters in it; remove them");
    }
}

/// A variable that the node gives values.
pub(super) fn variable(field: &str, name: &str, at: &mut AtNode<'_>) {
    if let Err(message) = own_name(name) {
        at.wrong(field, message);
    }
}

fn set(node: &SetNode, at: &mut AtNode<'_>) {
    variable("var", &node.var, at);
    match &node.to {
        Source::Value(given) => value("to/value", given, at),
        Source::Map(map) => {
            if map.cases.is_empty() {
                at.wrong("to/map/cases", "there is no case; add one, or use `value`");
            }
            for given in map.cases.values() {
                value("to/map/cases", given, at);
            }
            if let Some(given) = &map.default {
                value("to/map/default", given, at);
            }
        }
        Source::Copy(_) | Source::Add(_) | Source::Subtract(_) | Source::DomainOf(_) => {}
    }
}

/// A value that a variable becomes. It may be empty.
fn value(field: &str, given: &Value, at: &mut AtNode<'_>) {
    if let Value::Text(text) = given
        && !text.trim().is_empty()
    {
        label(field, text, MAX_TEXT, at);
    }
}

fn choice(node: &ChoiceNode, at: &mut AtNode<'_>) {
    text("text", &node.text, at);
    if let Err(message) = short(node.options.len()) {
        return at.wrong("options", message);
    }
    if let Some(var) = &node.var {
        variable("var", var, at);
    }
    if node.options.len() < 2 {
        at.wrong("options", "a choice needs at least two options; add some, or use a message");
    }
    for (index, option) in node.options.iter().enumerate() {
        let earlier = &node.options[..index];
        label(&format!("options/{index}/value"), &option.value, MAX_TEXT, at);
        if let Some(shown) = &option.label {
            label(&format!("options/{index}/label"), shown, MAX_TEXT, at);
        }
        // Compared as replies are.
        if earlier.iter().any(|other| folded(&other.value) == folded(&option.value)) {
            let message = format!("an earlier option has the value `{}` too; use another", option.value);
            at.wrong(&format!("options/{index}/value"), message);
        } else if earlier.iter().any(|other| folded(other.shown()) == folded(option.shown())) {
            let message = format!("an earlier option is shown as `{}` too; use another", option.shown());
            at.wrong(&format!("options/{index}/label"), message);
        }
        if option.next.is_none() && node.next.is_none() {
            let message = "this option leads nowhere; give it a `next`, or the choice one for all options";
            at.wrong(&format!("options/{index}/next"), message);
        }
    }
}

fn condition(node: &ConditionNode, at: &mut AtNode<'_>) {
    if node.branches.is_empty() {
        at.wrong("branches", "a condition needs at least one branch; add one, or use a jump");
    }
    for (index, branch) in node.branches.iter().enumerate() {
        if branch.all.is_empty() {
            at.wrong(
                &format!("branches/{index}/all"),
                "a branch needs at least one test; without any use `default`",
            );
        }
        for (number, test) in branch.all.iter().enumerate() {
            if let Err(message) = operand(test) {
                at.wrong(&format!("branches/{index}/all/{number}/value"), message);
            }
        }
    }
}

/// Whether a test's value fits its operator.
fn operand(test: &Test) -> Result<(), String> {
    match (test.op, &test.value) {
        (Op::Set | Op::Empty, None) => Ok(()),
        (Op::Set | Op::Empty, Some(_)) => {
            Err("`set` and `empty` compare with nothing; remove the value".into())
        }
        (_, None) => Err("there is nothing to compare with; add a value".into()),
        (Op::In, Some(Literal::Many(values))) if values.is_empty() => {
            Err("the list is empty; add the values that fit".into())
        }
        (Op::In, Some(Literal::Many(_))) => Ok(()),
        (Op::In, Some(Literal::One(_))) => Err("`in` compares with a list; write [\"…\", \"…\"]".into()),
        (_, Some(Literal::Many(_))) => Err("only `in` compares with a list; write one value".into()),
        (Op::Matches, Some(Literal::One(Value::Text(_)))) => Ok(()),
        (Op::Matches, Some(_)) => Err("`matches` compares with a pattern; write a text".into()),
        (Op::Ge | Op::Le | Op::Gt | Op::Lt, Some(Literal::One(Value::Bool(_)))) => {
            Err("yes and no have no order; compare with a number, a text or a date".into())
        }
        _ => Ok(()),
    }
}

fn consent(node: &ConsentNode, at: &mut AtNode<'_>) {
    text("text", &node.text, at);
    if let Some(var) = &node.var {
        variable("var", var, at);
    }
    for (field, shown, opposite) in
        [("yes_label", &node.yes_label, false), ("no_label", &node.no_label, true)]
    {
        if let Some(shown) = shown {
            label(field, shown, MAX_TEXT, at);
            if answers::yes_no(shown) == Some(opposite) {
                at.wrong(field, format!("`{shown}` says the opposite; a visitor would be misunderstood"));
            }
        }
    }
    let yes = node.yes_label.as_deref().unwrap_or(say::YES);
    let no = node.no_label.as_deref().unwrap_or(say::NO);
    if folded(yes) == folded(no) {
        at.wrong("no_label", format!("both answers are shown as `{no}`; use two different labels"));
    }
}

fn save(node: &SaveNode, at: &mut AtNode<'_>) {
    if node.email.is_none() && node.phone.is_none() {
        let message = "a contact needs a way to be reached; name the variable of an e-mail address (`email`) or of \
                       a phone number (`phone`)";
        at.wrong("", message);
    }
    if let Err(message) = short(node.custom.len()) {
        return at.wrong("custom", message);
    }
    for (index, name) in node.custom.iter().enumerate() {
        if node.custom[..index].contains(name) {
            at.wrong(&format!("custom/{index}"), format!("`{name}` stands here twice; remove one"));
        }
    }
}
