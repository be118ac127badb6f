//! `leadpost serve`: the floors below, put together, started and stopped.
//!
//! Start: bind, open and migrate the store, start the courier, say "listening". Stop (SIGTERM or Ctrl-C): not
//! ready any more, no new connections, requests and attempts in flight get some time to end. A second signal
//! ends the process at once, which loses nothing either: what was accepted is on disk.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use app::{AppError, Db, StoreUrl, members};
use clap::Args;
use courier::{Courier, CourierSettings, Egress, EgressSettings};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use web::{Metrics, Readiness, Web, WebSettings};

use crate::config::{self, Settings};
use crate::store_args::{self, Purpose};
use crate::{accept, limits, metrics, signals, telemetry, tls};

/// The settings that one most often wants to give by hand.
#[derive(Args)]
pub struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where the store is: sqlite:PATH or postgres://… [default: sqlite:leadpost-data/leadpost.db]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// File with settings; see config.default.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ServeArgs {
    /// Reads the settings and starts logging as they say.
    pub fn load(&self) -> anyhow::Result<Settings> {
        let flags = [("server.listen", self.listen.as_deref()), ("store.url", self.store.as_deref())];
        let settings = config::load(self.config.as_deref(), &flags)?.settings;
        telemetry::start(&settings.log);
        Ok(settings)
    }
}

/// Serves until a signal says stop.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let node = Node::start(settings).await?;
    let empty = node.db.read(|tx| Ok::<_, AppError>(app::accounts::all(tx)?.is_empty())).await?;
    telemetry::announce(settings.log.format, &format!("listening on {}", node.url()));
    if let Some(public) = &settings.server.public_url {
        telemetry::announce(settings.log.format, &format!("others reach this server at {public}"));
    }
    if settings.store.loses_commits() {
        let warning =
            "WARNING: store.sqlite_synchronous is normal: a loss of power loses events that were accepted";
        telemetry::announce(settings.log.format, warning);
    }
    if let Some(said) = offer_set_up(&node, settings).await {
        telemetry::announce(settings.log.format, &said);
    }
    if empty {
        telemetry::announce(settings.log.format, &first_steps(&settings.store.url)?);
    }
    let stop = async {
        signals::first().await;
        tracing::info!("stopping; a second signal stops at once");
        tokio::spawn(async {
            signals::first().await;
            tracing::warn!("stopped at once; what was in flight is tried again after the next start");
            telemetry::finish();
            std::process::exit(1);
        });
    };
    node.run(stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// How the first member gets in, while there is none. A store that takes no write for it now is no reason not to serve
/// what is there.
async fn offer_set_up(node: &Node, settings: &Settings) -> Option<String> {
    let base = settings.server.public_url.as_ref().map_or_else(|| node.url(), ToString::to_string);
    match node.db.write(members::set_up_link).await {
        Ok(None) => None,
        Ok(Some(token)) => {
            let link = web::links::address(&base, &domain::Purpose::SetUp, &token);
            Some(format!("nobody can sign in yet; set up at {link}"))
        }
        Err(error) => Some(format!(
            "WARNING: nobody can sign in yet, and no set-up link could be stored ({error}); a later start offers another"
        )),
    }
}

/// What to do with an empty store.
fn first_steps(store: &StoreUrl) -> anyhow::Result<String> {
    let usual = config::defaults()?.store.url;
    let flags = match store {
        // Its address and its key file are better named in a file than here, where the password is left out.
        StoreUrl::Postgres(_) => " --config FILE".to_owned(),
        _ if *store == usual => String::new(),
        _ => format!(" --store {store}"),
    };
    Ok(format!(
        "or make the first account and an API key with: leadpost key create{flags} --name NAME --scope admin"
    ))
}

/// The origins of this server's own pages: the public address, or else what this machine calls itself.
fn own_origins(settings: &Settings, address: SocketAddr, tls: bool) -> Vec<String> {
    let scheme = if tls { "https" } else { "http" };
    let port = address.port();
    let texts = match &settings.server.public_url {
        Some(public) => vec![public.to_string()],
        None => vec![format!("{scheme}://{address}"), format!("{scheme}://localhost:{port}")],
    };
    texts.iter().filter_map(|text| domain::chatbot::origin_of(text)).collect()
}

/// A running server.
pub struct Node {
    /// Its store.
    pub db: Db,
    /// Where it listens, the real port if any was asked for.
    pub address: SocketAddr,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    courier: Courier,
    web: Web,
    readiness: Readiness,
    patience: std::time::Duration,
}

impl Node {
    /// Starts everything but answering; connections wait until [`Node::run`].
    pub async fn start(settings: &Settings) -> anyhow::Result<Node> {
        let listen = &settings.server.listen;
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}; choose another address with --listen, such as 127.0.0.1:0")
        })?;
        Self::start_on(listener, settings).await
    }

    /// The same on a listener that is there already, whatever the settings say of its address.
    pub async fn start_on(listener: TcpListener, settings: &Settings) -> anyhow::Result<Node> {
        if let Some(limit @ ..1024) = limits::raise_open_files() {
            tracing::warn!(
                limit,
                "this system allows few open files; connections in and out are bounded by that"
            );
        }
        let server = &settings.server;
        let tls = match (&server.tls_cert, &server.tls_key) {
            (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
            _ => None,
        };
        let address = listener.local_addr()?;
        let own_origins = own_origins(settings, address, tls.is_some());
        // The numbering plans are read at their first use, which is not to be a visitor's.
        tokio::task::spawn_blocking(|| domain::answers::known_region("US"));
        let db = store_args::open(settings, Purpose::Serve).await?;
        let egress = EgressSettings {
            policy: settings.egress_policy(limits::reachable_at(address)),
            extra_ca_file: settings.egress.extra_ca_file.clone(),
            ..EgressSettings::default()
        };
        let egress = Egress::new(egress, db.ambient().clock.clone())?;
        let delivery = CourierSettings {
            tick: settings.delivery.tick(),
            lease_ttl: settings.delivery.lease_ttl(),
            max_in_flight: settings.delivery.max_in_flight,
            retention: settings.retention.rules(),
            ..CourierSettings::default()
        };
        let courier = Courier::start(db.clone(), egress, delivery).await?;
        let watch = courier.watch();
        let readiness = Readiness::new(move || watch().ready);
        let web = Web::new(
            db.clone(),
            courier.outbound(),
            WebSettings {
                metrics_open: settings.metrics.open,
                per_key_per_second: settings.limits.per_key_per_second(),
                widget: settings.limits.widget(),
                trusted_proxies: server.trusted_proxies(),
                secure: own_origins.iter().all(|origin| origin.starts_with("https:")),
                local: address.ip().is_loopback() && server.public_url.is_none(),
                own_origins,
                retention: settings.retention.rules(),
                ..WebSettings::default()
            },
            readiness.clone(),
            Metrics::new(metrics::registry(courier.watch())),
        );
        Ok(Node { db, address, listener, tls, courier, web, readiness, patience: server.stop_patience() })
    }

    /// Shows the page `/demo` with this chatbot.
    pub fn show_demo(&mut self, public_key: &str) {
        self.web.show_demo(public_key);
    }

    /// Where it can be reached from this machine.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.address)
    }

    /// Answers until `stop` is done, then stops softly.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let router = web::router(self.web);
        let service = move |peer: SocketAddr| TowerToHyperService::new(web::for_peer(&router, peer.ip()));
        let (say_stop, stop_said) = oneshot::channel::<()>();
        // Dropping the sender is saying it.
        let stopped = async move { drop(stop_said.await) };
        let answering = tokio::spawn(accept::serve(self.listener, self.tls, service, stopped));
        stop.await;
        self.readiness.drain();
        drop(say_stop);
        let (answered, ()) =
            tokio::join!(tokio::time::timeout(self.patience, answering), self.courier.stop(self.patience));
        if answered.is_err() {
            tracing::warn!("some requests were still being answered at the end of the stop's patience");
        }
    }
}
