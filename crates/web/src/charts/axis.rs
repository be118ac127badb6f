//! Axes: ticks at round numbers, labels that do not overlap.
//!
//! Must not know what is counted.

use std::fmt::{self, Write};

use super::text::{At, Escaped, compact, width};

/// The width of pictures with axes, in units of the drawing.
pub(super) const WIDTH: f64 = 640.0;
/// Where what is plotted begins: left of it stand the ticks' numbers.
pub(super) const LEFT: f64 = 64.0;
/// Where it ends.
pub(super) const RIGHT: f64 = WIDTH - 8.0;
/// The letters' size where there is room; as `charts.css` has it.
const LETTERS: f64 = 12.0;
/// Their size, in the same units, where the picture is scaled down to a narrow screen; as `charts.css` has it.
pub(super) const NARROW_LETTERS: f64 = 22.0;

/// Round numbers from zero to somewhat more than the largest value.
pub(super) struct Scale {
    step: f64,
    steps: u32,
}

impl Scale {
    /// At most `most` steps of 1, 2 or 5 times a power of ten.
    pub(super) fn to(largest: f64, most: u32) -> Self {
        let least = (largest / f64::from(most)).max(1.0);
        let power = 10_f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| step * f64::from(most) >= largest * (1.0 - f64::EPSILON))
            .unwrap_or(power * 10.0);
        let steps = (1..=most).find(|n| step * f64::from(*n) >= largest).unwrap_or(most);
        Self { step, steps }
    }

    /// What the highest tick stands for.
    pub(super) fn top(&self) -> f64 {
        self.step * f64::from(self.steps)
    }

    /// Lines across, with their numbers, between `top` and `top + height`.
    pub(super) fn write(&self, out: &mut impl Write, top: f64, height: f64, unit: &str) -> fmt::Result {
        for n in 0..=self.steps {
            let y = top + height * (1.0 - f64::from(n) / f64::from(self.steps));
            let class = if n == 0 { "base" } else { "grid" };
            write!(
                out,
                r#"<path class="{class}" d="M{} {y}H{}"/><text class="num" x="{}" y="{y}" dy=".35em">{}{unit}</text>"#,
                At(LEFT),
                At(RIGHT),
                At(LEFT - 8.0),
                compact(self.step * f64::from(n)),
                y = At(y),
            )?;
        }
        Ok(())
    }
}

/// Labels under the places of a row, thinned so that they never overlap. Those of class `minor` are for wide screens
/// only, where the letters are smaller.
pub(super) fn write_labels<'a>(
    out: &mut impl Write,
    labels: impl ExactSizeIterator<Item = &'a str> + Clone,
    y: f64,
) -> fmt::Result {
    let apart = (RIGHT - LEFT) / labels.len().max(1) as f64;
    let widest = labels.clone().map(width).fold(1.0, f64::max).min(12.0);
    let every = |letters: f64| ((widest + 1.0) * letters / apart).ceil().max(1.0) as usize;
    let wide = every(LETTERS);
    let narrow = every(NARROW_LETTERS).div_ceil(wide) * wide;
    for (place, label) in labels.enumerate().step_by(wide) {
        let middle = LEFT + apart * (place as f64 + 0.5);
        let class = if place % narrow == 0 { "tick" } else { "tick minor" };
        // A label at an end is pushed inwards, by as much as the larger letters need.
        let half = width(label).min(12.0) * NARROW_LETTERS / 2.0;
        let x = middle.min(WIDTH - half).max(half);
        let label = super::text::short(label, 12.0);
        write!(out, r#"<text class="{class}" x="{}" y="{}">{}</text>"#, At(x), At(y), Escaped(&label))?;
    }
    Ok(())
}
