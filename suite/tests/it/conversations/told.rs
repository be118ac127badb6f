//! What receivers get of a conversation: the contact before the transcript, to the byte in the documented form, and
//! with everything that is known in the extended one.

use app::conversations;
use domain::{Conversation, Event, EventType, MarkerRun};
use serde_json::json;
use suite::{Receiver, receiver::Received, stores};

use super::Scene;

/// A run of a template from its first to its last word, with what is told of it.
struct Told {
    template: &'static str,
    script: &'static str,
    contact: &'static str,
    /// What the extended form adds to the contact: custom and consent, after `page_url`.
    more: &'static str,
    /// The markers of the transcript.
    markers: &'static [&'static str],
}

const RUNS: [Told; 3] = [
    Told {
        template: "travel-desk",
        script: "# book\n> Lisbon\n> 2026-11-05\n> 2\n# lt500\n> Ana \"A\"\n> ana@example.com\nskip\n# yes\n# no",
        contact: r#"{"name":"Ana \"A\"","email":"ana@example.com","phone":null}"#,
        more: r#""custom":{"budget":"lt500","depart":"2026-11-05","destination":"Lisbon","pax":2},"consent":{"at":"NOW","given":true,"text":"May we keep these details to prepare your offer?"}"#,
        markers: &["Book Trip", "Contact Details"],
    },
    Told {
        template: "car-quote",
        script: "# yes\n# new\n> 2026\n> Fiat 500\n# tp\n# 0\n> Ana\n> 020 7946 0018\n# yes\nskip",
        contact: r#"{"name":"Ana","email":null,"phone":"+442079460018"}"#,
        more: r#""custom":{"car":"Fiat 500","claims":"0","cover":"tp","year":2026},"consent":{"at":"NOW","given":true,"text":"We use your answers only for this quote. Continue?"}"#,
        markers: &["Quote"],
    },
    Told {
        template: "saas-demo",
        script: "# demo\n> ana@loomwork.example\n> Ana\n> Acme\n# 1-10\nskip\nskip\n# yes\n# no",
        contact: r#"{"name":"Ana","email":"ana@loomwork.example","phone":null}"#,
        more: r#""custom":{"company":"Acme","score":1,"size":"1-10"},"consent":{"at":"NOW","given":true,"text":"May we contact you about this demo?"}"#,
        markers: &["Demo Request"],
    },
];

const PAGE: &str = "https://www.example.com/offers";

impl Told {
    /// The data of the contact's event in the extended form.
    fn contact_data(&self, it: &Conversation, now: &str) -> String {
        let (known, contact) = (self.contact.trim_end_matches('}'), it.contact.expect("it was captured"));
        let more = self.more.replace("NOW", &it.consent.as_ref().expect("it was given").at);
        format!(
            r#"{known},"conversation_id":"{}","contact_id":"{contact}","chatbot":"Desk","captured_at":"{now}","page_url":"{PAGE}",{more}}}"#,
            it.id
        )
    }

    /// The same of the transcript's.
    fn transcript_data(&self, transcript: &str, tab: &super::Tab, runs: &[MarkerRun]) -> String {
        let it = tab.conversation.as_ref().expect("it is over");
        let (_, consent) = self.more.split_once(r#""consent""#).expect("all three ask");
        let consent = consent.replace("NOW", &it.consent.as_ref().expect("it was given").at);
        let message = |it: &domain::Message| json!({"author": it.author.as_str(), "name": it.name, "text": it.text, "at": it.at.to_string()});
        let messages: serde_json::Value = tab.seen.iter().map(message).collect();
        assert_eq!(runs.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), self.markers);
        let marker = |it: &MarkerRun| {
            let ended = it.ended_at.expect("all of these are").to_string();
            json!({"name": it.name, "started_at": it.started_at.to_string(), "completed_at": ended})
        };
        let markers: serde_json::Value = runs.iter().map(marker).collect();
        let closed = it.closed.expect("it is over").0;
        format!(
            r#"{{"chat_transcript":{},"conversation_id":"{}","contact_id":"{}","chatbot":"Desk","closed_at":"{closed}","close_reason":"bot_finished","page_url":"{PAGE}","consent"{consent},"messages":{messages},"markers":{markers}}}"#,
            json!(transcript),
            it.id,
            it.contact.expect("it was captured"),
        )
    }
}

fn bodies(receiver: &Receiver, path: &str) -> Vec<String> {
    let came = receiver.received();
    let body = |it: &Received| String::from_utf8(it.body.clone()).expect("bodies are UTF-8");
    came.iter().filter(|it| it.path == path).map(body).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_gets_the_contact_and_then_the_transcript_in_each_form() {
    for run in RUNS {
        for store in stores().await {
            let scene = Scene::start(store, run.template).await;
            let receiver = Receiver::start().await;
            for form in ["documented", "exact", "extended"] {
                let settings = json!({"body": form, "ordering": "conversation"});
                scene.app.webhook(&receiver.url(&format!("/{form}")), settings).await;
            }
            let mut tab = scene.tab(1);
            tab.play(run.script).await;
            scene.app.settle().await;
            let transcript = scene.transcript(tab.id()).await;
            let plain = format!(r#"{{"chat_transcript":{}}}"#, json!(transcript));
            let told = scene.events(tab.id()).await;
            let [contact, closed] = &told[..] else { panic!("two events, not {}", told.len()) };
            let (first, last) = (EventType::ContactInformation.as_str(), EventType::ChatTranscript.as_str());
            let documented =
                |name, data: &str| format!(r#"{{"type":"{name}","event_type":"{name}","data":{data}}}"#);
            assert_eq!(
                bodies(&receiver, "/documented"),
                [documented(first, run.contact), documented(last, &plain)],
                "on {}",
                scene.app.engine
            );
            let exact = |name, data: &str| format!(r#"{{"type":"{name}","data":{data}}}"#);
            assert_eq!(bodies(&receiver, "/exact"), [exact(first, run.contact), exact(last, &plain)]);
            let extended = |event: &Event, data: &str| {
                let (id, name, at) = (event.id, event.event_type.as_str(), event.occurred_at);
                format!(
                    r#"{{"id":"{id}","type":"{name}","event_type":"{name}","timestamp":"{at}","data":{data}}}"#
                )
            };
            let it = tab.conversation.as_ref().expect("it is over");
            let (console, id) = (scene.console(), it.id);
            let runs = scene.act(move |tx| conversations::get(tx, &console, id, 0)).await.markers;
            let expected = [
                extended(contact, &run.contact_data(it, &contact.occurred_at.to_string())),
                extended(closed, &run.transcript_data(&transcript, &tab, &runs)),
            ];
            assert_eq!(bodies(&receiver, "/extended"), expected, "on {}", scene.app.engine);
            scene.app.finish().await;
        }
    }
}
