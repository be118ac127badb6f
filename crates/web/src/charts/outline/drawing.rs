//! How a flow's picture is written, wherever its boxes stand and its lines run.

use std::fmt::{self, Write};

use super::{
    super::{
        figure::Key,
        layers::Edge,
        text::{At, Escaped, short},
    },
    Graph,
};

/// The upper part of a box: kind and title. Lines arrive in the middle of it.
pub(super) const HEAD: f64 = 48.0;
pub(super) const ROW: f64 = 22.0;

/// Where the line of a branch begins, from the top of its box.
pub(super) fn port(number: usize) -> f64 {
    HEAD + ROW * (number as f64 + 0.5)
}

/// Where everything is.
pub(super) struct Plan {
    /// Of every box.
    pub(super) width: f64,
    /// The upper left corner of each box.
    pub(super) places: Vec<(f64, f64)>,
    pub(super) lines: Vec<Line>,
    /// Where it is said that nothing leads to what follows.
    pub(super) apart: Option<(f64, f64)>,
    pub(super) size: (f64, f64),
}

/// A line to the head of a box.
pub(super) struct Line {
    pub(super) class: &'static str,
    pub(super) path: String,
    pub(super) end: (f64, f64),
    /// Whether it arrives on the right side.
    pub(super) from_right: bool,
}

impl Graph<'_> {
    pub(super) fn height(&self, number: usize) -> f64 {
        match self.outline.nodes[number].next.len() {
            0 => HEAD,
            branches => HEAD + ROW * branches as f64 + 4.0,
        }
    }
}

/// Writes the picture by its plan, in a place of that class.
pub(super) fn write(
    f: &mut impl Write,
    graph: &Graph<'_>,
    plan: &Plan,
    (key, class): (&Key, &str),
) -> fmt::Result {
    let (width, height) = (At(plan.size.0), At(plan.size.1));
    write!(
        f,
        r#"<div class="chart-scroll {class}" tabindex="0" role="group" aria-labelledby="{key}-title"><svg role="group" aria-labelledby="{key}-title {key}-desc" width="{width}" height="{height}" viewBox="0 0 {width} {height}"><title id="{key}-title">{}</title><desc id="{key}-desc">{}</desc>"#,
        Escaped(&graph.outline.title),
        Escaped(&graph.summary())
    )?;
    for Line { class, path, end: (x, y), from_right } in &plan.lines {
        write!(f, r#"<path class="{class}" d="{path}"/>"#)?;
        let head = if *from_right { "l7 -4v8z" } else { "l-7 -4v8z" };
        write!(f, r#"<path class="arrow" d="M{} {}{head}"/>"#, At(*x), At(*y))?;
    }
    if let Some((x, y)) = plan.apart {
        let (x, y) = (At(x), At(y));
        write!(f, r#"<text class="note" x="{x}" y="{y}">Nothing leads here from the start</text>"#)?;
    }
    for number in 0..graph.outline.nodes.len() {
        Boxes { graph, plan }.write_node(f, number)?;
    }
    f.write_str("</svg></div>")
}

struct Boxes<'a> {
    graph: &'a Graph<'a>,
    plan: &'a Plan,
}

impl Boxes<'_> {
    fn write_node(&self, f: &mut impl Write, number: usize) -> fmt::Result {
        let (graph, plan) = (self.graph, self.plan);
        let (node, (x, y), marks) = (&graph.outline.nodes[number], plan.places[number], graph.marks(number));
        write!(f, r##"<a class="node {}" href="#node-{}">"##, marks.join(" "), Fragment(&node.id))?;
        write!(f, "<title>{}</title>", Escaped(&graph.told(number)))?;
        write!(
            f,
            r#"<rect class="box" x="{}" y="{}" width="{}" height="{}" rx="8"/>"#,
            At(x),
            At(y),
            At(plan.width),
            At(graph.height(number))
        )?;
        let mut kind = node.kind.clone();
        if graph.start == Some(number) {
            kind.push_str(" · start");
        }
        let left = At(x + 12.0);
        write!(
            f,
            r#"<text class="kind" x="{left}" y="{}">{}</text>"#,
            At(y + 18.0),
            Escaped(&short(&kind, 13.0))
        )?;
        let title = short(&node.title, (plan.width - 22.0) / 13.5);
        write!(f, r#"<text class="name" x="{left}" y="{}">{}</text>"#, At(y + 37.0), Escaped(&title))?;
        if node.problem {
            let (x, y) = (x + plan.width - 16.0, y + 15.0);
            write!(f, r#"<circle class="sign" cx="{}" cy="{}" r="9"/>"#, At(x), At(y))?;
            write!(f, r#"<text class="bang" x="{}" y="{}" dy=".35em">!</text>"#, At(x), At(y))?;
        }
        for port in 0..node.next.len() {
            self.write_branch(f, (number, port))?;
        }
        f.write_str("</a>")
    }

    fn write_branch(&self, f: &mut impl Write, edge: Edge) -> fmt::Result {
        let (graph, width) = (self.graph, self.plan.width);
        let (left, y) = (self.plan.places[edge.0].0, self.plan.places[edge.0].1 + port(edge.1));
        let (target, room) = (graph.targets[edge.0][edge.1], (width - 26.0) / 12.0);
        let (label, _) = &graph.outline.nodes[edge.0].next[edge.1];
        let label = if label.trim().is_empty() { "next" } else { label };
        // Where no line is drawn, the words have to say where it leads.
        let (class, text) = match target {
            None => ("branch lost", format!("✗ {}", short(label, room - 2.0))),
            Some(to) if graph.is_unreached(edge.0) => {
                let half = short(label, room / 2.0);
                ("branch", format!("{half} → {}", graph.outline.nodes[to].title))
            }
            Some(_) => ("branch", label.to_owned()),
        };
        write!(f, r#"<path class="rule" d="M{} {}h{}"/>"#, At(left), At(y - ROW / 2.0), At(width))?;
        write!(
            f,
            r#"<text class="{class}" x="{}" y="{}" dy=".35em">{}</text>"#,
            At(left + 12.0),
            At(y),
            Escaped(&short(&text, room))
        )?;
        if target.is_some() && !graph.is_unreached(edge.0) {
            write!(f, r#"<circle class="port" cx="{}" cy="{}" r="3.5"/>"#, At(left + width), At(y))?;
        }
        Ok(())
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
