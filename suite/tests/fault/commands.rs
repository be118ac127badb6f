//! Commands beside a running server, and several at once on a store that is not there yet.

use std::{
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use app::StoreUrl;
use serde_json::Value;
use suite::{
    TestStore,
    store::{postgres_server, skipped},
    stores,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};
use tokio_postgres::NoTls;

use crate::{
    child::{POLL, Place, Server, about, leadpost, make_key, output, run, serve},
    wire::{Client, Message, Wire},
};

/// How soon a revoked key must be refused.
const REVOKED: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn two_demos_at_once_verify_their_deliveries_and_leave_nothing_behind() {
    let folder = TempDir::new().expect("a temporary folder");
    let demo = || {
        let mut command = leadpost(&["demo", "--once"]);
        command.env("TMPDIR", folder.path());
        output(command)
    };
    let (one, two) = tokio::join!(demo(), demo());
    for shown in [one, two] {
        assert_eq!(shown.status.code(), Some(0), "{shown:?}");
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(text.contains("signatures are right"), "{text}");
    }
    let left: Vec<_> = folder.path().read_dir().expect("the folder is there").collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The path and the query of the first link in a text.
fn link_in(text: &str, page: &str) -> String {
    let start = text.find(page).unwrap_or_else(|| panic!("no link to {page} in {text}"));
    text[start..].split_whitespace().next().expect("a link").to_owned()
}

/// What a browser gets that fills in the form behind a link.
async fn submit(address: SocketAddr, link: &str, form: &str) -> Message {
    let (page, token) = link.split_once("?token=").expect("a token");
    let body = format!("token={token}&{form}");
    let request = format!(
        "POST {page} HTTP/1.1\r\nhost: x\r\norigin: http://{address}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    let mut wire = Wire::new(stream).expect("a connection");
    wire.write(request.as_bytes()).await.expect("the request is sent");
    wire.read().await.expect("the answer is read").expect("there is one")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_member_comes_by_the_link_that_the_server_prints_and_others_by_commands_beside_it() {
    for store in stores().await {
        let place = Place::of(&store);
        let (server, address) = Server::start(serve(&place, &[])).await;
        let began = Instant::now();
        while !server.log().contains("?token=") {
            assert!(began.elapsed() < Duration::from_secs(30), "no link is printed: {}", server.log());
            sleep(POLL).await;
        }
        let log = server.log();
        let link = link_in(&log, "/set-up?token=lpl_");
        assert!(log.contains(&format!("http://{address}{link}")), "{log}");
        let form = "name=Omar&email=omar%40example.com&account=Acme&password=seven+green+lanterns";
        let answer = submit(address, &link, form).await;
        assert!(answer.start.contains("303"), "{} {}", answer.start, String::from_utf8_lossy(&answer.body));

        let add = ["member", "add", "--email", "devi@example.com", "--role", "admin"];
        let link = link_in(&run(about(&place, &add)).await, "/join?token=lpl_");
        let answer = submit(address, &link, "name=Devi&password=eight+yellow+umbrellas").await;
        assert!(answer.start.contains("303"), "{}", answer.start);

        let reset = ["member", "reset-password", "--email", "Devi@Example.com"];
        let link = link_in(&run(about(&place, &reset)).await, "/new-password?token=lpl_");
        let answer = submit(address, &link, "password=nine+purple+dinosaurs").await;
        assert!(answer.header("location").is_some_and(|it| it.starts_with("/sign-in")), "{}", answer.start);
        let unknown = about(&place, &["member", "reset-password", "--email", "nobody@example.com"]);
        assert_eq!(output(unknown).await.status.code(), Some(1));

        // Its lock is gone when it is.
        server.kill().await;
        let (server, _) = Server::start(serve(&place, &[])).await;
        // By then all that a start has to say is said.
        run(about(&place, &["member", "add", "--email", "new@example.com", "--role", "viewer"])).await;
        assert!(!server.log().contains("?token="), "{}", server.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_at_once_and_a_revoked_one_fails_within_a_second() {
    for store in stores().await {
        let place = Place::of(&store);
        let (server, address) = Server::start(serve(&place, &[])).await;
        for _ in 0..3 {
            let key = make_key(&place, "read").await;
            let mut client = Client::new(address, &key);
            client.get("/ledger").await;
            let keys = run(about(&place, &["key", "list"])).await;
            let newest =
                keys.lines().last().and_then(|line| line.split('\t').next()).expect("a key is listed");
            run(about(&place, &["key", "revoke", newest])).await;
            let (revoked, mut used) = (Instant::now(), 0);
            loop {
                let asked = revoked.elapsed();
                let answer = client.call("GET", "/ledger", None, "").await.expect("the server answers");
                if answer.status == 401 {
                    break;
                }
                assert!(
                    asked < REVOKED,
                    "{}: the key still works {asked:?} after it was revoked",
                    store.engine
                );
                used += 1;
                sleep(POLL).await;
            }
            println!("{}: refused {:.0?} after, used {used} times", store.engine, revoked.elapsed());
        }
        server.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_on_a_store_works_beside_its_server() {
    for store in stores().await {
        let place = Place::of(&store);
        let (server, address) = Server::start(serve(&place, &[])).await;
        let key = make_key(&place, "read").await;
        for words in [
            &["key", "list"][..],
            &["key", "list", "--json"],
            &["account", "list"],
            &["account", "list", "--json"],
            &["member", "list", "--json"],
            &["ledger"],
            &["ledger", "--json", "--verify"],
            &["doctor"],
            &["doctor", "--deep"],
            &["migrate"],
            &["account", "create", "--name", "Second"],
        ] {
            let done = output(about(&place, words)).await;
            assert_eq!(done.status.code(), Some(0), "{} {words:?}: {done:?}", store.engine);
            assert!(!done.stdout.is_empty(), "{words:?} prints nothing");
            if words.contains(&"list") && words.contains(&"--json") {
                let shown: Value = serde_json::from_slice(&done.stdout).expect("JSON");
                let number = if words[0] == "member" { 0 } else { 1 };
                assert_eq!(shown["items"].as_array().map(Vec::len), Some(number), "{words:?}: {shown}");
            }
        }
        Client::new(address, &key).get("/ledger").await;
        server.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_members_are_listed_one_a_line_whatever_they_are_called() {
    for store in stores().await {
        let place = Place::of(&store);
        let long = "Reisebüro Weltreise & Söhne 世界旅行 ".repeat(5).trim_end().to_owned();
        for name in ["Acme", &long] {
            run(about(&place, &["account", "create", "--name", name])).await;
        }
        let accounts = run(about(&place, &["account", "list"])).await;
        let lines: Vec<&str> = accounts.lines().collect();
        assert_eq!(lines.len(), 2, "{}: {accounts}", store.engine);
        let id = |line: &str| line.split_whitespace().next().expect("an id").to_owned();
        assert!(lines[0].starts_with("acc_") && lines[0].ends_with("  UTC  Acme"), "{accounts}");
        assert!(lines[1].ends_with(&format!("  UTC  {long}")), "{accounts}");

        let none = output(about(&place, &["member", "list"])).await;
        assert!(none.status.success() && none.stdout.is_empty() && !none.stderr.is_empty(), "{none:?}");
        let (server, address) = Server::start(serve(&place, &[])).await;
        for (account, email, name) in
            [("Acme", "omar@example.com", "Omar"), (&*long, "zoë.fernández@example.com", "Zoë 世 Fernández")]
        {
            let add = ["member", "add", "--email", email, "--role", "admin", "--account", account];
            let link = link_in(&run(about(&place, &add)).await, "/join?token=lpl_");
            let form = format!("name={name}&password=eight+yellow+umbrellas");
            let answer = submit(address, &link, &form).await;
            assert!(
                answer.start.contains("303"),
                "{} {}",
                answer.start,
                String::from_utf8_lossy(&answer.body)
            );
        }
        let members = run(about(&place, &["member", "list"])).await;
        let [omar, zoe] = members.lines().collect::<Vec<_>>().try_into().expect("two lines");
        for (line, account) in [(omar, lines[0]), (zoe, lines[1])] {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(
                words[0].starts_with("mem_") && words[1..4] == ["admin", "active", &id(account)],
                "{line}"
            );
        }
        assert!(omar.ends_with("omar@example.com           Omar"), "{members}");
        assert!(zoe.ends_with("zoë.fernández@example.com  Zoë 世 Fernández"), "{members}");
        let only = run(about(&place, &["member", "list", "--account", &id(lines[1]), "--json"])).await;
        let only: Value = serde_json::from_str(&only).expect("JSON");
        assert_eq!(only["items"].as_array().map(Vec::len), Some(1), "{only}");
        assert_eq!(only["items"][0]["email"], "zoë.fernández@example.com");
        assert_eq!(
            (&only["items"][0]["role"], &only["items"][0]["disabled_at"]),
            (&"admin".into(), &Value::Null)
        );
        server.kill().await;
    }
}

/// A webhook whose receiver is not there, held after ten events that nobody took.
async fn held(client: &mut Client) -> String {
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port");
    let body = format!(
        r#"{{"name":"Bücher CRM","url":"http://{nobody}/in","event_types":["Chat Transcript"],"retry":"3d"}}"#
    );
    let webhook = client.post("/webhooks", &body, 201).await;
    let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));
    for failures in 1..=10 {
        let event = r#"{"type":"Chat Transcript","data":{"chat_transcript":""}}"#;
        client.post("/events", event, 202).await;
        let begun = Instant::now();
        loop {
            let shown = client.get(&path).await;
            if shown["state"] == "held" {
                return webhook["id"].as_str().expect("an id").to_owned();
            }
            if shown["failures_in_row"].as_u64() >= Some(failures) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{shown}");
            sleep(POLL).await;
        }
    }
    panic!("ten failures in a row do not hold it");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_held_webhook_and_says_what_it_looks_at() {
    for store in stores().await {
        let place = Place::of(&store);
        let (server, address) = Server::start(serve(&place, &[])).await;
        let mut client = Client::new(address, &make_key(&place, "admin").await);
        let healthy = run(about(&place, &["doctor"])).await;
        assert!(healthy.contains("ok    webhooks  none yet"), "{healthy}");
        let id = held(&mut client).await;
        let mut doctor = about(&place, &["doctor"]);
        doctor.env("LEADPOST_LOG__LEVEL", "error");
        let said = run(doctor).await;
        for expected in [
            &format!("WARN  webhooks  \"Bücher CRM\" ({id}) is held since 2")[..],
            " deliveries wait, next probe 2",
            "Last failed attempt: No connection could be opened",
            &format!("POST /api/v1/webhooks/{id}/resume"),
        ] {
            assert!(said.contains(expected), "{}: {expected:?} is not in {said}", store.engine);
        }
        let head: Vec<&str> = said.lines().take(2).collect();
        assert!(head[0].contains("LEADPOST_LOG__LEVEL") && head[0].contains("no file"), "{said}");
        assert!(head[0].contains("flags for store.url"), "{said}");
        let place = store.url.to_string();
        assert!(head[1].starts_with("ok    looks at ") && head[1].contains(&place), "{place}: {said}");
        server.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_reader_has_gone_ends_quietly() {
    let store = TestStore::sqlite();
    let place = Place::of(&store);
    make_key(&place, "read").await;
    let copy = store.folder().join("copy.db").display().to_string();
    for words in [
        &["doctor"][..],
        &["key", "list"],
        &["account", "list"],
        &["member", "list", "--json"],
        &["key", "create", "--name", "second"],
        &["ledger"],
        &["ledger", "--json"],
        &["migrate"],
        &["account", "create", "--name", "Second"],
        &["backup", "--to", &copy],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let mut command = about(&place, words);
        command.stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().expect("the binary can be started");
        let done = child.wait_with_output().await.expect("it ends");
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(141), "{words:?}: {said}");
        assert!(!said.contains("error") && !said.contains("panicked"), "{words:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_counted_among_the_figures() {
    for store in stores().await {
        let place = Place::of(&store);
        let (server, address) = Server::start(serve(&place, &[])).await;
        let key = make_key(&place, "manage").await;
        let mut client = Client::new(address, &key);
        let body = r#"{"name":"CRM","url":"https://hooks.example.com/in","event_types":["Chat Transcript"]}"#;
        let webhook = client.post("/webhooks", body, 201).await;
        let id = webhook["id"].as_str().expect("an id");
        for (to, notices) in [("pause", 0), ("disable", 1), ("resume", 1), ("disable", 2)] {
            client.post(&format!("/webhooks/{id}/{to}"), "", 200).await;
            let wanted = format!("\nleadpost_webhook_notices_total {notices}\n");
            let begun = Instant::now();
            while !client
                .call("GET", "//metrics", None, "")
                .await
                .expect("an answer")
                .text()
                .contains(&wanted)
            {
                assert!(
                    begun.elapsed() < Duration::from_secs(20),
                    "{}: not {wanted:?} after {to}",
                    store.engine
                );
                sleep(POLL).await;
            }
        }
        server.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_two_first_keys_at_the_same_moment_make_one_account() {
    let Some(server) = postgres_server() else {
        return skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; SQLite has but one writer");
    };
    let store = TestStore::postgres(server).await;
    let (place, StoreUrl::Postgres(url)) = (Place::of(&store), &store.url) else { unreachable!("just made") };
    run(about(&place, &["migrate"])).await;
    let connect = async || {
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
        tokio::spawn(connection);
        client
    };
    let (held, watching) = (connect().await, connect().await);
    // Both have looked and found nothing before either can write.
    held.batch_execute("begin; lock table account in share mode").await.expect("nobody else holds it");
    let release = async {
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        while watching.query_one(waiting, &[]).await.expect("a count").get::<_, i64>(0) < 2 {
            sleep(POLL).await;
        }
        held.batch_execute("commit").await.expect("the lock is given back");
    };
    let (one, two, ()) = tokio::join!(make_key(&place, "read"), make_key(&place, "read"), release);
    assert_ne!(one, two);
    let third = output(about(&place, &["key", "create", "--name", "third"])).await;
    assert_eq!(third.status.code(), Some(0), "there is one account, so none need be named: {third:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_started_at_once_on_an_empty_store_make_one_store_with_one_account() {
    for _ in 0..5 {
        for store in stores().await {
            let place = Place::of(&store);
            let mut server = Server::spawn(serve(&place, &[]));
            let key = || make_key(&place, "read");
            let (one, two, three) = tokio::join!(key(), key(), key());
            let address = server.ready().await;
            for key in [&one, &two, &three] {
                Client::new(address, key).get("/ledger").await;
            }
            let keys = run(about(&place, &["key", "list"])).await;
            let accounts: Vec<_> = keys.lines().filter_map(|line| line.split('\t').nth(4)).collect();
            assert_eq!(accounts.len(), 3, "{}: {keys}", store.engine);
            assert!(accounts.iter().all(|account| *account == accounts[0]), "{}: {keys}", store.engine);
            server.kill().await;
        }
    }
}
