//! One try while it runs: how far it has come, and how its [`Outcome`] is told.
//!
//! A try can be cut off at any `await` by its deadline. Whatever must survive that is written here as it
//! happens, above all the answer's status: success is decided when status and headers have arrived, and what
//! goes wrong with the body afterwards changes nothing.

use std::{fmt::Display, net::SocketAddr, time::Duration};

use domain::{AttemptError, ErrorClass, Outcome, Phases, Response, Timestamp};
use tokio::time::Instant;

/// What a try is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The addresses of a name.
    Lookup,
    /// A TCP connection.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// Status and headers, and then the body.
    Answer,
}

/// The facts of a try so far.
#[derive(Debug)]
pub(crate) struct Trace {
    stage: Stage,
    /// When the present stage began.
    since: Instant,
    pub(crate) phases: Phases,
    /// The address connected to.
    pub(crate) peer: Option<SocketAddr>,
    /// The answer, there from the moment its headers are.
    pub(crate) response: Option<Response>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self {
            stage: Stage::Lookup,
            since: Instant::now(),
            phases: Phases::default(),
            peer: None,
            response: None,
        }
    }

    /// Notes that the try goes on to this stage.
    pub(crate) fn enter(&mut self, stage: Stage) {
        (self.stage, self.since) = (stage, Instant::now());
    }

    /// What to say when `limit` has passed at the present stage. Its phase has lasted until now.
    pub(crate) fn timed_out(&mut self, limit: Duration) -> AttemptError {
        let spent = self.since.elapsed();
        match self.stage {
            Stage::Lookup => self.phases.dns = Some(spent),
            Stage::Connect => self.phases.connect = Some(spent),
            Stage::Handshake => self.phases.tls = Some(spent),
            Stage::Answer => {}
        }
        let limit = seconds(limit);
        match self.stage {
            Stage::Lookup => failed(
                ErrorClass::DnsError,
                format!("looking up the host's addresses took longer than {limit}"),
            ),
            Stage::Connect => {
                failed(ErrorClass::Timeout, format!("no connection could be opened within {limit}"))
            }
            Stage::Handshake => {
                failed(ErrorClass::TlsError, format!("the TLS handshake was not done within {limit}"))
            }
            Stage::Answer => failed(ErrorClass::Timeout, format!("no complete answer came within {limit}")),
        }
    }

    /// The outcome of a try that began at `at`, ended with `end` and took `total`.
    pub(crate) fn into_outcome(
        self,
        at: Timestamp,
        total: Duration,
        end: Result<(), AttemptError>,
    ) -> Outcome {
        let result = match (self.response, end) {
            (Some(response), _) => Ok(response),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(failed(ErrorClass::InternalError, "the try ended without an answer")),
        };
        let address = self.peer.map(|peer| peer.to_string());
        Outcome { at, address, phases: Phases { total, ..self.phases }, result }
    }
}

/// An error of that class, in words for the webhook's owner.
pub(crate) fn failed(class: ErrorClass, detail: impl Into<String>) -> AttemptError {
    AttemptError { class, detail: detail.into() }
}

/// A refused URL or address. The refusal's text names its rule and setting, never a looked-up address.
pub(crate) fn blocked(refusal: &impl Display) -> AttemptError {
    failed(ErrorClass::BlockedAddress, refusal.to_string())
}

fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f32())
}
