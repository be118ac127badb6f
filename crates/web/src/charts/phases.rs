//! Where an attempt's time went: name, connection, encryption, the wait for an answer, the rest.

use std::fmt::{self, Write};

use super::{
    axis::{NARROW_LETTERS, WIDTH},
    figure::{Figure, Key, Look, Table, write_empty},
    text::{At, Escaped, width},
};

/// Where the bars begin: left of it stand the names, in the larger letters of narrow screens.
const BEGIN: f64 = 150.0;
const ROW: f64 = 34.0;
const BAR: f64 = 18.0;
const LEAST: f64 = 2.0;

/// One attempt. A phase that did not happen is None.
pub(crate) struct Phases {
    /// Names the picture among those of its page.
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) dns_ms: Option<f64>,
    pub(crate) connect_ms: Option<f64>,
    pub(crate) tls_ms: Option<f64>,
    /// From the request to the first byte of the answer.
    pub(crate) first_byte_ms: Option<f64>,
    /// The whole attempt; what the phases leave of it is the rest.
    pub(crate) total_ms: f64,
    /// What is said of an attempt that has no phases, such as `The address was refused.`
    pub(crate) without: String,
}

/// A phase as it is drawn: name, look, beginning and length in ms.
type Bar = (&'static str, Look, f64, f64);

impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bars = self.bars();
        if bars.is_empty() {
            return write_empty(f, &self.title, &self.without);
        }
        let key = Key::of(&self.key);
        let legend: Vec<(Look, String)> = bars.iter().map(|bar| (bar.1, String::new())).collect();
        Figure {
            kind: "phases",
            key: &key,
            title: &self.title,
            summary: &self.summary(&bars),
            size: (WIDTH, self.rows(&bars) as f64 * ROW + 4.0),
            legend: &legend,
            drawing: &self.drawing(&key, &bars)?,
            table: self.table(&bars),
        }
        .fmt(f)
    }
}

impl Phases {
    /// The phases that happened, one after the other.
    fn bars(&self) -> Vec<Bar> {
        let phases = [
            ("Look-up", Look::Quiet, self.dns_ms),
            ("Connection", Look::Other, self.connect_ms),
            ("Encryption", Look::Quiet, self.tls_ms),
            ("First byte", Look::Main, self.first_byte_ms),
        ];
        let (mut bars, mut begin) = (Vec::new(), 0.0);
        for (name, look, ms) in phases {
            // Not a number, or less than nothing: a clock has been turned back.
            let Some(ms) = ms.map(|ms| if ms.is_finite() { ms.max(0.0) } else { 0.0 }) else { continue };
            bars.push((name, look, begin, ms));
            begin += ms;
        }
        let rest = self.total_ms - begin;
        if !bars.is_empty() && rest.is_finite() && rest >= 0.1 {
            bars.push(("Rest", Look::Good, begin, rest));
        }
        bars
    }

    /// The connection was open already.
    fn is_kept(&self) -> bool {
        self.first_byte_ms.is_some() && self.dns_ms.or(self.connect_ms).or(self.tls_ms).is_none()
    }

    fn rows(&self, bars: &[Bar]) -> usize {
        bars.len() + usize::from(self.is_kept())
    }

    fn summary(&self, bars: &[Bar]) -> String {
        let mut told: Vec<String> =
            bars.iter().map(|(name, _, _, ms)| format!("{name} {}", length(*ms))).collect();
        if self.is_kept() {
            told.insert(0, "On a kept connection".to_owned());
        }
        format!("{}.", told.join(", "))
    }

    fn drawing(&self, key: &Key, bars: &[Bar]) -> Result<String, fmt::Error> {
        let mut out = String::new();
        let mut y = 4.0;
        if self.is_kept() {
            let text = "Kept connection: no look-up, no handshake";
            write!(out, r#"<text class="note" x="0" y="{}">{text}</text>"#, At(y + 18.0))?;
            y += ROW;
        }
        let end = bars.iter().map(|(_, _, begin, ms)| begin + ms).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        // Behind every bar there is room for how long it took, also in the larger letters.
        let told = bars.iter().map(|bar| width(&length(bar.3)) * NARROW_LETTERS).fold(0.0, f64::max);
        let room = WIDTH - BEGIN - LEAST - told - 8.0;
        for (name, look, begin, ms) in bars {
            let told = length(*ms);
            let (x, wide) = (BEGIN + begin / end * room, (ms / end * room).max(LEAST));
            write!(
                out,
                r#"<g><title>{name}: {told}</title><text class="name" x="0" y="{middle}" dy=".35em">{name}</text><path class="grid" d="M{} {middle}H{}"/><rect {} x="{}" y="{}" width="{}" height="{BAR}"/><text class="ms" x="{}" y="{middle}" dy=".35em">{}</text></g>"#,
                At(BEGIN),
                At(WIDTH),
                look.fill(key),
                At(x),
                At(y + (ROW - BAR) / 2.0),
                At(wide),
                At(x + wide + 6.0),
                Escaped(&told),
                middle = At(y + ROW / 2.0)
            )?;
            y += ROW;
        }
        Ok(out)
    }

    fn table(&self, bars: &[Bar]) -> Table {
        let names = ["Look-up", "Connection", "Encryption", "First byte", "Rest"];
        let row = |name: &str| {
            let ms = bars.iter().find(|bar| bar.0 == name).map_or("–".to_owned(), |bar| length(bar.3));
            vec![name.to_owned(), ms]
        };
        let mut rows: Vec<Vec<String>> = names.into_iter().map(row).collect();
        rows.push(vec!["Whole attempt".to_owned(), length(self.total_ms)]);
        Table { heads: vec!["Phase".to_owned(), "Time".to_owned()], rows }
    }
}

/// `0.4 ms`, `120 ms`, `15.2 s`: as exact as anyone wants it.
fn length(ms: f64) -> String {
    match ms {
        ms if !ms.is_finite() => "–".to_owned(),
        ms if ms < 10.0 => format!("{:.1} ms", ms.max(0.0)),
        ms if ms < 10_000.0 => format!("{} ms", super::text::thousands(ms.round() as u128)),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}
