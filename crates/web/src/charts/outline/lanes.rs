//! A flow from left to right, in lanes one beneath the other, each a few columns wide.
//!
//! The columns of all lanes stand beneath each other, so a line can go up and down between them without crossing a box.
//! Lines that lead back or into another lane run in the channel beneath a lane; those to the same box share one track.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write,
};

use super::{
    super::{
        layers::{Edge, Layers},
        text::At,
    },
    Graph,
    drawing::{HEAD, Line, Plan, port},
};

/// So many columns are seen at once on a desk.
pub(super) const ACROSS: usize = 4;
const BOX: f64 = 176.0;
const GAP: f64 = 48.0;
const PAD: f64 = 28.0;
/// Above the first lane.
const TOP: f64 = 24.0;
/// Between boxes of a column.
const BETWEEN: f64 = 18.0;
/// What a line takes that passes a column.
const PASSAGE: f64 = 8.0;
/// Between the tracks of a channel, and from them to the boxes.
const TRACK: f64 = 12.0;
const MARGIN: f64 = 20.0;

pub(super) fn plan(graph: &Graph<'_>) -> Plan {
    let layers = &graph.layers;
    let items = layers.columns.iter().flatten().max().map_or(0, |last| last + 1);
    let places = vec![(0.0, 0.0); items.max(graph.outline.nodes.len())];
    let mut lanes = Lanes { graph, layers, places, lane_of: HashMap::new(), tracks: BTreeMap::new() };
    let bottom = lanes.place();
    let height = lanes.place_unreached(bottom);
    let across = layers.columns.len().max(layers.unreached.len()).clamp(1, ACROSS) as f64;
    Plan {
        width: BOX,
        lines: lanes.lines(),
        apart: (!layers.unreached.is_empty()).then_some((PAD, bottom + MARGIN)),
        size: (PAD * 2.0 + BOX * across + GAP * (across - 1.0), height),
        places: lanes.places,
    }
}

struct Lanes<'a> {
    graph: &'a Graph<'a>,
    layers: &'a Layers,
    /// The upper left corner of each item of [`Layers`].
    places: Vec<(f64, f64)>,
    lane_of: HashMap<usize, usize>,
    /// By the lane above it and the box to which it leads: which one of its channel it is, and how far down.
    tracks: BTreeMap<(usize, usize), (usize, f64)>,
}

impl Lanes<'_> {
    fn is_box(&self, item: usize) -> bool {
        item < self.graph.outline.nodes.len()
    }

    fn height(&self, item: usize) -> f64 {
        if self.is_box(item) { self.graph.height(item) } else { PASSAGE }
    }

    /// Where lines arrive at an item, from its top.
    fn entry(&self, item: usize) -> f64 {
        if self.is_box(item) { HEAD / 2.0 } else { PASSAGE / 2.0 }
    }

    /// Where the line of a branch begins.
    fn port(&self, (node, number): Edge) -> (f64, f64) {
        let (x, y) = self.places[node];
        (x + BOX, y + port(number))
    }

    /// Puts lane beneath lane; where the last one ends.
    fn place(&mut self) -> f64 {
        for (number, column) in self.layers.columns.iter().enumerate() {
            self.lane_of.extend(column.iter().map(|item| (*item, number / ACROSS)));
        }
        let aside = self.layers.back.iter().chain(&self.layers.far);
        let used: BTreeSet<(usize, usize)> =
            aside.map(|((node, _), target)| (self.channel(*node, *target), *target)).collect();
        let mut top = TOP;
        for (lane, columns) in self.layers.columns.chunks(ACROSS).enumerate() {
            let bottom = self.place_lane(columns, top);
            let targets: Vec<usize> = used.range((lane, 0)..(lane + 1, 0)).map(|(_, it)| *it).collect();
            for (number, target) in targets.iter().enumerate() {
                let y = bottom + MARGIN + TRACK * number as f64;
                self.tracks.insert((lane, *target), (number, y));
            }
            top = bottom + MARGIN * 2.0 + TRACK * targets.len().saturating_sub(1) as f64;
        }
        top
    }

    /// The lane beneath which a line from one box to another runs: above the one where it arrives, if it comes from
    /// there, so that it crosses as little as may be.
    fn channel(&self, from: usize, to: usize) -> usize {
        let lane = |node| self.lane_of.get(&node).copied().unwrap_or_default();
        if lane(from) < lane(to) { lane(to) - 1 } else { lane(to) }
    }

    /// Puts each column beside the one before: every item as near as may be to where its lines come from. Answers where
    /// the lowest box ends.
    fn place_lane(&mut self, columns: &[Vec<usize>], top: f64) -> f64 {
        let mut wishes: HashMap<usize, Vec<f64>> = HashMap::new();
        let mut bottom = top;
        for (number, column) in columns.iter().enumerate() {
            let x = PAD + (BOX + GAP) * number as f64;
            let (mut y, mut over) = (top, 0.0);
            for item in column {
                let wish = match wishes.get(item) {
                    None => y,
                    Some(wished) => wished.iter().sum::<f64>() / wished.len() as f64 - self.entry(*item),
                };
                let own = wish.max(y);
                over += own - wish;
                self.places[*item] = (x, own);
                y = own + self.height(*item) + BETWEEN;
            }
            self.lift(column, top, over / column.len().max(1) as f64);
            for item in column {
                bottom = bottom.max(self.places[*item].1 + self.height(*item));
                for (next, edge) in self.leading(*item) {
                    let from = edge.map_or(self.places[*item].1 + PASSAGE / 2.0, |edge| self.port(edge).1);
                    wishes.entry(next).or_default().push(from);
                }
            }
        }
        bottom
    }

    /// The items of the next columns to which lines lead from this one, and by which branch.
    fn leading(&self, item: usize) -> Vec<(usize, Option<Edge>)> {
        let mut found = Vec::new();
        if self.is_box(item) {
            let own = self.layers.chains.range((item, 0)..(item + 1, 0));
            return own.filter_map(|(edge, chain)| Some((*chain.first()?, Some(*edge)))).collect();
        }
        for chain in self.layers.chains.values() {
            found.extend(chain.windows(2).filter(|pair| pair[0] == item).map(|pair| (pair[1], None)));
        }
        found
    }

    /// Whoever is crowded is pushed down; the whole column is lifted by as much as that was on the average.
    fn lift(&mut self, column: &[usize], top: f64, by: f64) {
        let Some(first) = column.first() else { return };
        let by = by.min(self.places[*first].1 - top).max(0.0);
        for item in column {
            self.places[*item].1 -= by;
        }
    }

    /// What is not reached stands beneath all lanes; where the picture ends.
    fn place_unreached(&mut self, bottom: f64) -> f64 {
        if self.layers.unreached.is_empty() {
            return bottom;
        }
        let mut y = bottom + MARGIN * 2.0;
        for row in self.layers.unreached.chunks(ACROSS) {
            let mut tallest = 0.0_f64;
            for (place, node) in row.iter().enumerate() {
                self.places[*node] = (PAD + (BOX + GAP) * place as f64, y);
                tallest = tallest.max(self.height(*node));
            }
            y += tallest + BETWEEN;
        }
        y + 4.0
    }

    fn lines(&self) -> Vec<Line> {
        let chains = self.layers.chains.iter().map(|(edge, chain)| self.chain(*edge, chain));
        let back = self.layers.back.iter().map(|line| ("line back", line));
        let far = self.layers.far.iter().map(|line| ("line far", line));
        let aside = back.chain(far).filter_map(|(class, (edge, target))| self.aside(class, *edge, *target));
        chains.chain(aside).collect()
    }

    fn chain(&self, edge: Edge, chain: &[usize]) -> Line {
        let mut from = self.port(edge);
        let mut end = from;
        let mut path = format!("M{} {}", At(from.0), At(from.1));
        for item in chain {
            let (x, y) = self.places[*item];
            end = (x, y + self.entry(*item));
            let (bend, y) = (At((from.0 + end.0) / 2.0), At(end.1));
            let _ = write!(path, "C{bend} {} {bend} {y} {} {y}", At(from.1), At(end.0));
            from = end;
            if !self.is_box(*item) {
                from.0 += BOX;
                let _ = write!(path, "H{}", At(from.0));
            }
        }
        Line { class: "line", path, end, from_right: false }
    }

    /// Down or up beside the columns, and along a channel.
    fn aside(&self, class: &'static str, edge: Edge, target: usize) -> Option<Line> {
        let (number, track) = self.tracks.get(&(self.channel(edge.0, target), target))?;
        let ((x, y), to) = (self.port(edge), self.places[target]);
        // Neighbours in a gap stay apart; those that leave keep to its left half, those that arrive to its right.
        let aside = 7.0 + 3.0 * (number % 5) as f64;
        let end = (to.0, to.1 + HEAD / 2.0);
        let path = format!(
            "M{} {}H{}V{}H{}V{}H{}",
            At(x),
            At(y),
            At(x + aside),
            At(*track),
            At(to.0 - aside - 4.0),
            At(end.1),
            At(end.0)
        );
        Some(Line { class, path, end, from_right: false })
    }
}
