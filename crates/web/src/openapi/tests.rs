//! The document against the routes, the request types and its snapshot.

use std::collections::BTreeSet;

use domain::Scope;
use serde_json::Value;

use super::*;
use crate::{
    chatbots::{
        body::{CreateChatbot, UpdateChatbot},
        settings::{SettingsChange, ThemeChange, TimersChange},
    },
    contacts::body::MergeContacts,
    conversations::{
        inbound::body::{PostContact, PostConversation, PostMarker, PostMessage},
        operators::{Close, Reply, Transfer},
    },
    departments::{CreateDepartment, UpdateDepartment},
    events::body::{PostBatch, PostEvent},
    kit::Kit,
    operators::Arrive,
    read::{self, FromObject},
    routes,
    webhooks::{
        body::{CreateWebhook, UpdateWebhook},
        trial::SendTest,
    },
};

/// What answers without a key.
const OPEN: [&str; 3] = ["/healthz", "/openapi.json", "/readyz"];

fn document() -> Value {
    serde_json::from_str(&finish(routes().into_openapi())).unwrap()
}

/// Path, method and operation of everything in the document.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(|(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

#[test]
fn the_document_changes_only_with_its_snapshot() {
    insta::with_settings!({
        snapshot_path => "../../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("openapi", finish(routes().into_openapi()));
    });
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let (document, mut found) = (document(), BTreeSet::new());
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn everything_but_health_and_this_document_needs_a_key() {
    for (path, method, operation) in operations(&document()) {
        let scopes = operation["security"][0]["key"].as_array();
        assert_eq!(scopes.is_none(), OPEN.contains(&path), "{method} {path}");
    }
}

#[tokio::test]
async fn the_keys_that_the_document_asks_for_are_the_keys_that_the_routes_ask_for() {
    let (kit, document) = (Kit::start().await, document());
    let ingest = kit.key(Scope::Ingest).await;
    let read = kit.key(Scope::Read).await;
    for (path, method, operation) in operations(&document) {
        let Some(scope) = operation["security"][0]["key"][0].as_str() else {
            continue;
        };
        let path = path.replace("{id}", "x");
        let nobody = kit.send("", &method.to_uppercase(), &path, "").await;
        assert_eq!(nobody.problem().1, "unauthorized", "{method} {path}");
        assert_eq!(nobody.headers["www-authenticate"], "Bearer");
        let wrong = if scope == "ingest" { &read } else { &ingest };
        let lacking = kit.send(wrong, &method.to_uppercase(), &path, "").await;
        assert_eq!(lacking.problem().1, "scope_missing", "{method} {path}");
        assert!(lacking.json()["detail"].as_str().unwrap().ends_with(scope), "{method} {path}");
    }
}

/// The members that a request type takes, as its complaint about a wrong one lists them.
fn known<T: FromObject>() -> BTreeSet<String> {
    let invalid = read::object::<T>(r#"{"!":1}"#).err().unwrap();
    let unknown = invalid.errors.iter().find(|error| error.pointer == "/!").unwrap();
    let (_, names) = unknown.message.split_once("known are: ").unwrap();
    names.split(", ").map(str::to_owned).collect()
}

#[test]
fn request_types_take_what_their_schemas_say() {
    let document = document();
    for (name, known) in [
        ("CreateWebhook", known::<CreateWebhook>()),
        ("UpdateWebhook", known::<UpdateWebhook>()),
        ("SendTest", known::<SendTest>()),
        ("PostEvent", known::<PostEvent>()),
        ("PostBatch", known::<PostBatch>()),
        ("CreateChatbot", known::<CreateChatbot>()),
        ("UpdateChatbot", known::<UpdateChatbot>()),
        ("ChatbotSettingsChange", known::<SettingsChange>()),
        ("ChatbotThemeChange", known::<ThemeChange>()),
        ("ChatbotTimersChange", known::<TimersChange>()),
        ("CreateDepartment", known::<CreateDepartment>()),
        ("UpdateDepartment", known::<UpdateDepartment>()),
        ("Arrive", known::<Arrive>()),
        ("PostConversation", known::<PostConversation>()),
        ("PostMessage", known::<PostMessage>()),
        ("PostContact", known::<PostContact>()),
        ("PostMarker", known::<PostMarker>()),
        ("Close", known::<Close>()),
        ("Reply", known::<Reply>()),
        ("Transfer", known::<Transfer>()),
        ("MergeContacts", known::<MergeContacts>()),
    ] {
        let schema = &document["components"]["schemas"][name];
        let properties: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(properties, known, "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
}
