//! Lying bars with names, counts and per cent: why conversations closed, how many started and how many got there.

use std::fmt::{self, Write};

use super::{
    axis::{NARROW_LETTERS, WIDTH},
    figure::{Figure, Key, Look, Table, write_empty},
    text::{At, Escaped, per_cent, short, thousands, width},
};

const ROW: f64 = 52.0;
const BAR: f64 = 16.0;
const LEAST: f64 = 2.0;

/// Named shares of one thing: the per cent are of all rows together.
pub(crate) struct Funnel {
    /// Names the picture among those of its page.
    pub(crate) key: String,
    pub(crate) title: String,
    /// What a row is: `Reason`, `Step`.
    pub(crate) of: String,
    /// In the order in which they are shown.
    pub(crate) rows: Vec<Share>,
}

/// A row.
pub(crate) struct Share {
    pub(crate) name: String,
    pub(crate) count: u64,
    pub(crate) look: Look,
}

impl fmt::Display for Funnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return write_empty(f, &self.title, "Nothing has been counted for this time.");
        }
        let key = Key::of(&self.key);
        // Without names: they stand in the rows.
        let legend: Vec<(Look, String)> = self.rows.iter().map(|row| (row.look, String::new())).collect();
        Figure {
            kind: "funnel",
            key: &key,
            title: &self.title,
            summary: &self.summary(),
            size: (WIDTH, ROW * self.rows.len() as f64 + 8.0),
            legend: &legend,
            drawing: &self.drawing(&key)?,
            table: self.table(),
        }
        .fmt(f)
    }
}

impl Funnel {
    fn whole(&self) -> u128 {
        self.rows.iter().map(|row| u128::from(row.count)).sum()
    }

    fn summary(&self) -> String {
        let rows: Vec<String> =
            self.rows.iter().map(|row| format!("{}: {}", row.name, self.told(row))).collect();
        rows.join("; ")
    }

    fn told(&self, row: &Share) -> String {
        format!("{} ({})", thousands(row.count), per_cent(row.count.into(), self.whole()))
    }

    fn drawing(&self, key: &Key) -> Result<String, fmt::Error> {
        let mut out = String::new();
        // A step can count more than the first: a marker may be reached on another way.
        let full =
            self.rows.iter().map(|row| u128::from(row.count)).max().unwrap_or(0).max(self.whole()).max(1);
        for (place, row) in self.rows.iter().enumerate() {
            let (y, told) = (ROW * place as f64 + 4.0, self.told(row));
            let room = WIDTH / NARROW_LETTERS - width(&told) - 1.0;
            write!(
                out,
                r#"<g><title>{}</title><text class="name" x="0" y="{}">{}</text>"#,
                Escaped(&format!("{}: {told}", row.name)),
                At(y + 21.0),
                Escaped(&short(&row.name, room))
            )?;
            write!(
                out,
                r#"<text class="num" x="{}" y="{}">{}</text>"#,
                At(WIDTH),
                At(y + 21.0),
                Escaped(&told)
            )?;
            let y = At(y + 28.0);
            write!(out, r#"<rect class="track" x="0" y="{y}" width="{}" height="{BAR}"/>"#, At(WIDTH))?;
            if row.count > 0 {
                let wide = At((row.count as f64 / full as f64 * WIDTH).max(LEAST));
                write!(out, r#"<rect {} x="0" y="{y}" width="{wide}" height="{BAR}"/>"#, row.look.fill(key))?;
            }
            out.write_str("</g>")?;
        }
        Ok(out)
    }

    fn table(&self) -> Table {
        let row = |row: &Share| {
            let share = per_cent(row.count.into(), self.whole());
            vec![row.name.clone(), thousands(row.count), share]
        };
        Table {
            heads: vec![self.of.clone(), "Count".to_owned(), "Share".to_owned()],
            rows: self.rows.iter().map(row).collect(),
        }
    }
}
