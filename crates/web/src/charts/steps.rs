//! How far a recovery has come.

use std::fmt::{self, Write};

use super::{
    axis::WIDTH,
    figure::{Figure, Key, Look, Table, write_empty},
    text::{At, per_cent, thousands},
};

const HEIGHT: f64 = 24.0;
const LEAST: f64 = 3.0;

/// Whether it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Running,
    Paused,
    /// It will not go on: it is done, or was cancelled.
    Ended,
}

/// Progress.
pub(crate) struct Steps {
    /// Names the picture among those of its page.
    pub(crate) key: String,
    pub(crate) title: String,
    /// What is counted: `deliveries`.
    pub(crate) unit: String,
    pub(crate) done: u64,
    pub(crate) total: u64,
    pub(crate) pace: Pace,
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.total == 0 {
            return write_empty(f, &self.title, &format!("There are no {} to go through.", self.unit));
        }
        let key = Key::of(&self.key);
        let mut legend = vec![(Look::Good, format!("{} done", thousands(self.done())))];
        if self.left() > 0 {
            legend.push((self.look(), format!("{} {}", thousands(self.left()), self.waiting())));
        }
        Figure {
            kind: "steps",
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

impl Steps {
    fn done(&self) -> u64 {
        self.done.min(self.total)
    }

    fn left(&self) -> u64 {
        self.total - self.done()
    }

    fn look(&self) -> Look {
        match self.pace {
            Pace::Running => Look::Other,
            Pace::Paused => Look::Quiet,
            Pace::Ended => Look::Bad,
        }
    }

    fn waiting(&self) -> &'static str {
        match self.pace {
            Pace::Running => "left",
            Pace::Paused => "left, paused",
            Pace::Ended => "left out",
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} of {} {} done ({}), {} {}.",
            thousands(self.done()),
            thousands(self.total),
            self.unit,
            per_cent(self.done().into(), self.total.into()),
            thousands(self.left()),
            self.waiting()
        )
    }

    fn drawing(&self, key: &Key) -> Result<String, fmt::Error> {
        let mut done = self.done() as f64 / self.total as f64 * WIDTH;
        if self.done() > 0 {
            done = done.max(LEAST);
        }
        if self.left() > 0 {
            done = done.min(WIDTH - LEAST);
        }
        let mut out = String::new();
        for (look, x, wide) in [(Look::Good, 0.0, done), (self.look(), done, WIDTH - done)] {
            if wide > 0.0 {
                let (x, wide) = (At(x), At(wide));
                write!(out, r#"<rect {} x="{x}" y="0" width="{wide}" height="{HEIGHT}"/>"#, look.fill(key))?;
            }
        }
        Ok(out)
    }

    fn table(&self) -> Table {
        let row = |name: &str, count: u64| {
            let share = per_cent(count.into(), self.total.into());
            vec![name.to_owned(), thousands(count), share]
        };
        Table {
            heads: vec!["State".to_owned(), self.unit.clone(), "Share".to_owned()],
            rows: vec![row("done", self.done()), row(self.waiting(), self.left()), row("in all", self.total)],
        }
    }
}
