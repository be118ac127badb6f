//! Puts the nodes of a graph into columns, so that edges lead to the right and cross seldom.
//!
//! The usual steps (Sugiyama, Tagawa and Toda, 1981): edges that close a circle are set aside; a node's column is its
//! longest way from the start; an edge over several columns gets a passage in each; columns are ordered by the mean of
//! their neighbours, to and fro. Must not know sizes, nor what a node is.

use std::collections::BTreeMap;

/// Passes over all columns; more change little. Odd: the last is to the right, the way in which a chat is read.
const SWEEPS: usize = 9;

/// A node's edge, by the node and its place among the node's edges.
pub(super) type Edge = (usize, usize);

/// Where everything is. An item is a node, by its number, or a passage, by a number above those of the nodes.
#[derive(Default)]
pub(super) struct Layers {
    /// Items from top to bottom.
    pub(super) columns: Vec<Vec<usize>>,
    /// The items that an edge leads through; the last is its target.
    pub(super) chains: BTreeMap<Edge, Vec<usize>>,
    /// Edges that lead back, and where to.
    pub(super) back: BTreeMap<Edge, usize>,
    /// Edges that lead into another lane, and where to.
    pub(super) far: BTreeMap<Edge, usize>,
    pub(super) unreached: Vec<usize>,
}

/// The graph is told by the targets of each node's edges; a target that does not exist is None. So many columns as
/// `across` are a lane; edges that leave theirs have no passages.
pub(super) fn arrange(targets: &[Vec<Option<usize>>], start: Option<usize>, across: usize) -> Layers {
    let mut layers = Layers::default();
    let order = match start {
        Some(start) => walk(targets, start, &mut layers.back),
        None => Vec::new(),
    };
    let column = columns(targets, &order, &layers.back);
    layers.unreached = (0..targets.len()).filter(|node| column[*node].is_none()).collect();
    let last = column.iter().flatten().max().copied();
    layers.columns = vec![Vec::new(); last.map_or(0, |last| last + 1)];
    let mut passages = targets.len();
    for node in order {
        let Some(from) = column[node] else { continue };
        layers.columns[from].push(node);
        for (port, target) in targets[node].iter().enumerate() {
            let (edge, Some(target)) = ((node, port), *target) else { continue };
            let Some(to) = column[target].filter(|_| !layers.back.contains_key(&edge)) else { continue };
            if to / across != from / across {
                layers.far.insert(edge, target);
                continue;
            }
            let mut chain = Vec::new();
            for between in &mut layers.columns[from + 1..to] {
                between.push(passages);
                chain.push(passages);
                passages += 1;
            }
            chain.push(target);
            layers.chains.insert(edge, chain);
        }
    }
    order_columns(&mut layers, targets, passages);
    layers
}

/// Goes through everything that can be reached, deep first. Answers an order in which every edge leads onwards, but for
/// those that are put into `back`. Without recursion: a flow may be as long as it likes.
fn walk(targets: &[Vec<Option<usize>>], start: usize, back: &mut BTreeMap<Edge, usize>) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        OnTheWay,
        Done,
    }
    let mut seen = vec![Seen::Not; targets.len()];
    let (mut order, mut way) = (Vec::new(), vec![(start, 0)]);
    seen[start] = Seen::OnTheWay;
    while let Some((node, port)) = way.last_mut() {
        let edge = (*node, *port);
        *port += 1;
        match targets[edge.0].get(edge.1) {
            None => {
                seen[edge.0] = Seen::Done;
                order.push(edge.0);
                way.pop();
            }
            Some(Some(target)) if seen[*target] == Seen::Not => {
                seen[*target] = Seen::OnTheWay;
                way.push((*target, 0));
            }
            Some(Some(target)) if seen[*target] == Seen::OnTheWay => {
                back.insert(edge, *target);
            }
            Some(_) => {}
        }
    }
    order.reverse();
    order
}

/// The longest way to each node; None if there is none.
fn columns(
    targets: &[Vec<Option<usize>>],
    order: &[usize],
    back: &BTreeMap<Edge, usize>,
) -> Vec<Option<usize>> {
    let mut column = vec![None; targets.len()];
    for (place, node) in order.iter().enumerate() {
        if place == 0 {
            column[*node] = Some(0);
        }
        let next = column[*node].map(|column: usize| column + 1);
        for (port, target) in targets[*node].iter().enumerate() {
            if let Some(target) = target.filter(|_| !back.contains_key(&(*node, port))) {
                column[target] = column[target].max(next);
            }
        }
    }
    column
}

/// Orders each column by where its neighbours stand: those on its left, then those on its right.
fn order_columns(layers: &mut Layers, targets: &[Vec<Option<usize>>], items: usize) {
    let (mut left, mut right) = (vec![Vec::new(); items], vec![Vec::new(); items]);
    for ((node, port), chain) in &layers.chains {
        // The lower an edge leaves a box, the lower it wants to arrive.
        let lean = *port as f64 / targets[*node].len() as f64;
        let mut before = *node;
        for item in chain {
            left[*item].push((before, if before == *node { lean } else { 0.5 }));
            right[before].push((*item, 0.5));
            before = *item;
        }
    }
    let mut place = vec![0.0; items];
    for column in &layers.columns {
        number(column, &mut place);
    }
    for sweep in 0..SWEEPS {
        let onwards = sweep % 2 == 0;
        let neighbours = if onwards { &left } else { &right };
        let mut sort = |column: &mut Vec<usize>| {
            let mean = |item: usize| match neighbours[item].len() {
                0 => place[item],
                n => {
                    neighbours[item].iter().map(|(other, lean)| place[*other] + lean).sum::<f64>() / n as f64
                }
            };
            column.sort_by(|one, other| mean(*one).total_cmp(&mean(*other)));
            number(column, &mut place);
        };
        match onwards {
            true => layers.columns.iter_mut().for_each(&mut sort),
            false => layers.columns.iter_mut().rev().for_each(&mut sort),
        }
    }
}

fn number(column: &[usize], place: &mut [f64]) {
    for (n, item) in column.iter().enumerate() {
        place[*item] = n as f64;
    }
}
