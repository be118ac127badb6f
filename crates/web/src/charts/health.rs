//! A webhook's health over time: the share that went well, what held it up, and how long answers took.

use std::fmt::{self, Write};

use super::{
    axis::{LEFT, NARROW_LETTERS, RIGHT, Scale, WIDTH, write_labels},
    figure::{Figure, Key, Look, Table, write_empty},
    text::{At, Escaped, per_cent, thousands},
};

/// The strip for what held the webhook up.
const STRIP: f64 = 28.0;
const SHARES: f64 = 96.0;
const TIMES: f64 = 96.0;
const LABELS: f64 = 42.0;
const TOP: f64 = 14.0;
/// A failure among thousands is seen.
const LEAST: f64 = 3.0;

/// Some hours of a webhook.
pub(crate) struct Health {
    /// Names the picture among those of its page.
    pub(crate) key: String,
    pub(crate) title: String,
    /// What a bucket is: `Hour`.
    pub(crate) of: String,
    /// Oldest first.
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) bands: Vec<Band>,
}

/// Attempts of one hour.
pub(crate) struct Bucket {
    /// What stands under it: `14:00`.
    pub(crate) label: String,
    /// The whole of it: `22 Nov, 14:00 to 15:00`.
    pub(crate) title: String,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    /// How long half of the answers took at most. Without any such times, their part is not drawn.
    pub(crate) p50_ms: Option<u64>,
    pub(crate) p95_ms: Option<u64>,
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BandKind {
    /// The product held it after too many failures.
    Held,
    /// Somebody paused it.
    Paused,
}

/// A time in which nothing was sent: buckets `from` to `to`, that not included.
pub(crate) struct Band {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: BandKind,
    /// From when to when, and why.
    pub(crate) title: String,
}

impl BandKind {
    fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Paused => "paused",
        }
    }

    fn look(self) -> Look {
        match self {
            Self::Held => Look::Other,
            Self::Paused => Look::Quiet,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.buckets.is_empty() {
            return write_empty(f, &self.title, "There is no history yet.");
        }
        let key = Key::of(&self.key);
        Figure {
            kind: "health",
            key: &key,
            title: &self.title,
            summary: &self.summary(),
            size: (WIDTH, self.height()),
            legend: &self.legend(),
            drawing: &self.drawing(&key)?,
            table: self.table(),
        }
        .fmt(f)
    }
}

impl Health {
    fn is_timed(&self) -> bool {
        self.buckets.iter().any(|bucket| bucket.p50_ms.or(bucket.p95_ms).is_some())
    }

    fn height(&self) -> f64 {
        TOP + STRIP + SHARES + if self.is_timed() { TIMES + 40.0 } else { 0.0 } + LABELS
    }

    fn apart(&self) -> f64 {
        (RIGHT - LEFT) / self.buckets.len() as f64
    }

    /// The middle of a bucket.
    fn middle(&self, place: usize) -> f64 {
        LEFT + self.apart() * (place as f64 + 0.5)
    }

    fn totals(&self) -> (u128, u128) {
        self.buckets.iter().fold((0, 0), |(delivered, failed), bucket| {
            (delivered + u128::from(bucket.delivered), failed + u128::from(bucket.failed))
        })
    }

    fn summary(&self) -> String {
        let (delivered, failed) = self.totals();
        let mut summary = match delivered + failed {
            0 => "Nothing was sent.".to_owned(),
            all => format!(
                "{} of {} attempts went well ({}).",
                thousands(delivered),
                thousands(all),
                per_cent(delivered, all)
            ),
        };
        for band in &self.bands {
            summary.push_str(&format!(" {}.", band.title));
        }
        summary
    }

    fn legend(&self) -> Vec<(Look, String)> {
        let mut legend = vec![(Look::Good, "went well".to_owned()), (Look::Bad, "failed".to_owned())];
        for kind in [BandKind::Held, BandKind::Paused] {
            if self.bands.iter().any(|band| band.kind == kind) {
                legend.push((kind.look(), kind.name().to_owned()));
            }
        }
        legend
    }

    fn drawing(&self, key: &Key) -> Result<String, fmt::Error> {
        let mut out = String::new();
        let top = TOP + STRIP;
        for (share, y) in [("100%", top), ("50%", top + SHARES / 2.0), ("0%", top + SHARES)] {
            let class = if share == "0%" { "base" } else { "grid" };
            write!(
                out,
                r#"<path class="{class}" d="M{} {y}H{}"/><text class="num" x="{}" y="{y}" dy=".35em">{share}</text>"#,
                At(LEFT),
                At(RIGHT),
                At(LEFT - 8.0),
                y = At(y)
            )?;
        }
        for band in &self.bands {
            self.write_band(&mut out, key, band)?;
        }
        for (place, bucket) in self.buckets.iter().enumerate() {
            self.write_bucket(&mut out, key, place, bucket)?;
        }
        if self.is_timed() {
            self.write_times(&mut out, top + SHARES + 40.0)?;
        }
        write_labels(
            &mut out,
            self.buckets.iter().map(|bucket| bucket.label.as_str()),
            self.height() - 10.0,
        )?;
        Ok(out)
    }

    fn write_band(&self, out: &mut String, key: &Key, band: &Band) -> fmt::Result {
        let to = band.to.min(self.buckets.len());
        if band.from >= to {
            return Ok(());
        }
        let (x, wide) = (LEFT + self.apart() * band.from as f64, self.apart() * (to - band.from) as f64);
        write!(
            out,
            r#"<g><title>{}</title><rect class="band" x="{}" y="{}" width="{}" height="{}"/><rect {} x="{}" y="{}" width="{}" height="8"/>"#,
            Escaped(&band.title),
            At(x),
            At(TOP + STRIP - 8.0),
            At(wide),
            At(SHARES + 8.0),
            band.kind.look().fill(key),
            At(x),
            At(TOP + STRIP - 8.0),
            At(wide)
        )?;
        let name = band.kind.name();
        // It fits in the larger letters of narrow screens, or the legend and the title have to say it.
        if super::text::width(name) * NARROW_LETTERS <= wide {
            write!(
                out,
                r#"<text class="tick" x="{}" y="{}">{name}</text>"#,
                At(x + wide / 2.0),
                At(TOP + STRIP - 14.0)
            )?;
        }
        out.write_str("</g>")
    }

    fn write_bucket(&self, out: &mut String, key: &Key, place: usize, bucket: &Bucket) -> fmt::Result {
        let (apart, top) = (self.apart(), TOP + STRIP);
        let wide = (apart * 0.8).min(40.0);
        let x = self.middle(place) - wide / 2.0;
        write!(out, "<g><title>{}</title>", Escaped(&bucket.told()))?;
        let all = bucket.all();
        if all == 0 {
            write!(
                out,
                r#"<circle class="none" cx="{}" cy="{}" r="1.6"/>"#,
                At(self.middle(place)),
                At(top + SHARES - 6.0)
            )?;
        } else {
            let mut bad = u128::from(bucket.failed) as f64 / all as f64 * SHARES;
            if bucket.failed > 0 {
                bad = bad.max(LEAST);
            }
            if bucket.delivered > 0 {
                bad = bad.min(SHARES - LEAST);
            }
            for (look, y, tall) in [(Look::Bad, top, bad), (Look::Good, top + bad, SHARES - bad)] {
                if tall > 0.0 {
                    write!(
                        out,
                        r#"<rect {} x="{}" y="{}" width="{}" height="{}"/>"#,
                        look.fill(key),
                        At(x),
                        At(y),
                        At(wide),
                        At(tall)
                    )?;
                }
            }
        }
        write!(
            out,
            r#"<rect class="hit" x="{}" y="{}" width="{}" height="{}"/></g>"#,
            At(self.middle(place) - apart / 2.0),
            At(top),
            At(apart),
            At(SHARES)
        )
    }

    fn write_times(&self, out: &mut String, top: f64) -> fmt::Result {
        let longest = self.buckets.iter().filter_map(|bucket| bucket.p95_ms.max(bucket.p50_ms)).max();
        let scale = Scale::to(longest.unwrap_or(0) as f64, 3);
        scale.write(out, top, TIMES, "")?;
        write!(
            out,
            r#"<text class="note" x="{}" y="{}">ms: p50 solid, round; p95 dashed, square</text>"#,
            At(LEFT),
            At(top - 8.0)
        )?;
        let y = |ms: u64| top + TIMES * (1.0 - ms as f64 / scale.top());
        for class in ["p95", "p50"] {
            let (mut path, mut points, mut pen) = (String::new(), String::new(), 'M');
            for (place, bucket) in self.buckets.iter().enumerate() {
                // A line does not lead over a time of which nothing is known.
                let Some(ms) = (if class == "p50" { bucket.p50_ms } else { bucket.p95_ms }) else {
                    pen = 'M';
                    continue;
                };
                let (x, y) = (self.middle(place), y(ms));
                write!(path, "{pen}{} {}", At(x), At(y))?;
                pen = 'L';
                match class {
                    "p50" => {
                        write!(points, r#"<circle class="p50" cx="{}" cy="{}" r="2.4"/>"#, At(x), At(y))?;
                    }
                    _ => {
                        let (x, y) = (At(x - 2.2), At(y - 2.2));
                        write!(points, r#"<rect class="p95" x="{x}" y="{y}" width="4.4" height="4.4"/>"#)?;
                    }
                }
            }
            if !path.is_empty() {
                write!(out, r#"<path class="line-{class}" d="{path}"/>{points}"#)?;
            }
        }
        Ok(())
    }

    fn table(&self) -> Table {
        let mut heads =
            vec![self.of.clone(), "Delivered".to_owned(), "Failed".to_owned(), "Went well".to_owned()];
        if self.is_timed() {
            heads.extend(["p50, ms", "p95, ms"].map(str::to_owned));
        }
        heads.push("State".to_owned());
        let row = |(place, bucket): (usize, &Bucket)| {
            let mut row = vec![
                bucket.title.clone(),
                thousands(bucket.delivered),
                thousands(bucket.failed),
                per_cent(bucket.delivered.into(), bucket.all()),
            ];
            if self.is_timed() {
                row.extend([bucket.p50_ms, bucket.p95_ms].map(|ms| match ms {
                    Some(ms) => thousands(ms),
                    None => "–".to_owned(),
                }));
            }
            let states: Vec<&str> = self
                .bands
                .iter()
                .filter(|band| (band.from..band.to).contains(&place))
                .map(|band| band.kind.name())
                .collect();
            row.push(if states.is_empty() { "sending".to_owned() } else { states.join(", ") });
            row
        };
        Table { heads, rows: self.buckets.iter().enumerate().map(row).collect() }
    }
}

impl Bucket {
    fn all(&self) -> u128 {
        u128::from(self.delivered) + u128::from(self.failed)
    }

    fn told(&self) -> String {
        let mut told = match self.all() {
            0 => format!("{}: nothing sent", self.title),
            _ => format!(
                "{}: {} delivered, {} failed",
                self.title,
                thousands(self.delivered),
                thousands(self.failed)
            ),
        };
        for (name, ms) in [("p50", self.p50_ms), ("p95", self.p95_ms)] {
            if let Some(ms) = ms {
                told.push_str(&format!(", {name} {} ms", thousands(ms)));
            }
        }
        told
    }
}
