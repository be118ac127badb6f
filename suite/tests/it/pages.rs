//! Who may see and do what on the dashboard's pages: every role against every address, one account against another's
//! things, and forms that a stranger's page sends.

use std::{collections::BTreeMap, fs, path::Path};

use app::{AppError, Tx, accounts, canned_texts, members, sessions};
use axum::body::Body;
use domain::{Account, Actor, Id, Role, Scope};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use suite::{Receiver, TestApp, stores};

use crate::{deliveries, webhooks::id};

mod routes;

use routes::{Needs, ROUTES, Route};

/// An answer as far as it matters here.
struct Seen {
    status: u16,
    location: String,
    html: bool,
    body: String,
}

/// What most forms would take, so that nothing but the role or the account stands in the way.
const FORM: &str = "role=viewer&name=Taken&title=Taken&text=Taken&email=taken%40example.com&scope=read\
    &from=con_019cb85871d070008019a1135f54fb00&flow=%7B%7D";

/// How a form is sent.
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

async fn ask(app: &TestApp, cookie: &str, method: &str, path: &str, from: (&str, &str)) -> Seen {
    let mut request = Request::builder().method(method).uri(path).header(from.0, from.1);
    if !cookie.is_empty() {
        request = request.header(header::COOKIE, cookie);
    }
    let mut body = Body::empty();
    if method == "POST" {
        body = Body::from(FORM);
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let (parts, body) = app.respond(request.body(body).expect("a good request")).await.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = header(header::CONTENT_TYPE).to_owned();
    let location = header(header::LOCATION).to_owned();
    // A stream has no end.
    let body = if kind == "text/event-stream" { Body::empty() } else { body };
    let body = body.collect().await.expect("the answer ends").to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    Seen { status: parts.status.as_u16(), location, html: kind.starts_with("text/html"), body }
}

/// A new member of that role in that account, signed in: their id, their session's, and the cookie.
async fn member(app: &TestApp, account: Id<Account>, role: Role) -> (String, String, String) {
    let make = move |tx: &mut Tx<'_>| {
        let (member, token) = members::sample(tx, account, role)?;
        let signed = sessions::recognise(tx, &token)?.expect("the session has just begun");
        Ok::<_, AppError>((member.id, signed.session.id, token))
    };
    let (member, session, token) = app.db.write(make).await.expect("a member can be made");
    (member.to_string(), session.to_string(), format!("leadpost={}", token.reveal()))
}

/// Something of every kind in the first account: the step of an address before an id, and the id.
async fn things(app: &TestApp, receiver: &Receiver) -> BTreeMap<&'static str, String> {
    let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
    let event = app.contact().await;
    app.settle().await;
    let delivery = deliveries::only(app, &event).await;
    let wanted = json!({"webhook_id": id(&webhook), "since": "2026-01-01T00:00:00Z"});
    let recovery = app.post("/recoveries", wanted, 202).await;
    let chatbot = app.post("/chatbots", json!({"name": "Bot", "template": "travel-desk"}), 201).await;
    app.post(&format!("/chatbots/{}/publish", id(&chatbot)), Value::Null, 200).await;
    let department = app.post("/departments", json!({"name": "Harbour"}), 201).await;
    let chat = app.post("/conversations", json!({}), 201).await;
    let contact = json!({"email": "own@example.com"}).to_string();
    app.send("POST", &format!("/conversations/{}/contact", id(&chat)), contact).await;
    let contact = app.get("/contacts").await["items"][0].clone();
    let other = app.post("/conversations", json!({}), 201).await;
    let erased = json!({"email": "gone@example.com"}).to_string();
    app.send("POST", &format!("/conversations/{}/contact", id(&other)), erased).await;
    let erased = app.get("/contacts?email=gone@example.com").await["items"][0].clone();
    app.send("DELETE", &format!("/contacts/{}", id(&erased)), "").await;
    app.settle().await;
    let (member, session, _) = member(app, app.acme.0, Role::Viewer).await;
    let console = Actor::Console { account: app.acme.0 };
    let make = move |tx: &mut Tx<'_>| {
        let key = accounts::create_key(tx, &console, "Key", Scope::Read, None)?.0.id;
        let text = canned_texts::create(tx, &console, "Hours", "We are there from nine to five.")?.id;
        let (invitation, _) = members::invite(tx, &console, "new@example.com", Role::Viewer)?;
        Ok::<_, AppError>((key, invitation.id, text))
    };
    let (key, invitation, text) = app.db.write(make).await.expect("they can be made");
    BTreeMap::from([
        ("webhooks", id(&webhook).to_owned()),
        ("deliveries", id(&delivery).to_owned()),
        ("recoveries", id(&recovery).to_owned()),
        ("events", event),
        ("chatbots", id(&chatbot).to_owned()),
        ("departments", id(&department).to_owned()),
        ("conversations", id(&chat).to_owned()),
        ("contacts", id(&contact).to_owned()),
        ("members", member),
        ("sessions", session),
        ("keys", key.to_string()),
        ("invitations", invitation.to_string()),
        ("texts", text.to_string()),
        ("erased", id(&erased).to_owned()),
    ])
}

/// A step of the template's flow.
const STEP: &str = "t01";

/// Ids like these that name nothing.
fn absent(things: &BTreeMap<&'static str, String>) -> BTreeMap<&'static str, String> {
    let other = |id: &String| {
        let (begin, end) = id.split_at(id.len() - 8);
        format!("{begin}{}", if end == "00000000" { "11111111" } else { "00000000" })
    };
    things.iter().map(|(kind, id)| (*kind, other(id))).collect()
}

/// The address of a route, with these ids in it.
fn filled(route: &str, things: &BTreeMap<&'static str, String>) -> String {
    let (mut steps, mut before) = (Vec::new(), "");
    for step in route.split('/') {
        steps.push(match (step, before) {
            ("{version}", _) => "1",
            ("{to}", _) => "pause",
            ("{step}", _) => STEP,
            (step, kind) if step.starts_with('{') => {
                things.get(kind).unwrap_or_else(|| panic!("{route}: say what its ids name"))
            }
            (step, _) => step,
        });
        before = step;
    }
    steps.join("/")
}

/// The methods of a route, with what each needs.
fn methods(route: &Route) -> impl Iterator<Item = (&'static str, Needs)> {
    let Route(_, get, post) = *route;
    [("GET", get), ("POST", post)].into_iter().filter(|(_, needs)| *needs != Needs::Missing)
}

/// Whether somebody with that role is let in, as far as it can be seen.
fn verdict(seen: &Seen) -> &'static str {
    match seen.status {
        303 if seen.location.starts_with("/sign-in") => "sign in",
        403 => "refused",
        // What there is not is a page too; without one there is no such address.
        404 if !seen.html => "no such route",
        405 => "no such method",
        500.. => "broken",
        _ => "let in",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_sees_and_does_what_it_may_and_nothing_else() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let things = things(&app, &receiver).await;
        let nothing = absent(&things);
        let mut wrong = Vec::new();
        for route in ROUTES {
            for (method, needs) in methods(route) {
                // What is sent changes nothing that the next would miss.
                let path = filled(route.0, if method == "GET" { &things } else { &nothing });
                let seen = ask(&app, "", method, &path, OWN).await;
                let open = needs == Needs::Nobody && route.0 != "/sign-out";
                let expected = if open { "let in" } else { "sign in" };
                if verdict(&seen) != expected {
                    wrong.push(format!("{method} {path} by nobody: {} {}", seen.status, seen.location));
                }
                for role in Role::ALL {
                    let (_, _, cookie) = member(&app, app.acme.0, role).await;
                    let seen = ask(&app, &cookie, method, &path, OWN).await;
                    let expected = if needs.allows(role) { "let in" } else { "refused" };
                    // Who signs out has to sign in.
                    let out = route.0 == "/sign-out" && verdict(&seen) == "sign in";
                    if verdict(&seen) != expected && !out {
                        wrong.push(format!("{method} {path} by {role:?}: {} {}", seen.status, seen.location));
                    }
                    // A link that does not work says so.
                    let right =
                        matches!(seen.status, 200 | 303) || needs == Needs::Nobody && seen.status == 410;
                    if method == "GET" && needs.allows(role) && !right {
                        wrong.push(format!("{method} {path} by {role:?}: {}", seen.status));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", app.engine);
        app.finish().await;
    }
}

/// The tables in which pages change something.
const TABLES: [&str; 13] = [
    "canned_text",
    "account",
    "api_key",
    "webhook",
    "webhook_secret",
    "delivery",
    "recovery",
    "department",
    "chatbot",
    "contact",
    "conversation",
    "message",
    "link",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_accounts_is_404_on_every_page_and_stays_as_it_is() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let things = things(&app, &receiver).await;
        let (_, _, owner) = member(&app, app.globex.0, Role::Owner).await;
        let before = app.rows(&TABLES).await;
        let (mut wrong, mut asked) = (Vec::new(), 0);
        for route in ROUTES.iter().filter(|route| route.0.contains('{')) {
            for (method, needs) in methods(route).filter(|(_, needs)| *needs != Needs::Nobody) {
                let path = filled(route.0, &things);
                let seen = ask(&app, &owner, method, &path, OWN).await;
                asked += 1;
                if seen.status != StatusCode::NOT_FOUND {
                    wrong.push(format!("{method} {path}: {} {} {needs:?}", seen.status, seen.location));
                }
            }
        }
        // Lists show none of it, either.
        for route in ROUTES.iter().filter(|route| !route.0.contains('{')) {
            for (method, _) in methods(route).filter(|(method, _)| *method == "GET") {
                let seen = ask(&app, &owner, method, route.0, OWN).await;
                if let Some(id) = things.values().find(|id| seen.body.contains(*id)) {
                    wrong.push(format!("{method} {} shows {id}", route.0));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", app.engine);
        assert!(asked >= 25, "only {asked} pages with an id");
        assert_eq!(app.rows(&TABLES).await, before, "{}", app.engine);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_a_strangers_page_sends_is_refused_on_every_route() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let things = things(&app, &receiver).await;
        let (_, _, owner) = member(&app, app.acme.0, Role::Owner).await;
        let before = app.rows(&TABLES).await;
        let mut wrong = Vec::new();
        for route in ROUTES.iter().filter(|route| route.2 != Needs::Missing) {
            let path = filled(route.0, &things);
            for from in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://elsewhere.test"),
                ("origin", "null"),
                ("accept", "text/html"),
            ] {
                let seen = ask(&app, &owner, "POST", &path, from).await;
                if seen.status != StatusCode::FORBIDDEN {
                    wrong.push(format!("{path} from {from:?}: {}", seen.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", app.engine);
        assert_eq!(app.rows(&TABLES).await, before, "{}", app.engine);
        app.finish().await;
    }
}

/// How often a page gets an address in these sources.
fn count_routes(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let count = |path: &Path| match path {
        path if path.is_dir() => count_routes(path),
        path => fs::read_to_string(path).expect("it is text").matches(".route(").count(),
    };
    entries.map(|entry| count(&entry.expect("an entry").path())).sum()
}

#[test]
fn every_page_has_its_line_in_the_table() {
    let paths: std::collections::BTreeSet<&str> = ROUTES.iter().map(|route| route.0).collect();
    assert_eq!(paths.len(), ROUTES.len(), "an address stands there twice");
    let pages = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/web/src/pages"));
    // Two more stand beside the folder.
    assert_eq!(count_routes(pages) + 2, ROUTES.len(), "a page has no line, or a line has no page");
}
