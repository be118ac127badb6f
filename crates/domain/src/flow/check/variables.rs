//! Whether every name that is read is a name of something.

use std::collections::BTreeSet;

use super::Findings;
use crate::flow::{
    document::{AskType, Document, Node, Operand, Source},
    say::{Piece, pieces},
    scope::{BUILT_IN, extension_of, is_name},
};

pub(super) fn check(document: &Document, found: &mut Findings) {
    let known = known(document);
    for (index, node) in document.nodes.iter().enumerate() {
        let mut at = found.at(index);
        for (field, text) in texts(node) {
            let mut seen = BTreeSet::new();
            for piece in pieces(text) {
                if let Piece::Slot(name) = piece
                    && !known.contains(name)
                    && seen.insert(name)
                {
                    at.wrong(&field, unknown_slot(name));
                }
            }
        }
        for (field, name) in reads(node) {
            if !known.contains(name) {
                at.wrong(&field, unknown(name));
            }
        }
    }
}

fn unknown(name: &str) -> String {
    format!("no node gives a value to `{name}`; ask for it, set it, or declare it under `prefill`")
}

fn unknown_slot(name: &str) -> String {
    if is_name(name) {
        return unknown(name);
    }
    format!("`{{{{{name}}}}}` holds no name of a variable; names are a-z, 0-9 and _, beginning with a letter")
}

/// Every name that can have a value.
fn known(document: &Document) -> BTreeSet<String> {
    let given = document.nodes.iter().flat_map(|node| match node {
        Node::Ask(ask) if ask.asks == AskType::Phone => {
            ask.var.iter().flat_map(|var| [var.clone(), extension_of(var)]).collect()
        }
        Node::Ask(ask) => ask.var.iter().cloned().collect(),
        Node::Choice(choice) => choice.var.iter().cloned().collect(),
        Node::Set(set) => vec![set.var.clone()],
        Node::Consent(consent) => consent.var.iter().cloned().collect(),
        _ => Vec::new(),
    });
    let built_in = BUILT_IN.into_iter().map(str::to_owned);
    given.chain(built_in).chain(document.prefill.iter().cloned()).collect()
}

/// The texts of a node in which values are put, by field.
fn texts(node: &Node) -> Vec<(String, &str)> {
    match node {
        Node::Message(node) => vec![("text".into(), &node.text)],
        Node::Ask(node) => {
            let confirm = node.confirm.iter().map(|text| ("confirm".to_owned(), text.as_str()));
            let errors =
                node.errors.iter().enumerate().map(|(i, text)| (format!("errors/{i}"), text.as_str()));
            [("text".to_owned(), node.text.as_str())].into_iter().chain(confirm).chain(errors).collect()
        }
        Node::Choice(node) => vec![("text".into(), &node.text)],
        Node::Consent(node) => vec![("text".into(), &node.text)],
        Node::Handover(node) => node.text.iter().map(|text| ("text".into(), text.as_str())).collect(),
        Node::End(node) => node.text.iter().map(|text| ("text".into(), text.as_str())).collect(),
        Node::Condition(_) | Node::Set(_) | Node::Marker(_) | Node::SaveContact(_) | Node::Jump(_) => {
            Vec::new()
        }
    }
}

/// The variables that a node reads by name, by field.
fn reads(node: &Node) -> Vec<(String, &str)> {
    match node {
        Node::Condition(node) => {
            let tests = node.branches.iter().enumerate().flat_map(|(b, branch)| {
                branch.all.iter().enumerate().map(move |(t, test)| (b, t, test.var.as_str()))
            });
            tests.map(|(b, t, name)| (format!("branches/{b}/all/{t}/var"), name)).collect()
        }
        Node::Set(node) => match &node.to {
            Source::Value(_) => Vec::new(),
            Source::Copy(name) => vec![("to/copy".into(), name)],
            Source::Add(sides) => operands("to/add", sides),
            Source::Subtract(sides) => operands("to/subtract", sides),
            Source::Map(map) => vec![("to/map/of".into(), &map.of)],
            Source::DomainOf(name) => vec![("to/domain_of".into(), name)],
        },
        Node::SaveContact(node) => {
            let fields = [("name", &node.name), ("email", &node.email), ("phone", &node.phone)];
            let fields = fields
                .into_iter()
                .filter_map(|(field, name)| Some((field.to_owned(), name.as_ref()?.as_str())));
            let custom =
                node.custom.iter().enumerate().map(|(i, name)| (format!("custom/{i}"), name.as_str()));
            fields.chain(custom).collect()
        }
        _ => Vec::new(),
    }
}

fn operands<'a>(field: &str, sides: &'a [Operand; 2]) -> Vec<(String, &'a str)> {
    let named = sides.iter().enumerate().filter_map(|(index, side)| match side {
        Operand::Variable(variable) => Some((format!("{field}/{index}/var"), variable.var.as_str())),
        Operand::Number(_) => None,
    });
    named.collect()
}
