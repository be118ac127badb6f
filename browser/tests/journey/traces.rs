//! What is left of a person: in the API, in every table of the store, and in the bytes of its files.
//!
//! Must not know which column holds what, so that it also finds what nobody thought of.

use std::fs;

use rusqlite::{Connection, OpenFlags, types::ValueRef};

use crate::{office::Office, people::Lead, text};

/// All that is shown of a conversation, and the lists that could tell of it.
async fn shown(office: &Office, conversation: &str) -> String {
    let mut shown = Vec::new();
    let events = office.get(&format!("/events?conversation_id={conversation}")).await;
    for event in events["items"].as_array().expect("a page has items") {
        let detail = office.get(&format!("/events/{}", text(&event["id"]))).await;
        for delivery in detail["deliveries"].as_array().expect("deliveries are a list") {
            shown.push(office.get(&format!("/deliveries/{}", text(&delivery["id"]))).await);
        }
        shown.push(detail);
    }
    for path in ["/contacts", "/conversations", "/events", "/deliveries"] {
        shown.push(office.get(&format!("{path}?limit=500")).await);
    }
    shown.push(office.get(&format!("/conversations/{conversation}")).await);
    shown.into_iter().map(|value| value.to_string()).collect()
}

/// Where each row of each table holds one of these words.
fn rows_with(office: &Office, words: &[&str]) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = Connection::open_with_flags(office.server.store(), flags).expect("the store can be read");
    let mut tables = store.prepare("select name from sqlite_schema where type = 'table'").expect("it is SQL");
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).expect("there are tables");
    let mut found = Vec::new();
    for table in tables {
        let table = table.expect("a table has a name");
        let mut all = store.prepare(&format!("select * from \"{table}\"")).expect("it is SQL");
        let names: Vec<String> = all.column_names().map(str::to_owned).collect();
        let mut rows = all.query([]).expect("it can be read");
        while let Some(row) = rows.next().expect("it can be read") {
            for (place, name) in names.iter().enumerate() {
                let bytes = match row.get_ref_unwrap(place) {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
                    _ => continue,
                };
                let bytes = String::from_utf8_lossy(bytes);
                found.extend(
                    words
                        .iter()
                        .filter(|word| bytes.contains(**word))
                        .map(|word| format!("{table}.{name}: {word}")),
                );
            }
        }
    }
    found
}

/// The bytes of the store's file, with all of its log in it.
fn bytes(office: &Office) -> Vec<u8> {
    let store = Connection::open(office.server.store()).expect("the store can be opened");
    let busy = store.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, i64>(0));
    assert_eq!(busy.expect("the log can be emptied"), 0, "somebody else uses the store");
    fs::read(office.server.store()).expect("a file can be read")
}

fn personal(lead: &Lead) -> [&'static str; 4] {
    // Part of a name or a number is personal, too.
    let family = lead.name.split(' ').nth(1).expect("a name has two words");
    [lead.name, family, lead.email, lead.phone]
}

/// Before: it is everywhere where it is looked for.
pub async fn expect(office: &Office, conversation: &str, lead: &Lead) {
    let shown = shown(office, conversation).await;
    let rows = rows_with(office, &personal(lead));
    for word in personal(lead) {
        assert!(shown.contains(word), "{word} is not shown");
        assert!(rows.iter().any(|row| row.ends_with(word)), "{word} is not stored");
    }
}

/// After: it is nowhere.
pub async fn expect_none(office: &mut Office, contact: &str, conversation: &str, lead: &Lead) {
    let shown = shown(office, conversation).await;
    assert!(!shown.contains(contact));
    for word in personal(lead) {
        assert!(!shown.contains(word), "{word} is still shown");
    }
    assert_eq!(rows_with(office, &personal(lead)), [""; 0]);
    // What was overwritten and what was deleted must not lie about in the file, either.
    office.server.stop().await;
    let bytes = bytes(office);
    for word in personal(lead) {
        let left = bytes.windows(word.len()).filter(|window| *window == word.as_bytes()).count();
        assert_eq!(left, 0, "{word} still stands in the file");
    }
}
