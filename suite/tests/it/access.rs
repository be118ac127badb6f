//! Who may do what: every scope against every route of the API's document, and one account against another's things.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use app::accounts;
use axum::body::Body;
use domain::{
    Actor, ApiKey, Chatbot, Contact, Conversation, Delivery, Department, Event, Id, Recovery, Scope, Webhook,
};
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use suite::{Answer, Receiver, TestApp, stores};

use crate::{deliveries, webhooks::id};

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Not even a key.
    Nothing,
    Ingest,
    Read,
    Manage,
    Admin,
    IngestOrManage,
}

impl Needs {
    fn satisfied_by(self, scope: Scope) -> bool {
        match self {
            Needs::Nothing => true,
            Needs::Ingest => matches!(scope, Scope::Ingest | Scope::Admin),
            Needs::Read => scope != Scope::Ingest,
            Needs::Manage => matches!(scope, Scope::Manage | Scope::Admin),
            Needs::Admin => scope == Scope::Admin,
            Needs::IngestOrManage => scope != Scope::Read,
        }
    }
}

/// Every route that there is. One more in the document fails [`every_scope_opens_what_it_says_and_nothing_else`]
/// until it has its line here.
const ROUTES: [(&str, &str, Needs); 66] = [
    ("DELETE", "/api/v1/chatbots/{id}", Needs::Manage),
    ("DELETE", "/api/v1/contacts/{id}", Needs::Admin),
    ("DELETE", "/api/v1/departments/{id}", Needs::Manage),
    ("DELETE", "/api/v1/operators/me", Needs::Manage),
    ("DELETE", "/api/v1/recoveries/{id}", Needs::Manage),
    ("DELETE", "/api/v1/webhooks/{id}", Needs::Manage),
    ("GET", "/api/v1/chatbot-templates", Needs::Read),
    ("GET", "/api/v1/chatbots", Needs::Read),
    ("GET", "/api/v1/chatbots/{id}", Needs::Read),
    ("GET", "/api/v1/chatbots/{id}/versions", Needs::Read),
    ("GET", "/api/v1/chatbots/{id}/versions/{version}", Needs::Read),
    ("GET", "/api/v1/contacts", Needs::Read),
    ("GET", "/api/v1/contacts/export", Needs::Read),
    ("GET", "/api/v1/contacts/{id}", Needs::Read),
    ("GET", "/api/v1/conversations", Needs::Read),
    ("GET", "/api/v1/conversations/stream", Needs::Read),
    ("GET", "/api/v1/conversations/{id}", Needs::Read),
    ("GET", "/api/v1/conversations/{id}/transcript", Needs::Read),
    ("GET", "/api/v1/deliveries", Needs::Read),
    ("GET", "/api/v1/deliveries/{id}", Needs::Read),
    ("GET", "/api/v1/departments", Needs::Read),
    ("GET", "/api/v1/event-types", Needs::Read),
    ("GET", "/api/v1/events", Needs::Read),
    ("GET", "/api/v1/events/{id}", Needs::Read),
    ("GET", "/api/v1/ledger", Needs::Read),
    ("GET", "/api/v1/nodes", Needs::Read),
    ("GET", "/api/v1/operators", Needs::Read),
    ("GET", "/api/v1/recoveries", Needs::Read),
    ("GET", "/api/v1/recoveries/{id}", Needs::Read),
    ("GET", "/api/v1/reports/bot", Needs::Read),
    ("GET", "/api/v1/reports/markers", Needs::Read),
    ("GET", "/api/v1/webhooks", Needs::Read),
    ("GET", "/api/v1/webhooks/{id}", Needs::Read),
    ("GET", "/healthz", Needs::Nothing),
    ("GET", "/metrics", Needs::Read),
    ("GET", "/openapi.json", Needs::Nothing),
    ("GET", "/readyz", Needs::Nothing),
    ("PATCH", "/api/v1/chatbots/{id}", Needs::Manage),
    ("PATCH", "/api/v1/departments/{id}", Needs::Manage),
    ("PATCH", "/api/v1/recoveries/{id}", Needs::Manage),
    ("PATCH", "/api/v1/webhooks/{id}", Needs::Manage),
    ("POST", "/api/v1/chatbots", Needs::Manage),
    ("POST", "/api/v1/chatbots/{id}/publish", Needs::Manage),
    ("POST", "/api/v1/contacts/{id}/merge", Needs::Manage),
    ("POST", "/api/v1/conversations", Needs::Ingest),
    ("POST", "/api/v1/conversations/{id}/accept", Needs::Manage),
    ("POST", "/api/v1/conversations/{id}/close", Needs::IngestOrManage),
    ("POST", "/api/v1/conversations/{id}/contact", Needs::Ingest),
    ("POST", "/api/v1/conversations/{id}/hand-back", Needs::Manage),
    ("POST", "/api/v1/conversations/{id}/markers", Needs::Ingest),
    ("POST", "/api/v1/conversations/{id}/messages", Needs::Ingest),
    ("POST", "/api/v1/conversations/{id}/reply", Needs::Manage),
    ("POST", "/api/v1/conversations/{id}/transfer", Needs::Manage),
    ("POST", "/api/v1/conversations/{id}/typing", Needs::Manage),
    ("POST", "/api/v1/deliveries/{id}/resend", Needs::Manage),
    ("POST", "/api/v1/departments", Needs::Manage),
    ("POST", "/api/v1/events", Needs::Ingest),
    ("POST", "/api/v1/events/batch", Needs::Ingest),
    ("POST", "/api/v1/recoveries", Needs::Manage),
    ("POST", "/api/v1/webhooks", Needs::Manage),
    ("POST", "/api/v1/webhooks/{id}/disable", Needs::Manage),
    ("POST", "/api/v1/webhooks/{id}/pause", Needs::Manage),
    ("POST", "/api/v1/webhooks/{id}/resume", Needs::Manage),
    ("POST", "/api/v1/webhooks/{id}/rotate-secret", Needs::Manage),
    ("POST", "/api/v1/webhooks/{id}/test", Needs::Manage),
    ("PUT", "/api/v1/operators/me", Needs::Manage),
];

/// Method and path of every operation in `/openapi.json`.
async fn documented(app: &TestApp) -> BTreeSet<(String, String)> {
    let document = request(app, None, "GET", "/openapi.json", "").await.expect(200);
    let paths = document["paths"].as_object().expect("an object of paths").clone();
    let operations = paths.into_iter().flat_map(|(path, item)| {
        let methods: Vec<String> =
            item.as_object().into_iter().flatten().map(|it| it.0.to_uppercase()).collect();
        methods.into_iter().map(move |method| (method, path.clone()))
    });
    operations.collect()
}

async fn request(app: &TestApp, key: Option<&str>, method: &str, path: &str, body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let response = app.respond(request.body(Body::from(body.to_owned())).expect("a good request")).await;
    let endless = response.headers().get(header::CONTENT_TYPE).is_some_and(|it| it == "text/event-stream");
    let (parts, body) = response.into_parts();
    let body = if endless { Body::empty() } else { body };
    let bytes = body.collect().await.expect("the answer ends").to_bytes();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// A body that the route would take, so that nothing but the key stands in the way.
fn good_body(method: &str, path: &str) -> String {
    let event = json!({"type": "Chat Transcript", "data": {"chat_transcript": "Hello"}});
    match (method, path) {
        ("POST", "/api/v1/webhooks") => {
            json!({"name": "Taken", "url": "http://127.0.0.1:8081/", "event_types": ["Marker Completed"]})
                .to_string()
        }
        ("POST", "/api/v1/events") => event.to_string(),
        ("POST", "/api/v1/events/batch") => json!({"events": [event]}).to_string(),
        ("POST", "/api/v1/recoveries") => {
            json!({"webhook_id": absent("/api/v1/webhooks"), "since": "2026-01-01T00:00:00Z"}).to_string()
        }
        ("PATCH", "/api/v1/recoveries/{id}") => json!({"state": "paused"}).to_string(),
        ("PATCH", _) | ("POST", "/api/v1/chatbots" | "/api/v1/departments") => {
            json!({"name": "Taken"}).to_string()
        }
        ("POST", "/api/v1/conversations") => "{}".to_owned(),
        ("POST", path) => match path.rsplit('/').next() {
            Some("messages") => json!({"author": "visitor", "text": "Hello"}).to_string(),
            Some("contact") => json!({"email": "a@example.com"}).to_string(),
            Some("markers") => json!({"name": "Quote", "edge": "start"}).to_string(),
            Some("reply") => json!({"text": "Hello"}).to_string(),
            Some("transfer") => json!({"department_id": absent("/api/v1/departments")}).to_string(),
            Some("merge") => json!({"from": Id::<Contact>::from_parts(2, &[2; 10]).to_string()}).to_string(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// An id that names nothing, of the kind that the route takes.
fn absent(path: &str) -> String {
    match path.split('/').nth(3) {
        Some("webhooks") => Id::<Webhook>::from_parts(1, &[1; 10]).to_string(),
        Some("events") => Id::<Event>::from_parts(1, &[1; 10]).to_string(),
        Some("recoveries") => Id::<Recovery>::from_parts(1, &[1; 10]).to_string(),
        Some("deliveries") => Id::<Delivery>::from_parts(1, &[1; 10]).to_string(),
        Some("chatbots") => Id::<Chatbot>::from_parts(1, &[1; 10]).to_string(),
        Some("departments") => Id::<Department>::from_parts(1, &[1; 10]).to_string(),
        Some("conversations") => Id::<Conversation>::from_parts(1, &[1; 10]).to_string(),
        Some("contacts") => Id::<Contact>::from_parts(1, &[1; 10]).to_string(),
        _ => panic!("{path}: say here what its id names"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scope_opens_what_it_says_and_nothing_else() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let known: BTreeMap<_, _> =
            ROUTES.into_iter().map(|(method, path, needs)| ((method, path), needs)).collect();
        let routes = documented(&app).await;
        let listed: BTreeSet<_> = known.keys().map(|(m, p)| ((*m).to_owned(), (*p).to_owned())).collect();
        assert_eq!(routes, listed, "the document and the table of this test have the same routes");

        let mut keys = Vec::new();
        for scope in Scope::ALL {
            keys.push((scope, app.key(scope).await));
        }
        let mut wrong = Vec::new();
        for ((method, route), needs) in &known {
            let path = if route.contains("{id}") {
                route.replace("{id}", &absent(route))
            } else {
                (*route).to_owned()
            };
            let path = path.replace("{version}", "1");
            let body = good_body(method, route);
            let nobody = request(&app, None, method, &path, &body).await;
            if (nobody.status == 401) == (*needs == Needs::Nothing) {
                wrong.push(format!("{method} {route} without a key: {}", nobody.status));
            }
            for (scope, key) in &keys {
                let answer = request(&app, Some(key), method, &path, &body).await;
                let refused = answer.status == 403 && answer.code() == "scope_missing";
                let opened = !matches!(answer.status.as_u16(), 401 | 403);
                if !(if needs.satisfied_by(*scope) { opened } else { refused }) {
                    wrong.push(format!("{method} {route} with {scope:?}: {}", answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", app.engine);
        // Each route that makes something was opened by as many scopes as may do that, and by no other.
        let ledger = app.get("/ledger").await;
        assert_eq!(ledger["events"], 4, "{ledger}");
        for (list, made) in [("/webhooks", 2), ("/chatbots", 2), ("/conversations", 2), ("/operators", 2)] {
            assert_eq!(app.get(list).await["items"].as_array().map(Vec::len), Some(made), "{list}");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_accounts_is_404_on_every_route_and_stays_as_it_is() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({"headers": {"X-Own": "mine"}})).await;
        let event = app.contact().await;
        app.settle().await;
        let delivery = deliveries::only(&app, &event).await;
        let body = json!({"webhook_id": id(&webhook), "since": "2026-01-01T00:00:00Z"});
        let recovery = app.post("/recoveries", body, 202).await;
        let chatbot = app.post("/chatbots", json!({"name": "Bot"}), 201).await;
        app.post(&format!("/chatbots/{}/publish", id(&chatbot)), Value::Null, 200).await;
        let department = app.get("/departments").await["items"][0].clone();
        let conversation = app.post("/conversations", json!({}), 201).await;
        let contact = json!({"email": "own@example.com"}).to_string();
        let path = format!("/conversations/{}/contact", id(&conversation));
        assert_eq!(app.send("POST", &path, contact).await.status, 204);
        let contact = app.get("/contacts").await["items"][0].clone();
        app.settle().await;
        let of = |path: &str| match path.split('/').nth(3) {
            Some("webhooks") => id(&webhook).to_owned(),
            Some("events") => event.clone(),
            Some("deliveries") => id(&delivery).to_owned(),
            Some("recoveries") => id(&recovery).to_owned(),
            Some("chatbots") => id(&chatbot).to_owned(),
            Some("departments") => id(&department).to_owned(),
            Some("conversations") => id(&conversation).to_owned(),
            Some("contacts") => id(&contact).to_owned(),
            _ => panic!("{path}: say here whose object that would be"),
        };
        let before = everything(&app).await;

        let (mut wrong, mut asked) = (Vec::new(), 0);
        for (method, route) in documented(&app).await {
            if !route.contains('{') {
                continue;
            }
            let path = route.replace("{id}", &of(&route)).replace("{version}", "1");
            let answer =
                request(&app, Some(&app.globex.1), &method, &path, &good_body(&method, &route)).await;
            asked += 1;
            if (answer.status.as_u16(), answer.code().as_str()) != (404, "not_found") {
                wrong.push(format!("{method} {route}: {}", answer.status));
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", app.engine);
        assert!(asked >= 36, "only {asked} routes with an id");
        app.settle().await;
        assert_eq!(everything(&app).await, before, "{}", app.engine);
        assert_eq!(receiver.received().len(), 2);
        app.finish().await;
    }
}

/// All that the first account can see.
async fn everything(app: &TestApp) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/webhooks",
        "/events",
        "/deliveries",
        "/recoveries",
        "/ledger",
        "/chatbots",
        "/departments",
        "/conversations",
        "/contacts",
        "/operators",
    ] {
        all.push(app.get(path).await);
    }
    all
}

/// A key that can be revoked: its id and text.
pub async fn key(app: &TestApp, scope: Scope) -> (Id<ApiKey>, String) {
    let actor = Actor::Console { account: app.acme.0 };
    let make = move |tx: &mut app::Tx<'_>| accounts::create_key(tx, &actor, "to be revoked", scope, None);
    let (key, text) = app.db.write(make).await.expect("a key can be made");
    (key.id, text.reveal().to_owned())
}

/// Makes that key open nothing any more.
pub async fn revoke(app: &TestApp, key: Id<ApiKey>) {
    let actor = Actor::Console { account: app.acme.0 };
    let revoke = move |tx: &mut app::Tx<'_>| accounts::revoke_key(tx, &actor, key);
    app.db.write(revoke).await.expect("a key can be revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_just_used_fails_within_a_second_of_being_revoked() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (id, text) = key(&app, Scope::Read).await;
        app.send_as(&text, "GET", "/ledger", "").await.expect(200);
        revoke(&app, id).await;
        app.after(Duration::from_millis(999)).await;
        let refused = app.send_as(&text, "GET", "/ledger", "").await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "unauthorized"));
        app.get("/ledger").await;
        app.finish().await;
    }
}
