//! A DNS server that answers as a scenario tells it, over UDP and TCP (RFC 1035), and remembers what it was asked.
//!
//! It knows A, AAAA and CNAME records. An answer that does not fit into a datagram is cut off there and has to be
//! fetched over TCP.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
};

/// More does not go into one datagram for somebody who does not ask for more (RFC 1035, section 4.2.1).
const DATAGRAM: usize = 512;

/// Response codes.
pub const SERVFAIL: u8 = 2;
pub const NXDOMAIN: u8 = 3;
pub const REFUSED: u8 = 5;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

/// A question: the name in lower case without a dot at its end, and the type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// Such as `hooks.example.com`.
    pub name: String,
    kind: u16,
}

impl Question {
    /// One for IPv4 addresses.
    pub fn v4(name: &str) -> Self {
        Self { name: name.to_owned(), kind: A }
    }

    /// One for IPv6 addresses.
    pub fn v6(name: &str) -> Self {
        Self { name: name.to_owned(), kind: AAAA }
    }

    /// Whether it asks for IPv4 addresses.
    pub fn is_v4(&self) -> bool {
        self.kind == A
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// These records, which anybody may keep for no time at all.
    Records(Vec<Record>),
    /// No record, and this code.
    Code(u8),
    /// Nothing fits: cut off in the datagram, and the connection for the rest is closed.
    Cut,
    /// Nothing.
    Silence,
}

/// A record: its owner and what it leads to.
#[derive(Clone, Debug)]
pub struct Record {
    owner: String,
    data: Data,
}

#[derive(Clone, Debug)]
enum Data {
    Address(IpAddr),
    Name(String),
}

impl Record {
    /// An address.
    pub fn address(owner: &str, address: IpAddr) -> Self {
        Self { owner: owner.to_owned(), data: Data::Address(address) }
    }

    /// Another name.
    pub fn alias(owner: &str, name: &str) -> Self {
        Self { owner: owner.to_owned(), data: Data::Name(name.to_owned()) }
    }
}

/// How a name is answered: from the question, and how often it was asked before.
type Script = Arc<dyn Fn(&Question, usize) -> Reply + Send + Sync>;

/// The server.
pub struct Dns {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By name; that for all other names has the empty one.
    scripts: HashMap<String, Script>,
    counts: HashMap<Question, usize>,
    asked: Vec<Question>,
}

impl Dns {
    /// Listens there; no name exists yet.
    pub async fn start(address: SocketAddr) -> Self {
        let udp = UdpSocket::bind(address).await.expect("the honeypot has every address");
        let tcp = TcpListener::bind(address).await.expect("the honeypot has every address");
        let shared = Arc::<Shared>::default();
        tokio::spawn(serve_udp(udp, Arc::clone(&shared)));
        tokio::spawn(serve_tcp(tcp, Arc::clone(&shared)));
        Self { shared }
    }

    /// From now on, answers that name this way; the empty name stands for all that have no answer of their own.
    pub fn answer(&self, name: &str, script: impl Fn(&Question, usize) -> Reply + Send + Sync + 'static) {
        self.shared.state().scripts.insert(name.to_owned(), Arc::new(script));
    }

    /// From now on, that name has these addresses.
    pub fn point(&self, name: &str, addresses: &[&str]) {
        let addresses: Vec<IpAddr> =
            addresses.iter().map(|ip| ip.parse().expect("an address is written in full")).collect();
        self.answer(name, move |question, _| {
            let wanted = addresses.iter().filter(|ip| ip.is_ipv4() == question.is_v4());
            Reply::Records(wanted.map(|ip| Record::address(&question.name, *ip)).collect())
        });
    }

    /// What it was asked since the last time, in the order in which it came.
    pub fn asked(&self) -> Vec<Question> {
        std::mem::take(&mut self.shared.state().asked)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, question: &Question) -> Reply {
        let mut state = self.state();
        state.asked.push(question.clone());
        let script = state.scripts.get(&question.name).or_else(|| state.scripts.get("")).cloned();
        let Some(script) = script else { return Reply::Code(NXDOMAIN) };
        let count = state.counts.entry(question.clone()).or_default();
        let before = std::mem::replace(count, *count + 1);
        drop(state);
        script(question, before)
    }

    /// The bytes of an answer; None if there is none.
    fn respond(&self, query: &[u8], limit: usize) -> Option<Vec<u8>> {
        let (question, end) = read_question(query)?;
        let (code, cut, records) = match self.reply(&question) {
            Reply::Records(records) => (0, false, records),
            Reply::Code(code) => (code, false, Vec::new()),
            Reply::Cut if limit > DATAGRAM => return None,
            Reply::Cut => (0, true, Vec::new()),
            Reply::Silence => return None,
        };
        let bytes = write_answer(query, end, code, cut, &records);
        if bytes.len() <= limit { Some(bytes) } else { Some(write_answer(query, end, code, true, &[])) }
    }
}

async fn serve_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let mut buffer = [0; 4_096];
    // What cannot be sent is as if it was lost on its way.
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = shared.respond(&buffer[..length], DATAGRAM) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // A connection that breaks is the asker's business.
        tokio::spawn(async move { drop(serve_stream(stream, &shared).await) });
    }
}

async fn serve_stream(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    loop {
        let mut query = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut query).await?;
        let Some(answer) = shared.respond(&query, usize::from(u16::MAX)) else { return Ok(()) };
        let length = u16::try_from(answer.len()).expect("it was cut to fit");
        stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await?;
    }
}

/// The one question of a message and where it ends; None for what is no query.
fn read_question(message: &[u8]) -> Option<(Question, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*message.get(at)?);
        let label = message.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
    }
    let kind = u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?);
    Some((Question { name: labels.join("."), kind }, at + 4))
}

fn write_answer(query: &[u8], end: usize, code: u8, cut: bool, records: &[Record]) -> Vec<u8> {
    let mut bytes = query[..2].to_vec();
    // A response with recursion; RFC 1035, section 4.1.1.
    bytes.extend([0x81 | if cut { 0x02 } else { 0 }, 0x80 | code]);
    let count = u16::try_from(records.len()).expect("fewer records than can be counted");
    for section in [1, count, 0, 0] {
        bytes.extend(section.to_be_bytes());
    }
    bytes.extend(&query[12..end]);
    for record in records {
        let (kind, data) = match &record.data {
            Data::Address(IpAddr::V4(ip)) => (A, ip.octets().to_vec()),
            Data::Address(IpAddr::V6(ip)) => (AAAA, ip.octets().to_vec()),
            Data::Name(name) => (CNAME, write_name(name)),
        };
        bytes.extend(write_name(&record.owner));
        bytes.extend([kind, 1, 0, 0].map(u16::to_be_bytes).as_flattened());
        bytes.extend(u16::try_from(data.len()).expect("a short record").to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

fn write_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a label is short"));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}
