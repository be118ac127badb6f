//! Markers: how often a part of a flow was gone through from its start to its end.

use crate::{Timestamp, flow::document::Edge};

/// A marker's start that was passed, and the end, if that was passed, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerRun {
    /// Counts from 1 in its conversation.
    pub number: u32,
    /// The marker.
    pub name: String,
    /// When the start was passed.
    pub started_at: Timestamp,
    /// When the end was: then this is one execution, dated here.
    pub ended_at: Option<Timestamp>,
}

/// What passing one edge of a marker changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A run begins.
    Started,
    /// The run of this number is an execution now.
    Ended(u32),
    /// Nothing: a start while one is open keeps the first, an end without a start is no execution.
    Nothing,
}

/// What passing an edge of the marker `name` means in a conversation with these runs.
pub fn pass(runs: &[MarkerRun], name: &str, edge: Edge) -> Passed {
    let open = runs.iter().find(|run| run.name == name && run.ended_at.is_none());
    match (edge, open) {
        (Edge::Start, None) => Passed::Started,
        (Edge::End, Some(run)) => Passed::Ended(run.number),
        (Edge::Start, Some(_)) | (Edge::End, None) => Passed::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many executions and runs a sequence of edges makes; `+A` starts A and `-A` ends it.
    fn count(edges: &str) -> (usize, usize) {
        let mut runs: Vec<MarkerRun> = Vec::new();
        for (step, edge) in edges.split_whitespace().enumerate() {
            let now = Timestamp::from_micros(step as i64);
            let (sign, name) = edge.split_at(1);
            match pass(&runs, name, if sign == "+" { Edge::Start } else { Edge::End }) {
                Passed::Started => {
                    let (number, name) = (runs.len() as u32 + 1, name.to_owned());
                    runs.push(MarkerRun { number, name, started_at: now, ended_at: None });
                }
                Passed::Ended(number) => runs[number as usize - 1].ended_at = Some(now),
                Passed::Nothing => {}
            }
        }
        (runs.iter().filter(|run| run.ended_at.is_some()).count(), runs.len())
    }

    #[test]
    fn executions_are_counted_by_matched_pairs() {
        for (edges, counted) in [
            ("+a -a", (1, 1)),
            ("+a", (0, 1)),
            ("-a", (0, 0)),
            ("-a +a", (0, 1)),
            ("+a -a +a -a", (2, 2)),
            ("+a +a -a", (1, 1)),
            ("+a -a -a", (1, 1)),
            ("+a +b -a -b", (2, 2)),
            ("+a -A", (0, 1)),
        ] {
            assert_eq!(count(edges), counted, "{edges}");
        }
    }
}
