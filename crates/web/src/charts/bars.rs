//! Upright bars, one for a day or an hour, of one to three series on top of each other.

use std::fmt::{self, Write};

use super::{
    axis::{LEFT, RIGHT, Scale, WIDTH, write_labels},
    figure::{Figure, Key, Look, Table, write_empty},
    text::{At, Escaped, thousands},
};

const TOP: f64 = 16.0;
const PLOT: f64 = 200.0;
const HEIGHT: f64 = TOP + PLOT + 42.0;
/// A count that is not zero is seen.
const LEAST: f64 = 2.0;

/// Counts over time.
pub(crate) struct Bars {
    /// Names the picture among those of its page.
    pub(crate) key: String,
    pub(crate) title: String,
    /// What a slot is: `Day`, `Hour`.
    pub(crate) of: String,
    /// From the bottom up.
    pub(crate) series: Vec<Series>,
    pub(crate) slots: Vec<Slot>,
}

/// What is counted.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) look: Look,
}

/// A day or an hour.
pub(crate) struct Slot {
    /// What stands under the bar: `22 Nov`.
    pub(crate) label: String,
    /// The whole of it: `22 November 2026`.
    pub(crate) title: String,
    /// A count for each series; None if nothing is known of that time.
    pub(crate) counts: Option<Vec<u64>>,
}

impl Slot {
    fn count(&self, series: usize) -> u64 {
        self.counts.as_ref().and_then(|counts| counts.get(series)).copied().unwrap_or(0)
    }
}

impl fmt::Display for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.series.is_empty() || self.slots.iter().all(|slot| slot.counts.is_none()) {
            return write_empty(f, &self.title, "Nothing has been counted for this time.");
        }
        let key = Key::of(&self.key);
        let legend: Vec<(Look, String)> = self
            .series
            .iter()
            .enumerate()
            .map(|(place, series)| {
                (series.look, format!("{}: {}", series.name, thousands(self.total(place))))
            })
            .collect();
        Figure {
            kind: "bars",
            key: &key,
            title: &self.title,
            summary: &self.summary(),
            size: (WIDTH, HEIGHT),
            legend: &legend,
            drawing: &self.drawing(&key)?,
            table: self.table(),
        }
        .fmt(f)
    }
}

impl Bars {
    fn total(&self, series: usize) -> u128 {
        self.slots.iter().map(|slot| u128::from(slot.count(series))).sum()
    }

    fn height(&self, slot: &Slot) -> u128 {
        (0..self.series.len()).map(|series| u128::from(slot.count(series))).sum()
    }

    fn summary(&self) -> String {
        let highest = self.slots.iter().max_by_key(|slot| self.height(slot));
        let totals: Vec<String> = (0..self.series.len())
            .map(|place| format!("{} {}", thousands(self.total(place)), self.series[place].name))
            .collect();
        let mut summary = format!("In all {}.", totals.join(", "));
        if let Some(slot) = highest.filter(|slot| self.height(slot) > 0) {
            summary.push_str(&format!(" Most: {} ({}).", slot.title, thousands(self.height(slot))));
        }
        summary
    }

    fn drawing(&self, key: &Key) -> Result<String, fmt::Error> {
        let largest = self.slots.iter().map(|slot| self.height(slot)).max().unwrap_or(0);
        let scale = Scale::to(largest as f64, 5);
        let mut out = String::new();
        scale.write(&mut out, TOP, PLOT, "")?;
        let apart = (RIGHT - LEFT) / self.slots.len() as f64;
        for (place, slot) in self.slots.iter().enumerate() {
            self.write_slot(&mut out, key, slot, (LEFT + apart * place as f64, apart), &scale)?;
        }
        write_labels(&mut out, self.slots.iter().map(|slot| slot.label.as_str()), HEIGHT - 10.0)?;
        Ok(out)
    }

    fn write_slot(
        &self,
        out: &mut String,
        key: &Key,
        slot: &Slot,
        (x, apart): (f64, f64),
        scale: &Scale,
    ) -> fmt::Result {
        let title = format!("{}: {}", slot.title, self.told(slot));
        write!(
            out,
            r#"<g class="slot"><title>{}</title><rect class="hit" x="{}" y="{}" width="{}" height="{}"/>"#,
            Escaped(&title),
            At(x),
            At(TOP),
            At(apart),
            At(PLOT)
        )?;
        if slot.counts.is_none() {
            let y = At(TOP + PLOT - 5.0);
            write!(out, r#"<path class="gap" d="M{} {y}h{}"/>"#, At(x + apart * 0.2), At(apart * 0.6))?;
        }
        let wide = (apart * 0.74).min(48.0);
        let left = x + (apart - wide) / 2.0;
        let mut y = TOP + PLOT;
        for (place, series) in self.series.iter().enumerate() {
            let count = slot.count(place);
            if count > 0 {
                let tall = (count as f64 / scale.top() * PLOT).max(LEAST);
                y -= tall;
                write!(
                    out,
                    r#"<rect {} x="{}" y="{}" width="{}" height="{}"/>"#,
                    series.look.fill(key),
                    At(left),
                    At(y),
                    At(wide),
                    At(tall)
                )?;
            }
        }
        out.write_str("</g>")
    }

    fn told(&self, slot: &Slot) -> String {
        if slot.counts.is_none() {
            return "nothing known".to_owned();
        }
        let counts: Vec<String> = (0..self.series.len())
            .map(|place| format!("{} {}", thousands(slot.count(place)), self.series[place].name))
            .collect();
        counts.join(", ")
    }

    fn table(&self) -> Table {
        let mut heads = vec![self.of.clone()];
        heads.extend(self.series.iter().map(|series| series.name.clone()));
        let row = |slot: &Slot| {
            let mut row = vec![slot.title.clone()];
            row.extend((0..self.series.len()).map(|place| match slot.counts {
                Some(_) => thousands(slot.count(place)),
                None => "–".to_owned(),
            }));
            row
        };
        Table { heads, rows: self.slots.iter().map(row).collect() }
    }
}
