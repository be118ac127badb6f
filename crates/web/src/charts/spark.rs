//! Tiny bars for a row of a list: what arrived stands up, what failed hangs down.

use std::fmt::{self, Write};

use super::{
    figure::Key,
    text::{At, Escaped, thousands},
};

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
/// The line between what stands up and what hangs down.
const BASE: f64 = 19.0;
const UP: f64 = BASE - 1.0;
const DOWN: f64 = HEIGHT - BASE - 1.0;
const LEAST: f64 = 2.0;

/// The last hours of a webhook. There is no table: the row says the rest.
pub(crate) struct Spark {
    /// Names the picture among those of its page.
    pub(crate) key: String,
    /// The time that it covers: `last 24 hours`.
    pub(crate) over: String,
    /// Delivered and failed, oldest first.
    pub(crate) slots: Vec<(u64, u64)>,
}

impl fmt::Display for Spark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = Key::of(&self.key);
        write!(
            f,
            r#"<svg class="chart-spark" role="img" aria-labelledby="{key}-title" width="120" height="28" viewBox="0 0 120 28"><title id="{key}-title">{}</title><path class="base" d="M0 {BASE}H{WIDTH}"/>"#,
            Escaped(&self.summary())
        )?;
        let largest = self.slots.iter().map(|(up, down)| *up.max(down)).max().unwrap_or(0).max(1) as f64;
        let apart = WIDTH / self.slots.len().max(1) as f64;
        let wide = (apart * 0.7).min(12.0);
        for (place, (up, down)) in self.slots.iter().enumerate() {
            let x = apart * place as f64 + (apart - wide) / 2.0;
            if *up > 0 {
                let tall = (*up as f64 / largest * UP).max(LEAST);
                write_bar(f, "good", x, BASE - tall, (wide, tall))?;
            }
            if *down > 0 {
                write_bar(f, "bad", x, BASE + 1.0, (wide, (*down as f64 / largest * DOWN).max(LEAST)))?;
            }
        }
        f.write_str("</svg>")
    }
}

fn write_bar(f: &mut impl Write, class: &str, x: f64, y: f64, (wide, tall): (f64, f64)) -> fmt::Result {
    let (x, y, wide, tall) = (At(x), At(y), At(wide), At(tall));
    write!(f, r#"<rect class="{class}" x="{x}" y="{y}" width="{wide}" height="{tall}"/>"#)
}

impl Spark {
    fn summary(&self) -> String {
        let delivered: u128 = self.slots.iter().map(|(up, _)| u128::from(*up)).sum();
        let failed: u128 = self.slots.iter().map(|(_, down)| u128::from(*down)).sum();
        match delivered + failed {
            0 => format!("{}: nothing sent", self.over),
            _ => format!("{}: {} delivered, {} failed", self.over, thousands(delivered), thousands(failed)),
        }
    }
}
