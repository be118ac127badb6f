//! A flow in one column, in the order in which its steps are listed, with the lines beside it: for narrow places.
//!
//! Lines to the same box share one way down or up; short ones keep close to the boxes.

use super::{
    super::{layers::Edge, text::At},
    Graph,
    drawing::{HEAD, Line, Plan, port},
};

const BOX: f64 = 216.0;
const LEFT: f64 = 10.0;
const TOP: f64 = 12.0;
const BETWEEN: f64 = 16.0;
/// From the boxes to the first way, and from each to the next.
const FIRST: f64 = 18.0;
const STEP: f64 = 9.0;
/// Above what nothing leads to.
const APART: f64 = 40.0;

/// Everything that leads to one box.
struct Way {
    target: usize,
    edges: Vec<Edge>,
    from: f64,
    to: f64,
    /// How many others are between it and the boxes.
    aside: usize,
}

pub(super) fn plan(graph: &Graph<'_>) -> Plan {
    let mut places = vec![(LEFT, 0.0); graph.outline.nodes.len()];
    let mut y = TOP;
    let mut place = |number: usize, y: &mut f64| {
        places[number].1 = *y;
        *y += graph.height(number) + BETWEEN;
    };
    (0..graph.outline.nodes.len()).filter(|it| !graph.is_unreached(*it)).for_each(|it| place(it, &mut y));
    let unreached = &graph.layers.unreached;
    let apart = (!unreached.is_empty()).then_some((LEFT, y + APART / 2.0));
    y += if apart.is_some() { APART } else { 0.0 };
    unreached.iter().for_each(|it| place(*it, &mut y));
    let ways = ways(graph, &places);
    let most = ways.iter().map(|way| way.aside).max().unwrap_or_default();
    let width = LEFT + BOX + FIRST + STEP * most as f64 + LEFT;
    let lines = ways.iter().flat_map(|way| way.edges.iter().map(|edge| line(&places, way, *edge)));
    Plan { width: BOX, lines: lines.collect(), places, apart, size: (width.max(LEFT * 2.0 + BOX), y) }
}

/// Finds a way for each box that is led to, the shortest first.
fn ways(graph: &Graph<'_>, places: &[(f64, f64)]) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for (node, targets) in graph.targets.iter().enumerate().filter(|(node, _)| !graph.is_unreached(*node)) {
        for (number, target) in targets.iter().enumerate() {
            let Some(target) = *target else { continue };
            let (begins, ends) = (places[node].1 + port(number), places[target].1 + HEAD / 2.0);
            let (from, to) = (begins.min(ends), begins.max(ends));
            match ways.iter_mut().find(|way| way.target == target) {
                Some(way) => {
                    way.edges.push((node, number));
                    (way.from, way.to) = (way.from.min(from), way.to.max(to));
                }
                None => ways.push(Way { target, edges: vec![(node, number)], from, to, aside: 0 }),
            }
        }
    }
    ways.sort_by(|one, other| (one.to - one.from).total_cmp(&(other.to - other.from)));
    for number in 0..ways.len() {
        let (before, rest) = ways.split_at_mut(number);
        let own = &mut rest[0];
        let meets = |way: &&Way| way.from <= own.to && own.from <= way.to;
        let taken: Vec<usize> = before.iter().filter(meets).map(|way| way.aside).collect();
        own.aside = (0..).find(|aside| !taken.contains(aside)).unwrap_or_default();
    }
    ways
}

fn line(places: &[(f64, f64)], way: &Way, (node, number): Edge) -> Line {
    let right = LEFT + BOX;
    let (y, end) = (places[node].1 + port(number), places[way.target].1 + HEAD / 2.0);
    let x = At(right + FIRST + STEP * way.aside as f64);
    let path = format!("M{} {}H{x}V{}H{}", At(right), At(y), At(end), At(right));
    let class = if end < y { "line back" } else { "line" };
    Line { class, path, end: (right, end), from_right: true }
}
