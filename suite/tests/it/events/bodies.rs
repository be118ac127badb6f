//! What was posted is what is kept and what is sent, to the byte.

use serde_json::{Value, json};
use suite::{Receiver, TestApp, stores};

use crate::webhooks::id;

/// Data that a reader and writer of JSON would not give back as it was.
const ODD: [&str; 12] = [
    "{ \"chat_transcript\" :\t\"x\" ,\r\n  \"more\":[ 1 ,2 ]\n}",
    r#"{"chat_transcript":"x","n":[1.0,-0,-0.0,1E+2,1e400,0.1000,12345678901234567890123456789012345678901234567890]}"#,
    r#"{"b":1,"chat_transcript":"x","a":2,"b":3,"b":{"b":1,"b":2}}"#,
    r#"{"chat_transcript":"first","chat_transcript":"second"}"#,
    r#"{"chat_transcript":"\u00e9\u00E9é \/ / \u0041 \u2028 \ud83d\udc69 👩‍💻 \u0000 \t"}"#,
    r#"{"chat_\u0074ranscript":"an escaped name"}"#,
    "{\"chat_transcript\":\"\u{2028}\u{7f}\u{85}\u{feff}\u{fffd}\u{10ffff}\"}",
    r#"{"chat_transcript":"half of a pair: \ud800"}"#,
    r#"{"chat_transcript":"</script><!-- ' \" -- ; drop table event; $1 {{x}} %s"}"#,
    r#"{"":null,"chat_transcript":"","type":"x","data":{},"id":[],"account":true}"#,
    r#"{"chat_transcript":"[2026-03-04T10:15:30Z] Maya: one\n  two\r\n[2026-03-04T10:15:31Z] Bot: three"}"#,
    r#"{"chat_transcript":"x","deep":[[[[[[[[[{"a":[[[{}]]]}]]]]]]]]]}"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn data_is_kept_and_sent_byte_for_byte() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/documented"), json!({})).await;
        app.webhook(&receiver.url("/exact"), json!({"body": "exact"})).await;
        let mut posted = Vec::new();
        for data in ODD {
            // Around the data anything may stand.
            let event = format!("{{\n\"data\": {data}\t,\r\n \"t\\u0079pe\" : \"Chat \\u0054ranscript\"}}");
            let answer = app.send("POST", "/events", event).await.expect(202);
            posted.push((id(&answer).to_owned(), data));
        }
        let events: Vec<_> =
            ODD.iter().map(|data| format!(r#"{{"type":"Chat Transcript","data":{data}}}"#)).collect();
        let batch = format!(r#"{{"events":[{}]}}"#, events.join(" , "));
        let answer = app.send("POST", "/events/batch", batch).await.expect(202);
        for (item, data) in answer["items"].as_array().unwrap().iter().zip(ODD) {
            posted.push((id(item).to_owned(), data));
        }
        app.settle().await;

        let received = receiver.received();
        assert_eq!(received.len(), posted.len() * 2);
        for (event, data) in posted {
            let shown = app.send("GET", &format!("/events/{event}"), "").await;
            assert!(shown.body.contains(&format!(r#""data":{data},"#)), "{}: {}", app.engine, shown.body);
            for (form, head) in [
                ("/documented", r#"{"type":"Chat Transcript","event_type":"Chat Transcript","data":"#),
                ("/exact", r#"{"type":"Chat Transcript","data":"#),
            ] {
                let mut of_event =
                    received.iter().filter(|it| it.path == form && it.header("webhook-id") == event);
                let request = of_event.next().expect("a request");
                assert_eq!(
                    String::from_utf8_lossy(&request.body),
                    format!("{head}{data}}}"),
                    "{}",
                    app.engine
                );
                assert_eq!(request.header("content-length"), request.body.len().to_string());
                assert_eq!(request.header("webhook-event-type"), "Chat Transcript");
            }
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_extended_form_adds_what_is_known_and_not_already_said() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        app.webhook(&receiver.url("/in"), json!({"body": "extended"})).await;
        let post = async |data: &str, more: &str| {
            let event = format!(r#"{{"type":"Contact Information","data":{data}{more}}}"#);
            let event = app.send("POST", "/events", event).await.expect(202);
            app.settle().await;
            let body = receiver.received().pop().expect("a request").body;
            (id(&event).to_owned(), String::from_utf8(body).expect("text"))
        };
        let body = |id: &str, at: &str, data: &str| {
            let types = r#""type":"Contact Information","event_type":"Contact Information""#;
            format!(r#"{{"id":"{id}",{types},"timestamp":"{at}","data":{data}}}"#)
        };
        let more = r#","conversation_id":"c \"1\" é","occurred_at":"2026-03-04T11:00:00.5+01:00""#;
        let (id, sent) = post(r#"{ "phone":null, "name" : "A  B","n":1.0,"email":"\u00e9" }"#, more).await;
        let data = r#"{"phone":null,"name":"A  B","n":1.0,"email":"\u00e9","conversation_id":"c \"1\" é"}"#;
        assert_eq!(sent, body(&id, "2026-03-04T10:00:00.5Z", data));

        let own = r#"{"name":"A","email":null,"phone":null,"conversation_id":"mine"}"#;
        let (id, sent) = post(own, r#","conversation_id":"c-1""#).await;
        assert_eq!(sent, body(&id, "2026-03-04T10:15:30Z", own));
        let plain = r#"{"name":"A","email":null,"phone":null}"#;
        let (id, sent) = post(plain, "").await;
        assert_eq!(sent, body(&id, "2026-03-04T10:15:30Z", plain));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_shows_when_it_happened_and_when_it_came() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let data = json!({"chat_transcript": "Hello"});
        let now = app.db.ambient().clock.now().to_string();
        for (given, shown) in [
            (json!(null), now.as_str()),
            (json!("2020-02-29T23:59:59Z"), "2020-02-29T23:59:59Z"),
            (json!("2026-03-04T10:15:30.123456-05:00"), "2026-03-04T15:15:30.123456Z"),
            (json!("2031-01-01T00:00:00+00:00"), "2031-01-01T00:00:00Z"),
        ] {
            let event = json!({"type": "Chat Transcript", "data": data, "occurred_at": given, "conversation_id": "c"});
            let accepted = app.post("/events", event, 202).await;
            let event = app.get(&format!("/events/{}", id(&accepted))).await;
            assert_eq!((&event["occurred_at"], &event["created_at"]), (&json!(shown), &json!(now)));
            assert_eq!((&event["conversation_id"], &event["data"]), (&json!("c"), &data));
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_asked_for_is_kept_and_says_so() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let mut unmatched = vec![app.contact().await];
        app.webhook(&receiver.url("/in"), json!({"event_types": ["Chat Transcript", "Marker Completed"]}))
            .await;
        unmatched.push(app.contact().await);
        // What is posted comes from no chatbot.
        let bots = json!({"chatbot_ids": ["bot_0198c4de5f00700080a1b2c3d4e5f607"]});
        app.webhook(&receiver.url("/in"), bots).await;
        unmatched.push(app.contact().await);
        let url = receiver.url("/in");
        let other = json!({"name": "x", "url": url, "event_types": ["Contact Information"]});
        app.send_as(&app.globex.1, "POST", "/webhooks", other.to_string()).await.expect(201);
        unmatched.push(app.contact().await);
        app.settle().await;
        for event in unmatched {
            let shown = app.get(&format!("/events/{event}")).await;
            assert_eq!((&shown["planned"], &shown["unmatched"]), (&json!(0), &json!(true)));
            assert_eq!(shown["deliveries"], json!([]));
            assert!(shown["reason"].as_str().unwrap().contains("Contact Information"), "{shown}");
        }
        assert_eq!(receiver.connections(), 0);

        let event = json!({"type": "Chat Transcript", "data": {"chat_transcript": "x"}});
        let matched = app.post("/events", event, 202).await;
        assert_eq!(matched["deliveries"], 1);
        let shown = app.get(&format!("/events/{}", id(&matched))).await;
        assert_eq!((&shown["planned"], &shown["unmatched"]), (&json!(1), &json!(false)));
        assert_eq!(shown["reason"], Value::Null);
        app.finish().await;
    }
}
