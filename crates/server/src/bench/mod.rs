//! `leadpost bench`: how fast events come in and webhooks go out, on this machine.
//!
//! The server is a process of its own, so that its processor time can be told from the tool's. One process
//! drives and receives, on one clock. The load is a closed loop: each connection sends the next event when the
//! last was answered, so throughput depends on the number of connections and on the disk, and the report says
//! both. A phase to warm up is not counted. Every accepted event is looked for; a lost one fails the run.

mod driver;
mod message;
mod process;
mod report;
mod sink;
mod track;
mod wire;

use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use app::StoreUrl;
use clap::Args;
use domain::ApiKeyText;
use serde_json::json;
use tokio::net::TcpListener;

use crate::client::Client;
use crate::disk::FsyncTimes;
use crate::out::say;
use crate::scratch::Folder;
use crate::{ambient, limits, signals};
use driver::Load;
use message::Template;
use process::{Cost, Environment, Server};
use report::{Latency, Report};
use track::Track;

/// How much, and on what.
#[derive(Args)]
pub struct BenchArgs {
    /// Events to send, besides those to warm up.
    #[arg(short = 'n', value_name = "N", default_value_t = 100_000)]
    events: usize,
    /// Connections that send at once.
    #[arg(short = 'c', value_name = "C", default_value_t = 64)]
    connections: usize,
    /// Stop sending after so many seconds, even if events are left.
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// A store to use instead of a temporary one: sqlite:PATH or postgres://…; an account is added to it.
    #[arg(long, value_name = "URL")]
    store: Option<StoreUrl>,
    /// File with the store's encryption key; PostgreSQL needs it.
    #[arg(long, value_name = "FILE")]
    key_file: Option<std::path::PathBuf>,
    /// The server's setting runtime.worker_threads.
    #[arg(long, value_name = "N", default_value_t = 0)]
    worker_threads: usize,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

/// How long to wait for deliveries while none arrives.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait for repeats after the last delivery.
const LINGER: Duration = Duration::from_millis(500);
/// Events sent one at a time, to see the latency without load.
const UNLOADED: usize = 200;
const UNLOADED_PAUSE: Duration = Duration::from_millis(5);

/// The events of each phase.
struct Phases {
    warm_up: Range<usize>,
    unloaded: Range<usize>,
    loaded: Range<usize>,
    ceiling: Range<usize>,
}

impl Phases {
    fn new(events: usize) -> Self {
        let warm_up = 0..(events / 10).clamp(100, 5_000);
        let unloaded = warm_up.end..warm_up.end + UNLOADED;
        let loaded = unloaded.end..unloaded.end + events;
        let ceiling = loaded.end..loaded.end + events;
        Self { warm_up, unloaded, loaded, ceiling }
    }
}

/// Runs all phases and prints the report.
pub async fn run(args: BenchArgs) -> anyhow::Result<()> {
    if args.events == 0 || args.connections == 0 {
        bail!("a bench needs at least one event (-n) and one connection (-c)");
    }
    limits::raise_open_files();
    let scratch = Folder::new("leadpost-bench", &*ambient::system().random)?;
    let store = args.store.clone().unwrap_or_else(|| StoreUrl::Sqlite(scratch.path().join("leadpost.db")));
    let phases = Phases::new(args.events);
    let track = Arc::new(Track::new(phases.ceiling.end));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let receiver = listener.local_addr()?;
    let sink = tokio::spawn(sink::run(listener, Arc::clone(&track)));

    let environment = Environment::new(&store, args.key_file.as_deref(), receiver, args.worker_threads);
    let key = make_key(&environment)?;
    let server = tokio::task::block_in_place(|| Server::start(&environment))?;
    let mut client = Client::connect(&server.url, Some(&key)).await?;
    make_webhook(&mut client, receiver).await?;
    let fsync = tokio::task::block_in_place(|| folder_of(&store).map(FsyncTimes::measure)).transpose()?;

    let bench = Bench { args: &args, track: &track, receiver, server: &server, key: &key };
    // Returning, unlike a death by signal, stops the server and removes the store.
    let mut report = tokio::select! {
        report = bench.run(&phases, &mut client) => report?,
        () = signals::first() => bail!("interrupted; nothing was measured"),
    };
    report.store = store.to_string();
    report.fsync_p50_ms = fsync.as_ref().map(|times| times.p50.as_secs_f64() * 1e3);
    report.fsync_p99_ms = fsync.as_ref().map(|times| times.p99.as_secs_f64() * 1e3);
    report.remarks.extend(remarks(fsync.as_ref()));
    sink.abort();
    tokio::task::block_in_place(|| drop(server));
    if args.json {
        say!("{}", serde_json::to_string(&report)?)?;
    } else {
        say!("{report}")?;
    }
    let failures = report.failures();
    if failures.is_empty() { Ok(()) } else { bail!("the run failed: {}", failures.join("; ")) }
}

/// What a phase needs.
struct Bench<'a> {
    args: &'a BenchArgs,
    track: &'a Arc<Track>,
    receiver: SocketAddr,
    server: &'a Server,
    key: &'a ApiKeyText,
}

impl Bench<'_> {
    async fn run(&self, phases: &Phases, client: &mut Client) -> anyhow::Result<Report> {
        self.through(phases.warm_up.clone(), self.args.connections, Duration::ZERO).await?;
        self.through(phases.unloaded.clone(), 1, UNLOADED_PAUSE).await?;
        let unloaded = self.track.summary(phases.unloaded.clone());

        let (server_before, tool_before) = (self.server.cost(), Cost::of(std::process::id()));
        let (loaded, sent) =
            self.through(phases.loaded.clone(), self.args.connections, Duration::ZERO).await?;
        // The last results are still being stored when the last webhook has arrived, and repeats may follow.
        tokio::time::sleep(LINGER).await;
        let (server_after, tool_after) = (self.server.cost(), Cost::of(std::process::id()));
        let summary = self.track.summary(sent.clone());
        let balanced = client.get("/api/v1/ledger").await?.json()?["balanced"] == true;

        let ceiling = self.ceiling(phases.ceiling.clone()).await?;
        let delivered = summary.end_to_end.count();
        let each = |cpu: Option<Duration>| cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / delivered.max(1) as f64);
        let delivered_per_second = rate(delivered, summary.delivering);
        Ok(Report {
            connections: self.args.connections,
            store: String::new(),
            loaded: report::Load {
                sent: sent.len(),
                accepted: summary.accept.count(),
                refused: loaded.refused,
                unanswered: loaded.unanswered,
                delivered,
                lost: self.track.missing(sent),
                duplicates: self.track.duplicates(),
                accepted_per_second: rate(summary.accept.count(), summary.accepting),
                delivered_per_second,
                latency: Latency::of(&summary),
            },
            unloaded: Latency::of(&unloaded),
            ceiling_per_second: ceiling,
            share_of_ceiling: delivered_per_second / ceiling,
            server_cpu_us: each(server_after.cpu_since(&server_before)),
            tool_cpu_us: each(tool_after.cpu_since(&tool_before)),
            server_peak_mib: server_after.peak_memory.map(|bytes| bytes as f64 / 1024.0 / 1024.0),
            fsync_p50_ms: None,
            fsync_p99_ms: None,
            ledger_balanced: balanced,
            remarks: (self.track.strange() > 0)
                .then(|| "something else posted to the bench's receiver meanwhile".to_owned())
                .into_iter()
                .collect(),
        })
    }

    /// Events through Leadpost, and the wait until all that were accepted have arrived.
    async fn through(
        &self,
        events: Range<usize>,
        connections: usize,
        pause: Duration,
    ) -> anyhow::Result<(driver::Driven, Range<usize>)> {
        let host = self.server.url.authority().context("the server's address has no host")?;
        let target = host.as_str().parse().context("the server listens on no plain address")?;
        let template = Template::event(host.as_str(), self.key.reveal());
        let start = events.start;
        let load = Load { target, template, events, connections, until: self.until(), pause };
        let driven = load.drive(self.track).await.context("no connection to the server under test")?;
        let sent = start..driven.end;
        self.settle(sent.clone()).await;
        Ok((driven, sent))
    }

    /// The same driver and receiver without anything in between.
    async fn ceiling(&self, events: Range<usize>) -> anyhow::Result<f64> {
        let start = events.start;
        let load = Load {
            target: self.receiver,
            template: Template::webhook(&self.receiver.to_string()),
            events,
            connections: self.args.connections,
            until: self.until(),
            pause: Duration::ZERO,
        };
        let driven = load.drive(self.track).await?;
        let summary = self.track.summary(start..driven.end);
        Ok(rate(summary.end_to_end.count(), summary.delivering))
    }

    fn until(&self) -> Option<Instant> {
        self.args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds))
    }

    async fn settle(&self, events: Range<usize>) {
        let mut missing = self.track.missing(events.clone());
        let mut progress = Instant::now();
        while missing > 0 && progress.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let now_missing = self.track.missing(events.clone());
            if now_missing < missing {
                (missing, progress) = (now_missing, Instant::now());
            }
        }
    }
}

/// Makes an account of the bench's own, and a key to it.
fn make_key(environment: &Environment) -> anyhow::Result<ApiKeyText> {
    tokio::task::block_in_place(|| {
        let account = environment.output(&["account", "create", "--name", "Bench"])?;
        let key = environment.output(&[
            "key",
            "create",
            "--name",
            "bench",
            "--scope",
            "admin",
            "--account",
            &account,
        ])?;
        ApiKeyText::parse(&key).context("the new key cannot be read")
    })
}

async fn make_webhook(client: &mut Client, receiver: SocketAddr) -> anyhow::Result<()> {
    let webhook = json!({
        "name": "Bench",
        "url": format!("http://{receiver}/"),
        "event_types": ["Contact Information"],
    });
    client.post("/api/v1/webhooks", &[], webhook.to_string()).await?.json()?;
    Ok(())
}

fn folder_of(store: &StoreUrl) -> Option<&Path> {
    match store {
        StoreUrl::Sqlite(path) => path.parent(),
        StoreUrl::Postgres(_) => None,
    }
}

fn remarks(fsync: Option<&FsyncTimes>) -> Vec<String> {
    let mut remarks = Vec::new();
    if fsync.is_some_and(FsyncTimes::suspicious) {
        remarks.push(
            "fsync is too fast here for a disk: the store is in memory, or the disk does not keep its word. \
             Choose a place on the disk with --store sqlite:PATH"
                .to_owned(),
        );
    }
    if cfg!(debug_assertions) {
        remarks.push("this is a debug build; only a release build says how fast Leadpost is".to_owned());
    }
    remarks
}

fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1e-9)
}
