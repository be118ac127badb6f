//! `leadpost demo`: the whole walk of an event in one process, with nothing to prepare and nothing left behind.
//!
//! It is no play: the server is the one that `serve` starts, a visitor talks to a published chatbot through the
//! endpoints that the widget uses, and the receiver checks signatures as a stranger's would. Only the egress settings are the demo's: they let
//! webhooks reach exactly its own receiver.

mod visitor;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use app::{
    AppError, Db, StoreUrl, Tx, accounts,
    chatbots::{self, NewChatbot},
    members::{self, FirstMember},
    passwords,
    sessions::{self, Browser},
};
use clap::Args;
use domain::{Actor, Ambient, ApiKeyText, ChatbotSettings, EventType, Password, Scope, Secret};
use hyper::StatusCode;
use hyper::service::service_fn;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use crate::client::Client;
use crate::config::{self, Settings};
use crate::out::say;
use crate::receiver::{Behaviour, Received, Receiver};
use crate::scratch::Folder;
use crate::serve::Node;
use visitor::{BOOKING, Visitor};

use crate::{accept, ambient, signals, telemetry};

/// How long to stay.
#[derive(Args)]
pub struct DemoArgs {
    /// Exit as soon as both deliveries have arrived and their signatures were right.
    #[arg(long)]
    once: bool,
}

/// How long the demo waits for what takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);
const USUAL_ADDRESS: &str = "127.0.0.1:8080";

/// Shows it.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let ambient = ambient::system();
    let folder = Folder::new("leadpost-demo", &*ambient.random)?;
    let secret = random_secret(&ambient);
    let (receiver, mut received) = start_receiver(secret.clone(), &ambient).await?;
    let settings = settings(&folder, receiver)?;
    telemetry::start(&settings.log);

    let mut node = Node::start_on(listener().await?, &settings).await?;
    let url = node.url();
    let member = Arc::new(DemoMember::new(&ambient)?);
    let (key, public_key) = make_account(&node.db, &url, &member).await?;
    node.show_demo(&public_key);
    let (say_stop, stop_said) = oneshot::channel::<()>();
    let serving = tokio::spawn(node.run(async move { drop(stop_said.await) }));
    let mut client = Client::connect(&url.parse()?, Some(&key)).await?;
    make_webhook(&mut client, receiver, &secret).await?;

    words::introduce(&url, receiver)?;
    let mut visitor = Visitor::open(Client::connect(&url.parse()?, None).await?, &public_key, &url).await?;
    for (part, event_type) in
        BOOKING.into_iter().zip([EventType::ContactInformation, EventType::ChatTranscript])
    {
        let mut said = Instant::now();
        for act in part {
            said = Instant::now();
            visitor.act(*act).await?;
        }
        show_arrival(event_type, said, &mut received).await?;
    }
    if args.once {
        say!("Both deliveries arrived, and their signatures are right.")?;
    } else {
        words::invite(&url, &key, &secret)?;
        words::sign_in(&url, DemoMember::EMAIL, &member.password)?;
        stay(&mut received).await?;
    }
    drop(say_stop);
    serving.await.context("the demo's server panicked")
}

/// On the usual port, or on a free one if that is taken.
async fn listener() -> anyhow::Result<TcpListener> {
    match TcpListener::bind(USUAL_ADDRESS).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind("127.0.0.1:0").await.context("the demo's server finds no free port"),
    }
}

/// The defaults, but for a store of the demo's own and the way to its receiver.
fn settings(folder: &Folder, receiver: SocketAddr) -> anyhow::Result<Settings> {
    let mut settings = config::defaults()?;
    settings.store.url = StoreUrl::Sqlite(folder.path().join("demo.db"));
    settings.egress.allow_http = true;
    settings.egress.allow_hosts = vec![receiver.to_string().parse()?];
    settings.log.level = "warn".parse()?;
    Ok(settings)
}

fn random_secret(ambient: &Ambient) -> Secret {
    let mut bytes = [0; 32];
    ambient.random.fill(&mut bytes);
    Secret::from_bytes(&bytes)
}

async fn start_receiver(
    secret: Secret,
    ambient: &Ambient,
) -> anyhow::Result<(SocketAddr, UnboundedReceiver<Received>)> {
    let listener =
        TcpListener::bind("127.0.0.1:0").await.context("the demo's receiver finds no free port")?;
    let address = listener.local_addr()?;
    let behaviour = Behaviour {
        secrets: vec![secret],
        answer: StatusCode::NO_CONTENT,
        delay: Duration::ZERO,
        fail_first: 0,
    };
    let (reports, received) = unbounded_channel();
    let receiver = Receiver::new(behaviour, ambient.clock.clone(), reports);
    let service = move |_peer| {
        let receiver = receiver.clone();
        service_fn(move |request| receiver.clone().answer(request))
    };
    tokio::spawn(accept::serve(listener, None, service, std::future::pending()));
    Ok((address, received))
}

/// Who signs in to the demo.
struct DemoMember {
    password: String,
    hash: String,
    browser: Browser,
}

impl DemoMember {
    const EMAIL: &str = "demo@example.com";

    /// With a password of this run alone.
    fn new(ambient: &Ambient) -> anyhow::Result<Self> {
        let mut bytes = [0; 32];
        ambient.random.fill(&mut bytes);
        let password = domain::account::hex(&bytes[..8]);
        let hash = passwords::hash(&Password::new("/password", &password)?, &bytes);
        Ok(Self {
            password,
            hash,
            browser: Browser { agent: "leadpost demo".to_owned(), ..Browser::default() },
        })
    }

    /// Joins the only account there is, by the way of everybody's first member.
    fn join(&self, tx: &mut Tx<'_>) -> Result<(), AppError> {
        let first =
            FirstMember { name: "Demo".to_owned(), email: Self::EMAIL.to_owned(), ..FirstMember::default() };
        let link = members::set_up_link(tx)?.ok_or(AppError::NotFound)?;
        let entry = members::set_up(tx, &link, &first, &self.hash, &self.browser)?;
        let signed_in = sessions::recognise(tx, &entry.token)?.ok_or(AppError::NotFound)?;
        sessions::end(tx, &signed_in)
    }
}

/// An account with a member, an admin key, and a chatbot that pages of `origin` may embed; the key and the chatbot's.
async fn make_account(
    db: &Db,
    origin: &str,
    member: &Arc<DemoMember>,
) -> anyhow::Result<(ApiKeyText, String)> {
    let settings = ChatbotSettings { allowed_origins: vec![origin.to_owned()], ..ChatbotSettings::default() };
    let new = NewChatbot {
        name: "Meridian Travel Desk".to_owned(),
        template: Some("travel-desk".to_owned()),
        settings,
        ..NewChatbot::default()
    };
    let member = Arc::clone(member);
    let made = db.write(move |tx| {
        let account = accounts::create(tx, "Demo")?;
        let actor = Actor::Console { account: account.id };
        let (_, key) = accounts::create_key(tx, &actor, "Demo operator", Scope::Admin, None)?;
        let chatbot = chatbots::create(tx, &actor, &new)?;
        chatbots::publish(tx, &actor, chatbot.id)?;
        member.join(tx)?;
        Ok((key, chatbot.public_key))
    });
    made.await.map_err(|error: AppError| error.into())
}

async fn make_webhook(client: &mut Client, receiver: SocketAddr, secret: &Secret) -> anyhow::Result<()> {
    let webhook = json!({
        "name": "Demo receiver",
        "url": format!("http://{receiver}/"),
        "event_types": [EventType::ContactInformation.as_str(), EventType::ChatTranscript.as_str()],
        "secret": secret.to_text().reveal(),
    });
    client.post("/api/v1/webhooks", &[], webhook.to_string()).await?.json()?;
    Ok(())
}

/// Waits for the event that the visitor has just caused, and shows it.
async fn show_arrival(
    event_type: EventType,
    said: Instant,
    received: &mut UnboundedReceiver<Received>,
) -> anyhow::Result<()> {
    let arrived = tokio::time::timeout(PATIENCE, received.recv())
        .await
        .with_context(|| format!("the delivery did not arrive within {} s", PATIENCE.as_secs()))?
        .context("the demo's receiver has ended")?;
    words::arrived(event_type, &arrived, arrived.instant.saturating_duration_since(said))?;
    if let Err(reason) = &arrived.verdict {
        bail!("the delivery's signature is not right: {reason}");
    }
    if arrived.header("webhook-event-type") != event_type.as_str() {
        bail!("another event arrived than the one that was to be expected");
    }
    Ok(())
}

/// Shows what the visitor sends, until told to stop.
async fn stay(received: &mut UnboundedReceiver<Received>) -> anyhow::Result<()> {
    let mut stop = std::pin::pin!(signals::first());
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            more = received.recv() => match more {
                Some(request) => words::arrived_later(&request)?,
                None => return Ok(()),
            },
        }
    }
}
