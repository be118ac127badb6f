//! A visitor of a web page: opens the widget, has its stream open and answers what the bot asks, as fast as people do.
//!
//! What it says has a number of its own, which is also the browser's name of it, so that it is known when it came back.

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, sleep_until, timeout},
};

use super::{ORIGIN, events::Events};
use crate::{child::POLL, form::Dice, wire::Client};

/// Nothing takes longer, whatever else this machine does.
const PATIENCE: Duration = Duration::from_secs(60);
/// More messages than one visitor sends.
const EACH: u64 = 1_000_000;

/// Where the server is, which may start anew elsewhere.
pub type Whereabouts = watch::Receiver<SocketAddr>;

/// What one visitor noticed of its messages, by their numbers.
#[derive(Default)]
pub struct Notes {
    /// When each was to be sent, which counts and not when its turn came.
    pub posted: HashMap<u64, Instant>,
    /// When it stood in the answer.
    pub answered: HashMap<u64, Instant>,
    /// When it stood in the stream.
    pub streamed: HashMap<u64, Instant>,
    /// When a stream ended as it should.
    pub ended: Option<Instant>,
    /// What the stream has shown: the place in the conversation, and the number if it is the visitor's.
    shown: Vec<(u64, Option<u64>)>,
    cursor: Value,
}

/// A visitor with an open widget. Dropping it closes that.
pub struct Visitor {
    /// Its conversation, once there is one.
    pub conversation: Option<String>,
    number: u64,
    server: Whereabouts,
    client: Client,
    /// Where the endpoints of the bot are.
    path: String,
    token: String,
    cursor: Value,
    /// What the bot asked last.
    ask: Value,
    said: u64,
    notes: Arc<Mutex<Notes>>,
    listening: JoinHandle<()>,
}

impl Visitor {
    /// Opens the widget of the bot with that public key, and its stream.
    pub async fn open(number: u64, server: Whereabouts, bot: &str) -> Self {
        let path = format!("//w/{bot}");
        let mut client = Client::of_page(*server.borrow(), ORIGIN);
        let opened = client.post(&format!("{path}/open"), "{}", 200).await;
        let token = opened["token"].as_str().expect("a visitor gets a token").to_owned();
        let notes = Arc::new(Mutex::new(Notes { cursor: opened["cursor"].clone(), ..Notes::default() }));
        let listening =
            tokio::spawn(listen(server.clone(), format!("{path}/stream"), token.clone(), Arc::clone(&notes)));
        let mut visitor = Self {
            conversation: None,
            number,
            server,
            client,
            path,
            token,
            cursor: Value::Null,
            ask: Value::Null,
            said: 0,
            notes,
            listening,
        };
        visitor.take(&opened);
        visitor
    }

    /// Keeps what an answer says.
    fn take(&mut self, update: &Value) {
        self.cursor = update["cursor"].clone();
        self.conversation = update["conversation"].as_str().map(str::to_owned);
        let messages = update["messages"].as_array().expect("an update has messages");
        if let Some(asking) = messages.iter().rfind(|message| message["ask"].is_object()) {
            self.ask = asking["ask"].clone();
        }
    }

    /// Says something now and then until `end`, each time after a random pause of so many milliseconds.
    pub async fn talk(&mut self, pauses: Range<u64>, end: Instant, dice: &Dice) {
        let mut at = Instant::now() + Duration::from_millis(dice.below(pauses.end));
        while at < end {
            sleep_until(at.into()).await;
            self.say(at).await;
            at += dice.millis(pauses.start, pauses.end);
        }
    }

    /// Says what was to be said at that instant; without an answer it is said again.
    async fn say(&mut self, at: Instant) {
        let number = self.number * EACH + self.said;
        self.said += 1;
        self.notes().posted.insert(number, at);
        let mut body = self.reply();
        body["token"] = self.token.clone().into();
        body["cursor"] = self.cursor.clone();
        body["id"] = number.to_string().into();
        let (path, body) = (format!("{}/messages", self.path), body.to_string());
        let answer = loop {
            if let Ok(answer) = self.client.call("POST", &path, None, &body).await {
                break answer;
            }
            assert!(at.elapsed() < PATIENCE, "the server does not answer");
            sleep(POLL).await;
            let server = *self.server.borrow();
            self.client.turn_to(server);
        };
        let came = Instant::now();
        let update = answer.expect(200);
        let messages = update["messages"].as_array().expect("an update has messages");
        assert!(messages.iter().any(|it| own(it) == Some(number)), "{update}");
        self.notes().answered.insert(number, came);
        self.take(&update);
    }

    /// An answer that the bot accepts; buttons are pressed or typed in turn.
    fn reply(&self) -> Value {
        let ask = &self.ask;
        let (first, question) = (&ask["choices"][0], &ask["question"]);
        let text = match ask["kind"].as_str() {
            _ if first.is_object() && self.said.is_multiple_of(2) => {
                return json!({"choice": first["value"], "question": question});
            }
            _ if first.is_object() => first["label"].as_str().expect("a choice has a label"),
            _ if ask["optional"] == true => return json!({"skip": true, "question": question}),
            Some("date") => "2099-05-17",
            Some("number") => "2",
            Some("name") => "Ada Example",
            Some("email") => "ada@example.com",
            _ => "Lisbon",
        };
        json!({ "text": text })
    }

    /// What it noticed so far.
    pub fn notes(&self) -> MutexGuard<'_, Notes> {
        lock(&self.notes)
    }

    /// Waits until all that was said stood in the stream, which must then have shown every message once and in order.
    pub async fn finish(&self) {
        let all = async {
            while !self.notes().is_whole() {
                sleep(POLL).await;
            }
        };
        assert!(
            timeout(PATIENCE, all).await.is_ok(),
            "some of what visitor {} said is not shown",
            self.number
        );
        let notes = self.notes();
        let places = notes.shown.iter().map(|(place, _)| *place);
        assert!(places.eq(1..=notes.shown.len() as u64), "{:?}", notes.shown);
        let own = notes.shown.iter().filter_map(|(_, own)| *own);
        assert!(own.eq((0..self.said).map(|said| self.number * EACH + said)), "{:?}", notes.shown);
    }

    /// Asks for the whole conversation: what the visitor said stands in it once and in order.
    pub async fn check_stored(&mut self) {
        let body = json!({"token": self.token, "cursor": "none.0"}).to_string();
        let all = self.client.post(&format!("{}/updates", self.path), &body, 200).await;
        let messages = all["messages"].as_array().expect("an update has messages");
        let stored: Vec<_> = messages.iter().filter_map(own).collect();
        assert!(stored.iter().copied().eq((0..self.said).map(|said| self.number * EACH + said)), "{all}");
    }

    /// Says one thing after the other on a connection of its own, as fast as it can and caring for no answer: the
    /// status of each, how long to wait if it says so, and how long it took.
    pub async fn flood(&self, connection: u64, end: Instant) -> Vec<(u16, Option<u64>, Duration)> {
        let mut client = Client::of_page(*self.server.borrow(), ORIGIN);
        let (path, mut answers) = (format!("{}/messages", self.path), Vec::new());
        while Instant::now() < end {
            let id = format!("{connection}-{}", answers.len());
            let body =
                json!({"token": self.token, "cursor": self.cursor, "id": id, "text": "more"}).to_string();
            let began = Instant::now();
            let answer = client.call("POST", &path, None, &body).await.expect("the server answers");
            let wait = answer.header("retry-after").and_then(|wait| wait.parse().ok());
            answers.push((answer.status, wait, began.elapsed()));
        }
        answers
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Notes {
    fn is_whole(&self) -> bool {
        self.posted.keys().all(|number| self.streamed.contains_key(number))
    }

    fn show(&mut self, update: &Value, came: Instant) {
        if update["reset"] == true {
            self.shown.clear();
        }
        self.cursor = update["cursor"].clone();
        for message in update["messages"].as_array().expect("an update has messages") {
            let own = own(message);
            self.shown.push((message["seq"].as_u64().expect("a message has its place"), own));
            if let Some(number) = own {
                self.streamed.entry(number).or_insert(came);
            }
        }
    }
}

/// The number of a message that this visitor sent.
fn own(message: &Value) -> Option<u64> {
    message["client_id"].as_str()?.parse().ok()
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the stream; when the server ends it, goes on where it was as soon as there is another.
async fn listen(mut server: Whereabouts, path: String, token: String, notes: Arc<Mutex<Notes>>) {
    loop {
        let address = *server.borrow_and_update();
        let body = json!({"token": token, "cursor": lock(&notes).cursor}).to_string();
        let stream = Client::of_page(address, ORIGIN).follow("POST", &path, &body).await;
        let mut events = Events::open(stream.expect("the server listens")).await.expect("the stream opens");
        while let Some(event) = events.next().await.expect("the stream is not cut off") {
            let came = Instant::now();
            if event.name == "update" {
                let update = serde_json::from_str(&event.data).expect("an update is JSON");
                lock(&notes).show(&update, came);
            }
        }
        lock(&notes).ended = Some(Instant::now());
        if server.changed().await.is_err() {
            return;
        }
    }
}
