//! Webhooks that ask for the events of some chatbots only.

use app::{AppError, events};
use domain::{Chatbot, Event, Id};
use serde_json::{Value, json};
use suite::{Receiver, TestApp, stores};

use super::{id, path};

/// A contact that this chatbot captured, or nobody's; the event's id.
async fn captured(app: &TestApp, chatbot: Option<Id<Chatbot>>) -> String {
    let account = app.acme.0;
    let contact = domain::samples::contact().check().expect("the sample is good");
    let recorded = app.db.write(move |tx| {
        let event = contact.to_event(tx.new_id(), account, tx.now());
        let context = domain::Context { chatbot_id: chatbot, ..event.context.clone() };
        events::record(tx, Event { context, ..event })
    });
    let recorded: Result<_, AppError> = recorded.await;
    recorded.expect("it is accepted").id.to_string()
}

/// The events that came to that path, in any order.
fn arrived(receiver: &Receiver, path: &str) -> Vec<String> {
    let received = receiver.received();
    let mut ids: Vec<String> = received
        .iter()
        .filter(|request| request.path == path)
        .map(|request| request.header("webhook-id").to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_the_events_of_the_chatbots_it_chose_and_one_that_chose_none_gets_all() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let bot = |number| Id::<Chatbot>::from_parts(1, &[number; 10]);
        let chosen = json!({"chatbot_ids": [bot(1).to_string(), bot(2).to_string()]});
        let some = app.webhook(&receiver.url("/some"), chosen).await;
        app.webhook(&receiver.url("/all"), json!({})).await;

        let (first, second) = (captured(&app, Some(bot(1))).await, captured(&app, Some(bot(2))).await);
        let (third, nobodys) = (captured(&app, Some(bot(3))).await, captured(&app, None).await);
        app.settle().await;
        let mut all = vec![first.clone(), second.clone(), third.clone(), nobodys.clone()];
        all.sort_unstable();
        let mut own = vec![first, second];
        own.sort_unstable();
        assert_eq!((arrived(&receiver, "/some"), arrived(&receiver, "/all")), (own.clone(), all.clone()));
        for event in [&third, &nobodys] {
            let shown = app.get(&format!("/events/{event}")).await;
            assert_eq!(shown["planned"], 1, "{shown}");
            let webhooks = shown["webhooks"].as_array().expect("a list");
            let of_some = webhooks.iter().find(|it| it["webhook_id"] == *id(&some)).expect("it is told of");
            assert_eq!((&of_some["code"], &of_some["delivery_id"]), (&json!("other_chatbots"), &Value::Null));
        }

        // Another choice holds for what comes from then on.
        let other = json!({"chatbot_ids": [bot(3).to_string()]});
        app.send("PATCH", &path(&some, ""), other.to_string()).await.expect(200);
        captured(&app, Some(bot(1))).await;
        own.push(captured(&app, Some(bot(3))).await);
        app.send("PATCH", &path(&some, ""), r#"{"chatbot_ids":[]}"#).await.expect(200);
        own.push(captured(&app, None).await);
        own.sort_unstable();
        app.settle().await;
        assert_eq!(arrived(&receiver, "/some"), own, "{}", app.engine);
        assert_eq!(arrived(&receiver, "/all").len(), 7);
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_only_other_chatbots_were_chosen_for_is_unmatched() {
    for store in stores().await {
        let app = TestApp::start(store).await;
        let receiver = Receiver::start().await;
        let chosen = json!({"chatbot_ids": [Id::<Chatbot>::from_parts(1, &[1; 10]).to_string()]});
        app.webhook(&receiver.url("/some"), chosen).await;
        // Posted events come from no chatbot.
        let event = app.contact().await;
        app.settle().await;
        let shown = app.get(&format!("/events/{event}")).await;
        assert_eq!((&shown["unmatched"], receiver.connections()), (&json!(true), 0));
        assert_eq!(app.get("/ledger").await["unmatched"], 1);
        app.finish().await;
    }
}
