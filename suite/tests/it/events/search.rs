//! Searching in events: by address, number and time, and by any text of the payload.

use std::time::Duration;

use app::Tx;
use domain::{Event, Id, NewEvent, samples};
use serde_json::{Value, json};
use suite::{TestApp, stores};

use crate::{
    inbound::{begun, push},
    webhooks::id,
};

/// The value of a parameter, with every byte escaped.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn post(app: &TestApp, data: &str) -> String {
    app.clock.advance(Duration::from_millis(1));
    let body = format!(r#"{{"type":"Contact Information","data":{data}}}"#);
    let accepted = app.send("POST", "/events", body).await.expect(202);
    id(&accepted).to_owned()
}

fn ids(answer: &Value) -> Vec<String> {
    answer["items"].as_array().expect("a list").iter().map(|item| id(item).to_owned()).collect()
}

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    ids(&app.get(&format!("/events?{query}")).await)
}

/// Adds so many contacts at once, each a millisecond younger than the one before; the name is that of the first.
async fn crowd(app: &TestApp, number: u32, name: &'static str) {
    let account = app.acme.0;
    let add = move |tx: &mut Tx<'_>| {
        let begin = u64::try_from(samples::start().micros() / 1_000).expect("after 1970");
        for at in 0..number {
            let name = if at == 0 { name } else { "Somebody Else" };
            let data = json!({"name": name, "email": null, "phone": null, "note": "x".repeat(200)});
            let new = NewEvent { data: data.to_string(), ..samples::contact() };
            let event = new.check().expect("it is good");
            let id: Id<Event> = Id::from_parts(begin + u64::from(at), &[7; 10]);
            store::events::insert(tx, &event.to_event(id, account, samples::start()))?;
        }
        Ok::<_, app::StoreError>(())
    };
    app.db.write(add).await.expect("the store takes them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_among_sixty_thousand_events_is_found_by_going_on() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        crowd(&app, 60_000, "Łucja Żółkiewska").await;
        let search = format!("/events?q={}", escaped("łucja ŻÓŁ"));
        let (mut after, mut looked_at, mut requests, mut all) = (String::new(), 0, 0, Vec::new());
        let mut back_to = String::from("9");
        loop {
            let answer = app.get(&format!("{search}{after}")).await;
            let looked = answer["looked_at"].as_u64().expect("a number");
            assert!(looked <= 50_000, "{looked}");
            (looked_at, requests) = (looked_at + looked, requests + 1);
            let now_to = answer["looked_back_to"].as_str().expect("an instant").to_owned();
            assert!(now_to <= back_to);
            back_to = now_to;
            all.extend(ids(&answer));
            match answer["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!((all.len(), looked_at), (1, 60_000), "{}", app.engine);
        assert!(requests >= 2, "one request looks at 50,000 at most");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sign_stands_for_itself_in_any_script_and_normal_form() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let odd = post(&app, r#"{"name":"50%_\\ \"off\" 'now'","email":null,"phone":null}"#).await;
        let hebrew = post(&app, r#"{"name":"\u05d3\u05d5\u05d3 כהן","email":null,"phone":null}"#).await;
        let emoji = post(&app, r#"{"name":"👩‍🚀 \ud83d\ude00","email":null,"phone":null}"#).await;
        let apart = post(&app, "{\"name\":\"Zoe\u{308}\",\"email\":null,\"phone\":null}").await;
        let whole = post(&app, r#"{"name":"ZO\u00cb","email":null,"phone":null}"#).await;
        for (text, expected) in [
            ("50%_\\", vec![&odd]),
            ("%", vec![&odd]),
            ("_", vec![&odd]),
            ("\\", vec![&odd]),
            ("\"OFF\"", vec![&odd]),
            ("'", vec![&odd]),
            ("דוד כהן", vec![&hebrew]),
            ("😀", vec![&emoji]),
            ("👩‍🚀", vec![&emoji]),
            ("zoë", vec![&whole, &apart]),
            ("zoe\u{308}", vec![&whole, &apart]),
            ("zoe", vec![]),
            ("name", vec![]),
        ] {
            let found = found(&app, &format!("q={}", escaped(text))).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{text}");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_address_number_and_time_and_all_of_it_together() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let data = |name: &str, phone: &str| {
            json!({"name": name, "email": "Ann@B\u{fc}cher.example", "phone": phone}).to_string()
        };
        let first = post(&app, &data("Ann", "+91 98111-23456")).await;
        let second = post(&app, &data("Anna", "98111 23456")).await;
        let between = app.get(&format!("/events/{second}")).await["created_at"].as_str().unwrap().to_owned();
        let third = post(&app, &data("Bob", "+919811123456")).await;
        let email = format!("email={}", escaped("ANN@xn--bcher-kva.example"));
        assert_eq!(found(&app, &email).await, [&third, &second, &first].map(String::as_str));
        assert_eq!(found(&app, "phone=%2B919811123456").await, [&third, &first].map(String::as_str));
        assert_eq!(found(&app, "phone=9811123456").await, [second.as_str()]);
        assert_eq!(found(&app, "phone=none").await, [""; 0]);
        assert_eq!(found(&app, &format!("since={between}")).await, [&third, &second].map(String::as_str));
        assert_eq!(found(&app, &format!("until={between}")).await, [first.as_str()]);
        assert_eq!(found(&app, &format!("since={between}&until={between}")).await, [""; 0]);
        assert_eq!(found(&app, &format!("{email}&phone=%2B919811123456&q=bo")).await, [third.as_str()]);
        let page = app.get(&format!("/events?limit=1&{email}&q=ann")).await;
        assert_eq!(
            (ids(&page), page["looked_at"].as_u64()),
            (vec![third.clone()], Some(1)),
            "their address has it"
        );
        let next = page["next"].as_str().expect("there are more");
        assert_eq!(
            found(&app, &format!("{email}&q=ann&after={next}")).await,
            [&second, &first].map(String::as_str)
        );
        for wrong in ["q=", "q=%20", "since=yesterday", "email=", "phone=%00"] {
            app.send("GET", &format!("/events?{wrong}"), "").await.expect(422);
        }
        let theirs = |query: String| {
            let (app, key) = (&app, app.globex.1.clone());
            async move { ids(&app.send_as(&key, "GET", &format!("/events?{query}"), "").await.expect(200)) }
        };
        assert_eq!(theirs(email).await, [""; 0]);
        assert_eq!(theirs("phone=%2B919811123456".into()).await, [""; 0]);
        assert_eq!(theirs("q=ann".into()).await, [""; 0]);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_found_by_nothing() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let chat = begun(&app, json!({})).await;
        let person = json!({"name": "Łucja", "email": "lucja@example.com", "phone": "+919811123456"});
        push(&app, &chat, "contact", person).await;
        let contact = app.get(&format!("/conversations/{}", id(&chat))).await;
        let contact = contact["contact_id"].as_str().expect("she was captured").to_owned();
        let queries = [
            "events?email=lucja%40example.com".to_owned(),
            "events?phone=%2B919811123456".to_owned(),
            format!("events?q={}", escaped("łucja")),
            "events?q=919811123456".to_owned(),
            "contacts?q=lucja%40".to_owned(),
            "contacts?q=%2B9198".to_owned(),
            format!("contacts?q={}", escaped("ŁUC")),
        ];
        for query in &queries {
            assert_eq!(ids(&app.get(&format!("/{query}")).await).len(), 1, "{query}");
        }
        app.send("DELETE", &format!("/contacts/{contact}"), "").await.expect(200);
        for query in &queries {
            assert_eq!(ids(&app.get(&format!("/{query}")).await).len(), 0, "{query}");
        }
        app.finish().await;
    }
}
