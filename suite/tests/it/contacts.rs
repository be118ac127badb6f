//! Contacts over the API: one for each person, merged, exported, and erased wherever they are.

use std::ops::Range;

use app::{
    AppError, Tx,
    conversations::inbound::{self as pushing, NewContact, NewConversation},
};
use axum::body::Body;
use domain::{Actor, Fields, Scope};
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use crate::{
    inbound::{begun, push, say},
    operators::{handing_over, visitor_says},
    webhooks::id,
};

/// A conversation in which this contact is captured.
async fn captured(app: &TestApp, contact: Value) -> Value {
    let chat = begun(app, json!({})).await;
    push(app, &chat, "contact", contact).await;
    app.get(&format!("/conversations/{}", id(&chat))).await
}

async fn contacts(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.get(&format!("/contacts?limit=500{query}")).await;
    page["items"].as_array().cloned().expect("a list")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_in_two_spellings_is_one_contact() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let first =
            captured(&app, json!({"name": "Ann", "email": "Ann@Example.com", "custom": {"a": 1}})).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let again = json!({"email": "ann@example.COM", "phone": "+919811123456", "custom": {"b": "x"}});
        let second = captured(&app, again).await;
        assert_eq!(first["contact_id"], second["contact_id"]);
        let [contact] = &contacts(&app, "").await[..] else { panic!("one contact") };
        assert_eq!((&contact["name"], &contact["email"]), (&json!("Ann"), &json!("ann@example.com")));
        assert_eq!(
            (&contact["phone"], &contact["custom"]),
            (&json!("+919811123456"), &json!({"a": 1, "b": "x"}))
        );
        assert!(contact["seen_at"].as_str() > contact["created_at"].as_str());
        assert_eq!(contacts(&app, "&email=ANN%40example.com").await.len(), 1);
        assert_eq!(contacts(&app, "&phone=%2B919811123456").await.len(), 1);
        assert_eq!(contacts(&app, "&email=eve%40example.com").await.len(), 0);
        let of = app.get(&format!("/conversations?contact_id={}", id(contact))).await;
        assert_eq!(of["items"].as_array().map(Vec::len), Some(2));

        // Another with the same number is another, and flagged; nothing is refused.
        let eve = captured(&app, json!({"email": "eve@example.com", "phone": "+91 98111 23456"})).await;
        let eve = app.get(&format!("/contacts/{}", eve["contact_id"].as_str().expect("an id"))).await;
        assert_eq!((&eve["duplicate_of"], &eve["email"]), (&contact["id"], &json!("eve@example.com")));
        assert_eq!(contacts(&app, "&phone=%2B919811123456").await.len(), 2);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_found_by_what_somebody_remembers_of_them() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        for (name, email, phone) in [
            ("John Carter", "john.carter@outlook.com", "+919811123456"),
            ("Anne-Marie O'Brien", "am@b\u{fc}cher.example", "+4930123456"),
            ("Zoe\u{308} 100%", "zoe@example.com", "+919811199999"),
        ] {
            app.clock.advance(std::time::Duration::from_millis(1));
            captured(&app, json!({"name": name, "email": email, "phone": phone})).await;
        }
        let names = async |text: &str| {
            let q: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let found = contacts(&app, &format!("&q={q}")).await;
            found.iter().map(|it| it["name"].as_str().expect("a name")[..1].to_owned()).collect::<String>()
        };
        for (text, expected) in [
            ("car jo", "J"),
            ("MARIE", "A"),
            ("o'brien", "A"),
            ("ZO\u{cb}", "Z"),
            ("100%", "Z"),
            ("%", ""),
            ("arter", ""),
            ("john.c", "J"),
            ("John.Carter@", "J"),
            ("am@b\u{fc}cher.example", "A"),
            ("am@xn--b", "A"),
            ("+91 98111", "ZJ"),
            ("+9198111 23", "J"),
            ("30123", "A"),
            ("nobody@", ""),
        ] {
            assert_eq!(names(text).await, expected, "{text} on {}", app.engine);
        }
        let first = app.get("/contacts?limit=1&q=%2B9198111").await;
        let next = first["next"].as_str().expect("there is one more");
        assert_eq!(contacts(&app, &format!("&q=%2B9198111&after={next}")).await.len(), 1);
        let theirs = app.send_as(&app.globex.1, "GET", "/contacts?q=car", "").await.expect(200);
        assert_eq!(theirs["items"], json!([]));
        app.send("GET", "/contacts?q=car&phone=1", "").await.expect(422);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_contacts_become_one_that_knows_what_both_knew() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let kept = captured(&app, json!({"email": "a@example.com", "custom": {"a": 1, "c": 1}})).await;
        let gone =
            json!({"name": "Ann", "phone": "+919811123456", "custom": {"a": 2, "b": 2}, "consent": "OK?"});
        let gone = captured(&app, gone).await;
        let (kept, gone) = (kept["contact_id"].clone(), gone["contact_id"].clone());
        let merge = async |into: &Value, from: &Value| {
            let body = json!({"from": from}).to_string();
            app.send("POST", &format!("/contacts/{}/merge", into.as_str().expect("an id")), body).await
        };
        let same = merge(&kept, &kept).await;
        assert_eq!((same.status.as_u16(), same.code().as_str()), (409, "same_contact"));
        let merged = merge(&kept, &gone).await.expect(200);
        assert_eq!((&merged["id"], &merged["name"]), (&kept, &json!("Ann")));
        assert_eq!((&merged["email"], &merged["phone"]), (&json!("a@example.com"), &json!("+919811123456")));
        assert_eq!(merged["custom"], json!({"a": 1, "b": 2, "c": 1}));
        assert_eq!(merged["consent"]["text"], "OK?");
        assert_eq!(contacts(&app, "").await, [merged]);
        let of = app.get(&format!("/conversations?contact_id={}", kept.as_str().expect("an id"))).await;
        assert_eq!(of["items"].as_array().map(Vec::len), Some(2));
        assert_eq!(merge(&kept, &gone).await.status, 404);
        app.finish().await;
    }
}

/// What says who somebody is, in every form in which it was given or kept.
const PERSONAL: [&str; 9] = [
    "Łucja Żółkiewska",
    "lucja@example.com",
    "+919811123456",
    "allergic-to-nuts",
    "the-words-she-agreed-to",
    "tell nobody but me",
    "crm-ticket-77",
    "secret-page",
    "lucja-before-she-said-who",
];

/// A receiver that answers 200 with all that it knows of her.
fn gossip() -> Behaviour {
    Behaviour::Status(
        200,
        vec![("x-seen".into(), "lucja@example.com".into())],
        b"hello lucja@example.com".to_vec(),
    )
}

/// She talks to a bot twice in one browser, is pushed by another chat tool, and one chat is still open.
async fn lucja(app: &TestApp) -> Value {
    let settings = json!({"allowed_origins": ["https://www.example.com"]});
    let body = json!({"name": "Desk", "flow": handing_over(), "settings": settings});
    let bot = app.post("/chatbots", body, 201).await;
    app.post(&crate::chatbots::path(&bot, "/publish"), Value::Null, 200).await;
    let key = bot["public_key"].as_str().expect("a key");
    let before = visitor_says(app, key, 1, "lucja-before-she-said-who").await;
    assert_eq!(app.send("POST", &format!("/conversations/{}/close", id(&before)), "").await.status, 204);
    visitor_says(app, key, 1, "Hello again").await;
    visitor_says(app, key, 1, "lucja@example.com").await;

    let chat =
        begun(app, json!({"external_id": "crm-ticket-77", "page_url": "https://example.com/secret-page"}))
            .await;
    say(app, &chat, "visitor", "tell nobody but me").await;
    let contact = json!({
        "name": "Łucja Żółkiewska", "email": "lucja@example.com", "phone": "+91 98111 23456",
        "custom": {"note": "allergic-to-nuts"}, "consent": "the-words-she-agreed-to",
    });
    push(app, &chat, "contact", contact).await;
    push(app, &chat, "markers", json!({"name": "Quote", "edge": "start"})).await;
    app.get(&format!("/conversations/{}", id(&chat))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_person_nothing_is_left_in_any_table() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (told, slow) = (Receiver::start().await, Receiver::start().await);
        slow.behave(Behaviour::status(503));
        app.webhook(&told.url("/told"), json!({"body": "extended"})).await;
        app.webhook(&slow.url("/slow"), json!({})).await;
        let other = captured(&app, json!({"name": "Somebody Else", "email": "else@example.com"})).await;
        app.settle().await;
        told.behave(gossip());
        let chat = lucja(&app).await;
        app.settle().await;
        let before = app.dump().await;
        for value in PERSONAL {
            assert!(before.contains(value), "{}: {value} is stored while she is known", app.engine);
        }

        let contact = chat["contact_id"].as_str().expect("an id");
        let erased = app.send("DELETE", &format!("/contacts/{contact}"), "").await.expect(200);
        assert_eq!((&erased["id"], &erased["conversations"]), (&json!(contact), &json!(3)), "{erased}");
        // Two contacts and two transcripts were told; to the slow one none of them has come.
        assert_eq!((&erased["events"], &erased["skipped"]), (&json!(4), &json!(4)), "{erased}");
        let after = app.dump().await;
        for value in PERSONAL {
            assert!(!after.contains(value), "{}: {value} is still there", app.engine);
        }
        assert!(after.contains("Somebody Else") && after.contains("else@example.com"));

        // Numbers stay, what is open is over, and nobody is told more.
        let shown = app.get(&format!("/conversations/{}", id(&chat))).await;
        assert_eq!((&shown["state"], &shown["contact_id"]), (&json!("closed"), &Value::Null));
        assert_eq!((&shown["messages"], &shown["reply_count"]), (&json!([]), &json!(1)));
        assert_eq!(app.get("/conversations?state=closed").await["items"].as_array().map(Vec::len), Some(3));
        let received = told.received().len();
        let skipped = app.get("/deliveries?state=skipped").await;
        assert!(skipped["items"].as_array().into_iter().flatten().all(|it| it["reason"] == "erased"));
        for gone in ["GET", "DELETE"] {
            assert_eq!(app.send(gone, &format!("/contacts/{contact}"), "").await.status, 404);
        }
        assert_eq!(contacts(&app, "").await.len(), 1);
        assert_eq!(told.received().len(), received);
        slow.behave(Behaviour::status(200));
        app.after(std::time::Duration::from_secs(10)).await;
        let late = String::from_utf8_lossy(&slow.received().last().expect("a delivery").body).into_owned();
        assert!(late.contains("Somebody Else"), "{late}");
        assert!(other["contact_id"].is_string());
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_corrected_to_another_persons_is_erased_with_the_first() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let known = captured(&app, json!({"email": "known@example.com"})).await;
        let chat = begun(&app, json!({})).await;
        say(&app, &chat, "visitor", "Mine is wrong@example.com, no, known@example.com").await;
        push(&app, &chat, "contact", json!({"email": "wrong@example.com"})).await;
        let first = app.get(&format!("/conversations/{}", id(&chat))).await["contact_id"].clone();
        push(&app, &chat, "contact", json!({"email": "known@example.com"})).await;
        let second = app.get(&format!("/conversations/{}", id(&chat))).await["contact_id"].clone();
        assert_eq!((first == second, &second), (false, &known["contact_id"]));

        let first = first.as_str().expect("an id");
        app.send("DELETE", &format!("/contacts/{first}"), "").await.expect(200);
        let left = app.get(&format!("/conversations/{}", id(&chat))).await;
        assert_eq!(left["messages"], json!([]), "{left}");
        assert_eq!(contacts(&app, "").await.len(), 1);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_types_a_known_persons_address_gives_that_person_no_other() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let ann = captured(&app, json!({"name": "Ann", "email": "ann@example.com"})).await;
        app.clock.advance(std::time::Duration::from_secs(60));
        let chat = begun(&app, json!({})).await;
        push(&app, &chat, "contact", json!({"email": "ann@example.com"})).await;
        push(&app, &chat, "contact", json!({"email": "bob@example.com"})).await;
        let kept = app.get(&format!("/contacts/{}", ann["contact_id"].as_str().expect("an id"))).await;
        assert_eq!((&kept["name"], &kept["email"]), (&json!("Ann"), &json!("ann@example.com")));
        assert_eq!(contacts(&app, "&email=bob%40example.com").await.len(), 1);
        app.finish().await;
    }
}

/// How many are made in one transaction.
const AT_ONCE: u32 = 50;

/// So many contacts, more than a page of an export.
async fn many(app: &TestApp, number: u32) {
    for first in (0..number).step_by(AT_ONCE as usize) {
        let actor = Actor::Console { account: app.acme.0 };
        let make = move |tx: &mut Tx<'_>| make(tx, actor, first..number.min(first + AT_ONCE));
        app.db.write(make).await.expect("they are made");
    }
}

fn make(tx: &mut Tx<'_>, actor: Actor, numbers: Range<u32>) -> Result<(), AppError> {
    for number in numbers {
        let chat = pushing::begin(tx, &actor, &NewConversation::default(), None)?;
        let fields = Fields {
            name: Some(format!("=Name, \"{number}\"")),
            email: Some(format!("n{number}@example.com")),
            phone: Some(format!("+9198111{:05}", 20_000 + number)),
        };
        pushing::contact(tx, &actor, chat, &NewContact { fields, ..NewContact::default() }, None)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_every_contact_once_and_no_formula() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let read = app.key(Scope::Read).await;
        let export = async |format: &str| {
            app.send_as(&read, "GET", &format!("/contacts/export?format={format}"), "").await
        };
        let header = "id,name,email,phone,consent_text,consent_at,created_at,seen_at,custom\r\n";
        let empty = (export("csv").await.body, export("json").await.body);
        assert_eq!(empty, (header.to_owned(), "[]".to_owned()));

        many(&app, 1_003).await;
        app.clock.advance(std::time::Duration::from_millis(1));
        let custom = json!({"email": "last@example.com", "consent": "-1, \"ok\"?", "custom": {"a": "=1"}});
        captured(&app, custom).await;
        let csv = export("csv").await;
        assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"contacts.csv\"");
        let rows: Vec<_> =
            csv.body.strip_prefix(header).expect("a header").split_terminator("\r\n").collect();
        assert_eq!(rows.len(), 1_004);
        let name = "\"'=Name, \"\"1002\"\"\"";
        let row = format!(",{name},n1002@example.com,+919811121002,,,");
        assert_eq!(rows.iter().filter(|it| it.contains(&row)).count(), 1, "{row}");
        assert!(rows[0].contains(",last@example.com,,\"'-1, \"\"ok\"\"?\",20"), "{}", rows[0]);
        assert!(rows[0].ends_with(",\"{\"\"a\"\":\"\"=1\"\"}\""), "{}", rows[0]);

        let json = export("json").await;
        assert_eq!(json.headers["content-type"], "application/json");
        let exported = json.expect(200);
        let mut listed = app.get("/contacts?limit=500").await;
        let mut all = listed["items"].as_array().cloned().expect("a list");
        while let Some(next) = listed["next"].as_str().map(str::to_owned) {
            listed = app.get(&format!("/contacts?limit=500&after={next}")).await;
            all.extend(listed["items"].as_array().cloned().expect("a list"));
        }
        assert_eq!(all.len(), 1_004);
        assert!(exported.as_array() == Some(&all), "the export is the list");
        for (row, contact) in rows.iter().zip(&all) {
            assert!(row.starts_with(id(contact)), "{row}");
        }
        let foreign = app.send_as(&app.globex.1, "GET", "/contacts/export?format=json", "").await;
        assert_eq!(foreign.body, "[]");
        for format in ["xml", "", "CSV"] {
            assert_eq!(export(format).await.expect(422)["errors"][0]["pointer"], "/format");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_on_the_way_does_not_look_whole() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        many(&app, 501).await;
        for format in ["csv", "json"] {
            let request = Request::get(format!("/api/v1/contacts/export?format={format}"))
                .header(header::AUTHORIZATION, format!("Bearer {}", app.acme.1));
            let answer = app.respond(request.body(Body::empty()).expect("a good request")).await;
            assert_eq!(answer.status(), 200);
            let mut body = answer.into_body();
            let first = body.frame().await.expect("a piece").expect("it is there").into_data().expect("data");
            let first = String::from_utf8_lossy(&first).into_owned();
            assert_eq!(first.matches("@example.com").count(), 500, "one is left");
            app.sabotage("alter table contact rename to elsewhere").await;
            assert!(body.frame().await.expect("something").is_err(), "{}: {format}", app.engine);
            app.sabotage("alter table elsewhere rename to contact").await;
        }
        app.finish().await;
    }
}
