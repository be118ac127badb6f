//! What the system gives: one server to a file, few open files, and nobody who reads what is logged.

use std::{
    io::{PipeReader, PipeWriter, Write, pipe},
    net::SocketAddr,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use domain::Secret;
use serde_json::json;
use suite::TestStore;
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
    time::{sleep, timeout},
};

use crate::{
    child::{POLL, Place, Server, about, make_key, output, serve},
    form,
    inbox::Inbox,
    scene::{Plan, Scene, make_webhook},
    wire::Client,
};

/// So many files the server may have open, and so many connections it is offered besides its own.
const FILES: &str = "128";
const CONNECTIONS: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_file_is_refused_in_words_by_whatever_path_it_comes() {
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    let key = make_key(&place, "read").await;
    let (server, address) = Server::start(serve(&place, &[])).await;
    let link = store.folder().join("link.db");
    symlink(store.folder().join("leadpost.db"), &link).expect("a link can be made");
    let winding =
        store.folder().join("../").join(store.folder().file_name().expect("a name")).join("leadpost.db");
    for path in [Place::of(&store), Place::file(&winding), Place::file(&link)] {
        let mut second = serve(&path, &[]);
        // Wherever the link points to, its key is the same.
        second.env("LEADPOST_SECRETS__KEY_FILE", store.key_file());
        let second = timeout(Duration::from_secs(10), output(second)).await;
        let second = second.unwrap_or_else(|_| panic!("{} is served twice", path.store));
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert_eq!(second.status.code(), Some(1), "{said}");
        assert!(said.contains("another process serves"), "{said}");
    }
    Client::new(address, &key).get("/ledger").await;
    server.kill().await;
    // A lock does not outlive its process.
    let (next, address) = Server::start(serve(&place, &[])).await;
    Client::new(address, &key).get("/ledger").await;
    next.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_too_few_files_recovers_and_blames_no_receiver_for_it() {
    let plan = Plan { slowness: (20, 120), open_files: Some(FILES), ..Plan::default() };
    let scene = Scene::start(TestStore::sqlite(), plan).await;
    let mut offered = Vec::new();
    for round in 1..=form::times(1, 5) {
        let (address, begun) = (scene.address(), Instant::now());
        for _ in 0..CONNECTIONS {
            offered.push(TcpStream::connect(address).await.expect("the kernel takes it"));
        }
        while !scene.server().log().contains("no connection can be accepted right now") {
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "{CONNECTIONS} connections fit into {FILES} files"
            );
            sleep(POLL).await;
        }
        sleep(Duration::from_secs(3)).await;
        offered.clear();
        let ready = async {
            while Client::new(address, &scene.key).call("GET", "/ledger", None, "").await.is_err() {
                sleep(POLL).await;
            }
        };
        timeout(Duration::from_secs(10), ready).await.expect("it accepts again");
        let webhooks = scene.client().get("/webhooks").await;
        let states: Vec<_> =
            webhooks["items"].as_array().expect("a list").iter().map(|it| &it["state"]).collect();
        assert!(states.iter().all(|state| *state == "active"), "round {round}: {states:?}");
    }
    let log = scene.server().log();
    let warnings = log.lines().filter(|line| line.contains("no connection can be accepted")).count();
    let figures = scene.finish(1).await;
    println!("{FILES} files: {warnings} times none could be accepted; {figures}");
    assert_eq!(figures.number("duplicates"), 0, "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_log_nobody_reads_goes_on_delivering() {
    const EVENTS: usize = 500;
    let store = TestStore::sqlite();
    let (place, secret) = (Place::of(&store), Secret::from_bytes(&[7; 32]));
    let key = make_key(&place, "admin").await;
    let inbox = Inbox::start(&secret, (0, 1)).await;
    let (address, closed) = (free_address().await, free_address().await);
    let mut command = about(&place, &["serve", "--listen", &address.to_string()]);
    command.env("LEADPOST_EGRESS__ALLOW_HTTP", "true").env("LEADPOST_EGRESS__ALLOW_NETWORKS", "127.0.0.0/8");
    let (unread, full) = full_pipe();
    command.stdout(full.try_clone().expect("a pipe can be shared")).stderr(full);
    let mut server = command.spawn().expect("the server can be started");
    let delivered = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(POLL).await;
        }
        let mut client = Client::new(address, &key);
        make_webhook(&mut client, &inbox.url(0), &secret, json!({})).await;
        // It is held after ten failures, which is worth a line in the log.
        let more = json!({"max_in_flight": 1});
        let dead = make_webhook(&mut client, &format!("http://{closed}/"), &secret, more).await;
        for number in 0..EVENTS {
            let data = json!({"name": null, "email": null, "phone": null, "number": number});
            let event = json!({"type": "Contact Information", "data": data});
            client.post("/events", &event.to_string(), 202).await;
        }
        let mut distinct = inbox.distinct();
        let came = distinct.wait_for(|count| *count == EVENTS).await.map(|count| *count);
        while client.get(&format!("/webhooks/{dead}")).await["state"] != "held" {
            sleep(POLL).await;
        }
        let figures = client.call("GET", "//metrics", None, "").await.expect("the server answers").text();
        assert!(figures.contains("leadpost_log_lines_dropped_total 0"), "there is room for a few: {figures}");
        came.expect("the inbox lives")
    };
    let delivered = timeout(Duration::from_secs(30), delivered).await;
    let stopped = stop(&mut server).await;
    assert_eq!(delivered, Ok(EVENTS), "what cannot be logged holds up what is to be delivered");
    assert_eq!(stopped, Some(0), "it stops as ever");
    drop(unread);
}

/// A pipe that takes nothing more, with the end that nobody reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (unread, mut full) = pipe().expect("a pipe can be made");
    // As much as the kernel takes without being asked for more.
    full.write_all(&[b'\n'; 64 * 1024]).expect("a pipe can be written to");
    (unread, full)
}

/// Asks it to stop; its exit code, if it ends within the time that a stop may take.
async fn stop(server: &mut tokio::process::Child) -> Option<i32> {
    let id = server.id().expect("it runs");
    Command::new("sh")
        .args(["-c", &format!("kill -s TERM {id}")])
        .status()
        .await
        .expect("a shell can be started");
    timeout(Duration::from_secs(22), server.wait()).await.ok()?.expect("it can be waited for").code()
}

/// An address that was free a moment ago.
async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    listener.local_addr().expect("a bound listener has an address")
}
