//! Pictures for the dashboard: SVG with a title, a description, and the same figures as a table.
//!
//! Each picture is a struct that whoever builds a page fills with words and numbers, and that writes itself as HTML
//! (`Display`; a template says `{{ chart|safe }}`, so everything is escaped here). A series is told by its pattern or
//! place as well as by its colour, colours are classes of `charts.css`, and nothing is styled inline: the pages' policy
//! would refuse it. This must not know the domain, nor where figures come from.

mod axis;
mod bars;
mod figure;
mod funnel;
mod health;
mod layers;
mod outline;
mod phases;
mod spark;
mod steps;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use bars::{Bars, Series, Slot};
pub(crate) use figure::Look;
pub(crate) use funnel::{Funnel, Share};
pub(crate) use health::{Band, BandKind, Bucket, Health};
pub(crate) use outline::{Outline, OutlineNode};
pub(crate) use phases::Phases;
pub(crate) use spark::Spark;
pub(crate) use steps::{Pace, Steps};
pub(crate) use text::thousands;
