//! The comparison of the three ledgers.
//!
//! - Nothing is lost: whatever was accepted has arrived at every hook, once all is drained.
//! - Nothing is made up: whatever arrived was posted, and each post became one event.
//! - Repeats carry the same bytes and a good signature; [`crate::inbox`] sees to that as they come.
//! - Nothing arrives twice from the same server; what the next one repeats was not stored when its predecessor ended.
//! - The attempts that the server has stored are those that the hooks saw, but for the repeated ones.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::Duration,
};

use crate::{
    inbox::{Inbox, Line},
    load::Book,
    wire::Client,
};

/// What a node may have under way when it ends, whatever the webhooks' limits: results that wait for their commit.
const WAITING_RESULTS: usize = 1_024;
/// A result is stored long before so much time has passed since its answer.
const COMMIT_LIMIT: Duration = Duration::from_secs(5);

/// What was found, in numbers.
#[derive(Debug, Default)]
pub struct Figures {
    /// Events with a 202.
    pub acked: usize,
    /// Of these, with a 202 only for a repeated request.
    pub repeated: usize,
    /// Events without an answer, and how many of them had become events.
    pub indeterminate: (usize, usize),
    /// Different deliveries that arrived.
    pub delivered: usize,
    /// Arrivals beyond the first.
    pub duplicates: usize,
    /// The most of them that one server's end has caused.
    pub most: usize,
    /// The longest time between an answer and the end of the server that lost it.
    pub oldest: Duration,
    /// The most requests at the hooks at once.
    pub peak: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unknown, known) = self.indeterminate;
        write!(
            f,
            "{} acked ({} when repeated), {unknown} unanswered ({known} of them stored), {} delivered, \
             {} duplicates (at most {} of one end, the oldest answered {:.0?} before it), at most {} in flight",
            self.acked, self.repeated, self.delivered, self.duplicates, self.most, self.oldest, self.peak
        )
    }
}

/// Compares what clients were told with what arrived at `hooks` hooks, in the end.
pub fn compare(book: &Book, inbox: &Inbox, hooks: usize, in_flight: usize) -> Figures {
    let lines = inbox.lines();
    let mut events: HashMap<u64, &str> = HashMap::new();
    for ((hook, id), line) in &lines {
        let number = line.number;
        let told = book.acked.get(&number);
        assert!(
            told.is_none_or(|told| told == id),
            "event {number} was acknowledged as {told:?}, arrived as {id}"
        );
        assert!(told.is_some() || book.indeterminate.contains(&number), "{id} arrived but was never posted");
        let other = events.insert(number, id).filter(|other| other != id);
        assert_eq!(other, None, "event {number} became {id}, too");
        assert!(*hook < hooks, "{id} arrived at {hook}");
    }
    let lost = |(number, id): &(&u64, &String)| {
        let missing: Vec<usize> =
            (0..hooks).filter(|hook| !lines.contains_key(&(*hook, (*id).clone()))).collect();
        (!missing.is_empty()).then(|| format!("event {number} ({id}) did not arrive at {missing:?}"))
    };
    let lost: Vec<String> = book.acked.iter().filter_map(|it| lost(&it)).collect();
    assert!(lost.is_empty(), "{} lost: {:#?}", lost.len(), &lost[..lost.len().min(10)]);
    let known = book.indeterminate.iter().filter(|number| events.contains_key(number)).count();
    assert!(inbox.peak() <= in_flight, "{} requests were in flight, {in_flight} are allowed", inbox.peak());
    let mut figures = Figures {
        acked: book.acked.len(),
        repeated: book.repeated,
        indeterminate: (book.indeterminate.len(), known),
        delivered: lines.len(),
        peak: inbox.peak(),
        ..Figures::default()
    };
    count_duplicates(&mut figures, &lines, inbox, in_flight);
    figures
}

fn count_duplicates(
    figures: &mut Figures,
    lines: &HashMap<(usize, String), Line>,
    inbox: &Inbox,
    in_flight: usize,
) {
    let ends = inbox.ends();
    let mut by_end: BTreeMap<usize, usize> = BTreeMap::new();
    for (key, line) in lines {
        for pair in line.arrivals.windows(2) {
            let [first, second] = [pair[0], pair[1]];
            assert!(first.generation < second.generation, "{key:?} came twice from the same server");
            *by_end.entry(first.generation).or_default() += 1;
            if let Some(answered) = first.answered {
                figures.oldest = figures.oldest.max(ends[first.generation].duration_since(answered));
            }
        }
    }
    figures.duplicates = by_end.values().sum();
    figures.most = by_end.values().copied().max().unwrap_or(0);
    assert!(figures.most <= in_flight + WAITING_RESULTS, "one end caused {} duplicates", figures.most);
    assert!(figures.oldest < COMMIT_LIMIT, "an answer was not stored for {:?}", figures.oldest);
}

/// Compares what arrived with what the server has stored: every delivery delivered, every attempt known.
pub async fn compare_stored(client: &mut Client, figures: &Figures) {
    let (mut deliveries, mut attempts, mut after) = (0, 0, String::new());
    loop {
        let page = client.get(&format!("/deliveries?limit=500{after}")).await;
        for delivery in page["items"].as_array().expect("a list has items") {
            assert_eq!(delivery["state"], "delivered", "{delivery}");
            let count = delivery["attempts"].as_u64().expect("a number");
            assert!(count >= 1, "{delivery}");
            (deliveries, attempts) = (deliveries + 1, attempts + count);
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(deliveries, figures.delivered, "deliveries stored, and arrived");
    assert_eq!(attempts, figures.delivered as u64, "attempts stored, and seen without the repeated ones");
}
