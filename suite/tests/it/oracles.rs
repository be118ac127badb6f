//! Other people's verifiers judge what Leadpost sends: live deliveries, forged copies of them, and a rotation.
//!
//! Their clocks are the real one, so the product's is set to it first.

mod judges;
mod names;

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::Timestamp;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, TestStore, receiver::Received, stores};

use self::{judges::Case, names::Names};

#[expect(clippy::disallowed_methods, reason = "the verifiers compare with the real clock")]
fn real_now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    Timestamp::default() + since_epoch
}

async fn start(store: TestStore) -> TestApp {
    let app = TestApp::start(store).await;
    app.clock.advance_to(real_now());
    app
}

/// Posts events with these data; their ids.
async fn post(app: &TestApp, data: &[String]) -> Vec<String> {
    let events: Vec<_> =
        data.iter().map(|data| format!(r#"{{"type":"Contact Information","data":{data}}}"#)).collect();
    let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
    let accepted = app.send("POST", "/events/batch", body).await.expect(202);
    let items = accepted["items"].as_array().expect("a list");
    items.iter().map(|it| it["id"].as_str().expect("an id").to_owned()).collect()
}

fn secret(webhook: &Value) -> &str {
    webhook["secret"].as_str().expect("a secret")
}

async fn patch(app: &TestApp, webhook: &Value, change: Value) {
    let path = format!("/webhooks/{}", webhook["id"].as_str().expect("an id"));
    app.send("PATCH", &path, change.to_string()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_live_deliveries_in_many_scripts_pass_every_verifier() {
    for store in stores().await {
        let app = start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let mut names = Names::new(11);
        let mut said = Vec::new();
        for (form, count) in [("documented", 334), ("exact", 333), ("extended", 333)] {
            patch(&app, &webhook, json!({"body": form})).await;
            let data: Vec<String> = (0..count).map(|_| names.contact()).collect();
            let ids = post(&app, &data).await;
            said.extend(ids.into_iter().zip(data).map(|(id, data)| (id, form, data)));
            app.settle().await;
        }
        let received = receiver.received();
        assert_eq!((received.len(), said.len()), (1_000, 1_000));
        let by_id: HashMap<_, _> = received.iter().map(|it| (it.header("webhook-id"), it)).collect();
        for (id, form, data) in &said {
            let body = str::from_utf8(&by_id[id.as_str()].body).unwrap();
            assert!(*form == "extended" || body.ends_with(&format!(r#","data":{data}}}"#)), "{body}");
        }
        let cases = received.iter().map(|request| Case::right("live", secret(&webhook), request));
        judges::agree(app.engine, cases.collect()).await;
        app.finish().await;
    }
}

/// The request with one thing changed.
fn forged(request: &Received, change: impl FnOnce(&mut Received)) -> Received {
    let mut forged = request.clone();
    change(&mut forged);
    forged
}

/// Puts another value into a header.
fn set(request: &mut Received, name: &str, value: impl FnOnce(&str) -> String) {
    let (_, old) = request.headers.iter_mut().find(|(key, _)| key == name).expect("that header");
    *old = value(old);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_stale_and_early_deliveries_pass_no_verifier() {
    let app = TestApp::start(TestStore::sqlite()).await;
    let receiver = Receiver::start().await;
    // A key as long as one may be, brought along.
    let long = format!("whsec_{}AQIDBA==", "AAECAwQFBgcICQoL".repeat(5));
    let webhook = app.webhook(&receiver.url("/in"), json!({"secret": long})).await;
    let other = app.webhook(&receiver.url("/other"), json!({})).await;
    let mut names = Names::new(12);
    let mut live = Vec::new();
    // Sent more than 300 s ago, now, and more than 300 s in the future.
    for seconds in [-302, 0, 600] {
        app.clock.advance_to(Timestamp::from_micros(real_now().micros() + seconds * 1_000_000));
        let before = receiver.received().len();
        post(&app, &[names.contact(), names.contact(), names.contact()]).await;
        app.settle().await;
        let mut new = receiver.received().split_off(before);
        new.retain(|request| request.path == "/in");
        live.push(new);
    }
    let [stale, good, early] = &live[..] else { panic!("three times") };
    let mut cases = Vec::new();
    let mut wrong = |what, request: &Received| cases.push(Case::wrong(what, secret(&webhook), request));
    stale.iter().for_each(|request| wrong("sent 302 s ago", request));
    early.iter().for_each(|request| wrong("sent 600 s in the future", request));
    for request in good {
        let later = |value: &str| (value.parse::<i64>().unwrap() + 1).to_string();
        let (at, token) = ("webhook-timestamp", "webhook-signature");
        wrong("one second later", &forged(request, |it| set(it, at, later)));
        wrong("another id", &forged(request, |it| set(it, "webhook-id", |id| format!("{id}0"))));
        wrong("a space more", &forged(request, |it| it.body.push(b' ')));
        wrong("a byte less", &forged(request, |it| it.body.truncate(it.body.len() - 1)));
        wrong("an empty token", &forged(request, |it| set(it, token, |_| "v1,".to_owned())));
        wrong("a token cut short", &forged(request, |it| set(it, token, |all| all[..19].to_owned())));
        for label in ["v2,", "v1a,"] {
            wrong(label, &forged(request, |it| set(it, token, |all| all.replace("v1,", label))));
        }
    }
    cases.extend(good.iter().map(|request| Case::right("as it came", secret(&webhook), request)));
    cases.extend(
        good.iter().map(|request| Case::wrong("the key of another webhook", secret(&other), request)),
    );
    judges::agree("forged", cases).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_rotation_the_old_key_and_the_new_one_each_suffice() {
    for store in stores().await {
        // A key that needs no padding in base64.
        let old = "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7";
        let app = start(store).await;
        let receiver = Receiver::start().await;
        // The first fails, so that one of those posted before the rotation is sent again during it.
        receiver.behave(Behaviour::FailFirst(1));
        let webhook = app.webhook(&receiver.url("/in"), json!({"secret": old, "max_in_flight": 4})).await;
        assert_eq!(secret(&webhook), old);
        let mut names = Names::new(13);
        let mut data = move || (0..200).map(|_| names.contact()).collect::<Vec<_>>();
        let before = post(&app, &data()).await;
        receiver.wait_for(10).await;
        let path = format!("/webhooks/{}/rotate-secret", webhook["id"].as_str().unwrap());
        let rotated = app.post(&path, json!({}), 200).await;
        let after = post(&app, &data()).await;
        app.settle().await;
        app.after(Duration::from_secs(6)).await;

        let received = receiver.received();
        assert_eq!(received.len(), before.len() + after.len() + 1);
        let mut cases = Vec::new();
        for request in &received {
            cases.push(Case::right("old key", old, request));
            let tokens: Vec<&str> = request.header("webhook-signature").split(' ').collect();
            let of_after = after.iter().any(|id| id == request.header("webhook-id"));
            assert!(tokens.len() == 2 || (tokens.len() == 1 && !of_after), "{tokens:?}");
            if let [first, second] = tokens[..] {
                cases.push(Case::right("new key", secret(&rotated), request));
                let only =
                    |token: &str| forged(request, |it| set(it, "webhook-signature", |_| token.to_owned()));
                cases.push(Case::right("the new key's token", secret(&rotated), &only(first)));
                cases.push(Case::wrong("the new key's token", old, &only(first)));
                cases.push(Case::right("the old key's token", old, &only(second)));
            } else {
                cases.push(Case::wrong("before the rotation", secret(&rotated), request));
            }
        }
        assert_eq!(received.last().unwrap().header("webhook-signature").split(' ').count(), 2, "the retry");
        judges::agree(app.engine, cases).await;
        app.finish().await;
    }
}
