//! A chatbot's flow as boxes and lines, from left to right.
//!
//! A box lists its branches, and each line leaves from its branch, so that no label can cover another. Lines that lead
//! back or far ahead run beneath everything, those that lead back dashed. Boxes are links to `#node-ID`: so this is a
//! group to a screen reader, not an image, whose links would be hidden. Must not know what kinds of nodes there are.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Write},
};

use super::{
    figure::{Key, Table, write_empty},
    layers::{Edge, Layers, arrange},
    text::{At, Escaped, short},
};

const BOX: f64 = 188.0;
const GAP: f64 = 68.0;
const PAD: f64 = 40.0;
/// The upper part of a box: kind and title.
const HEAD: f64 = 48.0;
const ROW: f64 = 22.0;
/// Between boxes of a column.
const BETWEEN: f64 = 18.0;
/// What a line takes that passes a column.
const PASSAGE: f64 = 8.0;
const TRACK: f64 = 12.0;
/// Room for a branch's words, and for a title's, in their letters' sizes (12 and 13).
const BRANCH_ROOM: f64 = (BOX - 26.0) / 12.0;
const TITLE_ROOM: f64 = (BOX - 22.0) / 13.5;

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
        Picture::of(self).write(f, &Key::of(&self.key))
    }
}

/// The flow with a place for everything.
struct Picture<'a> {
    outline: &'a Outline,
    targets: Vec<Vec<Option<usize>>>,
    start: Option<usize>,
    layers: Layers,
    /// The upper left corner of each item of [`Layers`].
    places: Vec<(f64, f64)>,
    /// Where lines run beneath the columns, by the node to which they lead.
    tracks: BTreeMap<usize, (usize, f64)>,
    /// Where the row of those begins that nothing leads to.
    apart: f64,
    size: (f64, f64),
}

impl<'a> Picture<'a> {
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
        let layers = arrange(&targets, start);
        let items = layers.columns.iter().flatten().max().map_or(0, |last| last + 1).max(outline.nodes.len());
        let mut picture = Self {
            outline,
            targets,
            start,
            layers,
            places: vec![(0.0, 0.0); items],
            tracks: BTreeMap::new(),
            apart: 0.0,
            size: (0.0, 0.0),
        };
        picture.place_columns();
        picture.place_tracks();
        picture.place_unreached();
        picture
    }

    fn height(&self, item: usize) -> f64 {
        match self.outline.nodes.get(item) {
            Some(node) if node.next.is_empty() => HEAD,
            Some(node) => HEAD + ROW * node.next.len() as f64 + 4.0,
            None => PASSAGE,
        }
    }

    /// Where lines arrive at an item, from its top.
    fn entry(&self, item: usize) -> f64 {
        if item < self.outline.nodes.len() { HEAD / 2.0 } else { PASSAGE / 2.0 }
    }

    /// Where the line of a branch begins.
    fn port(&self, (node, port): Edge) -> (f64, f64) {
        let (x, y) = self.places[node];
        (x + BOX, y + HEAD + ROW * (port as f64 + 0.5))
    }

    /// Puts each column beside the one before: every item as near as may be to where its lines come from.
    fn place_columns(&mut self) {
        let mut wishes: Vec<Vec<f64>> = vec![Vec::new(); self.places.len()];
        let mut arriving: HashMap<usize, Vec<(usize, Option<Edge>)>> = HashMap::new();
        for (edge, chain) in &self.layers.chains {
            let mut before = (edge.0, Some(*edge));
            for item in chain {
                arriving.entry(before.0).or_default().push((*item, before.1));
                before = (*item, None);
            }
        }
        for (number, column) in self.layers.columns.clone().into_iter().enumerate() {
            let x = PAD + (BOX + GAP) * number as f64;
            let (mut y, mut over) = (PAD, 0.0);
            for item in &column {
                let wished = &wishes[*item];
                let wish = match wished.len() {
                    0 => y,
                    n => wished.iter().sum::<f64>() / n as f64 - self.entry(*item),
                };
                let own = wish.max(y);
                over += own - wish;
                self.places[*item] = (x, own);
                y = own + self.height(*item) + BETWEEN;
            }
            self.lift(&column, over / column.len().max(1) as f64);
            for item in &column {
                for (next, edge) in arriving.get(item).into_iter().flatten() {
                    let from = edge.map_or(self.places[*item].1 + PASSAGE / 2.0, |edge| self.port(edge).1);
                    wishes[*next].push(from);
                }
            }
        }
    }

    /// Whoever is crowded is pushed down; the whole column is lifted by as much as that was on the average.
    fn lift(&mut self, column: &[usize], by: f64) {
        let Some(first) = column.first() else { return };
        let by = by.min(self.places[*first].1 - PAD).max(0.0);
        for item in column {
            self.places[*item].1 -= by;
        }
    }

    /// One for each node that is led to from afar: lines to the same node share it.
    fn place_tracks(&mut self) {
        let mut bottom = 0.0_f64;
        for item in self.layers.columns.iter().flatten() {
            bottom = bottom.max(self.places[*item].1 + self.height(*item));
        }
        for target in self.layers.back.values().chain(self.layers.far.values()) {
            let number = self.tracks.len();
            self.tracks.entry(*target).or_insert((number, bottom + 22.0 + TRACK * number as f64));
        }
        self.apart =
            bottom + if self.tracks.is_empty() { 0.0 } else { 22.0 + TRACK * self.tracks.len() as f64 };
        let columns = self.layers.columns.len() as f64;
        self.size =
            (PAD * 2.0 + (BOX + GAP) * columns - if columns > 0.0 { GAP } else { 0.0 }, self.apart + 12.0);
    }

    fn place_unreached(&mut self) {
        if self.layers.unreached.is_empty() {
            return;
        }
        let across = self.layers.columns.len().max(3);
        let mut y = self.apart + 52.0;
        for row in self.layers.unreached.clone().chunks(across) {
            let mut tallest = 0.0_f64;
            for (place, node) in row.iter().enumerate() {
                self.places[*node] = (PAD + (BOX + GAP) * place as f64, y);
                tallest = tallest.max(self.height(*node));
                self.size.0 = self.size.0.max(self.places[*node].0 + BOX + PAD);
            }
            y += tallest + BETWEEN;
        }
        self.size.1 = y + 4.0;
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, key: &Key) -> fmt::Result {
        let (width, height) = (At(self.size.0), At(self.size.1));
        write!(
            f,
            r#"<figure class="chart chart-outline"><div class="chart-scroll" tabindex="0" role="group" aria-labelledby="{key}-title"><svg role="group" aria-labelledby="{key}-title {key}-desc" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><title id="{key}-title">{}</title><desc id="{key}-desc">{}</desc>"#,
            Escaped(&self.outline.title),
            Escaped(&self.summary())
        )?;
        self.write_lines(f)?;
        if !self.layers.unreached.is_empty() {
            let y = At(self.apart + 34.0);
            write!(
                f,
                r#"<text class="note" x="{}" y="{y}">Nothing leads here from the start</text>"#,
                At(PAD)
            )?;
        }
        for number in 0..self.outline.nodes.len() {
            self.write_node(f, number)?;
        }
        f.write_str("</svg></div>")?;
        self.table().write(f, &self.outline.title)?;
        f.write_str("</figure>")
    }

    fn summary(&self) -> String {
        let problems = self.outline.nodes.iter().filter(|node| node.problem).count();
        format!(
            "Steps: {}. Not reached from the start: {}. With problems: {problems}.",
            self.outline.nodes.len(),
            self.layers.unreached.len()
        )
    }

    fn write_lines(&self, f: &mut impl Write) -> fmt::Result {
        for (edge, chain) in &self.layers.chains {
            let (x, y) = self.port(*edge);
            write!(f, r#"<path class="line" d="M{} {}"#, At(x), At(y))?;
            let (mut from, mut end) = ((x, y), (x, y));
            for item in chain {
                let (x, y) = self.places[*item];
                end = (x, y + self.entry(*item));
                let bend = (from.0 + end.0) / 2.0;
                write!(
                    f,
                    "C{bend} {} {bend} {y} {} {y}",
                    At(from.1),
                    At(end.0),
                    bend = At(bend),
                    y = At(end.1)
                )?;
                from = end;
                if *item >= self.outline.nodes.len() {
                    from.0 += BOX;
                    write!(f, "H{}", At(from.0))?;
                }
            }
            write!(f, r#""/>{}"#, Arrow(end))?;
        }
        let (back, far) = (&self.layers.back, &self.layers.far);
        let lines =
            back.iter().map(|line| ("line back", line)).chain(far.iter().map(|line| ("line far", line)));
        for (class, (edge, target)) in lines {
            let ((x, y), to) = (self.port(*edge), self.places[*target]);
            let Some((number, track)) = self.tracks.get(target) else { continue };
            // Neighbours in a gap stay apart; those that leave keep to its left half, those that arrive to its right.
            let aside = 8.0 + 4.0 * (number % 6) as f64;
            let end = (to.0, to.1 + HEAD / 2.0);
            write!(
                f,
                r#"<path class="{class}" d="M{} {}H{}V{}H{}V{}H{}"/>{}"#,
                At(x),
                At(y),
                At(x + aside),
                At(*track),
                At(to.0 - aside - 4.0),
                At(end.1),
                At(end.0),
                Arrow(end)
            )?;
        }
        Ok(())
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

    fn write_node(&self, f: &mut impl Write, number: usize) -> fmt::Result {
        let (node, (x, y), marks) = (&self.outline.nodes[number], self.places[number], self.marks(number));
        write!(f, r##"<a class="node {}" href="#node-{}">"##, marks.join(" "), Fragment(&node.id))?;
        write!(f, "<title>{}</title>", Escaped(&self.told(number)))?;
        write!(
            f,
            r#"<rect class="box" x="{}" y="{}" width="{}" height="{}" rx="8"/>"#,
            At(x),
            At(y),
            At(BOX),
            At(self.height(number))
        )?;
        let mut kind = node.kind.clone();
        if self.start == Some(number) {
            kind.push_str(" · start");
        }
        let left = At(x + 12.0);
        write!(
            f,
            r#"<text class="kind" x="{left}" y="{}">{}</text>"#,
            At(y + 18.0),
            Escaped(&short(&kind, 13.0))
        )?;
        let title = short(&node.title, TITLE_ROOM);
        write!(f, r#"<text class="name" x="{left}" y="{}">{}</text>"#, At(y + 37.0), Escaped(&title))?;
        if node.problem {
            let (x, y) = (x + BOX - 16.0, y + 15.0);
            write!(f, r#"<circle class="sign" cx="{}" cy="{}" r="9"/>"#, At(x), At(y))?;
            write!(f, r#"<text class="bang" x="{}" y="{}" dy=".35em">!</text>"#, At(x), At(y))?;
        }
        for port in 0..node.next.len() {
            self.write_branch(f, (number, port))?;
        }
        f.write_str("</a>")
    }

    fn write_branch(&self, f: &mut impl Write, edge: Edge) -> fmt::Result {
        let ((x, y), target) = (self.port(edge), self.targets[edge.0][edge.1]);
        let (label, _) = &self.outline.nodes[edge.0].next[edge.1];
        let label = if label.trim().is_empty() { "next" } else { label };
        // Where no line is drawn, the words have to say where it leads.
        let (class, text) = match target {
            None => ("branch lost", format!("✗ {}", short(label, BRANCH_ROOM - 2.0))),
            Some(to) if self.is_unreached(edge.0) => {
                let half = short(label, BRANCH_ROOM / 2.0);
                ("branch", format!("{half} → {}", self.outline.nodes[to].title))
            }
            Some(_) => ("branch", label.to_owned()),
        };
        write!(f, r#"<path class="rule" d="M{} {}h{}"/>"#, At(x - BOX), At(y - ROW / 2.0), At(BOX))?;
        write!(
            f,
            r#"<text class="{class}" x="{}" y="{}" dy=".35em">{}</text>"#,
            At(x - BOX + 12.0),
            At(y),
            Escaped(&short(&text, BRANCH_ROOM))
        )?;
        if target.is_some() && !self.is_unreached(edge.0) {
            write!(f, r#"<circle class="port" cx="{}" cy="{}" r="3.5"/>"#, At(x), At(y))?;
        }
        Ok(())
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
}

/// The head of a line that arrives from the left.
struct Arrow((f64, f64));

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (x, y) = self.0;
        write!(f, r#"<path class="arrow" d="M{} {}l-7 -4v8z"/>"#, At(x), At(y))
    }
}

/// An id as a URL's fragment has it (RFC 3986, section 3.5): what is not unreserved in per cent.
struct Fragment<'a>(&'a str);

impl fmt::Display for Fragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    write!(f, "{}", char::from(byte))?;
                }
                byte => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}
