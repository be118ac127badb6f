//! Whether a document makes sense: everything that is wrong with it at once, each with its place and how to mend it.
//!
//! Four views: each node by itself (`fields`, `asks`), patterns (`patterns`), names of variables (`variables`), ways
//! from node to node (`graph`).

mod asks;
mod fields;
mod graph;
mod patterns;
mod variables;

pub(super) use patterns::Patterns;

use super::{
    MAX_TEXT,
    document::{Document, Node},
    scope::{BUILT_IN, is_name},
};
use crate::{FieldError, answers};

/// Most code points of the name of a marker or department.
const MAX_NAME: usize = 100;
/// Most entries of a list inside a node, and of prefilled variables.
const MAX_ENTRIES: usize = 100;

/// Writes what can be written in several ways in the one in which it is compared: names of markers are trimmed
/// and in NFC.
pub(super) fn normalise(document: &mut Document) {
    for node in &mut document.nodes {
        if let Node::Marker(marker) = node
            && let Ok(name) = answers::text(&marker.name, MAX_TEXT)
        {
            marker.name = name;
        }
    }
}

/// The compiled patterns of a document that makes sense.
///
/// # Errors
///
/// Everything that is wrong, in the order of the document.
pub(super) fn check(document: &Document) -> Result<Patterns, Vec<FieldError>> {
    let mut found = Findings::default();
    prefill(document, &mut found);
    for (index, node) in document.nodes.iter().enumerate() {
        fields::check(node, &mut found.at(index));
    }
    let patterns = patterns::compile(document, &mut found);
    variables::check(document, &mut found);
    graph::check(document, &mut found);
    if found.errors.is_empty() { Ok(patterns) } else { Err(found.in_order()) }
}

fn prefill(document: &Document, found: &mut Findings) {
    if let Err(message) = short(document.prefill.len()) {
        return found.wrong("/prefill", message);
    }
    for (index, name) in document.prefill.iter().enumerate() {
        let pointer = format!("/prefill/{index}");
        if let Err(message) = own_name(name) {
            found.wrong(pointer, message);
        } else if document.prefill[..index].contains(name) {
            found.wrong(pointer, format!("`{name}` stands here twice; remove one"));
        }
    }
}

/// Whether a list is short enough to be looked at.
fn short(entries: usize) -> Result<(), String> {
    if entries > MAX_ENTRIES {
        return Err(format!("this has {entries} entries; at most {MAX_ENTRIES} are taken"));
    }
    Ok(())
}

/// Whether a variable can have that name and be given values.
fn own_name(name: &str) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!(
            "`{name}` is no name for a variable; use 1 to 64 of a-z, 0-9 and _, beginning with a letter"
        ));
    }
    if BUILT_IN.contains(&name) {
        return Err(format!("`{name}` is built in and cannot be changed; use another name"));
    }
    Ok(())
}

/// What is wrong so far.
#[derive(Default)]
struct Findings {
    /// With the place of the node that it is about, if it is about one.
    errors: Vec<(Option<usize>, FieldError)>,
}

impl Findings {
    /// Something about no node.
    fn wrong(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.errors.push((None, FieldError { pointer: pointer.into(), message: message.into() }));
    }

    /// For findings about one node.
    fn at(&mut self, index: usize) -> AtNode<'_> {
        AtNode { found: self, index }
    }

    fn in_order(mut self) -> Vec<FieldError> {
        self.errors.sort_by_key(|(index, _)| *index);
        self.errors.into_iter().map(|(_, error)| error).collect()
    }
}

/// Takes what is wrong with one node.
struct AtNode<'a> {
    found: &'a mut Findings,
    index: usize,
}

impl AtNode<'_> {
    /// `field` is the pointer's rest: empty for the node, else without a leading slash.
    fn wrong(&mut self, field: &str, message: impl Into<String>) {
        let slash = if field.is_empty() { "" } else { "/" };
        let pointer = format!("/nodes/{}{slash}{field}", self.index);
        self.found.errors.push((Some(self.index), FieldError { pointer, message: message.into() }));
    }
}
