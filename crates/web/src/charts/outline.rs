//! A chatbot's flow as boxes and lines, for wide places and for narrow ones.
//!
//! A box lists its branches, and each line leaves from its branch, so that no label can cover another; lines that lead
//! back are dashed. In a wide place the flow goes from left to right, in as many lanes as it needs, one beneath the
//! other (`lanes`); in a narrow one all boxes stand in one column, with the lines beside them (`column`). Which of the
//! two is shown is for the style sheet. Boxes are links to `#node-ID`: so this is a group to a screen reader, not an
//! image, whose links would be hidden. Must not know what kinds of nodes there are.

mod column;
mod drawing;
mod lanes;

use std::{collections::HashMap, fmt};

use super::{
    figure::{Key, Table, write_empty},
    layers::{Layers, arrange},
};

/// A flow.
pub(crate) struct Outline {
    /// Names the picture among those of its page.
    pub(crate) key: String,
    pub(crate) title: String,
    /// The id of the node with which conversations begin.
    pub(crate) start: Option<String>,
    pub(crate) nodes: Vec<OutlineNode>,
}

/// One box.
pub(crate) struct OutlineNode {
    pub(crate) id: String,
    /// In a word: `message`, `question`.
    pub(crate) kind: String,
    pub(crate) title: String,
    /// Its branches: what they are called, if anything, and the id where each leads.
    pub(crate) next: Vec<(String, String)>,
    /// Whether something is wrong with it.
    pub(crate) problem: bool,
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes.is_empty() {
            return write_empty(f, &self.title, "The flow has no steps yet.");
        }
        let graph = Graph::of(self);
        f.write_str(r#"<figure class="chart chart-outline">"#)?;
        drawing::write(f, &graph, &lanes::plan(&graph), (&Key::of(&self.key), "wide"))?;
        let narrow = Key::of(&format!("{} narrow", self.key));
        drawing::write(f, &graph, &column::plan(&graph), (&narrow, "narrow"))?;
        graph.table().write(f, &self.title)?;
        f.write_str("</figure>")
    }
}

/// A flow with its ends found and its nodes in order.
struct Graph<'a> {
    outline: &'a Outline,
    /// Of each node's branches.
    targets: Vec<Vec<Option<usize>>>,
    start: Option<usize>,
    layers: Layers,
}

impl<'a> Graph<'a> {
    fn of(outline: &'a Outline) -> Self {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for (number, node) in outline.nodes.iter().enumerate() {
            numbers.entry(&node.id).or_insert(number);
        }
        let targets: Vec<Vec<Option<usize>>> = outline
            .nodes
            .iter()
            .map(|node| node.next.iter().map(|(_, to)| numbers.get(to.as_str()).copied()).collect())
            .collect();
        let start = outline.start.as_deref().and_then(|start| numbers.get(start).copied());
        let layers = arrange(&targets, start, lanes::ACROSS);
        Self { outline, targets, start, layers }
    }

    fn is_unreached(&self, number: usize) -> bool {
        self.layers.unreached.binary_search(&number).is_ok()
    }

    /// What is said of a node besides its kind and title.
    fn marks(&self, number: usize) -> Vec<&'static str> {
        let node = &self.outline.nodes[number];
        [
            (self.start == Some(number), "start"),
            (self.is_unreached(number), "unreached"),
            (node.problem, "problem"),
        ]
        .into_iter()
        .filter_map(|(is, mark)| is.then_some(mark))
        .collect()
    }

    /// Where the branches of a node lead, in words.
    fn leads(&self, number: usize) -> String {
        let node = &self.outline.nodes[number];
        let lead = |((label, id), target): (&(String, String), &Option<usize>)| {
            let to = match target {
                Some(target) => self.outline.nodes[*target].title.clone(),
                None => format!("{id} (which does not exist)"),
            };
            if label.trim().is_empty() { to } else { format!("{label} → {to}") }
        };
        let leads: Vec<String> = node.next.iter().zip(&self.targets[number]).map(lead).collect();
        if leads.is_empty() { "–".to_owned() } else { leads.join("; ") }
    }

    fn told(&self, number: usize) -> String {
        let node = &self.outline.nodes[number];
        let mut told = format!("{}: {}", node.kind, node.title);
        for mark in self.marks(number) {
            told.push_str(&format!(" ({mark})"));
        }
        told + ". Leads to: " + &self.leads(number)
    }

    fn table(&self) -> Table {
        let row = |number: usize| {
            let (node, marks) = (&self.outline.nodes[number], self.marks(number));
            let marks = if marks.is_empty() { "–".to_owned() } else { marks.join(", ") };
            vec![node.title.clone(), node.kind.clone(), self.leads(number), marks]
        };
        Table {
            heads: ["Step", "Kind", "Leads to", "Marks"].map(str::to_owned).to_vec(),
            rows: (0..self.outline.nodes.len()).map(row).collect(),
        }
    }

    fn summary(&self) -> String {
        let problems = self.outline.nodes.iter().filter(|node| node.problem).count();
        format!(
            "Steps: {}. Not reached from the start: {}. With problems: {problems}.",
            self.outline.nodes.len(),
            self.layers.unreached.len()
        )
    }
}
