//! What every picture stands in: the `<figure>` with its `<svg>`, legend and table.
//!
//! Must not know what is drawn.

use std::fmt::{self, Write};

use super::text::{At, Escaped};

/// How a series looks: by colour and by pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Whatever is counted, neither good nor bad; solid.
    Main,
    /// A second thing beside it; dotted.
    Other,
    /// What went well; solid.
    Good,
    /// What went wrong; hatched.
    Bad,
    /// What waits or was left out; striped upright.
    Quiet,
}

impl Look {
    /// The class, and the name of the pattern if it has one.
    fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Other => "other",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }

    /// The lines or dots of its pattern, on a ground of 6 by 6.
    fn marks(self) -> Option<&'static str> {
        match self {
            Self::Main | Self::Good => None,
            Self::Other => Some(r#"<circle class="mark" cx="3" cy="3" r="1.2"/>"#),
            Self::Bad => Some(r#"<path class="mark-line" d="M-1 1L1 -1M0 6L6 0M5 7L7 5"/>"#),
            Self::Quiet => Some(r#"<path class="mark-line" d="M3 0V6"/>"#),
        }
    }

    /// The attributes of a shape that looks so. `key` is that of the figure.
    pub(super) fn fill(self, key: &Key) -> String {
        match self.marks() {
            None => format!(r#"class="{}""#, self.name()),
            Some(_) => format!(r#"fill="url(#{key}-{})""#, self.name()),
        }
    }
}

/// The beginning of every id of a figure: what the caller calls it, so written that two keys never give the same id.
#[derive(Clone)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn of(key: &str) -> Self {
        let mut id = String::from("chart-");
        for c in key.chars() {
            match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' => id.push(c),
                c => id.push_str(&format!("_{:x}_", u32::from(c))),
            }
        }
        Self(id)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The same figures for those who do not see the picture. The first cell of a row names it.
pub(super) struct Table {
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A picture about to be written.
pub(super) struct Figure<'a> {
    pub(super) kind: &'static str,
    pub(super) key: &'a Key,
    pub(super) title: &'a str,
    /// The picture in a sentence or two.
    pub(super) summary: &'a str,
    pub(super) size: (f64, f64),
    /// What the patterns of the drawing stand for.
    pub(super) legend: &'a [(Look, String)],
    /// The drawing: markup, escaped.
    pub(super) drawing: &'a str,
    pub(super) table: Table,
}

impl fmt::Display for Figure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<figure class="chart chart-{}">"#, self.kind)?;
        let ((width, height), key) = (self.size, self.key);
        write!(
            f,
            r#"<svg role="img" aria-labelledby="{key}-title {key}-desc" viewBox="0 0 {} {}">"#,
            At(width),
            At(height),
        )?;
        write!(f, r#"<title id="{key}-title">{}</title>"#, Escaped(self.title))?;
        write!(f, r#"<desc id="{key}-desc">{}</desc>"#, Escaped(self.summary))?;
        write_patterns(f, key, self.legend)?;
        f.write_str(self.drawing)?;
        f.write_str("</svg>")?;
        write_legend(f, key, self.legend)?;
        self.table.write(f, self.title)?;
        f.write_str("</figure>")
    }
}

fn write_patterns(f: &mut impl Write, key: &Key, legend: &[(Look, String)]) -> fmt::Result {
    let mut written = Vec::new();
    for (look, _) in legend {
        let Some(marks) = look.marks().filter(|_| !written.contains(look)) else { continue };
        written.push(*look);
        let name = look.name();
        write!(
            f,
            r#"<pattern id="{key}-{name}" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="{name}" width="6" height="6"/>{marks}</pattern>"#
        )?;
    }
    Ok(())
}

fn write_legend(f: &mut impl Write, key: &Key, legend: &[(Look, String)]) -> fmt::Result {
    if legend.iter().all(|(_, name)| name.is_empty()) {
        return Ok(());
    }
    f.write_str(r#"<ul class="chart-legend">"#)?;
    for (look, name) in legend.iter().filter(|(_, name)| !name.is_empty()) {
        write!(
            f,
            r#"<li><svg aria-hidden="true" width="14" height="14" viewBox="0 0 14 14"><rect {} width="14" height="14"/></svg><bdi>{}</bdi></li>"#,
            look.fill(key),
            Escaped(name),
        )?;
    }
    f.write_str("</ul>")
}

impl Table {
    pub(super) fn write(&self, f: &mut impl Write, caption: &str) -> fmt::Result {
        f.write_str(r#"<details class="chart-table"><summary>Show as a table</summary><div tabindex="0" role="group""#)?;
        write!(f, r#" aria-label="{0}"><table><caption>{0}</caption><thead><tr>"#, Escaped(caption))?;
        for head in &self.heads {
            write!(f, r#"<th scope="col"><bdi>{}</bdi></th>"#, Escaped(head))?;
        }
        f.write_str("</tr></thead><tbody>")?;
        for row in &self.rows {
            f.write_str("<tr>")?;
            for (place, cell) in row.iter().enumerate() {
                match place {
                    0 => write!(f, r#"<th scope="row"><bdi>{}</bdi></th>"#, Escaped(cell))?,
                    _ => write!(f, "<td><bdi>{}</bdi></td>", Escaped(cell))?,
                }
            }
            f.write_str("</tr>")?;
        }
        f.write_str("</tbody></table></div></details>")
    }
}

/// What stands where there is nothing to draw.
pub(super) fn write_empty(f: &mut impl Write, title: &str, sentence: &str) -> fmt::Result {
    write!(
        f,
        r#"<p class="chart-empty"><strong><bdi>{}</bdi></strong> {}</p>"#,
        Escaped(title),
        Escaped(sentence)
    )
}
