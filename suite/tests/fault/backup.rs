//! A backup taken under load, put back elsewhere; and keys that do not belong to their store.

use std::{collections::HashSet, fs, path::Path};

use serde_json::Value;
use suite::TestStore;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    child::{POLL, Place, Server, about, make_key, output, run, serve},
    scene::{HOOKS, Plan, Scene, wait_for_acked},
    wire::Client,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_under_load_delivers_what_was_pending_in_it() {
    let plan = Plan { slowness: (1, 10), accounts: 1, ..Plan::default() };
    let mut scene = Scene::start(TestStore::sqlite(), plan).await;
    let mut client = scene.client();
    let webhooks = client.get("/webhooks").await;
    let late = webhooks["items"][0]["id"].as_str().expect("newest first").to_owned();
    client.post(&format!("/webhooks/{late}/pause"), "", 200).await;
    wait_for_acked(&scene, 100).await;

    let before: HashSet<String> = scene.load.look(super::load::Book::ids);
    let folder = TempDir::new().expect("a temporary folder");
    let copy = folder.path().join("copy.db");
    let to = copy.to_str().expect("UTF-8");
    let names = run(about(&scene.place, &["backup", "--to", to])).await;
    assert_eq!(names, format!("{to}\n{to}.key\n"));
    scene.load.widen();
    wait_for_acked(&scene, 20).await;
    scene.load.finish().await;
    scene.kill().await;

    let restored = TempDir::new().expect("a temporary folder");
    let place = put_back(&copy, Some(&folder.path().join("copy.db.key")), restored.path());
    let doctor = output(about(&place, &["doctor", "--deep"])).await;
    assert_eq!(doctor.status.code(), Some(0), "{doctor:?}");
    let (server, address) = Server::start(serve(&place, &[])).await;
    let mut client = Client::new(address, &scene.key);
    let ledger = client.get("/ledger").await;
    assert_eq!(ledger["balanced"], true, "{ledger}");
    let pending = ledger["pending"].as_u64().expect("a number");
    client.post(&format!("/webhooks/{late}/resume"), "", 200).await;
    while client.get("/ledger").await["pending"] != 0 {
        sleep(POLL).await;
    }
    let events = event_ids(&mut client).await;
    let source: HashSet<String> = scene.load.look(super::load::Book::ids);
    assert!(before.is_subset(&events), "what was accepted before the backup is in it");
    assert!(events.is_subset(&source), "what is in the backup is known from its source");
    let all = scene.inbox.deliveries();
    let at_late = all.into_iter().filter(|(hook, _)| *hook == HOOKS - 1).map(|(_, id)| id);
    assert_eq!(
        at_late.collect::<HashSet<_>>(),
        events,
        "the paused webhook got all of the backup, and nothing else"
    );
    println!(
        "backup: {} events, {} of them in the copy with {pending} deliveries pending",
        source.len(),
        events.len()
    );

    let second = output(serve(&place, &[])).await;
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second.stderr).contains("another process serves"), "{second:?}");
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_another_key_or_none_is_not_served() {
    let (own, other) = (TestStore::sqlite(), TestStore::sqlite());
    for store in [&own, &other] {
        make_key(&Place::of(store), "read").await;
    }
    let file = own.folder().join("copy.db");
    run(about(&Place::of(&own), &["backup", "--to", file.to_str().expect("UTF-8")])).await;
    for (key, words) in [(Some(other.key_file()), "is not the one"), (None, "is missing")] {
        let folder = TempDir::new().expect("a temporary folder");
        let place = put_back(&file, key.as_deref(), folder.path());
        // Twice: the first try must not make it worse.
        for _ in 0..2 {
            let refused = output(serve(&place, &[])).await;
            assert_eq!(refused.status.code(), Some(1), "{refused:?}");
            let said = said(&refused.stderr);
            assert!(said.contains("key file") && said.contains(words), "{said}");
        }
        put_back(&file, Some(&own.key_file()), folder.path());
        let (server, _) = Server::start(serve(&place, &[])).await;
        server.kill().await;
    }
}

/// Puts a store's file, and a key if there is one, into a folder.
fn put_back(file: &Path, key: Option<&Path>, folder: &Path) -> Place {
    let to = folder.join("leadpost.db");
    fs::copy(file, &to).expect("the store's file can be copied");
    if let Some(key) = key {
        fs::copy(key, folder.join("leadpost.db.key")).expect("the key can be copied");
    }
    Place::file(&to)
}

/// The ids of all events that are stored.
pub async fn event_ids(client: &mut Client) -> HashSet<String> {
    let (mut ids, mut after) = (HashSet::new(), String::new());
    loop {
        let page = client.get(&format!("/events?limit=500{after}")).await;
        let items = page["items"].as_array().expect("a list has items");
        ids.extend(items.iter().filter_map(|event| event["id"].as_str()).map(str::to_owned));
        match &page["next"] {
            Value::String(next) => after = format!("&after={next}"),
            _ => return ids,
        }
    }
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
