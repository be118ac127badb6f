//! Notices: who is told that a webhook needs its owner, when, and in which words.

use std::time::Duration;

use domain::EventType;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, receiver::Received, stores};

use super::{holds, id, path, settings::signed_with};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Somebody who gets the notices of an account; and the webhook that they will be about, which asks for them too.
struct Scene {
    app: TestApp,
    receiver: Receiver,
    listener: Receiver,
    webhook: Value,
    told: Value,
}

impl Scene {
    async fn set(store: TestStore) -> Self {
        let app = TestApp::start(store).await;
        let (receiver, listener) = (Receiver::start().await, Receiver::start().await);
        let types = json!({"event_types": ["Contact Information", "Chat Transcript", "Webhook Notice"]});
        let webhook = app.webhook(&receiver.url("/in"), types).await;
        let types = json!({"name": "Pager", "event_types": ["Webhook Notice"]});
        let told = app.webhook(&listener.url("/told"), types).await;
        Self { app, receiver, listener, webhook, told }
    }

    /// The one notice that has come since the last look: state and reason.
    async fn heard(&self, seen: &mut usize) -> (String, String) {
        self.app.settle().await;
        let requests = self.listener.received().split_off(*seen);
        let [request]: [Received; 1] = requests.try_into().expect("one more notice");
        *seen += 1;
        assert!(signed_with(&self.app, &self.told["secret"], &request));
        assert_eq!(request.header("webhook-event-type"), "Webhook Notice");
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let since = &self.app.get(&path(&self.webhook, "")).await["state_since"];
        let data = &body["data"];
        assert_eq!((&data["webhook_id"], &data["name"]), (&json!(id(&self.webhook)), &json!("CRM")));
        assert_eq!((&data["since"], data.as_object().map(serde_json::Map::len)), (since, Some(5)));
        let word = |name: &str| data[name].as_str().expect("a text").to_owned();
        (word("state"), word("reason"))
    }

    async fn finish(self) {
        let about_itself =
            |request: &&Received| request.header("webhook-event-type") == EventType::WebhookNotice.as_str();
        assert_eq!(self.receiver.received().iter().filter(about_itself).count(), 0);
        let listed = self.app.get(&format!("/deliveries?webhook_id={}", id(&self.webhook))).await;
        let notices = listed["items"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|it| it["event_type"] == "Webhook Notice");
        assert_eq!(notices.count(), 0, "no delivery was even planned");
        self.app.finish().await;
    }
}

fn told(state: &str, reason: &str) -> (String, String) {
    (state.to_owned(), reason.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_told_of_as_it_begins_after_a_day_before_its_end_and_at_its_end() {
    for store in stores().await {
        let scene = Scene::set(store).await;
        let (app, mut seen) = (&scene.app, 0);
        holds::fail(app, &scene.receiver, &scene.webhook).await;
        assert_eq!(scene.heard(&mut seen).await, told("held", "10 failures in a row"));
        for (day, reason) in [(1, "held for 24 hours"), (4, "held for 4 days; it will be disabled after 5")] {
            let since = app.get(&path(&scene.webhook, "")).await["state_since"].clone();
            let since: domain::Timestamp = since.as_str().unwrap().parse().unwrap();
            app.clock.advance_to(since + (day * DAY - Duration::from_secs(1)));
            holds::watch(app).await;
            app.settle().await;
            assert_eq!(scene.listener.received().len(), seen, "{}: not yet", app.engine);
            app.clock.advance_to(since + day * DAY);
            holds::watch(app).await;
            holds::watch(app).await;
            assert_eq!(scene.heard(&mut seen).await, told("held", reason));
        }
        app.clock.advance(DAY);
        holds::watch(app).await;
        assert_eq!(scene.heard(&mut seen).await, told("disabled", "held for 5 days"));
        holds::watch(app).await;
        app.after(DAY).await;
        assert_eq!(scene.listener.received().len(), 4, "each once");
        scene.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_by_hand_or_by_410_is_told_of_and_pausing_and_resuming_are_not() {
    for store in stores().await {
        let scene = Scene::set(store).await;
        let (app, mut seen) = (&scene.app, 0);
        let switch = async |to: &str| {
            app.post(&path(&scene.webhook, to), Value::Null, 200).await;
            app.settle().await;
        };
        for to in ["/pause", "/resume", "/pause", "/resume"] {
            switch(to).await;
        }
        assert_eq!(scene.listener.received().len(), 0);
        switch("/disable").await;
        assert_eq!(scene.heard(&mut seen).await, told("disabled", "disabled by hand"));
        for to in ["/disable", "/resume"] {
            switch(to).await;
        }
        scene.receiver.behave(Behaviour::status(410));
        app.contact().await;
        assert_eq!(scene.heard(&mut seen).await, told("disabled", "the receiver answered 410 Gone"));
        assert_eq!(scene.listener.received().len(), 2);
        let counted = async {
            while app.courier.watch()().notices < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), counted).await.expect("both are counted");
        assert_eq!(app.courier.watch()().notices, 2);
        scene.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_what_the_catalogue_shows_and_the_event_says_why_it_went_where() {
    for store in stores().await {
        let scene = Scene::set(store).await;
        let app = &scene.app;
        holds::fail(app, &scene.receiver, &scene.webhook).await;
        app.settle().await;
        let since = app.get(&path(&scene.webhook, "")).await["state_since"].clone();
        let sample = EventType::WebhookNotice.sample_data();
        let shown: Value = serde_json::from_str(sample).unwrap();
        let as_sent = sample
            .replace(shown["webhook_id"].as_str().unwrap(), id(&scene.webhook))
            .replace(shown["since"].as_str().unwrap(), since.as_str().unwrap());
        let wanted = format!(r#"{{"type":"Webhook Notice","event_type":"Webhook Notice","data":{as_sent}}}"#);
        let [sent] = scene.listener.received().try_into().expect("one notice");
        assert_eq!(String::from_utf8_lossy(&sent.body), wanted, "{}", app.engine);

        let event = app.get(&format!("/events/{}", sent.header("webhook-id"))).await;
        let codes: Vec<_> =
            event["webhooks"].as_array().unwrap().iter().map(|it| (&it["name"], &it["code"])).collect();
        let [pager, crm] =
            [("Pager", "delivered"), ("CRM", "about_itself")].map(|(a, b)| (json!(a), json!(b)));
        assert_eq!(event["planned"], 1);
        assert!(
            codes.len() == 2 && codes.contains(&(&pager.0, &pager.1)) && codes.contains(&(&crm.0, &crm.1)),
            "{event}"
        );
        scene.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_nobody_else_asks_for_is_no_event() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let types = json!({"event_types": ["Chat Transcript", "Webhook Notice"]});
        let webhook = app.webhook(&receiver.url("/in"), types.clone()).await;
        // Another account's business is nobody else's.
        let body = json!({"name": "Spy", "url": receiver.url("/spy"), "event_types": ["Webhook Notice"]});
        app.send_as(&app.globex.1, "POST", "/webhooks", body.to_string()).await.expect(201);
        holds::fail(&app, &receiver, &webhook).await;
        app.post(&path(&webhook, "/disable"), Value::Null, 200).await;
        app.settle().await;
        assert_eq!(app.get("/events?type=Webhook+Notice").await["items"], json!([]));
        assert_eq!(app.get("/ledger").await["events"], 10);
        assert!(receiver.received().iter().all(|request| request.path == "/in"));
        app.finish().await;
    }
}
