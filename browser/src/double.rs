//! The widget's test double: the protocol with a talk of its own, and faults at will; and, on another origin, a
//! page that has the widget on it, under the strictest policy that a page can have.
//!
//! Must not know what the widget makes of it: that is what the journeys look at.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::conversation::Visitor;

/// How the double streams.
#[derive(Clone, Copy, PartialEq)]
pub enum Streams {
    /// As it should.
    Working,
    /// Ended before a byte, as by a proxy that does not know streams.
    Empty,
    /// Refused with 502.
    Refused,
}

/// A server of the protocol and a page that uses it, on two origins.
#[derive(Clone)]
pub struct Double {
    /// Where the page is.
    pub page: String,
    /// Where the widget comes from.
    pub service: String,
    shared: Arc<Shared>,
}

struct Shared {
    stage: Mutex<Stage>,
    /// Counts changes, for the streams.
    changes: watch::Sender<u64>,
}

struct Stage {
    visitors: BTreeMap<String, Visitor>,
    /// The token of who came last.
    latest: String,
    calls: Vec<(String, Value)>,
    refusals: VecDeque<Refusal>,
    streams: Streams,
    /// A stream of an earlier round ends.
    round: u64,
    html: String,
    config: Value,
}

struct Refusal {
    verb: &'static str,
    status: u16,
    retry_after: u32,
    /// Does what was asked, and refuses to say so.
    after_the_deed: bool,
}

impl Double {
    /// Starts both servers. `attributes` are those of the script tag beside `src` and `data-bot`.
    pub async fn start(attributes: &str) -> Self {
        let config = json!({"name": "Mia", "texts": {}, "theme": {}, "online": true});
        let stage = Stage {
            visitors: BTreeMap::new(),
            latest: String::new(),
            calls: Vec::new(),
            refusals: VecDeque::new(),
            streams: Streams::Working,
            round: 0,
            html: String::new(),
            config,
        };
        let shared = Arc::new(Shared { stage: Mutex::new(stage), changes: watch::Sender::new(0) });
        let service = Router::new()
            .route("/w/{key}/{verb}", any(answer))
            .with_state(Arc::clone(&shared))
            .merge(web::assets::routes());
        let service = serve(service).await;
        let page = Router::new()
            .route("/", get(show_page))
            .route("/page.css", get(show_style))
            .with_state((Arc::clone(&shared), service.clone()));
        let double = Self { page: serve(page).await, service, shared };
        double.put_on_page(attributes, "");
        double
    }

    /// Makes the page anew: `attributes` of the script tag, and what else stands in its head.
    pub fn put_on_page(&self, attributes: &str, head: &str) {
        let tag = format!(
            r#"<script src="{}/widget.js" data-bot="pk_demo" {attributes} async></script>"#,
            self.service
        );
        self.stage().html = PAGE.replace("{head}", head).replace("{tag}", &tag);
    }

    /// What `open` tells about the bot.
    pub fn configure(&self, config: Value) {
        self.stage().config = config;
    }

    /// The bodies of all calls of a verb so far.
    pub fn calls(&self, verb: &str) -> Vec<Value> {
        self.stage().calls.iter().filter(|(it, _)| it == verb).map(|(_, body)| body.clone()).collect()
    }

    /// How many calls of any verb there were.
    pub fn call_count(&self) -> usize {
        self.stage().calls.len()
    }

    /// Texts of the latest visitor's messages that `author` wrote.
    pub fn said_by(&self, author: &str) -> Vec<String> {
        let stage = self.stage();
        let messages = stage.visitors.get(&stage.latest).into_iter().flat_map(|visitor| &visitor.messages);
        messages
            .filter(|message| message["author"] == author)
            .map(|message| message["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Refuses the next call of `verb`; a `retry_after` of 0 is not sent.
    pub fn refuse(&self, verb: &'static str, status: u16, retry_after: u32) {
        self.stage().refusals.push_back(Refusal { verb, status, retry_after, after_the_deed: false });
    }

    /// Does what the next call of `verb` asks, but answers 502.
    pub fn lose_answer(&self, verb: &'static str) {
        let refusal = Refusal { verb, status: 502, retry_after: 0, after_the_deed: true };
        self.stage().refusals.push_back(refusal);
    }

    /// Ends all streams; those to come are as `streams` says.
    pub fn set_streams(&self, streams: Streams) {
        let mut stage = self.stage();
        stage.streams = streams;
        stage.round += 1;
        drop(stage);
        self.shared.tell();
    }

    /// Forgets every visitor, as a server does that was set up anew.
    pub fn forget_visitors(&self) {
        let mut stage = self.stage();
        stage.visitors.clear();
        stage.round += 1;
        drop(stage);
        self.shared.tell();
    }

    /// An operator takes the latest visitor's conversation.
    pub fn take_over(&self, name: &str) {
        self.change(|visitor| visitor.take_over(name));
    }

    /// The latest visitor waits for an operator.
    pub fn queue(&self) {
        self.change(Visitor::queue);
    }

    /// The operator begins or ends to type.
    pub fn operator_types(&self, typing: bool) {
        self.change(|visitor| visitor.set_typing(typing));
    }

    /// The operator writes.
    pub fn operator_says(&self, text: &str) {
        self.change(|visitor| visitor.operator_says(text));
    }

    /// The conversation is over.
    pub fn close(&self) {
        self.change(Visitor::close);
    }

    /// The bot writes.
    pub fn bot_says(&self, text: &str) {
        self.change(|visitor| visitor.bot_says(text));
    }

    fn change(&self, change: impl FnOnce(&mut Visitor)) {
        let mut stage = self.stage();
        let latest = stage.latest.clone();
        change(stage.visitors.get_mut(&latest).expect("a visitor came before"));
        drop(stage);
        self.shared.tell();
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.shared.stage()
    }
}

impl Shared {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().expect("nothing panics while it holds the stage")
    }

    fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    tokio::spawn(async { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path((_, verb)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut stage = shared.stage();
    // Recorded under the method's name: a journey sees it if a browser asks for consent first.
    stage.calls.push((if method == Method::POST { verb.clone() } else { method.to_string() }, call.clone()));
    let wanted = stage.refusals.iter().position(|refusal| refusal.verb == verb);
    let refusal = wanted.and_then(|index| stage.refusals.remove(index));
    let response = match &refusal {
        Some(refusal) if !refusal.after_the_deed => None,
        _ => Some(stage.act(&verb, &call, &shared)),
    };
    drop(stage);
    if matches!(verb.as_str(), "messages" | "end") {
        shared.tell();
    }
    let response = match (refusal, response) {
        (None, Some(response)) => response,
        (refusal, _) => refusal.map_or_else(|| problem(500, 0), |it| problem(it.status, it.retry_after)),
    };
    let origin = headers.get(header::ORIGIN).cloned();
    let mut response = if origin.is_some() { response } else { problem(403, 0) };
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = header::HeaderValue::from_static("retry-after");
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

impl Stage {
    fn act(&mut self, verb: &str, call: &Value, shared: &Arc<Shared>) -> Response {
        if verb == "open" {
            return self.open(call);
        }
        let token = call["token"].as_str().unwrap_or_default();
        let seen = call["cursor"].as_str().and_then(|cursor| cursor.parse().ok());
        let (streams, round) = (self.streams, self.round);
        let Some(visitor) = self.visitors.get_mut(token) else { return problem(401, 0) };
        match verb {
            "messages" => visitor.take(call),
            "end" => visitor.close(),
            "typing" => return StatusCode::NO_CONTENT.into_response(),
            "stream" => {
                return match streams {
                    Streams::Working => stream(Arc::clone(shared), token.to_owned(), seen, round),
                    Streams::Empty => ([(header::CONTENT_TYPE, "text/event-stream")], "").into_response(),
                    Streams::Refused => problem(502, 0),
                };
            }
            _ => {}
        }
        axum::Json(visitor.update(seen)).into_response()
    }

    fn open(&mut self, call: &Value) -> Response {
        let given = call["token"].as_str();
        if given.is_some_and(|token| !self.visitors.contains_key(token)) {
            return problem(401, 0);
        }
        // Tokens of before are never given again, also after everybody was forgotten.
        let token = given.map_or_else(|| format!("visitor-{}", self.calls.len()), str::to_owned);
        let visitor = self.visitors.entry(token.clone()).or_insert_with(Visitor::new);
        let mut answer = visitor.update(None);
        answer["token"] = token.as_str().into();
        answer["config"] = self.config.clone();
        self.latest = token;
        axum::Json(answer).into_response()
    }
}

fn problem(status: u16, retry_after: u32) -> Response {
    let code = match status {
        401 => "visitor_unknown",
        403 => "origin_not_allowed",
        422 => "invalid",
        429 => "too_many_requests",
        _ => "other",
    };
    let status = StatusCode::from_u16(status).expect("journeys refuse with real codes");
    let body =
        json!({"status": status.as_u16(), "code": code, "detail": "as the journey wished"}).to_string();
    let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
    if retry_after > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after.into());
    }
    response
}

/// What a stream has told so far.
struct Told {
    shared: Arc<Shared>,
    changes: watch::Receiver<u64>,
    token: String,
    seen: Option<usize>,
    typing: bool,
    round: u64,
    begun: bool,
}

fn stream(shared: Arc<Shared>, token: String, seen: Option<usize>, round: u64) -> Response {
    let mut changes = shared.changes.subscribe();
    changes.mark_changed();
    let told = Told { shared, changes, token, seen, typing: false, round, begun: false };
    let events = stream::unfold(told, async |mut told| {
        let text = told.next().await?;
        Some((Ok::<_, std::convert::Infallible>(text), told))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

impl Told {
    /// The next piece of the stream; None ends it.
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            self.begun = true;
            return Some(":\n\n".to_owned());
        }
        self.changes.changed().await.ok()?;
        let shared = Arc::clone(&self.shared);
        let stage = shared.stage();
        if stage.round != self.round {
            return None;
        }
        let visitor = stage.visitors.get(&self.token)?;
        if visitor.typing() != self.typing {
            self.typing = visitor.typing();
            // What else changed is told next.
            self.changes.mark_changed();
            return Some(format!("event: typing\ndata: {}\n\n", json!({"typing": self.typing})));
        }
        let update = visitor.update(self.seen);
        self.seen = Some(visitor.messages.len());
        let cursor = visitor.messages.len();
        Some(format!("id: {cursor}\nevent: update\ndata: {update}\n\n"))
    }
}

async fn show_page(State((shared, service)): State<(Arc<Shared>, String)>) -> impl IntoResponse {
    // Nothing but what the widget says that it needs; the style is the page's own.
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src {service}; connect-src {service}; \
         require-trusted-types-for 'script'; base-uri 'none'"
    );
    let headers = [(header::CONTENT_TYPE, "text/html".to_owned()), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, shared.stage().html.clone())
}

async fn show_style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], STYLE)
}

const PAGE: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Meridian Travel</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">{head}
<h1>Holidays that fit you</h1>
<p>Tell us what you like, and we plan the rest: trains, boats, houses with a view.</p>
<p><a href="/">All journeys</a></p>
{tag}
</html>"#;

/// A page with rules that would spoil whatever they reach.
const STYLE: &str = r"
body { margin: 0 auto; max-width: 46rem; padding: 3rem 1.5rem; font: 20px/1.6 Georgia, serif; color: #222; }
* { letter-spacing: .02em; }
button, textarea { background: hotpink !important; border: 6px dotted red !important; }
div, span, p { text-transform: capitalize; }
body > * { margin-bottom: 2rem; max-width: 30rem; transform: translateX(0); display: block; }
";
