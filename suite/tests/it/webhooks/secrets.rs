//! Rotating secrets: for a day both sign, then only the new one.

use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use suite::{Behaviour, Receiver, TestApp, stores};

use super::{path, settings::signed_with};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sends an event; which of the secrets its request is signed with, and with how many in all.
async fn signers(app: &TestApp, receiver: &Receiver, secrets: &[&Value]) -> (Vec<bool>, usize) {
    app.contact().await;
    app.settle().await;
    let request = receiver.received().pop().expect("a request");
    let tokens = request.header("webhook-signature").split(' ').count();
    (secrets.iter().map(|secret| signed_with(app, secret, &request)).collect(), tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_both_secrets_sign_for_a_day_and_then_only_the_new_one() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let rotated = app.post(&path(&webhook, "/rotate-secret"), Value::Null, 200).await;
        let (old, new) = (&webhook["secret"], &rotated["secret"]);
        assert_ne!(old, new);
        let ends: Timestamp = rotated["old_expires_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(ends, app.db.ambient().clock.now() + DAY);

        assert_eq!(signers(&app, &receiver, &[old, new]).await, (vec![true, true], 2));
        let request = receiver.received().pop().unwrap();
        let (first, _) = request.header("webhook-signature").split_once(' ').unwrap();
        let mut newest = request.clone();
        newest.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("webhook-signature"));
        newest.headers.push(("webhook-signature".into(), first.into()));
        assert!(signed_with(&app, new, &newest), "the newest comes first");

        app.clock.advance(DAY - Duration::from_secs(1));
        assert_eq!(signers(&app, &receiver, &[old, new]).await, (vec![true, true], 2));
        app.clock.advance_to(ends);
        assert_eq!(signers(&app, &receiver, &[old, new]).await, (vec![false, true], 1));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_two_secrets_sign_and_the_one_just_replaced_keeps_its_day() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        let rotate = async || app.post(&path(&webhook, "/rotate-secret"), Value::Null, 200).await;
        let second = rotate().await;
        app.clock.advance(DAY / 2);
        let third = rotate().await;
        let ends: Timestamp = third["old_expires_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(ends, app.db.ambient().clock.now() + DAY);
        let secrets = [&webhook["secret"], &second["secret"], &third["secret"]];
        assert_eq!(signers(&app, &receiver, &secrets).await, (vec![false, true, true], 2));
        app.clock.advance(DAY - Duration::from_secs(1));
        assert_eq!(signers(&app, &receiver, &secrets).await, (vec![false, true, true], 2));
        app.clock.advance_to(ends);
        assert_eq!(signers(&app, &receiver, &secrets).await, (vec![false, false, true], 1));

        // At one instant, too: a rotation that is repeated at once leaves the one before it.
        let [fourth, fifth] = [rotate().await, rotate().await];
        let secrets = [&third["secret"], &fourth["secret"], &fifth["secret"]];
        assert_eq!(signers(&app, &receiver, &secrets).await, (vec![false, true, true], 2));
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_signed_with_the_secrets_of_its_own_moment() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        receiver.behave(Behaviour::FailFirst(1));
        let webhook = app.webhook(&receiver.url("/in"), json!({})).await;
        app.contact().await;
        app.settle().await;
        let [first] = receiver.received().try_into().expect("one request");
        assert!(signed_with(&app, &webhook["secret"], &first));
        let rotated = app.post(&path(&webhook, "/rotate-secret"), Value::Null, 200).await;
        app.after(Duration::from_secs(6)).await;
        let retry = receiver.received().pop().expect("a retry");
        assert_ne!(retry.header("webhook-timestamp"), first.header("webhook-timestamp"));
        for secret in [&webhook["secret"], &rotated["secret"]] {
            assert!(signed_with(&app, secret, &retry));
        }
        app.finish().await;
    }
}
