//! The one door out: every request that Leadpost makes to a webhook goes through [`Egress::send`].
//!
//! An attempt takes a kept connection of its lane or lets the guard open one, writes one POST and keeps what
//! is answered. It always ends, by its deadline at the latest, and always with an [`Outcome`]: what fails is a
//! fact to be recorded, not an error to be handled. It knows nothing of deliveries, schedules or the store.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use domain::{AttemptError, Clock, EgressPolicy, ErrorClass, Outcome, Refusal, Timestamp, WebhookUrl};
use hickory_resolver::net::NetError;
use tokio::time::{Instant, timeout_at};

use crate::{
    attempt::{Stage, Trace, failed},
    connection::{Connection, Wire},
    guard::{Guard, Unreachable},
    pool::Pool,
    resolver::{Resolve, SystemResolver},
    sender::{Post, exchange, request},
    target::Target,
    tls::Tls,
};

/// How the instance calls out.
#[derive(Default)]
pub struct EgressSettings {
    /// Where to.
    pub policy: EgressPolicy,
    /// A PEM file of authorities to trust besides the machine's own.
    pub extra_ca_file: Option<PathBuf>,
    /// Instead of the machine's DNS; for tests.
    pub resolver: Option<Arc<dyn Resolve>>,
    /// How long each part may take.
    pub limits: Limits,
}

/// How long the parts of an attempt may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A look-up of a name; within `connect`.
    pub dns: Duration,
    /// Until a connection is ready to be written to: look-up, TCP and TLS.
    pub connect: Duration,
    /// The whole attempt, with the answer's body.
    pub total: Duration,
    /// How long a connection is kept for the next request.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(3),
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            idle: Duration::from_secs(4),
        }
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The file of authorities cannot be read.
    #[error("cannot read egress.extra_ca_file {}", path.display())]
    UnreadableCaFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else than certificates.
    #[error("egress.extra_ca_file {} {what}", path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// Continues "the file …".
        what: String,
    },
    /// The resolver cannot be set up.
    #[error("cannot set up the DNS resolver")]
    Resolver(#[source] NetError),
}

/// Policy, resolver, TLS and clock; cheap to clone.
#[derive(Clone)]
pub struct Egress {
    shared: Arc<Shared>,
}

struct Shared {
    guard: Guard,
    tls: Tls,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

impl Egress {
    /// Sets up calling out. Reads the file of authorities and the machine's DNS settings.
    ///
    /// # Errors
    ///
    /// When the file of authorities cannot be used. A machine without any authorities is no error: then `http`
    /// still works, and each attempt over `https` says what is missing.
    pub fn new(settings: EgressSettings, clock: Arc<dyn Clock>) -> Result<Egress, EgressError> {
        let limits = settings.limits;
        let resolver = match settings.resolver {
            Some(resolver) => resolver,
            None => Arc::new(SystemResolver::new(limits.dns).map_err(EgressError::Resolver)?),
        };
        let guard = Guard { policy: Arc::new(settings.policy), resolver, lookup_limit: limits.dns };
        let tls = Tls::new(settings.extra_ca_file.as_deref(), Arc::clone(&clock))?;
        Ok(Egress { shared: Arc::new(Shared { guard, tls, limits, clock }) })
    }

    /// What may be called.
    pub fn policy(&self) -> &EgressPolicy {
        &self.shared.guard.policy
    }

    /// Judges the URL of a webhook that somebody wants to save: the rules for URLs, then those for the
    /// addresses its name has now. Answers warnings, such as for a name that does not resolve at the moment.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of the URL or of one of its addresses.
    pub async fn verdict(&self, url: &str) -> Result<Vec<String>, Refusal> {
        let guard = &self.shared.guard;
        let url = WebhookUrl::parse(url, &guard.policy)?;
        match guard.vet(&url).await {
            Ok(_) => Ok(Vec::new()),
            Err(Unreachable::Refused(refusal)) => Err(refusal),
            Err(Unreachable::Unresolved(words)) => {
                Ok(vec![format!("the host {words}; deliveries will fail until it can be resolved")])
            }
        }
    }

    /// Makes one attempt: one POST and what came of it. A kept connection that turns out to be closed before
    /// it answers is replaced by a fresh one, once, within the same attempt.
    pub async fn send(&self, pool: &Pool, post: &Post<'_>) -> Outcome {
        let at = self.shared.clock.now();
        let begun = Instant::now();
        let limit = self.shared.limits.total;
        let mut trace = Trace::new();
        let end = match timeout_at(begun + limit, self.attempt(pool, post, at, &mut trace)).await {
            Ok(end) => end,
            Err(_) => Err(trace.timed_out(limit)),
        };
        trace.into_outcome(at, begun.elapsed(), end)
    }

    async fn attempt(
        &self,
        pool: &Pool,
        post: &Post<'_>,
        at: Timestamp,
        trace: &mut Trace,
    ) -> Result<(), AttemptError> {
        let Shared { guard, limits, .. } = &*self.shared;
        let target = pool.aim(&post.webhook.url, &guard.policy)?;
        if let Some(mut kept) = pool.take(&target, &guard.policy).await {
            match exchange(&mut kept, &target, request(&target, post, at)?, trace).await {
                Ok(true) => {
                    pool.put(&target, kept, limits.idle).await;
                    return Ok(());
                }
                Ok(false) => return Ok(()),
                Err(broken) if broken.unheard => trace.peer = None,
                Err(broken) => return Err(broken.error),
            }
        }
        // Rare beside what stands above, and its state is large.
        let mut fresh = Box::pin(self.open(&target, trace)).await?;
        let whole = exchange(&mut fresh, &target, request(&target, post, at)?, trace).await;
        if whole.map_err(|broken| broken.error)? {
            pool.put(&target, fresh, limits.idle).await;
        }
        Ok(())
    }

    /// A new connection, ready to be written to.
    async fn open(&self, target: &Target, trace: &mut Trace) -> Result<Box<Connection>, AttemptError> {
        let limit = self.shared.limits.connect;
        let opened = timeout_at(Instant::now() + limit, self.open_unlimited(target, trace)).await;
        opened.unwrap_or_else(|_| Err(trace.timed_out(limit)))
    }

    async fn open_unlimited(
        &self,
        target: &Target,
        trace: &mut Trace,
    ) -> Result<Box<Connection>, AttemptError> {
        let (stream, peer) = self.shared.guard.connect(&target.url, trace).await?;
        trace.peer = Some(peer);
        let wire = if target.url.is_https() {
            let begun = Instant::now();
            trace.enter(Stage::Handshake);
            let stream = self.shared.tls.connect(&target.url, stream).await;
            trace.phases.tls = Some(begun.elapsed());
            Wire::Tls(Box::new(stream?))
        } else {
            Wire::Plain(stream)
        };
        let connection = Connection::new(wire, peer).await;
        connection.map(Box::new).map_err(|error| failed(ErrorClass::InternalError, error.to_string()))
    }
}
