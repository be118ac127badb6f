//! Whether the ways from node to node lead somewhere, everywhere, and not in circles.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Findings;
use crate::flow::{
    MAX_STEPS,
    document::{Document, Edge, Node, Then},
};

pub(super) fn check(document: &Document, found: &mut Findings) {
    let graph = Graph::of(document, found);
    unreachable(document, &graph, found);
    markers(document, &graph, found);
    if !circles(document, &graph, found) {
        long_chains(document, &graph, found);
    }
}

/// A way out of a node.
struct Exit<'a> {
    /// Pointer of the field that names the target, inside the node.
    field: String,
    target: &'a str,
    /// True if somebody must do something before it is taken.
    waits: bool,
}

/// All ways out of a node.
fn exits(node: &Node) -> Vec<Exit<'_>> {
    let exit = |field: &str, target, waits| Exit { field: field.to_owned(), target, waits };
    match node {
        Node::Message(node) => vec![exit("next", &node.next, false)],
        Node::Ask(node) => {
            let fields = [("next", &node.next), ("yes", &node.yes), ("no", &node.no), ("fail", &node.fail)];
            fields.into_iter().filter_map(|(field, to)| Some(exit(field, to.as_deref()?, true))).collect()
        }
        Node::Choice(node) => {
            let options = node.options.iter().enumerate();
            let own = options
                .filter_map(|(i, o)| Some(exit(&format!("options/{i}/next"), o.next.as_deref()?, true)));
            own.chain(node.next.as_deref().map(|next| exit("next", next, true))).collect()
        }
        Node::Condition(node) => {
            let branches = node.branches.iter().enumerate();
            let branches = branches.map(|(i, b)| exit(&format!("branches/{i}/next"), &b.next, false));
            branches.chain([exit("default", &node.default, false)]).collect()
        }
        Node::Set(node) => vec![exit("next", &node.next, false)],
        Node::Marker(node) => vec![exit("next", &node.next, false)],
        Node::Consent(node) => vec![exit("yes", &node.yes, true), exit("no", &node.no, true)],
        Node::SaveContact(node) => {
            let otherwise = node.otherwise.as_deref().map(|to| exit("otherwise", to, false));
            [exit("next", &node.next, false)].into_iter().chain(otherwise).collect()
        }
        // Nobody may be there at all: that way out waits for nothing.
        Node::Handover(node) => {
            let next = node.next.as_deref().map(|next| exit("next", next, true));
            [exit("offline", &node.offline, false)].into_iter().chain(next).collect()
        }
        Node::Jump(node) => vec![exit("to", &node.to, false)],
        Node::End(node) => match &node.then {
            Then::Close => Vec::new(),
            Then::Restart(to) => vec![exit("then/restart", to, false)],
        },
    }
}

/// Nodes by their places, and the ways between them.
struct Graph {
    /// Where a conversation begins, if that node exists.
    start: Option<usize>,
    /// All ways out of each node.
    all: Vec<Vec<usize>>,
    /// Those that wait for nobody.
    unasked: Vec<Vec<usize>>,
    /// Nodes whose id an earlier one has, which nothing can lead to.
    doubles: HashSet<usize>,
}

impl Graph {
    fn of(document: &Document, found: &mut Findings) -> Graph {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut doubles = HashSet::new();
        for (index, node) in document.nodes.iter().enumerate() {
            if let Some(first) = places.get(node.id()) {
                let message = format!("node {first} has the id `{}` too; use another", node.id());
                found.at(index).wrong("id", message);
                doubles.insert(index);
            } else {
                places.insert(node.id(), index);
            }
        }
        let missing = |target: &str| format!("there is no node `{target}`; name one that exists");
        let start = places.get(document.start.as_str()).copied();
        if start.is_none() {
            found.wrong("/start", missing(&document.start));
        }
        let count = document.nodes.len();
        let mut graph =
            Graph { start, all: vec![Vec::new(); count], unasked: vec![Vec::new(); count], doubles };
        for (index, node) in document.nodes.iter().enumerate() {
            for exit in exits(node) {
                let Some(&target) = places.get(exit.target) else {
                    found.at(index).wrong(&exit.field, missing(exit.target));
                    continue;
                };
                graph.all[index].push(target);
                if !exit.waits {
                    graph.unasked[index].push(target);
                }
            }
        }
        graph
    }
}

/// How each node is reached from `from` in one step or more: the node before it on a shortest way.
fn reached(ways: &[Vec<usize>], from: usize) -> HashMap<usize, usize> {
    let mut before = HashMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(place) = queue.pop_front() {
        for &next in &ways[place] {
            before.entry(next).or_insert_with(|| {
                queue.push_back(next);
                place
            });
        }
    }
    before
}

fn unreachable(document: &Document, graph: &Graph, found: &mut Findings) {
    let Some(start) = graph.start else { return };
    let reached = reached(&graph.all, start);
    for (index, node) in document.nodes.iter().enumerate() {
        if index != start && !reached.contains_key(&index) && !graph.doubles.contains(&index) {
            let message = format!("no way leads to `{}`; let a node lead to it, or remove it", node.id());
            found.at(index).wrong("", message);
        }
    }
}

/// Every end marker has a start of its name, and every start marker can come to an end.
fn markers(document: &Document, graph: &Graph, found: &mut Findings) {
    let of = |edge: Edge| {
        document.nodes.iter().enumerate().filter_map(move |(index, node)| match node {
            Node::Marker(marker) if marker.edge == edge => Some((index, marker.name.as_str())),
            _ => None,
        })
    };
    for (index, name) in of(Edge::End) {
        if !of(Edge::Start).any(|(_, start)| start == name) {
            let message = format!("no start marker is called exactly `{name}`; choose the name of one");
            found.at(index).wrong("name", message);
        }
    }
    for (index, name) in of(Edge::Start) {
        let reached = reached(&graph.all, index);
        if !of(Edge::End).any(|(end, other)| other == name && reached.contains_key(&end)) {
            let message =
                format!("no way leads from here to an end marker `{name}`, so it would never be counted");
            found.at(index).wrong("", message);
        }
    }
}

/// Ways that go round without waiting for anybody. Each circle is told once, at its first node.
fn circles(document: &Document, graph: &Graph, found: &mut Findings) -> bool {
    let mut told: HashSet<usize> = HashSet::new();
    for index in 0..document.nodes.len() {
        let before = reached(&graph.unasked, index);
        if !before.contains_key(&index) {
            continue;
        }
        let mut way = vec![index];
        let mut place = before[&index];
        while place != index {
            way.push(place);
            place = before[&place];
        }
        if way.iter().any(|place| told.contains(place)) {
            continue;
        }
        told.extend(&way);
        way.push(index);
        let names: Vec<String> =
            way.iter().rev().map(|&place| format!("`{}`", document.nodes[place].id())).collect();
        let message = format!(
            "{} goes round without waiting for the visitor; put an ask or a choice in between",
            abridged(&names)
        );
        found.at(index).wrong("", message);
    }
    !told.is_empty()
}

fn abridged(names: &[String]) -> String {
    const SHOWN: usize = 6;
    if names.len() <= SHOWN + 1 {
        return names.join(" → ");
    }
    format!("{} → … → {}", names[..SHOWN].join(" → "), names[names.len() - 1])
}

/// More nodes in a row than one reply may lead through. Told once, at the first node of the longest row.
fn long_chains(document: &Document, graph: &Graph, found: &mut Findings) {
    let mut lengths = vec![None; document.nodes.len()];
    for index in 0..lengths.len() {
        measure(&graph.unasked, index, &mut lengths);
    }
    let longest = lengths.iter().flatten().max().copied().unwrap_or(0);
    if longest > MAX_STEPS as usize
        && let Some(index) = lengths.iter().position(|length| *length == Some(longest))
    {
        let message = format!(
            "{longest} nodes follow each other from here without waiting for the visitor, and at most {MAX_STEPS} \
             may; put an ask or a choice in between"
        );
        found.at(index).wrong("", message);
    }
}

/// How many nodes the longest row from `place` has. There are no circles.
fn measure(ways: &[Vec<usize>], place: usize, lengths: &mut Vec<Option<usize>>) -> usize {
    if let Some(length) = lengths[place] {
        return length;
    }
    let onward = ways[place].iter().map(|&next| measure(ways, next, lengths)).max();
    let length = 1 + onward.unwrap_or(0);
    lengths[place] = Some(length);
    length
}
