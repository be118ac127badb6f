//! Figures and words at random, the same for the same seed.

use super::*;

/// Steele, Lea and Flood's SplitMix64 (2014).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.any() % end as u64) as usize
    }

    /// Mostly small or zero, sometimes as large as can be.
    fn count(&mut self) -> u64 {
        match self.below(6) {
            0 | 1 => 0,
            2 => u64::MAX >> self.below(64),
            _ => self.any() % 5000,
        }
    }

    fn ms(&mut self) -> Option<f64> {
        match self.below(8) {
            0 | 1 => None,
            2 => Some(f64::NAN),
            3 => Some(-1.0),
            4 => Some(1e12),
            _ => Some(self.below(10_000) as f64 / 7.0),
        }
    }

    fn word(&mut self) -> String {
        HOSTILE[self.below(HOSTILE.len())].to_owned()
    }

    fn look(&mut self) -> Look {
        [Look::Main, Look::Other, Look::Good, Look::Bad, Look::Quiet][self.below(5)]
    }

    /// One of each.
    pub(super) fn charts(&mut self) -> Vec<String> {
        vec![
            self.bars().to_string(),
            self.spark().to_string(),
            self.health().to_string(),
            self.funnel().to_string(),
            self.phases().to_string(),
            self.steps().to_string(),
            self.outline().to_string(),
        ]
    }

    fn bars(&mut self) -> Bars {
        let series = self.below(4);
        Bars {
            key: self.word(),
            title: self.word(),
            of: self.word(),
            series: (0..series).map(|_| Series { name: self.word(), look: self.look() }).collect(),
            slots: (0..self.below(120))
                .map(|_| Slot {
                    label: self.word(),
                    title: self.word(),
                    counts: (self.below(9) > 0).then(|| (0..self.below(5)).map(|_| self.count()).collect()),
                })
                .collect(),
        }
    }

    fn spark(&mut self) -> Spark {
        let slots = (0..self.below(40)).map(|_| (self.count(), self.count())).collect();
        Spark { key: self.word(), over: self.word(), slots }
    }

    fn health(&mut self) -> Health {
        let buckets = (0..self.below(100))
            .map(|_| Bucket {
                label: self.word(),
                title: self.word(),
                delivered: self.count(),
                failed: self.count(),
                p50_ms: (self.below(3) > 0).then(|| self.count()),
                p95_ms: (self.below(3) > 0).then(|| self.count()),
            })
            .collect();
        let bands = (0..self.below(4))
            .map(|_| Band {
                from: self.below(110),
                to: self.below(110),
                kind: [BandKind::Held, BandKind::Paused][self.below(2)],
                title: self.word(),
            })
            .collect();
        Health { key: self.word(), title: self.word(), of: self.word(), buckets, bands }
    }

    fn funnel(&mut self) -> Funnel {
        Funnel {
            key: self.word(),
            title: self.word(),
            of: self.word(),
            rows: (0..self.below(12))
                .map(|_| Share { name: self.word(), count: self.count(), look: self.look() })
                .collect(),
        }
    }

    fn phases(&mut self) -> Phases {
        Phases {
            key: self.word(),
            title: self.word(),
            dns_ms: self.ms(),
            connect_ms: self.ms(),
            tls_ms: self.ms(),
            first_byte_ms: self.ms(),
            total_ms: self.ms().unwrap_or(0.0),
            without: self.word(),
        }
    }

    fn steps(&mut self) -> Steps {
        let pace = [Pace::Running, Pace::Paused, Pace::Ended][self.below(3)];
        let (done, total) = (self.count(), self.count());
        Steps { key: self.word(), title: self.word(), unit: self.word(), done, total, pace }
    }

    /// Any graph: with circles, with edges to nowhere, with two nodes of one id.
    pub(super) fn outline(&mut self) -> Outline {
        let nodes = self.below(70);
        self.flow(nodes)
    }

    pub(super) fn flow(&mut self, nodes: usize) -> Outline {
        let node = |dice: &mut Self, number: usize| OutlineNode {
            id: format!("n {number}"),
            kind: dice.word(),
            title: dice.word(),
            next: (0..dice.below(4)).map(|_| (dice.word(), format!("n {}", dice.below(nodes + 1)))).collect(),
            problem: dice.below(5) == 0,
        };
        let start = (self.below(8) > 0).then(|| "n 0".to_owned());
        Outline {
            key: self.word(),
            title: self.word(),
            start,
            nodes: (0..nodes).map(|number| node(self, number)).collect(),
        }
    }
}

/// The samples with this word for every word in them.
pub(super) fn named(word: &str) -> Vec<String> {
    let own = || word.to_owned();
    let (mut bars, mut health, mut funnel, mut outline) = (bars(), health(), funnel(), outline());
    bars.series.iter_mut().for_each(|series| series.name = own());
    bars.slots.iter_mut().for_each(|slot| (slot.label, slot.title) = (own(), own()));
    health.buckets.iter_mut().for_each(|bucket| (bucket.label, bucket.title) = (own(), own()));
    health.bands.iter_mut().for_each(|band| band.title = own());
    funnel.rows.iter_mut().for_each(|row| row.name = own());
    for node in &mut outline.nodes {
        (node.kind, node.title) = (own(), own());
        node.next.iter_mut().for_each(|next| next.0 = own());
    }
    // A duplicated id, which is the word, and an edge to it.
    (outline.nodes[3].id, outline.nodes[4].id, outline.nodes[1].next[0].1) = (own(), own(), own());
    vec![
        Bars { key: own(), title: own(), of: own(), ..bars }.to_string(),
        Spark { key: own(), over: own(), ..spark() }.to_string(),
        Health { key: own(), title: own(), of: own(), ..health }.to_string(),
        Funnel { key: own(), title: own(), of: own(), ..funnel }.to_string(),
        Phases { key: own(), title: own(), ..phases() }.to_string(),
        Phases { title: own(), without: own(), ..refused() }.to_string(),
        Steps { key: own(), title: own(), unit: own(), ..steps() }.to_string(),
        Steps { title: own(), unit: own(), total: 0, ..steps() }.to_string(),
        Outline { key: own(), title: own(), ..outline }.to_string(),
    ]
}
