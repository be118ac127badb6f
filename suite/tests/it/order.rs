//! The order of a conversation: strict where a webhook asks for it, and that of the first attempts everywhere.

use std::{collections::HashMap, time::Duration};

use domain::Random;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, SeededRandom, TestApp, TestStore, store, stores};

/// How many events each conversation has.
const EVENTS: usize = 4;

/// Random numbers that are the same in every run.
struct Dice(SeededRandom);

impl Dice {
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) as usize % end
    }

    /// How a receiver in trouble answers: mostly well.
    fn answers(&self, number: usize) -> Vec<Behaviour> {
        let answer = |_| match self.below(10) {
            0 => Behaviour::status(500),
            1 => Behaviour::status(503),
            2 => Behaviour::Reset,
            _ => Behaviour::status(200),
        };
        (0..number).map(answer).collect()
    }
}

/// Posts the events of so many conversations, those of different ones mixed.
async fn post_mixed(app: &TestApp, dice: &Dice, conversations: std::ops::Range<usize>) {
    let mut next: Vec<(usize, usize)> = conversations.map(|conversation| (conversation, 0)).collect();
    let mut events = Vec::new();
    while !next.is_empty() {
        let chosen = dice.below(next.len());
        let (conversation, number) = next[chosen];
        events.push(json!({
            "type": "Chat Transcript",
            "data": {"chat_transcript": "", "conversation": conversation, "number": number},
            "conversation_id": format!("c{conversation}"),
        }));
        next[chosen].1 += 1;
        if number + 1 == EVENTS {
            next.swap_remove(chosen);
        }
    }
    for batch in events.chunks(500) {
        app.post("/events/batch", json!({"events": batch}), 202).await;
    }
}

/// Follows what arrived, one after the other: no event may come before all those before it were taken. How many arrivals
/// there were, and how many of them were repeats of something that was taken.
fn check(receiver: &Receiver, answers: &[Behaviour], conversations: usize) -> (usize, usize) {
    let mut taken: HashMap<u64, u64> = HashMap::new();
    let (received, mut repeats) = (receiver.received(), 0);
    for (request, answer) in received.iter().zip(answers) {
        let body: Value = serde_json::from_slice(&request.body).expect("a body is JSON");
        let place = |name: &str| body["data"][name].as_u64().expect("a number");
        let (conversation, number) = (place("conversation"), place("number"));
        let done = taken.entry(conversation).or_default();
        assert!(number <= *done, "{number} of conversation {conversation} came when {done} had been taken");
        repeats += usize::from(number < *done);
        if number == *done && matches!(answer, Behaviour::Status(200, ..)) {
            *done += 1;
        }
    }
    assert_eq!(taken.len(), conversations);
    assert!(taken.values().all(|done| *done == EVENTS as u64), "something never arrived");
    (received.len(), repeats)
}

/// So many histories, each a conversation: posted while others are under way, answered badly three times of ten, and the
/// node dies again and again.
async fn random_histories(store: TestStore, conversations: usize) {
    let mut app = TestApp::start(store).await;
    let (receiver, dice) = (Receiver::start().await, Dice(SeededRandom::new(11)));
    let answers = dice.answers(conversations * EVENTS * 4);
    receiver.behave(Behaviour::InTurn(answers.clone()));
    app.webhook(&receiver.url("/in"), json!({"ordering": "conversation"})).await;
    let (step, mut deaths) = (conversations.div_ceil(20), 0);
    for first in (0..conversations).step_by(step) {
        post_mixed(&app, &dice, first..(first + step).min(conversations)).await;
        let seen = receiver.received().len();
        receiver.wait_for(seen + dice.below(step * 2)).await;
        app.replace_courier().await;
        deaths += 1;
        app.clock.advance(Duration::from_secs(dice.below(40) as u64));
    }
    while app.get("/ledger").await["pending"] != 0 {
        app.after(Duration::from_secs(10 * 60)).await;
    }
    let (arrivals, repeats) = check(&receiver, &answers, conversations);
    println!(
        "{}: {conversations} histories, {deaths} deaths, {arrivals} arrivals, {repeats} repeats",
        app.engine
    );
    assert!(arrivals > conversations * EVENTS * 13 / 10, "there was too little trouble: {arrivals} arrivals");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_order_holds_in_ten_thousand_random_histories() {
    random_histories(TestStore::sqlite(), 10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_order_holds_in_a_thousand_random_histories() {
    let Some(server) = store::postgres_server() else {
        return store::skipped("postgres", "LEADPOST_TEST_POSTGRES names no server; order on SQLite only");
    };
    random_histories(TestStore::postgres(server).await, 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_it_the_first_attempts_of_a_conversation_start_in_order() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let (receiver, dice) = (Receiver::start().await, Dice(SeededRandom::new(12)));
        // One at a time, so that the order of starts is the order in which they arrive.
        app.webhook(&receiver.url("/in"), json!({"max_in_flight": 1})).await;
        receiver.behave(Behaviour::InTurn(dice.answers(4_000)));
        post_mixed(&app, &dice, 0..100).await;
        app.settle().await;
        let mut begun: HashMap<u64, u64> = HashMap::new();
        for request in receiver.received() {
            let body: Value = serde_json::from_slice(&request.body).expect("a body is JSON");
            let next = begun.entry(body["data"]["conversation"].as_u64().expect("a number")).or_default();
            let number = body["data"]["number"].as_u64().expect("a number");
            // A kept connection that is reset is replaced within the same attempt.
            assert!(number == *next || number + 1 == *next, "{}: {number} came before {next}", app.engine);
            *next = number + 1;
        }
        assert_eq!(begun.values().sum::<u64>(), 100 * EVENTS as u64);
        app.finish().await;
    }
}
