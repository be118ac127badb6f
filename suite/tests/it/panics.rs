//! A fault of ours in the middle of an attempt: it is told as what it is, nothing stays stuck, nothing leaks.

use std::{
    net::{IpAddr, Ipv4Addr},
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use courier::{
    CourierSettings, EgressSettings,
    resolver::{Lookup, Resolve},
};
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores, test_app::local_egress};

/// How many deliveries panic together, and how often.
const EVENTS: usize = 2_000;
const ROUNDS: usize = 5;
/// Longer than the wait after each of the first five failures.
const WAIT: Duration = Duration::from_secs(40 * 60);

/// Panics in every look-up of so many, one after the other.
#[derive(Default)]
struct Brittle {
    /// Of so many look-ups one gets through; 0 stands for none, 1 for all.
    every: AtomicUsize,
    lookups: AtomicUsize,
    panics: AtomicUsize,
}

impl Resolve for Brittle {
    fn addresses<'a>(&'a self, _: &'a str) -> Lookup<'a> {
        let (every, number) = (self.every.load(SeqCst), self.lookups.fetch_add(1, SeqCst));
        Box::pin(async move {
            if every == 0 || !number.is_multiple_of(every) {
                self.panics.fetch_add(1, SeqCst);
                // What a panic is to whoever called, without ten thousand messages.
                resume_unwind(Box::new("a look-up panics"));
            }
            Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
        })
    }
}

#[tokio::test]
async fn ten_thousand_panics_in_attempts_leave_no_trace_but_their_attempts() {
    for store in stores().await {
        let names = Arc::<Brittle>::default();
        let egress = EgressSettings { resolver: Some(names.clone()), ..local_egress() };
        let app = TestApp::start_with(store, egress, CourierSettings::default()).await;
        let receiver = Receiver::start().await;
        // Each attempt needs a connection of its own, and so a look-up.
        let close = vec![("connection".to_owned(), "close".to_owned())];
        receiver.behave(Behaviour::Status(200, close, Vec::new()));
        names.every.store(1, SeqCst);
        let (brittle, sound) = (receiver.url_at("localhost", "/brittle"), receiver.url("/sound"));
        let brittle = app.webhook(&brittle, json!({})).await["id"].as_str().expect("an id").to_owned();
        app.webhook(&sound, json!({})).await;

        names.every.store(0, SeqCst);
        post(&app).await;
        for round in 1..=ROUNDS {
            app.settle().await;
            assert_eq!(names.panics.load(SeqCst), round * EVENTS, "{}", app.engine);
            rest(&app, &brittle).await;
            assert_eq!(app.get("/ledger").await["delivered"], EVENTS, "the other lane goes on");
            app.clock.advance(WAIT);
        }
        // One of three gets through, in between the others.
        names.every.store(3, SeqCst);
        app.settle().await;
        let delivered = app.get("/ledger").await["delivered"].as_u64().expect("a number") as usize;
        assert!((EVENTS + 1..2 * EVENTS).contains(&delivered), "{}: {delivered}", app.engine);
        rest(&app, &brittle).await;
        names.every.store(1, SeqCst);
        app.after(Duration::from_secs(3 * 60 * 60)).await;
        let ledger = app.get("/ledger").await;
        assert_eq!(ledger["delivered"], 2 * EVENTS, "{}: {ledger}", app.engine);
        rest(&app, &brittle).await;

        let panics = names.panics.load(SeqCst);
        assert!(panics >= 10_000, "{panics}");
        assert_eq!(stored(&app, &brittle).await, panics + EVENTS, "{}", app.engine);
        app.finish().await;
    }
}

async fn post(app: &TestApp) {
    let data = json!({"name": null, "email": null, "phone": null});
    let event = json!({"type": "Contact Information", "data": data});
    for _ in 0..EVENTS / 1_000 {
        app.post("/events/batch", json!({"events": vec![&event; 1_000]}), 202).await;
    }
}

/// Nothing is in flight, and the webhook is not held for what its receiver has no part in.
async fn rest(app: &TestApp, webhook: &str) {
    let status = app.courier.watch()();
    assert_eq!(status.in_flight, 0, "{}", app.engine);
    let webhook = app.get(&format!("/webhooks/{webhook}")).await;
    assert_eq!(webhook["state"], "active", "{}", app.engine);
}

/// How many attempts are stored; some of them are looked at.
async fn stored(app: &TestApp, webhook: &str) -> usize {
    let (mut attempts, mut after, mut page) = (0, String::new(), 0);
    loop {
        let list = app.get(&format!("/deliveries?webhook_id={webhook}&limit=500{after}")).await;
        let items = list["items"].as_array().expect("a list has items");
        let count = |delivery: &Value| delivery["attempts"].as_u64().expect("a number") as usize;
        attempts += items.iter().map(count).sum::<usize>();
        for delivery in items.iter().step_by(100) {
            let id = delivery["id"].as_str().expect("an id");
            let detail = app.get(&format!("/deliveries/{id}")).await;
            let tries = detail["attempts"].as_array().expect("a list");
            let (last, failed) = tries.split_last().expect("it was delivered");
            assert_eq!((tries.len(), &last["status"]), (count(delivery), &json!(200)), "{detail}");
            assert!(failed.len() >= ROUNDS, "{detail}");
            assert!(failed.iter().all(|attempt| attempt["error"] == "internal_error"), "{detail}");
        }
        page += 1;
        assert!(page <= EVENTS, "a list ends");
        match list["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return attempts,
        }
    }
}
