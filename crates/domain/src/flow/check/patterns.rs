//! Whether every pattern is one. Each is compiled once, here, and then used by the flow.

use std::collections::HashMap;

use super::Findings;
use crate::{
    Pattern,
    flow::{
        document::{Document, Literal, MAX_PATTERNS, Node, Op},
        value::Value,
    },
};

/// Compiled patterns by their texts.
pub(in crate::flow) type Patterns = HashMap<String, Pattern>;

/// The patterns of a document; those that are none, and too many, are found wrong.
pub(super) fn compile(document: &Document, found: &mut Findings) -> Patterns {
    let mut compiled: HashMap<&str, Result<Pattern, String>> = HashMap::new();
    for (index, node) in document.nodes.iter().enumerate() {
        for (field, text) in patterns(node) {
            if compiled.len() == MAX_PATTERNS && !compiled.contains_key(text) {
                let message = format!("the flow has more than {MAX_PATTERNS} different patterns; use fewer");
                found.at(index).wrong(&field, message);
                return HashMap::new();
            }
            let result = compiled
                .entry(text)
                .or_insert_with(|| Pattern::new(text).map_err(|invalid| invalid.to_string()));
            if let Err(message) = result {
                found.at(index).wrong(&field, message.clone());
            }
        }
    }
    compiled.into_iter().filter_map(|(text, result)| Some((text.to_owned(), result.ok()?))).collect()
}

/// The patterns of a node, by field.
fn patterns(node: &Node) -> Vec<(String, &str)> {
    match node {
        Node::Ask(ask) => ask.pattern.iter().map(|text| ("pattern".to_owned(), text.as_str())).collect(),
        Node::Condition(condition) => {
            let tests = condition.branches.iter().enumerate().flat_map(|(b, branch)| {
                branch
                    .all
                    .iter()
                    .enumerate()
                    .map(move |(t, test)| (format!("branches/{b}/all/{t}/value"), test))
            });
            tests
                .filter_map(|(field, test)| match (test.op, &test.value) {
                    (Op::Matches, Some(Literal::One(Value::Text(text)))) => Some((field, text.as_str())),
                    _ => None,
                })
                .collect()
        }
        _ => Vec::new(),
    }
}
