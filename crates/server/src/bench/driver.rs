//! The sending end: connections that are kept, on each the next event as soon as the last was answered.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::message::Template;
use super::track::Track;
use super::wire::Wire;

/// A load: which events, to whom, over how many connections.
pub struct Load {
    /// Where the connections go.
    pub target: SocketAddr,
    /// What is sent.
    pub template: Template,
    /// The numbers of the events.
    pub events: Range<usize>,
    /// How many at once.
    pub connections: usize,
    /// When to send no more, if that is before the last event.
    pub until: Option<Instant>,
    /// A pause before each event, for a load that is none.
    pub pause: Duration,
}

/// How it went; what was accepted is in the track.
#[derive(Default)]
pub struct Driven {
    /// The number after the last event that was sent.
    pub end: usize,
    /// Answers that were no success.
    pub refused: usize,
    /// Requests that got no answer.
    pub unanswered: usize,
}

impl Load {
    /// Sends all, and returns when all are answered. An event that is refused or unanswered is not sent again.
    pub async fn drive(self, track: &Arc<Track>) -> anyhow::Result<Driven> {
        let next = Arc::new(AtomicUsize::new(self.events.start));
        let load = Arc::new(self);
        let mut lines = JoinSet::new();
        for _ in 0..load.connections {
            lines.spawn(one_line(Arc::clone(&load), Arc::clone(track), Arc::clone(&next)));
        }
        let mut driven = Driven::default();
        while let Some(line) = lines.join_next().await {
            let line = line??;
            driven.refused += line.refused;
            driven.unanswered += line.unanswered;
        }
        driven.end = next.load(Ordering::Relaxed).min(load.events.end);
        Ok(driven)
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// One connection's share. An error means that there is no connecting at all.
async fn one_line(load: Arc<Load>, track: Arc<Track>, next: Arc<AtomicUsize>) -> io::Result<Driven> {
    let mut driven = Driven::default();
    let mut template = load.template.clone();
    let mut wire = connect(load.target).await?;
    while !load.is_over() {
        let event = next.fetch_add(1, Ordering::Relaxed);
        if event >= load.events.end {
            break;
        }
        if !load.pause.is_zero() {
            tokio::time::sleep(load.pause).await;
        }
        let request = template.numbered(event);
        track.written(event);
        match exchange(&mut wire, request).await {
            Ok(200..=299) => track.accepted(event),
            Ok(_) => driven.refused += 1,
            Err(_) => {
                driven.unanswered += 1;
                wire = connect(load.target).await?;
            }
        }
    }
    Ok(driven)
}

async fn exchange(wire: &mut Wire, request: &[u8]) -> io::Result<u16> {
    wire.write(request).await?;
    wire.response().await
}

async fn connect(target: SocketAddr) -> io::Result<Wire> {
    Wire::new(TcpStream::connect(target).await?)
}
